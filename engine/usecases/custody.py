"""Keep a restored installation in custody: nothing that it brings back goes on before two people have looked at it."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from engine.adapters.sql.audit_log_store import AuditLogStore
from engine.adapters.sql.case_store import CaseStore
from engine.adapters.sql.consent_store import ConsentStore
from engine.adapters.sql.custody_store import CustodyStore
from engine.adapters.sql.directory_store import DirectoryStore
from engine.adapters.sql.housekeeping_store import HousekeepingStore
from engine.adapters.sql.keeping_store import KeepingStore
from engine.adapters.sql.queries.cases import find_case
from engine.adapters.sql.referral_store import ReferralStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.domain.access import Grant, GrantKind
from engine.domain.consent import law_of
from engine.domain.four_eyes import ApprovalKind
from engine.domain.keeping import ErasureStatus
from engine.domain.policy import Action, can
from engine.domain.referral import ReferralStatus
from engine.errors import AlreadyEndedError, NotAllowedError
from engine.spec.roles import Role
from engine.stores import Revived, RevivedGrant, RevivedOffer, RevivedPerson
from engine.usecases.approvals import ask_second, others_who_may, take_answer
from engine.usecases.sharing import call_back, can_be_called_back
from engine.views import THIS_MACHINE, Viewer

_FACT: Final = "custody"
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
    """End, right after a restore, all that the backup would revive; gives how much of each.

    Sessions, keys, invitations and partners' links are over for good; requests for a second person run out; erasures
    that were agreed to are off, since what was held back after the backup is not known here. Grants are suspended until
    two people let go. Until then nobody but a system administrator signs in, and sees no case by any other role.
    """
    now, wall = engine.clock.now(), engine.wall_clock.now()
    with engine.transaction() as tx:
        revived = tx.of(CustodyStore).end_all(at=wall)
        for erasure_id in tx.of(KeepingStore).ripe(now=now + _EVER, most=_MOST):
            erasure = tx.of(KeepingStore).erasure(erasure_id)
            if erasure is not None:
                tx.of(KeepingStore).save_erasure(
                    erasure.end(ErasureStatus.WITHDRAWN, by=None, at=now, reason="restored")
                )
        tx.of(HousekeepingStore).set_installation(_FACT, {"since": wall.isoformat()})
        tx.of(AuditLogStore).note("keeping", "RestoredIntoCustody", revived._asdict(), actor_id=None, at=now)
        tx.commit()
    return revived


def standing(engine: Engine, *, viewer: Viewer) -> RestoreStanding | None:
    """Give what has to be looked at; None for an installation that is in no custody. Raises `NotAllowedError`."""
    _require_keeper(viewer)
    with engine.transaction() as tx:
        since = _since(tx)
        if since is None:
            return None
        return RestoreStanding(
            since, tx.of(CustodyStore).people(), tx.of(CustodyStore).suspended_grants(), tx.of(CustodyStore).offers()
        )


def may_enter(tx: Transaction, actor_id: UUID) -> bool:
    """Say whether somebody may sign in now: everybody, or in custody who looks after people."""
    if _since(tx) is None:
        return True
    person = tx.of(DirectoryStore).actor(actor_id)
    return person is not None and Role.SYSTEM_ADMINISTRATOR in person.roles


def as_keeper(tx: Transaction, viewer: Viewer) -> Viewer:
    """Give somebody with the roles that count now: all, or in custody that of who looks after people alone.

    Who has another role beside it would see cases, at the very time at which denials and seals may be lost.
    """
    if _since(tx) is None:
        return viewer
    roles = tuple(role for role in viewer.roles if role == Role.SYSTEM_ADMINISTRATOR)
    kept = tuple(one.model_copy(update={"roles": roles}) for one in viewer.memberships if set(roles) & set(one.roles))
    units = tuple(one.unit_id for one in kept) if viewer.memberships else viewer.unit_ids
    return viewer.model_copy(update={"roles": roles, "memberships": kept, "unit_ids": units})


def ask_release(engine: Engine, *, viewer: Viewer, without: Iterable[str] = ()) -> UUID:
    """Ask that the custody ends, as the one who has gone through the list; gives the request's id.

    The grants of the cases with the numbers `without` stay over, and what was offered of them is called back: it was
    since the backup, or nobody is sure.
    Raises `AlreadyEndedError` where there is none or somebody has asked already, `NoSecondPersonError`,
    `NotAllowedError` for the machine: a person has to have looked.
    """
    if viewer.is_system:
        raise NotAllowedError(actor=viewer.name, action=Action.MANAGE_PEOPLE.value)
    now = engine.clock.now()
    with engine.transaction() as tx:
        if _since(tx) is None:
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
    _require_keeper(viewer)
    now = engine.clock.now()
    with engine.transaction() as tx:
        request = take_answer(engine, tx, ApprovalKind.CUSTODY, _SUBJECT, viewer=viewer, approved=approved, now=now)
        given_back = 0
        if approved:
            without = [UUID(one) for one in request.subject[_WITHOUT]]
            for case_id in without:
                _call_back(engine, tx, case_id, by=viewer.actor_id, now=now)
            given_back = _give_back(tx, but=without, now=now)
            tx.of(HousekeepingStore).set_installation(_FACT, {})
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
    """Say whether that on which a suspended grant was given holds still."""
    if grant.kind is GrantKind.BREAK_GLASS or (grant.valid_until is not None and grant.valid_until <= now):
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


def _since(tx: Transaction) -> datetime | None:
    fact = tx.of(HousekeepingStore).installation(_FACT)
    return datetime.fromisoformat(fact["since"]) if fact else None


def _require_keeper(viewer: Viewer) -> None:
    if not can(viewer, Action.MANAGE_PEOPLE):
        raise NotAllowedError(actor=viewer.name, action=Action.MANAGE_PEOPLE.value)
