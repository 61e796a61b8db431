"""The key file: the only place where the keys that open everything are kept, outside the database."""

import base64
import json
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from engine.errors import KeyMissingError, SettingsError
from engine.ports import KeyPeriod

KEY_BYTES = 32
_OTHERS = 0o077
_CANNOT_READ = "Put the file back from its own backup; without it no encrypted value can be read."
_PUT_BACK = (
    "Put the file back, with icmc-signing-key.json next to it and mode 0400, from its own backup or another machine"
    " of this installation; or name its place in ICMC_KEY_FILE. No new one was made."
)


@dataclass(frozen=True)
class OlderChainKey:
    """A key that signed links before the one of now; `until` is the checkpoint up to which links of it count."""

    key_id: str
    key: bytes = field(repr=False)
    until: int | None = None


@dataclass(frozen=True)
class BlindKey:
    """A key of blind tokens that is used beside the current one, while tokens are made anew."""

    key_id: str
    key: bytes = field(repr=False)


@dataclass(frozen=True)
class KeyFile:
    """Key-encryption keys by id, the current id, and the keys for chains and blind tokens. Its `repr` shows no key.

    The first key of chains, and the first of blind tokens, has no id. `next_blind` will be the current one once every
    token was made by it; `old_blind` was it before, and tokens are still made by it until it is dropped. By those in
    `hub` this hub signs to others, and others seal to it, once it has any; the third opens what was sealed to the key
    before it. `hub_changes` say how it came to them, each signed by the key before: nothing of it is secret.
    """

    current: str
    keys: Mapping[str, bytes] = field(repr=False)
    chain: bytes = field(repr=False)
    blind: bytes = field(repr=False)
    chain_id: str = ""
    older_chains: tuple[OlderChainKey, ...] = ()
    blind_id: str = ""
    next_blind: BlindKey | None = None
    old_blind: BlindKey | None = None
    hub: tuple[bytes, ...] = field(default=(), repr=False)
    hub_changes: tuple[Mapping[str, Any], ...] = ()

    def key(self, key_id: str) -> bytes:
        """Return a key by its id; raises `KeyMissingError`."""
        try:
            return self.keys[key_id]
        except KeyError:
            raise KeyMissingError(key_id=key_id) from None


@dataclass(frozen=True)
class PeriodKey:
    """The key of a period. Its `repr` shows no key."""

    period: str
    key: bytes = field(repr=False)


class KeptPeriods(Protocol):
    """Where period keys are kept, wrapped by the key file."""

    @property
    def all(self) -> Sequence[KeyPeriod]:
        """The periods whose keys are kept, the oldest first."""
        ...

    @property
    def current(self) -> KeyPeriod:
        """The period of now; raise `SettingsError` where there is none."""
        ...

    def begin_first(self, now: datetime) -> None:
        """Make the first period key where there is none. Raise `SettingsError`."""
        ...

    def opened(self, file: KeyFile) -> tuple[PeriodKey, ...]:
        """Return every period key, the oldest first; raise `KeyMissingError`, `SettingsError`."""
        ...


class KeyRing:
    """The keys of the key file and of its periods, read again when a key is asked for that was not there."""

    def __init__(self, file: KeyFile, *, path: Path | None = None, kept: KeptPeriods | None = None) -> None:
        """Begin with what was read; without a path nothing is read again, and without `kept` there are no periods."""
        self._file = file
        self._path = path
        self._kept = kept
        self._periods = kept.opened(file) if kept else ()

    @property
    def file(self) -> KeyFile:
        """What was read last."""
        return self._file

    @property
    def periods(self) -> tuple[PeriodKey, ...]:
        """The keys of the periods as they were read last, the oldest first."""
        return self._periods

    def period(self, period: str) -> bytes:
        """Return the key of a period; raise `KeyMissingError` where it was thrown away or lost, `SettingsError`."""
        found = next((one.key for one in self._periods if one.period == period), None)
        if found is None:
            self.refresh()
            found = next((one.key for one in self._periods if one.period == period), None)
        if found is None:
            raise KeyMissingError(key_id=f"of the period {period}")
        return found

    def key(self, key_id: str) -> bytes:
        """Return a key by its id, of the file as it is now if need be; raises `KeyMissingError`, `SettingsError`."""
        if key_id not in self._file.keys:
            self.refresh()
        return self._file.key(key_id)

    def refresh(self) -> None:
        """Read the file and its periods again; raises `SettingsError` for one that cannot be used."""
        if self._path is None:
            return
        self._file = read_key_file(self._path)
        if self._kept is None:
            return
        try:
            self._periods = self._kept.opened(self._file)
        except KeyMissingError:  # the key file was changed in between, and then the periods
            self._file = read_key_file(self._path)
            self._periods = self._kept.opened(self._file)


def open_key_ring(
    path: Path, kept: KeptPeriods | None = None, *, now: datetime | None = None, in_use: Sequence[str] = ()
) -> KeyRing:
    """Read the key file and its periods; raise `SettingsError` for what cannot be used.

    Where nothing is encrypted yet the key file is made when there is none, and the first period begins `now`. `in_use`
    are the ids of the keys that open what is in the database: then a missing file, or period, is never made anew.
    """
    needed = sorted({*in_use, *(key for one in (kept.all if kept else ()) for key in one.wrapped_by)})
    if needed and not path.exists():
        problem = f"The key file {path} is not there. Only its key {needed[0]} opens what is encrypted here."
        raise SettingsError(problem=problem, remedy=_PUT_BACK)
    file = read_or_create_key_file(path)
    if in_use and kept is not None:
        _ = kept.current
    elif kept is not None and now is not None:
        kept.begin_first(now)
    try:
        return KeyRing(file, path=path, kept=kept)
    except KeyMissingError as error:
        problem = f"The key file {path} does not have the key {error.facts['key_id']}, which opens the period keys."
        raise SettingsError(problem=problem, remedy=_PUT_BACK) from None


