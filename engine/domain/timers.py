"""Which deadlines a case has, when each falls due, and what fires next of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from engine.domain.compiled import CompiledStep, CompiledTime
from engine.domain.counting import due_at, warn_at
from engine.domain.ladder_plan import PlannedLevel, planned_levels
from engine.domain.library import Library
from engine.domain.records import (
    LIVE,
    AddedStep,
    Deadline,
    DeadlineStatus,
    Purpose,
    Run,
    RunStatus,
    Step,
    StepStatus,
    deadline_id,
    step_id,
)
from engine.domain.state import CaseState
from engine.domain.values import RunView, truth_of
from engine.errors import UnknownLawLimitError
from engine.spec.calendars import Calendar
from engine.spec.conditions.evaluate import Truth
from engine.spec.law import LawLimit
from engine.spec.limits import TimeLimit, WarningPoint
from engine.spec.workflow import TimeSpec

BREACH = "breach"
OPENING = "open"
_FINISHED = frozenset({StepStatus.ENDED, StepStatus.SKIPPED, StepStatus.CANCELLED})


@dataclass(frozen=True, slots=True)
class _Rule:
    """A time limit as it applies to one occurrence of a step: what is counted, and who is told."""

    limit: TimeLimit
    law: str | None
    ladder: str
    warn: tuple[WarningPoint, ...]
    exclude: tuple[str, ...]


def wanted_deadlines(view: RunView, library: Library) -> Iterator[Deadline]:
    """Give every deadline that this run should have open now, as if none had been set before."""
    run = view.state.runs[view.run_id]
    if run.status is not RunStatus.OPEN:
        return
    for key in view.compiled.order:
        step = view.compiled.steps[key]
        if not step.waits_to_be_called or view.steps_of(key):
            yield from _of_step(view, run, step, library)
    for record in view.state.steps.values():
        if record.run_id == run.id and record.added is not None and record.status in LIVE:
            yield from _of_added(view, run, record, record.added, library)


def schedule(deadline: Deadline, library: Library) -> tuple[tuple[datetime, str], ...]:
    """List when what fires of a deadline, in order: `w:50%`, `breach`, `l:1`, `l:1.2` (second round), `open`."""
    if deadline.purpose is Purpose.OPENING:
        return ((deadline.due_at, OPENING),)
    calendar = library.calendars.get(deadline.calendar or "")
    points = [(deadline.due_at, BREACH)]
    for text in deadline.warn:
        point = WarningPoint(text)
        at = warn_at(deadline.started_at, deadline.due_at, point, zone=deadline.zone, calendar=calendar)
        if at is not None and deadline.started_at < at < deadline.due_at:
            points.append((at, f"w:{text}"))
    ladder = library.ladders.get(deadline.ladder)
    if ladder is not None:
        planned = planned_levels(
            ladder, start=deadline.started_at, due=deadline.due_at, zone=deadline.zone, calendar=calendar
        )
        points += [(level.fires_at, _level_name(level)) for level in planned]
    return tuple(sorted(points, key=lambda point: (point[0], _rank(point[1]))))


def with_next(deadline: Deadline, library: Library) -> Deadline:
    """Work out what fires next, from what has fired already."""
    left = [(at, name) for at, name in schedule(deadline, library) if name not in deadline.fired]
    at, name = left[0] if left else (None, None)
    return deadline.model_copy(update={"next_at": at, "next_firing": name})


def _level_name(level: PlannedLevel) -> str:
    return f"l:{level.level}.{level.repetition + 1}" if level.repetition else f"l:{level.level}"


def _rank(name: str) -> tuple[int, str]:
    return (0, name) if name.startswith("w:") else (1, name) if name == BREACH else (2, name)


def _of_step(view: RunView, run: Run, step: CompiledStep, library: Library) -> Iterator[Deadline]:
    for path in view.elements(step):
        record = view.latest(step.key, path)
        if record is not None and record.status in _FINISHED:
            continue
        if record is not None and record.status is StepStatus.SCHEDULED:
            yield _opening(view, run, record, library)
            continue
        if record is None and not _may_be_reached(view, step, path):
            continue
        deadline = _limit(view, run, step, path, record, library)
        if deadline is not None:
            yield deadline
        if (
            record is not None
            and record.status is StepStatus.APPROVAL
            and step.spec.approve
            and step.spec.approve.limit
        ):
            yield _approval(view, run, step, record, library)


def _may_be_reached(view: RunView, step: CompiledStep, path: str) -> bool:
    return step.condition is None or truth_of(step.condition, view.lookup(path)) is not Truth.FALSE


def _limit(
    view: RunView, run: Run, step: CompiledStep, path: str, record: Step | None, library: Library
) -> Deadline | None:
    time = _applying(view, step, path)
    if time is None:
        return None
    rule = _rule(time.spec, time, library, run)
    started = _started_at(view, run, time, path, record, rule_law(time.spec, library, run))
    if rule is None or started is None:
        return None
    actual = record.path if record else (f"{path}/r:1".lstrip("/") if step.spec.repeat else path)
    return _deadline(view.state, run, step.key, actual, Purpose.LIMIT, started, rule, library)


def _applying(view: RunView, step: CompiledStep, path: str) -> CompiledTime | None:
    """Choose the first time limit whose condition is true; one that is still unknown is passed over meanwhile."""
    lookup = view.lookup(path)
    for time in step.times:
        if time.condition is None or truth_of(time.condition, lookup) is Truth.TRUE:
            return time
    return None


def rule_law(spec: TimeSpec, library: Library, run: Run) -> LawLimit | None:
    """Find the law limit that a time limit names, as it stood when the run began."""
    if spec.law is None:
        return None
    law = library.law(spec.law, on=run.started_at.date())
    if law is None:
        raise UnknownLawLimitError(limit_id=spec.law)
    return law


def _rule(spec: TimeSpec, time: CompiledTime, library: Library, run: Run) -> _Rule | None:
    law = rule_law(spec, library, run)
    limit = TimeLimit(spec.option) if spec.option else time.limit or (law.counted_limit if law else None)
    if limit is None:
        return None
    warn = time.warn or (law.warn if law else ())
    exclude = spec.exclude or (law.excludes if law else ())
    return _Rule(limit, spec.law, spec.ladder, warn, exclude)


def _started_at(
    view: RunView, run: Run, time: CompiledTime, path: str, record: Step | None, law: LawLimit | None
) -> datetime | None:
    if record is not None and record.round > 1:
        return record.opened_at
    if time.spec.from_ == "ready":
        return _start_by_law(view, run, law) or (record.opened_at if record else None)
    if time.spec.from_ == "start":
        return run.started_at
    head = time.start_step or ""
    if head not in view.compiled.steps:
        value = view.lookup(path)((head,))
        return value if isinstance(value, datetime) else None
    return _instant_of(view, head, time.start_field, path)


def _start_by_law(view: RunView, run: Run, law: LawLimit | None) -> datetime | None:
    """Give the start that the law limit itself names, for a workflow that names none."""
    for start in law.starts if law else ():
        if start == "start":
            return run.started_at
        ended = [
            s.ended_at
            for s in view.state.steps.values()
            if s.uses == start and s.run_id == run.id and s.ended_at and s.status is StepStatus.ENDED
        ]
        if ended:
            return min(ended)
    return None


def _instant_of(view: RunView, key: str, field: str | None, path: str) -> datetime | None:
    step = view.compiled.steps[key]
    related = view.related(step, path)
    ended = [found for element in related if (found := view.ended(key, element)) is not None]
    if not ended or (len(ended) < len(related) and not path):
        return None
    if field is None:
        return max(record.ended_at for record in ended if record.ended_at)
    value = view.lookup(path)((key, field))
    return value if isinstance(value, datetime) else None


def _deadline(
    state: CaseState,
    run: Run,
    key: str,
    path: str,
    purpose: Purpose,
    started: datetime,
    rule: _Rule,
    library: Library,
) -> Deadline:
    of_step = step_id(run.id, key, path)
    calendar = _calendar(library, run)
    excluded = tuple(
        interval for interval in state.intervals if interval.name in rule.exclude and interval.step_id == of_step
    )
    return Deadline(
        id=deadline_id(of_step, purpose),
        run_id=run.id,
        step_id=of_step,
        key=key,
        path=path,
        purpose=purpose,
        limit=str(rule.limit),
        law=rule.law,
        ladder=rule.ladder,
        zone=run.zone,
        calendar=run.calendar,
        warn=tuple(str(point) for point in rule.warn),
        started_at=started,
        due_at=due_at(started, rule.limit, zone=run.zone, calendar=calendar, excluded=excluded),
        status=DeadlineStatus.OPEN,
    )


def _calendar(library: Library, run: Run) -> Calendar | None:
    return library.calendars.get(run.calendar) if run.calendar else None


def _opening(view: RunView, run: Run, record: Step, library: Library) -> Deadline:
    started = view.state.case.opened_at
    rule = _Rule(TimeLimit("PT0S"), None, "", (), ())
    deadline = _deadline(view.state, run, record.key, record.path, Purpose.OPENING, started, rule, library)
    return deadline.model_copy(update={"due_at": record.opens_at, "started_at": record.opens_at})


def _approval(view: RunView, run: Run, step: CompiledStep, record: Step, library: Library) -> Deadline:
    approve = step.spec.approve
    if approve is None or approve.limit is None or record.recorded_at is None:
        message = "a step in approval names who approves, in which time"
        raise ValueError(message)
    rule = _Rule(TimeLimit(approve.limit), None, approve.ladder, (), ())
    return _deadline(view.state, run, record.key, record.path, Purpose.APPROVAL, record.recorded_at, rule, library)


def _of_added(view: RunView, run: Run, record: Step, added: AddedStep, library: Library) -> Iterator[Deadline]:
    spec = TimeSpec(limit=added.limit, law=added.law, ladder=added.ladder, exclude=added.exclude)
    time = CompiledTime(spec, None, TimeLimit(added.limit) if added.limit else None, ())
    rule = _rule(spec.model_copy(update={"option": added.limit}) if added.limit else spec, time, library, run)
    started = added.from_at or record.opened_at
    if rule is not None and started is not None:
        yield _deadline(view.state, run, record.key, record.path, Purpose.LIMIT, started, rule, library)
