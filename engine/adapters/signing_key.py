"""The key that signs checkpoints: beside the key file, never in the database."""

import base64
import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from engine.errors import SettingsError


class SigningKey:
    """Ed25519 keys by id, of which the current one signs. The id is the beginning of the public key's SHA-256."""

    def __init__(self, current: Ed25519PrivateKey, older: tuple[Ed25519PrivateKey, ...] = ()) -> None:
        """Sign with `current`; `older` ones only prove what they have signed."""
        self._current = current
        self._public = {_id_of(key.public_key()): key.public_key() for key in (current, *older)}

    @property
    def key_id(self) -> str:
        """The id of the key that signs."""
        return _id_of(self._current.public_key())

    def sign(self, text: bytes) -> bytes:
        """Give the signature (64 bytes) of a text."""
        return self._current.sign(text)

    def is_ours(self, key_id: str, text: bytes, signature: bytes) -> bool:
        """Say whether a key of ours made a signature."""
        key = self._public.get(key_id)
        if key is None:
            return False
        try:
            key.verify(signature, text)
        except InvalidSignature:
            return False
        return True

    def public_keys(self) -> Mapping[str, str]:
        """Give the public keys by id, the current one first, each as PEM."""
        form = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return {key_id: key.public_bytes(*form).decode() for key_id, key in self._public.items()}


def read_or_create_signing_key(path: Path) -> SigningKey:
    """Read the file, or make one with mode 0400; raises `SettingsError` for one that cannot be used."""
    if not path.exists():
        _create(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        current = _key(content["current"])
        older = tuple(_key(text) for text in content.get("older", ()))
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise SettingsError(
            problem=f"The file {path} with the key that signs checkpoints cannot be read ({type(error).__name__}).",
            remedy="Put it back from its own backup, or take it away: a new key then signs from now on.",
        ) from error
    return SigningKey(current, older)


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        made = Ed25519PrivateKey.generate().private_bytes_raw()
        json.dump({"current": base64.b64encode(made).decode(), "older": []}, file)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass  # another process was first: its key is the one
    finally:
        temporary.unlink()


def _key(text: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(text, validate=True))


def _id_of(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]
