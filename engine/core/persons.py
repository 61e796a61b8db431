"""Who is in a case as what, when a victim may be heard as a suspect, and whom an answer to a person leaves out."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.draft import LEFT, Draft, open_again
from engine.core.records import (
    LIVE,
    CasePerson,
    PersonRole,
    RoleStatus,
    RunStatus,
    Step,
    StepStatus,
    path_of_person,
    step_id,
)
from engine.core.state import CaseState
from engine.core.steps import cancel, compiled_of
from engine.core.values import path_of_round
from engine.errors import ConflictError, NotFoundError, NotPossibleError
from engine.language.names import RestrictedCategory

NOTE: Final = "core.lawyers_note"
"""The step type in which a lawyer writes the note."""
_VICTIMS: Final = frozenset({PersonRole.VICTIM, PersonRole.POSSIBLE_VICTIM})
_DONE: Final = "done"


def is_victim(state: CaseState, person_id: UUID) -> bool:
    """Return whether somebody is or was a victim of a case, and nobody has disproved it."""
    return any(
        one.person_id == person_id and one.role in _VICTIMS and one.status is not RoleStatus.DISPROVED
        for one in state.persons
    )


def is_suspect(state: CaseState, person_id: UUID) -> bool:
    """Return whether somebody is a suspect of a case now."""
    return any(
        one.person_id == person_id and one.role is PersonRole.SUSPECT and one.removed_at is None
        for one in state.persons
    )


def has_note(state: CaseState, person_id: UUID) -> bool:
    """Return whether a lawyer has written the note about somebody, in this case."""
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


def add_person(draft: Draft, command: cm.AddPerson) -> None:
    """Bring a person into the case; nothing happens when they are there in this role already.

    A victim becomes a suspect as well only after a lawyer's note; else raises `LawyersNoteError`.
    """
    if present_link(draft.state, command.person_id, command.role) is None:
        require_note_for_role(draft.state, command.person_id, command.role)
        person = CasePerson(person_id=command.person_id, role=command.role, added_at=draft.now)
        draft.emit(ev.PersonAdded(person=person))
        _call_back(draft, command.person_id)


def remove_person(draft: Draft, command: cm.RemovePerson) -> None:
    """Take a person out, and call off what is still to be done for somebody who is not there any more."""
    if present_link(draft.state, command.person_id, command.role) is not None:
        draft.emit(ev.PersonRemoved(person_id=command.person_id, role=command.role.value, at=draft.now))
        _call_off(draft, command.person_id)


def change_role(draft: Draft, command: cm.ChangePersonRole) -> None:
    """Say what a person is now; raises `NotFoundError` without the role, `ConflictError` where both are held.

    The same words again change nothing. A role that is disproved is over, and what was still to be done for it is
    called off; so is what belongs to a role that became another one. Who is again what they were before has all of it
    to be done again, with the limits that it had. A victim becomes a suspect only after a lawyer's
    note; else raises `LawyersNoteError`.
    """
    known = present_link(draft.state, command.person_id, command.role)
    if known is None:
        raise NotFoundError(kind="person")
    is_same = command.role is command.to_role
    if not is_same and present_link(draft.state, command.person_id, command.to_role) is not None:
        raise ConflictError(kind="role")
    if not is_same:
        require_note_for_role(draft.state, command.person_id, command.to_role)
    changed = CasePerson(
        person_id=command.person_id,
        role=command.to_role,
        added_at=known.added_at if is_same else draft.now,
        removed_at=draft.now if command.status is RoleStatus.DISPROVED else None,
        status=command.status,
        from_on=command.from_on,
        until_on=command.until_on,
    )
    if changed != known:
        draft.emit(
            ev.PersonRoleChanged(role=command.role.value, person=changed, at=draft.now, reason_code=command.reason_code)
        )
        _call_off(draft, command.person_id)
        _call_back(draft, command.person_id)


def present_link(state: CaseState, person_id: UUID, role: PersonRole) -> CasePerson | None:
    """Find a person's present link to a case in a role."""
    same = (p for p in state.persons if p.person_id == person_id and p.role is role)
    return next((person for person in same if person.removed_at is None), None)


