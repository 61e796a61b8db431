"""Keep a restored installation in custody: nothing that it brings back goes on before two people have looked at it."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from engine.approvals.actions.approvals import Handler, ask_second, others_who_may, register, take_answer
from engine.approvals.records import ApprovalKind
from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.cases.views.lists import find_case
from engine.core.access import Grant, GrantKind
from engine.core.case_links import ReferralStatus
from engine.core.policy import THIS_MACHINE, Action, Viewer, require
from engine.core.retention import ErasureStatus
from engine.db.transaction import Transaction
from engine.errors import AlreadyEndedError, NotAllowedError
from engine.retention.records import Revived, RevivedGrant, RevivedOffer, RevivedPerson
from engine.retention.store import CustodyStore, RetentionStore
from engine.sharing.actions.sharing import call_back, can_be_called_back
from engine.sharing.records.consent import law_of
from engine.sharing.store import ConsentStore, ReferralStore
from engine.sign_in.actions.guarding import CUSTODY, custody_since

_SUBJECT: Final = UUID(int=1)
_WITHOUT: Final = "without"
_CALLED_BACK: Final = "custody"
_MOST: Final = 10_000
_EVER: Final = timedelta(days=36_500)


class RestoreStanding(NamedTuple):
    """What two people look at before a restored installation is let go (UTC)."""

    since: datetime
    people: tuple[RevivedPerson, ...]
    grants: tuple[RevivedGrant, ...]
    offers: tuple[RevivedOffer, ...] = ()


def take_into_custody(engine: Engine) -> Revived:
    """End, right after a restore, all that the backup would revive; returns how much of each.

    Sessions, keys, invitations and partners' links are over for good; requests for a second person run out; erasures
    that were agreed to are off, since what was held back after the backup is not known here. Grants are suspended until
    two people let go. Until then nobody but a system administrator signs in, and sees no case by any other role.
    """
    now, wall = engine.clock.now(), engine.wall_clock.now()
    with engine.transaction() as tx:
        revived = tx.of(CustodyStore).end_all(at=wall)
        for erasure_id in tx.of(RetentionStore).ripe(now=now + _EVER, most=_MOST):
            erasure = tx.of(RetentionStore).erasure(erasure_id)
            if erasure is not None:
                tx.of(RetentionStore).save_erasure(
                    erasure.end(ErasureStatus.WITHDRAWN, by=None, at=now, reason="restored")
                )
        tx.of(HousekeepingStore).set_installation(CUSTODY, {"since": wall.isoformat()})
        tx.of(AuditLogStore).note("keeping", "RestoredIntoCustody", revived._asdict(), actor_id=None, at=now)
        tx.commit()
    return revived


def standing(engine: Engine, *, viewer: Viewer) -> RestoreStanding | None:
    """Return what has to be looked at; None for an installation that is in no custody. Raises `NotAllowedError`."""
    require(viewer, Action.MANAGE_PEOPLE)
    with engine.transaction() as tx:
        since = custody_since(tx)
        if since is None:
            return None
        return RestoreStanding(
            since, tx.of(CustodyStore).people(), tx.of(CustodyStore).suspended_grants(), tx.of(CustodyStore).offers()
        )


def ask_release(engine: Engine, *, viewer: Viewer, without: Iterable[str] = ()) -> UUID:
    """Ask that the custody ends, as the one who has gone through the list; returns the request's id.

    The grants of the cases with the numbers `without` stay over, and what was offered of them is called back: it was
    since the backup, or nobody is sure.
    Raises `AlreadyEndedError` where there is none or somebody has asked already, `NoSecondPersonError`,
    `NotAllowedError` for the machine: a person has to have looked.
    """
    if viewer.is_system:
        raise NotAllowedError(actor=viewer.name, action=Action.MANAGE_PEOPLE.value)
    now = engine.clock.now()
    with engine.transaction() as tx:
        if custody_since(tx) is None:
            raise AlreadyEndedError(kind="custody")
        kept = sorted(str(engine.ask(find_case, THIS_MACHINE, number)) for number in without)
        unit_id, people = others_who_may(tx, ApprovalKind.CUSTODY, viewer, now)
        request = ask_second(
            engine,
            tx,
            ApprovalKind.CUSTODY,
            _SUBJECT,
            asked_by=viewer.actor_id,
            now=now,
            unit_id=unit_id,
            people=people,
            subject={_WITHOUT: kept},
        )
        tx.of(AuditLogStore).note("keeping", "CustodyReleaseAsked", {}, actor_id=viewer.actor_id, at=now)
        tx.commit()
        return request.id


def answer_release(engine: Engine, *, viewer: Viewer, approved: bool) -> None:
    """End the custody as a second person, who has looked too; or let it stand.

    A suspended grant holds again while that on which it rests does: a referral that is accepted, a consent, a ground in
    law. What somebody saw in an emergency is over, since nobody can confirm that any more. All other suspended grants
    are over for good. Raises `AlreadyEndedError`, `OwnApprovalError`, `NotAllowedError`.
    """
    if viewer.is_system:
        raise NotAllowedError(actor=viewer.name, action=Action.MANAGE_PEOPLE.value)
    require(viewer, Action.MANAGE_PEOPLE)
    now = engine.clock.now()
    with engine.transaction() as tx:
        request = take_answer(engine, tx, ApprovalKind.CUSTODY, _SUBJECT, viewer=viewer, approved=approved, now=now)
        given_back = 0
        if approved:
            without = [UUID(one) for one in request.subject[_WITHOUT]]
            for case_id in without:
                _call_back(engine, tx, case_id, by=viewer.actor_id, now=now)
            given_back = _give_back(tx, but=without, now=now)
            tx.of(HousekeepingStore).set_installation(CUSTODY, {})
        body = {"agreed": approved, "grants": given_back}
        tx.of(AuditLogStore).note("keeping", "CustodyAnswered", body, actor_id=viewer.actor_id, at=now)
        tx.commit()


def _call_back(engine: Engine, tx: Transaction, case_id: UUID, *, by: UUID, now: datetime) -> None:
    """Call back all that was offered of a case, and end what was accepted; one that was handed over stays so."""
    state = tx.of(CaseStore).lock(case_id)
    for referral in tx.of(ReferralStore).of_case(case_id):
        if can_be_called_back(referral):
            state = call_back(engine, tx, state, referral, reason=_CALLED_BACK, by=by, now=now)


def _give_back(tx: Transaction, *, but: Collection[UUID], now: datetime) -> int:
    held = [grant for grant in tx.of(CustodyStore).suspended(but=but) if _rests_on_something(tx, grant, now)]
    count = sum(tx.of(CustodyStore).give_back(grant.id) for grant in held)
    tx.of(CustodyStore).end_suspended()
    return count


def _rests_on_something(tx: Transaction, grant: Grant, now: datetime) -> bool:
    """Return whether that on which a suspended grant was given holds still."""
    if grant.kind is GrantKind.EMERGENCY_ACCESS or (grant.valid_until is not None and grant.valid_until <= now):
        return False
    consent = tx.of(ConsentStore).get(grant.consent_id) if grant.consent_id else None
    if grant.consent_id and (consent is None or not consent.is_live(now)):
        return False
    if grant.referral_id is None:
        return True
    referral = tx.of(ReferralStore).get(grant.referral_id)
    if referral is None or referral.status is not ReferralStatus.ACCEPTED:
        return False
    if consent is not None or not referral.ground:
        return True
    return bool(law_of(referral.ground, tx.of(CaseStore).read(grant.case_id).case.jurisdiction))


register(
    ApprovalKind.CUSTODY,
    Handler(
        "asks to end the review after a restore", "End the review: I have checked too", "Keep the review open",
        look=lambda _: "/custody",
        answer=lambda given: answer_release(given.engine, viewer=given.viewer, approved=given.approved),
    ),
)  # fmt: skip
