"""Do what is due of every deadline: warn, record breaches, raise levels, open steps at their time."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from engine.assembly import Engine
from engine.domain import commands as cm
from engine.domain import events as ev
from engine.ports import Breach, DueDeadline, FiredReport
from engine.usecases.deciding import carry_out
from engine.usecases.escalating import tell_of
from engine.usecases.telling import add_delivery_job

log = logging.getLogger(__name__)
_HELD_FOR = timedelta(minutes=5)


def fire_deadlines(engine: Engine, *, limit: int = 200) -> FiredReport:
    """Fire what is due, the oldest first, each deadline in a transaction of its own.

    One that cannot be fired is set aside for five minutes and logged by id, and the rest go on. Several callers at once
    do no harm: a case that another holds is left to them. Gives when the next one is due.
    """
    now = engine.clock.now()
    with engine.unit_of_work() as work:
        due = work.deadlines.due(now=now, most=limit)
    count, breaches = 0, []
    for deadline in due:
        try:
            breach = _fire(engine, deadline, now)
        except Exception:  # noqa: BLE001 - whatever is wrong with one, the others must go on
            log.error("deadline_could_not_be_fired", extra={"deadline_id": str(deadline.id)})  # noqa: TRY400
            _set_aside(engine, deadline.id, now)
            continue
        count += 1
        breaches += breach
    with engine.unit_of_work() as work:
        next_at = work.deadlines.next_at()
    return FiredReport(count, next_at, tuple(breaches))


def _fire(engine: Engine, due: DueDeadline, now: datetime) -> list[Breach]:
    with engine.unit_of_work() as work:
        if not work.deadlines.try_case(due.case_id):
            return []
        state = work.cases.lock(due.case_id)
        decided = carry_out(engine, work, state, cm.FireDeadline(due.id), actor_id=None, now=now)
        must_send = critical = False
        for event in decided.events:
            sends, is_critical = tell_of(engine, work, decided.state, event, now)
            must_send, critical = must_send or sends, critical or is_critical
        if must_send:
            rule = f"{due.id}|{decided.state.case.chain_length}"
            add_delivery_job(work, decided.state, rule=rule, critical=critical, now=now)
        work.commit()
        number = state.case.number
        return [Breach(number, e.deadline.id) for e in decided.events if isinstance(e, ev.DeadlineBreached)]


def _set_aside(engine: Engine, deadline_id: UUID, now: datetime) -> None:
    with engine.unit_of_work() as work:
        work.deadlines.hold(deadline_id, until=now + _HELD_FOR)
        work.commit()
