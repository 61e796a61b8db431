"""A limit of the law explained for one case: whether it applies, what is missing, and when it falls due."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from engine.cases.views.sight import access_to, is_narrowed
from engine.cases.visibility import Positions, positions, visible_to
from engine.core.law.applicability import judge
from engine.core.library import LawInCase, Library
from engine.core.policy import Action, Viewer, require
from engine.core.records import StepStatus
from engine.core.time.counting import CalendarMissingError
from engine.core.time.explain import explain
from engine.db.reading import Reading, Row, few
from engine.db.shape import CASE, DEADLINE, OPENING, RUN, STEP
from engine.deadlines.records import DeadlineView, ReasonView
from engine.deadlines.views.deadlines import deadline_views, force_of, select_deadlines
from engine.deadlines.views.law_here import LawHere
from engine.deadlines.views.why import explain_deadline, scope_lines
from engine.definitions.records import LawExplanationView, LawOfCaseView, UnknownLawLimitError
from engine.errors import NotFoundError
from engine.language.law import LawLimit
from engine.language.limits import Counting

_OPENING = "start"


@dataclass(frozen=True)
class _Read:
    """What is read of a case, once for all limits that are asked for."""

    case: Row
    library: Library
    law: LawHere
    deadlines: Mapping[str, Sequence[Row]]
    ended: Mapping[str, datetime]
    positions: Positions


def explain_law(reading: Reading, viewer: Viewer, case_id: UUID, limit_id: str) -> LawExplanationView:
    """Return whether a limit counts in a case, why, and until when, and explain each deadline that follows it.

    Raises what `law_of_case` raises.
    """
    (found,) = law_of_case(reading, viewer, case_id, (limit_id,))
    explained = [reading.soon(explain_deadline, reading, viewer, one.id) for one in found.followed_by]
    return LawExplanationView(**dict(found), deadlines=tuple(one() for one in explained))


def law_of_case(
    reading: Reading, viewer: Viewer, case_id: UUID, limit_ids: Collection[str]
) -> tuple[LawOfCaseView, ...]:
    """Say of each limit whether it counts in a case, why, and until when; the case is read once.

    The reasons tell answers, so it is for those of its own unit who may read all of them. Raises `NotFoundError`,
    `NotAllowedError`, and `UnknownLawLimitError` for a limit that no published pack has.
    """
    read = _read(reading, viewer, case_id)
    return tuple(_limit_of_case(reading, read, limit_id) for limit_id in limit_ids)


def _limit_of_case(reading: Reading, read: _Read, limit_id: str) -> LawOfCaseView:
    case, library = read.case, read.library
    if not library.versions(limit_id):
        raise UnknownLawLimitError(limit_id=limit_id)
    deadlines = deadline_views(reading, read.deadlines.get(limit_id, ()), read.positions, law=read.law)
    started, event = _start(reading, read, limit_id, deadlines)
    at = started or reading.now
    here = read.law.find(case["id"], limit_id, element="", zone=case["zone"], started=at)
    if here is None:
        raise UnknownLawLimitError(limit_id=limit_id)
    would_be = () if deadlines or started is None else _would_be(here, case, library, started, event)
    term = here.term(case["jurisdiction"])
    return LawOfCaseView(
        case_id=case["id"],
        case_number=case["number"],
        limit_id=limit_id,
        what=here.limit.what,
        source=here.limit.source,
        term=term,
        force=force_of(term),
        confidence=here.limit.confidence,
        signed=_signed(here.limit),
        applies={"true": "yes", "false": "no"}.get(here.judged.truth.value, "unknown"),
        is_used=here.is_used,
        reasons=tuple(scope_lines(here, case["jurisdiction"], tells=True)),
        missing=here.judged.missing,
        treated=_treated(here),
        followed_by=deadlines,
        would_be=would_be,
        would_be_due=would_be[-1].instant if would_be and would_be[-1].kind == "due" else None,
        others=tuple(_why_not(one, here) for one in library.versions(limit_id) if one is not here.limit),
    )


def _read(reading: Reading, viewer: Viewer, case_id: UUID) -> _Read:
    library, case = reading.known.library(), reading.soon(_case, reading, viewer, case_id)
    follow = DEADLINE.c.law.is_not(None) & (DEADLINE.c.purpose != OPENING)
    timed = reading.soon(reading.rows, select_deadlines().where(DEADLINE.c.case_id == case_id, follow))
    ended = reading.soon(
        reading.rows,
        select(STEP.c.uses, func.min(STEP.c.ended_at).label("at"))
        .where(STEP.c.case_id == case_id, STEP.c.status == StepStatus.ENDED.value, STEP.c.ended_at.is_not(None))
        .group_by(STEP.c.uses),
    )
    numbers = reading.soon(positions, reading, {case_id})
    law = reading.soon(LawHere(reading, library).read, [case_id])
    seen, deadlines = case(), dict[str, list[Row]]()
    for row in timed():
        deadlines.setdefault(row["law"], []).append(row)
    return _Read(
        case=seen, library=library, law=law(), deadlines=deadlines,
        ended={row["uses"]: row["at"] for row in ended()}, positions=numbers(),
    )  # fmt: skip


def _case(reading: Reading, viewer: Viewer, case_id: UUID) -> Row:
    way = reading.soon(access_to, reading, viewer, case_id)
    first = reading.soon(
        reading.first,
        select(CASE.c.id, CASE.c.number, RUN.c.jurisdiction, RUN.c.zone, RUN.c.calendar, RUN.c.started_at)
        .join(RUN, RUN.c.case_id == CASE.c.id)
        .where(CASE.c.id == case_id, visible_to(viewer, now=reading.present))
        .order_by(RUN.c.started_at, RUN.c.id)
        .limit(few(1)),
    )
    row = first()
    if row is None:
        raise NotFoundError(kind="case")
    access = way()
    if is_narrowed(access):
        raise NotFoundError(kind="case")
    require(viewer, Action.READ_ANSWERS, access=access)
    return row


def _start(
    reading: Reading, read: _Read, limit_id: str, deadlines: Sequence[DeadlineView]
) -> tuple[datetime | None, str]:
    """Return when a limit started in a case (UTC) and what started it; None while nothing has."""
    if deadlines:
        return deadlines[0].started_at, ""
    nearest = read.library.law(limit_id, on=read.case["started_at"].date())
    for start in nearest.starts if nearest else ():
        if start == _OPENING:
            return read.case["started_at"], "the start of the case"
        if start in read.ended:
            step_type = reading.known.step_type(start)
            return read.ended[start], f"the end of “{step_type.title if step_type else start}”"
    return None, ""


def _would_be(here: LawInCase, case: Row, library: Library, started: datetime, event: str) -> tuple[ReasonView, ...]:
    counted = here.limit.counted_limit
    if counted is None or not here.is_used:
        return ()
    needs = counted.counting in {Counting.WORKING_DAYS, Counting.WORKING_HOURS}
    calendar = library.calendars.get(case["calendar"] or "")
    if needs and calendar is None:
        return ()
    try:
        found = explain(
            started, counted, zone=case["zone"], calendar=calendar, excluded=(), event=event,
            source=here.term(case["jurisdiction"]), kept_until=here.limit.kept_until_of(counted),
        )  # fmt: skip
    except CalendarMissingError:
        return ()
    return tuple(ReasonView(kind=one.kind.value, text=one.text, instant=one.instant) for one in found)


def _treated(here: LawInCase) -> str:
    if not here.is_used:
        return "It does not apply in this case."
    if here.limit.counted_limit is None:
        return "It applies, and counts no time."
    if here.judged.missing:
        return "Until then it applies: the strictest reading is used."
    return "It applies."


def _signed(limit: LawLimit) -> str:
    if limit.signature is None:
        return "No lawyer has signed this text yet."
    one = limit.signature
    return f"Signed by {one.name} on {one.on:%d %B %Y}, who read: {one.source_read}."


def _why_not(other: LawLimit, here: LawInCase) -> str:
    judged = judge(other, here.told, on=here.on)
    if judged.why_not:
        return f"{other.source}: {judged.why_not}"
    days = next((one.text for one in judged.reasons if one.ground == "force_days"), "")
    return f"{other.source}: {days or 'the version above is the stricter one or the newer one.'}"
