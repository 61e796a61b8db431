"""When a victim may be written down, or heard, as a suspect: only after a lawyer's note on what they were made to do.

Source: the non-punishment principle (ASEAN Convention against Trafficking in Persons, art. 14(7); OHCHR Recommended
Principles on Human Rights and Human Trafficking, 7). It is a rule of the network wherever no law has it.
"""

from typing import Final
from uuid import UUID

from engine.domain.paths import path_of_person
from engine.domain.records import PersonRole, RoleStatus, StepStatus
from engine.domain.state import CaseState
from engine.errors import LawyersNoteError

NOTE: Final = "core.lawyers_note"
"""The step type in which a lawyer writes the note."""
_VICTIMS: Final = frozenset({PersonRole.VICTIM, PersonRole.POSSIBLE_VICTIM})
_DONE: Final = "done"


def is_victim(state: CaseState, person_id: UUID) -> bool:
    """Say whether somebody is or was a victim of a case, and nobody has disproved it."""
    return any(
        one.person_id == person_id and one.role in _VICTIMS and one.status is not RoleStatus.DISPROVED
        for one in state.persons
    )


def is_suspect(state: CaseState, person_id: UUID) -> bool:
    """Say whether somebody is a suspect of a case now."""
    return any(
        one.person_id == person_id and one.role is PersonRole.SUSPECT and one.removed_at is None
        for one in state.persons
    )


def has_note(state: CaseState, person_id: UUID) -> bool:
    """Say whether a lawyer has written the note about somebody, in this case."""
    return any(
        step.uses == NOTE
        and step.status is StepStatus.ENDED
        and step.outcome == _DONE
        and step.base_path == path_of_person(person_id)
        for step in state.steps.values()
    )


def require_note_for_role(state: CaseState, person_id: UUID, role: PersonRole) -> None:
    """Refuse to make a suspect of a victim without the note; raises `LawyersNoteError`."""
    if role is PersonRole.SUSPECT and is_victim(state, person_id) and not has_note(state, person_id):
        raise LawyersNoteError(what="be recorded as a suspect")


def require_note_for_statement(state: CaseState, person_id: UUID) -> None:
    """Refuse a statement of somebody who is victim and suspect without the note; raises `LawyersNoteError`."""
    both = is_victim(state, person_id) and is_suspect(state, person_id)
    if both and not has_note(state, person_id):
        raise LawyersNoteError(what="be heard while they are a suspect as well")
