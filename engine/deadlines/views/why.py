"""The answer to *why this date?* for a deadline of a case, with who is notified when."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import String, cast, or_, select

from engine.cases.views.sight import access_to, is_narrowed
from engine.cases.visibility import positions, visible_to
from engine.core.access import OPERATIONAL, CaseAccess, covers, shows_step
from engine.core.compiled import CompiledStep, CompiledTime
from engine.core.deadlines.firings import BREACH, schedule
from engine.core.law.applicability import ReasonSubject, place_reasons
from engine.core.library import LawInCase, Library
from engine.core.origins import declared_as, line_of
from engine.core.policy import Action, Viewer, can
from engine.core.records import AddedStep, Deadline, DeadlineStatus, Purpose, StepInterval
from engine.core.time.counting import CalendarMissingError
from engine.core.time.explain import deadline_reasons
from engine.core.time.reckoning import said_at
from engine.db.reading import Known, Reading, Row, few
from engine.db.shape import CASE, DEADLINE, ESCALATION, INTERVAL, MESSAGE, OPENING, STEP, UNIT
from engine.deadlines.records import DeadlineView, EscalationView, ExplanationView, PlannedView, ReasonView, StretchView
from engine.deadlines.views.deadlines import (
    deadline_views,
    escalation_views,
    record_of,
    select_deadlines,
    select_escalations,
    select_told,
    term_of,
)
from engine.deadlines.views.law_here import LawHere
from engine.errors import NotFoundError
from engine.language.ladders import Ladder, Level
from engine.language.law import LawLimit
from engine.language.names import in_plain_words, in_running_words


class _Limit(NamedTuple):
    """A deadline, the limit of the law and of the definition that it counts, and what the limit may leave out."""

    deadline: Deadline
    here: LawInCase | None
    time: CompiledTime | None
    stretches: tuple[StepInterval, ...]

    @property
    def law(self) -> LawLimit | None:
        """The limit of the law, if it counts one."""
        return self.here.limit if self.here else None


def _reasons(
    reading: Reading, row: Row, limit: _Limit, library: Library, late: Deadline | None, *, tells: bool
) -> tuple[ReasonView, ...]:
    """Say line by line why a deadline falls when it falls; a breach comes last. `tells` lets reasons tell answers."""
    deadline, here = limit.deadline, limit.here
    found = deadline_reasons(
        deadline, library, intervals=limit.stretches,
        event=_event(reading, row, deadline, limit.time, limit.law),
        source=term_of(deadline, here, row["jurisdiction"]),
    )  # fmt: skip
    lines = [ReasonView(kind=one.kind.value, text=one.text, instant=one.instant) for one in found]
    said = _line(reading, row, deadline, late)
    at = 0 if said and said[0].kind == "follow_up" else 1
    lines[at:at] = said
    lines[-1:-1] = scope_lines(here, row["jurisdiction"], tells=tells) if here else []
    return tuple(lines) if deadline.breached_at is None else (*lines, _breach(deadline))


def origin_words(
    known: Known,
    key: str,
    uses: str,
    added: AddedStep | None,
    definition_hash: str,
    *,
    late: Deadline | None = None,
    of: Deadline | None = None,
) -> str:
    """Say what brings a step, or a time limit `of` it; `late` is the deadline for which a level opened it, if any."""
    library = known.library()
    line = line_of(key, added, definition_hash, known.definitions, library, late=late, of=of)
    if added is None:
        return f"So says {line}." if line else ""
    if added.for_deadline is not None:
        opened = "A level of the ladder of another time limit opened this step."
        return " ".join((opened, f"So says {line}.")) if line else opened
    if added.origin is None and key.startswith(f"{uses.replace('.', '_')}_"):
        return "Someone added this step to the case: no workflow has it."
    declared = declared_as(added.origin, known.definitions) if added.origin else None
    if added.origin is None or line is None or declared is None:
        return "What was done with the case brought this step: what it began with has no line for it."
    spec, brings = declared.spec, declared.info
    called = spec.title or (brings.title if brings else in_plain_words(declared.name))
    says = f"so says the follow-up “{called}” of {line.title}, version {line.version}."
    if spec.act:
        return f"It comes when {spec.act}: {says}"
    title = known.title(added.origin.definition, added.origin.step, added.origin.step, None)
    again = " Another agency stood in the way of it, so it came again: how soon, the same follow-up says."
    return f"It follows from “{title}”: {says}{again if added.origin.again else ''}"


def _line(reading: Reading, row: Row, deadline: Deadline, late: Deadline | None) -> list[ReasonView]:
    """Name what says how long: a line of a published definition, or whoever added the step."""
    added = AddedStep.model_validate(row["added"]) if row["added"] else None
    text = origin_words(
        reading.known, row["key"], row["uses"] or "", added, row["definition_hash"], late=late, of=deadline
    )
    kind = "follow_up" if added and added.origin else "line"
    return [ReasonView(kind=kind, text=text, instant=None)] if text else []


def scope_lines(here: LawInCase, jurisdiction: str, *, tells: bool) -> list[ReasonView]:
    """Say line by line why a limit applies, and whether it obliges here, where either depends on anything.

    Without `tells` only lines that tell no answer of the case are given.
    """
    found = [*here.judged.reasons, *place_reasons(here.limit, here.told, jurisdiction=jurisdiction, on=here.on)]
    if not tells:
        found = [one for one in found if one.ground is ReasonSubject.FORCE_DAYS]
    return [ReasonView(kind=f"scope_{one.ground}", text=one.text, instant=None) for one in found]


def _limit(reading: Reading, row: Row, deadline: Deadline, law: LawHere, recorded: Iterable[StepInterval]) -> _Limit:
    """Find what a deadline counts; of what was `recorded` on its step that which its limit may leave out."""
    here, time = law.of(row, deadline), _time_of(reading.known.step(row["definition_hash"], row["key"]), deadline)
    names = _excluded_names(row, deadline, time, here.limit if here else None)
    return _Limit(deadline, here, time, tuple(one for one in recorded if one.name in names))


def _breach(deadline: Deadline) -> ReasonView:
    at = deadline.breached_at or deadline.due_at
    text = f"It was missed: {said_at(at, ZoneInfo(deadline.zone))}."
    return ReasonView(kind="breach", text=text, instant=at)


def _time_of(step: CompiledStep | None, deadline: Deadline) -> CompiledTime | None:
    """Find the time limit of the definition that a deadline is an instance of."""
    if step is None or deadline.purpose is not Purpose.LIMIT:
        return None
    same = (
        time
        for time in step.times
        if (time.spec.law, time.spec.ladder) == (deadline.law, deadline.ladder)
        and (time.limit is None or str(time.limit) == deadline.limit)
    )
    return next(same, None)


def _excluded_names(row: Row, deadline: Deadline, time: CompiledTime | None, law: LawLimit | None) -> frozenset[str]:
    if deadline.purpose is Purpose.APPROVAL:
        return frozenset()
    named = time.spec.exclude if time else tuple((row["added"] or {}).get("exclude", ()))
    return frozenset(named or (law.excludes if law else ()))


def _intervals(reading: Reading, step_id: UUID) -> list[StepInterval]:
    columns = [INTERVAL.c[name] for name in StepInterval.model_fields]
    rows = reading.rows(
        select(*columns).where(INTERVAL.c.step_id == step_id).order_by(INTERVAL.c.start, INTERVAL.c.name)
    )
    return [StepInterval.model_validate(dict(row)) for row in rows]


def _late(reading: Reading, of: str | None) -> Deadline | None:
    """Find the deadline for which a level opened a step; None where none did."""
    found = reading.first(select(DEADLINE).where(DEADLINE.c.id == UUID(of))) if of else None
    return record_of(found) if found else None


def _event(reading: Reading, row: Row, deadline: Deadline, time: CompiledTime | None, law: LawLimit | None) -> str:
    """Say in words what started the limit."""
    if deadline.purpose is Purpose.APPROVAL:
        return "the answer that is waiting for approval"
    start = time.spec.from_ if time else "ready"
    if start == "start":
        return "the start of the case"
    if start == "ready":
        return _event_of_law(reading, row, deadline, law) or "the opening of this step"
    step = reading.known.step(row["definition_hash"], time.start_step or "") if time else None
    if step is None:
        return in_running_words(start)
    if time is None or time.start_field is None:
        return f"the end of “{step.title}”"
    label = next((f.label for f in reading.known.fields(step.spec.uses, step) if f.name == time.start_field), None)
    return f"“{step.title}”, {label or in_plain_words(time.start_field)}"


def _event_of_law(reading: Reading, row: Row, deadline: Deadline, law: LawLimit | None) -> str | None:
    starts = law.starts if law else ()
    if "start" in starts and deadline.started_at == row["run_started_at"]:
        return "the start of the case"
    ended = reading.first(
        select(STEP.c.key, STEP.c.uses, STEP.c.added)
        .where(STEP.c.run_id == deadline.run_id, STEP.c.uses.in_(starts), STEP.c.ended_at == deadline.started_at)
        .order_by(STEP.c.key, STEP.c.id)
        .limit(few(1))
    )
    if ended is None:
        return None
    title = reading.known.title(row["definition_hash"], ended["key"], ended["uses"], ended["added"])
    return f"the end of “{title}”"


def explain_deadline(reading: Reading, viewer: Viewer, deadline_id: UUID) -> ExplanationView:
    """Say line by line why a deadline falls when it falls, and who is told when; raises `NotFoundError`."""
    row = reading.first(
        select_deadlines()
        .add_columns(CASE.c.number.label("case_number"), UNIT.c.zone.label("unit_zone"))
        .join(CASE, CASE.c.id == DEADLINE.c.case_id)
        .join(UNIT, UNIT.c.id == CASE.c.unit_id)
        .where(DEADLINE.c.id == deadline_id, DEADLINE.c.purpose != OPENING, visible_to(viewer, now=reading.present))
    )
    if row is None:
        raise NotFoundError(kind="deadline")
    case_id, deadline, library = row["case_id"], record_of(row), reading.known.library()
    way = reading.soon(access_to, reading, viewer, case_id, kind="deadline")
    numbers, judge = (
        reading.soon(positions, reading, {case_id}),
        reading.soon(LawHere(reading, library).read, [case_id]),
    )
    recorded = reading.soon(_intervals, reading, deadline.step_id)
    late = reading.soon(_late, reading, (row["added"] or {}).get("for_deadline"))
    told, was_told = reading.soon(_told_of, reading, deadline_id), reading.soon(_was_told, reading, viewer, deadline_id)
    access = way()
    if not shows_step(access, row["step_id"], row["path"]):
        raise NotFoundError(kind="deadline")
    view = deadline_views(reading, [row], numbers(), law=judge())[0]
    limit = _limit(reading, row, deadline, judge(), recorded())
    return ExplanationView(
        case_id=case_id,
        case_number=row["case_number"],
        zone=row["unit_zone"],
        deadline=view if not is_narrowed(access) else view.model_copy(update={"calls": ()}),
        lines=_reasons(reading, row, limit, library, late(), tells=_may_read(viewer, access)),
        stretches=tuple(_recorded(one) for one in limit.stretches),
        planned=_planned(deadline, library),
        told=_told(reading, view, told(), is_whole=not is_narrowed(access)) if covers(access, OPERATIONAL) else (),
        viewer_was_told=was_told(),
        is_kept_by_viewer=viewer.is_system or row["unit_id"] in viewer.unit_ids,
    )


def explain_step(reading: Reading, viewer: Viewer, case_id: UUID, step: str) -> tuple[ExplanationView, ...]:
    """Explain every deadline of a step, which is named by its id or by its key; raises `NotFoundError`."""
    named = or_(DEADLINE.c.key == step, cast(DEADLINE.c.step_id, String) == step.lower())
    rows = reading.rows(
        select(DEADLINE.c.id)
        .join(CASE, CASE.c.id == DEADLINE.c.case_id)
        .where(CASE.c.id == case_id, named, DEADLINE.c.purpose != OPENING, visible_to(viewer, now=reading.present))
        .order_by(DEADLINE.c.due_at, DEADLINE.c.id)
    )
    if not rows:
        raise NotFoundError(kind=f"time limit of a step {step}")
    found = [reading.soon(explain_deadline, reading, viewer, row["id"]) for row in rows]
    return tuple(one() for one in found)


def _may_read(viewer: Viewer, access: CaseAccess) -> bool:
    return not is_narrowed(access) and can(viewer, Action.READ_ANSWERS, access=access)


def _was_told(reading: Reading, viewer: Viewer, deadline_id: UUID) -> bool:
    told = ESCALATION.c.recipient_ids.contains([viewer.actor_id])
    return reading.first(select(ESCALATION.c.id).where(ESCALATION.c.deadline_id == deadline_id, told)) is not None


class _Told(NamedTuple):
    """Who was told by the levels of a deadline, and which steps they opened."""

    levels: list[Row]
    messages: list[Row]
    steps: list[Row]


def _told_of(reading: Reading, deadline_id: UUID) -> _Told:
    of = select(ESCALATION.c.id).where(ESCALATION.c.deadline_id == deadline_id)
    opened = select(ESCALATION.c.step_id).where(ESCALATION.c.deadline_id == deadline_id)
    levels = reading.soon(reading.rows, select_escalations().where(ESCALATION.c.deadline_id == deadline_id))
    messages = reading.soon(reading.rows, select_told().where(MESSAGE.c.escalation_id.in_(of)))
    steps = reading.soon(reading.rows, select(STEP.c.id, STEP.c.added, STEP.c.uses).where(STEP.c.id.in_(opened)))
    return _Told(levels(), messages(), steps())


def _told(reading: Reading, view: DeadlineView, told: _Told, *, is_whole: bool) -> tuple[EscalationView, ...]:
    titles = {step["id"]: reading.known.title("", "", step["uses"], step["added"]) for step in told.steps}
    calls = {view.id: view.calls} if is_whole else {}
    return escalation_views(
        told.levels, told.messages, titles={view.id: view.step_title}, steps=titles, library=reading.known.library(),
        calls=calls,
    )  # fmt: skip


def _planned(deadline: Deadline, library: Library) -> tuple[PlannedView, ...]:
    try:
        points = schedule(deadline, library)
    except CalendarMissingError:
        return ()
    ladder = library.ladder_of(deadline)
    return tuple(_point(deadline, ladder, at, name) for at, name in points)


def _point(deadline: Deadline, ladder: Ladder | None, at: datetime, name: str) -> PlannedView:
    level = _level_of(ladder, name)
    kind = "level" if level else "breach" if name == BREACH else "warning"
    is_over = deadline.status is not DeadlineStatus.OPEN or (kind == "warning" and BREACH in deadline.fired)
    return PlannedView(
        name=name,
        kind=kind,
        at=at,
        fired_at=deadline.raised.get(name) or (_breach_written_at(deadline) if kind == "breach" else None),
        state="fired" if name in deadline.fired else "passed_over" if is_over else "planned",
        to=level.to.in_words() if level else "whoever has the work",
        channels=tuple(channel.value for channel in level.channels) if level else (),
    )


def _breach_written_at(deadline: Deadline) -> datetime | None:
    return deadline.discovered_at or deadline.breached_at


def _level_of(ladder: Ladder | None, name: str) -> Level | None:
    if ladder is None or not name.startswith("l:"):
        return None
    number = int(name.removeprefix("l:").partition(".")[0])
    return ladder.levels[number - 1] if number <= len(ladder.levels) else None


def _recorded(one: StepInterval) -> StretchView:
    return StretchView(name=in_plain_words(one.name), start=one.start, end=one.end, has_place=one.has_place)
