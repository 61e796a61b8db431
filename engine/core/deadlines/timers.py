"""Which deadlines a run should have, and when each falls due."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from engine.core.compiled import CompiledStep, CompiledTime
from engine.core.draft import first_path
from engine.core.library import LawInCase, Library, law_in_case
from engine.core.readiness import Readiness, StepStanding, is_ruled_out, readiness, standing_at
from engine.core.records import (
    AddedStep,
    Deadline,
    Excluded,
    Purpose,
    Run,
    RunStatus,
    Step,
    StepStatus,
    deadline_id,
    step_id,
)
from engine.core.state import CaseState
from engine.core.time.counting import due_at
from engine.core.time.reckoning import CountedBy, reckon, who_owes
from engine.core.values import RunSteps, truth_of
from engine.language.conditions.values import Truth
from engine.language.law import KeptUntil, LawLimit
from engine.language.limits import TimeLimit, WarningPoint
from engine.language.workflow import TimeSpec


@dataclass(frozen=True, slots=True)
class _Rule:
    """A time limit as it applies to one occurrence of a step: what is counted, and who is told."""

    limit: TimeLimit
    law: str | None
    ladder: str
    warn: tuple[WarningPoint, ...]
    exclude: tuple[str, ...]
    kept_until: KeptUntil = KeptUntil.INSTANT


def wanted_deadlines(view: RunSteps, library: Library) -> Iterator[Deadline]:
    """Return every deadline that this run should have open now, as if none had been set before."""
    run = view.state.runs[view.run_id]
    if run.status is not RunStatus.OPEN:
        return
    over = view.over
    for step in view.timed():
        for element in view.elements(step) if step.key not in over else ():
            yield from filter(None, _of_step(view, run, step, element, library))
    for record in view.state.live.values():
        if record.added is not None and record.run_id == run.id:
            is_waiting = record.status is StepStatus.SCHEDULED
            deadline = (
                _opening(run, record, library) if is_waiting else _of_added(view, run, record, record.added, library)
            )
            if deadline is not None:
                yield deadline


def earliest_opening(
    view: RunSteps, run: Run, step: CompiledStep, element: str, library: Library, now: datetime
) -> datetime | None:
    """Return the instant (UTC) before which a step that could begin now does not; None where that is not known."""
    if step.spec.not_before is None or step.not_before is None:
        return None
    name = step.spec.not_before.from_
    start = now if name == "ready" else _named_start(view, run, step, name, element)
    calendar = library.calendars.get(run.calendar or "")
    return None if start is None else due_at(start, step.not_before, zone=run.zone, calendar=calendar)


def _of_step(view: RunSteps, run: Run, step: CompiledStep, element: str, library: Library) -> Iterator[Deadline | None]:
    record = view.latest(step.key, element)
    if record is None:
        is_not_yet = view.loop_round(step.key, element) > 1 or step.wait is not None
        is_uncalled = standing_at(view, step, element) is StepStanding.UNCALLED or (
            step.spec.standing and readiness(view, step, element) is Readiness.UNCALLED
        )
        if not (is_not_yet or is_uncalled or is_ruled_out(view, step, element)):
            yield _limit(view, run, step, element, None, library)
        return
    match record.status:
        case StepStatus.SCHEDULED:
            yield _opening(run, record, library)
            if (
                record.round == 1 and step.wait is None
            ):  # a limit that began before does not stop while the step waits for its time
                yield _limit(view, run, step, element, record, library)
        case StepStatus.APPROVAL:
            yield _approval(view, run, step, record, library)
        case StepStatus.READY | StepStatus.HELD:
            yield _limit(view, run, step, element, record, library)
        case _:
            return


def _limit(
    view: RunSteps, run: Run, step: CompiledStep, element: str, record: Step | None, library: Library
) -> Deadline | None:
    path = record.path if record else first_path(step, element)
    for time in _applying(view, step, element):
        named = time.spec.law
        if named and not library.versions(named):
            of_step = step_id(run.id, step.key, path)
            return view.state.deadlines.get(deadline_id(of_step, Purpose.LIMIT, turn=_turn(record)))
        started = _started_at(view, run, step, time, element, record, _nearest(named, library, run))
        law = _law(view.state, run, time.spec, library, element, started)
        if law is None or law.is_used:
            rule = _rule(time, law) if started is not None else None
            if rule is None or started is None:
                return None
            unit, of_step = step.spec.assign.unit or _place_told(view, step, element), step_id(run.id, step.key, path)
            by = who_owes(view.state, run, of_step, library, unit=unit, law=law.limit if law else None)
            return _deadline(view.state, run, step.key, path, Purpose.LIMIT, started, rule, library, _turn(record), by)
    return None


def _place_told(view: RunSteps, step: CompiledStep, element: str) -> str:
    """Return the place that the answers named by the step tell, the first that is known; empty while none is."""
    if not step.spec.assign.unit_from:
        return ""
    lookup = view.lookup(element, step.spec.for_each)
    told = (lookup(tuple(name.split("."))) for name in step.spec.assign.unit_from)
    return next((value for value in told if isinstance(value, str)), "")


def _turn(record: Step | None) -> int:
    return record.turn if record else 1


def _applying(view: RunSteps, step: CompiledStep, element: str) -> Iterator[CompiledTime]:
    """Return the time limits whose condition is true, in order; one that is still unknown is passed over meanwhile."""
    lookup = view.lookup(element, step.spec.for_each)
    for time in step.times:
        if time.condition is None or truth_of(time.condition, lookup) is Truth.TRUE:
            yield time


def _law(
    state: CaseState, run: Run, spec: TimeSpec, library: Library, element: str, started: datetime | None
) -> LawInCase | None:
    """Find the law limit that a time limit names, as it stood when it started; while that is not known, the run."""
    if not spec.law:
        return None
    at = started or run.started_at
    return law_in_case(state, run, spec.law, library, started=at, element=element, option=spec.option)


def _nearest(limit_id: str | None, library: Library, run: Run) -> LawLimit | None:
    """Find the version that stood when the run began, to know which events start the limit."""
    return library.law(limit_id, on=run.started_at.date()) if limit_id else None


def _rule(time: CompiledTime, law: LawInCase | None) -> _Rule | None:
    spec = time.spec
    limit = time.limit or (law.limit_for(spec.option) if law else None)
    if limit is None:
        return None
    warn = time.warn or (law.limit.warn if law else ())
    exclude = spec.exclude or (law.limit.excludes if law else ())
    kept_until = law.limit.kept_until_of(limit) if law else KeptUntil.INSTANT
    return _Rule(limit, spec.law, spec.ladder, warn, exclude, kept_until)


def _started_at(
    view: RunSteps,
    run: Run,
    step: CompiledStep,
    time: CompiledTime,
    element: str,
    record: Step | None,
    law: LawLimit | None,
) -> datetime | None:
    record = view.first(step.key, element) if step.keeps_limit else record
    opened_at = record.opened_at if record else None
    if record is not None and record.round > 1 and (step.has_rounds or step.loop or step.waits_to_be_called):
        return opened_at
    if time.spec.from_ == "ready":
        return _start_by_law(view, run, element, law) or opened_at
    return _named_start(view, run, step, time.spec.from_, element)


def _named_start(view: RunSteps, run: Run, step: CompiledStep, name: str, element: str) -> datetime | None:
    """Return the moment that a file names: `start`, a step, `step.field` or a fact; None while it is not known."""
    if name == "start":
        return run.started_at
    key, _, field = name.partition(".")
    head = view.compiled.steps.get(key)
    if head is None:
        value = view.lookup(element)(tuple(name.split(".")))
        return value if isinstance(value, datetime) else None
    return _instant_of(view, step, head, field or None, element)


def _start_by_law(view: RunSteps, run: Run, element: str, law: LawLimit | None) -> datetime | None:
    """Return the start that the law limit itself names, for a workflow that names none."""
    for start in law.starts if law else ():
        if start == "start":
            return run.started_at
        ended = [
            step.ended_at
            for step in view.state.steps.values()
            if step.uses == start and step.run_id == run.id and step.ended_at and step.status is StepStatus.ENDED
            if not element or step.base_path in {"", element}
        ]
        if ended:
            return min(ended)
    return None


def _instant_of(
    view: RunSteps, step: CompiledStep, head: CompiledStep, field: str | None, element: str
) -> datetime | None:
    """Return when a step ended, or the instant that it told; of a step for each person, once all have, the last."""
    found: list[datetime] = []
    for one in view.related(head, element, step.spec.for_each):
        if view.is_called_off(head.key, one):
            continue
        ended = view.ended(head.key, one)
        value = (ended.ended_at if ended else None) if field is None else view.lookup(one)((head.key, field))
        if not isinstance(value, datetime):
            return None
        found.append(value)
    return max(found, default=None)


def _deadline(
    state: CaseState,
    run: Run,
    key: str,
    path: str,
    purpose: Purpose,
    started: datetime,
    rule: _Rule,
    library: Library,
    turn: int,
    by: CountedBy,
) -> Deadline:
    of_step = step_id(run.id, key, path)
    of = deadline_id(of_step, purpose, turn=turn)
    earlier = state.deadlines.get(of) or state.past.get(of)
    ladder, warn = library.ladders.get(rule.ladder), tuple(map(str, rule.warn))
    counted: dict[str, object] = {
        "id": of, "run_id": run.id, "step_id": of_step, "key": key, "path": path, "purpose": purpose,
        "limit": str(rule.limit), "law": rule.law, "ladder": rule.ladder, "warn": warn, "zone": by.zone,
        "calendar": by.calendar, "counted_by": by.counted_by, "started_at": started, "due_at": started,
        "pauses": earlier.pauses if earlier else (), "extensions": earlier.extensions if earlier else (),
        "critical": ladder is not None and ladder.overrides_quiet_hours,
        "excluded": _excluded(state, of_step, rule, started), "kept_until": rule.kept_until,
    }  # fmt: skip
    return library.once(tuple(counted.values()), lambda: reckon(Deadline.model_validate(counted), library))


def _excluded(state: CaseState, of_step: UUID, rule: _Rule, started: datetime) -> tuple[Excluded, ...]:
    """List the stretches that a limit leaves out: over, after its start, and for the law only with their place."""
    return tuple(
        Excluded(name=one.name, start=one.start, end=one.end)
        for one in sorted(state.intervals, key=lambda interval: interval.start)
        if one.name in rule.exclude and one.step_id == of_step and (one.has_place or not rule.law)
        if one.end is not None and one.end > max(started, one.start)
    )


def _opening(run: Run, record: Step, library: Library) -> Deadline | None:
    at = record.opens_at
    if at is None:
        return None
    return library.once(
        ("opening", record.id, at, run.zone, run.calendar),
        lambda: Deadline(
            id=deadline_id(record.id, Purpose.OPENING), run_id=run.id, step_id=record.id, key=record.key,
            path=record.path, purpose=Purpose.OPENING, limit="PT0S", law=None, ladder="", zone=run.zone,
            calendar=run.calendar, warn=(), started_at=at, due_at=at,
        ),
    )  # fmt: skip


def _approval(view: RunSteps, run: Run, step: CompiledStep, record: Step, library: Library) -> Deadline | None:
    approve = step.spec.approve
    if approve is None or approve.limit is None or record.recorded_at is None:
        return None
    rule = _Rule(TimeLimit(approve.limit), None, approve.ladder, (), ())
    started = record.recorded_at
    by = who_owes(view.state, run, UUID(int=0), library)
    return _deadline(
        view.state, run, record.key, record.path, Purpose.APPROVAL, started, rule, library, record.turn, by
    )


def _of_added(view: RunSteps, run: Run, record: Step, added: AddedStep, library: Library) -> Deadline | None:
    spec = TimeSpec(limit=added.limit, law=added.law, ladder=added.ladder, exclude=added.exclude)
    if spec.law and not library.versions(spec.law):
        return view.state.deadlines.get(deadline_id(record.id, Purpose.LIMIT))
    started = added.from_at or _start_of_added(view, run, record, library) or record.opened_at
    law = _law(view.state, run, spec, library, record.base_path, started)
    if law is not None and not law.is_used:
        return None
    rule = _rule(CompiledTime(spec, None, TimeLimit(added.limit) if added.limit else None, ()), law)
    if rule is None or started is None:
        return None
    by = who_owes(view.state, run, record.id, library, added_for=added.place, law=law.limit if law else None)
    return _deadline(view.state, run, record.key, record.path, Purpose.LIMIT, started, rule, library, record.turn, by)


def _start_of_added(view: RunSteps, run: Run, record: Step, library: Library) -> datetime | None:
    """Give the start that the law names for the limit of a step that a person added, when that has happened already."""
    if record.added is None or record.added.follow_up:
        return None
    return _start_by_law(view, run, record.base_path, _nearest(record.added.law, library, run))
