"""Open a closed case again."""

from datetime import datetime
from uuid import UUID

from engine.adapters.sql.unit_of_work import UnitOfWork
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
    with engine.unit_of_work() as work:
        state = work.cases.lock(case_id)
        require_member(viewer, state, Action.STEER)
        if work.records.answer_to(command_id) is not None:
            return
        _require_reopenable(work, state, workflow)
        opened = carry_out(engine, work, state, cm.ReopenCase(reason_code), actor_id=viewer.actor_id, now=now)
        keep_words(work, state, opened.events, "CaseReopened", words)
        work.keeping.drop_proposals(case_id, by=viewer.actor_id, at=now)
        if workflow:
            _begin(engine, work, opened.state, workflow, viewer, now)
        work.records.remember(command_id, {"case_id": str(case_id)}, case_id=case_id, at=now)
        work.commit()


def _require_reopenable(work: UnitOfWork, state: CaseState, workflow: str | None) -> None:
    if state.case.merged_into is not None:
        raise CaseMergedError
    if state.case.status is not CaseStatus.CLOSED:
        raise InvalidAnswersError({"reason_code": "This case is already open."})
    require_no_seal(work, state, shown_at="reason_code")
    if not workflow and all(run.status is RunStatus.ABORTED for run in state.runs.values()):
        problem = "All workflows of this case were stopped: choose one that begins in it."
        raise InvalidAnswersError({"workflow": problem})


def _begin(engine: Engine, work: UnitOfWork, state: CaseState, workflow: str, viewer: Viewer, now: datetime) -> None:
    stored = work.definitions.current("workflow", workflow)
    if stored is None or not stored.serves(state.case.unit_id):
        raise InvalidAnswersError({"workflow": "There is no such workflow."})
    command = cm.StartRun(engine.entropy.uuid(), stored.content_hash, now, state.case.jurisdiction)
    carry_out(engine, work, state, command, actor_id=viewer.actor_id, now=now)
