"""Bring into the case whom a step has told of: sealed, and to be found again by blind tokens."""

from datetime import datetime
from typing import Any
from uuid import uuid5

from engine.assembly import Engine
from engine.cases.actions.deciding import carry_out
from engine.core import commands as cm
from engine.core.records import CaseStatus, PersonRole, Step
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.persons.store import PersonStore
from engine.plugin.told import PersonTold


def keep_persons(
    engine: Engine, tx: Transaction, state: CaseState, step: Step, told: tuple[PersonTold, ...], *, now: datetime
) -> CaseState:
    """Write down whom a step has told of, once for each time that it was answered; gives the case after it.

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
