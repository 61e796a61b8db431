"""The key that signs checkpoints: beside the key file, never in the database."""

import base64
import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from engine.audit.records import HandOver
from engine.errors import SettingsError

_FORM: Final = "icmc hand-over of checkpoints"


class SigningKey:
    """Ed25519 keys by id, of which the current one signs. The id is the beginning of the public key's SHA-256.

    A key that followed another is named by a hand-over that the earlier one signed. Of the earlier ones only the public
    halves are kept.
    """

    def __init__(
        self,
        current: Ed25519PrivateKey,
        older: tuple[Ed25519PublicKey, ...] = (),
        hand_overs: tuple[HandOver, ...] = (),
    ) -> None:
        """Sign with `current`; `older` ones only prove what they have signed."""
        self._current = current
        self._public = {_id_of(key): key for key in (current.public_key(), *reversed(older))}
        self._hand_overs = hand_overs

    @property
    def key_id(self) -> str:
        """The id of the key that signs."""
        return _id_of(self._current.public_key())

    def sign(self, text: bytes) -> bytes:
        """Return the signature (64 bytes) of a text."""
        return self._current.sign(text)

    def is_ours(self, key_id: str, text: bytes, signature: bytes) -> bool:
        """Return whether a key of ours made a signature."""
        key = self._public.get(key_id)
        if key is None:
            return False
        try:
            key.verify(signature, text)
        except InvalidSignature:
            return False
        return True

    def may_follow(self, before: str, after: str, number: int) -> bool:
        """Return whether a key may sign after checkpoint `number`, the last one of another: that one has named it."""
        return any(
            (one.before, one.key_id) == (before, after)
            and one.after >= number
            and self.is_ours(before, _words(one), one.signature)
            for one in self._hand_overs
        )

    def hand_overs(self) -> tuple[HandOver, ...]:
        """Return which key named which, the first one first."""
        return self._hand_overs

    def with_recorded(self, keys: Mapping[str, str], hand_overs: tuple[HandOver, ...]) -> "SigningKey":
        """Return the same with public keys and hand-overs that were recorded elsewhere; a key counts by its own id."""
        read = (_public(pem) for pem in keys.values())
        known = tuple(
            key for key in read if key is not None and _id_of(key) in keys and _id_of(key) not in self._public
        )
        older = tuple(key for key_id, key in self._public.items() if key_id != self.key_id)
        return SigningKey(self._current, (*known, *reversed(older)), (*self._hand_overs, *hand_overs))

    def public_keys(self) -> Mapping[str, str]:
        """Return the public keys by id, the current one first, each as PEM."""
        form = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return {key_id: key.public_bytes(*form).decode() for key_id, key in self._public.items()}


class SigningKeyFile:
    """The file of the signing key, which is read again whenever it has been replaced."""

    def __init__(self, path: Path) -> None:
        """Read the file, or make one with mode 0400; raises `SettingsError` for one that cannot be used."""
        self._path = path
        if not path.exists():
            _create(path)
        self._seen, self._key = _mark_of(path), _read(path)

    @property
    def key_id(self) -> str:
        """The id of the key that signs; raises `SettingsError`."""
        return self._now().key_id

    def sign(self, text: bytes) -> bytes:
        """Return the signature (64 bytes) of a text; raises `SettingsError`."""
        return self._now().sign(text)

    def is_ours(self, key_id: str, text: bytes, signature: bytes) -> bool:
        """Return whether a key of ours made a signature; raises `SettingsError`."""
        return self._now().is_ours(key_id, text, signature)

    def may_follow(self, before: str, after: str, number: int) -> bool:
        """Return whether the earlier key has named the later one; raises `SettingsError`."""
        return self._now().may_follow(before, after, number)

    def hand_overs(self) -> tuple[HandOver, ...]:
        """Return which key named which, the first one first; raises `SettingsError`."""
        return self._now().hand_overs()

    def with_recorded(self, keys: Mapping[str, str], hand_overs: tuple[HandOver, ...]) -> SigningKey:
        """Return the keys with those that were recorded elsewhere; raises `SettingsError`."""
        return self._now().with_recorded(keys, hand_overs)

    def public_keys(self) -> Mapping[str, str]:
        """Return the public keys by id, the current one first, each as PEM; raises `SettingsError`."""
        return self._now().public_keys()

    def hand_over(self, *, after: int) -> HandOver:
        """Let a new key sign from the checkpoint on that comes after `after`; the old one names it and is forgotten.

        The file is replaced in one step: after a crash it is the old one or the new one. Raises `SettingsError`.
        """
        old, content = self._now(), _content(self._path)
        new = Ed25519PrivateKey.generate()
        public = new.public_key()
        unsigned = HandOver(old.key_id, _id_of(public), _text(public.public_bytes_raw()), after, b"")
        made = unsigned._replace(signature=old.sign(_words(unsigned)))
        before = _key(content["current"]).public_key()
        changed = {
            "current": _text(new.private_bytes_raw()),
            "older": content.get("older", []),
            "public": [*content.get("public", []), _text(before.public_bytes_raw())],
            "hand_overs": [*content.get("hand_overs", []), made._asdict() | {"signature": made.signature.hex()}],
        }
        try:
            _written(self._path, changed).replace(self._path)
        except OSError as error:
            raise SettingsError(
                problem=f"The file {self._path} cannot be written ({type(error).__name__}).",
                remedy="Make its folder writable for the user who runs ICMC.",
            ) from error
        return made

    def _now(self) -> SigningKey:
        try:
            seen = _mark_of(self._path)
        except OSError:
            return self._key  # somebody is putting another one there: what was read last still holds
        if seen != self._seen:
            self._seen, self._key = seen, _read(self._path)
        return self._key


def _mark_of(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_ino, found.st_mtime_ns


def _read(path: Path) -> SigningKey:
    try:
        content = _content(path)
        older = [_key(text).public_key() for text in content.get("older", ())]
        older += [Ed25519PublicKey.from_public_bytes(_bytes(text)) for text in content.get("public", ())]
        return SigningKey(_key(content["current"]), tuple(older), tuple(map(_hand_over, content.get("hand_overs", ()))))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise _unreadable(path, error) from error


def _content(path: Path) -> dict[str, Any]:
    try:
        read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    return read


def _unreadable(path: Path, error: Exception) -> SettingsError:
    return SettingsError(
        problem=f"The file {path} with the key that signs checkpoints cannot be read ({type(error).__name__}).",
        remedy="Put it back from its own backup, or take it away: a new key then signs from now on, and "
        "`icmc audit verify` says that nobody has named it.",
    )


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = Ed25519PrivateKey.generate().private_bytes_raw()
    temporary = _written(path, {"current": _text(made), "older": []})
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass  # another process was first: its key is the one
    finally:
        temporary.unlink()


def _written(path: Path, content: Mapping[str, Any]) -> Path:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    return temporary


def _hand_over(read: Mapping[str, Any]) -> HandOver:
    before, key_id, public = (str(read[name]) for name in ("before", "key_id", "public"))
    return HandOver(before, key_id, public, int(read["after"]), bytes.fromhex(read["signature"]))


def _words(one: HandOver) -> bytes:
    """Return the bytes that the signature of a hand-over is over."""
    parts = {"form": _FORM, "before": one.before, "key": one.key_id, "public": one.public, "after": one.after}
    return json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()


def _public(pem: str) -> Ed25519PublicKey | None:
    try:
        read = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        return None
    return read if isinstance(read, Ed25519PublicKey) else None


def _key(text: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_bytes(text))


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _id_of(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]
