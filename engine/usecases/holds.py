"""Hold a case back from erasure while an appeal, a claim or an order needs it; lifting that takes two people."""

from uuid import UUID

from engine.adapters.sql.audit_log_store import AuditLogStore
from engine.adapters.sql.case_store import CaseStore
from engine.adapters.sql.housekeeping_store import HousekeepingStore
from engine.adapters.sql.keeping_store import KeepingStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.domain.four_eyes import ApprovalKind
from engine.domain.keeping import Hold, HoldKind
from engine.domain.policy import Action
from engine.errors import InvalidAnswersError, KeyMissingError, NotFoundError
from engine.usecases.approvals import ask_second, take_answer
from engine.usecases.deciding import require_member
from engine.usecases.readings import reading_of
from engine.views import Viewer

_LONGEST = 1_000


def place_hold(engine: Engine, case_id: UUID, *, viewer: Viewer, command_id: UUID, kind: str, reason: str) -> UUID:
    """Let nothing of a case be erased, with the kind of reason and words that are kept sealed; gives the hold's id.

    Raises `InvalidAnswersError`, `NotFoundError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    problems = {}
    if kind not in set(HoldKind):
        problems["kind"] = "Choose why."
    if not reason.strip() or len(reason) > _LONGEST:
        problems["reason"] = f"Say which appeal, claim or order it is, in at most {_LONGEST} characters."
    if problems:
        raise InvalidAnswersError(problems)
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, Action.HOLD)
        known = tx.of(HousekeepingStore).answer_to(command_id)
        if known is not None:
            return UUID(str(known["hold_id"]))
        hold = Hold(
            id=engine.entropy.uuid(), case_id=case_id, kind=HoldKind(kind), placed_by=viewer.actor_id, placed_at=now
        )
        tx.of(KeepingStore).add_hold(hold, reason=reason.strip())
        body = {"hold_id": str(hold.id), "kind": hold.kind.value}
        tx.of(CaseStore).note(state, "HoldPlaced", body, actor_id=viewer.actor_id, at=now)
        tx.of(HousekeepingStore).remember(command_id, {"hold_id": str(hold.id)}, case_id=case_id, at=now)
        tx.commit()
        return hold.id


def ask_to_lift(engine: Engine, case_id: UUID, hold_id: UUID, *, viewer: Viewer) -> None:
    """Ask that a hold is lifted; raises `AlreadyEndedError`, `NotFoundError`, `NotAllowedError`."""
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, Action.HOLD)
        _hold(tx, case_id, hold_id).require_live()
        ask_second(engine, tx, ApprovalKind.LIFT_HOLD, hold_id, asked_by=viewer.actor_id, now=now, state=state)
        tx.of(CaseStore).note(state, "HoldLiftAsked", {"hold_id": str(hold_id)}, actor_id=viewer.actor_id, at=now)
        tx.commit()


def answer_lift(engine: Engine, case_id: UUID, hold_id: UUID, *, viewer: Viewer, agreed: bool) -> None:
    """Lift a hold as a second person, or let it stand.

    Raises `AlreadyEndedError` when nobody asks for it, `OwnApprovalError`, `NotFoundError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, Action.HOLD)
        hold = _hold(tx, case_id, hold_id)
        take_answer(
            engine, tx, ApprovalKind.LIFT_HOLD, hold_id, viewer=viewer, approved=agreed, now=now, state=state
        )  # fmt: skip
        if agreed:
            tx.of(KeepingStore).save_hold(hold.lift(viewer.actor_id, now))
        body = {"hold_id": str(hold_id), "agreed": agreed}
        tx.of(CaseStore).note(state, "HoldLifted" if agreed else "HoldKept", body, actor_id=viewer.actor_id, at=now)
        tx.commit()


def read_reason(engine: Engine, case_id: UUID, hold_id: UUID, *, viewer: Viewer) -> str:
    """Give the sealed words of a hold, that it was read written first; empty when they can no longer be read.

    Raises `AuditUnavailableError`, `NotFoundError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        require_member(viewer, tx.of(CaseStore).read(case_id), Action.HOLD)
        hold = _hold(tx, case_id, hold_id)
        tx.of(AuditLogStore).note_reading(
            reading_of(viewer, case_id, "hold", ("narrative",), at=now, subject_id=hold_id)
        )
        tx.commit()
    with engine.transaction() as tx:
        try:
            return tx.of(KeepingStore).reason_of(hold)
        except KeyMissingError:
            return ""


def _hold(tx: Transaction, case_id: UUID, hold_id: UUID) -> Hold:
    hold = tx.of(KeepingStore).hold(hold_id)
    if hold is None or hold.case_id != case_id:
        raise NotFoundError(kind="hold")
    return hold
