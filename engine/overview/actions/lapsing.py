"""End what nobody has agreed to in time: it is not done, and who asked is told."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from engine.approvals.actions.approvals import end_late
from engine.approvals.records import ApprovalKind, ApprovalRequest
from engine.approvals.store import ApprovalStore
from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.cases.actions.deciding import carry_out
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core.keeping import CopyStatus, ErasureStatus
from engine.core.referral import ReferralStatus
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.definitions.actions.proposals import drop_proposal
from engine.errors import AlreadyEndedError, NotFoundError
from engine.persons.store import LinkStore
from engine.retention.store import KeepingStore
from engine.sharing.actions.releasing import drop_unreleased
from engine.sharing.actions.sharing import known_referral

log = logging.getLogger(__name__)
_MOST: Final = 200


def lapse_approvals(engine: Engine) -> int:
    """End every request that has waited too long, each in a transaction of its own; returns how many.

    One that fails is logged by its id and tried again later.
    """
    with engine.transaction() as tx:
        late = tx.of(ApprovalStore).run_out(now=engine.clock.now(), most=_MOST)
    done = 0
    for request_id, case_id in late:
        try:
            done += _lapse(engine, request_id, case_id)
        except Exception as error:  # noqa: BLE001 - one that cannot be ended must not hold up the others
            log.warning("approval_not_ended", extra={"request": str(request_id), "error": type(error).__name__})
    return done


def _lapse(engine: Engine, request_id: UUID, case_id: UUID | None) -> bool:
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id) if case_id else None
        request = tx.of(ApprovalStore).get(request_id)
        if request is None or request.answered_at is not None or request.expires_at > now:
            return False
        end_late(engine, tx, request, now=now, state=state)
        undo = _UNDONE.get(ApprovalKind(request.kind))
        if undo is not None:
            undo(engine, tx, state, request, now)
        elif state is not None and request.kind in _KEPT:
            tx.of(CaseStore).note(state, *_KEPT[request.kind](request), actor_id=None, at=now)
        tx.of(AuditLogStore).note("access", "ApprovalLapsed", {"request_id": str(request_id)}, actor_id=None, at=now)
        tx.commit()
        return True


def _no_more_time(
    engine: Engine, tx: Transaction, state: CaseState | None, request: ApprovalRequest, now: datetime
) -> None:
    """Refuse the time that was asked for, unless its limit is over anyway."""
    if state is None:
        return
    try:
        command = cm.AnswerExtension(request.subject_id, approved=False, by=None)
        carry_out(engine, tx, state, command, actor_id=None, now=now)
    except (AlreadyEndedError, NotFoundError):
        return


def _no_merge(
    engine: Engine,  # noqa: ARG001 - all are called alike
    tx: Transaction,
    state: CaseState | None,
    request: ApprovalRequest,
    now: datetime,
) -> None:
    link = tx.of(LinkStore).get(request.subject_id)
    if link is None or not link.is_asked or state is None:
        return
    tx.of(LinkStore).save(link.model_copy(update={"ended_at": now}))
    body = {"link_id": str(link.id), "kind": link.kind.value, "reason_code": link.reason_code, "rests": link.rests}
    tx.of(CaseStore).note(state, "MergeRefused", body, actor_id=None, at=now)


def _no_erasure(
    engine: Engine,  # noqa: ARG001 - all are called alike
    tx: Transaction,
    state: CaseState | None,
    request: ApprovalRequest,
    now: datetime,
) -> None:
    erasure = tx.of(KeepingStore).erasure(request.subject_id)
    if erasure is None or erasure.status is not ErasureStatus.ASKED or state is None:
        return
    tx.of(KeepingStore).save_erasure(erasure.end(ErasureStatus.REFUSED, by=None, at=now, reason="lapsed"))
    body = {"erasure_id": str(erasure.id), "person_id": str(erasure.person_id), "status": ErasureStatus.REFUSED.value}
    tx.of(CaseStore).note(state, "ErasureEnded", body, actor_id=None, at=now)


def _no_release(
    engine: Engine,  # noqa: ARG001 - all are called alike
    tx: Transaction,
    state: CaseState | None,
    request: ApprovalRequest,
    now: datetime,
) -> None:
    referral = known_referral(tx, request.subject_id)
    if referral.status is ReferralStatus.HELD and state is not None:
        drop_unreleased(tx, state, referral, by=None, now=now)


def _no_copy(
    engine: Engine,  # noqa: ARG001 - all are called alike
    tx: Transaction,
    state: CaseState | None,  # noqa: ARG001
    request: ApprovalRequest,
    now: datetime,  # noqa: ARG001
) -> None:
    copy = tx.of(KeepingStore).copy(request.subject_id)
    if copy is not None and copy.status is CopyStatus.ASKED:
        changes = {"status": CopyStatus.EXPIRED, "revision": copy.revision + 1}
        tx.of(KeepingStore).save_copy(copy.model_copy(update=changes))


def _no_definition(
    engine: Engine,  # noqa: ARG001 - all are called alike
    tx: Transaction,
    state: CaseState | None,  # noqa: ARG001
    request: ApprovalRequest,
    now: datetime,  # noqa: ARG001
) -> None:
    drop_proposal(tx, request)


_UNDONE: Final[
    Mapping[ApprovalKind, Callable[[Engine, Transaction, CaseState | None, ApprovalRequest, datetime], None]]
] = {
    ApprovalKind.MORE_TIME: _no_more_time,
    ApprovalKind.MERGE: _no_merge,
    ApprovalKind.ERASURE: _no_erasure,
    ApprovalKind.RELEASE: _no_release,
    ApprovalKind.COPY: _no_copy,
    ApprovalKind.DEFINITION: _no_definition,
}
"""What is to be done where the thing itself knows that it waits."""

_KEPT: Final[Mapping[str, Callable[[ApprovalRequest], tuple[str, dict[str, object]]]]] = {
    ApprovalKind.LIFT_DENIAL: lambda request: ("DenialKept", {"denial_id": str(request.subject_id)}),
    ApprovalKind.LIFT_HOLD: lambda request: ("HoldKept", {"hold_id": str(request.subject_id), "agreed": False}),
    ApprovalKind.OPEN_SEAL: lambda _: ("SealKept", {}),
    ApprovalKind.CLOSURE: lambda _: ("ClosingRefused", {}),
}
"""What the history of the case says where everything stays as it is."""
