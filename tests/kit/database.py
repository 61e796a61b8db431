"""Rows of a database as the superuser sees them, and a table of wrapped keys in memory."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

import psycopg

from engine.keys.vault import StoredKey

NOTED = frozenset({"audit_event", "audit_chain", "reading", "session", "known_device", "sign_in_try", "service"})
"""What every request may leave behind: who looked at what, who was refused, and that a session is still used."""

_HASHED = """SELECT '{name}', md5(coalesce(string_agg(h, '' ORDER BY h), ''))
    FROM (SELECT md5(t::text) AS h FROM "{name}" AS t) AS of_{name}"""


class Rows:
    """The rows of a database, as the superuser sees them."""

    def __init__(self, url: str) -> None:
        """Look at the database of `url`."""
        self._connection = psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True)
        names = self._connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        self._marks = " UNION ALL ".join(
            f"SELECT '{name}', count(*), sum(xmin::text::bigint) FROM \"{name}\""
            for name in sorted({str(row[0]) for row in names} - NOTED)
        )
        self._hashed: dict[str, tuple[tuple[object, ...], str]] = {}

    def state(self) -> dict[str, str]:
        """Return a hash of each table's rows, in whatever order they lie, but of what requests leave behind.

        A table is hashed again only where something was written: then another number of rows is there, or the
        transactions that wrote them are others. Whatever is written is newer than what it takes the place of.
        """
        marks = {str(name): tuple(mark) for name, *mark in self._connection.execute(self._marks)}
        written = [name for name, mark in marks.items() if self._hashed.get(name, ("",))[0] != mark]
        hashes = " UNION ALL ".join(_HASHED.format(name=name) for name in written)
        for name, value in self._connection.execute(hashes).fetchall() if written else ():
            self._hashed[name] = marks[name], value
        return {name: value for name, (_, value) in self._hashed.items()}

    def changed(self, before: dict[str, str]) -> set[str]:
        """Name the tables that are not what they were."""
        return {name for name, value in self.state().items() if value != before[name]}

    def all(self, query: str, **values: object) -> list[tuple[object, ...]]:
        """Read or change rows: no rule of the application holds here."""
        done = self._connection.execute(query, values)
        return done.fetchall() if done.description else []

    def close(self) -> None:
        """Look no more."""
        self._connection.close()


@dataclass
class KeysInMemory:
    """Wrapped keys of owners by version; `organisations` says whose key wraps an owner's."""

    kept: dict[tuple[UUID, int], StoredKey] = field(default_factory=dict)
    organisations: dict[UUID, UUID] = field(default_factory=dict)
    destroyed: set[UUID] = field(default_factory=set)
    uses: dict[tuple[UUID, int], int] = field(default_factory=dict)
    number: int = 0

    def newest(self, owner: UUID) -> StoredKey | None:
        found = [key for (whose, _), key in sorted(self.kept.items()) if whose == owner]
        return found[-1] if found else None

    def version(self, owner: UUID, version: int) -> StoredKey | None:
        return self.kept.get((owner, version))

    def keep(self, owner: UUID, key: StoredKey) -> StoredKey | None:
        if owner in self.destroyed:
            return None
        return self.kept.setdefault((owner, key.version), key)

    def organisation_of(self, owner: UUID, unit_id: UUID | None) -> UUID | None:
        return self.organisations.get(unit_id or owner)

    def spend(self, owner: UUID, version: int, uses: int) -> int:
        self.uses[owner, version] = self.uses.get((owner, version), 0) + uses
        return self.uses[owner, version]

    def uncommitted(self) -> dict[tuple[UUID, int], object]:
        return {}

    def epoch(self) -> int:
        return self.number

    def destroy(self, owner: UUID) -> None:
        self.kept = {place: key for place, key in self.kept.items() if place[0] != owner}
        self.destroyed.add(owner)
        self.number += 1


def add_hub(rows: Rows, *, case: UUID, unit: UUID, who: UUID, now: datetime) -> tuple[UUID, UUID]:
    """Write a hub elsewhere that waits for a second person, and that it is asked for help in a case; returns both."""
    peer, mirror = uuid4(), uuid4()
    known = {"peer": peer, "mirror": mirror, "case": case, "unit": unit, "who": who, "now": now}
    rows.all(
        "INSERT INTO peer_hub (id, name, kind, address, sign_key, agree_key, unit_id, status, asked_by, added_at,"
        " sent_number, received_number, skew_seconds, tries, line_error) VALUES (%(peer)s, 'A hub', 'ngo',"
        " 'https://hub.example.org', %(key)s, %(key)s, %(unit)s, 'asked', %(who)s, %(now)s, 0, 0, 0, 0, '')",
        **known, key=peer.bytes,
    )  # fmt: skip
    rows.all(
        "INSERT INTO mirror (id, hub_id, ref, came_in, unit_id, case_id, status, kind, purpose, help, urgency, number,"
        " jurisdiction, offered_at, zone, reason_code, their_number, their_zone, ended_reason, erasure) VALUES"
        " (%(mirror)s, %(peer)s, %(mirror)s, false, %(unit)s, %(case)s, 'offered', 'mirror', 'service', 'other',"
        " 'high', '', 'IN-AS', %(now)s, 'UTC', '', '', '', '', '')",
        **known,
    )
    return peer, mirror
