"""Keys as a use case may treat them: destroyed, counted, wrapped anew."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from engine.adapters.sql import tables as tb
from engine.adapters.sql.data_keys import EPOCH, KEYS
from engine.adapters.sql.open_words import seal_open_words
from engine.adapters.sql.sealed_columns import any_fixed, reseal_apart, reseal_some
from engine.domain.keys import place_key
from engine.ports import StoredKey, Vault
from engine.stores import KeyCounts, Rewrapped

_TOKEN, _SEARCH = tb.PersonTokenRow.__table__, tb.SearchTokenRow.__table__  # type: ignore[attr-defined]
_NEW_EPOCH = text("""
    INSERT INTO installation (key, value) VALUES (:key, '{"number": 1}')
    ON CONFLICT (key) DO UPDATE SET value = jsonb_build_object('number', (installation.value ->> 'number')::bigint + 1)
""")
_HOME = """
    LEFT JOIN "case" c ON c.id = k.owner_id LEFT JOIN person p ON p.id = k.owner_id
    LEFT JOIN unit u ON u.id = COALESCE(c.unit_id, p.unit_id, k.owner_id)
"""
_ORGANISATION_KEYS = """
    SELECT k.owner_id, k.version, k.wrapped, k.wrapped_by, NULL::uuid AS home
    FROM data_key k JOIN organisation o ON o.id = k.owner_id
    WHERE k.wrapped IS NOT NULL AND k.wrapped_by <> :current
"""
_OTHER_KEYS = f"""
    SELECT k.owner_id, k.version, k.wrapped, k.wrapped_by,
        COALESCE(u.organisation_id, CASE WHEN position('/' in k.wrapped_by) > 0
            THEN split_part(k.wrapped_by, '/', 1)::uuid END) AS home
    FROM data_key k {_HOME}
    WHERE k.wrapped IS NOT NULL
      AND NOT (k.wrapped_by = ANY(CAST(:parents AS text[]))
        AND (u.organisation_id IS NULL OR k.wrapped_by LIKE u.organisation_id || '/%'))
      AND NOT (k.wrapped_by = :current AND u.organisation_id IS NULL)
      AND NOT EXISTS (SELECT 1 FROM organisation o WHERE o.id = k.owner_id)
"""
_SOME = " AND k.owner_id > :after ORDER BY k.owner_id, k.version LIMIT :most FOR UPDATE OF k"
_PARENTS = text("""
    SELECT k.owner_id || '/' || max(k.version) FROM data_key k JOIN organisation o ON o.id = k.owner_id
    WHERE k.wrapped IS NOT NULL GROUP BY k.owner_id
""")
_REWRAP = text("""
    UPDATE data_key k SET wrapped = n.wrapped, wrapped_by = n.wrapped_by
    FROM unnest(CAST(:owners AS uuid[]), CAST(:versions AS int[]), CAST(:wrapped AS bytea[]), CAST(:by AS text[]))
        AS n(owner_id, version, wrapped, wrapped_by)
    WHERE k.owner_id = n.owner_id AND k.version = n.version
""")
_COUNTS = text("""
    SELECT
        count(*) FILTER (WHERE o.id IS NOT NULL), count(*) FILTER (WHERE c.id IS NOT NULL),
        count(*) FILTER (WHERE p.id IS NOT NULL),
        count(*) FILTER (WHERE COALESCE(o.id, c.id, p.id) IS NULL)
    FROM data_key k LEFT JOIN organisation o ON o.id = k.owner_id
        LEFT JOIN "case" c ON c.id = k.owner_id LEFT JOIN person p ON p.id = k.owner_id
    WHERE k.wrapped IS NOT NULL
""")
_BY_FILE = text("""
    SELECT wrapped_by, count(*) FROM data_key WHERE wrapped IS NOT NULL AND position('/' in wrapped_by) = 0
    GROUP BY wrapped_by ORDER BY wrapped_by
