"""Begin an installation in which nobody is: one link, for one day, by which the first administrator comes in."""

from typing import NamedTuple

from engine.adapters.sql.audit_log_store import AuditLogStore
from engine.adapters.sql.directory_store import DirectoryStore
from engine.adapters.sql.sign_in_store import SignInStore
from engine.assembly import Engine
from engine.errors import InvalidAnswersError, LinkOverError
from engine.spec.roles import Role
from engine.usecases.invitations import FIRST, make_link
from engine.usecases.new_passwords import require_good
from engine.usecases.session_tokens import hash_of


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
