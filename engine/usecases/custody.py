"""Keep a restored installation in custody: nothing that it brings back goes on before two people have looked at it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from engine.assembly import Engine
from engine.domain.four_eyes import Kind
from engine.domain.keeping import ErasureStatus
from engine.domain.policy import Action, can
from engine.errors import AlreadyEndedError, NotAllowedError
from engine.spec.roles import Role
from engine.stores import Revived, RevivedGrant, RevivedPerson, UnitOfWork
from engine.usecases.approvals import ask_second, others_who_may, take_answer
from engine.views import THIS_MACHINE, Viewer

_FACT: Final = "custody"
_SUBJECT: Final = UUID(int=1)
_WITHOUT: Final = "without"
_MOST: Final = 10_000
_EVER: Final = timedelta(days=36_500)


class Standing(NamedTuple):
    """What two people look at before a restored installation is let go (UTC)."""

    since: datetime
    people: tuple[RevivedPerson, ...]
    grants: tuple[RevivedGrant, ...]


def take_into_custody(engine: Engine) -> Revived:
    """End, right after a restore, all that the backup would revive; gives how much of each.

    Sessions, keys, invitations and partners' links are over for good; requests for a second person run out; erasures
    that were agreed to are off, since what was held back after the backup is not known here. Grants are suspended until
    two people let go. Until then nobody but a system administrator, who sees no case, signs in.
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


def standing(engine: Engine, *, viewer: Viewer) -> Standing | None:
    """Give what has to be looked at; None for an installation that is in no custody. Raises `NotAllowedError`."""
    _require_keeper(viewer)
    with engine.unit_of_work() as work:
        since = _since(work)
        return Standing(since, work.custody.people(), work.custody.suspended_grants()) if since else None


def may_enter(work: UnitOfWork, actor_id: UUID) -> bool:
    """Say whether somebody may sign in now: everybody, or in custody who looks after people and sees no case."""
    if _since(work) is None:
        return True
    person = work.directory.actor(actor_id)
    return person is not None and Role.SYSTEM_ADMINISTRATOR in person.roles


def ask_release(engine: Engine, *, viewer: Viewer, without: Iterable[str] = ()) -> UUID:
    """Ask that the custody ends, as the one who has gone through the list; gives the request's id.

    The grants of the cases with the numbers `without` stay over: what was called back since the backup.
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
        unit_id, people = others_who_may(work, Kind.CUSTODY, viewer, now)
        request = ask_second(
            engine,
            work,
            Kind.CUSTODY,
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
    """End the custody as a second person, who has looked too: the suspended grants hold again; or let it stand.

    Raises `AlreadyEndedError`, `OwnApprovalError`, `NotAllowedError`.
    """
    if viewer.is_system:
        raise NotAllowedError(actor=viewer.name, action=Action.MANAGE_PEOPLE.value)
    _require_keeper(viewer)
    now = engine.clock.now()
    with engine.unit_of_work() as work:
        request = take_answer(engine, work, Kind.CUSTODY, _SUBJECT, viewer=viewer, approved=approved, now=now)
        given_back = 0
        if approved:
            given_back = work.custody.give_back_grants(but=[UUID(one) for one in request.subject[_WITHOUT]])
            work.records.set_installation(_FACT, {})
        body = {"agreed": approved, "grants": given_back}
        work.audit.note("keeping", "CustodyAnswered", body, actor_id=viewer.actor_id, at=now)
        work.commit()


def _since(work: UnitOfWork) -> datetime | None:
    fact = work.records.installation(_FACT)
    return datetime.fromisoformat(fact["since"]) if fact else None


def _require_keeper(viewer: Viewer) -> None:
    if not can(viewer, Action.MANAGE_PEOPLE):
        raise NotAllowedError(actor=viewer.name, action=Action.MANAGE_PEOPLE.value)
