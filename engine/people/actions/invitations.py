"""Invite somebody by a link with which they set their own password; the first one begins everything."""

from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from engine.approvals.actions.approvals import Handler, ask_second, overtake, register, take_answer, who_answers
from engine.approvals.records import ApprovalKind, ApprovalRequest, OwnApprovalError
from engine.approvals.store import ApprovalStore
from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.core.policy import Action, Viewer
from engine.db.transaction import Transaction
from engine.errors import AlreadyEndedError, InvalidAnswersError, NotFoundError
from engine.language.names import Role
from engine.messages.actions.notifying import notify_of_system
from engine.messages.records import EMAIL, IN_APP
from engine.people.records import ActorRecord, LinkOverError, LinkWaitsError
from engine.people.store import DirectoryStore
from engine.people.viewer import hub_units, person_looked_after, require_administrator, require_any
from engine.sign_in.actions.account import require_good, require_step_up, set_password, words_about
from engine.sign_in.actions.guarding import Tries, hash_of
from engine.sign_in.records import Invitation
from engine.sign_in.store import SignInHabitStore, SignInStore

INVITE, RESET, FIRST = "invite", "reset", "first"
_LASTS: Final = {INVITE: timedelta(hours=72), RESET: timedelta(hours=24), FIRST: timedelta(hours=24)}


class NewInvitation(NamedTuple):
    """A link that was made: its token is known only now; with `waits` it counts when a second person has agreed."""

    token: str
    waits: bool = False


class OpenedInvitation(NamedTuple):
    """What the page of a link shows: whose password is set, and whether for the first time."""

    kind: str
    email: str


def make_link(engine: Engine, tx: Transaction, kind: str, actor_id: UUID | None, *, by: UUID | None) -> str:
    """Make a link in the caller's transaction; returns its token, of which only the hash is kept."""
    token, now = engine.entropy.token(), engine.wall_clock.now()
    invitation = Invitation(engine.entropy.uuid(), kind, actor_id, by, now, now + _LASTS[kind])
    tx.of(SignInStore).add_invitation(invitation, hash_of(token))
    return token


def new_link(engine: Engine, actor_id: UUID, *, viewer: Viewer) -> NewInvitation:
    """Make a new link for somebody: to join if they never set a password, else to set another.

    It counts when a second person agrees: one who leads a unit of theirs, or another administrator there; where there
    is none, one of their organisation or of the hub's body. At once it counts for the keeper of this machine, and for
    somebody who never set a password and has no role. Earlier links of theirs count no more; a second factor stays as
    it is. Raises `NoSecondPersonError`, `NotAllowedError`, `NotFoundError` for an unknown or disabled person,
    `StepUpNeededError`.
    """
    require_administrator(viewer)
    require_step_up(engine, viewer)
    now = engine.wall_clock.now()
    with engine.transaction() as tx:
        person = person_looked_after(tx, viewer, actor_id)
        if person.disabled or tx.of(DirectoryStore).is_service(actor_id):
            raise NotFoundError(kind="person")
        kind = RESET if tx.of(DirectoryStore).password_of(actor_id) else INVITE
        token = make_link(engine, tx, kind, actor_id, by=viewer.actor_id)
        overtake(tx, ApprovalKind.LINK, actor_id, now=engine.clock.now())
        waits = not viewer.is_system and (kind == RESET or bool(person.roles))
        if waits:
            _ask(engine, tx, person, token, viewer=viewer)
        body = {"actor_id": str(actor_id), "kind": kind, "waits": waits}
        tx.of(AuditLogStore).note("people", "LinkMade", body, actor_id=viewer.actor_id, at=now)
        tx.commit()
    return NewInvitation(token, waits)


def answer_link(engine: Engine, actor_id: UUID, *, viewer: Viewer, approved: bool) -> None:
    """Let the link that was made for somebody count, or not; who made it only takes it back.

    Nobody agrees to a link of their own. Raises `AlreadyEndedError`, `OwnApprovalError`, `NotAllowedError`.
    """
    require_any(viewer, Action.AGREE_LINK)
    now = engine.clock.now()
    with engine.transaction() as tx:
        if tx.of(ApprovalStore).open_about(ApprovalKind.LINK, actor_id) is None:
            raise AlreadyEndedError(kind="request for approval")
        if approved and viewer.actor_id == actor_id:
            raise OwnApprovalError
        take_answer(engine, tx, ApprovalKind.LINK, actor_id, viewer=viewer, approved=approved, now=now)
        if not approved:
            tx.of(SignInStore).cancel_invitations(actor_id, at=engine.wall_clock.now())
        body = {"actor_id": str(actor_id), "approved": approved}
        tx.of(AuditLogStore).note("people", "LinkAnswered", body, actor_id=viewer.actor_id, at=engine.wall_clock.now())
        tx.commit()