def read_or_create_key_file(path: Path) -> KeyFile:
    """Read the key file, or make a new one with mode 0400; raises `SettingsError` for one that cannot be used."""
    if not path.exists():
        _create(path)
    return read_key_file(path)


def read_key_file(path: Path) -> KeyFile:
    """Read the key file; raises `SettingsError` for one that cannot be used, or that others may read."""
    _require_closed(path)
    try:
        return parse_keys(path.read_bytes())
    except (OSError, ValueError, LookupError, TypeError, AttributeError, KeyMissingError) as error:
        raise SettingsError(
            problem=f"The key file {path} cannot be read ({type(error).__name__}).", remedy=_CANNOT_READ
        ) from None


def parse_keys(content: bytes) -> KeyFile:
    """Read the content of a key file; raises ValueError, LookupError, TypeError, AttributeError, KeyMissingError."""
    read = json.loads(content)
    keys = {name: _key(text) for name, text in read["keys"].items()}
    made = KeyFile(
        read["current"], keys, chain=_key(read["chain"]), blind=_key(read["blind"]),
        chain_id=str(read.get("chain_id", "")), older_chains=tuple(map(_chain_key, read.get("older_chains", ()))),
        blind_id=str(read.get("blind_id", "")), next_blind=_blind_key(read.get("next_blind")),
        old_blind=_blind_key(read.get("old_blind")),
        hub=_hub_keys(read["hub"]) if "hub" in read else (), hub_changes=tuple(read.get("hub", {}).get("changes", ())),
    )  # fmt: skip
    made.key(made.current)
    return made


def change_key_file(path: Path, changed: Callable[[dict[str, Any]], Mapping[str, Any]]) -> None:
    """Put another content into the file, made of the one that is there.

    The file is replaced in one step: after a crash it is the old one or the new one. Raises `SettingsError`.
    """
    read_key_file(path)
    _replace(path, changed(json.loads(path.read_bytes())))


def new_key() -> str:
    """Return a new key as it stands in the file."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def new_key_id() -> str:
    """Return an id for a new key."""
    return secrets.token_hex(4)


def write_closed(path: Path, content: bytes) -> None:
    """Write a new file that only its owner may read (mode 0400), whole or not at all; raises FileExistsError."""
    temporary = _written(path, content)
    try:
        os.link(temporary, path)
    finally:
        temporary.unlink()
    _sync_folder(path.parent)


def _create(path: Path) -> None:
    key_id = new_key_id()
    content = {
        "current": key_id,
        "keys": {key_id: new_key()},
        "chain": new_key(),
        "blind": new_key(),
    }
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        write_closed(path, json.dumps(content).encode())
    except FileExistsError:
        pass  # another process was first: its keys are the ones
    except OSError as error:
        raise SettingsError(
            problem=f"The key file {path} cannot be made ({type(error).__name__}).",
            remedy="Make its folder writable for the user who runs ICMC, or name another place with ICMC_KEY_FILE.",
        ) from None


def _require_closed(path: Path) -> None:
    try:
        mode = path.stat().st_mode & 0o777
    except OSError as error:
        raise SettingsError(
            problem=f"The key file {path} cannot be read ({type(error).__name__}).", remedy=_CANNOT_READ
        ) from None
    if mode & (0o007 if _is_credential(path) else _OTHERS):
        raise SettingsError(
            problem=f"Others than its owner can read or change the key file {path} (mode {mode:04o}).",
            remedy=f"Close it: `chmod 0400 {path}`. If others could read it, rotate the keys: `icmc keys rotate`.",
        )


def _is_credential(path: Path) -> bool:
    """Return whether systemd handed the file over: it shows a mode of its own, and keeps others out by access lists."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return bool(folder) and path.parent == Path(str(folder))


def _replace(path: Path, content: Mapping[str, Any]) -> None:
    try:
        _written(path, json.dumps(content).encode()).replace(path)
    except OSError as error:
        raise SettingsError(
            problem=f"The key file {path} cannot be written ({type(error).__name__}).",
            remedy="Keys that systemd hands over are changed at their source; else make the folder writable.",
        ) from None
    _sync_folder(path.parent)


def _written(path: Path, content: bytes) -> Path:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return temporary


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _key(text: str) -> bytes:
    key = base64.b64decode(text, validate=True)
    if len(key) != KEY_BYTES:
        message = f"a key has {KEY_BYTES} bytes"
        raise ValueError(message)
    return key


def _hub_keys(read: Mapping[str, Any]) -> tuple[bytes, ...]:
    older = [read["agree_before"]] if "agree_before" in read else []
    return tuple(map(_key, (read["sign"], read["agree"], *older)))


def _chain_key(read: Mapping[str, Any]) -> OlderChainKey:
    until = read.get("until")
    return OlderChainKey(str(read["id"]), _key(read["key"]), None if until is None else int(until))


def _blind_key(read: Mapping[str, Any] | None) -> BlindKey | None:
    return BlindKey(str(read["id"]), _key(read["key"])) if read else None
