"""Count open deadlines again after a calendar, a ladder or a law pack has changed: each case once, one by one."""

import logging
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from engine.assembly import Engine
from engine.domain import commands as cm
from engine.domain import events as ev
from engine.domain.records import CaseStatus
from engine.stores import OpenRecount
from engine.usecases.deciding import carry_out
from engine.usecases.escalating import tell_all
from engine.usecases.telling import add_delivery_job

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recounted:
    """What a pass did: how many cases it looked at, how many deadlines moved, and whether nothing is left."""

    cases: int = 0
    moved: int = 0
    is_done: bool = True


def recount_deadlines(engine: Engine, *, limit: int = 500) -> Recounted:
    """Go on with every recount that was asked for, at most `limit` cases in this pass.

    Each case has a transaction of its own, in which it is also noted as looked at: a pass that dies goes on there, and
    several at once do no harm. A case that cannot be counted is logged by id, and the others go on.
    """
    with engine.unit_of_work() as work:
        asked = work.recounts.open()
    cases = moved = 0
    for recount in asked:
        with engine.unit_of_work() as work:
            most = limit - cases + 1
            found = work.recounts.concerned(recount.kind, recount.name, after=recount.after_case_id, most=most)
        for case_id in found[: limit - cases]:
            moved += _recount(engine, recount, case_id)
        cases += min(len(found), limit - cases)
        if len(found) == most:
            return Recounted(cases, moved, is_done=False)
        with engine.unit_of_work() as work:
            work.recounts.done(recount.id, at=engine.clock.now())
            work.commit()
    return Recounted(cases, moved)


def _recount(engine: Engine, recount: OpenRecount, case_id: UUID) -> int:
    try:
        return _recount_case(engine, recount, case_id, engine.clock.now())
    except Exception:  # noqa: BLE001 - whatever is wrong with one, the others must go on
        log.error("case_could_not_be_recounted", extra={"case_id": str(case_id)})  # noqa: TRY400
    with engine.unit_of_work() as work:
        work.recounts.went_on(recount.id, case_id=case_id, moved=0)
        work.commit()
    return 0


def _recount_case(engine: Engine, recount: OpenRecount, case_id: UUID, now: datetime) -> int:
    with engine.unit_of_work() as work:
        state = work.cases.lock(case_id)
        moved = 0
        if state.case.status is CaseStatus.OPEN:
            command = cm.Recount(cause=f"{recount.kind} {recount.name}")
            decided = carry_out(engine, work, state, command, actor_id=None, now=now)
            moved = sum(isinstance(event, ev.DeadlineMoved) for event in decided.events)
            told = tell_all(engine, work, decided.state, decided.events, now)
            if told.must_send:
                rule = f"recount|{recount.id}"
                add_delivery_job(work, told.state, rule=rule, critical=told.critical, now=now)
        work.recounts.went_on(recount.id, case_id=case_id, moved=moved)
        work.commit()
        return moved
