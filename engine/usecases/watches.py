"""Keep what a step asked to be watched: a step that opens in time, with a limit of its own."""

from datetime import datetime, timedelta
from typing import Final

from engine.assembly import Engine
from engine.domain import commands as cm
from engine.domain.records import LIVE, AddedStep, CaseStatus, Deadline, RunStatus, Step, step_id
from engine.domain.state import CaseState
from engine.plugin.steps import StepKind
from engine.plugin.watches import Watch
from engine.stores import UnitOfWork
from engine.usecases.deciding import carry_out

REPLACED: Final = "replaced_by_a_later_answer"
"""Why a step is called off that watched for something which a later answer has settled, or moved."""
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


def keep_watches(
    engine: Engine, work: UnitOfWork, state: CaseState, step: Step, watches: tuple[Watch, ...], *, now: datetime
) -> CaseState:
    """Add what is to be watched to the run of a step, and call off what it replaces; gives the case after it.

    Nothing is added to a case or run that is over, nor what is there already, nor a step of a pillar that is not
    installed; doing it again changes nothing.
    """
    for watch in watches:
        run = state.runs[step.run_id]
        if state.case.status is CaseStatus.CLOSED or run.status is not RunStatus.OPEN or state.case.rests:
            return state
        key = f"watch_{watch.name}_{step.id.hex[:8]}_{step.turn}"
        is_known = watch.uses in engine.registry.step_types
        added = None if watch.is_over or not is_known else _added(engine, watch, now)
        earlier = _earlier(state, step, watch.name, key)
        if added is not None and any(one.added == added for one in earlier):
            continue
        for one in earlier:
            command = cm.CancelStep(one.id, REPLACED)
            state = carry_out(engine, work, state, command, actor_id=None, now=now).state
        if added is not None and not _is_there(state, step, watch):
            is_automatic = engine.registry.get(watch.uses).kind is StepKind.AUTOMATIC
            add = cm.AddStep(step.run_id, key, added, step.base_path, automatic=is_automatic)
            if step_id(step.run_id, key, step.base_path) not in state.steps:
                state = carry_out(engine, work, state, add, actor_id=None, now=now).state
    return state


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


def _is_there(state: CaseState, step: Step, watch: Watch) -> bool:
    """Say whether the case sees to it already: by the same limit of the law, or by an open step of the same type.

    What other answers asked to be watched does not count: it is there for something else. A watch
    that says in its settings what it is about, such as one platform of several, is only there for that.
    """
    if watch.law:
        known: tuple[Deadline, ...] = (*state.deadlines.values(), *state.past.values())
        return any(one.law == watch.law and _same_person(one.path, step.base_path) for one in known)
    if watch.settings:
        return False
    return any(
        one.uses == watch.uses and one.status in LIVE and one.id != step.id and one.run_id == step.run_id
        and _same_person(one.path, step.base_path) and (one.added is None or not one.added.watches)
        for one in state.steps.values()
    )  # fmt: skip


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
