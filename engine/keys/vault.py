"""Seals values with AES-256-GCM under a key of their case, person or places, and signs the links of event chains."""

import hmac
import json
import math
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from threading import Lock
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import JsonValue

from engine.errors import DamagedError, KeyMissingError
from engine.keys.key_file import KEY_BYTES
from engine.keys.periods import KeyRing

_MARK: Final = b"v2|"
_WRAP_MARK: Final = b"w2|"
_AES_256_GCM: Final = b"\x01"
_BLOCK: Final = 16
_NONCE, _OWNER, _VERSION, _TAG = 12, 16, 4, 16
_HEAD: Final = len(_MARK) + len(_AES_256_GCM) + _OWNER + _VERSION
_REMEMBERED: Final = 10_000
_COUNTED: Final = 1_024
_MOST_USES: Final = 2**31
"""Half of what random nonces of 96 bits bear under one key (2^32), since what is counted lags behind."""
LOOK_AGAIN: Final = 1.0
"""Seconds after which a process asks again whether keys were destroyed or changed."""


class StoredKey(NamedTuple):
    """A data key as the database has it. `wrapped_by` is an id of the key file, or `<organisation>/<version>`.

    `period` is the id of the period key that is mixed in; empty where there are no periods.
    """

    version: int
    wrapped: bytes
    wrapped_by: str
    period: str = ""


class WrappedKeys(Protocol):
    """The table of wrapped keys."""

    def newest(self, owner: UUID) -> StoredKey | None:
        """Return the newest key of an owner that is not destroyed."""
        ...

    def newest_of(self, owners: Sequence[UUID]) -> Mapping[UUID, StoredKey]:
        """Return the newest key of each of these owners that has one."""
        ...

    def version(self, owner: UUID, version: int) -> StoredKey | None:
        """Return one version of an owner's key that is not destroyed."""
        ...

    def keep(self, owner: UUID, key: StoredKey) -> StoredKey | None:
        """Keep a new key; returns the one that was kept, which may be another process's. None for a destroyed owner."""
        ...

    def keep_new(self, keys: Mapping[UUID, StoredKey]) -> frozenset[UUID]:
        """Keep the first keys of several owners in the transaction in hand; returns those whose key was kept."""
        ...

    def organisation_of(self, owner: UUID, unit_id: UUID | None) -> UUID | None:
        """Return the organisation of a unit, else of an owner; None when it is not known, or is one itself."""
        ...

    def uncommitted(self) -> dict[tuple[UUID, int], Any]:
        """Give, by owner and version, the keys that the transaction in hand has made: they go with it if it fails."""
        ...

    def spend(self, owner: UUID, version: int, uses: int) -> int | None:
        """Count uses of a key; returns how many there were in all, None when they could not be counted just now."""
        ...

    def epoch(self) -> int | None:
        """Return the number that grows whenever keys are destroyed or the key file changes.

        None within a transaction that has made it grow itself: until that is committed nobody else knows of it.
        """
        ...


class _DataKey:
    """An unwrapped key in memory, and how often this process sealed with it. Its `repr` shows nothing of it."""

    __slots__ = ("cipher", "is_spent", "key", "uses", "version")

    def __init__(self, key: bytes, version: int) -> None:
        self.key, self.cipher, self.version = key, AESGCM(key), version
        self.uses, self.is_spent = 0, False


class LinkKey:
    """A key that signed links of chains, up to a checkpoint or without end. Its `repr` shows nothing of it."""

    __slots__ = ("_key", "until")

    def __init__(self, key: bytes, until: int | None) -> None:
        self._key, self.until = key, until

    def sign(self, previous: bytes, canonical: bytes) -> bytes:
        """Return the link that this key makes."""
        return hmac.digest(self._key, previous + canonical, "sha256")


