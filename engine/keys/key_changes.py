"""Changes the key file: new keys beside old ones; carries it away sealed, and tries what was carried."""

import base64
import hmac
import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from sqlalchemy import Connection, inspect, select, text
from sqlalchemy import Engine as SqlEngine

from engine.db.encrypted_columns import ENCRYPTED, EncryptedColumn
from engine.db.locks import BACKGROUND, limited_engine
from engine.errors import DamagedError, IcmcError, KeyMissingError, SettingsError
from engine.keys.data_keys import KEYS, SqlWrappedKeys, put_back_keys
from engine.keys.key_file import KEY_BYTES, KeyFile, change_key_file, new_key, new_key_id, parse_keys, read_key_file
from engine.keys.periods import KeyRing, PeriodFolders
from engine.keys.vault import StoredKey, Vault
from engine.machine import Clock, SystemClock

FORM: Final = 1
_NONCE: Final = 12
_COST: Final = {"n": 2**17, "r": 8, "p": 1}
"""scrypt over 128 MiB: about half a second a guess."""
_LARGEST: Final = 1_000_000


class IndexKeys(NamedTuple):
    """Keys of blind tokens: the one that is searched by, the one that follows, and the one that it followed."""

    current: str
    coming: str | None
    old: str | None


class ChainKeys(NamedTuple):
    """The key that signs links, and the older ones, each with the checkpoint up to which its links count."""

    current: str
    older: Mapping[str, int | None]


def add_key(path: Path) -> str:
    """Put a new key-encryption key into the file and make it the current one; the old ones stay. Returns its id.

    Raises `SettingsError`.
    """
    key_id = new_key_id()
    change_key_file(path, lambda had: had | {"keys": had["keys"] | {key_id: new_key()}, "current": key_id})
    return key_id


def remove_key(path: Path, key_id: str) -> None:
    """Take a key out of the file; raises `KeyMissingError` for one that is not there, `SettingsError`."""
    held = read_key_file(path)
    held.key(key_id)
    if key_id == held.current:
        raise SettingsError(
            problem=f"The key {key_id} is the one that is used now.", remedy="`icmc keys rotate` first makes another."
        )
    kept = {name for name in held.keys if name != key_id}
    change_key_file(path, lambda had: had | {"keys": {name: had["keys"][name] for name in kept}})


def add_chain_key(path: Path) -> str:
    """Let a new key sign the links of histories; the older ones stay, to prove what they signed. Returns its id.

    Raises `SettingsError`.
    """
    key_id = new_key_id()
    change_key_file(
        path,
        lambda had: had | {
            "chain": new_key(), "chain_id": key_id,
            "older_chains": [*had.get("older_chains", []), {"id": had.get("chain_id", ""), "key": had["chain"]}],
        },
    )  # fmt: skip
    return key_id


def close_chain_keys(path: Path, until: int) -> None:
    """Let links of older keys count only up to a checkpoint; keys that are closed already stay so."""

    def closed(had: dict[str, Any]) -> dict[str, Any]:
        return had | {"older_chains": [{"until": until} | one for one in had.get("older_chains", [])]}

    change_key_file(path, closed)


def add_blind_key(path: Path) -> str:
    """Let tokens be made by a new key too, beside the current one; returns its id. Raises `SettingsError`."""
    key_id = new_key_id()
    change_key_file(path, lambda had: had | {"next_blind": {"id": key_id, "key": new_key()}})
    return key_id


def switch_blind_key(path: Path) -> None:
    """Let the next key of tokens be the current one; tokens are still made by the old one too."""

    def switched(had: dict[str, Any]) -> dict[str, Any]:
        coming = had.pop("next_blind")
        old = {"id": had.get("blind_id", ""), "key": had["blind"]}
        return had | {"blind": coming["key"], "blind_id": coming["id"], "old_blind": old}

    change_key_file(path, switched)


def drop_blind_key(path: Path) -> None:
    """Take the old key of tokens out of the file."""
    change_key_file(path, lambda had: {name: value for name, value in had.items() if name != "old_blind"})


