"""Say who has no part in a case, and end that again: a recusal beats every other right."""

import re
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import JsonValue

from engine.access.store import AccessStore
from engine.approvals.actions.approvals import Answer, Handler, ask_second, case_page, register, take_answer
from engine.approvals.records import ApprovalKind, ApprovalRequest
from engine.approvals.store import ApprovalStore
from engine.assembly import Engine
from engine.cases.actions.deciding import require_member
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.core import consequences as verbs
from engine.core.access import Recusal, RecusalReason
from engine.core.consequences import WorkItem
from engine.core.policy import Action, Viewer
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.deadlines.actions.acknowledge import end_calls_to_barred
from engine.errors import AlreadyEndedError, InvalidAnswersError, NotFoundError
from engine.people.store import DirectoryStore
from engine.work.store import ItemStore

_CODE: Final = re.compile(r"^[a-z][a-z0-9_]{1,39}$")


def recuse(
    engine: Engine,
    case_id: UUID,
    *,
    viewer: Viewer,
    command_id: UUID,
    reason: RecusalReason,
    reason_code: str,
    actor_id: UUID | None = None,
    unit_id: UUID | None = None,
) -> UUID:
    """Let a person, or a whole unit, never see a case, from the next request on; returns the id of the recusal.

    It beats every grant, every role and emergency access. No message of the case reaches them, what they had claimed is
    given back, and nobody is asked to ring them about it. They are not told of that. The history says that it was done
    and names nobody; the reason is a code, never free words. A conflict of interest is one person's: noted again, it
    takes the place of the one before. Raises `InvalidAnswersError` for nobody, for oneself, for the case's own unit and
    for a reason that is no code; `NotFoundError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, Action.RECUSE)
        if (known := tx.of(HousekeepingStore).answer_to(command_id)) is not None:
            return UUID(str(known["id"]))
        problems = _problems(tx, state, viewer, reason, actor_id, unit_id, reason_code)
        if problems:
            raise InvalidAnswersError(problems)
        recusal = Recusal(
            id=engine.entropy.uuid(), case_id=case_id, actor_id=actor_id, unit_id=unit_id, reason=reason,
            reason_code=reason_code, set_by=viewer.actor_id, set_at=now,
        )  # fmt: skip
        _write(tx, recusal, now)
        released: list[JsonValue] = [str(item.id) for item in give_back_what_is_barred(tx, case_id)]
        type_, body = event_of(recusal)
        body |= {"released": released} if released else {}
        after = tx.of(CaseStore).note(state, type_, body, actor_id=viewer.actor_id, at=now)
        end_calls_to_barred(engine, tx, after, now=now)
        tx.of(HousekeepingStore).remember(command_id, {"id": str(recusal.id)}, case_id=case_id, at=now)
        tx.commit()
        return recusal.id


def end_recusal(
    engine: Engine, case_id: UUID, recusal_id: UUID, *, viewer: Viewer, command_id: UUID, reason_code: str = ""
) -> UUID | None:
    """End a conflict of interest; or ask to end a denial, to which a second person must agree within 7 days.

    Gives the id of the request that waits; None once it has ended. Raises `InvalidAnswersError` for a denial without a
    reason that is a code, and where somebody has asked already; `NotFoundError`, `NotAllowedError`.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, Action.RECUSE)
        if (known := tx.of(HousekeepingStore).answer_to(command_id)) is not None:
            return UUID(str(known["id"])) if "id" in known else None
        recusal = next((one for one in tx.of(AccessStore).recusals_of(case_id) if one.id == recusal_id), None)
        if recusal is None:
            raise NotFoundError(kind="recusal")
        answer: dict[str, JsonValue] = {"case_id": str(case_id)}
        if recusal.reason is RecusalReason.CONFLICT_OF_INTEREST:
            request = None
            tx.of(AccessStore).end_recusal(recusal_id, by=viewer.actor_id, at=now)
            body = {"actor_id": str(recusal.actor_id)}
            tx.of(CaseStore).note(state, "ConflictEnded", body, actor_id=viewer.actor_id, at=now)
        else:
            request = _ask_second(engine, tx, state, recusal_id, viewer, reason_code, now)
            answer["id"] = str(request.id)
        tx.of(HousekeepingStore).remember(command_id, answer, case_id=case_id, at=now)
        tx.commit()
        return request.id if request else None


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
        recusal_id = request.subject_id
        take_answer(
            engine, tx, ApprovalKind.LIFT_DENIAL, recusal_id, viewer=viewer, approved=approved, now=now, state=state
        )  # fmt: skip
        if approved:
            tx.of(AccessStore).end_recusal(recusal_id, by=request.asked_by, at=now)
        event = "DenialLifted" if approved else "DenialKept"
        tx.of(CaseStore).note(state, event, {"denial_id": str(recusal_id)}, actor_id=viewer.actor_id, at=now)
        tx.of(HousekeepingStore).remember(command_id, {"id": str(request_id)}, case_id=case_id, at=now)
        tx.commit()