def link_that_waits(engine: Engine, actor_id: UUID) -> ApprovalRequest | None:
    """Return the request by which the link of somebody waits for a second person, if one does."""
    with engine.transaction() as tx:
        waiting = tx.of(ApprovalStore).open_about(ApprovalKind.LINK, actor_id)
    return waiting if waiting is not None and waiting.expires_at > engine.clock.now() else None


def open_link(engine: Engine, token: str) -> OpenedInvitation:
    """Return what the page of a link shows; raises `LinkOverError`, and `LinkWaitsError` until it counts."""
    with engine.transaction() as tx:
        found, person = _counting(tx, token, engine.wall_clock.now())
    return OpenedInvitation(found.kind, person.email)


def set_first_password(engine: Engine, token: str, *, password: str) -> None:
    """Set the password of whom a link was made for, and use the link up.

    The next sign-in is like a first one: whoever gave the link knows the person.

    Raises `LinkOverError`, `LinkWaitsError`, and `InvalidAnswersError` for an unfit password: then the link still
    counts.
    """
    now = engine.wall_clock.now()
    with engine.transaction() as tx:
        found, person = _counting(tx, token, now)
        has_factor, context = tx.of(SignInStore).has_factor(person.id), words_about(tx, person.id)
    require_good(engine, password, has_factor=has_factor, context=context)
    with engine.transaction() as tx:
        if not tx.of(SignInStore).use_invitation(found.id, at=now):
            raise LinkOverError
        set_password(engine, tx, person.id, password, at=now)
        tx.of(SignInHabitStore).forget(person.id)
        tx.of(AuditLogStore).note("sign-in", "PasswordSet", {"kind": found.kind}, actor_id=person.id, at=now)
        tx.commit()


def ask_for_link(engine: Engine, *, email: str, network: str = "") -> None:
    """Tell those who look after somebody that they want a new password; nothing tells whether there is such a person.

    At most one message an hour goes out for a person. No link is ever sent by e-mail: whoever makes it gives it to the
    person, whom they know.
    """
    Tries(engine, account=f"forgotten {email}", network=network).count(in_turn=False)
    if "@" not in email:
        raise InvalidAnswersError({"email": "Give an e-mail address."})
    now = engine.clock.now()
    with engine.transaction() as tx:
        known = tx.of(DirectoryStore).credentials(email)
        if known is not None and not known.disabled:
            everywhere = tx.of(DirectoryStore).with_role_anywhere(roles=(Role.SYSTEM_ADMINISTRATOR.value,), now=now)
            person = tx.of(DirectoryStore).actor(known.actor_id)
            theirs = person.organisation_id if person else None
            people = [one for one in everywhere if one.organisation_id == theirs] or everywhere
            notify_of_system(
                engine, tx, kind="person_to_look_after", rule=f"forgotten|{known.actor_id}|{now:%Y-%m-%dT%H}",
                people=people, channels=(IN_APP, EMAIL), link=f"/people/{known.actor_id}", now=now,
            )  # fmt: skip
            tx.of(AuditLogStore).note(
                "sign-in", "PasswordForgotten", {}, actor_id=known.actor_id, at=engine.wall_clock.now()
            )
        tx.commit()


def _counting(tx: Transaction, token: str, now: datetime) -> tuple[Invitation, ActorRecord]:
    """Load a link that can be used now, with whose it is; raises `LinkOverError`, `LinkWaitsError`."""
    found = tx.of(SignInStore).invitation(hash_of(token), now=now)
    person = tx.of(DirectoryStore).actor(found.actor_id) if found and found.actor_id else None
    if found is None or person is None or person.disabled:
        raise LinkOverError
    asked = tx.of(ApprovalStore).latest_about(ApprovalKind.LINK, person.id)
    if asked is not None and asked.subject["link_id"] == str(found.id) and not asked.approved:
        raise LinkWaitsError if asked.answered_at is None else LinkOverError
    return found, person


