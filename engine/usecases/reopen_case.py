"""Open a closed case again."""

from datetime import datetime
from uuid import UUID

from engine.adapters.sql.case_store import CaseStore
from engine.adapters.sql.definition_store import DefinitionStore
from engine.adapters.sql.housekeeping_store import HousekeepingStore
from engine.adapters.sql.keeping_store import KeepingStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.domain import commands as cm
from engine.domain.case_reasons import REOPEN_REASONS
from engine.domain.policy import Action
from engine.domain.records import CaseStatus, RunStatus
from engine.domain.state import CaseState
from engine.errors import CaseMergedError, InvalidAnswersError
from engine.usecases.deciding import carry_out, require_member
from engine.usecases.given_reasons import keep_words, require_reason
from engine.usecases.restrictions import require_no_seal
from engine.views import Viewer


def reopen_case(
    engine: Engine,
    case_id: UUID,
    *,
    viewer: Viewer,
    command_id: UUID,
    reason_code: str,
    words: str,
    workflow: str | None = None,
) -> None:
    """Go on with a closed case, with a reason and words that are sealed; perhaps with a workflow that begins in it.

    What had ended stays so. A workflow that was over goes on with the next step that is added to it; where all were
    stopped, one must be named that begins. What was proposed since the case closed, as its time was over, is off: time
    runs anew from the next closing. Raises `InvalidAnswersError` for what does not fit, also for an open case and a
    sealed one; `CaseMergedError`, `NotFoundError`, `NotAllowedError`.
    """
    words = require_reason(REOPEN_REASONS, reason_code, words, words_needed=True)
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, Action.STEER)
        if tx.of(HousekeepingStore).answer_to(command_id) is not None:
            return
        _require_reopenable(tx, state, workflow)
        opened = carry_out(engine, tx, state, cm.ReopenCase(reason_code), actor_id=viewer.actor_id, now=now)
        keep_words(tx, state, opened.events, "CaseReopened", words)
        tx.of(KeepingStore).drop_proposals(case_id, by=viewer.actor_id, at=now)
        if workflow:
            _begin(engine, tx, opened.state, workflow, viewer, now)
        tx.of(HousekeepingStore).remember(command_id, {"case_id": str(case_id)}, case_id=case_id, at=now)
        tx.commit()


def _require_reopenable(tx: Transaction, state: CaseState, workflow: str | None) -> None:
    if state.case.merged_into is not None:
        raise CaseMergedError
    if state.case.status is not CaseStatus.CLOSED:
        raise InvalidAnswersError({"reason_code": "This case is already open."})
    require_no_seal(tx, state, shown_at="reason_code")
    if not workflow and all(run.status is RunStatus.ABORTED for run in state.runs.values()):
        problem = "All workflows of this case were stopped: choose one that begins in it."
        raise InvalidAnswersError({"workflow": problem})


def _begin(engine: Engine, tx: Transaction, state: CaseState, workflow: str, viewer: Viewer, now: datetime) -> None:
    stored = tx.of(DefinitionStore).current("workflow", workflow)
    if stored is None or not stored.serves(state.case.unit_id):
        raise InvalidAnswersError({"workflow": "There is no such workflow."})
    command = cm.StartRun(engine.entropy.uuid(), stored.content_hash, now, state.case.jurisdiction)
    carry_out(engine, tx, state, command, actor_id=viewer.actor_id, now=now)
