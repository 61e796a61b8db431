"""Messages and their deliveries, and the ledger of escalations."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid5

from sqlalchemy import Connection, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from engine.adapters.sql import tables as tb
from engine.ports import NewEscalation, NewMessage
from engine.stores import WaitingDelivery

_MESSAGE, _DELIVERY = tb.MessageRow.__table__, tb.DeliveryRow.__table__  # type: ignore[attr-defined]
_ESCALATION, _ACTOR = tb.EscalationRow.__table__, tb.ActorRow.__table__  # type: ignore[attr-defined]
IN_APP = "in_app"


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
        row = {
            "id": message_id, "key": message.key, "case_id": message.case_id, "unit_id": unit_id,
            "escalation_id": message.escalation_id, "kind": message.kind, "recipient_id": message.recipient_id,
            "subject": message.subject, "body": message.body, "link": message.link, "critical": message.critical,
            "created_at": at,
        }  # fmt: skip
        statement = upsert(_MESSAGE).values(row).on_conflict_do_nothing(index_elements=("key",))
        if self._connection.execute(statement.returning(_MESSAGE.c.id)).first() is None:
            return False
        in_app = message.channel == IN_APP
        self._connection.execute(
            upsert(_DELIVERY),
            {
                "id": uuid5(message_id, message.channel), "message_id": message_id, "case_id": message.case_id,
                "unit_id": unit_id, "channel": message.channel, "address": address, "next_at": at,
                "status": "delivered" if in_app else "waiting", "sent_at": at if in_app else None,
            },
        )  # fmt: skip
        return True

    def next_waiting(self, channel: str, *, case_id: UUID, now: datetime) -> WaitingDelivery | None:
        """Hold the most urgent delivery of a case that waits for a channel; others skip it meanwhile."""
        query = (
            select(
                _DELIVERY.c.id, _MESSAGE.c.id, _DELIVERY.c.case_id, _MESSAGE.c.escalation_id, _DELIVERY.c.address,
                _MESSAGE.c.subject, _MESSAGE.c.body, _DELIVERY.c.attempt,
            )
            .join(_MESSAGE, _MESSAGE.c.id == _DELIVERY.c.message_id)
            .where(
                _DELIVERY.c.channel == channel, _DELIVERY.c.status == "waiting", _DELIVERY.c.case_id == case_id,
                _DELIVERY.c.next_at <= now,
            )
            .order_by(_MESSAGE.c.critical.desc(), _MESSAGE.c.created_at)
            .limit(1)
            .with_for_update(skip_locked=True, of=_DELIVERY)
        )  # fmt: skip
        row = self._connection.execute(query).first()
        return WaitingDelivery(*row) if row else None

    def delivered(self, delivery_id: UUID, *, at: datetime) -> None:
        """Say that a channel has taken a delivery."""
        changes = {"status": "delivered", "sent_at": at, "attempt": _DELIVERY.c.attempt + 1, "error_code": None}
        self._connection.execute(update(_DELIVERY).where(_DELIVERY.c.id == delivery_id).values(changes))

    def failed(self, delivery_id: UUID, *, code: str, again_at: datetime | None) -> None:
        """Say that a delivery failed: it is tried again at `again_at`, or given up as work for a person."""
        changes = {
            "status": "waiting" if again_at else "dead", "attempt": _DELIVERY.c.attempt + 1, "error_code": code,
        }  # fmt: skip
        values = changes | ({"next_at": again_at} if again_at else {})
        self._connection.execute(update(_DELIVERY).where(_DELIVERY.c.id == delivery_id).values(values))

    def next_try(self, channel: str, *, case_id: UUID) -> datetime | None:
        """Give the instant at which the next waiting delivery of a case may be tried."""
        query = select(_DELIVERY.c.next_at).where(
            _DELIVERY.c.channel == channel, _DELIVERY.c.status == "waiting", _DELIVERY.c.case_id == case_id
        )
        return self._connection.execute(query.order_by(_DELIVERY.c.next_at).limit(1)).scalar()

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
        row = {name: getattr(escalation, name) for name in NewEscalation.__dataclass_fields__} | {"unit_id": unit_id}
        row["recipient_ids"], row["channels"] = list(escalation.recipient_ids), list(escalation.channels)
        statement = upsert(_ESCALATION).values(row)
        statement = statement.on_conflict_do_nothing(index_elements=("deadline_id", "level", "round"))
        return self._connection.execute(statement.returning(_ESCALATION.c.id)).first() is not None

    def acknowledge(self, deadline_id: UUID, *, by: UUID, at: datetime) -> None:
        """Say that the levels raised so far have been seen."""
        self._connection.execute(
            update(_ESCALATION)
            .where(_ESCALATION.c.deadline_id == deadline_id, _ESCALATION.c.acknowledged_at.is_(None))
            .values(acknowledged_at=at, acknowledged_by=by),
        )

    def dead(self) -> Sequence[UUID]:
        """List the deliveries that were given up."""
        return list(self._connection.execute(select(_DELIVERY.c.id).where(_DELIVERY.c.status == "dead")).scalars())

    def retry_dead(self, *, now: datetime) -> tuple[UUID, ...]:
        """Try every delivery again that was given up; gives the cases they belong to."""
        query = text(
            "UPDATE delivery SET status = 'waiting', next_at = :now, attempt = 0 "
            "WHERE status = 'dead' RETURNING case_id",
        )
        return tuple({row[0] for row in self._connection.execute(query, {"now": now}) if row[0]})
