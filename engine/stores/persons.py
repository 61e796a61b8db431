"""Persons, and what they are found by."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from engine.domain.identity import PersonMerge
from engine.domain.matching import Agreement
from engine.ports import JsonValue


class TokenMatch(NamedTuple):
    """A person of another case who shares tokens: the unit that knows them, what agrees, and among how many persons."""

    person_id: UUID
    unit_id: UUID
    unit: str
    contact: str
    agreement: Agreement
    persons: int


class Persons(Protocol):
    """Persons."""

    def add(
        self,
        person_id: UUID,
        identity: Mapping[str, JsonValue],
        tokens: Sequence[tuple[str, str]],
        *,
        unit_id: UUID,
        at: datetime,
        by: UUID | None = None,
    ) -> None:
        """Write a person; `tokens` are (kind, normalised value), of which only blind tokens are kept."""
        ...

    def change(
        self,
        person_id: UUID,
        identity: Mapping[str, JsonValue],
        tokens: Sequence[tuple[str, str]],
        *,
        by: UUID | None = None,
    ) -> None:
        """Write what is known of a person now, over what was known before."""
        ...

    def known_by(self, organisation_id: UUID, tokens: Sequence[tuple[str, str]]) -> tuple[UUID, ...]:
        """Find persons whom an organisation has written down itself and who have all of these tokens, by id."""
        ...

    def identity(self, person_id: UUID) -> Mapping[str, JsonValue]:
        """Open who a person is; empty when nothing is known."""
        ...

    def matches(self, person_ids: Sequence[UUID], *, case_id: UUID) -> tuple[TokenMatch, ...]:
        """Find persons of other cases who share tokens with these."""
        ...

    def same_as(self, person_id: UUID) -> tuple[UUID, ...]:
        """List all persons that were found to be one with this one, itself among them."""
        ...

    def add_merge(self, merge: PersonMerge) -> None:
        """Write that two persons are one."""
        ...

    def end_merge(self, merge: PersonMerge) -> None:
        """Write that two persons are two again."""
        ...

    def merge_of(self, secondary_id: UUID) -> PersonMerge | None:
        """Load the merge that holds by which a person points to another one."""
        ...
