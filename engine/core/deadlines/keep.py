"""Keep the deadlines of a case as they should be, and say whose delay it is when one is not kept."""

from datetime import datetime
from operator import attrgetter
from typing import Final, NamedTuple
from uuid import UUID

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.compiled import CompiledStep, CompiledTime
from engine.core.deadlines.firings import BREACH, Points, calls_ended, with_next
from engine.core.deadlines.lateness import is_overdue
from engine.core.deadlines.timers import wanted_deadlines
from engine.core.draft import Draft, open_step
from engine.core.records import (
    AddedStep,
    CallEnd,
    CaseStatus,
    Deadline,
    DeadlineStatus,
    DelayOwner,
    Purpose,
    RunStatus,
    Step,
    StepStatus,
    step_id,
)
from engine.core.state import CaseState
from engine.core.values import RunSteps
from engine.errors import NotFoundError
from engine.language.ladders import Level

_COMPARED = attrgetter(
    "due_at", "late_at", "kept_until", "started_at", "limit", "law", "ladder", "warn", "zone", "calendar", "critical",
    "excluded", "counted_by",
)  # fmt: skip
_PLANNED = attrgetter("next_at", "next_firing")
_KEPT = (
    "breached_at", "fired", "acknowledged_at", "raised", "delay_owner", "owner_named_at", "discovered_at",
    "calls",
)  # fmt: skip
"""What a deadline does not lose when it is counted again; pauses and extensions are counted with."""
_OWNER_BY_OUTCOME = {
    "blocked_by_other_body": DelayOwner.OTHER_BODY,
    "refused_by_person": DelayOwner.PERSONS_CHOICE,
}
"""Whose delay it is when a step ends late in this way, unless somebody has said otherwise."""


def settle_deadlines(draft: Draft) -> bool:
    """Set, move or end each deadline that differs from what should run; says whether a breach opened anything."""
    before = len(draft.events)
    wanted: dict[UUID, Deadline] = {}
    for run in () if draft.state.case.rests else draft.open_runs():
        for deadline in wanted_deadlines(draft.view(run.id), draft.library):
            wanted[deadline.id] = deadline
    for known in list(draft.state.deadlines.values()):
        if known.id not in wanted and _is_judged(draft, known):
            _end(draft, known)
    for deadline in wanted.values():
        _set_or_move(draft, deadline)
    return any(isinstance(event, ev.STEP_EVENTS) for event in draft.events[before:])


def move_deadlines(draft: Draft, run_id: UUID) -> None:
    """Move the deadlines of a run that intervals have changed, before it is judged whether they were kept."""
    for wanted in wanted_deadlines(draft.view(run_id), draft.library):
        known = draft.state.deadlines.get(wanted.id)
        if known is not None and (known.due_at, known.late_at) != (wanted.due_at, wanted.late_at):
            moved = with_next(_carried(known, wanted), draft.library)
            draft.emit(ev.DeadlineMoved(before=known.due_at, deadline=moved, cause=draft.cause))


def breached(draft: Draft, deadline: Deadline, points: Points | None = None) -> Deadline:
    """Record a breach, dated at the due instant though a limit may have been kept longer, and open what follows.

    `points` is the schedule of the deadline where that is known.
    """
    changes = {
        "breached_at": deadline.due_at, "fired": (*deadline.fired, BREACH), "discovered_at": draft.now,
        "delay_owner": deadline.delay_owner or _usual_owner(draft, deadline),
    }  # fmt: skip
    passed = with_next(deadline.model_copy(update=changes), draft.library, points)
    draft.emit(ev.DeadlineBreached(deadline=passed))
    if passed.purpose is Purpose.LIMIT:
        open_on_breach(draft, passed)
    return passed


def _is_judged(draft: Draft, known: Deadline) -> bool:
    """Return whether it can be told that a deadline is no longer wanted: not while its run's definition is not here."""
    run = draft.state.runs[known.run_id]
    return run.status is not RunStatus.OPEN or draft.definitions.get(run.definition_hash) is not None


