"""Messages between hubs, sealed for one reader and signed by one writer, and the line that carries them."""

import base64
import contextlib
import hashlib
import http.client
import json
import ssl
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from engine.db.embedded.folder import one_at_a_time
from engine.db.row_history import canonical_json
from engine.hubs.records import HubRefusedError, KeyChange, LineError
from engine.keys.key_file import KeyFile, change_key_file, new_key, read_key_file
from engine.machine import HostRefusedError

FORM: Final = "icmc-hub-1"
ACK: Final = "icmc-hub-ack-1"
CARD: Final = "icmc-hub-card-1"
LARGEST: Final = 600_000
"""Bytes of a sealed message, and of an answer."""
INBOX: Final = "/hubs/inbox"
_NONCE: Final = bytes(12)
"""Each message has a key of its own, so the number used once never varies."""
_SECONDS: Final = 15.0
_OK: Final = 200
_SIGNS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BITS: Final = 80


class PublicKeys(NamedTuple):
    """The public halves of the keys of a hub: with which it signs, and to which one seals.

    `first` is the name that its first keys gave it, where it has changed them since.
    """

    sign: bytes
    agree: bytes
    first: str = ""

    @property
    def id(self) -> str:
        """The name of the hub on the wire: the SHA-256 of both its first keys."""
        return self.first or self.mark

    @property
    def mark(self) -> str:
        """The SHA-256 of both keys as they are now, and of the name that they have on the wire."""
        return hashlib.sha256(b"icmc-hub\0" + self.sign + self.agree + self.first.encode()).hexdigest()

    @property
    def fingerprint(self) -> str:
        """What two people read to each other: 80 bits of the mark, in signs of which none looks like another."""
        left, signs = int(self.mark, 16) >> (256 - _BITS), ""
        for _ in range(_BITS // 5):
            left, sign = divmod(left, len(_SIGNS))
            signs = _SIGNS[sign] + signs
        return "-".join(signs[part : part + 4] for part in range(0, len(signs), 4))


class HubKeyFile:
    """The two keys of our own hub, within the key file; they are made when they are asked for first."""

    def __init__(self, path: Path) -> None:
        """Use the key file at `path`."""
        self._path = path

    def public(self) -> PublicKeys:
        """Return the public halves; raise `SettingsError` where the key file cannot be read, or written for the first.

        A key file that systemd hands over must have them already.
        """
        return _public_of(self._file())

    def signed(self, content: Mapping[str, Any]) -> bytes:
        """Return a JSON object with how we came to our keys, if we have changed them, and our signature over it all."""
        file = self._file()
        whole = {**content, "keys": [*file.hub_changes]} if file.hub_changes else content
        return canonical_json({**whole, "sig": _text(_signer(file).sign(canonical_json(whole)))})

    def shared(self, public: bytes) -> tuple[bytes, ...]:
        """Return what only we and the holder of another key know: by our key, and by the one before it."""
        other = X25519PublicKey.from_public_bytes(public)
        return tuple(X25519PrivateKey.from_private_bytes(key).exchange(other) for key in self._file().hub[1:])

    def change(self) -> KeyChange:
        """Put new keys in the place of ours, named by the one before; what was sealed to that one still opens.

        Raise `SettingsError` where the key file cannot be written: then the keys are those before.
        """
        self._file()
        with self._lock():
            file = read_key_file(self._path)
            before, sign, agree = _public_of(file), Ed25519PrivateKey.generate(), X25519PrivateKey.generate()
            plain = KeyChange(
                hub=before.id, number=len(file.hub_changes) + 1, sign_before=_text(before.sign),
                agree_before=_text(before.agree), sign=_text(sign.public_key().public_bytes_raw()),
                agree=_text(agree.public_key().public_bytes_raw()),
            )  # fmt: skip
            words = canonical_json(plain.signed_words)
            signatures = {"by_before": _text(_signer(file).sign(words)), "by_new": _text(sign.sign(words))}
            made = plain.model_copy(update=signatures)
            hub = {
                "sign": _text(sign.private_bytes_raw()), "agree": _text(agree.private_bytes_raw()),
                "agree_before": _text(file.hub[1]), "changes": [*file.hub_changes, made.shown],
            }  # fmt: skip
            change_key_file(self._path, lambda had: {**had, "hub": hub})
        return made

    def _file(self) -> KeyFile:
        kept = read_key_file(self._path)
        if not kept.hub:
            with self._lock():
                change_key_file(self._path, lambda had: {"hub": {"sign": new_key(), "agree": new_key()}} | had)
            kept = read_key_file(self._path)
        return kept

    def _lock(self) -> AbstractContextManager[None]:
        return one_at_a_time(self._path.with_name(".icmc-hub.lock"))


def _signer(file: KeyFile) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(file.hub[0])


def _public_of(file: KeyFile) -> PublicKeys:
    agree = X25519PrivateKey.from_private_bytes(file.hub[1])
    first = str(file.hub_changes[0]["hub"]) if file.hub_changes else ""
    return PublicKeys(_signer(file).public_key().public_bytes_raw(), agree.public_key().public_bytes_raw(), first)


def followed(keys: PublicKeys, known: Sequence[KeyChange], shown: object) -> tuple[PublicKeys, tuple[KeyChange, ...]]:
    """Return the keys that a hub has after the changes that it shows, and those of them that are new.

    Each is signed by the key before it and by its own, and follows the one before; one that is known does nothing
    again. Raise `HubRefusedError` for any other, also for another one in the place of one that is known.
    """
    new: list[KeyChange] = []
    try:
        told = shown if isinstance(shown, list) else []
        changes = [KeyChange.model_validate({**one, "taken_at": None}) for one in told]
        for number, one in enumerate(changes, start=1):
            if number <= len(known):
                if one.shown != known[number - 1].shown:
                    raise HubRefusedError
                continue
            before = (keys.id, number, keys.sign, keys.agree)
            if (one.hub, one.number, _bytes(one.sign_before), _bytes(one.agree_before)) != before:
                raise HubRefusedError
            after = card_keys(one.shown)._replace(first=keys.id)
            require_signed(keys.sign, one.signed_words, _bytes(one.by_before))
            require_signed(after.sign, one.signed_words, _bytes(one.by_new))
            keys = after
            new.append(one)
    except (ValueError, TypeError):
        raise HubRefusedError from None
    return keys, tuple(new)


def read_signed(raw: bytes, form: str) -> tuple[dict[str, Any], bytes]:
    """Read a signed object of a form, without looking at its signature; raise `HubRefusedError`."""
    try:
        read = json.loads(raw) if len(raw) <= LARGEST else None
        if not isinstance(read, dict) or read.get("form") != form:
            raise HubRefusedError
        return read, _bytes(read.pop("sig"))
    except (ValueError, LookupError, TypeError, RecursionError):
        raise HubRefusedError from None


def require_signed(public: bytes, content: Mapping[str, Any], signature: bytes) -> None:
    """Refuse what was not signed by a key; raise `HubRefusedError`."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, canonical_json(content))
    except (InvalidSignature, ValueError, TypeError):
        raise HubRefusedError from None


def encrypted_for(keys: HubKeyFile, to: PublicKeys, content: Mapping[str, Any]) -> bytes:
    """Seal a message for one hub, by a key that is used for it alone, and sign it."""
    once = X25519PrivateKey.generate()
    head = {"form": FORM, "from": keys.public().id, "to": to.id, "once": _text(once.public_key().public_bytes_raw())}
    known = once.exchange(X25519PublicKey.from_public_bytes(to.agree))
    box = _cipher(known, head).encrypt(_NONCE, canonical_json(content), canonical_json(head))
    return keys.signed(head | {"box": _text(box)})


def decrypted_from(keys: HubKeyFile, writer: PublicKeys, raw: bytes, *, before: Sequence[bytes] = ()) -> dict[str, Any]:
    """Open what a hub has sealed for us; raise `HubRefusedError` for anything that it has not.

    `before` are the keys by which it signed before and that still count.
    """
    outer, signature = read_signed(raw, FORM)
    _require_signed_by_one((writer.sign, *before), outer, signature)
    if (outer.get("from"), outer.get("to")) != (writer.id, keys.public().id):
        raise HubRefusedError
    head = {name: outer[name] for name in ("form", "from", "to")} | {"once": outer.get("once")}
    try:
        once, box = keys.shared(_bytes(head["once"])), _bytes(outer["box"])
        read = json.loads(_opened(once, head, box))
    except (ValueError, LookupError, TypeError):
        raise HubRefusedError from None
    if not isinstance(read, dict):
        raise HubRefusedError
    return read


def _require_signed_by_one(keys: Sequence[bytes], content: Mapping[str, Any], signature: bytes) -> None:
    for key in keys[:-1]:
        with contextlib.suppress(HubRefusedError):
            require_signed(key, content, signature)
            return
    require_signed(keys[-1], content, signature)


def _opened(shared: Sequence[bytes], head: Mapping[str, Any], box: bytes) -> bytes:
    for known in shared:
        with contextlib.suppress(InvalidTag):
            return _cipher(known, head).decrypt(_NONCE, box, canonical_json(head))
    raise HubRefusedError


def address_problem(address: str) -> str:
    """Say what is wrong with the address of a hub; empty for one over HTTPS, or on this machine itself."""
    try:
        parts = urlsplit(address)
        is_here = parts.hostname == "localhost" or ip_address(parts.hostname or "").is_loopback
    except ValueError:
        parts, is_here = urlsplit(address if address.startswith("http") else ""), False
    if parts.scheme not in {"https", "http"} or not parts.hostname or parts.query or parts.username:
        return "This is no address of a hub. It begins with https://."
    if parts.scheme == "http" and not is_here:
        return "The line to another hub must be protected: its address begins with https://."
    return ""


def post(address: str, content: bytes) -> bytes:
    """Post a sealed message to a hub and return its answer. Raise `LineError`: whatever went wrong, it is sent again.

    No proxy is used and no redirect followed.
    """
    parts = urlsplit(address)
    over_tls = parts.scheme == "https"
    kind = http.client.HTTPSConnection if over_tls else http.client.HTTPConnection
    tls: dict[str, Any] = {"context": ssl.create_default_context()} if over_tls else {}
    line = kind(parts.hostname or "", parts.port, timeout=_SECONDS, **tls)
    try:
        line.request("POST", f"{parts.path.rstrip('/')}{INBOX}", content, {"Content-Type": "application/json"})
        answer = line.getresponse()
        read = answer.read(LARGEST + 1)
    except HostRefusedError:
        raise LineError(
            problem="this machine is not allowed to speak to it: name its host in ICMC_HUB_HOSTS."
        ) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise LineError(problem=f"it cannot be reached ({type(error).__name__}).") from None
    finally:
        line.close()
    if answer.status != _OK:
        raise LineError(problem=f"it answered with {answer.status}.")
    return read


def _cipher(known: bytes, head: Mapping[str, Any]) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=canonical_json(head)).derive(known))


def _bytes(text: object) -> bytes:
    return base64.b64decode(str(text), validate=True)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def card_keys(card: Mapping[str, Any]) -> PublicKeys:
    """Return the keys that the file of a hub names; raise `HubRefusedError` where it names none."""
    try:
        keys = PublicKeys(_bytes(card["sign"]), _bytes(card["agree"]))
        Ed25519PublicKey.from_public_bytes(keys.sign)
        X25519PublicKey.from_public_bytes(keys.agree)
    except (ValueError, LookupError):
        raise HubRefusedError from None
    shown = card.get("keys")
    if not shown:
        return keys
    try:
        first = PublicKeys(_bytes(shown[0]["sign_before"]), _bytes(shown[0]["agree_before"]))
    except (ValueError, LookupError, TypeError):
        raise HubRefusedError from None
    named, _ = followed(first, (), shown)
    if (named.sign, named.agree) != (keys.sign, keys.agree):
        raise HubRefusedError
    return named


def card(keys: HubKeyFile, **said: str) -> bytes:
    """Return the file by which another hub gets to know ours: name, address and public keys, signed."""
    public = keys.public()
    return keys.signed({"form": CARD, "sign": _text(public.sign), "agree": _text(public.agree), **said})
