"""Whom and what a report for the person whom a case is about leaves out: it would warn suspects, or show who told."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from engine.core.records import PersonRole
from engine.language.names import RestrictedCategory

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