def _ask(engine: Engine, tx: Transaction, person: ActorRecord, token: str, *, viewer: Viewer) -> None:
    """Ask for a second person, in a unit of theirs, else of their organisation, else of the hub's body."""
    theirs = (unit.id for unit in tx.of(DirectoryStore).units() if unit.organisation_id == person.organisation_id)
    unit_id, people = who_answers(
        tx, ApprovalKind.LINK, (*person.unit_ids, *theirs, *hub_units(tx)), but={viewer.actor_id, person.id}
    )
    made = tx.of(SignInStore).invitation(hash_of(token), now=engine.wall_clock.now())
    subject = {"actor_id": str(person.id), "link_id": str(made.id) if made else ""}
    ask_second(
        engine, tx, ApprovalKind.LINK, person.id, asked_by=viewer.actor_id, now=engine.clock.now(), unit_id=unit_id,
        subject=subject, people=people,
    )  # fmt: skip


class FirstAnswers(NamedTuple):
    """What the first administrator says of themselves and of their unit."""

    name: str
    email: str
    organisation: str
    unit: str
    jurisdiction: str
    password: str


def first_link(engine: Engine) -> str | None:
    """Make the link of the first administrator; None when somebody is there already. Gives its token.

    It is only for who runs the command line of this machine. An earlier link counts no more.
    """
    now = engine.wall_clock.now()
    with engine.transaction() as tx:
        if engine.demo or tx.of(DirectoryStore).count_actors():
            return None
        token = make_link(engine, tx, FIRST, None, by=None)
        tx.of(AuditLogStore).note("people", "FirstLinkMade", {}, actor_id=None, at=now)
        tx.commit()
    return token


def require_first_link(engine: Engine, token: str) -> None:
    """Refuse a link that is not that of the first administrator, or not any more; raises `LinkOverError`."""
    with engine.transaction() as tx:
        found = tx.of(SignInStore).invitation(hash_of(token), now=engine.wall_clock.now())
        if found is None or found.kind != FIRST or tx.of(DirectoryStore).count_actors():
            raise LinkOverError


def begin(engine: Engine, token: str, answers: FirstAnswers) -> None:
    """Write the first administrator with their unit, and use the link up.

    Raises `LinkOverError`, and `InvalidAnswersError` for what does not fit: then the link still counts.
    """
    require_first_link(engine, token)
    problems = _problems(answers)
    if problems:
        raise InvalidAnswersError(problems)
    require_good(
        engine, answers.password, has_factor=False,
        context=(answers.name, answers.email, answers.organisation, answers.unit),
    )  # fmt: skip
    zone = engine.library().calendar(answers.jurisdiction).zone
    organisation_id, unit_id, actor_id = (engine.entropy.uuid() for _ in range(3))
    kept, now = engine.passwords.hash(answers.password), engine.wall_clock.now()
    with engine.transaction() as tx:
        found = tx.of(SignInStore).invitation(hash_of(token), now=now)
        if (
            found is None
            or tx.of(DirectoryStore).count_actors()
            or not tx.of(SignInStore).use_invitation(found.id, at=now)
        ):
            raise LinkOverError
        tx.of(DirectoryStore).add_organisation(organisation_id, name=answers.organisation)
        tx.of(DirectoryStore).add_unit(
            unit_id, organisation_id=organisation_id, name=answers.unit, jurisdiction=answers.jurisdiction, zone=zone
        )
        tx.of(DirectoryStore).add_actor(actor_id, name=answers.name, email=answers.email, password_hash=kept)
        tx.of(DirectoryStore).add_role(actor_id, unit_id=unit_id, role=Role.SYSTEM_ADMINISTRATOR.value)
        tx.of(AuditLogStore).note(
            "people", "FirstAdministratorAdded", {"actor_id": str(actor_id)}, actor_id=actor_id, at=now
        )
        tx.commit()


def _problems(answers: FirstAnswers) -> dict[str, str]:
    wanted = {"name": "Give your name.", "organisation": "Give the name of your organisation.",
              "unit": "Give the name of your unit.", "jurisdiction": "Choose where your unit works."}  # fmt: skip
    problems = {field: words for field, words in wanted.items() if not getattr(answers, field).strip()}
    if "@" not in answers.email or any(letter.isspace() for letter in answers.email):
        problems["email"] = "Give an e-mail address."
    return problems


register(
    ApprovalKind.LINK,
    Handler(
        "made a link with which a colleague sets a new password", "Let the link work: they asked me too",
        "Cancel the link", look=lambda view: f"/people/{view.subject_id}" if view.is_mine else "",
        because=lambda view: view.person,
        answer=lambda given: answer_link(
            given.engine, given.asked.subject_id, viewer=given.viewer, approved=given.approved
        ),
    ),
)  # fmt: skip
