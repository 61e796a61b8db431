"""What follows from a command: the pure core that the live system, the simulator and the replayer share."""

from collections.abc import Mapping
from datetime import datetime

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.case_links import merge, require_part_of_merged, unmerge
from engine.core.compiled import CompiledWorkflow
from engine.core.deadlines.firing import acknowledge, answer_extension, ask_extension, fire, miss, pause, resume
from engine.core.deadlines.firings import ask_calls, end_calls, note_call
from engine.core.deadlines.keep import name_owner
from engine.core.draft import Draft
from engine.core.follow_ups import bring
from engine.core.library import Library
from engine.core.moving import move
from engine.core.persons import add_person, change_role, remove_person
from engine.core.records import CaseStatus, Run, RunStatus
from engine.core.settle import settle
from engine.core.state import CaseState
from engine.core.steps import abort, add, approve, cancel, complete, live_step, record_fact, record_interval
from engine.errors import AlreadyEndedError, NotFoundError

_ALSO_WHEN_CLOSED = (
    cm.ReopenCase, cm.FireDeadline, cm.Acknowledge, cm.MissLevel, cm.NameDelayOwner, cm.MergeCase, cm.UnmergeCase,
    cm.NoteCall, cm.EndCalls, cm.BringFollowUps,
)  # fmt: skip


def decide(
    definitions: Mapping[str, CompiledWorkflow], library: Library, state: CaseState, command: cm.Command, now: datetime
) -> tuple[ev.Event, ...]:
    """Return the events that follow from a command at `now` (aware, UTC); takes and raises what `follow` does."""
    return follow(definitions, library, state, command, now)[0]


def follow(
    definitions: Mapping[str, CompiledWorkflow], library: Library, state: CaseState, command: cm.Command, now: datetime
) -> tuple[tuple[ev.Event, ...], CaseState]:
    """Return the events that follow from a command at `now` (aware, UTC), and the state that they lead to.

    The same arguments always give the same events. Raises `NotFoundError` for what is not in the case,
    `AlreadyEndedError` for what is over, `UnknownOutcomeError` for an outcome that the step type does not have,
    `ConflictError` for an added step that would take the name of another, `NoCalendarError` for a run in a place
    without a calendar, a `LimitChangeError` for a pause or an extension that cannot be, `CaseMergedError` for what
    cannot be done in a case that was merged into another. A command that says what is so already gives no events.
    """
    draft = Draft(state, definitions, library, now)
    decide_in(draft, command)
    return tuple(draft.events), draft.state


def decide_in(draft: Draft, command: cm.Command) -> None:
    """Do what `follow` does in a draft: its events are those that follow, its state the one that they lead to."""
    if draft.state.case.status is CaseStatus.CLOSED and not isinstance(command, _ALSO_WHEN_CLOSED):
        raise AlreadyEndedError(kind="case")
    require_part_of_merged(draft.state, command)
    if isinstance(command, cm.FireDeadline):
        draft.settled = draft.state  # by the command before; what a calendar or law changes since is counted again
    _apply(draft, command)
    settle(draft)


def _apply(draft: Draft, command: cm.Command) -> None:  # noqa: C901, PLR0912, PLR0915 - one line for each command
    match command:
        case cm.StartRun():
            _start_run(draft, command)
        case cm.CompleteStep():
            complete(draft, command)
        case cm.ApproveStep():
            approve(draft, command)
        case cm.AddStep():
            add(draft, command)
        case cm.BringFollowUps():
            bring(draft, command)
        case cm.CancelStep():
            cancel(draft, live_step(draft, command.step_id), command.reason_code)
        case cm.RecordFact():
            record_fact(draft, command.name, command.value, source=command.source)
        case cm.RecordInterval():
            record_interval(draft, command.interval)
        case cm.AddPerson():
            add_person(draft, command)
        case cm.RemovePerson():
            remove_person(draft, command)
        case cm.ChangePersonRole():
            change_role(draft, command)
        case cm.MergeCase():
            merge(draft, command)
        case cm.UnmergeCase():
            unmerge(draft, command)
        case cm.FireDeadline():
            fire(draft, command)
        case cm.Acknowledge():
            acknowledge(draft, command)
        case cm.MissLevel():
            miss(draft, command)
        case cm.AskCalls():
            ask_calls(draft, command)
        case cm.NoteCall():
            note_call(draft, command)
        case cm.EndCalls():
            end_calls(draft, command)
        case cm.PauseDeadline():
            pause(draft, command)
        case cm.ResumeDeadline():
            resume(draft, command)
        case cm.AskExtension():
            ask_extension(draft, command)
        case cm.AnswerExtension():
            answer_extension(draft, command)
        case cm.NameDelayOwner():
            name_owner(draft, command)
        case cm.Recount():
            draft.cause, draft.plans_again = command.cause, True
        case cm.MoveRun():
            move(draft, command)
        case cm.AbortRun():
            _abort(draft, command)
        case cm.CloseCase():
            _close(draft, command)
        case cm.ReopenCase():
            if draft.state.case.status is CaseStatus.CLOSED:
                draft.emit(ev.CaseReopened(at=draft.now, reason_code=command.reason_code))


def _start_run(draft: Draft, command: cm.StartRun) -> None:
    if command.run_id in draft.state.runs:
        return
    compiled = draft.definitions.get(command.definition_hash)
    if compiled is None:
        raise NotFoundError(kind="definition")
    calendar = draft.library.calendar(command.jurisdiction)
    run = Run(
        id=command.run_id,
        workflow=compiled.workflow.workflow,
        version=compiled.workflow.version,
        definition_hash=command.definition_hash,
        started_at=command.started_at,
        zone=calendar.zone,
        calendar=calendar.name,
        jurisdiction=command.jurisdiction,
    )
    draft.emit(ev.RunStarted(run=run))


def _abort(draft: Draft, command: cm.AbortRun) -> None:
    run = draft.state.runs.get(command.run_id)
    if run is None:
        raise NotFoundError(kind="run")
    if run.status is not RunStatus.OPEN:
        raise AlreadyEndedError(kind="run")
    abort(draft, run, command.reason_code)


def _close(draft: Draft, command: cm.CloseCase) -> None:
    """Abort what goes on; a case in which nothing does, since it was opened again, closes too."""
    for run in list(draft.state.runs.values()):
        if run.status is RunStatus.OPEN:
            _abort(draft, cm.AbortRun(run.id, command.reason_code))
    draft.emit(ev.CaseClosed(at=draft.now, reason_code=command.reason_code))
