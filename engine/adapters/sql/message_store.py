"""Messages and their deliveries, and the ledger of escalations."""

from datetime import datetime
from uuid import UUID, uuid5

from sqlalchemy import Connection, text, update

from engine.adapters.sql import tables as tb
from engine.adapters.sql.delivery_store import lane_of
from engine.ports import NewEscalation, NewMessage

_MESSAGE, _DELIVERY = tb.MessageRow.__table__, tb.DeliveryRow.__table__  # type: ignore[attr-defined]
_ESCALATION, _ACTOR = tb.EscalationRow.__table__, tb.ActorRow.__table__  # type: ignore[attr-defined]
IN_APP = "in_app"
_PARTS = (
    "id", "key", "case_id", "unit_id", "escalation_id", "kind", "recipient_id", "subject", "body", "link", "critical",
    "created_at", "html", "token",
)  # fmt: skip
_ADD = text(
    f"WITH added AS (INSERT INTO message ({', '.join(_PARTS)}) VALUES ({', '.join(f':{part}' for part in _PARTS)})"
    " ON CONFLICT (key) DO NOTHING RETURNING id) INSERT INTO delivery"
    " (id, message_id, case_id, unit_id, channel, address, next_at, lane, status, sent_at, attempt)"
    " SELECT CAST(:delivery_id AS uuid), id, CAST(:case_id AS uuid), CAST(:unit_id AS uuid), :channel, :address,"
    " CAST(:next_at AS timestamptz), CAST(:lane AS integer), :status, CAST(:sent_at AS timestamptz), 0"
    " FROM added RETURNING id"
)
"""A message and its delivery, in one trip to the database."""
_LINE = (*NewEscalation.__dataclass_fields__, "unit_id")
_ADD_LINE = text(
    f"INSERT INTO escalation ({', '.join(_LINE)}) VALUES ({', '.join(f':{part}' for part in _LINE)})"
    " ON CONFLICT (deadline_id, level, round) DO NOTHING RETURNING id"
)


class MessageStore:
    """Messages in PostgreSQL, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    def add(self, message: NewMessage, *, unit_id: UUID | None, address: str, at: datetime) -> bool:
        """Write a message once; a second one with the same key changes nothing and gives False.

        In-app messages are delivered by being written; the others wait for a channel to take them.
        """
        message_id = uuid5(message.recipient_id, message.key)
        in_app = message.channel == IN_APP
        row = {
            "id": message_id, "key": message.key, "case_id": message.case_id, "unit_id": unit_id,
            "escalation_id": message.escalation_id, "kind": message.kind, "recipient_id": message.recipient_id,
            "subject": message.subject, "body": message.body, "link": message.link, "critical": message.critical,
            "created_at": at, "html": message.html, "token": message.token,
            "delivery_id": uuid5(message_id, message.channel), "channel": message.channel, "address": address,
            "next_at": message.send_at or at, "lane": lane_of(message.kind, critical=message.critical),
            "status": "delivered" if in_app else message.held_for or "waiting", "sent_at": at if in_app else None,
        }  # fmt: skip
        return self._connection.execute(_ADD, row).first() is not None

    def mark_read(self, message_id: UUID, *, by: UUID, at: datetime) -> bool:
        """Say that somebody has read their notice."""
        done = self._connection.execute(
            update(_MESSAGE)
            .where(_MESSAGE.c.id == message_id, _MESSAGE.c.recipient_id == by, _MESSAGE.c.read_at.is_(None))
            .values(read_at=at),
        )
        return bool(done.rowcount)

    def add_escalation(self, escalation: NewEscalation, *, unit_id: UUID) -> bool:
        """Write a line of the ledger once; a second one for the same level and round gives False."""
        row = {name: getattr(escalation, name) for name in _LINE if name != "unit_id"} | {"unit_id": unit_id}
        row["recipient_ids"], row["channels"] = list(escalation.recipient_ids), list(escalation.channels)
        return self._connection.execute(_ADD_LINE, row).first() is not None

    def acknowledge(self, deadline_id: UUID, *, by: UUID, at: datetime) -> None:
        """Say that the levels raised so far have been seen."""
        self._connection.execute(
            update(_ESCALATION)
            .where(_ESCALATION.c.deadline_id == deadline_id, _ESCALATION.c.acknowledged_at.is_(None))
            .values(acknowledged_at=at, acknowledged_by=by),
        )
