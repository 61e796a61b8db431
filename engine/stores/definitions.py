"""Definitions, added days, and recounts."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol
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


class Definitions(Protocol):
    """Definitions."""

    def by_hash(self, content_hash: str) -> StoredDefinition | None:
        """Load the workflow with a content hash, be it published or retired."""
        ...

    def published(self, kind: str) -> tuple[StoredDefinition, ...]:
        """Load what is published of a kind, by name."""
        ...

    def ran(self, kind: str) -> tuple[StoredDefinition, ...]:
        """Load each version of a kind that runs or ran, by name, the oldest first."""
        ...

    def current(self, kind: str, name: str) -> StoredDefinition | None:
        """Load the published version of a definition."""
        ...

    def newest_version(self, kind: str, name: str) -> int:
        """Give the highest version number there is; 0 when there is none."""
        ...

    def publish(self, stored: StoredDefinition, *, contract_hashes: Mapping[str, object], at: datetime) -> None:
        """Write a version as the published one; the one before is retired and stays for its running cases."""
        ...

    def propose(self, stored: StoredDefinition, *, at: datetime) -> None:
        """Write a version that waits for a second person: nothing runs by it."""
        ...

    def proposed(self, ids: Sequence[UUID]) -> tuple[StoredDefinition, ...]:
        """Load versions that wait for a second person, in the order of their ids as they are given."""
        ...

    def publish_proposed(
        self, stored: StoredDefinition, *, contract_hashes: Mapping[str, object], approver: str, at: datetime
    ) -> None:
        """Make a version that waited the published one, with who agreed; the one before is retired."""
        ...

    def drop_proposed(self, ids: Sequence[UUID]) -> None:
        """Keep versions that waited as what was not agreed to; their numbers are not given again."""
        ...

    def stamp(self) -> tuple[int, ...]:
        """Give a value that changes with each calendar, ladder, law pack, added day and signature of a limit."""
        ...

    def hold(self, kind: str, name: str) -> None:
        """Keep others from changing a definition, or the days of a calendar, until the transaction ends."""
        ...


class SpecialDays(Protocol):
    """Days that were added to calendars."""

    def live(self, calendar: str | None = None) -> tuple[StoredDay, ...]:
        """List the days that were added and not taken back, in order of date; of every calendar unless one is named."""
        ...

    def add(self, day: StoredDay) -> None:
        """Write a day."""
        ...

    def remove(self, day_id: UUID, *, by: UUID, at: datetime) -> None:
        """Take a day back; it stays in the table with who took it back, and when."""
        ...


class LawSignatures(Protocol):
    """Signatures of lawyers under limits of the law."""

    def live(self) -> tuple[StoredSignature, ...]:
        """List the signatures that were not taken back, the oldest first."""
        ...

    def all(self) -> tuple[StoredSignature, ...]:
        """List every signature that there ever was, the latest first."""
        ...

    def get(self, signature_id: UUID) -> StoredSignature | None:
        """Load a signature and keep others from changing it until the transaction ends."""
        ...

    def add(self, signature: StoredSignature) -> None:
        """Write a signature."""
        ...

    def revoke(self, signature_id: UUID, *, by: UUID, at: datetime, why: str) -> None:
        """Take a signature back; it stays in the table with who took it back, when and why (a code)."""
        ...


class Recounts(Protocol):
    """Changes after which open deadlines are counted again."""

    def ask(self, recount_id: UUID, *, kind: str, name: str, by: UUID, at: datetime) -> None:
        """Ask that the open deadlines that a change concerns are counted again."""
        ...

    def open(self) -> tuple[OpenRecount, ...]:
        """List the recounts that are not done, the oldest first."""
        ...

    def concerned(
        self, kind: str, name: str, *, after: UUID | None, most: int, unit_ids: Collection[UUID] | None = None
    ) -> tuple[UUID, ...]:
        """List open cases that a change may concern, of all units or some, by id, those after one looked at already."""
        ...

    def went_on(self, recount_id: UUID, *, case_id: UUID, moved: int) -> None:
        """Keep that a case was looked at; a second time changes nothing."""
        ...

    def done(self, recount_id: UUID, *, at: datetime) -> None:
        """Say that every case was looked at."""
        ...
