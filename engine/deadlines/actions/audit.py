"""Prove that every level that was due has fired once, and was told: deadlines against ledger, history and messages."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from engine.assembly import Engine
from engine.audit.records import Audited, AuditedLine
from engine.cases.housekeeping import HousekeepingStore
from engine.core.deadlines.firings import BREACH, level_name, pending
from engine.core.library import Library
from engine.core.records import Deadline, DeadlineStatus, Purpose
from engine.db.transaction import Transaction
from engine.deadlines.actions.clock import FIRING, read_jump
from engine.deadlines.store import EscalationAuditStore
from engine.overview.records import AuditProblem

log = logging.getLogger(__name__)

GRACE: Final = timedelta(minutes=2)
"""What fell due later than this before now may still be about to fire."""
_PROGRESS = "escalation_audit"
_FIRST_WINDOW = timedelta(days=1)
_SLICE: Final = 500
_MOST_IN_A_PASS: Final = 20_000
_SWEPT_IN_A_PASS: Final = 2_000
_MOST_KEPT: Final = 200


def audit_escalations(engine: Engine) -> tuple[AuditProblem, ...]:
    """Check what fired since the last pass, what is due and has not, and the next part of all open deadlines.

    Each deadline is read in one statement, so that firing at the same time is seen as a whole or not at all. What was
    found is kept for the board. Nothing is checked while the clock is in doubt.
    """
    now = engine.clock.now()
    until = now - GRACE
    with engine.transaction() as tx:
        if read_jump(tx.of(HousekeepingStore).installation(FIRING)) is not None:
            return ()
        progress = tx.of(HousekeepingStore).installation(_PROGRESS) or {}
        since = datetime.fromisoformat(progress["until"]) if progress else until - _FIRST_WINDOW
        after = progress.get("after", "")
        swept = tx.of(EscalationAuditStore).swept(after=after, most=_SWEPT_IN_A_PASS)
        fired = tx.of(EscalationAuditStore).fired(since=min(since, until), until=until, most=_MOST_IN_A_PASS)
        reached = fired[-1][1] if len(fired) == _MOST_IN_A_PASS else until
        ids = dict.fromkeys(
            (*tx.of(EscalationAuditStore).late(until=until, most=_SLICE), *(one for one, _ in fired), *swept)
        )
        library = tx.library()
        problems = [problem for one in _read(tx, list(ids)) for problem in problems_of(one, library, until=until)]
        tx.of(EscalationAuditStore).keep(
            engine.entropy.uuid(), checked=len(ids), problems=problems[:_MOST_KEPT], at=now
        )
        done = str(swept[-1]) if len(swept) == _SWEPT_IN_A_PASS else ""
        tx.of(HousekeepingStore).set_installation(_PROGRESS, {"until": reached.isoformat(), "after": done})
        tx.commit()
    if problems:
        log.error(
            "escalation_audit_found", extra={"problems": len(problems), "codes": sorted({p.code for p in problems})}
        )
    return tuple(problems)


def problems_of(one: Audited, library: Library, *, until: datetime) -> Iterator[AuditProblem]:
    """Name what is missing, doubled or wrong of one deadline; what was due at `until` (UTC) must have fired."""
    deadline = one.deadline
    if deadline.purpose is Purpose.OPENING:
        return
    yield from _late(one, library, until)
    yield from _breach(one)
    levels = [name for name in deadline.fired if name.startswith("l:")]
    raised = Counter(event.level for event in one.events if event.type == "LevelRaised")
    lines = {level_name(line.level, line.round): line for line in one.lines}
    for name in sorted({*levels, *raised, *lines}):
        found = (raised[name], name in lines)
        if found[0] == 0:
            yield _problem("event_missing", deadline, name)
        if found[0] > 1:
            yield _problem("event_double", deadline, name)
        if name not in lines:
            yield _problem("ledger_missing", deadline, name)
        if name not in levels:
            yield _problem("not_noted", deadline, name)
    for name, line in lines.items():
        yield from _told(deadline, name, line)


def _read(tx: Transaction, ids: Sequence[UUID]) -> Iterator[Audited]:
    for start in range(0, len(ids), _SLICE):
        yield from tx.of(EscalationAuditStore).read(ids[start : start + _SLICE])


def _late(one: Audited, library: Library, until: datetime) -> Iterator[AuditProblem]:
    if one.deadline.status is DeadlineStatus.OPEN:
        code = "aside" if one.failures else "not_fired"
        yield from (_problem(code, one.deadline, name) for at, name in pending(one.deadline, library) if at <= until)


def _breach(one: Audited) -> Iterator[AuditProblem]:
    deadline = one.deadline
    events = [event for event in one.events if event.type == "DeadlineBreached"]
    if deadline.breached_at is not None and not events:
        yield _problem("event_missing", deadline, BREACH)
    if len(events) > 1:
        yield _problem("event_double", deadline, BREACH)
    if events and deadline.breached_at is None:
        yield _problem("not_noted", deadline, BREACH)
    if any(event.breached_at != event.due_at for event in events):
        yield _problem("misdated", deadline, BREACH)


def _told(deadline: Deadline, name: str, line: AuditedLine) -> Iterator[AuditProblem]:
    if line.is_missed:
        return
    told = {message.recipient_id for message in line.messages}
    if not told.issuperset(line.recipient_ids):
        yield _problem("message_missing", deadline, name)
    sent = Counter((message.recipient_id, channel) for message in line.messages for channel in message.channels)
    if any(count > 1 for count in sent.values()):
        yield _problem("message_double", deadline, name)
    if any(not message.channels for message in line.messages):
        yield _problem("delivery_missing", deadline, name)


def _problem(code: str, deadline: Deadline, level: str) -> AuditProblem:
    return AuditProblem(code=code, deadline_id=deadline.id, level=level)
