"""The key file: the only place where the keys that open everything are kept, outside the database."""

import base64
import json
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.errors import KeyMissingError, SettingsError

KEY_BYTES = 32
_OTHERS = 0o077
_CANNOT_READ = "Put the file back from its own backup; without it no encrypted value can be read."
PUT_FILE_BACK = (
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
