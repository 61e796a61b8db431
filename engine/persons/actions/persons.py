"""Write down what is known of a person of a case, also what a step told, and the lawyer's note it needs."""

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from pydantic import JsonValue, ValidationError

from engine.assembly import Engine
from engine.cases.actions.deciding import carry_out, require_member
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core.follow_ups import brought_by_act
from engine.core.law.told import AgeRange, AgeSource
from engine.core.persons import NOTE, LawyersNoteError, present_link, require_note_for_role, require_note_for_statement
from engine.core.policy import Action, Viewer
from engine.core.records import LIVE, CaseStatus, PersonRole, RoleStatus, RunStatus, Step, path_of_person
from engine.core.state import CaseState
from engine.core.values import person_in
from engine.db.transaction import Transaction
from engine.errors import InvalidAnswersError, NotFoundError
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
from engine.plugin.context import PersonTold


def note_for_role(
    engine: Engine, tx: Transaction, state: CaseState, person_id: UUID, role: PersonRole, *, by: UUID, now: datetime
) -> None:
    """Refuse to make a suspect of a victim before the note; the step that asks a lawyer for it is opened, and stays.

    Raises `LawyersNoteError`.
    """
    try:
        require_note_for_role(state, person_id, role)
    except LawyersNoteError:
        _ask(engine, tx, state, person_id, by=by, now=now)
        raise


def note_for_statement(
    engine: Engine, tx: Transaction, state: CaseState, step: Step, *, by: UUID, now: datetime
) -> None:
    """Refuse the statement of somebody who is victim and suspect before the note, and ask for it in the same way.

    A statement of nobody in particular may be anybody's in the case. Raises `LawyersNoteError`.
    """
    if not engine.registry.get(step.uses).takes_statement:
        return
    own = person_in(step.base_path)
    everybody = dict.fromkeys(one.person_id for one in state.persons)
    for person_id in [own] if own else everybody:
        try:
            require_note_for_statement(state, person_id)
        except LawyersNoteError:
            _ask(engine, tx, state, person_id, by=by, now=now)
            raise


def _ask(engine: Engine, tx: Transaction, state: CaseState, person_id: UUID, *, by: UUID, now: datetime) -> None:
    """Open the step that asks a lawyer for the note, unless it is open; what else the transaction did is kept too."""
    path, notes = path_of_person(person_id), [step for step in state.steps.values() if step.uses == NOTE]
    run = next((run for run in state.runs.values() if run.status is RunStatus.OPEN), None)
    if run is None or any(step.base_path == path and step.status in LIVE for step in notes):
        return
    added = brought_by_act(run, NOTE, "victim_accused", engine.definitions, tx.library())
    command = cm.AddStep(run.id, f"lawyers_note_{len(notes) + 1}", added, path)
    carry_out(engine, tx, state, command, actor_id=by, now=now)
    tx.commit()


CODE = re.compile(r"^[a-z][a-z0-9_]{1,39}$")
"""How a reason is written: as a code that a list offers, never in free words."""
LONGEST_NAME = 300
DAY_TO_COME = "This day is in the future."


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
        raise InvalidAnswersError({"as_of": DAY_TO_COME})
    age = age_range(youngest, oldest, source, as_of)

    def written(known: Identity) -> Identity:
        return with_age(known, age)

    _write(engine, person_id, case_id, viewer, command_id, written, "AgeRecorded", {"source": source.value})


def age_range(youngest: int, oldest: int, source: AgeSource, as_of: date) -> AgeRange:
    """Return an age from and to; raises `InvalidAnswersError` for one that is none."""
    try:
        return AgeRange(youngest=youngest, oldest=oldest, source=source, as_of=as_of)
    except ValidationError:
        raise InvalidAnswersError({"youngest": "Write whole years from 0 to 120, the younger age first."}) from None


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
    """Write down somebody whom a person may be: the identity is uncertain, and several are kept; returns its id.

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
    """Write something about a person of a case once, sealed, and that it was done; returns what the command left."""
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, Action.IDENTIFY)
        if (known := tx.of(HousekeepingStore).answer_to(command_id)) is not None:
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


def keep_persons(
    engine: Engine, tx: Transaction, state: CaseState, step: Step, told: tuple[PersonTold, ...], *, now: datetime
) -> CaseState:
    """Write down whom a step has told of, once for each time that it was answered; returns the case after it.

    Nobody is added to a case that is over. A role that is none, or nothing to be found by, writes nobody down.
    """
    for position, person in enumerate(told):
        identity = _identity(person)
        tokens = engine.fingerprints.tokens(identity)
        person_id = uuid5(step.id, f"told|{step.turn}|{position}")
        is_known = person_id in {one.person_id for one in state.persons}
        if not tokens or is_known or person.role not in set(PersonRole) or state.case.status is CaseStatus.CLOSED:
            continue
        tx.of(PersonStore).add(person_id, identity, tokens, unit_id=state.case.unit_id, at=now, by=step.completed_by)
        command = cm.AddPerson(person_id, PersonRole(person.role))
        state = carry_out(engine, tx, state, command, actor_id=step.completed_by, now=now).state
    return state


def _identity(person: PersonTold) -> dict[str, Any]:
    said = {
        "name": person.name, "phone": person.phone, "handles": list(person.handles),
        "vehicles": list(person.vehicles), "routes": list(person.routes),
    }  # fmt: skip
    return {name: value for name, value in said.items() if value}
