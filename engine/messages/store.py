"""Messages and their deliveries, and the ledger of escalations."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import text, update

from engine.db import tables as tb
from engine.db.store import Store, Within
from engine.db.writing import MESSAGE_COLUMNS
from engine.messages.deliveries import lane_of
from engine.ports import NewEscalation, NewMessage

_MESSAGE, _DELIVERY = tb.MessageRow.__table__, tb.DeliveryRow.__table__  # type: ignore[attr-defined]
_ESCALATION, _ACTOR = tb.EscalationRow.__table__, tb.ActorRow.__table__  # type: ignore[attr-defined]
IN_APP = "in_app"
_ADD = text(
    f"WITH added AS (INSERT INTO message ({', '.join(MESSAGE_COLUMNS)})"
    f" VALUES ({', '.join(f':{part}' for part in MESSAGE_COLUMNS)})"
    " ON CONFLICT (key) DO NOTHING RETURNING id) INSERT INTO delivery"
    " (id, message_id, case_id, unit_id, channel, next_at, lane, status, sent_at, attempt)"
    " SELECT CAST(:delivery_id AS uuid), id, CAST(:case_id AS uuid), CAST(:unit_id AS uuid), :channel,"
    " CAST(:next_at AS timestamptz), CAST(:lane AS integer), :status, CAST(:sent_at AS timestamptz), 0"
    " FROM added RETURNING id"
)
"""A message and its delivery, in one trip to the database."""
_LINE = (*NewEscalation.__dataclass_fields__, "unit_id")
_ADD_LINE = text(
    f"INSERT INTO escalation ({', '.join(_LINE)}) VALUES ({', '.join(f':{part}' for part in _LINE)})"
    " ON CONFLICT (deadline_id, level, round) DO NOTHING RETURNING id"
)
_LINES = text("SELECT deadline_id, level, round FROM escalation WHERE deadline_id = ANY(CAST(:deadlines AS uuid[]))")


class MessageStore(Store):
    """Messages in PostgreSQL, within one transaction."""

    def __init__(self, within: Within) -> None:
        """Work inside a transaction."""
        super().__init__(within)
        self._lines: set[tuple[UUID, int, int]] = set()
        self.on_added: Callable[[NewMessage], None] = _nothing_more

    def know_lines(self, deadline_ids: Sequence[UUID]) -> None:
        """Load which lines of the ledger deadlines have, before what is added is held back."""
        found = self._connection.execute(_LINES, {"deadlines": list(deadline_ids)})
        self._lines = {(row[0], row[1], row[2]) for row in found}

    def add(self, message: NewMessage, *, unit_id: UUID | None, at: datetime) -> bool:
        """Write a message once; a second one with the same key changes nothing and gives False.

        In-app messages are delivered by being written; the others wait for a channel to take them.
        """
        row = _message_row(message, unit_id=unit_id, at=at)
        delivery = _delivery_row(message, row, at=at)
        self.on_added(message)
        if self._writes.is_held:
            self._writes.add_new("delivery", delivery)
            return self._writes.add_new("message", row)
        named = {"delivery_id": delivery["id"]}
        return self._connection.execute(_ADD, delivery | row | named).first() is not None

    def mark_read(self, message_ids: Sequence[UUID], *, by: UUID, at: datetime) -> int:
        """Say that somebody has read those of these notices that are theirs; gives how many were unread."""
        done = self._connection.execute(
            update(_MESSAGE)
            .where(_MESSAGE.c.id.in_(message_ids), _MESSAGE.c.recipient_id == by, _MESSAGE.c.read_at.is_(None))
            .values(read_at=at),
        )
        return done.rowcount

    def change_link(self, message_id: UUID, *, link_hash: str) -> None:
        """Know a message by another link from now on."""
        self._connection.execute(update(_MESSAGE).where(_MESSAGE.c.id == message_id).values(link_hash=link_hash))

    def add_escalation(self, escalation: NewEscalation, *, unit_id: UUID) -> bool:
        """Write a line of the ledger once; a second one for the same level and round gives False."""
        row: dict[str, Any] = {name: getattr(escalation, name) for name in _LINE if name != "unit_id"}
        row |= {
            "unit_id": unit_id, "recipient_ids": list(escalation.recipient_ids), "channels": list(escalation.channels),
        }  # fmt: skip
        if self._writes.is_held:
            key = (escalation.deadline_id, escalation.level, escalation.round)
            return key not in self._lines and self._writes.add_new("escalation", row)
        return self._connection.execute(_ADD_LINE, row).first() is not None

    def acknowledge(self, deadline_id: UUID, *, by: UUID, at: datetime) -> None:
        """Say that the levels raised so far have been seen."""
        self._connection.execute(
            update(_ESCALATION)
            .where(_ESCALATION.c.deadline_id == deadline_id, _ESCALATION.c.acknowledged_at.is_(None))
            .values(acknowledged_at=at, acknowledged_by=by),
        )


def _nothing_more(message: NewMessage) -> None:
    """Do nothing after a message was added."""


def _message_row(message: NewMessage, *, unit_id: UUID | None, at: datetime) -> dict[str, Any]:
    return {
        "id": uuid5(message.recipient_id, message.key), "key": message.key, "case_id": message.case_id,
        "unit_id": unit_id, "escalation_id": message.escalation_id, "kind": message.kind,
        "recipient_id": message.recipient_id, "subject": message.subject, "body": message.body, "link": message.link,
        "critical": message.critical, "created_at": at, "html": message.html,
        "link_hash": message.link_hash, "code_of": message.code_of,
    }  # fmt: skip


def _delivery_row(message: NewMessage, row: dict[str, Any], *, at: datetime) -> dict[str, Any]:
    in_app = message.channel == IN_APP
    return {
        "id": uuid5(row["id"], message.channel), "message_id": row["id"], "case_id": message.case_id,
        "unit_id": row["unit_id"], "channel": message.channel, "next_at": message.send_at or at,
        "lane": lane_of(message.kind, critical=message.critical),
        "status": "delivered" if in_app else message.held_for or "waiting", "sent_at": at if in_app else None,
        "attempt": 0,
    }  # fmt: skip