def _end(draft: Draft, known: Deadline) -> None:
    met_at = _met_at(draft, known)
    is_late = met_at > known.late_from if met_at else is_overdue(known.late_from, draft.now)
    if is_late and known.breached_at is None and known.purpose is not Purpose.OPENING:
        known = breached(draft, known)
    known = calls_ended(draft, known, CallEnd.OVER)
    status = DeadlineStatus.MET if met_at and _is_kept(draft, known) else DeadlineStatus.ENDED
    changes = {
        "status": status, "ended_at": met_at or draft.now, "next_at": None, "next_firing": None,
        "delay_owner": _owner_at_end(draft, known),
    }  # fmt: skip
    draft.emit(ev.DeadlineEnded(deadline=known.model_copy(update=changes)))


def _usual_owner(draft: Draft, deadline: Deadline) -> DelayOwner:
    """Give whose delay it is, as far as definitions can tell: by the ladder, else by who owes the limit of the law."""
    ladder = draft.library.ladder_of(deadline)
    if ladder and ladder.delay_owner:
        return DelayOwner(ladder.delay_owner)
    law = draft.library.law(deadline.law, on=deadline.started_at.date()) if deadline.law else None
    return DelayOwner(law.owed_by) if law else DelayOwner.OURS


def _owner_at_end(draft: Draft, known: Deadline) -> DelayOwner | None:
    step = draft.state.steps.get(known.step_id)
    if known.breached_at is None or known.owner_named_at is not None or step is None:
        return known.delay_owner
    return _OWNER_BY_OUTCOME.get(step.outcome or "", known.delay_owner)


def _met_at(draft: Draft, known: Deadline) -> datetime | None:
    """Give when what a deadline asks for was done: answered, or looked at by a second person; None when it was not."""
    step = draft.state.steps.get(known.step_id)
    if step is None:
        return None
    if known.purpose is Purpose.LIMIT:
        return step.ended_at if step.status in {StepStatus.ENDED, StepStatus.APPROVAL} else None
    is_looked_at = known.purpose is Purpose.APPROVAL and step.status is not StepStatus.CANCELLED
    return draft.now if is_looked_at else None


def _is_kept(draft: Draft, known: Deadline) -> bool:
    """Whether what the law asks for was done: a body that did not do its part, or a refusal, ends it otherwise."""
    step = draft.state.steps[known.step_id]
    return known.law is None or known.purpose is not Purpose.LIMIT or (step.outcome or "") not in _OWNER_BY_OUTCOME


def _set_or_move(draft: Draft, wanted: Deadline) -> None:
    known = draft.state.deadlines.get(wanted.id)
    is_counted_alike = known is not None and _COMPARED(known) == _COMPARED(wanted)
    if is_counted_alike and not draft.plans_again:
        return
    earlier = known or draft.state.past.get(wanted.id)
    current = with_next(_carried(earlier, wanted) if earlier else wanted, draft.library)
    if known is None:
        draft.emit(ev.DeadlineSet(deadline=current))
    elif is_counted_alike and _PLANNED(known) == _PLANNED(current):
        return
    else:
        draft.emit(ev.DeadlineMoved(before=known.due_at, deadline=current, cause=draft.cause))
    if current.late_from < draft.now and current.breached_at is None and current.purpose is not Purpose.OPENING:
        breached(draft, current)


def _carried(earlier: Deadline, counted: Deadline) -> Deadline:
    """Return a deadline as it is counted now, with all that has happened to it so far."""
    return counted.model_copy(update={name: getattr(earlier, name) for name in _KEPT})


def open_on_breach(draft: Draft, deadline: Deadline) -> None:
    """Open the steps that a breach of this deadline leads to, each once; ours begin when it is due by the clock."""
    run = draft.state.runs[deadline.run_id]
    if run.status is not RunStatus.OPEN or draft.definitions.get(run.definition_hash) is None:
        return
    for step, element in opened_by_breach(draft.view(run.id), deadline):
        if draft.view(run.id).latest(step.key, element) is None:
            open_step(draft, run, step, element)


