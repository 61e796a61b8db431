"""The answer to "why this date?" for one deadline of a case."""

from uuid import UUID

from sqlalchemy import select

from engine import views as vw
from engine.adapters.sql.queries.answers import said
from engine.adapters.sql.queries.deadlines import record_of, select_deadlines, term_of
from engine.adapters.sql.queries.known import in_plain_words
from engine.adapters.sql.queries.reading import Reading, Row
from engine.adapters.sql.queries.shape import CASE, DEADLINE, INTERVAL, STEP
from engine.adapters.sql.visibility import visible_to
from engine.domain.compiled import CompiledStep, CompiledTime
from engine.domain.explain_time import explain
from engine.domain.library import Library
from engine.domain.records import Deadline, Interval, Purpose
from engine.errors import CalendarMissingError, NotFoundError
from engine.spec.law import LawLimit
from engine.spec.limits import TimeLimit


def explain_deadline(reading: Reading, viewer: vw.Viewer, deadline_id: UUID) -> tuple[str, ...]:
    """Say line by line why a deadline falls when it falls; raises `NotFoundError`."""
    row = reading.first(
        select_deadlines()
        .join(CASE, CASE.c.id == DEADLINE.c.case_id)
        .where(DEADLINE.c.id == deadline_id, visible_to(viewer, now=reading.now))
    )
    if row is None:
        raise NotFoundError(kind="deadline")
    deadline, library = record_of(row), reading.known.library()
    if deadline.purpose is Purpose.OPENING:
        return (f"The step opens at its appointed time: {said(deadline.due_at, deadline.zone)}.",)
    law = library.law(deadline.law, on=row["run_started_at"].date()) if deadline.law else None
    time = _time_of(reading.known.step(row["definition_hash"], row["key"]), deadline)
    lines = _lines(reading, row, deadline, time, law, library)
    return lines if deadline.breached_at is None else (*lines, _breach(deadline))


def _lines(
    reading: Reading,
    row: Row,
    deadline: Deadline,
    time: CompiledTime | None,
    law: LawLimit | None,
    library: Library,
) -> tuple[str, ...]:
    names = _excluded_names(row, deadline, time, law)
    on, jurisdiction = row["run_started_at"].date(), row["jurisdiction"]
    excluded = [one for one in _intervals(reading, deadline.step_id) if one.name in names]
    calendar = library.calendars.get(deadline.calendar or "")
    try:
        reasons = explain(
            deadline.started_at, TimeLimit(deadline.limit), zone=deadline.zone, calendar=calendar, excluded=excluded,
            event=_event(reading, row, deadline, time, law),
            source=term_of(deadline.law, on=on, jurisdiction=jurisdiction, library=library),
        )  # fmt: skip
    except CalendarMissingError as error:
        return (str(error), _kept(deadline))
    lines = tuple(reason.text for reason in reasons)
    return lines if reasons[-1].instant == deadline.due_at else (*lines, _kept(deadline))


def _kept(deadline: Deadline) -> str:
    """Say what stands in the case when today's definitions would give another date."""
    return (
        f"The case keeps {said(deadline.due_at, deadline.zone)}: what it was counted by has changed since, "
        "and the next change in the case counts it again."
    )


def _breach(deadline: Deadline) -> str:
    return f"It passed unmet: {said(deadline.breached_at or deadline.due_at, deadline.zone)}."


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


def _intervals(reading: Reading, step_id: UUID) -> list[Interval]:
    columns = [INTERVAL.c[name] for name in Interval.model_fields]
    rows = reading.rows(select(*columns).where(INTERVAL.c.step_id == step_id).order_by(INTERVAL.c.start))
    return [Interval.model_validate(dict(row)) for row in rows]


def _event(reading: Reading, row: Row, deadline: Deadline, time: CompiledTime | None, law: LawLimit | None) -> str:
    """Say in words what started the limit."""
    if deadline.purpose is Purpose.APPROVAL:
        return "the answer that waits for approval"
    start = time.spec.from_ if time else "ready"
    if start == "start":
        return "the start of the case"
    if start == "ready":
        return _event_of_law(reading, row, deadline, law) or "the opening of this step"
    step = reading.known.step(row["definition_hash"], time.start_step or "") if time else None
    if step is None:
        return in_plain_words(start).lower()
    if time is None or time.start_field is None:
        return f"the end of “{step.title}”"
    label = next((f.label for f in reading.known.fields(step.spec.uses, step) if f.name == time.start_field), None)
    return f"“{step.title}”, {label or in_plain_words(time.start_field)}"


def _event_of_law(reading: Reading, row: Row, deadline: Deadline, law: LawLimit | None) -> str | None:
    starts = law.starts if law else ()
    if "start" in starts and deadline.started_at == row["run_started_at"]:
        return "the start of the case"
    ended = reading.first(
        select(STEP.c.key, STEP.c.uses, STEP.c.added).where(
            STEP.c.run_id == deadline.run_id, STEP.c.uses.in_(starts), STEP.c.ended_at == deadline.started_at
        )
    )
    if ended is None:
        return None
    title = reading.known.title(row["definition_hash"], ended["key"], ended["uses"], ended["added"])
    return f"the end of “{title}”"
