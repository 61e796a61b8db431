"""Write down what is known of a person of a case: names, ages, whom they may be, and what they are in it."""

import re
from collections.abc import Callable
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from engine.assembly import Engine
from engine.cases.actions.deciding import carry_out, require_member
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core.law.ages import AgeRange, AgeSource
from engine.core.persons import present_link
from engine.core.policy import Action
from engine.core.records import PersonRole, RoleStatus
from engine.core.viewer import Viewer
from engine.errors import InvalidAnswersError, NotFoundError
from engine.persons.actions.lawyer import note_for_role
from engine.persons.records import (
    CONFIRMED,
    MOST_CANDIDATES,
    MOST_NAMES,
    RULED_OUT,
    Identity,
    candidates_of,
    names_of,
    settled,
    with_age,
    with_candidate,
    with_name,
)
from engine.persons.store import PersonStore
from engine.ports import JsonValue

CODE = re.compile(r"^[a-z][a-z0-9_]{1,39}$")
"""How a reason is written: as a code that a list offers, never in free words."""
LONGEST_NAME = 300


def add_name(engine: Engine, person_id: UUID, *, case_id: UUID, viewer: Viewer, command_id: UUID, name: str) -> None:
    """Add a name by which a person is known, in any script; it is sealed, and the person is found by it.

    Raises `InvalidAnswersError` for no name or one name too many, `NotFoundError`, `NotAllowedError`.
    """

    def written(known: Identity) -> Identity:
        if not name.strip() or len(name) > LONGEST_NAME:
            raise InvalidAnswersError({"name": f"Write a name of at most {LONGEST_NAME} letters."})
        if len(names_of(known)) >= MOST_NAMES:
            raise InvalidAnswersError({"name": f"A person has at most {MOST_NAMES} names."})
        return with_name(known, name.strip())

    _write(engine, person_id, case_id, viewer, command_id, written, "NameAdded", {})


def record_age(
    engine: Engine,
    person_id: UUID,
    *,
    case_id: UUID,
    viewer: Viewer,
    command_id: UUID,
    youngest: int,
    oldest: int,
    source: AgeSource,
    as_of: date,
) -> None:
    """Write how old a person is, from and to, in whole years on the day `as_of`, and from what that was taken.

    Ages of several sources are all kept; the one that counts is chosen in the order of the law. Raises
    `InvalidAnswersError` for a range that is none or a day to come, `NotFoundError`, `NotAllowedError`.
    """
    if as_of > engine.clock.now().astimezone(ZoneInfo(viewer.zone)).date():
        raise InvalidAnswersError({"as_of": "This day is in the future."})
    try:
        age = AgeRange(youngest=youngest, oldest=oldest, source=source, as_of=as_of)
    except ValidationError:
        raise InvalidAnswersError({"youngest": "Write whole years from 0 to 120, the younger age first."}) from None

    def written(known: Identity) -> Identity:
        return with_age(known, age)

    _write(engine, person_id, case_id, viewer, command_id, written, "AgeRecorded", {"source": source.value})


def propose_identity(
    engine: Engine,
    person_id: UUID,
    *,
    case_id: UUID,
    viewer: Viewer,
    command_id: UUID,
    name: str,
    aliases: tuple[str, ...] = (),
    phone: str = "",
) -> UUID:
    """Write down somebody whom a person may be: the identity is uncertain, and several are kept; gives its id.

    Raises `InvalidAnswersError` for no name or too many candidates, `NotFoundError`, `NotAllowedError`.
    """
    candidate_id = engine.entropy.uuid()
    said: dict[str, JsonValue] = {"name": name.strip(), "aliases": list(aliases), "phone": phone}

    def written(known: Identity) -> Identity:
        if not name.strip() or len(name) > LONGEST_NAME:
            raise InvalidAnswersError({"candidate": f"Write a name of at most {LONGEST_NAME} letters."})
        if len(candidates_of(known)) >= MOST_CANDIDATES:
            raise InvalidAnswersError({"candidate": f"At most {MOST_CANDIDATES} identities are kept for a person."})
        return with_candidate(known, candidate_id, {key: value for key, value in said.items() if value})

    body = {"candidate_id": str(candidate_id)}
    answer = _write(engine, person_id, case_id, viewer, command_id, written, "IdentityProposed", body)
    return UUID(answer["candidate_id"])


