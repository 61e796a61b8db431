"""Let a case go on by another workflow, or another version of its own: looked at before, undone by moving back."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from engine.assembly import Engine
from engine.cases.actions.deciding import command_on_case, require_member
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core.decide import follow
from engine.core.moving import MoveProposal, plan_of_move, propose_workflow
from engine.core.policy import Action, Viewer
from engine.core.records import RunStatus
from engine.core.state import CaseState
from engine.course.records import SeveralRunsError
from engine.db.transaction import Transaction
from engine.definitions.store import DefinitionStore
from engine.errors import AlreadyEndedError, NotFoundError
from engine.messages.actions.notifying import title_of, title_of_step


class MovePreview(NamedTuple):
    """What a move would do to a case: titles of steps, and due times (UTC) before (None: no limit ran) and after."""

    called_off: tuple[str, ...]
    begins: tuple[str, ...]
    due: tuple[tuple[str, datetime | None, datetime], ...]


def preview_move(
    engine: Engine, case_id: UUID, *, viewer: Viewer, workflow: str, run_id: UUID | None = None
) -> MovePreview:
    """Return what it would do to let a case go on by a published workflow; nothing changes.

    Without `run_id` it is the one run that is open; raises `SeveralRunsError` where there are more, and as `move_run`.
    """
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, Action.STEER)
        command = _command(tx, state, workflow, run_id)
        events, after = follow(engine.definitions, tx.library(), state, command, engine.clock.now())
    plan = plan_of_move(state, events)
    due = [
        (title_of(engine, after, then), was.due_at if was else None, then.due_at)
        for was, then in plan.deadlines
        if then is not None
    ]
    return MovePreview(
        tuple(title_of_step(engine, state, step) for step in plan.called_off),
        tuple(title_of_step(engine, after, step) for step in plan.opened),
        tuple(due),
    )


def propose_move(engine: Engine, case_id: UUID, *, viewer: Viewer, run_id: UUID | None = None) -> MoveProposal | None:
    """Return the published workflow that fits a case best by what is known now, and why; None where nothing is open.

    It is proposed for one of its open runs, without `run_id` the first. Nothing changes. Raises `NotFoundError`,
    `NotAllowedError`.
    """
    with engine.transaction() as tx:
        state = tx.of(CaseStore).read(case_id)
        require_member(viewer, state, Action.STEER)
        of = (run for run in state.runs.values() if run.status is RunStatus.OPEN and run_id in {None, run.id})
        run = next(of, None)
        published = tx.of(DefinitionStore).published("workflow") if run else ()
    candidates = {
        one.name: engine.definitions[one.content_hash]
        for one in published
        if one.serves(state.case.unit_id) and one.content_hash in engine.definitions
    }
    return propose_workflow(candidates, state, follows=run.workflow, zone=run.zone) if run else None


def move_run(
    engine: Engine, case_id: UUID, *, viewer: Viewer, command_id: UUID, workflow: str, run_id: UUID | None = None
) -> None:
    """Let a case go on by a published workflow, keeping what was done; moving back undoes it.

    Raises `NotFoundError`, `NotAllowedError`, `AlreadyEndedError` for what is over, `CaseMergedError`,
    `OtherStepTypeError` where a step of one name is of another type in that workflow.
    """
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, Action.STEER)
        command = _command(tx, state, workflow, run_id)
    command_on_case(engine, case_id, command, viewer=viewer, command_id=command_id)


def _command(tx: Transaction, state: CaseState, workflow: str, run_id: UUID | None) -> cm.MoveRun:
    stored = tx.of(DefinitionStore).current("workflow", workflow)
    if stored is None or not stored.serves(state.case.unit_id):
        raise NotFoundError(kind="workflow")
    runs = [run for run in state.runs.values() if run.status is RunStatus.OPEN and run_id in {None, run.id}]
    if not runs:
        raise AlreadyEndedError(kind="run")
    if len(runs) > 1:
        raise SeveralRunsError(runs=", ".join(f"{run.workflow} ({run.id})" for run in runs))
    return cm.MoveRun(runs[0].id, stored.content_hash)