""")
NOBODY = UUID(int=0)


class KeyStore:
    """Keys in PostgreSQL, within one transaction."""

    def __init__(self, connection: Connection, vault: Vault) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection
        self._vault = vault

    def destroy(self, owner_id: UUID, at: datetime) -> bool:
        """Destroy every version of an owner's key, and what a person is found by; gives whether there was a key.

        No new key is made for the owner ever after. Every process forgets the key within seconds of the commit.
        """
        gone = {"wrapped": None, "destroyed_at": at}
        whole = (KEYS.c.owner_id == owner_id, KEYS.c.destroyed_at.is_(None))
        destroyed = self._connection.execute(update(KEYS).where(*whole).values(gone)).rowcount
        stone = {"owner_id": owner_id, "version": 1, "wrapped_by": "", "created_at": at, **gone}
        self._connection.execute(upsert(KEYS).values(stone).on_conflict_do_nothing())
        for tokens in (_TOKEN, _SEARCH):
            self._connection.execute(delete(tokens).where(tokens.c.person_id == owner_id))
        self.say_changed()
        return bool(destroyed)

    def say_changed(self) -> None:
        """Let every process forget its keys and read the key file again, within seconds of the commit."""
        self._connection.execute(_NEW_EPOCH, {"key": EPOCH})

    def rewrap_some(self, *, current: str, after: UUID | None, most: int) -> Rewrapped:
        """Wrap the next keys anew that are not wrapped as they should be, those of organisations first.

        `current` is the key of the key file that wraps from now on. Raises `KeyMissingError`, `DamagedError`.
        """
        values = {"current": current, "after": after or NOBODY, "most": most}
        rows = self._connection.execute(text(_ORGANISATION_KEYS + _SOME), values | {"after": NOBODY}).all()
        last = after
        if not rows:
            parents = {"parents": list(self._connection.execute(_PARENTS).scalars())}
            rows = self._connection.execute(text(_OTHER_KEYS + _SOME), values | parents).all()
            last = rows[-1].owner_id if rows else None
        made = [self._vault.rewrap(row.owner_id, StoredKey(*row[1:4]), organisation_id=row.home) for row in rows]
        if rows:
            self._connection.execute(
                _REWRAP,
                {
                    "owners": [row.owner_id for row in rows], "versions": [key.version for key in made],
                    "wrapped": [key.wrapped for key in made], "by": [key.wrapped_by for key in made],
                },
            )  # fmt: skip
        return Rewrapped(len(rows), last)

    def unfinished(self, *, current: str) -> int:
        """Count the keys that are not wrapped as they should be."""
        parents = list(self._connection.execute(_PARENTS).scalars())
        query = text(f"SELECT count(*) FROM ({_ORGANISATION_KEYS} UNION ALL {_OTHER_KEYS}) AS k")
        return int(self._connection.execute(query, {"current": current, "parents": parents}).scalar_one())

    def outdated(self, *, current: str) -> int:
        """Count the keys that another key of the key file wraps than the current one."""
        by_file = self._connection.execute(_BY_FILE)
        return sum(row[1] for row in by_file if row[0] != current)

    def wrapped_by(self, key_id: str) -> int:
        """Count the keys that a key wraps."""
        query = select(func.count()).where(KEYS.c.wrapped_by == key_id, KEYS.c.wrapped.is_not(None))
        return self._connection.execute(query).scalar_one()

    def counts(self) -> KeyCounts:
        """Count the keys by whose they are, and by which key of the key file wraps them."""
        organisations, cases, persons, others = self._connection.execute(_COUNTS).one()
        by_file = {row[0]: row[1] for row in self._connection.execute(_BY_FILE)}
        return KeyCounts(organisations=organisations, cases=cases, persons=persons, others=others, by_file=by_file)

    def reseal_some(self, owner_id: UUID, *, newest: int, case_id: UUID | None, most: int) -> int:
        """Seal the next values anew that are sealed under older keys of an owner; gives how many, zero at the end."""
        done = reseal_some(self._connection, self._vault, owner_id, newest=newest, case_id=case_id, most=most)
        if done == 0 and case_id is not None and owner_id == place_key(case_id):
            return reseal_apart(self._connection, self._vault, case_id, newest=newest)
        return done

    def seal_open_words(self, *, most: int) -> int:
        """Seal the next words that lay open before, or forget them where the key is gone; gives how many."""
        return seal_open_words(self._connection, self._vault, most=most)

    def seals_what_is_fixed(self, owner_id: UUID) -> bool:
        """Say whether anything is sealed under an owner's keys that nobody may change."""
        return any_fixed(self._connection, owner_id)

    def whole_versions(self, owner_id: UUID) -> Mapping[int, datetime]:
        """Give when (UTC) each version of an owner's key was made that is whole."""
        whole = (KEYS.c.owner_id == owner_id, KEYS.c.wrapped.is_not(None))
        rows = self._connection.execute(select(KEYS.c.version, KEYS.c.created_at).where(*whole))
        return {row[0]: row[1] for row in rows}

    def newest_version(self, owner_id: UUID) -> int | None:
        """Give the version of the newest key of an owner; None when there is none that is whole."""
        query = select(KEYS.c.version).where(KEYS.c.owner_id == owner_id, KEYS.c.wrapped.is_not(None))
        found: int | None = self._connection.execute(query.order_by(KEYS.c.version.desc()).limit(1)).scalar()
        return found

    def retire_before(self, owner_id: UUID, version: int, *, at: datetime) -> int:
        """Drop the keys of an owner before a version, under which nothing is sealed any longer; gives how many."""
        older = (KEYS.c.owner_id == owner_id, KEYS.c.version < version, KEYS.c.wrapped.is_not(None))
        dropped = self._connection.execute(update(KEYS).where(*older).values(wrapped=None, retired_at=at)).rowcount
        self.say_changed()
        return dropped