def settle_identity(
    engine: Engine,
    person_id: UUID,
    *,
    case_id: UUID,
    viewer: Viewer,
    command_id: UUID,
    candidate_id: UUID,
    is_confirmed: bool,
) -> None:
    """Say that a person is somebody whom they might have been, or is not; raises `NotFoundError`, `NotAllowedError`.

    Who is confirmed gives the person their name; the one before stays among the other names.
    """
    status = CONFIRMED if is_confirmed else RULED_OUT

    def written(known: Identity) -> Identity:
        found = settled(known, candidate_id, status)
        if found is None:
            raise NotFoundError(kind="identity")
        return found

    body = {"candidate_id": str(candidate_id), "status": status}
    _write(engine, person_id, case_id, viewer, command_id, written, "IdentitySettled", body)


def change_role(
    engine: Engine,
    person_id: UUID,
    *,
    case_id: UUID,
    viewer: Viewer,
    command_id: UUID,
    role: PersonRole,
    to_role: PersonRole,
    status: RoleStatus,
    from_on: date | None = None,
    until_on: date | None = None,
    reason_code: str = "",
) -> None:
    """Say what a person is in a case now, how sure that is, and from which day until which.

    Steps that belong to a role that is over are called off; those of the new one open. Raises `InvalidAnswersError`
    for days in the wrong order or a role that the person has beside it, `LawyersNoteError` for a victim who is to be a
    suspect without a lawyer's note (which is then asked for), `NotFoundError`, `NotAllowedError`.
    """
    if from_on is not None and until_on is not None and until_on < from_on:
        raise InvalidAnswersError({"until_on": "This is before the first day."})
    if reason_code and not CODE.fullmatch(reason_code):
        raise InvalidAnswersError({"reason_code": "Choose a reason."})
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, Action.CHANGE_PLAN)
        if tx.of(HousekeepingStore).answer_to(command_id) is not None:
            return
        if role is not to_role and present_link(state, person_id, to_role) is not None:
            raise InvalidAnswersError({"to_role": "The person already has this role in the case."})
        if role is not to_role:
            note_for_role(engine, tx, state, person_id, to_role, by=viewer.actor_id, now=now)
        command = cm.ChangePersonRole(person_id, role, to_role, status, from_on, until_on, reason_code)
        carry_out(engine, tx, state, command, actor_id=viewer.actor_id, now=now)
        tx.of(HousekeepingStore).remember(command_id, {"person_id": str(person_id)}, case_id=case_id, at=now)
        tx.commit()


def _write(
    engine: Engine,
    person_id: UUID,
    case_id: UUID,
    viewer: Viewer,
    command_id: UUID,
    written: Callable[[Identity], Identity],
    event: str,
    body: dict[str, str],
) -> dict[str, str]:
    """Write something about a person of a case once, sealed, and that it was done; gives what the command left."""
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, Action.IDENTIFY)
        known = tx.of(HousekeepingStore).answer_to(command_id)
        if known is not None:
            return {name: str(value) for name, value in known.items()}
        if person_id not in {person.person_id for person in state.persons}:
            raise NotFoundError(kind="person")
        identity = written(tx.of(PersonStore).identity(person_id))
        tx.of(PersonStore).change(person_id, identity, engine.fingerprints.tokens(identity), by=viewer.actor_id)
        told = {"person_id": str(person_id), **body}
        tx.of(CaseStore).note(state, event, told, actor_id=viewer.actor_id, at=now)
        tx.of(HousekeepingStore).remember(command_id, told, case_id=case_id, at=now)
        tx.commit()
        return told
