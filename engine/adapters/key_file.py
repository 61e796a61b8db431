"""The key file: the only place where the keys that open everything are kept, outside the database."""

import base64
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from engine.errors import KeyMissingError, SettingsError

KEY_BYTES = 32


@dataclass(frozen=True)
class KeyFile:
    """Key-encryption keys by id, the current id, and the keys for chains and blind tokens."""

    current: str
    keys: dict[str, bytes]
    chain: bytes
    blind: bytes

    def key(self, key_id: str) -> bytes:
        """Give a key by its id; raises `KeyMissingError`."""
        try:
            return self.keys[key_id]
        except KeyError:
            raise KeyMissingError(key_id=key_id) from None


def read_or_create_key_file(path: Path) -> KeyFile:
    """Read the key file, or make a new one with mode 0400; raises `SettingsError` for one that cannot be used."""
    if not path.exists():
        _create(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        keys = {name: _key(text) for name, text in content["keys"].items()}
        made = KeyFile(content["current"], keys, chain=_key(content["chain"]), blind=_key(content["blind"]))
        made.key(made.current)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, KeyMissingError) as error:
        raise SettingsError(
            problem=f"The key file {path} cannot be read ({type(error).__name__}).",
            remedy="Put the file back from its own backup; without it no sealed value can be read.",
        ) from error
    return made


def _create(path: Path) -> None:
    key_id = secrets.token_hex(4)
    content = {
        "current": key_id,
        "keys": {key_id: _new_key()},
        "chain": _new_key(),
        "blind": _new_key(),
    }
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass  # another process was first: its keys are the ones
    finally:
        temporary.unlink()


def _key(text: str) -> bytes:
    key = base64.b64decode(text, validate=True)
    if len(key) != KEY_BYTES:
        message = f"a key has {KEY_BYTES} bytes"
        raise ValueError(message)
    return key


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
