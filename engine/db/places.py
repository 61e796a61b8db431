"""What tells where somebody is, encrypted under the key of its place."""

import base64
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Final, TypeGuard
from uuid import UUID, uuid5

from engine.core.keys import place_key
from engine.errors import KeyMissingError
from engine.ports import JsonValue, Vault


def place_id(step_id: UUID, name: str, start: datetime) -> UUID:
    """Name the place of a stretch of a step, by what it is and when it began."""
    return uuid5(step_id, f"{name}|{start.astimezone(UTC).isoformat()}")


_MARK: Final = "icmc:apart"
"""The only key of what stands in the place of such an answer; no field of a form has a colon in its name."""


TEXT: Final = "text"
"""The name under which the whole text of a paper that tells where somebody is stands by itself."""


def encrypt_apart(
    vault: Vault,
    answers: Mapping[str, JsonValue],
    names: Collection[str],
    *,
    case_id: UUID,
    unit_id: UUID,
    table: str,
    row: UUID,
) -> dict[str, JsonValue]:
    """Return answers with those of `names` sealed by themselves."""
    encrypted = dict(answers)
    for name in names:
        if encrypted.get(name) is not None:
            inner = vault.encrypt(
                encrypted[name],
                key_of=place_key(case_id),
                table=table,
                row=row,
                column=f"apart/{name}",
                unit_id=unit_id,
            )
            encrypted[name] = {_MARK: base64.b64encode(inner).decode()}
    return encrypted


def open_apart(vault: Vault, answers: JsonValue, *, table: str, row: UUID) -> JsonValue:
    """Return answers with what was sealed by itself open; what has lost its key is left out. Raises `DamagedError`."""
    if not isinstance(answers, dict):
        return answers
    opened = dict(answers)
    for name, value in answers.items():
        if _is_apart(value):
            try:
                opened[name] = vault.decrypt(_inner(value), table=table, row=row, column=f"apart/{name}")
            except KeyMissingError:
                del opened[name]
    return opened


def renewed_apart(
    vault: Vault, answers: JsonValue, *, owner: UUID, newest: int, table: str, row: UUID
) -> dict[str, JsonValue] | None:
    """Return answers with what is sealed under older keys of places sealed anew; None when nothing is."""
    if not isinstance(answers, dict):
        return None
    renewed = dict(answers)
    for name, value in answers.items():
        if _is_apart(value) and not _inner(value).startswith(b"v2|\x01" + owner.bytes + newest.to_bytes(4, "big")):
            plain = vault.decrypt_bytes(_inner(value), table=table, row=row, column=f"apart/{name}")
            anew = vault.encrypt_bytes(plain, key_of=owner, table=table, row=row, column=f"apart/{name}")
            renewed[name] = {_MARK: base64.b64encode(anew).decode()}
    return renewed if renewed != answers else None


def _is_apart(value: JsonValue) -> TypeGuard[dict[str, JsonValue]]:
    return isinstance(value, dict) and value.keys() == {_MARK}


def _inner(value: Mapping[str, JsonValue]) -> bytes:
    return base64.b64decode(str(value[_MARK]), validate=True)
