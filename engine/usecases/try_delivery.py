"""One try of one delivery: send it, then record what happened in a transaction of its own."""

import logging
from collections.abc import Sequence
from datetime import datetime
from uuid import uuid5

from engine.adapters.sql.channel_store import ChannelStore
from engine.adapters.sql.delivery_store import DeliveryStore
from engine.adapters.sql.directory_store import DirectoryStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.errors import DeliveryError
from engine.ports import Outgoing, Sending
from engine.stores import ClaimedDelivery
from engine.usecases.delivery_rules import AWAY, UNEXPECTED, WAYS, next_try, wants_other_way
from engine.usecases.reach import ways_to
from engine.usecases.seen_links import with_link
from engine.usecases.unusual_sign_ins import words_to_send

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
    """Give the address: an e-mail's is its recipient's own, all others are opened only to be used."""
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
