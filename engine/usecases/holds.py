"""Hold a case back from erasure while an appeal, a claim or an order needs it; lifting that takes two people."""

from uuid import UUID

from engine.adapters.sql.unit_of_work import UnitOfWork
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
    with engine.unit_of_work() as work:
        state = work.cases.lock(case_id)
        require_member(viewer, state, Action.HOLD)
        known = work.records.answer_to(command_id)
        if known is not None:
            return UUID(str(known["hold_id"]))
        hold = Hold(
            id=engine.entropy.uuid(), case_id=case_id, kind=HoldKind(kind), placed_by=viewer.actor_id, placed_at=now
        )
        work.keeping.add_hold(hold, reason=reason.strip())
        body = {"hold_id": str(hold.id), "kind": hold.kind.value}
        work.cases.note(state, "HoldPlaced", body, actor_id=viewer.actor_id, at=now)
        work.records.remember(command_id, {"hold_id": str(hold.id)}, case_id=case_id, at=now)
        work.commit()
        return hold.id


def ask_to_lift(engine: Engine, case_id: UUID, hold_id: UUID, *, viewer: Viewer) -> None:
    """Ask that a hold is lifted; raises `AlreadyEndedError`, `NotFoundError`, `NotAllowedError`."""
    now = engine.clock.now()
    with engine.unit_of_work() as work:
        state = work.cases.lock(case_id)
        require_member(viewer, state, Action.HOLD)
        _hold(work, case_id, hold_id).require_live()
        ask_second(engine, work, ApprovalKind.LIFT_HOLD, hold_id, asked_by=viewer.actor_id, now=now, state=state)
        work.cases.note(state, "HoldLiftAsked", {"hold_id": str(hold_id)}, actor_id=viewer.actor_id, at=now)
        work.commit()


def answer_lift(engine: Engine, case_id: UUID, hold_id: UUID, *, viewer: Viewer, agreed: bool) -> None:
    """Lift a hold as a second person, or let it stand.

    Raises `AlreadyEndedError` when nobody asks for it, `OwnApprovalError`, `NotFoundError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.unit_of_work() as work:
        state = work.cases.lock(case_id)
        require_member(viewer, state, Action.HOLD)
        hold = _hold(work, case_id, hold_id)
        take_answer(
            engine, work, ApprovalKind.LIFT_HOLD, hold_id, viewer=viewer, approved=agreed, now=now, state=state
        )  # fmt: skip
        if agreed:
            work.keeping.save_hold(hold.lift(viewer.actor_id, now))
        body = {"hold_id": str(hold_id), "agreed": agreed}
        work.cases.note(state, "HoldLifted" if agreed else "HoldKept", body, actor_id=viewer.actor_id, at=now)
        work.commit()


def read_reason(engine: Engine, case_id: UUID, hold_id: UUID, *, viewer: Viewer) -> str:
    """Give the sealed words of a hold, that it was read written first; empty when they can no longer be read.

    Raises `AuditUnavailableError`, `NotFoundError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.unit_of_work() as work:
        require_member(viewer, work.cases.read(case_id), Action.HOLD)
        hold = _hold(work, case_id, hold_id)
        work.audit.note_reading(reading_of(viewer, case_id, "hold", ("narrative",), at=now, subject_id=hold_id))
        work.commit()
    with engine.unit_of_work() as work:
        try:
            return work.keeping.reason_of(hold)
        except KeyMissingError:
            return ""


def _hold(work: UnitOfWork, case_id: UUID, hold_id: UUID) -> Hold:
    hold = work.keeping.hold(hold_id)
    if hold is None or hold.case_id != case_id:
        raise NotFoundError(kind="hold")
    return hold
