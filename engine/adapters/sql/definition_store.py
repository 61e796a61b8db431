"""Versions of definitions: drafts, what is published, what was."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, insert, select, text, update

from engine.adapters.sql import tables as tb
from engine.stores import StoredDefinition

VERSION = tb.DefinitionVersionRow.__table__  # type: ignore[attr-defined]

_HOLD = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")
_STAMP = text("""
    SELECT (SELECT count(*) FROM definition_version WHERE kind IN ('calendar', 'ladder', 'law')),
        (SELECT count(*) FROM special_day), (SELECT count(removed_at) FROM special_day)
""")
_COLUMNS = [VERSION.c[name] for name in StoredDefinition._fields]


class DefinitionStore:
    """Definitions in PostgreSQL, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    def by_hash(self, content_hash: str) -> StoredDefinition | None:
        """Load the workflow with a content hash, whatever its status."""
        query = select(*_COLUMNS).where(VERSION.c.kind == "workflow", VERSION.c.content_hash == content_hash)
        row = self._connection.execute(query.order_by(VERSION.c.version.desc()).limit(1)).first()
        return StoredDefinition(*row) if row else None

    def published(self, kind: str) -> tuple[StoredDefinition, ...]:
        """Load what is published of a kind, by name."""
        query = select(*_COLUMNS).where(VERSION.c.kind == kind, VERSION.c.status == "published")
        return tuple(StoredDefinition(*row) for row in self._connection.execute(query.order_by(VERSION.c.name)))

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

    def publish(self, stored: StoredDefinition, *, contract_hashes: Mapping[str, str], at: datetime) -> None:
        """Write a version as the published one; the one before is retired and stays for its running cases."""
        same = (VERSION.c.kind == stored.kind, VERSION.c.name == stored.name, VERSION.c.status == "published")
        self._connection.execute(update(VERSION).where(*same).values(status="retired"))
        row = stored._asdict() | {
            "status": "published", "published_at": at, "created_at": at, "contract_hashes": dict(contract_hashes),
            "approver": "",
        }  # fmt: skip
        self._connection.execute(insert(VERSION), row)

    def hold(self, kind: str, name: str) -> None:
        """Keep others from changing a definition, or the days of a calendar, until the transaction ends."""
        self._connection.execute(_HOLD, {"key": f"{kind}|{name}"})

    def stamp(self) -> tuple[int, int, int]:
        """Give a value that changes with each calendar, ladder or law pack published, each day added or taken back."""
        versions, added, removed = self._connection.execute(_STAMP).one()
        return versions, added, removed
