"""Keep a restored installation in custody: nothing that it brings back goes on before two people have looked at it."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from engine.adapters.sql.unit_of_work import UnitOfWork
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
    with engine.unit_of_work() as work:
        revived = work.custody.end_all(at=wall)
        for erasure_id in work.keeping.ripe(now=now + _EVER, most=_MOST):
            erasure = work.keeping.erasure(erasure_id)
            if erasure is not None:
                work.keeping.save_erasure(erasure.end(ErasureStatus.WITHDRAWN, by=None, at=now, reason="restored"))
        work.records.set_installation(_FACT, {"since": wall.isoformat()})
        work.audit.note("keeping", "RestoredIntoCustody", revived._asdict(), actor_id=None, at=now)
        work.commit()
    return revived


def standing(engine: Engine, *, viewer: Viewer) -> RestoreStanding | None:
    """Give what has to be looked at; None for an installation that is in no custody. Raises `NotAllowedError`."""
    _require_keeper(viewer)
    with engine.unit_of_work() as work:
        since = _since(work)
        if since is None:
            return None
        return RestoreStanding(since, work.custody.people(), work.custody.suspended_grants(), work.custody.offers())


def may_enter(work: UnitOfWork, actor_id: UUID) -> bool:
    """Say whether somebody may sign in now: everybody, or in custody who looks after people."""
    if _since(work) is None:
        return True
    person = work.directory.actor(actor_id)
    return person is not None and Role.SYSTEM_ADMINISTRATOR in person.roles


def as_keeper(work: UnitOfWork, viewer: Viewer) -> Viewer:
    """Give somebody with the roles that count now: all, or in custody that of who looks after people alone.

    Who has another role beside it would see cases, at the very time at which denials and seals may be lost.
    """
    if _since(work) is None:
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
    with engine.unit_of_work() as work:
        if _since(work) is None:
            raise AlreadyEndedError(kind="custody")
        kept = sorted(str(engine.queries.find_case(THIS_MACHINE, number)) for number in without)
        unit_id, people = others_who_may(work, ApprovalKind.CUSTODY, viewer, now)
        request = ask_second(
            engine,
            work,
            ApprovalKind.CUSTODY,
            _SUBJECT,
            asked_by=viewer.actor_id,
            now=now,
            unit_id=unit_id,
            people=people,
            subject={_WITHOUT: kept},
        )
        work.audit.note("keeping", "CustodyReleaseAsked", {}, actor_id=viewer.actor_id, at=now)
        work.commit()
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
    with engine.unit_of_work() as work:
        request = take_answer(engine, work, ApprovalKind.CUSTODY, _SUBJECT, viewer=viewer, approved=approved, now=now)
        given_back = 0
        if approved:
            without = [UUID(one) for one in request.subject[_WITHOUT]]
            for case_id in without:
                _call_back(engine, work, case_id, by=viewer.actor_id, now=now)
            given_back = _give_back(work, but=without, now=now)
            work.records.set_installation(_FACT, {})
        body = {"agreed": approved, "grants": given_back}
        work.audit.note("keeping", "CustodyAnswered", body, actor_id=viewer.actor_id, at=now)
        work.commit()


def _call_back(engine: Engine, work: UnitOfWork, case_id: UUID, *, by: UUID, now: datetime) -> None:
    """Call back all that was offered of a case, and end what was accepted; one that was handed over stays so."""
    state = work.cases.lock(case_id)
    for referral in work.referrals.of_case(case_id):
        if can_be_called_back(referral):
            state = call_back(engine, work, state, referral, reason=_CALLED_BACK, by=by, now=now)


def _give_back(work: UnitOfWork, *, but: Collection[UUID], now: datetime) -> int:
    held = [grant for grant in work.custody.suspended(but=but) if _rests_on_something(work, grant, now)]
    count = sum(work.custody.give_back(grant.id) for grant in held)
    work.custody.end_suspended()
    return count


def _rests_on_something(work: UnitOfWork, grant: Grant, now: datetime) -> bool:
    """Say whether that on which a suspended grant was given holds still."""
    if grant.kind is GrantKind.BREAK_GLASS or (grant.valid_until is not None and grant.valid_until <= now):
        return False
    consent = work.consents.get(grant.consent_id) if grant.consent_id else None
    if grant.consent_id and (consent is None or not consent.is_live(now)):
        return False
    if grant.referral_id is None:
        return True
    referral = work.referrals.get(grant.referral_id)
    if referral is None or referral.status is not ReferralStatus.ACCEPTED:
        return False
    if consent is not None or not referral.ground:
        return True
    return bool(law_of(referral.ground, work.cases.read(grant.case_id).case.jurisdiction))


def _since(work: UnitOfWork) -> datetime | None:
    fact = work.records.installation(_FACT)
    return datetime.fromisoformat(fact["since"]) if fact else None


def _require_keeper(viewer: Viewer) -> None:
    if not can(viewer, Action.MANAGE_PEOPLE):
        raise NotAllowedError(actor=viewer.name, action=Action.MANAGE_PEOPLE.value)
