"""Close a case before all is settled, and open it again."""

from datetime import datetime
from uuid import UUID

from engine.access.actions.restrict import require_not_restricted
from engine.approvals.actions.approvals import (
    Handler,
    ask_second,
    case_page,
    overtake,
    register,
    require_other,
    take_answer,
)
from engine.approvals.records import ApprovalKind
from engine.approvals.store import ApprovalStore
from engine.assembly import Engine
from engine.cases.actions.deciding import carry_out, keep_words, keep_words_of, require_member, require_reason
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.records import CLOSE_REASONS, REOPEN_REASONS, case_reason
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core.case_links import CaseMergedError
from engine.core.policy import Action, Viewer
from engine.core.records import CaseStatus, RunStatus
from engine.core.settle import advice_against, stands
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.definitions.store import DefinitionStore
from engine.errors import AlreadyEndedError, ConflictError, InvalidAnswersError
from engine.retention.store import RetentionStore


def close_case(
    engine: Engine, case_id: UUID, *, viewer: Viewer, command_id: UUID, reason_code: str, words: str = ""
) -> bool:
    """Close a case, with a reason and words that are sealed; gives whether it is closed, or waits for a second person.

    A case in which nothing goes on, since it was opened again, closes at once. Where a workflow of it goes on, closing
    is against its advice: what is open is called off when a second person, who supervises, agrees. Raises
    `InvalidAnswersError`, `AlreadyEndedError` for a closed case, `CaseMergedError`, `NoSecondPersonError` when nobody
    else in the unit may agree, `NotFoundError`, `NotAllowedError`.
    """
    words = require_reason(CLOSE_REASONS, reason_code, words, words_needed=False)
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, Action.STEER)
        if (known := tx.of(HousekeepingStore).answer_to(command_id)) is not None:
            return bool(known.get("closed", True))
        is_closed = state.case.status is CaseStatus.CLOSED or advice_against(state).workflows == 0
        if is_closed:
            decided = carry_out(engine, tx, state, cm.CloseCase(reason_code), actor_id=viewer.actor_id, now=now)
            keep_words(tx, state, decided.events, "CaseClosed", words)
        else:
            _ask(engine, tx, state, viewer, reason_code, words, now)
        tx.of(HousekeepingStore).remember(
            command_id, {"case_id": str(case_id), "closed": is_closed}, case_id=case_id, at=now
        )
        tx.commit()
        return is_closed


def answer_closing(engine: Engine, case_id: UUID, *, viewer: Viewer, approved: bool) -> None:
    """Close a case as a second person, or let it go on; who asked takes it back.

    When something else is open in it than when it was asked for, the request is over and who asked is told: raises
    `ConflictError` then. Raises `AlreadyEndedError` when nobody asks for it, `OwnApprovalError`, `NotFoundError`,
    `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, Action.STEER)
        request = tx.of(ApprovalStore).open_about(ApprovalKind.CLOSURE, case_id)
        if request is None:
            raise AlreadyEndedError(kind="request to close the case")
        if approved and viewer.actor_id != request.asked_by:
            require_member(viewer, state, Action.AGREE_CLOSURE)
        answered = take_answer(
            engine, tx, ApprovalKind.CLOSURE, case_id, viewer=viewer, approved=approved, now=now, state=state,
            stands=lambda: stands(state),
        )  # fmt: skip
        is_in_time = not answered.is_overtaken
        if approved and is_in_time:
            carry_out(engine, tx, state, cm.CloseCase(request.reason_code), actor_id=viewer.actor_id, now=now)
        else:
            tx.of(CaseStore).note(state, "ClosingRefused", {}, actor_id=viewer.actor_id, at=now)
        tx.commit()
    if not is_in_time:
        raise ConflictError(kind="case")


def _ask(
    engine: Engine, tx: Transaction, state: CaseState, viewer: Viewer, reason_code: str, words: str, now: datetime
) -> None:
    """Ask for a second person, once; anew when something else is open than when it was asked for."""
    waiting = tx.of(ApprovalStore).open_about(ApprovalKind.CLOSURE, state.case.id)
    if waiting is not None and waiting.expires_at > now:
        if waiting.seen == stands(state):
            return
        overtake(tx, ApprovalKind.CLOSURE, state.case.id, now=now)
    require_other(tx, ApprovalKind.CLOSURE, viewer, state.case.unit_id, now)
    advice = advice_against(state)
    asked_by = viewer.acting_id
    ask_second(
        engine, tx, ApprovalKind.CLOSURE, state.case.id, asked_by=asked_by, now=now, state=state,
        reason_code=reason_code, subject=advice._asdict(), seen=stands(state),
    )  # fmt: skip
    body = {"reason_code": reason_code, **advice._asdict()}
    tx.of(CaseStore).note(state, "ClosingAsked", body, actor_id=asked_by, at=now)
    keep_words_of(tx, state, state.case.chain_length + 1, words)


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
        tx.of(RetentionStore).drop_proposals(case_id, by=viewer.actor_id, at=now)
        if workflow:
            _begin(engine, tx, opened.state, workflow, viewer, now)
        tx.of(HousekeepingStore).remember(command_id, {"case_id": str(case_id)}, case_id=case_id, at=now)
        tx.commit()


def _require_reopenable(tx: Transaction, state: CaseState, workflow: str | None) -> None:
    if state.case.merged_into is not None:
        raise CaseMergedError
    if state.case.status is not CaseStatus.CLOSED:
        raise InvalidAnswersError({"reason_code": "This case is already open."})
    require_not_restricted(tx, state, shown_at="reason_code")
    if not workflow and all(run.status is RunStatus.ABORTED for run in state.runs.values()):
        problem = "All workflows of this case were stopped: choose one that begins in it."
        raise InvalidAnswersError({"workflow": problem})


def _begin(engine: Engine, tx: Transaction, state: CaseState, workflow: str, viewer: Viewer, now: datetime) -> None:
    stored = tx.of(DefinitionStore).current("workflow", workflow)
    if stored is None or not stored.serves(state.case.unit_id):
        raise InvalidAnswersError({"workflow": "There is no such workflow."})
    command = cm.StartRun(engine.entropy.uuid(), stored.content_hash, now, state.case.jurisdiction)
    carry_out(engine, tx, state, command, actor_id=viewer.actor_id, now=now)


register(
    ApprovalKind.CLOSURE,
    Handler(
        "asks to close the case although something is still open in it", "Close the case", "Keep the case open",
        look=case_page(), because=lambda view: case_reason(view.reason_code),
        lapse=lambda late: late.note("ClosingRefused"),
        answer=lambda given: answer_closing(given.engine, given.case_id, viewer=given.viewer, approved=given.approved),
    ),
)  # fmt: skip
