"""Definitions, added days, and recounts."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID


class StoredDefinition(NamedTuple):
    """A version of a definition as it is stored; `flattened` is what is compiled.

    It is the hub's, and everybody's, or that of one unit for its own cases: `owner_unit_id`.
    """

    id: UUID
    kind: str
    name: str
    version: int
    title: str
    status: str
    content_hash: str
    source: str
    flattened: Mapping[str, Any]
    author: str
    published_at: datetime | None
    owner_unit_id: UUID | None = None

    def serves(self, unit_id: UUID) -> bool:
        """Whether it is for the cases of a unit."""
        return self.owner_unit_id is None or self.owner_unit_id == unit_id


class StoredDay(NamedTuple):
    """A day that somebody has added to a calendar: `kind` is `holiday` or `working`; `who` is their name."""

    id: UUID
    calendar: str
    day: date
    kind: str
    name: str
    reason: str
    added_by: UUID | None
    added_at: datetime
    who: str = ""


class StoredSignature(NamedTuple):
    """A lawyer's signature under one text of a limit; `place` is the jurisdiction of the unit that they signed for."""

    id: UUID
    limit_id: str
    text_hash: str
    name: str
    place: str
    signed_by: UUID
    signed_on: date
    signed_at: datetime
    source_read: str
    revoked_by: UUID | None = None
    revoked_at: datetime | None = None
    revoked_for: str = ""


class OpenRecount(NamedTuple):
    """A change after which deadlines are counted again, and the last case that was looked at."""

    id: UUID
    kind: str
    name: str
    after_case_id: UUID | None
