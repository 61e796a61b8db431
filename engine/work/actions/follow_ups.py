"""Bring what follows from the answer of a step, also when it ends without one."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.assembly import Engine
from engine.cases.actions.deciding import carry_out
from engine.core import commands as cm
from engine.core.follow_ups import again
from engine.core.records import CaseStatus, Step
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.plugin.steps import Concluded, Outcome
from engine.retention.store import RetentionStore


def unanswered(step: Step, *, now: datetime, zone: str) -> Concluded:
    """Say of a follow-up that it comes again where another body stands in its way, and not where the person said no.

    It comes again each time, until there is an answer or it is not needed any more. Of another step nothing is said.
    """
    added = step.added
    if added is None or not added.watches:
        return Concluded()
    match step.outcome:
        case Outcome.BLOCKED_BY_OTHER_BODY:
            day = f"{(again(added, now).due_at or now).astimezone(ZoneInfo(zone)):%d %b %Y}"
            return Concluded(notes=(f"This step will open again, and is due on {day}.",))
        case Outcome.REFUSED_BY_PERSON:
            return Concluded(notes=("This step does not open again by itself. Add it when the person wants it.",))
    return Concluded()


def bring_follow_ups(
    engine: Engine, tx: Transaction, state: CaseState, command: cm.BringFollowUps, *, now: datetime
) -> CaseState:
    """Bring what follows from the answer of a step; return the case after it.

    A case that has closed meanwhile is opened again for what cannot wait, unless it is sealed.
    """
    is_closed = state.case.status is CaseStatus.CLOSED
    if is_closed and tx.of(RetentionStore).restriction_of(state.case.id) is not None:
        command = replace(command, shut=True)
    decided = carry_out(engine, tx, state, command, actor_id=None, now=now)
    if is_closed and decided.state.case.status is CaseStatus.OPEN:
        tx.of(RetentionStore).drop_proposals(state.case.id, by=None, at=now)
    return decided.state
