"""Say who must never see a case, and let them see it again: the deny list, which beats every other right."""

import re
from uuid import UUID

from engine.adapters.sql.access_store import AccessStore
from engine.adapters.sql.approval_store import ApprovalStore
from engine.adapters.sql.case_store import CaseStore
from engine.adapters.sql.directory_store import DirectoryStore
from engine.adapters.sql.duty_store import DutyStore
from engine.adapters.sql.housekeeping_store import HousekeepingStore
from engine.adapters.sql.item_store import ItemStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.domain import work_item as verbs
from engine.domain.access import Denial
from engine.domain.consequences import WorkItem
from engine.domain.four_eyes import ApprovalKind
from engine.domain.policy import Action
from engine.domain.state import CaseState
from engine.errors import AlreadyEndedError, InvalidAnswersError, NotFoundError
from engine.usecases.approvals import ask_second, take_answer
from engine.usecases.calls import end_calls_to_barred
from engine.usecases.deciding import require_member
from engine.views import Viewer

_CODE = re.compile(r"^[a-z][a-z0-9_]{1,39}$")


def deny_access(
    engine: Engine,
    case_id: UUID,
    *,
    viewer: Viewer,
    command_id: UUID,
    reason_code: str,
    actor_id: UUID | None = None,
    unit_id: UUID | None = None,
) -> UUID:
    """Let a person, or a whole unit, never see a case, from the next request on; gives the denial's id.

    It beats every grant, every role and break-glass. What they had claimed is given back, and nobody is asked to
    ring them about it. The history says that it was
    done and names nobody. Raises `InvalidAnswersError` for nobody, for oneself, for the case's own unit and for a
    reason that is no code; `NotFoundError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, Action.DENY)
        known = tx.of(HousekeepingStore).answer_to(command_id)
        if known is not None:
            return UUID(str(known["id"]))
        problems = _problems(tx, state, viewer, actor_id, unit_id, reason_code)
        if problems:
            raise InvalidAnswersError(problems)
        denial = Denial(
            id=engine.entropy.uuid(), case_id=case_id, actor_id=actor_id, unit_id=None if actor_id else unit_id,
            reason_code=reason_code, set_by=viewer.actor_id, set_at=now,
        )  # fmt: skip
        tx.of(AccessStore).deny(denial)
        released = [str(item.id) for item in give_back_what_is_barred(tx, case_id)]
        whom = "person" if actor_id else "unit"
        body = {"denial_id": str(denial.id), "whom": whom} | ({"released": released} if released else {})
        after = tx.of(CaseStore).note(state, "AccessDenied", body, actor_id=viewer.actor_id, at=now)
        end_calls_to_barred(engine, tx, after, now=now)
        tx.of(HousekeepingStore).remember(command_id, {"id": str(denial.id)}, case_id=case_id, at=now)
        tx.commit()
        return denial.id


def ask_to_lift_denial(
    engine: Engine, case_id: UUID, denial_id: UUID, *, viewer: Viewer, command_id: UUID, reason_code: str
) -> UUID:
    """Ask that somebody may see a case again; a second person must agree within 7 days. Gives the request's id.

    Raises `InvalidAnswersError` for a reason that is no code and where somebody has asked already; `NotFoundError`,
    `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, Action.LIFT_DENIAL)
        known = tx.of(HousekeepingStore).answer_to(command_id)
        if known is not None:
            return UUID(str(known["id"]))
        _live_denial(tx, case_id, denial_id)
        if not _CODE.fullmatch(reason_code):
            raise InvalidAnswersError({"reason_code": "Choose a reason."})
        try:
            request = ask_second(
                engine, tx, ApprovalKind.LIFT_DENIAL, denial_id, asked_by=viewer.actor_id, now=now, state=state,
                reason_code=reason_code,
            )  # fmt: skip
        except AlreadyEndedError:
            problem = "Someone has already asked for this: a second person must answer."
            raise InvalidAnswersError({"reason_code": problem}) from None
        body = {"denial_id": str(denial_id), "request_id": str(request.id)}
        tx.of(CaseStore).note(state, "DenialLiftAsked", body, actor_id=viewer.actor_id, at=now)
        tx.of(HousekeepingStore).remember(command_id, {"id": str(request.id)}, case_id=case_id, at=now)
        tx.commit()
        return request.id


def answer_lift(
    engine: Engine, case_id: UUID, request_id: UUID, *, viewer: Viewer, command_id: UUID, approved: bool
) -> None:
    """Agree, as the second person, that somebody may see a case again; or not.

    Raises `OwnApprovalError` for who asked, `AlreadyEndedError`, `NotFoundError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, Action.LIFT_DENIAL)
        if tx.of(HousekeepingStore).answer_to(command_id) is not None:
            return
        request = tx.of(ApprovalStore).get(request_id)
        if request is None or request.case_id != case_id or request.kind != ApprovalKind.LIFT_DENIAL:
            raise NotFoundError(kind="request")
        denial_id = request.subject_id
        take_answer(
            engine, tx, ApprovalKind.LIFT_DENIAL, denial_id, viewer=viewer, approved=approved, now=now, state=state
        )  # fmt: skip
        if approved:
            tx.of(AccessStore).lift(denial_id, by=request.asked_by, second_by=viewer.actor_id, at=now)
        event = "DenialLifted" if approved else "DenialKept"
        tx.of(CaseStore).note(state, event, {"denial_id": str(denial_id)}, actor_id=viewer.actor_id, at=now)
        tx.of(HousekeepingStore).remember(command_id, {"id": str(request_id)}, case_id=case_id, at=now)
        tx.commit()


def give_back_what_is_barred(tx: Transaction, case_id: UUID) -> tuple[WorkItem, ...]:
    """Give back to all its candidates what people had claimed who must not see the case; gives what it was."""
    barred = tx.of(DutyStore).conflicted(case_id)
    theirs = tuple(item for item in tx.of(ItemStore).open_of_case(case_id) if item.assignee_id in barred)
    for item in theirs:
        tx.of(ItemStore).save(verbs.release(item))
    return theirs


def _live_denial(tx: Transaction, case_id: UUID, denial_id: UUID) -> Denial:
    denial = tx.of(AccessStore).denial(denial_id)
    if denial is None or denial.case_id != case_id or denial.lifted_at is not None:
        raise NotFoundError(kind="denial")
    return denial


def _problems(
    tx: Transaction, state: CaseState, viewer: Viewer, actor_id: UUID | None, unit_id: UUID | None, reason_code: str
) -> dict[str, str]:
    problems = {} if _CODE.fullmatch(reason_code) else {"reason_code": "Choose a reason from the list."}
    if (actor_id is None) == (unit_id is None):
        problems["actor_id"] = "Choose either a person or a unit."
    elif actor_id is not None and (actor_id == viewer.actor_id or tx.of(DirectoryStore).actor(actor_id) is None):
        problems["actor_id"] = "Choose someone else in the network."
    elif unit_id is not None and (unit_id == state.case.unit_id or tx.of(DirectoryStore).unit(unit_id) is None):
        problems["unit_id"] = "Choose another unit: the unit responsible for the case cannot be denied access."
    return problems
