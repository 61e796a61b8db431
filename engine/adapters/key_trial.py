"""Try keys that were carried away against a database that was restored: with them alone, what is sealed must open."""

from typing import NamedTuple

from sqlalchemy import Connection, inspect, select, text

from engine.adapters.key_export import open_keys
from engine.adapters.key_file import KeyRing, parse_keys
from engine.adapters.period_keys import PeriodFolders
from engine.adapters.real_world import SystemClock
from engine.adapters.sql.data_keys import KEYS, SqlWrappedKeys
from engine.adapters.sql.kept_keys import put_back_keys
from engine.adapters.sql.sealed_columns import SEALED, SealedColumn
from engine.adapters.sql.time_limits import BACKGROUND, limited_engine
from engine.adapters.vault import KeyVault
from engine.errors import DamagedError, KeyExportError, KeyMissingError
from engine.ports import StoredKey

_EACH = 20


class Trial(NamedTuple):
    """How many keys opened, and how many values of how many kinds were read with them."""

    keys: int
    values: int
    kinds: int


def try_keys(export: bytes, passphrase: str, url: str, periods: PeriodFolders) -> Trial:
    """Open every key of a database with an export and the period keys alone, and some values of every kind.

    Keys of a period that is over are first put back as they are kept outside. Raises `KeyExportError` for an export
    that cannot be opened, that lacks a key, or whose keys do not open a value; also for a database in which nothing is
    sealed, because nothing is proved by that.
    """
    try:
        ring = KeyRing(parse_keys(open_keys(export, passphrase)), kept=periods)
    except (ValueError, LookupError, TypeError, AttributeError, KeyMissingError):
        raise KeyExportError(problem="What is in this export is no key file.") from None
    put_back_keys(url, periods)
    sql = limited_engine(url, BACKGROUND, pool_size=5)
    try:
        vault = KeyVault(ring, SqlWrappedKeys(sql, SystemClock()))
        with sql.connect() as connection:
            keys = _open_keys(connection, vault)
            known = inspect(connection)
            there = [one for one in SEALED if known.has_table(one.table) and one.column in _columns(connection, one)]
            opened = [_open_values(connection, vault, one) for one in there]
    finally:
        sql.dispose()
    if not any(opened):
        raise KeyExportError(problem="Nothing is sealed in this backup: it proves nothing.")
    return Trial(keys, sum(opened), sum(map(bool, opened)))


def _open_keys(connection: Connection, vault: KeyVault) -> int:
    columns = (KEYS.c.owner_id, KEYS.c.version, KEYS.c.wrapped, KEYS.c.wrapped_by, KEYS.c.period)
    query = select(*columns).where(KEYS.c.wrapped.is_not(None))
    count = 0
    for owner, *stored in connection.execute(query):
        try:
            vault.try_key(owner, StoredKey(*stored))
        except (DamagedError, KeyMissingError):
            raise KeyExportError(problem=f"A key of this backup does not open with this export: {owner}.") from None
        count += 1
    return count


def _open_values(connection: Connection, vault: KeyVault, sealed: SealedColumn) -> int:
    query = text(f'SELECT * FROM "{sealed.table}" WHERE {sealed.column} IS NOT NULL LIMIT {_EACH}')
    count = 0
    for row in connection.execute(query).mappings():
        try:
            value = bytes(row[sealed.column])
            vault.unseal_bytes(value, table=sealed.table, row=sealed.row(row), column=sealed.place(row))
        except KeyMissingError:
            continue  # its owner was erased
        except DamagedError:
            where = f"{sealed.table}.{sealed.column}"
            raise KeyExportError(problem=f"A value of this backup does not open with this export: {where}.") from None
        count += 1
    return count


def _columns(connection: Connection, sealed: SealedColumn) -> set[str]:
    return {column["name"] for column in inspect(connection).get_columns(sealed.table)}
