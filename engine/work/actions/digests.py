"""Once a day, in the morning of who wants it so: one message that counts what their work page shows."""

import logging
from datetime import datetime
from typing import Final

from engine.assembly import Engine
from engine.db.transaction import Transaction
from engine.messages.actions.writing import UnaddressedMessage, reachable, unit_of, write
from engine.messages.channel_store import PreferenceStore
from engine.messages.records import DIGEST, EMAIL, Preference, digest_day, ways_for
from engine.messages.store import BundleStore
from engine.people.store import DirectoryStore
from engine.people.viewer import as_viewer
from engine.ports import ActorRecord
from engine.work.views.worklist import work_counts

log = logging.getLogger(__name__)

WORK_PAGE: Final = "/worklist"


def send_digests(engine: Engine) -> int:
    """Write the digest of each person whose local 08:00 has passed today, once; returns how many were written.

    Who has nothing to do gets none. A person whose digest cannot be written is logged by id, and the others get theirs.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        wanting = _wanting(tx)
    written = 0
    for preference in wanting:
        try:
            written += _send(engine, preference, now)
        except Exception:  # noqa: BLE001 - whatever is wrong with one, the others must go on
            log.error("digest_could_not_be_written", extra={"actor_id": str(preference.actor_id)})  # noqa: TRY400
    return written


def _wanting(tx: Transaction) -> tuple[Preference, ...]:
    """Load who wants a digest, and who wants none any more but has messages waiting for one."""
    daily = {preference.actor_id: preference for preference in tx.of(PreferenceStore).with_daily_digest()}
    left = tuple({held.recipient_id for held in tx.of(BundleStore).held_back(DIGEST)} - set(daily))
    chosen = tx.of(PreferenceStore).of(left)
    return (*daily.values(), *(chosen.get(actor_id, Preference(actor_id=actor_id)) for actor_id in left))


def _send(engine: Engine, preference: Preference, now: datetime) -> bool:
    with engine.transaction() as tx:
        person = tx.of(DirectoryStore).actor(preference.actor_id)
        if person is None or person.disabled:
            return False
        channel = _channel(engine, tx, person, preference)
    viewer = engine.ask_all(as_viewer, person.id)
    zone = preference.zone or viewer.zone
    day = digest_day(now, zone)
    if day is None or not channel:
        return False
    counts = engine.ask(work_counts, viewer, zone=zone)
    with engine.transaction() as tx:
        shown = {name: str(number) for name, number in counts.model_dump().items()}
        note = UnaddressedMessage(f"-|{DIGEST}|{day}", DIGEST, WORK_PAGE, False, shown, unit=unit_of(tx, person))
        written = any(counts.model_dump().values()) and write(engine, tx, note, person, preference, channel, now=now)
        for held in tx.of(BundleStore).held_back(DIGEST, recipient_id=person.id):
            tx.of(BundleStore).bundle(held, deferred_for=DIGEST, by=note.id(person.id, channel))
        tx.commit()
        return written


def _channel(engine: Engine, tx: Transaction, person: ActorRecord, preference: Preference) -> str:
    """Give the way by which somebody gets their digest: e-mail, unless they chose others; empty when there is none."""
    can = reachable(engine, tx, person, (EMAIL, *preference.channels), unit_of(tx, person))
    ways = ways_for((EMAIL,), preference=preference, reachable=can, critical=False)
    return ways[0] if ways else ""
