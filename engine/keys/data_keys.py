"""The table of wrapped keys, the vault over it, and keys that a backup brings back."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import Engine as SqlEngine
from sqlalchemy import func, select, text, update

from engine.db.locks import BACKGROUND, TURN_PERIOD, limited_engine
from engine.db.store import EPOCH
from engine.db.tables import TABLES
from engine.db.transaction import asked_over, changed_over, in_hand
from engine.db.trips import PreparedStatement, ask
from engine.db.writing import written
from engine.keys.periods import KeyRing, PeriodFolders
from engine.keys.vault import StoredKey, Vault
from engine.machine import Clock

KEYS = TABLES["data_key"]
_WHOLE = (KEYS.c.destroyed_at.is_(None), KEYS.c.wrapped.is_not(None))
CLOSED = "key_period_closed"
"""The fact that names the periods that are thrown away: no key is kept any more that one of them wraps."""
_IN_USE = select(KEYS.c.wrapped_by).where(*_WHOLE, ~KEYS.c.wrapped_by.contains("/"), KEYS.c.period != "").distinct()
"""Keys of organisations; others are wrapped by one of them. Those of before there were periods make the first one."""
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
_HOLD_IN_TRIP = PreparedStatement(f"SELECT pg_advisory_xact_lock_shared({TURN_PERIOD})")
_KEEP_NEW = PreparedStatement("""
    INSERT INTO data_key (owner_id, version, wrapped, wrapped_by, period, created_at)
    SELECT n.owner_id, n.version, n.wrapped, n.wrapped_by, n.period, n.created_at
    FROM jsonb_populate_recordset(NULL::data_key, $1::jsonb) n
    WHERE NOT EXISTS (SELECT 1 FROM data_key k WHERE k.owner_id = n.owner_id AND k.destroyed_at IS NOT NULL)
      AND NOT EXISTS (SELECT 1 FROM installation WHERE key = $2 AND value -> 'ids' ? n.period)
      AND (position('/' in n.wrapped_by) = 0 OR EXISTS (
        SELECT 1 FROM data_key k WHERE k.owner_id = split_part(n.wrapped_by, '/', 1)::uuid
            AND k.version = split_part(n.wrapped_by, '/', 2)::int AND k.wrapped IS NOT NULL))
    ON CONFLICT DO NOTHING RETURNING owner_id
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
        """Return the newest key of an owner that is not destroyed."""
        with asked_over(self._sql) as connection:
            row = connection.execute(
                _STORED.where(KEYS.c.owner_id == owner).order_by(KEYS.c.version.desc()).limit(1)
            ).first()
        return StoredKey(*row) if row else None

    def newest_of(self, owners: Sequence[UUID]) -> Mapping[UUID, StoredKey]:
        """Return the newest key of each of these owners that has one."""
        query = _STORED.add_columns(KEYS.c.owner_id).where(KEYS.c.owner_id.in_(owners)).order_by(KEYS.c.version)
        with asked_over(self._sql) as connection:
            return {row.owner_id: StoredKey(*row[:-1]) for row in connection.execute(query)}

    def version(self, owner: UUID, version: int) -> StoredKey | None:
        """Return one version of an owner's key that is not destroyed."""
        with asked_over(self._sql) as connection:
            row = connection.execute(_STORED.where(KEYS.c.owner_id == owner, KEYS.c.version == version)).first()
        return StoredKey(*row) if row else None

    def keep(self, owner: UUID, key: StoredKey) -> StoredKey | None:
        """Keep a new key; returns the one that was kept, which may be another process's. None for a destroyed owner."""
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

    def keep_new(self, keys: Mapping[UUID, StoredKey]) -> frozenset[UUID]:
        """Keep the first keys of several owners in the transaction in hand; returns those whose key was kept."""
        at = self._clock.now()
        rows = [
            {"owner_id": owner, "created_at": at, **key._asdict(), "wrapped": written(key.wrapped)}
            for owner, key in keys.items()
        ]
        with changed_over(self._sql) as connection:
            _, answers = ask(connection, (_HOLD_IN_TRIP, ()), (_KEEP_NEW, [to_json(rows), CLOSED.encode()]))
        kept = frozenset(UUID(answer.decode()) for answer in answers)
        taken = in_hand(self._sql)
        if taken is not None:
            taken.made.update({(owner, keys[owner].version): None for owner in kept})
        return kept

    def uncommitted(self) -> dict[tuple[UUID, int], Any]:
        """Give, by owner and version, the keys that the transaction in hand has made: nobody else may use them yet."""
        taken = in_hand(self._sql)
        return {} if taken is None else taken.made

    def organisation_of(self, owner: UUID, unit_id: UUID | None) -> UUID | None:
        """Return the organisation of a unit, else of an owner; None when it is not known, or is one itself."""
        with asked_over(self._sql) as connection:
            found: UUID | None = connection.execute(_ORGANISATION, {"owner": owner, "unit": unit_id}).scalar()
        return found

    def spend(self, owner: UUID, version: int, uses: int) -> int | None:
        """Count uses of a key; returns how many there were in all, None while somebody else counts or changes it."""
        mine = (KEYS.c.owner_id == owner, KEYS.c.version == version)
        free = select(KEYS.c.version).where(*mine).with_for_update(skip_locked=True).scalar_subquery()
        counted = update(KEYS).where(*mine, KEYS.c.version == free).values(uses=KEYS.c.uses + uses)
        with changed_over(self._sql) as connection:
            found: int | None = connection.execute(counted.returning(KEYS.c.uses)).scalar_one_or_none()
        return found

    def epoch(self) -> int | None:
        """Return the number that grows whenever keys are destroyed or the key file changes; None while only we know."""
        with asked_over(self._sql) as connection:
            row = connection.execute(_EPOCH, {"key": EPOCH}).first()
        if row is None:
            return 0
        return None if row.is_mine else int(row.number)