class Vault:
    """Keeps unwrapped keys in memory while they are not destroyed; the database holds them wrapped only.

    A key that a transaction has made is used by that transaction alone until it is committed.

    A sealed value is `v2|` + algorithm + key id (owner, version) + nonce + ciphertext. Table, row, column and key id
    are bound to it, so that a value moved to another place does not open. Keys of owners are wrapped by the key of
    their organisation, that one by the key file; into each of both the key of the period is mixed, and so it is into
    the key of the tokens by which persons are found.
    """

    def __init__(self, ring: KeyRing, keys: WrappedKeys, *, ticks: Callable[[], float] = time.monotonic) -> None:
        """Open the vault with the keys of the key file; `ticks` gives seconds that only go forward."""
        self._ring = ring
        self._keys = keys
        self.ticks = ticks
        self._epoch: int | None = None
        self._looked_at = 0.0
        self._open: dict[tuple[UUID, int], _DataKey] = {}
        self._newest: dict[UUID, _DataKey] = {}
        self._lock = Lock()

    def encrypt(
        self, value: JsonValue, *, key_of: UUID, table: str, row: UUID, column: str, unit_id: UUID | None = None
    ) -> bytes:
        """Encrypt a value under the key of a case, a person or places, which is made when it has none yet.

        `unit_id` says whose organisation's key wraps a new key, for an owner that is not stored yet.
        """
        plain = compact_json(value)
        return self.encrypt_bytes(plain, key_of=key_of, table=table, row=row, column=column, unit_id=unit_id)

    def encrypt_bytes(
        self, plain: bytes, *, key_of: UUID, table: str, row: UUID, column: str, unit_id: UUID | None = None
    ) -> bytes:
        """Encrypt bytes as `seal` does values."""
        key = self._to_encrypt_with(key_of, unit_id)
        head = _MARK + _AES_256_GCM + key_of.bytes + key.version.to_bytes(_VERSION, "big")
        nonce = secrets.token_bytes(_NONCE)
        return head + nonce + key.cipher.encrypt(nonce, plain, _bound(table, row, column) + b"\0" + head)

    def decrypt(self, encrypted: bytes, *, table: str, row: UUID, column: str) -> JsonValue:
        """Decrypt; raises `DamagedError` for a value changed or moved, `KeyMissingError` for one without its key."""
        opened: JsonValue = json.loads(self.decrypt_bytes(encrypted, table=table, row=row, column=column))
        return opened

    def decrypt_bytes(self, encrypted: bytes, *, table: str, row: UUID, column: str) -> bytes:
        """Decrypt bytes as `unseal` does values."""
        what = f"An encrypted value in {table}.{column}"
        if not encrypted.startswith(_MARK + _AES_256_GCM) or len(encrypted) < _HEAD + _NONCE + _TAG:
            raise DamagedError(what=what)
        owner = encrypted[_HEAD - _OWNER - _VERSION : _HEAD - _VERSION]
        version = int.from_bytes(encrypted[_HEAD - _VERSION : _HEAD], "big")
        bound = _bound(table, row, column) + b"\0" + encrypted[:_HEAD]
        cipher = self._to_open_with(UUID(bytes=owner), version).cipher
        try:
            return cipher.decrypt(encrypted[_HEAD : _HEAD + _NONCE], encrypted[_HEAD + _NONCE :], bound)
        except InvalidTag:
            raise DamagedError(what=what) from None

    def make_ready(self, owners: Iterable[UUID]) -> None:
        """Fetch the newest keys of several owners in one question, so that each need not be asked for by itself.

        One that cannot be unwrapped stops no other: whoever needs it is told.
        """
        self._look_again()
        wanted = [owner for owner in owners if owner not in self._newest]
        for owner, stored in self._keys.newest_of(wanted).items() if wanted else ():
            with suppress(DamagedError, KeyMissingError):
                self._keep_newest(owner, self._remember(owner, stored))

    def take_along(self, epoch: int, seen_at: float, owner: UUID, stored: StoredKey | None) -> None:
        """Take over what another question has brought along: the epoch, and the newest key of an owner at that moment.

        `seen_at` is a moment of `ticks` before it was asked. A key that cannot be unwrapped is left to who needs it.
        """
        if epoch < (self._epoch or 0):
            return
        self._note_epoch(epoch, seen_at)
        if stored is None or owner in self._newest:
            return
        with suppress(DamagedError, KeyMissingError):
            self._keep_newest(owner, self._remember(owner, stored, seen_in=epoch))

    def make_new(self, owners: Sequence[UUID], *, organisation_id: UUID | None) -> None:
        """Make the first keys of owners that are new, all at once, in the transaction in hand.

        Raises `KeyMissingError` when one of them cannot be kept.
        """
        self._look_again()
        made = {owner: self._wrap(owner, 1, secrets.token_bytes(KEY_BYTES), organisation_id) for owner in owners}
        kept = self._keys.keep_new(made)
        for owner, stored in made.items():
            if owner not in kept:
                raise KeyMissingError(key_id=str(owner))
            self._remember(owner, stored)

    def blind(self, kind: str, value: str) -> bytes:
        """Return the token (16 bytes) under which a value can be found again without being readable."""
        self._look_again()
        return _token(self._ring.file.blind, kind, value)

    def blinds(self, kind: str, value: str) -> Mapping[str, bytes]:
        """Return the tokens by every key that is used now, by its id, that of `blind` first.

        While tokens are made anew there are two, and what is written has both: it is found by either.
        """
        self._look_again()
        return {key_id: _token(key, kind, value) for key_id, key in self._index_keys().items()}

    @property
    def found_by(self) -> str:
        """The id of the key of the tokens by which persons are found now: all have them."""
        self._look_again()
        return next(iter(self._finding_keys()))

    def made_for(self, index_key: str) -> str:
        """Return the id under which tokens of persons are made by a key of blind tokens in the period of now."""
        self._look_again()
        periods = self._ring.periods
        return _of_period(index_key, periods[-1].period) if periods else index_key

    def finding(self, kind: str, value: str, *, organisation_id: UUID | None = None) -> Mapping[str, bytes]:
        """Return the tokens by which a person is found, by the id of their key, that of `found_by` first.

        They die with the period. With an organisation they are of its own: no other organisation's are like them. What
        is written has the tokens of every key that is used now.
        """
        self._look_again()
        keys = self._finding_keys().items()
        return {key_id: _token(_of_organisation(key, organisation_id), kind, value) for key_id, key in keys}

    def for_unit(self, key_id: str, tokens: Sequence[bytes], unit_id: UUID) -> list[bytes]:
        """Return tokens of all as they are kept for one unit: no other unit's are like them, for who has no key.

        Nothing where the key was dropped. Without it none can be made of a value, nor be turned into what another unit
        keeps of the same value.
        """
        self._look_again()
        key = self._finding_keys().get(key_id)
        return [] if key is None else _blocks(_of_unit(key, unit_id).encryptor().update(b"".join(tokens)))

    def from_unit(self, key_id: str, tokens: Sequence[bytes], unit_id: UUID) -> list[bytes]:
        """Return tokens as they are for all from what is kept for a unit; nothing where the key was dropped."""
        self._look_again()
        key = self._finding_keys().get(key_id)
        return [] if key is None else _blocks(_of_unit(key, unit_id).decryptor().update(b"".join(tokens)))

    def sign(self, previous: bytes, canonical: bytes) -> bytes:
        """Return the next link (32 bytes) of an event chain."""
        self._look_again()
        return hmac.digest(self._ring.file.chain, previous + canonical, "sha256")

    def chain_keys(self) -> tuple["LinkKey", ...]:
        """Return all keys that have signed links, the newest first."""
        self._look_again()
        file = self._ring.file
        older = (LinkKey(one.key, one.until) for one in reversed(file.older_chains))
        return (LinkKey(file.chain, None), *older)

    def forget(self) -> None:
        """Drop every unwrapped key from memory, so that destroyed keys are gone."""
        with self._lock:
            self._open.clear()
            self._newest.clear()

    def look_again(self) -> None:
        """Ask at once whether keys were destroyed or changed, which is asked each second otherwise."""
        self._looked_at = -math.inf
        self._look_again()

    def rewrap(self, owner: UUID, stored: StoredKey, *, organisation_id: UUID | None) -> StoredKey:
        """Wrap a key anew: by the newest key of an organisation, or else by the current key of the key file."""
        return self._wrap(owner, stored.version, self._unwrap(owner, stored), organisation_id)

    def try_key(self, owner: UUID, stored: StoredKey) -> None:
        """Open a key and keep nothing of it; raises `DamagedError`, `KeyMissingError`."""
        self._unwrap(owner, stored)

    def renew(self, owner: UUID, after: int, *, unit_id: UUID | None = None) -> int:
        """Make the version of a key that follows version `after`; returns the newest. Raises `KeyMissingError`."""
        made = self._made(owner, after + 1, unit_id)
        with self._lock:
            self._newest.pop(owner, None)
        return made.version

    def _to_encrypt_with(self, owner: UUID, unit_id: UUID | None = None) -> _DataKey:
        self._look_again()
        key = self._just_made(owner) or self._newest.get(owner)
        if key is None or key.is_spent:
            key = self._newest_key(owner, unit_id)
        key.uses += 1
        if key.uses >= _COUNTED:
            counted = self._keys.spend(owner, key.version, key.uses)
            key.uses = key.uses if counted is None else 0
            key.is_spent = (counted or 0) >= _MOST_USES
        return key

    def _newest_key(self, owner: UUID, unit_id: UUID | None) -> _DataKey:
        spent = self._newest.get(owner)
        stored = self._keys.newest(owner)
        if stored is None or (spent is not None and spent.is_spent and spent.version == stored.version):
            stored = self._made(owner, stored.version + 1 if stored else 1, unit_id)
        key = self._remember(owner, stored)
        self._keep_newest(owner, key)
        return key

    def _keep_newest(self, owner: UUID, key: _DataKey) -> None:
        with self._lock:
            if self._open.get((owner, key.version)) is key:
                self._newest[owner] = key

    def _to_open_with(self, owner: UUID, version: int) -> _DataKey:
        self._look_again()
        found = self._just_made(owner, version) or self._open.get((owner, version))
        if found is None:
            stored = self._keys.version(owner, version)
            if stored is None:
                raise KeyMissingError(key_id=str(owner))
            found = self._remember(owner, stored)
        return found

    def _made(self, owner: UUID, version: int, unit_id: UUID | None) -> StoredKey:
        organisation = self._keys.organisation_of(owner, unit_id)
        new = self._wrap(owner, version, secrets.token_bytes(KEY_BYTES), organisation)
        kept = self._keys.keep(owner, new)
        if kept is None:
            raise KeyMissingError(key_id=str(owner))  # destroyed: what is sealed now could never be read again
        return kept

    def _just_made(self, owner: UUID, version: int | None = None) -> _DataKey | None:
        """Return a key that the transaction in hand has made."""
        made = self._keys.uncommitted().items()
        return next((key for (whose, number), key in made if whose == owner and version in {None, number}), None)

    def _remember(self, owner: UUID, stored: StoredKey, *, seen_in: int | None = None) -> _DataKey:
        """Open a key and keep it, if nothing was destroyed since it was seen: in a known epoch, or just now."""
        key = self._open.get((owner, stored.version))
        if key is None:
            key = _DataKey(self._unwrap(owner, stored), stored.version)
            made = self._keys.uncommitted()
            if (owner, stored.version) in made:
                made[owner, stored.version] = key
                return key
            epoch = self._keys.epoch() if seen_in is None else seen_in
            with self._lock:
                if epoch != self._epoch:
                    return key  # what is seen here is of another time: the key can have been destroyed since
                if len(self._open) >= _REMEMBERED:
                    self._open.clear()
                    self._newest.clear()
                self._open[owner, stored.version] = key
        return key

    def _wrap(self, owner: UUID, version: int, key: bytes, organisation_id: UUID | None) -> StoredKey:
        if organisation_id is None:
            wrapped_by = self._ring.file.current
            wrapper = self._ring.key(wrapped_by)
        else:
            parent = self._to_encrypt_with(organisation_id)
            wrapped_by, wrapper = f"{organisation_id}/{parent.version}", parent.key
        period = self._ring.periods[-1].period if self._ring.periods else ""
        nonce = secrets.token_bytes(_NONCE)
        bound = _wrapping(owner, version, wrapped_by, period)
        encrypted = AESGCM(self._mixed(wrapper, period)).encrypt(nonce, key, bound)
        return StoredKey(version, _WRAP_MARK + _AES_256_GCM + nonce + encrypted, wrapped_by, period)

    def _unwrap(self, owner: UUID, stored: StoredKey) -> bytes:
        wrapped = stored.wrapped.removeprefix(_WRAP_MARK + _AES_256_GCM)
        if len(wrapped) != _NONCE + KEY_BYTES + _TAG:
            raise DamagedError(what="A wrapped key")
        bound = _wrapping(owner, stored.version, stored.wrapped_by, stored.period)
        wrapper = AESGCM(self._mixed(self._wrapper(stored.wrapped_by), stored.period))
        try:
            return wrapper.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], bound)
        except InvalidTag:
            raise DamagedError(what="A wrapped key") from None

    def _wrapper(self, wrapped_by: str) -> bytes:
        organisation, slash, version = wrapped_by.partition("/")
        if not slash:
            return self._ring.key(wrapped_by)
        try:
            return self._to_open_with(UUID(organisation), int(version)).key
        except ValueError:
            raise DamagedError(what="A wrapped key") from None

    def _mixed(self, wrapper: bytes, period: str) -> bytes:
        """Return the key that wraps in a period: without the period's own nobody can make it again."""
        return _mix(wrapper, self._ring.period(period), b"icmc wrapping") if period else wrapper

    def _finding_keys(self) -> Mapping[str, bytes]:
        """Return the keys of tokens of persons: of the oldest period first, by whose tokens everybody is found."""
        keys, periods = self._index_keys(), self._ring.periods
        if not periods:
            return keys
        return {
            _of_period(key_id, one.period): _mix(key, one.key, b"icmc finding")
            for one in periods
            for key_id, key in keys.items()
        }

    def _index_keys(self) -> Mapping[str, bytes]:
        file = self._ring.file
        beside = {one.key_id: one.key for one in (file.next_blind, file.old_blind) if one}
        return {file.blind_id: file.blind} | beside

    def _look_again(self) -> None:
        """Forget every key when keys were destroyed or changed since this process asked last."""
        ticks = self.ticks()
        if self._epoch is not None and ticks - self._looked_at < LOOK_AGAIN:
            return
        epoch = self._keys.epoch()
        if epoch is not None:
            self._note_epoch(epoch, ticks)

    def _note_epoch(self, epoch: int, seen_at: float) -> None:
        if epoch != self._epoch:
            self._epoch = None  # until all is forgotten, no key that is opened meanwhile is kept
            self.forget()
            self._ring.refresh()  # at the first look too: the file may have changed since it was read
            self._epoch, self._looked_at = epoch, seen_at
        self._looked_at = max(self._looked_at, seen_at)


