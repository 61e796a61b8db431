"""Invite somebody by a link with which they set their own password; nobody else ever sets or knows it."""

from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

from engine.assembly import Engine
from engine.domain.policy import Action, can
from engine.errors import InvalidAnswersError, LinkOverError, NotAllowedError, NotFoundError
from engine.spec.roles import Role
from engine.stores import Invitation, UnitOfWork
from engine.usecases.new_passwords import require_good, set_password, words_about
from engine.usecases.session_tokens import hash_of
from engine.usecases.slowing_down import Tries
from engine.usecases.step_up import require_step_up
from engine.usecases.telling import EMAIL, IN_APP, tell_of_system
from engine.views import Viewer

INVITE, RESET, FIRST = "invite", "reset", "first"
_LASTS: Final = {INVITE: timedelta(hours=72), RESET: timedelta(hours=24), FIRST: timedelta(hours=24)}


class Opened(NamedTuple):
    """What the page of a link shows: whose password is set, and whether for the first time."""

    kind: str
    email: str


def make_link(engine: Engine, work: UnitOfWork, kind: str, actor_id: UUID | None, *, by: UUID | None) -> str:
    """Make a link in the caller's transaction; gives its token, of which only the hash is kept."""
    token, now = engine.entropy.token(), engine.wall_clock.now()
    invitation = Invitation(engine.entropy.uuid(), kind, actor_id, by, now, now + _LASTS[kind])
    work.sign_ins.add_invitation(invitation, hash_of(token))
    return token


def new_link(engine: Engine, actor_id: UUID, *, viewer: Viewer) -> str:
    """Make a new link for somebody: to join if they never set a password, else to set another; gives its token.

    Earlier links of theirs count no more; a second factor stays as it is. Raises `NotAllowedError`, `NotFoundError` for
    an unknown or disabled person, `StepUpNeededError`.
    """
    if not can(viewer, Action.MANAGE_PEOPLE):
        raise NotAllowedError(actor=viewer.name, action=Action.MANAGE_PEOPLE.value)
    require_step_up(engine, viewer)
    now = engine.wall_clock.now()
    with engine.unit_of_work() as work:
        person = work.directory.actor(actor_id)
        if person is None or person.disabled or work.directory.is_service(actor_id):
            raise NotFoundError(kind="person")
        kind = RESET if work.directory.password_of(actor_id) else INVITE
        token = make_link(engine, work, kind, actor_id, by=viewer.actor_id)
        body = {"actor_id": str(actor_id), "kind": kind}
        work.audit.note("people", "LinkMade", body, actor_id=viewer.actor_id, at=now)
        work.commit()
    return token


def open_link(engine: Engine, token: str) -> Opened:
    """Give what the page of a link shows; raises `LinkOverError`."""
    with engine.unit_of_work() as work:
        found = work.sign_ins.invitation(hash_of(token), now=engine.wall_clock.now())
        person = work.directory.actor(found.actor_id) if found and found.actor_id else None
    if found is None or person is None or person.disabled:
        raise LinkOverError
    return Opened(found.kind, person.email)


def set_first_password(engine: Engine, token: str, *, password: str) -> None:
    """Set the password of whom a link was made for, and use the link up.

    The next sign-in is like a first one: whoever gave the link knows the person.

    Raises `LinkOverError`, and `InvalidAnswersError` for an unfit password: then the link still counts.
    """
    now = engine.wall_clock.now()
    with engine.unit_of_work() as work:
        found = work.sign_ins.invitation(hash_of(token), now=now)
        person = work.directory.actor(found.actor_id) if found and found.actor_id else None
        if found is None or person is None or person.disabled:
            raise LinkOverError
        has_factor, context = work.sign_ins.has_factor(person.id), words_about(work, person.id)
    require_good(engine, password, has_factor=has_factor, context=context)
    with engine.unit_of_work() as work:
        if not work.sign_ins.use_invitation(found.id, at=now):
            raise LinkOverError
        set_password(engine, work, person.id, password, at=now)
        work.sign_in_habits.forget(person.id)
        work.audit.note("sign-in", "PasswordSet", {"kind": found.kind}, actor_id=person.id, at=now)
        work.commit()


def ask_for_link(engine: Engine, *, email: str, network: str = "") -> None:
    """Tell the administrators that somebody wants a new password; nothing tells whether there is such a person.

    At most one message an hour goes out for a person. No link is ever sent by e-mail: whoever makes it gives it to the
    person, whom they know.
    """
    Tries(engine, account=f"forgotten {email}", network=network).count(in_turn=False)
    if "@" not in email:
        raise InvalidAnswersError({"email": "Give an e-mail address."})
    now = engine.clock.now()
    with engine.unit_of_work() as work:
        known = work.directory.credentials(email)
        if known is not None and not known.disabled:
            people = work.directory.with_role_anywhere(roles=(Role.SYSTEM_ADMINISTRATOR.value,), now=now)
            tell_of_system(
                engine, work, kind="person_to_look_after", rule=f"forgotten|{known.actor_id}|{now:%Y-%m-%dT%H}",
                people=people, channels=(IN_APP, EMAIL), link=f"/people/{known.actor_id}", now=now,
            )  # fmt: skip
            work.audit.note("sign-in", "PasswordForgotten", {}, actor_id=known.actor_id, at=engine.wall_clock.now())
        work.commit()
