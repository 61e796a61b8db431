"""The table of wrapped keys, and the vault over it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Engine as SqlEngine
from sqlalchemy import func, select, text, update

from engine.adapters.advisory_locks import TURN_PERIOD
from engine.adapters.key_file import KeyRing
from engine.adapters.sql import tables as tb
from engine.adapters.sql.in_hand import asked_over, changed_over, in_hand
from engine.adapters.vault import KeyVault
from engine.ports import Clock, StoredKey

KEYS = tb.DataKeyRow.__table__  # type: ignore[attr-defined]
EPOCH = "keys_epoch"
_WHOLE = (KEYS.c.destroyed_at.is_(None), KEYS.c.wrapped.is_not(None))
CLOSED = "key_period_closed"
"""The fact that names the periods that are thrown away: no key is kept any more that one of them wraps."""
_STORED = select(KEYS.c.version, KEYS.c.wrapped, KEYS.c.wrapped_by, KEYS.c.period).where(*_WHOLE)
HOLD_PERIOD = select(func.pg_advisory_xact_lock_shared(TURN_PERIOD))
"""A turn of periods waits for transactions that make keys, and for erasures: they end in the period they began in."""
HOLD_PERIOD_ALONE = select(func.pg_advisory_xact_lock(TURN_PERIOD))
_KEEP = text("""
    INSERT INTO data_key (owner_id, version, wrapped, wrapped_by, period, created_at)
    SELECT :owner, :version, :wrapped, :wrapped_by, CAST(:period AS text), :at
    WHERE NOT EXISTS (SELECT 1 FROM data_key WHERE owner_id = :owner AND destroyed_at IS NOT NULL)
      AND NOT EXISTS (SELECT 1 FROM installation WHERE key = :closed AND value -> 'ids' ? CAST(:period AS text))
      AND (CAST(:parent AS uuid) IS NULL OR EXISTS (
        SELECT 1 FROM data_key WHERE owner_id = :parent AND version = :parent_version AND wrapped IS NOT NULL))
    ON CONFLICT DO NOTHING RETURNING version
""")
_ORGANISATION = text("""
    SELECT organisation_id FROM unit WHERE NOT EXISTS (SELECT 1 FROM organisation WHERE id = :owner) AND id = COALESCE(
        CAST(:unit AS uuid),
        (SELECT unit_id FROM "case" WHERE id = :owner), (SELECT unit_id FROM person WHERE id = :owner),
        (SELECT id FROM unit WHERE id = :owner))
""")
_EPOCH = text("""
    SELECT (value ->> 'number')::bigint AS number, xmin = pg_current_xact_id_if_assigned()::xid AS is_mine
    FROM installation WHERE key = :key
""")


class SqlWrappedKeys:
    """Wrapped keys in PostgreSQL, asked over the connection that a thread has in hand, else over one of their own.

    A key that is made in a transaction is kept or lost with it, and so is all that was sealed with it.
    """

    def __init__(self, sql: SqlEngine, clock: Clock) -> None:
        """Keep keys in the database of `sql`."""
        self._sql = sql
        self._clock = clock

    def newest(self, owner: UUID) -> StoredKey | None:
        """Give the newest key of an owner that is not destroyed."""
        with asked_over(self._sql) as connection:
            row = connection.execute(
                _STORED.where(KEYS.c.owner_id == owner).order_by(KEYS.c.version.desc()).limit(1)
            ).first()
        return StoredKey(*row) if row else None

    def newest_of(self, owners: Sequence[UUID]) -> Mapping[UUID, StoredKey]:
        """Give the newest key of each of these owners that has one."""
        query = _STORED.add_columns(KEYS.c.owner_id).where(KEYS.c.owner_id.in_(owners)).order_by(KEYS.c.version)
        with asked_over(self._sql) as connection:
            return {row.owner_id: StoredKey(*row[:-1]) for row in connection.execute(query)}

    def version(self, owner: UUID, version: int) -> StoredKey | None:
        """Give one version of an owner's key that is not destroyed."""
        with asked_over(self._sql) as connection:
            row = connection.execute(_STORED.where(KEYS.c.owner_id == owner, KEYS.c.version == version)).first()
        return StoredKey(*row) if row else None

    def keep(self, owner: UUID, key: StoredKey) -> StoredKey | None:
        """Keep a new key; gives the one that was kept, which may be another process's. None for a destroyed owner."""
        parent, slash, version = key.wrapped_by.partition("/")
        by = (
            {"parent": UUID(parent), "parent_version": int(version)} if slash else {"parent": None, "parent_version": 0}
        )
        row = {"owner": owner, "at": self._clock.now(), "closed": CLOSED, **key._asdict(), **by}
        with changed_over(self._sql) as connection:
            connection.execute(HOLD_PERIOD)
            is_kept = connection.execute(_KEEP, row).first() is not None
        taken = in_hand(self._sql)
        if is_kept and taken is not None:
            taken.made[owner, key.version] = None
        return key if is_kept else self.newest(owner)

    def uncommitted(self) -> dict[tuple[UUID, int], Any]:
        """Give, by owner and version, the keys that the transaction in hand has made: nobody else may use them yet."""
        taken = in_hand(self._sql)
        return {} if taken is None else taken.made

    def organisation_of(self, owner: UUID, unit_id: UUID | None) -> UUID | None:
        """Give the organisation of a unit, else of an owner; None when it is not known, or is one itself."""
        with asked_over(self._sql) as connection:
            found: UUID | None = connection.execute(_ORGANISATION, {"owner": owner, "unit": unit_id}).scalar()
        return found

    def spend(self, owner: UUID, version: int, uses: int) -> int | None:
        """Count uses of a key; gives how many there were in all, None while somebody else counts or changes it."""
        mine = (KEYS.c.owner_id == owner, KEYS.c.version == version)
        free = select(KEYS.c.version).where(*mine).with_for_update(skip_locked=True).scalar_subquery()
        counted = update(KEYS).where(*mine, KEYS.c.version == free).values(uses=KEYS.c.uses + uses)
        with changed_over(self._sql) as connection:
            found: int | None = connection.execute(counted.returning(KEYS.c.uses)).scalar_one_or_none()
        return found

    def epoch(self) -> int | None:
        """Give the number that grows whenever keys are destroyed or the key file changes; None while only we know."""
        with asked_over(self._sql) as connection:
            row = connection.execute(_EPOCH, {"key": EPOCH}).first()
        if row is None:
            return 0
        return None if row.is_mine else int(row.number)


def open_vault(sql: SqlEngine, ring: KeyRing, clock: Clock) -> KeyVault:
    """Open the vault over the table of wrapped keys."""
    return KeyVault(ring, SqlWrappedKeys(sql, clock))