def keys_in_use(sql: SqlEngine) -> tuple[str, ...]:
    """Return the ids of the keys of the key file without which what is in the database cannot be opened."""
    with sql.connect() as connection:
        return tuple(connection.execute(_IN_USE).scalars())


def open_vault(sql: SqlEngine, ring: KeyRing, clock: Clock) -> Vault:
    """Open the vault over the table of wrapped keys."""
    return Vault(ring, SqlWrappedKeys(sql, clock))


_AT_ONCE = 5_000
_TABLE = text("""
    CREATE TEMPORARY TABLE kept_key (
        owner_id uuid, version int, wrapped bytea, wrapped_by text, period text, PRIMARY KEY (owner_id, version))
""")
_FILL = text("INSERT INTO kept_key VALUES (:owner_id, :version, :wrapped, :wrapped_by, :period)")
_PUT_BACK = text("""
    UPDATE data_key k SET wrapped = n.wrapped, wrapped_by = n.wrapped_by, period = n.period FROM kept_key n
    WHERE k.owner_id = n.owner_id AND k.version = n.version AND k.wrapped IS NOT NULL
      AND k.period = ANY(CAST(:ended AS text[]))
""")
_NEWER = text("""
    INSERT INTO data_key (owner_id, version, wrapped, wrapped_by, period, created_at)
    SELECT n.owner_id, n.version, n.wrapped, n.wrapped_by, n.period, now() FROM kept_key n
    WHERE EXISTS (
        SELECT FROM data_key k WHERE k.owner_id = n.owner_id AND k.wrapped IS NOT NULL
          AND (k.period = ANY(CAST(:ended AS text[])) OR k.period = n.period))
    ON CONFLICT DO NOTHING
""")
_DEAD = text("""
    UPDATE data_key SET wrapped = NULL, retired_at = now()
    WHERE wrapped IS NOT NULL AND period = ANY(CAST(:ended AS text[]))
""")
_LOST = text("""
    SELECT count(*) FROM data_key WHERE wrapped IS NOT NULL AND period <> '' AND period <> ALL(CAST(:open AS text[]))
""")
_ERASED = text("""
    UPDATE data_key k SET destroyed_at = now()
    WHERE destroyed_at IS NULL AND wrapped IS NULL AND period = ANY(CAST(:ended AS text[]))
      AND NOT EXISTS (SELECT FROM data_key o WHERE o.owner_id = k.owner_id AND o.wrapped IS NOT NULL)
""")


class PutBack(NamedTuple):
    """How many keys of a backup were put back, were thrown away since, and open only with a period key that is lost."""

    alive: int
    dead: int
    lost: int


def put_back_keys(url: str, periods: PeriodFolders) -> PutBack:
    """Wrap the keys of a restored database as they are wrapped now, where their period is over, over its owner's URL.

    What does not live on, of a period that was thrown away, was destroyed since: it is destroyed here too. Keys of a
    period that is neither here nor was thrown away stay as they are.
    """
    sql = limited_engine(url, BACKGROUND, pool_size=1)
    try:
        with sql.begin() as connection:
            connection.execute(_TABLE)
            rows = [one._asdict() for one in periods.survivors()]
            for at in range(0, len(rows), _AT_ONCE):
                connection.execute(_FILL, rows[at : at + _AT_ONCE])
            values = {"open": [one.id for one in periods.all], "ended": list(periods.ended())}
            alive = connection.execute(_PUT_BACK, values).rowcount
            connection.execute(_NEWER, values)
            dead = connection.execute(_DEAD, values).rowcount
            connection.execute(_ERASED, values)
            return PutBack(alive, dead, connection.execute(_LOST, values).scalar_one())
    finally:
        sql.dispose()
