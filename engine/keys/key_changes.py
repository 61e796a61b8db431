"""Changes the key file: new keys beside old ones; carries it away sealed, and tries what was carried."""

import hmac
from pathlib import Path
from typing import Any

from sqlalchemy import Engine as SqlEngine

from engine.errors import KeyExportError, KeyMissingError, SettingsError
from engine.keys.data_keys import SqlWrappedKeys
from engine.keys.export import open_keys, seal_keys
from engine.keys.key_file import (
    KeptPeriods,
    KeyFile,
    KeyRing,
    change_key_file,
    new_key,
    new_key_id,
    parse_keys,
    read_key_file,
)
from engine.keys.vault import KeyVault
from engine.ports import ChainKeys, Clock, IndexKeys, Vault


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
        return KeyVault(KeyRing(carried, kept=self._periods), SqlWrappedKeys(self._sql, self._clock))

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
