"""Many messages at once become one: hold back what is too much, and write the one that stands for all."""

import logging
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from engine.adapters.sql.bundle_store import BundleStore
from engine.adapters.sql.directory_store import DirectoryStore
from engine.adapters.sql.preference_store import PreferenceStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.stores import HeldBack
from engine.usecases.writing import UnaddressedMessage, unit_of, write

log = logging.getLogger(__name__)

STORM: Final = "storm"
INBOX: Final = "/transmit"
_MINUTE: Final = timedelta(minutes=1)
_MOST_OF_A_KIND: Final = 10
_MOST_OF_ALL: Final = 30


def held_back_for(
    tx: Transaction, *, recipient_id: UUID, channel: str, kind: str, critical: bool, now: datetime
) -> str:
    """Say whether the next message is one too many for a person and channel within a minute: then `storm`, else "".

    More than 10 of a kind, or 30 of any, that are not critical become one: those not tried yet are held back too. Of
    critical ones the first 10 go out as they come.
    """
    since = now - _MINUTE
    recent = tx.of(BundleStore).recent(recipient_id=recipient_id, channel=channel, since=since, critical=critical)
    kinds = Counter(one.kind for one in recent)
    if not any(one.is_held for one in recent):
        is_much = len(recent) >= _MOST_OF_ALL or kinds[kind] >= _MOST_OF_A_KIND
        if critical:
            is_much = len(recent) >= _MOST_OF_A_KIND
        if not is_much:
            return ""
        if not critical:
            tx.of(BundleStore).hold_back(recipient_id=recipient_id, channel=channel, since=since)
    return STORM


def bundle_storms(engine: Engine) -> int:
    """Write one message for each person and channel for whom too much came at once; gives how many were written.

    Critical ones are written at once, the others when a minute has passed; never more than one a minute each. A person
    whose message cannot be written is logged by id, and the others get theirs.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        held = tx.of(BundleStore).held_back(STORM)
    written = 0
    for one in held:
        try:
            written += _bundle(engine, one, now)
        except Exception:  # noqa: BLE001 - whatever is wrong with one, the others must go on
            log.error("storm_could_not_be_written", extra={"actor_id": str(one.recipient_id)})  # noqa: TRY400
    return written


def _bundle(engine: Engine, held: HeldBack, now: datetime) -> bool:
    with engine.transaction() as tx:
        last = tx.of(BundleStore).last_at(
            recipient_id=held.recipient_id, channel=held.channel, kind=STORM, critical=held.critical
        )
        since = last if held.critical else max(held.first_at, last or held.first_at)
        person = tx.of(DirectoryStore).actor(held.recipient_id)
        if person is None or (since is not None and now < since + _MINUTE):
            return False
        about = f"-|{STORM}|{now.isoformat()}{'|critical' if held.critical else ''}"
        note = UnaddressedMessage(about, STORM, INBOX, held.critical, {}, unit=unit_of(tx, person))
        count = tx.of(BundleStore).bundle(held, held_for=STORM, by=note.id(person.id, held.channel))
        if count:
            counted = replace(note, variables={"count": str(count)})
            preference = tx.of(PreferenceStore).of((person.id,)).get(person.id)
            write(engine, tx, counted, person, preference, held.channel, now=now)
            tx.commit()
        return bool(count)