def _call_off(draft: Draft, person_id: UUID) -> None:
    """Call off the live steps of a person that are done for people among whom they no longer are."""
    own = path_of_person(person_id)
    for step in list(draft.state.steps.values()):
        if step.status in LIVE and step.base_path == own and _is_done_for(draft, step, person_id) is False:
            cancel(draft, step.model_copy(update={"gate": LEFT}), LEFT)


def _call_back(draft: Draft, person_id: UUID) -> None:
    """Open again what was called off when a person left, and is done for people among whom they are now."""
    own = path_of_person(person_id)
    for step in list(draft.state.steps.values()):
        is_waiting = step.status is StepStatus.CANCELLED and step.gate == LEFT and step.base_path == own
        run = draft.state.runs[step.run_id]
        if not is_waiting or run.status is RunStatus.ABORTED or _has_come_back(draft, step):
            continue
        if _is_done_for(draft, step, person_id):
            if run.status is RunStatus.OVER:
                draft.emit(ev.RunReopened(run_id=run.id, at=draft.now))
            open_again(draft, step, compiled_of(draft, step))


def _has_come_back(draft: Draft, step: Step) -> bool:
    path = path_of_round(step.base_path, step.round + 1)
    return step_id(step.run_id, step.key, path) in draft.state.steps


def _is_done_for(draft: Draft, step: Step, person_id: UUID) -> bool | None:
    """Return whether a person is among those for whom a step of theirs is done; None for one that somebody added."""
    if step.added is not None:
        return _is_present(draft.state, person_id) if step.added.follow_up else None
    compiled = compiled_of(draft, step)
    return None if compiled is None else path_of_person(person_id) in draft.view(step.run_id).elements(compiled)


def _is_present(state: CaseState, person_id: UUID) -> bool:
    return any(person.person_id == person_id and person.removed_at is None for person in state.persons)


def everybody_in(state: CaseState) -> tuple[UUID, ...]:
    """Return the persons who are in a case now, each once."""
    return tuple(dict.fromkeys(person.person_id for person in state.persons if person.removed_at is None))


_ROLES: Final = frozenset({PersonRole.SUSPECT, PersonRole.INFORMANT})
_PILLARS: Final = frozenset({"policing"})
"""What our people do about the suspects."""
TO_A_SUSPECT: Final = "give a suspect what is held about them"
"""What nobody may do."""


def is_untold_role(role: str) -> bool:
    """Return whether it is not told that somebody is in a case in a role."""
    return role in _ROLES


def is_untold_step(uses: str, classes: Iterable[RestrictedCategory | str | None]) -> bool:
    """Return whether nothing is told of a step, by its type and the sealed classes of its questions."""
    return uses.partition(".")[0] in _PILLARS or RestrictedCategory.INFORMANTS in set(classes)


def untold_persons(links: Iterable[tuple[UUID, str]]) -> frozenset[UUID]:
    """Return those who are in a case for nothing but what is untold, from each person with each of their roles."""
    known = set(links)
    return frozenset(person for person, _ in known) - {person for person, role in known if not is_untold_role(role)}


def is_suspect_alone(roles: Iterable[str]) -> bool:
    """Return whether somebody is a suspect of a case and nothing else: they are not given what is held about them."""
    return set(roles) == {PersonRole.SUSPECT}


class LawyersNoteError(NotPossibleError):
    """Raised when a victim would be held for a suspect, or heard as one, before a lawyer's note on non-punishment."""

    code = "lawyers-note"
    sentence = (
        "Someone who is a victim in this case can {what} only after a lawyer's note on what they were made to do. The"
        " note is waiting for a lawyer in this case. If they were never a victim, first record that this was disproved."
    )
