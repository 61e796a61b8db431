"""Versions of definitions: drafts, what is published, what was."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import insert, select, text, update

from engine.adapters.sql import tables as tb
from engine.adapters.sql.store import Store
from engine.stores import StoredDefinition

VERSION = tb.DefinitionVersionRow.__table__  # type: ignore[attr-defined]

RAN: Final = ("published", "retired")
"""The statuses of what runs or ran; the others are `proposed` and `refused`."""
PROPOSED: Final = "proposed"
_HOLD = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")
_STAMP = text("""
    SELECT (SELECT count(*) FROM definition_version WHERE kind IN ('calendar', 'ladder', 'law')
        AND status IN ('published', 'retired')),
        (SELECT count(*) FROM special_day), (SELECT count(removed_at) FROM special_day),
        (SELECT count(sealed_words) FROM special_day),
        (SELECT count(*) FROM law_signature), (SELECT count(revoked_at) FROM law_signature)
""")
_COLUMNS = [VERSION.c[name] for name in StoredDefinition._fields]


class DefinitionStore(Store):
    """Definitions in PostgreSQL, within one transaction."""

    def by_hash(self, content_hash: str) -> StoredDefinition | None:
        """Load the workflow with a content hash, be it published or retired."""
        query = select(*_COLUMNS).where(
            VERSION.c.kind == "workflow", VERSION.c.content_hash == content_hash, VERSION.c.status.in_(RAN)
        )
        row = self._connection.execute(query.order_by(VERSION.c.version.desc()).limit(1)).first()
        return StoredDefinition(*row) if row else None

    def published(self, kind: str) -> tuple[StoredDefinition, ...]:
        """Load what is published of a kind, by name."""
        query = select(*_COLUMNS).where(VERSION.c.kind == kind, VERSION.c.status == "published")
        return tuple(StoredDefinition(*row) for row in self._connection.execute(query.order_by(VERSION.c.name)))

    def ran(self, kind: str) -> tuple[StoredDefinition, ...]:
        """Load each version of a kind that runs or ran, by name, the oldest first."""
        query = select(*_COLUMNS).where(VERSION.c.kind == kind, VERSION.c.status.in_(RAN))
        ordered = query.order_by(VERSION.c.name, VERSION.c.published_at, VERSION.c.version)
        return tuple(StoredDefinition(*row) for row in self._connection.execute(ordered))

    def current(self, kind: str, name: str) -> StoredDefinition | None:
        """Load the published version of a definition."""
        query = select(*_COLUMNS).where(VERSION.c.kind == kind, VERSION.c.name == name, VERSION.c.status == "published")
        row = self._connection.execute(query).first()
        return StoredDefinition(*row) if row else None

    def newest_version(self, kind: str, name: str) -> int:
        """Give the highest version number there is; 0 when there is none."""
        query = select(VERSION.c.version).where(VERSION.c.kind == kind, VERSION.c.name == name)
        found: int | None = self._connection.execute(query.order_by(VERSION.c.version.desc()).limit(1)).scalar()
        return found or 0

    def publish(self, stored: StoredDefinition, *, contract_hashes: Mapping[str, object], at: datetime) -> None:
        """Write a version as the published one; the one before is retired and stays for its running cases."""
        self._retire(stored)
        self._write(stored, status="published", contract_hashes=contract_hashes, published_at=at, created_at=at)

    def propose(self, stored: StoredDefinition, *, at: datetime) -> None:
        """Write a version that waits for a second person: nothing runs by it."""
        self._write(stored, status=PROPOSED, contract_hashes={}, published_at=None, created_at=at)

    def proposed(self, ids: Sequence[UUID]) -> tuple[StoredDefinition, ...]:
        """Load versions that wait for a second person, in the order of their ids as they are given."""
        query = select(*_COLUMNS).where(VERSION.c.id.in_(ids), VERSION.c.status == PROPOSED)
        found = {row.id: StoredDefinition(*row) for row in self._connection.execute(query)}
        return tuple(found[one] for one in ids if one in found)

    def publish_proposed(
        self, stored: StoredDefinition, *, contract_hashes: Mapping[str, object], approver: str, at: datetime
    ) -> None:
        """Make a version that waited the published one, with who agreed; the one before is retired."""
        self._retire(stored)
        values = {"status": "published", "published_at": at, "contract_hashes": dict(contract_hashes)}
        waits = (VERSION.c.id == stored.id, VERSION.c.status == PROPOSED)
        self._connection.execute(update(VERSION).where(*waits).values(**values, approver=approver))

    def drop_proposed(self, ids: Sequence[UUID]) -> None:
        """Keep versions that waited as what was not agreed to; their numbers are not given again."""
        waits = (VERSION.c.id.in_(ids), VERSION.c.status == PROPOSED)
        self._connection.execute(update(VERSION).where(*waits).values(status="refused"))

    def _retire(self, stored: StoredDefinition) -> None:
        same = (VERSION.c.kind == stored.kind, VERSION.c.name == stored.name, VERSION.c.status == "published")
        self._connection.execute(update(VERSION).where(*same).values(status="retired"))

    def _write(
        self,
        stored: StoredDefinition,
        *,
        status: str,
        contract_hashes: Mapping[str, object],
        published_at: datetime | None,
        created_at: datetime,
    ) -> None:
        row = stored._asdict() | {
            "status": status, "published_at": published_at, "created_at": created_at,
            "contract_hashes": dict(contract_hashes), "approver": "",
        }  # fmt: skip
        self._connection.execute(insert(VERSION), row)

    def hold(self, kind: str, name: str) -> None:
        """Keep others from changing a definition, or the days of a calendar, until the transaction ends."""
        self._connection.execute(_HOLD, {"key": f"{kind}|{name}"})

    def stamp(self) -> tuple[int, ...]:
        """Give a value that changes with each calendar, ladder, law pack, added day and signature of a limit."""
        return tuple(self._connection.execute(_STAMP).one())
