"""Send what waits for a channel: each delivery in a transaction of its own, tried until taken or given up."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from engine.assembly import Engine
from engine.errors import DeliveryError
from engine.ports import ClaimedJob
from engine.stores import WaitingDelivery

_MOST_DELIVERIES = 100
_FIRST_WAIT, _LONGEST_WAIT, _GIVE_UP_AFTER = timedelta(minutes=1), timedelta(minutes=30), 150


def deliver_messages(engine: Engine, job: ClaimedJob, traced: Mapping[str, Any]) -> str:
    """Send what waits for the job's channel, each delivery in a transaction of its own."""
    channel = str(job.payload.get("channel", "email"))
    for _ in range(_MOST_DELIVERIES):
        if not _deliver_one(engine, job, channel):
            break
    with engine.unit_of_work() as work:
        status = work.jobs.hold(job.id, job.token)
        if status != "claimed":
            return status
        again = work.messages.next_try(channel, case_id=job.case_id)
        if again is None:
            work.jobs.finish(job.id, status="done", at=engine.clock.now(), **traced)
        else:
            work.jobs.put_back(job.id, ready_at=again, count_attempt=False, error_code="delivery")
        work.commit()
        return "done" if again is None else "ready"


def _deliver_one(engine: Engine, job: ClaimedJob, channel: str) -> bool:
    """Send the next waiting delivery; gives whether there was one. It stays held until what happened is written."""
    now = engine.clock.now()
    with engine.unit_of_work() as work:
        work.jobs.hold(job.id, job.token)
        waiting = work.messages.next_waiting(channel, case_id=job.case_id, now=now)
        if waiting is None:
            return False
        try:
            _send(engine, channel, waiting)
            work.messages.delivered(waiting.id, at=now)
        except DeliveryError as error:
            give_up = error.permanent or waiting.attempt >= _GIVE_UP_AFTER
            wait = min(_FIRST_WAIT * 2 ** min(waiting.attempt, 5), _LONGEST_WAIT)
            work.messages.failed(waiting.id, code=error.code, again_at=None if give_up else now + wait)
        work.commit()
    return True


def _send(engine: Engine, channel: str, waiting: WaitingDelivery) -> None:
    if channel not in engine.channels:
        raise DeliveryError(channel=channel, reason="not-set-up")
    engine.channels[channel].send(
        to=waiting.address, subject=waiting.subject, body=waiting.body, message_id=str(waiting.message_id)
    )
