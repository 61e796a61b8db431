"""The key file as it is carried away, and tried against a database that was restored."""

import base64
import json
import secrets
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from sqlalchemy import Connection, inspect, select, text

from engine.db.encrypted_columns import ENCRYPTED, EncryptedColumn
from engine.db.locks import BACKGROUND, limited_engine
from engine.errors import DamagedError, KeyExportError, KeyMissingError
from engine.keys.data_keys import KEYS, SqlWrappedKeys, put_back_keys
from engine.keys.key_file import KEY_BYTES, KeyRing, parse_keys
from engine.keys.periods import PeriodFolders
from engine.keys.vault import KeyVault
from engine.machine import SystemClock
from engine.ports import StoredKey

FORM: Final = 1
_NONCE: Final = 12
_COST: Final = {"n": 2**17, "r": 8, "p": 1}
"""scrypt over 128 MiB: about half a second a guess."""
_LARGEST: Final = 1_000_000


def seal_keys(content: bytes, passphrase: str) -> bytes:
    """Seal the content of a key file: scrypt makes a key of the passphrase, AES-256-GCM encrypts with it."""
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(_NONCE)
    head = {"icmc-keys": FORM, "kdf": "scrypt", **_COST, "cipher": "AES-256-GCM", "salt": _text(salt)}
    cipher = AESGCM(_key(passphrase, salt))
    encrypted = cipher.encrypt(nonce, content, _bound(head))
    return json.dumps(head | {"nonce": _text(nonce), "sealed": _text(encrypted)}, indent=2).encode() + b"\n"


def open_keys(export: bytes, passphrase: str) -> bytes:
    """Open what `seal_keys` gave; raises `KeyExportError` for another file, a changed one, or a wrong passphrase."""
    try:
        read = json.loads(export[:_LARGEST])
        nonce, encrypted, salt = (base64.b64decode(read[name], validate=True) for name in ("nonce", "sealed", "salt"))
        head = {name: value for name, value in read.items() if name not in {"nonce", "sealed"}}
    except (ValueError, LookupError, TypeError, AttributeError):
        raise KeyExportError(problem="This is no export of keys.") from None
    expected = {"icmc-keys": FORM, "kdf": "scrypt", **_COST, "cipher": "AES-256-GCM", "salt": read["salt"]}
    if head != expected or len(nonce) != _NONCE:
        raise KeyExportError(problem="This export is of a form that this release does not know.")
    try:
        return AESGCM(_key(passphrase, salt)).decrypt(nonce, encrypted, _bound(head))
    except InvalidTag:
        raise KeyExportError(problem="The passphrase does not fit, or the file was changed.") from None


def _key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=KEY_BYTES, **_COST).derive(passphrase.encode())


def _bound(head: dict[str, object]) -> bytes:
    return json.dumps(head, sort_keys=True).encode()


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


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
            there = [one for one in ENCRYPTED if known.has_table(one.table) and one.column in _columns(connection, one)]
            opened = [_open_values(connection, vault, one) for one in there]
    finally:
        sql.dispose()
    if not any(opened):
        raise KeyExportError(problem="Nothing is encrypted in this backup: it proves nothing.")
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


def _open_values(connection: Connection, vault: KeyVault, encrypted: EncryptedColumn) -> int:
    query = text(f'SELECT * FROM "{encrypted.table}" WHERE {encrypted.column} IS NOT NULL LIMIT {_EACH}')
    count = 0
    for row in connection.execute(query).mappings():
        try:
            value = bytes(row[encrypted.column])
            vault.decrypt_bytes(value, table=encrypted.table, row=encrypted.row(row), column=encrypted.place(row))
        except KeyMissingError:
            continue  # its owner was erased
        except DamagedError:
            where = f"{encrypted.table}.{encrypted.column}"
            raise KeyExportError(problem=f"A value of this backup does not open with this export: {where}.") from None
        count += 1
    return count


def _columns(connection: Connection, encrypted: EncryptedColumn) -> set[str]:
    return {column["name"] for column in inspect(connection).get_columns(encrypted.table)}
