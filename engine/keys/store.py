"""Keys as an action may treat them: destroyed, counted, wrapped anew."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from engine.core.keys import place_key
from engine.db.encrypted_columns import any_fixed, reencrypt_apart, reencrypt_some
from engine.db.store import EPOCH, Store
from engine.db.tables import TABLES
from engine.keys.data_keys import CLOSED, HOLD_PERIOD, HOLD_PERIOD_ALONE, KEYS
from engine.keys.periods import SurvivingKey
from engine.keys.vault import StoredKey

_TOKEN, _SEARCH = TABLES["person_token"], TABLES["search_token"]
_FACT = TABLES["installation"]
_NEW_EPOCH = text("""
    INSERT INTO installation (key, value) VALUES (:key, '{"number": 1}')
    ON CONFLICT (key) DO UPDATE SET value = jsonb_build_object('number', (installation.value ->> 'number')::bigint + 1)
""")
_HOME = """
    LEFT JOIN "case" c ON c.id = k.owner_id LEFT JOIN person p ON p.id = k.owner_id
    LEFT JOIN unit u ON u.id = COALESCE(c.unit_id, p.unit_id, k.owner_id)
"""
_ORGANISATION_KEYS = """
    SELECT k.owner_id, k.version, k.wrapped, k.wrapped_by, k.period, NULL::uuid AS home
    FROM data_key k JOIN organisation o ON o.id = k.owner_id
    WHERE k.wrapped IS NOT NULL AND (k.wrapped_by <> :current OR k.period <> :period) AND k.period = ANY(:kept)
"""
_OTHER_KEYS = f"""
    SELECT k.owner_id, k.version, k.wrapped, k.wrapped_by, k.period,
        COALESCE(u.organisation_id, CASE WHEN position('/' in k.wrapped_by) > 0
            THEN split_part(k.wrapped_by, '/', 1)::uuid END) AS home
    FROM data_key k {_HOME}
    WHERE k.wrapped IS NOT NULL
      AND NOT (k.period = :period AND k.wrapped_by = ANY(CAST(:parents AS text[]))
        AND (u.organisation_id IS NULL OR k.wrapped_by LIKE u.organisation_id || '/%'))
      AND NOT (k.period = :period AND k.wrapped_by = :current AND u.organisation_id IS NULL) AND k.period = ANY(:kept)
      AND NOT EXISTS (SELECT 1 FROM organisation o WHERE o.id = k.owner_id)
"""
_SOME = " AND k.owner_id > :after ORDER BY k.owner_id, k.version LIMIT :most FOR UPDATE OF k"
_PARENTS = text("""
    SELECT k.owner_id || '/' || max(k.version) FROM data_key k JOIN organisation o ON o.id = k.owner_id
    WHERE k.wrapped IS NOT NULL GROUP BY k.owner_id
