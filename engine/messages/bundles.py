"""What is bundled: messages that stand for many, and which ones somebody was written a moment ago."""

from collections import deque
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text, true

from engine.db import tables as tb
from engine.db.store import Store
from engine.messages.records import HeldBack, Recent
from engine.ports import NewMessage

_MESSAGE, _DELIVERY = tb.MessageRow.__table__, tb.DeliveryRow.__table__  # type: ignore[attr-defined]
LOOKED_AT = 60

_HOLD_BACK = text(
    "UPDATE delivery SET status = 'storm' WHERE id IN ("
    " SELECT d.id FROM delivery d JOIN message m ON m.id = d.message_id"
    " WHERE m.recipient_id = :recipient AND m.created_at > :since AND NOT m.critical"
    " AND m.kind NOT IN ('storm', 'digest') AND d.channel = :channel AND d.status = 'waiting' AND d.attempt = 0"
    " FOR UPDATE OF d SKIP LOCKED)"
)
_BUNDLE = text(
    "WITH counted AS ("
    " UPDATE delivery d SET status = 'bundled' FROM message m"
    " WHERE m.id = d.message_id AND m.recipient_id = :recipient AND d.channel = :channel AND d.status = :held_for"
    " AND m.critical = :critical RETURNING d.message_id)"
    " UPDATE message SET digest_id = :by FROM counted WHERE message.id = counted.message_id"
)


class BundleStore(Store):
    """Deliveries that are held back, in PostgreSQL, within one transaction."""

    def recent(self, *, recipient_id: UUID, channel: str, since: datetime, critical: bool) -> tuple[Recent, ...]:
        """Load the kinds of the newest messages to somebody by a channel, and whether each is held back."""
        query = (
            select(_MESSAGE.c.kind, _DELIVERY.c.status == "storm")
            .join(_DELIVERY, _DELIVERY.c.message_id == _MESSAGE.c.id)
            .where(
                _MESSAGE.c.recipient_id == recipient_id, _MESSAGE.c.created_at > since,
                _MESSAGE.c.critical.is_(critical), _MESSAGE.c.kind.not_in(("storm", "digest")),
                _DELIVERY.c.channel == channel, _DELIVERY.c.status != "digest",
            )
            .order_by(_MESSAGE.c.created_at.desc())
            .limit(LOOKED_AT)
        )  # fmt: skip
        return tuple(Recent(*row) for row in self._connection.execute(query))

    def hold_back(self, *, recipient_id: UUID, channel: str, since: datetime) -> None:
        """Hold back what was written a moment ago and nobody has tried to send yet; critical messages stay."""
        self._connection.execute(_HOLD_BACK, {"recipient": recipient_id, "channel": channel, "since": since})

    def held_back(self, held_for: str, *, recipient_id: UUID | None = None) -> tuple[HeldBack, ...]:
        """Count what is held back for a `storm` or `digest` message, for each person (or one) and channel."""
        first = func.min(_MESSAGE.c.created_at)
        query = (
            select(_MESSAGE.c.recipient_id, _DELIVERY.c.channel, _MESSAGE.c.critical, func.count(), first)
            .join(_DELIVERY, _DELIVERY.c.message_id == _MESSAGE.c.id)
            .where(
                _DELIVERY.c.status == held_for,
                true() if recipient_id is None else _MESSAGE.c.recipient_id == recipient_id,
            )
            .group_by(_MESSAGE.c.recipient_id, _DELIVERY.c.channel, _MESSAGE.c.critical)
            .order_by(_MESSAGE.c.critical.desc(), first)
        )
        return tuple(HeldBack(*row) for row in self._connection.execute(query))

    def bundle(self, held: HeldBack, *, held_for: str, by: UUID) -> int:
        """Let one message stand for all that is held back for somebody by a channel; gives how many."""
        values = {"recipient": held.recipient_id, "channel": held.channel, "held_for": held_for, "by": by}
        return self._connection.execute(_BUNDLE, values | {"critical": held.critical}).rowcount

    def last_at(self, *, recipient_id: UUID, channel: str, kind: str, critical: bool) -> datetime | None:
        """Give when somebody was last written a message of a kind by a channel; None when never."""
        query = (
            select(func.max(_MESSAGE.c.created_at))
            .join(_DELIVERY, _DELIVERY.c.message_id == _MESSAGE.c.id)
            .where(
                _MESSAGE.c.recipient_id == recipient_id,
                _MESSAGE.c.kind == kind,
                _MESSAGE.c.critical.is_(critical),
                _DELIVERY.c.channel == channel,
            )
        )
        found: datetime | None = self._connection.execute(query).scalar()
        return found


_NEVER_COUNTED = frozenset({"storm", "digest"})


class RecentMessages:
    """Stands before a `BundleStore` for a transaction that writes many messages at one instant."""

    def __init__(self, store: BundleStore) -> None:
        """Ask `store` what is not known yet."""
        self._store = store
        self._known: dict[tuple[UUID, str, bool], deque[Recent]] = {}

    def recent(self, *, recipient_id: UUID, channel: str, since: datetime, critical: bool) -> tuple[Recent, ...]:
        """Give the kinds of the newest messages to somebody by a channel, and whether each is held back."""
        key = (recipient_id, channel, critical)
        if key not in self._known:
            found = self._store.recent(recipient_id=recipient_id, channel=channel, since=since, critical=critical)
            self._known[key] = deque(found, maxlen=LOOKED_AT)
        return tuple(self._known[key])

    def added(self, message: NewMessage) -> None:
        """Hear of a message that was written."""
        known = self._known.get((message.recipient_id, message.channel, message.critical))
        if known is not None and message.kind not in _NEVER_COUNTED and message.held_for != "digest":
            known.appendleft(Recent(message.kind, message.held_for == "storm"))

    def hold_back(self, *, recipient_id: UUID, channel: str, since: datetime) -> None:
        """Hold back what was written a moment ago and nobody has tried to send yet; critical messages stay."""
        self._known.clear()
        self._store.hold_back(recipient_id=recipient_id, channel=channel, since=since)

    def held_back(self, held_for: str, *, recipient_id: UUID | None = None) -> tuple[HeldBack, ...]:
        """Count what is held back for a `storm` or `digest` message, for each person (or one) and channel."""
        return self._store.held_back(held_for, recipient_id=recipient_id)

    def bundle(self, held: HeldBack, *, held_for: str, by: UUID) -> int:
        """Let one message stand for all that is held back for somebody by a channel; gives how many."""
        self._known.clear()
        return self._store.bundle(held, held_for=held_for, by=by)

    def last_at(self, *, recipient_id: UUID, channel: str, kind: str, critical: bool) -> datetime | None:
        """Give when somebody was last written a message of a kind by a channel; None when never."""
        return self._store.last_at(recipient_id=recipient_id, channel=channel, kind=kind, critical=critical)
