"""Know which messages somebody was written a moment ago, those of this transaction among them, by asking once."""

from collections import deque
from datetime import datetime
from uuid import UUID

from engine.adapters.sql.bundle_store import LOOKED_AT, BundleStore
from engine.ports import NewMessage
from engine.stores import HeldBack, Recent

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
