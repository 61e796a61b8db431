"""Once a day, in the morning of who wants it so: one message that counts what their work page shows."""

import logging
from datetime import datetime
from typing import Final

from engine.adapters.sql.unit_of_work import UnitOfWork
from engine.assembly import Engine
from engine.domain.safe_hours import DIGEST, EMAIL, Preference, digest_day, ways_for
from engine.ports import ActorRecord
from engine.usecases.writing import UnaddressedMessage, reachable, unit_of, write

log = logging.getLogger(__name__)

WORK_PAGE: Final = "/worklist"


def send_digests(engine: Engine) -> int:
    """Write the digest of each person whose local 08:00 has passed today, once; gives how many were written.

    Who has nothing to do gets none. A person whose digest cannot be written is logged by id, and the others get theirs.
    """
    now = engine.clock.now()
    with engine.unit_of_work() as work:
        wanting = _wanting(work)
    written = 0
    for preference in wanting:
        try:
            written += _send(engine, preference, now)
        except Exception:  # noqa: BLE001 - whatever is wrong with one, the others must go on
            log.error("digest_could_not_be_written", extra={"actor_id": str(preference.actor_id)})  # noqa: TRY400
    return written


def _wanting(work: UnitOfWork) -> tuple[Preference, ...]:
    """Load who wants a digest, and who wants none any more but has messages waiting for one."""
    daily = {preference.actor_id: preference for preference in work.preferences.with_daily_digest()}
    left = tuple({held.recipient_id for held in work.bundles.held_back(DIGEST)} - set(daily))
    chosen = work.preferences.of(left)
    return (*daily.values(), *(chosen.get(actor_id, Preference(actor_id=actor_id)) for actor_id in left))


def _send(engine: Engine, preference: Preference, now: datetime) -> bool:
    with engine.unit_of_work() as work:
        person = work.directory.actor(preference.actor_id)
        if person is None or person.disabled:
            return False
        channel = _channel(engine, work, person, preference)
    viewer = engine.queries.viewer(person.id)
    zone = preference.zone or viewer.zone
    day = digest_day(now, zone)
    if day is None or not channel:
        return False
    counts = engine.queries.work_counts(viewer, zone=zone)
    with engine.unit_of_work() as work:
        shown = {name: str(number) for name, number in counts.model_dump().items()}
        note = UnaddressedMessage(f"-|{DIGEST}|{day}", DIGEST, WORK_PAGE, False, shown, unit=unit_of(work, person))
        written = any(counts.model_dump().values()) and write(engine, work, note, person, preference, channel, now=now)
        for held in work.bundles.held_back(DIGEST, recipient_id=person.id):
            work.bundles.bundle(held, held_for=DIGEST, by=note.id(person.id, channel))
        work.commit()
        return written


def _channel(engine: Engine, work: UnitOfWork, person: ActorRecord, preference: Preference) -> str:
    """Give the way by which somebody gets their digest: e-mail, unless they chose others; empty when there is none."""
    can = reachable(engine, work, person, (EMAIL, *preference.channels), unit_of(work, person))
    ways = ways_for((EMAIL,), preference=preference, reachable=can, critical=False)
    return ways[0] if ways else ""
