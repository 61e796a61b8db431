"""What follows from a command: the pure core that the live system, the simulator and the replayer share."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

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
    DONE_BY[type(command)](draft, command)
    settle(draft)


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


def _cancel(draft: Draft, command: cm.CancelStep) -> None:
    cancel(draft, live_step(draft, command.step_id), command.reason_code)


def _record_fact(draft: Draft, command: cm.RecordFact) -> None:
    record_fact(draft, command.name, command.value, source=command.source)


def _record_interval(draft: Draft, command: cm.RecordInterval) -> None:
    record_interval(draft, command.interval)


def _recount(draft: Draft, command: cm.Recount) -> None:
    draft.cause, draft.plans_again = command.cause, True


def _reopen(draft: Draft, command: cm.ReopenCase) -> None:
    if draft.state.case.status is CaseStatus.CLOSED:
        draft.emit(ev.CaseReopened(at=draft.now, reason_code=command.reason_code))


DONE_BY: Mapping[type[cm.Command], Callable[[Draft, Any], None]] = {
    cm.StartRun: _start_run, cm.MoveRun: move, cm.AbortRun: _abort, cm.CloseCase: _close, cm.ReopenCase: _reopen,
    cm.CompleteStep: complete, cm.ApproveStep: approve, cm.AddStep: add, cm.CancelStep: _cancel,
    cm.BringFollowUps: bring, cm.RecordFact: _record_fact, cm.RecordInterval: _record_interval,
    cm.AddPerson: add_person, cm.RemovePerson: remove_person, cm.ChangePersonRole: change_role,
    cm.MergeCase: merge, cm.UnmergeCase: unmerge,
    cm.FireDeadline: fire, cm.PauseDeadline: pause, cm.ResumeDeadline: resume, cm.NameDelayOwner: name_owner,
    cm.AskExtension: ask_extension, cm.AnswerExtension: answer_extension, cm.Recount: _recount,
    cm.Acknowledge: acknowledge, cm.MissLevel: miss,
    cm.AskCalls: ask_calls, cm.NoteCall: note_call, cm.EndCalls: end_calls,
}  # fmt: skip
"""What each command does to a draft."""
