"""Messages between hubs, sealed for one reader and signed by one writer, and the line that carries them."""

import base64
import hashlib
import http.client
import json
import ssl
from collections.abc import Mapping
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
from engine.errors import HostRefusedError
from engine.hubs.records import HubRefusedError, LineError
from engine.keys.key_file import change_key_file, new_key, read_key_file

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
    """The public halves of the keys of a hub: with which it signs, and to which one seals."""

    sign: bytes
    agree: bytes

    @property
    def id(self) -> str:
        """The name of the hub on the wire: the SHA-256 of both keys."""
        return hashlib.sha256(b"icmc-hub\0" + self.sign + self.agree).hexdigest()

    @property
    def fingerprint(self) -> str:
        """What two people read to each other: 80 bits of the id, in signs of which none looks like another."""
        left, signs = int(self.id, 16) >> (256 - _BITS), ""
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
        sign, agree = self._keys()
        return PublicKeys(sign.public_key().public_bytes_raw(), agree.public_key().public_bytes_raw())

    def sign(self, text: bytes) -> bytes:
        """Return our signature of a text."""
        return self._keys()[0].sign(text)

    def shared(self, public: bytes) -> bytes:
        """Return what only we and the holder of another key know."""
        return self._keys()[1].exchange(X25519PublicKey.from_public_bytes(public))

    def _keys(self) -> tuple[Ed25519PrivateKey, X25519PrivateKey]:
        kept = read_key_file(self._path).hub
        if kept is None:
            with one_at_a_time(self._path.with_name(".icmc-hub.lock")):
                change_key_file(self._path, lambda had: {"hub": {"sign": new_key(), "agree": new_key()}} | had)
            kept = read_key_file(self._path).hub
            assert kept is not None  # noqa: S101 - it was written a moment ago
        return Ed25519PrivateKey.from_private_bytes(kept[0]), X25519PrivateKey.from_private_bytes(kept[1])


def signed(keys: HubKeyFile, content: Mapping[str, Any]) -> bytes:
    """Return a JSON object with our signature over its canonical form."""
    return canonical_json({**content, "sig": _text(keys.sign(canonical_json(content)))})


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
    return signed(keys, head | {"box": _text(box)})


def decrypted_from(keys: HubKeyFile, writer: PublicKeys, raw: bytes) -> dict[str, Any]:
    """Open what a hub has sealed for us; raise `HubRefusedError` for anything that it has not."""
    outer, signature = read_signed(raw, FORM)
    require_signed(writer.sign, outer, signature)
    if (outer.get("from"), outer.get("to")) != (writer.id, keys.public().id):
        raise HubRefusedError
    head = {name: outer[name] for name in ("form", "from", "to")} | {"once": outer.get("once")}
    try:
        known = keys.shared(_bytes(head["once"]))
        plain = _cipher(known, head).decrypt(_NONCE, _bytes(outer["box"]), canonical_json(head))
        read = json.loads(plain)
    except (InvalidTag, ValueError, LookupError, TypeError):
        raise HubRefusedError from None
    if not isinstance(read, dict):
        raise HubRefusedError
    return read


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
    return keys


def card(keys: HubKeyFile, **said: str) -> bytes:
    """Return the file by which another hub gets to know ours: name, address and public keys, signed."""
    public = keys.public()
    return signed(keys, {"form": CARD, "sign": _text(public.sign), "agree": _text(public.agree), **said})
