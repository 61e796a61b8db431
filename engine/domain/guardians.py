"""Who stands for a child and may be one of those it must be kept from: a parent can be the trafficker. Pure."""

from collections.abc import Callable, Iterable
from typing import Final
from uuid import UUID

from engine.domain.records import CasePerson, PersonRole

STANDS_FOR: Final = frozenset({PersonRole.GUARDIAN, PersonRole.FAMILY})
PROBLEM: Final = (
    "Someone who acts for the child is a suspect: they cannot agree on the child's behalf. The Committee or a court"
    " must agree, or a guardian who is not a suspect."
)


def suspected(
    here: Iterable[CasePerson], around: Iterable[CasePerson], one_with: Callable[[UUID], Iterable[UUID]]
) -> frozenset[UUID]:
    """Give the guardians and family of a case who are suspects in it, or in one that is linked with it.

    `around` are the persons of linked cases; `one_with` names all persons who were found to be one with somebody.
    """
    present = [person for person in here if person.removed_at is None]
    suspects = {
        person.person_id
        for person in (*present, *around)
        if person.role is PersonRole.SUSPECT and person.removed_at is None
    }
    stand = {person.person_id for person in present if person.role in STANDS_FOR}
    return frozenset(person for person in stand if not suspects.isdisjoint({person, *one_with(person)}))


def nobody_else_stands(here: Iterable[CasePerson], suspects: frozenset[UUID]) -> bool:
    """Say whether no guardian of a case is left who is not suspected."""
    return not any(
        person.role is PersonRole.GUARDIAN and person.removed_at is None and person.person_id not in suspects
        for person in here
    )
