"""Add units and people, and let people act or no longer."""

from collections.abc import Iterable
from uuid import UUID

from engine.assembly import Engine
from engine.domain.policy import Action, can
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError
from engine.spec.roles import Role
from engine.usecases.passing_on import pass_on_items
from engine.views import Viewer

SHORTEST_PASSWORD = 15


def add_unit(engine: Engine, *, viewer: Viewer, organisation: str, name: str, jurisdiction: str, contact: str) -> UUID:
    """Add a unit that keeps its own cases, in the zone of its jurisdiction.

    Raises `NoCalendarError` for a jurisdiction without a calendar, `NotAllowedError`.
    """
    _require(viewer)
    zone = engine.library().calendar(jurisdiction).zone
    organisation_id, unit_id = engine.entropy.uuid(), engine.entropy.uuid()
    with engine.unit_of_work() as work:
        work.directory.add_organisation(organisation_id, name=organisation)
        work.directory.add_unit(
            unit_id, organisation_id=organisation_id, name=name, jurisdiction=jurisdiction, zone=zone, contact=contact
        )
        work.commit()
    return unit_id


def add_person_who_acts(
    engine: Engine, *, viewer: Viewer, name: str, email: str, password: str, unit: str, roles: Iterable[str]
) -> UUID:
    """Add somebody who signs in with a password, with roles in a unit.

    Raises `InvalidAnswersError` for a short password, an unknown role or an address that is taken; `NotFoundError` for
    an unknown unit; `NotAllowedError`.
    """
    _require(viewer)
    wanted = tuple(roles)
    problems = _problems(name, email, password, wanted)
    with engine.unit_of_work() as work:
        if work.directory.credentials(email) is not None:
            problems["email"] = "Somebody has this address already."
        if problems:
            raise InvalidAnswersError(problems)
        unit_id = next((known.id for known in work.directory.units() if known.name == unit), None)
        if unit_id is None:
            raise NotFoundError(kind="unit")
        actor_id = engine.entropy.uuid()
        kept = engine.passwords.hash(password)
        work.directory.add_actor(actor_id, name=name, email=email, password_hash=kept)
        for role in wanted:
            work.directory.add_role(actor_id, unit_id=unit_id, role=role)
        work.commit()
    return actor_id


def set_disabled(engine: Engine, *, viewer: Viewer, email: str, disabled: bool) -> None:
    """Let somebody act, or no longer: their sessions end with the next request, and others get their items.

    Raises `NotFoundError`, `NotAllowedError`.
    """
    _require(viewer)
    with engine.unit_of_work() as work:
        known = work.directory.credentials(email)
        if known is None:
            raise NotFoundError(kind="person")
        work.directory.set_disabled(known.actor_id, disabled=disabled)
        work.commit()
    pass_on_items(engine, known.actor_id)


def _require(viewer: Viewer) -> None:
    if not can(viewer, Action.MANAGE_PEOPLE):
        raise NotAllowedError(actor=viewer.name, action=Action.MANAGE_PEOPLE.value)


def _problems(name: str, email: str, password: str, roles: tuple[str, ...]) -> dict[str, str]:
    known = {role.value for role in Role}
    problems = {}
    if not name.strip():
        problems["name"] = "Give a name."
    if "@" not in email or any(letter.isspace() for letter in email):
        problems["email"] = "Give an e-mail address."
    if len(password) < SHORTEST_PASSWORD:
        problems["password"] = f"A password has at least {SHORTEST_PASSWORD} characters; several words do well."
    unknown = sorted(set(roles) - known)
    if unknown or not roles:
        problems["role"] = f"{', '.join(unknown) or 'No role'}: choose of {', '.join(sorted(known))}."
    return problems
