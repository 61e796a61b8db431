"""Seals values with AES-256-GCM under a key of their case or person, and signs the links of event chains."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from threading import Lock
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.adapters.key_file import KEY_BYTES, KeyFile
from engine.errors import DamagedError, KeyMissingError
from engine.ports import JsonValue

_MARK = b"v1|"
_NONCE = 12
_OWNER = 16
_TAG = 16
_SHORTEST = len(_MARK) + _OWNER + _NONCE + _TAG
_REMEMBERED = 10_000

LoadKey = Callable[[UUID], tuple[bytes, str] | None]
StoreKey = Callable[[UUID, bytes, str], tuple[bytes, str]]


class KeyVault:
    """Keeps unwrapped data keys in memory while the process lives; the database holds them wrapped only.

    A sealed value is `v1|` + owner id + nonce + ciphertext; table, row and column are bound to it, so that a value
    moved to another place does not open. `load` and `store` read and write wrapped data keys; `store` gives back the
    one that was kept, which may be another process's.
    """

    def __init__(self, key_file: KeyFile, *, load: LoadKey, store: StoreKey) -> None:
        """Open the vault with the keys of the key file."""
        self._file = key_file
        self._load = load
        self._store = store
        self._open: dict[UUID, AESGCM] = {}
        self._lock = Lock()

    def seal(self, value: JsonValue, *, key_of: UUID, table: str, row: UUID, column: str) -> bytes:
        """Encrypt a value under the key of a case or person, which is made when it has none yet."""
        nonce = secrets.token_bytes(_NONCE)
        plain = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        sealed = self._data_key(key_of, create=True).encrypt(nonce, plain, _bound(table, row, column))
        return _MARK + key_of.bytes + nonce + sealed

    def unseal(self, sealed: bytes, *, table: str, row: UUID, column: str) -> JsonValue:
        """Decrypt; raises `DamagedError` for a value changed or moved, `KeyMissingError` for one without its key."""
        if not sealed.startswith(_MARK) or len(sealed) < _SHORTEST:
            raise DamagedError(what=f"A sealed value in {table}.{column}")
        start = len(_MARK)
        owner = UUID(bytes=sealed[start : start + _OWNER])
        nonce = sealed[start + _OWNER : start + _OWNER + _NONCE]
        try:
            plain = self._data_key(owner, create=False).decrypt(
                nonce,
                sealed[start + _OWNER + _NONCE :],
                _bound(table, row, column),
            )
        except InvalidTag:
            raise DamagedError(what=f"A sealed value in {table}.{column}") from None
        opened: JsonValue = json.loads(plain)
        return opened

    def blind(self, kind: str, value: str) -> bytes:
        """Give the token (16 bytes) under which a value can be found again without being readable."""
        return hmac.digest(self._file.blind, f"{kind}\0{value}".encode(), hashlib.sha256)[:16]

    def sign(self, previous: bytes, canonical: bytes) -> bytes:
        """Give the next link (32 bytes) of an event chain."""
        return hmac.digest(self._file.chain, previous + canonical, hashlib.sha256)

    def forget(self) -> None:
        """Drop every unwrapped key from memory, so that destroyed keys are gone."""
        with self._lock:
            self._open.clear()

    def _data_key(self, owner: UUID, *, create: bool) -> AESGCM:
        found = self._open.get(owner)
        if found is not None:
            return found
        wrapped = self._load(owner)
        if wrapped is None:
            if not create:
                raise KeyMissingError(key_id=str(owner))
            wrapped = self._store(owner, self._wrap(owner, secrets.token_bytes(KEY_BYTES)), self._file.current)
        key = AESGCM(self._unwrap(owner, *wrapped))
        with self._lock:
            if len(self._open) >= _REMEMBERED:
                self._open.clear()
            self._open[owner] = key
        return key

    def _wrap(self, owner: UUID, key: bytes) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return nonce + AESGCM(self._file.key(self._file.current)).encrypt(nonce, key, owner.bytes)

    def _unwrap(self, owner: UUID, wrapped: bytes, wrapped_by: str) -> bytes:
        if len(wrapped) < _NONCE + _TAG:
            raise DamagedError(what="A wrapped key")
        try:
            return AESGCM(self._file.key(wrapped_by)).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], owner.bytes)
        except InvalidTag:
            raise DamagedError(what="A wrapped key") from None


def _bound(table: str, row: UUID, column: str) -> bytes:
    return f"{table}\0{row}\0{column}".encode()
