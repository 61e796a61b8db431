"""The chains of events, streams and readings: how a link is made."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import rfc8785

from engine.ports import Vault

GENESIS = b""


def link(
    vault: Vault,
    previous: bytes,
    *,
    case_id: UUID,
    seq: int,
    at: datetime,
    actor_id: UUID | None,
    type_: str,
    body: Mapping[str, Any],
) -> bytes:
    """Give the hash that ties an event to all before it."""
    canonical = rfc8785.dumps(
        {
            "case": str(case_id),
            "seq": seq,
            "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
            "actor": str(actor_id) if actor_id else None,
            "type": type_,
            "body": dict(body),
        },
    )
    return vault.sign(previous, canonical)


def stream_link(vault: Vault, previous: bytes, row: Mapping[str, Any]) -> bytes:
    """Give the hash that ties an event of a stream to all before it."""
    return vault.sign(previous, rfc8785.dumps(_plain(row, "stream", "seq", "at", "actor_id", "type", "body")))


def reading_link(vault: Vault, previous: bytes, row: Mapping[str, Any]) -> bytes:
    """Give the hash that ties a reading of a case to all before it."""
    names = ("case_id", "seq", "at", "actor_id", "what", "subject_id", "classes", "roles")
    return vault.sign(previous, rfc8785.dumps({"chain": "readings", **_plain(row, *names)}))


def _plain(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: _plain_value(row[name]) for name in names}


def _plain_value(value: object) -> Any:  # noqa: ANN401 - whatever JSON takes
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, UUID):
        return str(value)
    return value
