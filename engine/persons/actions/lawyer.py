"""Ask a lawyer for the note without which nobody who is a victim is held for a suspect, or heard as one."""

from datetime import datetime
from uuid import UUID

from engine.assembly import Engine
from engine.cases.actions.deciding import carry_out
from engine.core import commands as cm
from engine.core.persons import NOTE, require_note_for_role, require_note_for_statement
from engine.core.records import LIVE, AddedStep, PersonRole, RunStatus, Step
from engine.core.state import CaseState
from engine.core.values import path_of_person, person_in
from engine.db.transaction import Transaction
from engine.errors import LawyersNoteError

_LIMIT, _LADDER = "P3D", "high"


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
    kind = engine.registry.get(NOTE)
    added = AddedStep(uses=NOTE, title=kind.title, limit=_LIMIT, ladder=_LADDER, roles=kind.roles)
    command = cm.AddStep(run.id, f"lawyers_note_{len(notes) + 1}", added, path)
    carry_out(engine, tx, state, command, actor_id=by, now=now)
    tx.commit()
