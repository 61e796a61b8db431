"""Persons, and what they are found by."""

from typing import NamedTuple
from uuid import UUID

from engine.domain.matching import Agreement


class TokenMatch(NamedTuple):
    """A person of another case who shares tokens: the unit that knows them, what agrees, and among how many persons."""

    person_id: UUID
    unit_id: UUID
    unit: str
    contact: str
    agreement: Agreement
    persons: int
