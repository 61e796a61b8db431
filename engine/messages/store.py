"""Messages, and which of them stand for many or were written a moment ago."""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import func, select, text, true, update

from engine.db.store import Store, Within
from engine.db.tables import TABLES
from engine.db.writing import MESSAGE_COLUMNS
from engine.deadlines.records import NewEscalation
from engine.messages.deliveries import lane_of
from engine.messages.records import Deferred, NewMessage, Recent, message_id

_MESSAGE, _DELIVERY = TABLES["message"], TABLES["delivery"]
_ESCALATION = TABLES["escalation"]
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

        In-app messages are delivered by being written, unless they wait for a digest; the others wait for a channel to
        take them.
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
        """Say that somebody has read those of these notices that are theirs; returns how many were unread."""
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
        "id": message_id(message.recipient_id, message.key), "key": message.key, "case_id": message.case_id,
        "unit_id": unit_id, "escalation_id": message.escalation_id, "kind": message.kind,
        "recipient_id": message.recipient_id, "subject": message.subject, "body": message.body, "link": message.link,
        "critical": message.critical, "created_at": at, "html": message.html,
        "link_hash": message.link_hash, "code_of": message.code_of,
    }  # fmt: skip


def _delivery_row(message: NewMessage, row: dict[str, Any], *, at: datetime) -> dict[str, Any]:
    in_app = message.channel == IN_APP and not message.deferred_for
    return {
        "id": uuid5(row["id"], message.channel), "message_id": row["id"], "case_id": message.case_id,
        "unit_id": row["unit_id"], "channel": message.channel, "next_at": message.send_at or at,
        "lane": lane_of(message.kind, critical=message.critical),
        "status": "delivered" if in_app else message.deferred_for or "waiting", "sent_at": at if in_app else None,
        "attempt": 0,
    }  # fmt: skip


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
    " WHERE m.id = d.message_id AND m.recipient_id = :recipient AND d.channel = :channel AND d.status = :deferred_for"
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

    def defer(self, *, recipient_id: UUID, channel: str, since: datetime) -> None:
        """Hold back what was written a moment ago and nobody has tried to send yet; critical messages stay."""
        self._connection.execute(_HOLD_BACK, {"recipient": recipient_id, "channel": channel, "since": since})

    def held_back(self, deferred_for: str, *, recipient_id: UUID | None = None) -> tuple[Deferred, ...]:
        """Count what is held back for a `storm` or `digest` message, for each person (or one) and channel."""
        first = func.min(_MESSAGE.c.created_at)
        query = (
            select(
                _MESSAGE.c.recipient_id,
                _DELIVERY.c.channel,
                _MESSAGE.c.critical,
                func.count(),
                first,
                func.min(_DELIVERY.c.next_at),
            )
            .join(_DELIVERY, _DELIVERY.c.message_id == _MESSAGE.c.id)
            .where(
                _DELIVERY.c.status == deferred_for,
                true() if recipient_id is None else _MESSAGE.c.recipient_id == recipient_id,
            )
            .group_by(_MESSAGE.c.recipient_id, _DELIVERY.c.channel, _MESSAGE.c.critical)
            .order_by(_MESSAGE.c.critical.desc(), first)
        )
        return tuple(Deferred(*row) for row in self._connection.execute(query))

    def bundle(self, held: Deferred, *, deferred_for: str, by: UUID) -> int:
        """Let one message stand for all that is held back for somebody by a channel; returns how many."""
        values = {"recipient": held.recipient_id, "channel": held.channel, "deferred_for": deferred_for, "by": by}
        return self._connection.execute(_BUNDLE, values | {"critical": held.critical}).rowcount

    def last_at(self, *, recipient_id: UUID, channel: str, kind: str, critical: bool) -> datetime | None:
        """Return when somebody was last written a message of a kind by a channel; None when never."""
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
KnownMessages = dict[tuple[UUID, str, bool], deque[Recent]]
"""The newest messages to somebody by a channel, critical or not."""


class RecentMessages:
    """Stands before a `BundleStore` for transactions that write many messages at one instant."""

    def __init__(self, store: BundleStore, known: KnownMessages) -> None:
        """Ask `store` what is not known yet; `known` is shared with those who write at the same time."""
        self._store = store
        self._known = known

    def recent(self, *, recipient_id: UUID, channel: str, since: datetime, critical: bool) -> tuple[Recent, ...]:
        """Return the kinds of the newest messages to somebody by a channel, and whether each is held back."""
        key = (recipient_id, channel, critical)
        known = self._known.get(key)
        if known is None:
            found = self._store.recent(recipient_id=recipient_id, channel=channel, since=since, critical=critical)
            known = self._known.setdefault(key, deque(found, maxlen=LOOKED_AT))
        return tuple(known.copy())

    def added(self, message: NewMessage) -> None:
        """Hear of a message that was written."""
        known = self._known.get((message.recipient_id, message.channel, message.critical))
        if known is not None and message.kind not in _NEVER_COUNTED and message.deferred_for != "digest":
            known.appendleft(Recent(message.kind, message.deferred_for == "storm"))

    def defer(self, *, recipient_id: UUID, channel: str, since: datetime) -> None:
        """Hold back what was written a moment ago and nobody has tried to send yet; critical messages stay."""
        self._known.clear()
        self._store.defer(recipient_id=recipient_id, channel=channel, since=since)

    def held_back(self, deferred_for: str, *, recipient_id: UUID | None = None) -> tuple[Deferred, ...]:
        """Count what is held back for a `storm` or `digest` message, for each person (or one) and channel."""
        return self._store.held_back(deferred_for, recipient_id=recipient_id)

    def bundle(self, held: Deferred, *, deferred_for: str, by: UUID) -> int:
        """Let one message stand for all that is held back for somebody by a channel; returns how many."""
        self._known.clear()
        return self._store.bundle(held, deferred_for=deferred_for, by=by)

    def last_at(self, *, recipient_id: UUID, channel: str, kind: str, critical: bool) -> datetime | None:
        """Return when somebody was last written a message of a kind by a channel; None when never."""
        return self._store.last_at(recipient_id=recipient_id, channel=channel, kind=kind, critical=critical)
