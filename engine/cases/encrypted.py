"""What is encrypted of a case and its events: where it stands, how it is written, when it is opened."""

import json
import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple
from uuid import UUID

from pydantic import JsonValue, TypeAdapter

from engine.core.keys import ENCRYPTED_IN_EVENTS
from engine.core.records import Scalar
from engine.errors import DamagedError, KeyMissingError
from engine.keys.vault import Vault, compact_json

DIGEST: Final = "sealed"
"""The name under which the body of an event has the digest of what is sealed beside it."""
_VALUES: Final = TypeAdapter(dict[str, Scalar])
_SALT: Final = 16


class EncryptedCell(NamedTuple):
    """A sealed cell: its table, what its seal is bound to, its column."""

    table: str
    row: UUID
    column: str


def outputs_of(step_id: UUID) -> EncryptedCell:
    """Return where the outputs of a step are sealed."""
    return EncryptedCell("step", step_id, "encrypted_outputs")


def facts_of(case_id: UUID) -> EncryptedCell:
    """Return where the facts of a case are sealed."""
    return EncryptedCell("case", case_id, "encrypted_facts")


def report_of(case_id: UUID) -> EncryptedCell:
    """Return where the answers of a report are sealed on which workflows decide."""
    return EncryptedCell("case", case_id, "encrypted_report")


def encrypt_values(
    vault: Vault, values: Mapping[str, Scalar], place: EncryptedCell, *, case_id: UUID, unit_id: UUID
) -> bytes:
    """Seal values as one, under the key of their case; raise `KeyMissingError` when it was destroyed."""
    plain: JsonValue = {name: one.isoformat() if isinstance(one, datetime) else one for name, one in values.items()}
    return vault.encrypt(plain, key_of=case_id, unit_id=unit_id, **place._asdict())


def open_values(vault: Vault, encrypted: bytes | None, place: EncryptedCell) -> dict[str, Scalar]:
    """Return the values that were sealed; none where the key was destroyed. Raise `DamagedError`."""
    if encrypted is None:
        return {}
    try:
        return _VALUES.validate_json(vault.decrypt_bytes(encrypted, **place._asdict()))
    except KeyMissingError:
        return {}


class OpenedWhenRead(Mapping[str, Scalar]):
    """Values that are opened when one of them is read first: most of a case's are not, while it is decided.

    Reading raises `DamagedError`; there are none where the key was destroyed.
    """

    __slots__ = ("_encrypted", "_list", "_opened", "_place", "_vault")

    def __init__(
        self, vault: Vault, encrypted: Scalar, place: EncryptedCell | UUID, opened: "list[OpenedWhenRead] | None" = None
    ) -> None:
        """Keep what is encrypted, as PostgreSQL writes bytes in JSON, at a place or as the outputs of a step.

        When it is opened it puts itself into `opened`, for who makes it forget.
        """
        self._vault = vault
        self._encrypted = encrypted
        self._place = place
        self._list = opened
        self._opened: dict[str, Scalar] | None = None

    def forget(self) -> None:
        """Forget what was opened: it is opened again when it is read."""
        self._opened = None

    def _values(self) -> dict[str, Scalar]:
        if self._opened is None:
            place = outputs_of(self._place) if isinstance(self._place, UUID) else self._place
            self._opened = open_values(self._vault, bytes.fromhex(str(self._encrypted).removeprefix("\\x")), place)
            if self._list is not None:
                self._list.append(self)
        return self._opened

    def __getitem__(self, name: str) -> Scalar:
        """Return a value; raise `KeyError`."""
        return self._values()[name]

    def __iter__(self) -> Iterator[str]:
        """Go through the names."""
        return iter(self._values())

    def __len__(self) -> int:
        """Count the values."""
        return len(self._values())


def encrypt_body(
    vault: Vault, body: Mapping[str, Any], *, case_id: UUID, unit_id: UUID, seq: int
) -> tuple[dict[str, Any], bytes | None]:
    """Part the body of an event: what the chain keeps readable, and the answers in it, sealed.

    The chain binds a digest of what is sealed. That is salted, and the salt is sealed too: once the key is destroyed,
    no answer can be tried against the digest.
    """
    clear, told = _parted(body)
    if not told:
        return clear, None
    plain = compact_json([secrets.token_hex(_SALT), told])
    encrypted = vault.encrypt_bytes(plain, key_of=case_id, unit_id=unit_id, **_body_of(case_id, seq)._asdict())
    return clear | {DIGEST: sha256(plain).hexdigest()}, encrypted


def open_body(
    vault: Vault, body: Mapping[str, Any], encrypted: bytes | None, *, case_id: UUID, seq: int
) -> dict[str, Any]:
    """Put an event together again; without what was sealed where the key was destroyed. Raise `DamagedError`."""
    whole = {name: dict(part) if name == "step" else part for name, part in body.items() if name != DIGEST}
    if (digest := body.get(DIGEST)) is None and encrypted is None:
        return whole
    try:
        plain = vault.decrypt_bytes(encrypted or b"", **_body_of(case_id, seq)._asdict())
    except KeyMissingError:
        return whole
    if sha256(plain).hexdigest() != digest:
        raise DamagedError(what="What is encrypted of an event")
    for *above, name, value in json.loads(plain)[1]:
        part = whole
        for one in above:
            part = part[one]
        part[name] = value
    return whole


def _body_of(case_id: UUID, seq: int) -> EncryptedCell:
    return EncryptedCell("event", case_id, f"encrypted_body/{seq}")


def _parted(body: Mapping[str, Any]) -> tuple[dict[str, Any], list[JsonValue]]:
    """Part a body into what stays readable, and each path in it that is sealed with its value."""
    clear, told = dict(body), list[JsonValue]()
    for *above, name in ENCRYPTED_IN_EVENTS:
        part = clear
        for one in above:
            part = part.get(one) or {}
            if part:
                clear[one] = part = dict(part)
        if name in part:
            told.append([*above, name, part.pop(name)])
    return clear, told
