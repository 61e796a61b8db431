"""Changes the key file, carries it away sealed, and tries what was carried away against the database."""

import hmac
from pathlib import Path

from sqlalchemy import Engine as SqlEngine

from engine.adapters.key_export import open_keys, seal_keys
from engine.adapters.key_file import KeyFile, KeyRing, add_key, parse_keys, read_key_file, remove_key
from engine.adapters.sql.data_keys import SqlWrappedKeys
from engine.adapters.vault import KeyVault
from engine.errors import KeyExportError, KeyMissingError
from engine.ports import Clock, Vault


class FileKeyKeeper:
    """The key file of this installation, as use cases may treat it. No method gives a key away unsealed."""

    def __init__(self, path: Path, ring: KeyRing, sql: SqlEngine, clock: Clock) -> None:
        """Keep the file at `path`; `ring` is what the vault of this process uses."""
        self._path = path
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

    def add(self) -> str:
        """Put a new key into the file and make it the current one; gives its id. Raises `SettingsError`."""
        made = add_key(self._path)
        self._ring.refresh()
        return made

    def remove(self, key_id: str) -> None:
        """Take a key out of the file; raises `KeyMissingError`, `SettingsError`."""
        remove_key(self._path, key_id)
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
        return KeyVault(KeyRing(carried), SqlWrappedKeys(self._sql, self._clock))

    def _read(self) -> KeyFile:
        return read_key_file(self._path)


def _same(one: KeyFile, other: KeyFile) -> bool:
    """Say whether two files hold the same keys, however they are ordered."""
    if one.current != other.current or set(one.keys) != set(other.keys):
        return False
    pairs = [
        (one.chain, other.chain),
        (one.blind, other.blind),
        *((one.keys[name], other.keys[name]) for name in one.keys),
    ]
    return all([hmac.compare_digest(left, right) for left, right in pairs])  # noqa: C419 - each is compared
