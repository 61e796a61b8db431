"""Send what waits for a channel, the most dangerous first, and record what happened to each."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from engine.assembly import Engine
from engine.db.transaction import Transaction
from engine.errors import IcmcError
from engine.jobs.records import ClaimedJob
from engine.jobs.store import JobStore
from engine.messages.actions.writing import ways_to, with_link, words_to_send
from engine.messages.channel_store import ChannelStore
from engine.messages.deliveries import DeliveryStore
from engine.messages.records import (
    Channel,
    ChannelSetting,
    ClaimedDelivery,
    DeliveryError,
    DeliveryScope,
    Outgoing,
    Sending,
)
from engine.people.store import DirectoryStore

AWAY = "away"
UNEXPECTED = "unexpected"
GIVE_UP_AFTER = timedelta(hours=72)
SECOND_WAY_AFTER = timedelta(minutes=10)
MOST_UNEXPECTED = 5
"""A delivery at which something unforeseen breaks is given up after so many tries: it is a fault, not an outage."""
WAYS = ("email", "whatsapp", "sms", "telegram", "matrix")
"""The order in which another way is looked for."""
_FIRST_SECONDS, _LONGEST_SECONDS, _SPREAD = 60, 24 * 60, 0.25


def next_try(delivery: ClaimedDelivery, *, code: str, has_other_way: bool, now: datetime) -> datetime | None:
    """Return the instant of the next try: 1 to 30 minutes later, for 72 hours from the first; None to give up.

    The spread comes from the delivery's id, so that it is the same whoever asks. A critical message that may take
    another way is tried again after ten minutes at the latest.
    """
    last = delivery.first_tried_at + GIVE_UP_AFTER
    if now >= last or (code == UNEXPECTED and delivery.attempt >= MOST_UNEXPECTED):
        return None
    wait = min(_FIRST_SECONDS * 2 ** min(delivery.attempt - 1, 10), _LONGEST_SECONDS) * (1 + _SPREAD * _share(delivery))
    again = min(now + timedelta(seconds=wait), last)
    second = delivery.written_at + SECOND_WAY_AFTER
    return min(again, second) if has_other_way and now < second else again


def wants_other_way(delivery: ClaimedDelivery, *, is_given_up: bool, now: datetime) -> bool:
    """Whether another channel shall carry a message too: critical, and undelivered for ten minutes or for good."""
    return delivery.critical and (is_given_up or now >= delivery.written_at + SECOND_WAY_AFTER)


def _share(delivery: ClaimedDelivery) -> float:
    """Return a number from 0 to 1 that is the same for the same try of the same delivery."""
    digest = hashlib.blake2b(delivery.id.bytes + delivery.attempt.to_bytes(4, "big"), digest_size=4).digest()
    return int.from_bytes(digest, "big") / 2**32


log = logging.getLogger(__name__)
TAKEN = ""


def try_delivery(engine: Engine, sending: Sending, delivery: ClaimedDelivery) -> str:
    """Try one delivery; gives `TAKEN`, or the code of what went wrong. A faulty one never harms the next."""
    code, permanent = _send(engine, sending, delivery)
    try:
        _record(engine, delivery, code=code, permanent=permanent)
    except Exception as error:  # noqa: BLE001 - one bad row never holds up the rest; its lease ends by itself
        log.warning("delivery_not_recorded", extra={"delivery_id": str(delivery.id), "error": type(error).__name__})
    return code


def put_off(engine: Engine, deliveries: Sequence[ClaimedDelivery], *, code: str) -> None:
    """Record for each delivery that its channel did not answer."""
    for delivery in deliveries:
        _record(engine, delivery, code=code, permanent=False)


def _send(engine: Engine, sending: Sending, delivery: ClaimedDelivery) -> tuple[str, bool]:
    try:
        words = with_link(engine, delivery, words_to_send(engine, delivery))
        sending.send(
            Outgoing(
                to=_address(engine, delivery), subject=words.subject, body=words.body, html=words.html,
                message_id=str(delivery.message_id), written_at=delivery.written_at,
            )
        )  # fmt: skip
    except DeliveryError as error:
        return (AWAY if error.away else error.reason), error.permanent
    except Exception as error:  # noqa: BLE001 - a row may hold anything
        log.warning("delivery_failed", extra={"delivery_id": str(delivery.id), "error": type(error).__name__})
        return UNEXPECTED, False
    return TAKEN, False


def _address(engine: Engine, delivery: ClaimedDelivery) -> str:
    """Return the address: an e-mail's is its recipient's own, all others are opened only to be used."""
    if delivery.address:
        return delivery.address
    with engine.transaction() as tx:
        address = tx.of(ChannelStore).address(delivery.recipient_id, delivery.channel)
    if not address:
        raise DeliveryError(channel=delivery.channel, reason="no-address", permanent=True)
    return address


def _record(engine: Engine, delivery: ClaimedDelivery, *, code: str, permanent: bool) -> None:
    now = engine.clock.now()
    with engine.transaction() as tx:
        if code == TAKEN:
            tx.of(DeliveryStore).delivered(delivery, at=now)
        else:
            other = _other_way(engine, tx, delivery) if delivery.critical else None
            again = None if permanent else next_try(delivery, code=code, has_other_way=other is not None, now=now)
            tx.of(DeliveryStore).failed(delivery, code=code, again_at=again)
            if other and wants_other_way(delivery, is_given_up=again is None, now=now):
                _take(tx, delivery, other, now)
        tx.commit()


def _other_way(engine: Engine, tx: Transaction, delivery: ClaimedDelivery) -> str | None:
    """Find the next channel by which the recipient can be told; None when they are told by all of them already."""
    used = tx.of(DeliveryStore).channels_used(delivery.message_id)
    person = tx.of(DirectoryStore).actor(delivery.recipient_id)
    reached = ways_to(engine, tx, person, unit_id=delivery.unit_id) if person else ()
    return next((way for way in WAYS if way in reached and way not in used), None)


def _take(tx: Transaction, delivery: ClaimedDelivery, channel: str, now: datetime) -> None:
    tx.of(DeliveryStore).add_second(delivery, channel=channel, now=now)
    if delivery.case_id is not None:
        job_id = uuid5(delivery.case_id, f"deliver|{delivery.id}|{channel}")
        tx.of(DeliveryStore).queue(delivery.case_id, channel=channel, job_id=job_id, critical=True, now=now)
        tx.wake_listeners()


EMAIL = "email"
MOST_DELIVERIES = 100
LEASE = timedelta(minutes=2)
_AT_ONCE = 50
"""So many are claimed by one statement, which sorts all that wait: a pass ends after half a minute all the same."""
_LONGEST_WORK = timedelta(seconds=30)
NOT_SET_UP = "not-set-up"


def deliver_messages(engine: Engine, job: ClaimedJob, traced: Mapping[str, Any]) -> str:
    """Send what is due on the job's channel, other cases' too; returns the job's status.

    A delivery is claimed for two minutes, sent outside of any transaction and recorded before the next. A crash in
    between leaves it waiting: it is sent again, under the same Message-ID and with the same words.
    """
    channel = str(job.payload.get("channel", EMAIL))
    way, organisation = _way(engine, channel, unit_of=job.case_id)
    scope = DeliveryScope(channel, organisation, critical_only=job.critical, case_id=job.case_id)
    most = min(int(str(job.payload.get("most", MOST_DELIVERIES))), MOST_DELIVERIES)
    with engine.transaction() as tx:
        status = tx.of(JobStore).hold(job.id, job.token)
    if status != "claimed":
        return status
    passed = deliver_due(engine, way, scope, most=most)
    return _end(engine, job, scope, passed, traced)


def deliver_unattended(engine: Engine) -> int:
    """Send what no job would: messages of no case, and those whose job was set aside; returns how many were taken."""
    with engine.transaction() as tx:
        channels = tx.of(DeliveryStore).unattended(now=engine.clock.now())
    return sum(
        deliver_due(engine, one.way, DeliveryScope(channel, one.organisation_id), most=one.most).taken
        for channel in channels
        for one in _every_way(engine, channel)
    )


class _Way(NamedTuple):
    """A way out of the system, None when nobody answers there; of one organisation, unless it is everybody's."""

    way: Channel | None
    organisation_id: UUID | None = None
    most: int = MOST_DELIVERIES


