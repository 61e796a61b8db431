"""The key file as it is carried away: sealed with a passphrase, so that who finds it has nothing."""

import base64
import json
import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from engine.adapters.key_file import KEY_BYTES
from engine.errors import KeyExportError

FORM: Final = 1
_NONCE: Final = 12
_COST: Final = {"n": 2**17, "r": 8, "p": 1}
"""scrypt over 128 MiB: about half a second a guess."""
_LARGEST: Final = 1_000_000


def seal_keys(content: bytes, passphrase: str) -> bytes:
    """Seal the content of a key file: scrypt makes a key of the passphrase, AES-256-GCM encrypts with it."""
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(_NONCE)
    head = {"icmc-keys": FORM, "kdf": "scrypt", **_COST, "cipher": "AES-256-GCM", "salt": _text(salt)}
    cipher = AESGCM(_key(passphrase, salt))
    sealed = cipher.encrypt(nonce, content, _bound(head))
    return json.dumps(head | {"nonce": _text(nonce), "sealed": _text(sealed)}, indent=2).encode() + b"\n"


def open_keys(export: bytes, passphrase: str) -> bytes:
    """Open what `seal_keys` gave; raises `KeyExportError` for another file, a changed one, or a wrong passphrase."""
    try:
        read = json.loads(export[:_LARGEST])
        nonce, sealed, salt = (base64.b64decode(read[name], validate=True) for name in ("nonce", "sealed", "salt"))
        head = {name: value for name, value in read.items() if name not in {"nonce", "sealed"}}
    except (ValueError, LookupError, TypeError, AttributeError):
        raise KeyExportError(problem="This is no export of keys.") from None
    expected = {"icmc-keys": FORM, "kdf": "scrypt", **_COST, "cipher": "AES-256-GCM", "salt": read["salt"]}
    if head != expected or len(nonce) != _NONCE:
        raise KeyExportError(problem="This export is of a form that this release does not know.")
    try:
        return AESGCM(_key(passphrase, salt)).decrypt(nonce, sealed, _bound(head))
    except InvalidTag:
        raise KeyExportError(problem="The passphrase does not fit, or the file was changed.") from None


def _key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=KEY_BYTES, **_COST).derive(passphrase.encode())


def _bound(head: dict[str, object]) -> bytes:
    return json.dumps(head, sort_keys=True).encode()


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