class FileKeyKeeper:
    """The key file of this installation, as actions may treat it. No method gives a key away unsealed."""

    def __init__(self, path: Path, ring: KeyRing, periods: PeriodFolders, sql: SqlEngine, clock: Clock) -> None:
        """Keep the file at `path`; `ring` is what the vault of this process uses, with the keys of `periods`."""
        self._path = path
        self._periods = periods
        self._ring = ring
        self._sql = sql
        self._clock = clock

    @property
    def current(self) -> str:
        """The id of the key that wraps from now on."""
        return self._read().current

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the keys in the file, the current one first."""
        file = self._read()
        return (file.current, *sorted(set(file.keys) - {file.current}))

    @property
    def marks(self) -> tuple[str, ...]:
        """Everything by which the file of today is told from an earlier one, without any key."""
        file = self._read()
        chains = [f"chain {file.chain_id}", *(f"chain {one.key_id} until {one.until}" for one in file.older_chains)]
        blinds = [file.blind_id, *(one.key_id for one in (file.next_blind, file.old_blind) if one)]
        is_first = len(chains) == 1 and blinds == [""]
        changed = len(file.hub_changes)
        hub = [f"hub {changed}" if changed else "hub"] if file.hub else []
        return tuple(sorted([*file.keys, *hub, *([] if is_first else [*chains, *(f"index {one}" for one in blinds)])]))

    @property
    def index(self) -> IndexKeys:
        """The ids of the keys of blind tokens."""
        file = self._read()
        coming, old = file.next_blind, file.old_blind
        return IndexKeys(file.blind_id, coming.key_id if coming else None, old.key_id if old else None)

    @property
    def chains(self) -> ChainKeys:
        """The id of the key that signs links, and the older ones, each with the checkpoint up to which it counts."""
        file = self._read()
        return ChainKeys(file.chain_id, {one.key_id: one.until for one in file.older_chains})

    def add(self) -> str:
        """Put a new key into the file and make it the current one; returns its id. Raises `SettingsError`."""
        made = add_key(self._path)
        self._ring.refresh()
        return made

    def remove(self, key_id: str) -> None:
        """Take a key out of the file; raises `KeyMissingError`, `SettingsError`."""
        remove_key(self._path, key_id)
        self._ring.refresh()

    def add_chain_key(self) -> str:
        """Let a new key sign the links of histories from now on; returns its id. Raises `SettingsError`."""
        made = add_chain_key(self._path)
        self._ring.refresh()
        return made

    def close_chain_keys(self, until: int) -> None:
        """Let links of older keys count only up to a checkpoint; raises `SettingsError`."""
        close_chain_keys(self._path, until)
        self._ring.refresh()

    def add_index_key(self) -> str:
        """Let tokens be made by a new key too; returns its id. Raises `SettingsError`."""
        made = add_blind_key(self._path)
        self._ring.refresh()
        return made

    def switch_index_key(self) -> None:
        """Search by the next key of tokens from now on; raises `SettingsError`."""
        switch_blind_key(self._path)
        self._ring.refresh()

    def drop_index_key(self) -> None:
        """Take the old key of tokens out of the file; raises `SettingsError`."""
        drop_blind_key(self._path)
        self._ring.refresh()

    def exported(self, passphrase: str) -> bytes:
        """Return the whole key file, sealed with a passphrase."""
        self._read()
        return seal_keys(self._path.read_bytes(), passphrase)

    def opened(self, export: bytes, passphrase: str) -> Vault:
        """Return a vault over the keys of an export; raises `KeyExportError` unless they are the keys that are used."""
        try:
            carried = parse_keys(open_keys(export, passphrase))
        except (ValueError, LookupError, TypeError, AttributeError, KeyMissingError):
            raise KeyExportError(problem="What is in this export is no key file.") from None
        if not _same(carried, self._read()):
            raise KeyExportError(
                problem="This export is of other keys than those that are used now: export them again."
            )
        return Vault(KeyRing(carried, kept=self._periods), SqlWrappedKeys(self._sql, self._clock))

    def _read(self) -> KeyFile:
        return read_key_file(self._path)


def _same(one: KeyFile, other: KeyFile) -> bool:
    """Return whether two files hold the same keys, however they are ordered."""
    mine, theirs = _named_keys(one), _named_keys(other)
    if one.current != other.current or set(mine) != set(theirs):
        return False
    return all([hmac.compare_digest(mine[name], theirs[name]) for name in mine])  # noqa: C419 - each is compared


def _named_keys(file: KeyFile) -> dict[tuple[str, str], bytes]:
    beside = [one for one in (file.next_blind, file.old_blind) if one]
    return {
        ("chain", file.chain_id): file.chain,
        ("blind", file.blind_id): file.blind,
        **{("hub", str(place)): key for place, key in enumerate(file.hub)},
        **{("key", name): key for name, key in file.keys.items()},
        **{(f"older chain until {one.until}", one.key_id): one.key for one in file.older_chains},
        **{("beside", one.key_id): one.key for one in beside},
    }


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
        vault = Vault(ring, SqlWrappedKeys(sql, SystemClock()))
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


def _open_keys(connection: Connection, vault: Vault) -> int:
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


def _open_values(connection: Connection, vault: Vault, encrypted: EncryptedColumn) -> int:
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


class KeyExportError(IcmcError):
    """Raised when keys cannot be exported, or an export does not prove itself; says why."""

    code = "key-export"
    sentence = "{problem}"