def _every_way(engine: Engine, channel: str) -> tuple[_Way, ...]:
    """Return the installation's own way, or the gateway of each organisation with what it takes in a minute."""
    if channel in engine.channels:
        return (_Way(engine.channels[channel]),)
    with engine.transaction() as tx:
        units = {tx.of(ChannelStore).organisation_of(unit.id): unit.id for unit in tx.of(DirectoryStore).units()}
        settings = {organisation: tx.of(ChannelStore).of_unit(unit, channel) for organisation, unit in units.items()}
    return tuple(
        _Way(
            _gateway(engine, channel, setting),
            organisation,
            min(MOST_DELIVERIES, (setting and setting.rate_per_minute) or MOST_DELIVERIES),
        )
        for organisation, setting in settings.items()
        if organisation is not None
    )


@dataclass
class DeliveryPass:
    """What one passage over the deliveries of a channel did."""

    ends_at: datetime
    left: int
    taken: int = 0
    is_away: bool = False
    has_woken: bool = False
    cases: set[UUID] = field(default_factory=set)


def deliver_due(engine: Engine, way: Channel | None, scope: DeliveryScope, *, most: int) -> DeliveryPass:
    """Send up to `most` deliveries of a scope over one connection, for half a minute at most."""
    passed = DeliveryPass(ends_at=engine.wall_clock.now() + _LONGEST_WORK, left=most)
    if way is None:
        _nobody_answers(engine, scope, passed, NOT_SET_UP)
        return passed
    with ExitStack() as stack:
        try:
            sending = stack.enter_context(way.open())
        except DeliveryError:
            _nobody_answers(engine, scope, passed, AWAY)
            return passed
        while passed.left > 0 and not passed.is_away and (claimed := _claim(engine, scope, passed)):
            _send_each(engine, sending, scope, claimed, passed)
    return passed