def give_back_what_is_barred(tx: Transaction, case_id: UUID) -> tuple[WorkItem, ...]:
    """Give back to all its candidates what people had claimed who must not see the case; returns what it was."""
    barred = tx.of(AccessStore).recused(case_id)
    theirs = tuple(item for item in tx.of(ItemStore).open_of_case(case_id) if item.assignee_id in barred)
    for item in theirs:
        tx.of(ItemStore).save(verbs.release(item))
    return theirs


def event_of(recusal: Recusal) -> tuple[str, dict[str, JsonValue]]:
    """Return the type and body of the event that says that somebody was recused.

    That of a conflict of interest names the person, so that the history keeps it from them.
    """
    if recusal.reason is RecusalReason.CONFLICT_OF_INTEREST:
        return "ConflictNoted", {"actor_id": str(recusal.actor_id)}
    return "AccessDenied", {"denial_id": str(recusal.id), "whom": recusal.whom}


def _write(tx: Transaction, recusal: Recusal, now: datetime) -> None:
    """Write a recusal, in place of a conflict of interest that says the same."""
    for one in tx.of(AccessStore).recusals_of(recusal.case_id):
        if recusal.reason is RecusalReason.CONFLICT_OF_INTEREST and one.says_as(recusal):
            tx.of(AccessStore).end_recusal(one.id, by=recusal.set_by, at=now)
    tx.of(AccessStore).recuse(recusal)


def _ask_second(
    engine: Engine,
    tx: Transaction,
    state: CaseState,
    recusal_id: UUID,
    viewer: Viewer,
    reason_code: str,
    now: datetime,
) -> ApprovalRequest:
    require_member(viewer, state, Action.LIFT_DENIAL)
    if not _CODE.fullmatch(reason_code):
        raise InvalidAnswersError({"reason_code": "Choose a reason."})
    try:
        request = ask_second(
            engine, tx, ApprovalKind.LIFT_DENIAL, recusal_id, asked_by=viewer.actor_id, now=now, state=state,
            reason_code=reason_code,
        )  # fmt: skip
    except AlreadyEndedError:
        problem = "Someone has already asked for this: a second person must answer."
        raise InvalidAnswersError({"reason_code": problem}) from None
    body = {"denial_id": str(recusal_id), "request_id": str(request.id)}
    tx.of(CaseStore).note(state, "DenialLiftAsked", body, actor_id=viewer.actor_id, at=now)
    return request


def _problems(
    tx: Transaction,
    state: CaseState,
    viewer: Viewer,
    reason: RecusalReason,
    actor_id: UUID | None,
    unit_id: UUID | None,
    reason_code: str,
) -> dict[str, str]:
    problems = {} if _CODE.fullmatch(reason_code) else {"reason_code": "Choose a reason from the list."}
    if reason is RecusalReason.CONFLICT_OF_INTEREST and (actor_id is None or unit_id is not None):
        problems["actor_id"] = "Choose a person: a conflict of interest is one person's."
    elif (actor_id is None) == (unit_id is None):
        problems["actor_id"] = "Choose either a person or a unit."
    elif actor_id is not None and (actor_id == viewer.actor_id or tx.of(DirectoryStore).actor(actor_id) is None):
        problems["actor_id"] = "Choose someone else in the network."
    elif unit_id is not None and (unit_id == state.case.unit_id or tx.of(DirectoryStore).unit(unit_id) is None):
        problems["unit_id"] = "Choose another unit: the unit responsible for the case cannot be denied access."
    return problems


def _answer(given: Answer) -> None:
    answer_lift(
        given.engine, given.case_id, given.asked.id, viewer=given.viewer, command_id=given.command_id,
        approved=given.approved,
    )  # fmt: skip


register(
    ApprovalKind.LIFT_DENIAL,
    Handler(
        "asks to restore the access of someone who must not see the case", "Restore access", "Keep access denied",
        look=case_page("/access"), answer=_answer,
        lapse=lambda late: late.note("DenialKept", denial_id=str(late.request.subject_id)),
    ),
)  # fmt: skip