def compact_json(value: JsonValue) -> bytes:
    """Return a value as JSON without blanks; numbers may be of any size."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _token(key: bytes, kind: str, value: str) -> bytes:
    return hmac.digest(key, f"{kind}\0{value}".encode(), "sha256")[:_BLOCK]


def _of_organisation(key: bytes, organisation_id: UUID | None) -> bytes:
    if organisation_id is None:
        return key
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=b"icmc blind index\0" + organisation_id.bytes).derive(key)


def _mix(key: bytes, period_key: bytes, use: bytes) -> bytes:
    return HKDF(SHA256(), KEY_BYTES, salt=period_key, info=use).derive(key)


def _of_period(index_key: str, period: str) -> str:
    return f"{index_key}@{period}"


def _of_unit(key: bytes, unit_id: UUID) -> Cipher[ECB]:
    """Return the permutation of single blocks under which a unit's tokens are kept: each is random already."""
    mine = HKDF(SHA256(), KEY_BYTES, salt=None, info=b"icmc unit index\0" + unit_id.bytes).derive(key)
    return Cipher(AES(mine), ECB())  # noqa: S305 - one block, of which no part is chosen and none says anything


def _blocks(joined: bytes) -> list[bytes]:
    return [joined[at : at + _BLOCK] for at in range(0, len(joined), _BLOCK)]


def _bound(table: str, row: UUID, column: str) -> bytes:
    return f"{table}\0{row}\0{column}".encode()


def _wrapping(owner: UUID, version: int, wrapped_by: str, period: str) -> bytes:
    bound = b"data_key\0" + owner.bytes + version.to_bytes(_VERSION, "big") + wrapped_by.encode()
    return bound + b"\0" + period.encode() if period else bound
