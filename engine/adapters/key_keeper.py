"""Changes the key file, carries it away sealed, and tries what was carried away against the database."""

import hmac
from pathlib import Path

from sqlalchemy import Engine as SqlEngine

from engine.adapters import key_changes
from engine.adapters.key_export import open_keys, seal_keys
from engine.adapters.key_file import KeptPeriods, KeyFile, KeyRing, parse_keys, read_key_file
from engine.adapters.sql.data_keys import SqlWrappedKeys
from engine.adapters.vault import KeyVault
from engine.errors import KeyExportError, KeyMissingError
from engine.ports import ChainKeys, Clock, IndexKeys, Vault


class FileKeyKeeper:
    """The key file of this installation, as use cases may treat it. No method gives a key away unsealed."""

    def __init__(self, path: Path, ring: KeyRing, periods: KeptPeriods, sql: SqlEngine, clock: Clock) -> None:
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
        return tuple(sorted([*file.keys, *([] if is_first else [*chains, *(f"index {one}" for one in blinds)])]))

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
        """Put a new key into the file and make it the current one; gives its id. Raises `SettingsError`."""
        made = key_changes.add_key(self._path)
        self._ring.refresh()
        return made

    def remove(self, key_id: str) -> None:
        """Take a key out of the file; raises `KeyMissingError`, `SettingsError`."""
        key_changes.remove_key(self._path, key_id)
        self._ring.refresh()

    def add_chain_key(self) -> str:
        """Let a new key sign the links of histories from now on; gives its id. Raises `SettingsError`."""
        made = key_changes.add_chain_key(self._path)
        self._ring.refresh()
        return made

    def close_chain_keys(self, until: int) -> None:
        """Let links of older keys count only up to a checkpoint; raises `SettingsError`."""
        key_changes.close_chain_keys(self._path, until)
        self._ring.refresh()

    def add_index_key(self) -> str:
        """Let tokens be made by a new key too; gives its id. Raises `SettingsError`."""
        made = key_changes.add_blind_key(self._path)
        self._ring.refresh()
        return made

    def switch_index_key(self) -> None:
        """Search by the next key of tokens from now on; raises `SettingsError`."""
        key_changes.switch_blind_key(self._path)
        self._ring.refresh()

    def drop_index_key(self) -> None:
        """Take the old key of tokens out of the file; raises `SettingsError`."""
        key_changes.drop_blind_key(self._path)
        self._ring.refresh()

    def exported(self, passphrase: str) -> bytes:
        """Give the whole key file, sealed with a passphrase."""
        self._read()
        return seal_keys(self._path.read_bytes(), passphrase)

    def opened(self, export: bytes, passphrase: str) -> Vault:
        """Give a vault over the keys of an export; raises `KeyExportError` unless they are the keys that are used."""
        try:
            carried = parse_keys(open_keys(export, passphrase))
        except (ValueError, LookupError, TypeError, AttributeError, KeyMissingError):
            raise KeyExportError(problem="What is in this export is no key file.") from None
        if not _same(carried, self._read()):
            raise KeyExportError(problem="This export is of other keys than those that are used now: export them anew.")
        return KeyVault(KeyRing(carried, kept=self._periods), SqlWrappedKeys(self._sql, self._clock))

    def _read(self) -> KeyFile:
        return read_key_file(self._path)


def _same(one: KeyFile, other: KeyFile) -> bool:
    """Say whether two files hold the same keys, however they are ordered."""
    mine, theirs = _named_keys(one), _named_keys(other)
    if one.current != other.current or set(mine) != set(theirs):
        return False
    return all([hmac.compare_digest(mine[name], theirs[name]) for name in mine])  # noqa: C419 - each is compared


def _named_keys(file: KeyFile) -> dict[tuple[str, str], bytes]:
    beside = [one for one in (file.next_blind, file.old_blind) if one]
    return {
        ("chain", file.chain_id): file.chain,
        ("blind", file.blind_id): file.blind,
        **{("key", name): key for name, key in file.keys.items()},
        **{(f"older chain until {one.until}", one.key_id): one.key for one in file.older_chains},
        **{("beside", one.key_id): one.key for one in beside},
    }