def opened_by_breach(view: RunSteps, deadline: Deadline) -> list[tuple[CompiledStep, str]]:
    """List what a breach of a deadline opens, with the elements: the steps that the applying time limit names."""
    late = view.compiled.steps.get(deadline.key)
    if late is None or deadline.purpose is not Purpose.LIMIT:
        return []
    keys = {key for time in late.times if is_time_of(time, deadline) for key in time.spec.on_breach}
    element = "/".join(part for part in deadline.path.split("/") if not part.startswith("r:"))
    return [
        (view.compiled.steps[key], one)
        for key in view.compiled.order
        if key in keys
        for one in view.related(view.compiled.steps[key], element, late.spec.for_each)
    ]


def is_time_of(time: CompiledTime, deadline: Deadline) -> bool:
    """Return whether a deadline is an instance of this time limit."""
    is_same = (time.spec.ladder, time.spec.law) == (deadline.ladder, deadline.law)
    return is_same and (time.limit is None or str(time.limit) == deadline.limit)


OWNER_FIELD = "delay_owner"
"""The answer of a delay note that says whose delay it is."""


def name_owner(draft: Draft, command: cm.NameDelayOwner) -> None:
    """Say whose delay a deadline is, be it over or not; raises `NotFoundError`."""
    deadline = draft.state.deadlines.get(command.deadline_id) or draft.state.past.get(command.deadline_id)
    if deadline is None:
        raise NotFoundError(kind="deadline")
    if deadline.delay_owner is not command.owner or deadline.owner_named_at is None:
        named = deadline.model_copy(update={"delay_owner": command.owner, "owner_named_at": draft.now})
        draft.emit(ev.DelayOwnerNamed(deadline=named, by=command.by))


def note_owner(draft: Draft, note: Step) -> None:
    """Return the late deadlines that a delay note explains the owner that it names."""
    owner = note.outputs.get(OWNER_FIELD)
    if not isinstance(owner, str) or owner not in set(DelayOwner):
        return
    for deadline in [*draft.state.deadlines.values(), *draft.state.past.values()]:
        if deadline.breached_at is not None and _explains(draft, note, deadline):
            name_owner(draft, cm.NameDelayOwner(deadline.id, DelayOwner(owner), note.completed_by))


def _explains(draft: Draft, note: Step, deadline: Deadline) -> bool:
    """Return whether a note is about a deadline: it was added for it, or its breach opens the note."""
    if note.added is not None:
        return note.added.for_deadline == deadline.id
    if deadline.run_id != note.run_id:
        return False
    opened = opened_by_breach(draft.view(note.run_id), deadline)
    return any((step.key, element) == (note.key, note.base_path) for step, element in opened)


RELEASE, CALL = "core.release", "core.call"
_STANDARD: Final = "standard"


class LevelStep(NamedTuple):
    """A step that a level adds to the run of its deadline."""

    id: UUID
    run_id: UUID
    key: str
    path: str
    added: AddedStep


def step_of(state: CaseState, event: ev.LevelRaised, level: Level) -> LevelStep | None:
    """Return the step that a level opens: to release its letter, once.

    The steps of levels have ladders of their own, and those open no further steps.
    """
    deadline, to = event.deadline, level.to
    late = state.steps.get(deadline.step_id)
    is_own = late is not None and late.uses in {RELEASE, CALL}
    if is_own or is_over(state, deadline) or not (to.law_route and to.released_by and to.release_within):
        return None
    added = AddedStep(
        uses=RELEASE, title=f"Letter to {to.law_route}", limit=str(to.release_within), ladder=_STANDARD,
        roles=(to.released_by.value,), for_deadline=deadline.id,
        settings={"letter": to.letter or "", "to": to.law_route, "level": str(level.level)},
    )  # fmt: skip
    key = f"release_{deadline.id.hex[:8]}_{level.level}"
    return LevelStep(step_id(deadline.run_id, key, deadline.path), deadline.run_id, key, deadline.path, added)


def is_over(state: CaseState, deadline: Deadline) -> bool:
    """Whether nothing follows from a deadline any more: its case is closed, or its run was aborted."""
    return state.case.status is CaseStatus.CLOSED or state.runs[deadline.run_id].status is RunStatus.ABORTED
