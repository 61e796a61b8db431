"""Do what Prefect's schedules do in a live system so that people are told: digests, storms, items of who is away."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from engine.assembly import Engine
from engine.db.transaction import Transaction
from engine.messages.actions.delivering import deliver_unattended
from engine.messages.actions.telling import STORM, bundle_storms
from engine.messages.bundles import BundleStore
from engine.messages.channel_store import PreferenceStore
from engine.messages.records import DIGEST_HOUR
from engine.people.actions.leaving import pass_on_all
from engine.people.viewer import as_viewer
from engine.work.actions.digests import send_digests

_MINUTE: Final = timedelta(minutes=1)
_LONGEST_STORM: Final = timedelta(minutes=5)
"""What is held back for longer than this cannot be written: the clock does not stop for it any more."""


def do_chores(engine: Engine) -> None:
    """Do each of them once, at the present instant."""
    pass_on_all(engine)
    bundle_storms(engine)
    send_digests(engine)
    deliver_unattended(engine)


def next_chore_at(engine: Engine) -> datetime | None:
    """Give the next instant (UTC) at which one of them may have something to write; None when there is none."""
    now = engine.clock.now()
    with engine.transaction() as tx:
        return min((*_storms(tx, now), *_digests(engine, tx, now)), default=None)


def _storms(tx: Transaction, now: datetime) -> Iterator[datetime]:
    """Look once a minute while something is held back, as the schedule does."""
    for held in tx.of(BundleStore).held_back(STORM):
        if now < held.first_at + _LONGEST_STORM:
            yield now + _MINUTE


def _digests(engine: Engine, tx: Transaction, now: datetime) -> Iterator[datetime]:
    for preference in tx.of(PreferenceStore).with_daily_digest():
        zone = ZoneInfo(preference.zone or engine.ask_all(as_viewer, preference.actor_id).zone)
        local = now.astimezone(zone)
        day = local.date() + timedelta(days=local.time() >= DIGEST_HOUR)
        yield datetime.combine(day, DIGEST_HOUR, tzinfo=zone).astimezone(now.tzinfo)
