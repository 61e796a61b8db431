"""The reasons of a deadline of a case: what started it, what its limit may leave out, and the lines that follow."""

from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from engine import views as vw
from engine.adapters.sql.queries.deadlines import term_of
from engine.adapters.sql.queries.law_here import LawHere
from engine.adapters.sql.queries.reading import Reading, Row
from engine.adapters.sql.queries.shape import INTERVAL, STEP
from engine.domain.applicability import ReasonSubject, place_reasons
from engine.domain.compiled import CompiledStep, CompiledTime
from engine.domain.explain_deadline import explain_deadline
from engine.domain.law_in_case import LawInCase
from engine.domain.library import Library
from engine.domain.records import Deadline, Purpose, StepInterval
from engine.domain.said import said_at
from engine.spec.law import LawLimit
from engine.spec.plain_words import in_plain_words, in_running_words


def reasons(
    reading: Reading, row: Row, deadline: Deadline, library: Library, *, tells: bool
) -> tuple[vw.ReasonView, ...]:
    """Say line by line why a deadline falls when it falls; a breach comes last. `tells` lets reasons tell answers."""
    here = LawHere(reading, library).of(row, deadline)
    law, time = _law_and_time(reading, row, deadline, library)
    found = explain_deadline(
        deadline, library, intervals=stretches(reading, row, deadline, library),
        event=_event(reading, row, deadline, time, law), source=term_of(deadline, here, row["jurisdiction"]),
    )  # fmt: skip
    lines = [vw.ReasonView(kind=one.kind.value, text=one.text, instant=one.instant) for one in found]
    lines[-1:-1] = scope_lines(here, row["jurisdiction"], tells=tells) if here else []
    return tuple(lines) if deadline.breached_at is None else (*lines, _breach(deadline))


def scope_lines(here: LawInCase, jurisdiction: str, *, tells: bool) -> list[vw.ReasonView]:
    """Say line by line why a limit applies, and whether it obliges here, where either depends on anything.

    Without `tells` only lines that tell no answer of the case are given.
    """
    found = [*here.judged.reasons, *place_reasons(here.limit, here.told, jurisdiction=jurisdiction, on=here.on)]
    if not tells:
        found = [one for one in found if one.ground is ReasonSubject.FORCE_DAYS]
    return [vw.ReasonView(kind=f"scope_{one.ground}", text=one.text, instant=None) for one in found]


def stretches(reading: Reading, row: Row, deadline: Deadline, library: Library) -> tuple[StepInterval, ...]:
    """Give what was recorded on the step of a deadline that its limit may leave out, in order of time."""
    law, time = _law_and_time(reading, row, deadline, library)
    names = _excluded_names(row, deadline, time, law)
    return tuple(one for one in _intervals(reading, deadline.step_id) if one.name in names)


def _law_and_time(
    reading: Reading, row: Row, deadline: Deadline, library: Library
) -> tuple[LawLimit | None, CompiledTime | None]:
    here = LawHere(reading, library).of(row, deadline)
    return (here.limit if here else None), _time_of(reading.known.step(row["definition_hash"], row["key"]), deadline)


def _breach(deadline: Deadline) -> vw.ReasonView:
    at = deadline.breached_at or deadline.due_at
    text = f"It was missed: {said_at(at, ZoneInfo(deadline.zone))}."
    return vw.ReasonView(kind="breach", text=text, instant=at)


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
        .limit(1)
    )
    if ended is None:
        return None
    title = reading.known.title(row["definition_hash"], ended["key"], ended["uses"], ended["added"])
    return f"the end of “{title}”"