""")
_REWRAP = text("SELECT icmc_rewrap(:owners, :versions, :wrapped, :by, :periods)")
_DROP = text("SELECT icmc_drop_keys(:owner, CAST(:before AS int), :at)")
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


class KeyCounts(NamedTuple):
    """How many data keys there are: by whose they are, and by the key of the key file that wraps them itself."""

    organisations: int
    cases: int
    persons: int
    others: int
    by_file: Mapping[str, int]


class Rewrapped(NamedTuple):
    """How many keys were wrapped anew, and after which owner to go on; None when the last was reached."""

    done: int
    last: UUID | None


class KeyStore(Store):
    """Keys in PostgreSQL, within one transaction."""

    def destroy(self, owner_id: UUID, at: datetime) -> bool:
        """Destroy the key of a case, a person or places, and what a person is found by; returns whether there was one.

        No new key is made for the owner ever after. Every process forgets the key within seconds of the commit.
        """
        destroyed = self._drop(owner_id, before=None, at=at)
        stone = {"owner_id": owner_id, "version": 1, "wrapped_by": "", "created_at": at, "destroyed_at": at}
        self._connection.execute(upsert(KEYS).values(stone).on_conflict_do_nothing())
        for tokens in (_TOKEN, _SEARCH):
            self._connection.execute(delete(tokens).where(tokens.c.person_id == owner_id))
        self.say_changed()
        return bool(destroyed)

    def say_changed(self) -> None:
        """Let every process forget its keys and read the key file again, within seconds of the commit."""
        self._connection.execute(_NEW_EPOCH, {"key": EPOCH})

    def hold_period(self, *, alone: bool = False) -> None:
        """Let no period begin or end before the transaction does; `alone` is who begins or ends one."""
        self._connection.execute(HOLD_PERIOD_ALONE if alone else HOLD_PERIOD)

    def close_periods(self, periods: Sequence[str]) -> bool:
        """Let no key be kept any more that these periods wrap; return whether none is wrapped by them."""
        wrapped = select(func.count()).where(KEYS.c.period.in_(periods), KEYS.c.wrapped.is_not(None))
        if self._connection.execute(wrapped).scalar_one():
            return False
        before = self._connection.execute(select(_FACT.c.value).where(_FACT.c.key == CLOSED)).scalar() or {"ids": []}
        closed = upsert(_FACT).values(key=CLOSED, value={"ids": sorted({*before["ids"], *periods})})
        changed = {"value": closed.excluded.value}
        self._connection.execute(closed.on_conflict_do_update(index_elements=("key",), set_=changed))
        return True

    def periods(self) -> Mapping[str, int]:
        """Count the keys by the period whose key is needed to open them."""
        query = select(KEYS.c.period, func.count()).where(KEYS.c.wrapped.is_not(None)).group_by(KEYS.c.period)
        return {row[0]: row[1] for row in self._connection.execute(query)}

    def survivors(self) -> Iterator[SurvivingKey]:
        """Yield every key that is not destroyed, as it is wrapped now, all as of one instant."""
        query = select(KEYS.c.owner_id, KEYS.c.version, KEYS.c.wrapped, KEYS.c.wrapped_by, KEYS.c.period)
        rows = self._connection.execute(query.where(KEYS.c.wrapped.is_not(None)))
        yield from (SurvivingKey(row[0], row[1], bytes(row[2]), row[3], row[4]) for row in rows)

    def rewrap_some(self, *, current: str, periods: Sequence[str], after: UUID | None, most: int) -> Rewrapped:
        """Wrap the next keys anew that are not wrapped as they should be, those of organisations first.

        `current` is the key of the key file that wraps from now on, and the key of the last of `periods` is mixed in;
        keys of other periods than these are lost, and left. Raises `KeyMissingError`, `DamagedError`.
        """
        values = {"after": after or NOBODY, "most": most, **_as_wanted(current, periods)}
        rows = self._connection.execute(text(_ORGANISATION_KEYS + _SOME), values | {"after": NOBODY}).all()
        last = after
        if not rows:
            parents = {"parents": list(self._connection.execute(_PARENTS).scalars())}
            rows = self._connection.execute(text(_OTHER_KEYS + _SOME), values | parents).all()
            last = rows[-1].owner_id if rows else None
        made = [self._vault.rewrap(row.owner_id, StoredKey(*row[1:5]), organisation_id=row.home) for row in rows]
        if rows:
            self._connection.execute(
                _REWRAP,
                {
                    "owners": [row.owner_id for row in rows], "versions": [key.version for key in made],
                    "wrapped": [key.wrapped for key in made], "by": [key.wrapped_by for key in made],
                    "periods": [key.period for key in made],
                },
            )  # fmt: skip
        return Rewrapped(len(rows), last)

    def unfinished(self, *, current: str, periods: Sequence[str]) -> int:
        """Count the keys that are not wrapped as they should be."""
        parents = list(self._connection.execute(_PARENTS).scalars())
        query = text(f"SELECT count(*) FROM ({_ORGANISATION_KEYS} UNION ALL {_OTHER_KEYS}) AS k")
        values = {"parents": parents, **_as_wanted(current, periods)}
        return int(self._connection.execute(query, values).scalar_one())

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

    def reencrypt_some(self, owner_id: UUID, *, newest: int, case_id: UUID | None, most: int) -> int:
        """Seal the next values anew that are sealed under older keys of an owner; returns how many, zero at the end."""
        done = reencrypt_some(self._connection, self._vault, owner_id, newest=newest, case_id=case_id, most=most)
        if done == 0 and case_id is not None and owner_id == place_key(case_id):
            return reencrypt_apart(self._connection, self._vault, case_id, newest=newest)
        return done

    def encrypts_what_is_fixed(self, owner_id: UUID) -> bool:
        """Return whether anything is sealed under an owner's keys that nobody may change."""
        return any_fixed(self._connection, owner_id)

    def whole_versions(self, owner_id: UUID) -> Mapping[int, datetime]:
        """Return when (UTC) each version of an owner's key was made that is whole."""
        whole = (KEYS.c.owner_id == owner_id, KEYS.c.wrapped.is_not(None))
        rows = self._connection.execute(select(KEYS.c.version, KEYS.c.created_at).where(*whole))
        return {row[0]: row[1] for row in rows}

    def newest_version(self, owner_id: UUID) -> int | None:
        """Return the version of the newest key of an owner; None when there is none that is whole."""
        query = select(KEYS.c.version).where(KEYS.c.owner_id == owner_id, KEYS.c.wrapped.is_not(None))
        found: int | None = self._connection.execute(query.order_by(KEYS.c.version.desc()).limit(1)).scalar()
        return found

    def retire_before(self, owner_id: UUID, version: int, *, at: datetime) -> int:
        """Drop the keys of an owner before a version, under which nothing is sealed any longer; returns how many."""
        dropped = self._drop(owner_id, before=version, at=at)
        self.say_changed()
        return dropped

    def _drop(self, owner_id: UUID, *, before: int | None, at: datetime) -> int:
        values = {"owner": owner_id, "before": before, "at": at}
        return int(self._connection.execute(_DROP, values).scalar_one())


def _as_wanted(current: str, periods: Sequence[str]) -> dict[str, object]:
    return {"current": current, "period": periods[-1] if periods else "", "kept": ["", *periods]}
