"""Keep what a step asked to be watched, also when it ends without an answer."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from engine.assembly import Engine
from engine.cases.actions.deciding import carry_out
from engine.core import commands as cm
from engine.core.records import LIVE, AddedStep, CaseStatus, Purpose, RunStatus, Step, StepStatus, step_id
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.language.limits import TimeLimit
from engine.plugin.following import Watch
from engine.plugin.steps import Concluded, Outcome, StepKind
from engine.retention.store import RetentionStore

_SOONEST, _LATEST = timedelta(days=2), timedelta(days=7)
"""Promises of the network: how soon another body is asked again, at the earliest and at the latest."""
_ORDINARY: Final = "standard"


def unanswered(step: Step, *, now: datetime, zone: str) -> Concluded:
    """Let what another body stands in the way of come again; say what does not, since the person said no.

    It comes again each time, until there is an answer or it is not needed any more. Nothing follows for a step that
    nothing watched for.
    """
    added = step.added
    if added is None or not added.watches:
        return Concluded()
    match step.outcome:
        case Outcome.BLOCKED_BY_OTHER_BODY:
            again = _again(added, now)
            day = f"{(again.due_at or now).astimezone(ZoneInfo(zone)):%d %b %Y}"
            return Concluded(watches=(again,), notes=(f"This step will open again, and is due on {day}.",))
        case Outcome.REFUSED_BY_PERSON:
            return Concluded(notes=("This step does not open again by itself. Add it when the person wants it.",))
    return Concluded()


def _again(added: AddedStep, now: datetime) -> Watch:
    """Watch for the same once more: it opens when half of the time to wait is over.

    A limit of the law is not counted a second time: what was told of it stays as it is.
    """
    wait = _wait(added)
    return Watch(
        added.watches, added.uses, added.title, opens_at=now + wait / 2, due_at=now + wait,
        from_at=now + wait / 2, ladder=added.ladder, roles=added.roles, settings=added.settings,
    )  # fmt: skip


def _wait(added: AddedStep) -> timedelta:
    """Return how long to wait: its own limit within the promises; what presses, by its ladder, at the earliest."""
    if added.ladder != _ORDINARY:
        return _SOONEST
    if added.limit is None:
        return _LATEST
    return min(max(timedelta(seconds=TimeLimit(added.limit).seconds), _SOONEST), _LATEST)


REPLACED: Final = "replaced_by_a_later_answer"
"""Why a step is called off that watched for something which a later answer has settled, or moved."""
GOES_ON: Final = "something_is_to_be_watched"
"""Why a case is opened again that its last step closed, though that step asked for something to be watched."""
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


def keep_watches(
    engine: Engine, tx: Transaction, state: CaseState, step: Step, watches: tuple[Watch, ...], *, now: datetime
) -> CaseState:
    """Add what is to be watched to the run of a step, and call off what it replaces; returns the case after it.

    Nothing is added to what is there already, nor a step of a pillar that is not installed; doing it again changes
    nothing. What opens at once makes a run go on that this step was the last of, and opens its case again: an alarm is
    not lost because a case closes before it is set. What is to open later does not. Nothing is added to a run that
    somebody stopped, to a case that rests or that is sealed.
    """
    for watch in sorted(watches, key=lambda watch: _waits(watch, now)):
        if state.case.rests or state.runs[step.run_id].status is RunStatus.ABORTED:
            return state
        key = f"watch_{watch.name}_{step.id.hex[:8]}_{step.turn}"
        is_known = watch.uses in engine.registry.step_types
        added = None if watch.is_over or not is_known else _added(engine, watch, now)
        earlier = _earlier(state, step, watch.name, key)
        if added is not None and any(one.added == added for one in earlier):
            continue
        for one in earlier:
            command = cm.CancelStep(one.id, REPLACED)
            state = carry_out(engine, tx, state, command, actor_id=None, now=now).state
        is_new = added is not None and step_id(step.run_id, key, step.base_path) not in state.steps
        if added is None or not is_new or _is_there(state, step, watch, replaced=earlier, now=now):
            continue
        is_automatic = engine.registry.get(watch.uses).kind is StepKind.AUTOMATIC
        is_alarm = not is_automatic and not _waits(watch, now)
        opened = _open_again(engine, tx, state, now=now) if is_alarm else state
        if opened is not None and (is_alarm or opened.runs[step.run_id].status is RunStatus.OPEN):
            add = cm.AddStep(step.run_id, key, added, step.base_path, automatic=is_automatic)
            state = carry_out(engine, tx, opened, add, actor_id=None, now=now).state
    return state


def _waits(watch: Watch, now: datetime) -> bool:
    return watch.opens_at is not None and watch.opens_at > now


def _open_again(engine: Engine, tx: Transaction, state: CaseState, *, now: datetime) -> CaseState | None:
    """Open a case again that is closed; None where nobody may, since it is sealed or part of another one."""
    if state.case.status is not CaseStatus.CLOSED:
        return state
    if state.case.merged_into is not None or tx.of(RetentionStore).restriction_of(state.case.id) is not None:
        return None
    tx.of(RetentionStore).drop_proposals(state.case.id, by=None, at=now)
    return carry_out(engine, tx, state, cm.ReopenCase(GOES_ON), actor_id=None, now=now).state


def _added(engine: Engine, watch: Watch, now: datetime) -> AddedStep:
    step_type = engine.registry.get(watch.uses)
    from_at, limit = watch.from_at, None
    if watch.due_at is not None:
        from_at = min(from_at or watch.opens_at or now, watch.due_at)
        limit = _written(watch.due_at - from_at)
    return AddedStep(
        uses=watch.uses, title=watch.title or step_type.title, from_at=from_at, limit=limit, law=watch.law or None,
        ladder=watch.ladder, roles=watch.roles or step_type.roles, settings=watch.settings,
        opens_at=watch.opens_at, watches=watch.name,
    )  # fmt: skip


def _earlier(state: CaseState, step: Step, name: str, key: str) -> list[Step]:
    """List the steps that watch for the same thing, for the same person, since an earlier answer."""
    return [
        one
        for one in state.steps.values()
        if one.run_id == step.run_id and one.base_path == step.base_path and one.key != key and one.status in LIVE
        if one.added is not None and one.added.watches == name
    ]


def _is_there(state: CaseState, step: Step, watch: Watch, *, replaced: Iterable[Step], now: datetime) -> bool:
    """Return whether the case sees to it already: by the same limit of the law, or by an open step of the same type.

    A limit of the law that is over counts only for the same stretch of time: who is held a second time has a second
    ten days. What other answers asked to be watched does not count as a step: it is there for something else. A watch
    that says in its settings what it is about, such as one platform of several, is only there for that.
    """
    if watch.law:
        gone = {one.id for one in replaced}
        known = list(state.deadlines.values())
        known += [one for one in state.past.values() if one.started_at == watch.from_at and one.step_id not in gone]
        return any(one.law == watch.law and _same_person(one.path, step.base_path) for one in known)
    if watch.settings:
        return False
    return any(
        one.uses == watch.uses and one.id != step.id and one.run_id == step.run_id
        and _same_person(one.path, step.base_path) and (one.added is None or not one.added.watches)
        and (one.status in LIVE if watch.once else _sees_to_it(state, one, watch, now))
        for one in state.steps.values()
    )  # fmt: skip


def _sees_to_it(state: CaseState, one: Step, watch: Watch, now: datetime) -> bool:
    """Return whether a step that somebody can do now must be done in the days of a watch.

    Its own limit has to be over by the day that is watched, and not before the watch opens: a visit in the first week
    is not the one after a month, nor is next month's the one of tomorrow. What waits for its time, is held by a gate or
    has no limit sees to nothing: nobody would hear that it was not done.
    """
    if one.status is not StepStatus.READY:
        return False
    if watch.due_at is None:
        return not _waits(watch, now)
    from_at = watch.opens_at if _waits(watch, now) else None
    limits = [d for d in state.deadlines.values() if d.step_id == one.id and d.purpose is Purpose.LIMIT]
    return any(d.due_at <= watch.due_at and (from_at is None or from_at <= d.due_at) for d in limits)


def _same_person(path: str, of: str) -> bool:
    if not of:
        return True
    base = "/".join(part for part in path.split("/") if not part.startswith("r:"))
    return base in {"", of}


def _written(length: timedelta) -> str:
    """Write a length of time as a limit, in days or hours where it is whole ones."""
    for unit, form in ((_DAY, "P{}D"), (_HOUR, "PT{}H")):
        if length and not length % unit:
            return form.format(length // unit)
    return f"PT{int(length.total_seconds())}S"
