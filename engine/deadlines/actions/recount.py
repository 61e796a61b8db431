"""Count open deadlines again after a calendar, a ladder or a law pack has changed: each case once, one by one."""

import logging
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from engine.assembly import Engine
from engine.cases.actions.deciding import carry_out
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core import events as ev
from engine.core.records import CaseStatus
from engine.deadlines.actions.escalating import notify_all
from engine.definitions.records import OpenRecount
from engine.definitions.store import RecountStore
from engine.messages.actions.notifying import add_delivery_job

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
    with engine.transaction() as tx:
        asked = tx.of(RecountStore).open()
    cases = moved = 0
    for recount in asked:
        with engine.transaction() as tx:
            most = limit - cases + 1
            found = tx.of(RecountStore).concerned(recount.kind, recount.name, after=recount.after_case_id, most=most)
        for case_id in found[: limit - cases]:
            moved += _recount(engine, recount, case_id)
        cases += min(len(found), limit - cases)
        if len(found) == most:
            return Recounted(cases, moved, is_done=False)
        with engine.transaction() as tx:
            tx.of(RecountStore).done(recount.id, at=engine.clock.now())
            tx.commit()
    return Recounted(cases, moved)


def _recount(engine: Engine, recount: OpenRecount, case_id: UUID) -> int:
    try:
        return _recount_case(engine, recount, case_id, engine.clock.now())
    except Exception:  # noqa: BLE001 - whatever is wrong with one, the others must go on
        log.error("case_could_not_be_recounted", extra={"case_id": str(case_id)})  # noqa: TRY400
    with engine.transaction() as tx:
        tx.of(RecountStore).went_on(recount.id, case_id=case_id, moved=0)
        tx.commit()
    return 0


def _recount_case(engine: Engine, recount: OpenRecount, case_id: UUID, now: datetime) -> int:
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        moved = 0
        if state.case.status is CaseStatus.OPEN:
            command = cm.Recount(cause=f"{recount.kind} {recount.name}")
            decided = carry_out(engine, tx, state, command, actor_id=None, now=now)
            moved = sum(isinstance(event, ev.DeadlineMoved) for event in decided.events)
            told = notify_all(engine, tx, decided.state, decided.events, now)
            if told.must_send:
                rule = f"recount|{recount.id}"
                add_delivery_job(tx, told.state, rule=rule, critical=told.critical, now=now)
        tx.of(RecountStore).went_on(recount.id, case_id=case_id, moved=moved)
        tx.commit()
        return moved
