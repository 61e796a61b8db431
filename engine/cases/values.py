"""What was answered in a case, sealed where it is kept: outputs of steps, facts, the report, and what events tell."""

import json
import secrets
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple
from uuid import UUID

from pydantic import TypeAdapter

from engine.core.keys import SEALED_IN_EVENTS
from engine.core.records import Scalar
from engine.errors import DamagedError, KeyMissingError
from engine.ports import JsonValue, Vault

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
    return EncryptedCell("step", step_id, "sealed_outputs")


def facts_of(case_id: UUID) -> EncryptedCell:
    """Return where the facts of a case are sealed."""
    return EncryptedCell("case", case_id, "sealed_facts")


def report_of(case_id: UUID) -> EncryptedCell:
    """Return where the answers of a report are sealed on which workflows decide."""
    return EncryptedCell("case", case_id, "sealed_report")


def seal_values(
    vault: Vault, values: Mapping[str, Scalar], place: EncryptedCell, *, case_id: UUID, unit_id: UUID
) -> bytes:
    """Seal values as one, under the key of their case; raise `KeyMissingError` when it was destroyed."""
    plain: JsonValue = {name: one.isoformat() if isinstance(one, datetime) else one for name, one in values.items()}
    return vault.seal(plain, key_of=case_id, unit_id=unit_id, **place._asdict())


def open_values(vault: Vault, sealed: bytes | None, place: EncryptedCell) -> dict[str, Scalar]:
    """Return the values that were sealed; none where the key was destroyed. Raise `DamagedError`."""
    if sealed is None:
        return {}
    try:
        return _VALUES.validate_json(vault.unseal_bytes(sealed, **place._asdict()))
    except KeyMissingError:
        return {}


def seal_body(
    vault: Vault, body: Mapping[str, Any], *, case_id: UUID, unit_id: UUID, seq: int
) -> tuple[dict[str, Any], bytes | None]:
    """Part the body of an event: what the chain keeps readable, and the answers in it, sealed.

    The chain binds a digest of what is sealed. That is salted, and the salt is sealed too: once the key is destroyed,
    no answer can be tried against the digest.
    """
    clear, told = _parted(body)
    if not told:
        return clear, None
    plain = json.dumps([secrets.token_hex(_SALT), told], ensure_ascii=False, separators=(",", ":")).encode()
    sealed = vault.seal_bytes(plain, key_of=case_id, unit_id=unit_id, **_body_of(case_id, seq)._asdict())
    return clear | {DIGEST: sha256(plain).hexdigest()}, sealed


def open_body(
    vault: Vault, body: Mapping[str, Any], sealed: bytes | None, *, case_id: UUID, seq: int
) -> dict[str, Any]:
    """Put an event together again; without what was sealed where the key was destroyed. Raise `DamagedError`."""
    whole = {name: dict(part) if name == "step" else part for name, part in body.items() if name != DIGEST}
    if (digest := body.get(DIGEST)) is None and sealed is None:
        return whole
    try:
        plain = vault.unseal_bytes(sealed or b"", **_body_of(case_id, seq)._asdict())
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
    return EncryptedCell("event", case_id, f"sealed_body/{seq}")


def _parted(body: Mapping[str, Any]) -> tuple[dict[str, Any], list[list[Any]]]:
    """Part a body into what stays readable, and each path in it that is sealed with its value."""
    clear, told = dict(body), []
    for *above, name in SEALED_IN_EVENTS:
        part = clear
        for one in above:
            part = part.get(one) or {}
            if part:
                clear[one] = part = dict(part)
        if name in part:
            told.append([*above, name, part.pop(name)])
    return clear, told
