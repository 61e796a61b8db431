"""Deadlines of which something is due: found by index, taken one by one."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy import text

from engine.adapters.sql.access_store import AccessStore
from engine.adapters.sql.bundle_store import BundleStore
from engine.adapters.sql.case_store import CaseStore
from engine.adapters.sql.channel_store import ChannelStore
from engine.adapters.sql.directory_store import DirectoryStore
from engine.adapters.sql.duty_store import DutyStore
from engine.adapters.sql.item_store import ItemStore
from engine.adapters.sql.message_store import MessageStore
from engine.adapters.sql.preference_store import PreferenceStore
from engine.adapters.sql.recent_messages import RecentMessages
from engine.adapters.sql.remembering import forget, remember, remembering
from engine.adapters.sql.store import Store
from engine.adapters.sql.transaction import Transaction
from engine.domain.state import CaseState
from engine.ports import DueDeadline

_COLUMNS = "d.id, d.case_id, d.next_at, d.ladder, d.critical, d.failures"
_FREE = "d.next_at <= :now AND (d.held_until IS NULL OR d.held_until <= :now) AND d.id <> ALL(CAST(:besides AS uuid[]))"
_DUE = text(f"""
    (SELECT {_COLUMNS} FROM deadline d WHERE d.status = 'open' AND d.critical AND d.next_at IS NOT NULL AND {_FREE}
        ORDER BY d.next_at LIMIT :most)
    UNION ALL
    (SELECT {_COLUMNS} FROM deadline d WHERE d.status = 'open' AND NOT d.critical AND d.next_at IS NOT NULL AND {_FREE}
        ORDER BY d.next_at LIMIT :most)
    ORDER BY critical DESC, next_at, id LIMIT :most
""")
_NEXT = text("""
    WITH free AS (SELECT next_at FROM deadline WHERE status = 'open' AND next_at IS NOT NULL
        AND (held_until IS NULL OR held_until <= next_at) ORDER BY next_at LIMIT 1)
    SELECT least((SELECT next_at FROM free), (SELECT min(held_until) FROM deadline WHERE status = 'open'
        AND held_until > next_at AND next_at <= coalesce((SELECT next_at FROM free), 'infinity')))
""")
_HOLD = text("UPDATE deadline SET failures = failures + 1, held_until = :until WHERE id = :id")
_RELEASE = text("UPDATE deadline SET failures = 0, held_until = NULL WHERE id = :id")
_RELEASE_ALL = text("UPDATE deadline SET held_until = NULL WHERE status = 'open' AND held_until IS NOT NULL")

_REMEMBERED: Mapping[type[Store], Sequence[str]] = {
    DirectoryStore: ("unit", "actor", "holders", "with_role", "with_role_anywhere"),
    DutyStore: ("on_call", "away"),
    AccessStore: ("recused",),
    PreferenceStore: ("of",),
    ChannelStore: ("set_up", "contacts"),
    ItemStore: ("open_of_step",),
}


class DeadlineStore(Store):
    """Due deadlines in PostgreSQL, within one transaction."""

    def due(self, *, now: datetime, most: int, besides: Iterable[UUID] = ()) -> tuple[DueDeadline, ...]:
        """List the deadlines of which something is due: the critical ones first, then the oldest."""
        rows = self._connection.execute(_DUE, {"now": now, "most": most, "besides": list(besides)})
        return tuple(DueDeadline(*row) for row in rows)

    def next_at(self) -> datetime | None:
        """Give the instant at which something is due next, or tried again; it may lie in the past."""
        found: datetime | None = self._connection.execute(_NEXT).scalar()
        return found

    def hold(self, deadline_id: UUID, *, until: datetime) -> None:
        """Set a deadline aside for a while that could not be fired, so that the others go on."""
        self._connection.execute(_HOLD, {"id": deadline_id, "until": until})

    def release(self, deadline_id: UUID) -> None:
        """Say that a deadline that had been set aside was fired after all."""
        self._connection.execute(_RELEASE, {"id": deadline_id})

    def release_all(self) -> int:
        """Let every deadline that was set aside be tried again at once; gives how many."""
        return self._connection.execute(_RELEASE_ALL).rowcount


def lock_for_firing(tx: Transaction, due: Sequence[DueDeadline]) -> Mapping[UUID, CaseState]:
    """Lock and load the cases of due deadlines that nobody else holds, for a transaction that notifies many people.

    The same question about people, their work and what is published is asked only once. What is decided and notified
    is written all together, at the latest before something is asked that it could change.
    """
    states = tx.of(CaseStore).lock_free({one.case_id for one in due})
    mine = [one.id for one in due if one.case_id in states]
    known = (states[one.case_id].deadlines.get(one.id) for one in due if one.case_id in states)
    _remember_people(tx)
    items, access = tx.of(ItemStore), tx.of(AccessStore)
    remember(items, "open_of_step", items.open_of_steps({one.step_id for one in known if one}))
    remember(access, "recused", access.recused_in(states.keys()))
    tx.of(MessageStore).know_lines(mine)
    tx.writes.hold()
    return states


def _remember_people(tx: Transaction) -> None:
    for kind, questions in _REMEMBERED.items():
        tx.stand_in(kind, remembering(tx.of(kind), *questions))
    tx.of(CaseStore).on_items_changed = partial(forget, tx.of(ItemStore))
    recent = RecentMessages(tx.of(BundleStore))
    tx.stand_in(BundleStore, recent)
    tx.of(MessageStore).on_added = recent.added
    tx.keep_library()