def _claim(engine: Engine, scope: DeliveryScope, passed: DeliveryPass) -> tuple[ClaimedDelivery, ...]:
    """Claim what comes next. The first is the most dangerous of all that wait, due or not: it finds out who answers."""
    now = engine.clock.now()
    if engine.wall_clock.now() >= passed.ends_at:
        return ()
    with engine.transaction() as tx:
        if not passed.cases and not passed.taken:
            tx.of(DeliveryStore).wake(scope, now=now, codes=(AWAY,))
            claimed = tx.of(DeliveryStore).claim_probe(scope, now=now, lease=LEASE)
        else:
            claimed = tx.of(DeliveryStore).claim(scope, most=min(_AT_ONCE, passed.left), now=now, lease=LEASE)
        tx.commit()
    return claimed


def _send_each(
    engine: Engine, sending: Sending, scope: DeliveryScope, claimed: tuple[ClaimedDelivery, ...], passed: DeliveryPass
) -> None:
    for place, delivery in enumerate(claimed):
        if engine.wall_clock.now() >= passed.ends_at:
            _give_back(engine, claimed[place:])
            passed.left = 0
            return
        code = try_delivery(engine, sending, delivery)
        passed.left -= 1
        passed.taken += code == TAKEN
        if delivery.case_id is not None:
            passed.cases.add(delivery.case_id)
        if code == TAKEN and delivery.last_code and not passed.has_woken:
            passed.has_woken = _wake(engine, scope)
            _give_back(engine, claimed[place + 1 :])
            return
        if code == AWAY:
            put_off(engine, claimed[place + 1 :], code=AWAY)
            passed.is_away = True
            return


def _nobody_answers(engine: Engine, scope: DeliveryScope, passed: DeliveryPass, code: str) -> None:
    now = engine.clock.now()
    with engine.transaction() as tx:
        claimed = tx.of(DeliveryStore).claim(scope, most=MOST_DELIVERIES, now=now, lease=LEASE)
        tx.commit()
    put_off(engine, claimed, code=code)
    passed.is_away = True


def _wake(engine: Engine, scope: DeliveryScope) -> bool:
    """Make due what waits after failures, now that the channel takes messages again: in its order, not by its wait."""
    with engine.transaction() as tx:
        tx.of(DeliveryStore).wake(scope, now=engine.clock.now())
        tx.commit()
    return True


def _give_back(engine: Engine, claimed: tuple[ClaimedDelivery, ...]) -> None:
    with engine.transaction() as tx:
        tx.of(DeliveryStore).release(claimed, now=engine.clock.now())
        tx.commit()


def _way(engine: Engine, channel: str, *, unit_of: UUID) -> tuple[Channel | None, UUID | None]:
    """Find the channel: the installation's own, or the gateway of the organisation whose case it is."""
    if channel in engine.channels:
        return engine.channels[channel], None
    with engine.transaction() as tx:
        unit = tx.of(DeliveryStore).unit_of(unit_of)
        organisation = tx.of(ChannelStore).organisation_of(unit) if unit else None
        setting = tx.of(ChannelStore).of_unit(unit, channel) if unit else None
    return _gateway(engine, channel, setting), organisation


def _gateway(engine: Engine, channel: str, setting: ChannelSetting | None) -> Channel | None:
    try:
        return engine.gateways.channel(channel, setting.url) if setting else None
    except IcmcError:
        return None


def _end(engine: Engine, job: ClaimedJob, scope: DeliveryScope, passed: DeliveryPass, traced: Mapping[str, Any]) -> str:
    """Finish the job, and those of the cases it served, or put it back until something is due again."""
    now = engine.clock.now()
    with engine.transaction() as tx:
        status = tx.of(JobStore).hold(job.id, job.token)
        if status != "claimed":
            return status
        again = tx.of(DeliveryStore).next_try(scope.channel, case_id=job.case_id)
        if not passed.is_away and tx.of(DeliveryStore).any_due(scope, now=now):
            again = now
        if again is None:
            tx.of(JobStore).finish(job.id, status="done", at=now, **traced)
        else:
            tx.of(JobStore).put_back(job.id, ready_at=max(again, now), count_attempt=False, error_code="delivery")
        tx.of(DeliveryStore).finish_spent_jobs(scope.channel, sorted(passed.cases - {job.case_id}), at=now, **traced)
        tx.commit()
        return "done" if again is None else "ready"
