"""Move all cases of a workflow to another version: planned, done in the background, stopped, and undone."""

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple
from uuid import UUID, uuid5

from engine.assembly import Engine
from engine.cases.actions.deciding import carry_out, require_member
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core.case_links import CaseMergedError
from engine.core.decide import follow
from engine.core.moving import OtherStepTypeError, check_move, plan_of_move
from engine.core.policy import THIS_MACHINE, Action, Viewer, require
from engine.core.records import CaseStatus
from engine.course.records import BulkMove, BulkPlan, OpenRun
from engine.course.store import MoveStore
from engine.db.transaction import Transaction
from engine.definitions.actions.preview import moved_deadlines, worst_first
from engine.definitions.records import MovedDeadline, StoredDefinition
from engine.definitions.store import DefinitionStore
from engine.errors import ConflictError, IcmcError, NotFoundError
from engine.messages.actions.notifying import title_of_step
from engine.people.viewer import as_viewer

log = logging.getLogger(__name__)
MOST_LOOKED_AT = 200
"""So many cases are moved to see what follows before a plan is shown; the next ones are looked at after these."""


@dataclass(frozen=True, slots=True)
class BulkPass:
    """What a pass did: how many cases it looked at, how many it moved, and whether nothing is left."""

    cases: int = 0
    moved: int = 0
    is_done: bool = True


class _Look(NamedTuple):
    """What a move would do to one case."""

    due: tuple[MovedDeadline, ...]
    begins: frozenset[str]
    ends: frozenset[str]
    closes: tuple[UUID, str] | None


def plan_moves(
    engine: Engine, workflow: str, *, viewer: Viewer, version: int | None = None, after: UUID | None = None
) -> BulkPlan:
    """Return what it would do to move all cases that the viewer leads to a version of their workflow, or to what runs.

    Some are moved to see what follows, those whose run comes next `after` one; nothing of that is kept. Raises
    `NotAllowedError`, and `NotFoundError` for an unknown version.
    """
    require(viewer, Action.STEER)
    with engine.transaction(viewer) as tx:
        to = _version(engine, tx, workflow, version)
        runs = tx.of(MoveStore).open_runs(workflow, viewer=viewer, but=to.content_hash)
        moves = tx.of(MoveStore).asked_by(viewer.acting_id, workflow)
        left = [run for run in runs if after is None or run.id > after]
        looks = {run.id: _look(engine, tx, viewer, run, to.content_hash) for run in left[:MOST_LOOKED_AT]}
    there = engine.definitions[to.content_hash].steps
    titles: Counter[str] = Counter()
    plain, stay = 0, []
    for run in runs:
        met = check_move(run.steps, there)
        look = looks.get(run.id)
        if run.is_merged or met.other_types or isinstance(look, str):
            known = OtherStepTypeError(steps=", ".join(met.other_types)) if met.other_types else CaseMergedError()
            why = look if isinstance(look, str) else known
            stay.append((run.case_id, run.number, str(why)))
        elif met.without_place:
            titles.update(_titles(engine, run, met.without_place))
        else:
            plain += 1
    seen = [look for look in looks.values() if isinstance(look, _Look)]
    return BulkPlan(
        workflow, to.title or workflow, to.version, dict(sorted(Counter(run.version for run in runs).items())), plain,
        len(runs) - plain - len(stay), dict(titles.most_common()), tuple(stay), moves, looked_at=len(looks),
        left_out=len(left) - len(looks), last_id=max(looks, default=None),
        due=worst_first(line for look in seen for line in look.due), begins=_counted(look.begins for look in seen),
        ends=_counted(look.ends for look in seen), closes=tuple(look.closes for look in seen if look.closes),
    )  # fmt: skip


def _look(engine: Engine, tx: Transaction, viewer: Viewer, run: OpenRun, to_hash: str) -> _Look | str:
    """Move a case as `move_cases` would, without keeping anything; why not, where it cannot be moved."""
    try:
        state = tx.of(CaseStore).read(run.case_id)
        require_member(viewer, state, Action.STEER)
        command = cm.MoveRun(run.id, to_hash, cancels=True)
        events, after = follow(engine.definitions, tx.library(), state, command, engine.clock.now())
    except IcmcError as error:
        return str(error)
    except Exception:  # noqa: BLE001 - whatever is wrong with one, the others are looked at
        log.error("case_could_not_be_looked_at", extra={"case_id": str(run.case_id)})  # noqa: TRY400
        return "It cannot be read. Whoever keeps this system finds out why in its log."
    plan = plan_of_move(state, events)
    return _Look(
        tuple(moved_deadlines(engine, state, after)),
        frozenset(title_of_step(engine, after, step) for step in plan.opened),
        frozenset(title_of_step(engine, state, step) for step in plan.called_off),
        (run.case_id, run.number) if after.case.status is CaseStatus.CLOSED else None,
    )


def _counted(titles: Iterable[Iterable[str]]) -> dict[str, int]:
    return dict(Counter(chain.from_iterable(titles)).most_common())


def start_moves(
    engine: Engine, workflow: str, *, viewer: Viewer, command_id: UUID, version: int, cancels: bool = False
) -> UUID:
    """Ask that all cases that the viewer leads go on by a version of their workflow; a schedule moves them one by one.

    Cases with open steps that are not in that version stay unless it `cancels` them. Returns the id of the move.
    Raises `NotAllowedError`, `NotFoundError`.
    """
    require(viewer, Action.STEER)
    with engine.transaction(viewer) as tx:
        to = _version(engine, tx, workflow, version)
        total = len(tx.of(MoveStore).open_runs(workflow, viewer=viewer, but=to.content_hash))
    move = BulkMove(
        command_id, workflow, to.version, to.content_hash, viewer.acting_id, engine.clock.now(), total, cancels=cancels
    )
    return _add(engine, move)


def undo_moves(engine: Engine, move_id: UUID, *, viewer: Viewer, command_id: UUID) -> UUID:
    """Ask that each case that a move took goes back to the version that it had; raises as `stop_moves` does.

    What a case has begun since by the other version is cancelled, and begins again if it comes there again.
    """
    done = _own(engine, move_id, viewer)
    if done.done_at is None:
        raise ConflictError
    move = done._replace(
        id=command_id, asked_at=engine.clock.now(), total=done.moved, cancels=True, undoes=done.id, cases=0, moved=0,
        after_run_id=None, done_at=None,
    )  # fmt: skip
    return _add(engine, move)


def stop_moves(engine: Engine, move_id: UUID, *, viewer: Viewer) -> None:
    """End a move: the cases that it did not come to stay as they are.

    Raises `NotAllowedError`, and `NotFoundError` for one that somebody else asked for.
    """
    _own(engine, move_id, viewer)
    with engine.transaction() as tx:
        tx.of(MoveStore).done(move_id, at=engine.clock.now())
        tx.commit()


def move_cases(engine: Engine, *, limit: int = 500) -> BulkPass:
    """Go on with every move that was asked for, at most `limit` cases in this pass.

    Each case has a transaction of its own, in which it is also noted as looked at: a pass that dies goes on there, and
    several at once do no harm. Each is moved as who asked could move it at that moment.
    """
    with engine.transaction() as tx:
        asked = tx.of(MoveStore).open()
    cases = moved = 0
    for move in asked:
        viewer = _who(engine, move)
        found = _left(engine, move, viewer, most=limit - cases + 1) if viewer else ()
        for run in found[: limit - cases]:
            moved += _move(engine, move, viewer or THIS_MACHINE, run)
        if len(found) > limit - cases:
            return BulkPass(limit, moved, is_done=False)
        cases += len(found)
        with engine.transaction() as tx:
            tx.of(MoveStore).done(move.id, at=engine.clock.now())
            tx.commit()
    return BulkPass(cases, moved)


def _left(engine: Engine, move: BulkMove, viewer: Viewer, *, most: int) -> tuple[OpenRun, ...]:
    at, but = (move.to_hash, "") if move.undoes else ("", move.to_hash)
    with engine.transaction(viewer) as tx:
        return tx.of(MoveStore).open_runs(
            move.workflow, viewer=viewer, at=at, but=but, after=move.after_run_id, most=most
        )


def _move(engine: Engine, move: BulkMove, viewer: Viewer, run: OpenRun) -> int:
    try:
        return _move_one(engine, move, viewer, run)
    except IcmcError as error:
        log.info("case_was_not_moved", extra={"case_id": str(run.case_id), "code": error.code})
    except Exception:  # noqa: BLE001 - whatever is wrong with one, the others must go on
        log.error("case_could_not_be_moved", extra={"case_id": str(run.case_id)})  # noqa: TRY400
    with engine.transaction() as tx:
        tx.of(MoveStore).take(move.id, run.id)
        tx.commit()
    return 0


def _move_one(engine: Engine, move: BulkMove, viewer: Viewer, run: OpenRun) -> int:
    with engine.transaction() as tx:
        to_hash = _before(tx, move.undoes, run) if move.undoes else move.to_hash
        is_of_it = int(bool(to_hash))
        is_free = tx.of(MoveStore).take(move.id, run.id, cases=is_of_it, moved=is_of_it)
        if not (is_free and is_of_it):
            tx.commit()
            return 0
        state, now = tx.of(CaseStore).lock(run.case_id), engine.clock.now()
        require_member(viewer, state, Action.STEER)
        tx.writes.hold()
        command = cm.MoveRun(run.id, to_hash, cancels=move.cancels)
        carry_out(engine, tx, state, command, actor_id=viewer.acting_id, now=now)
        answer = {"case_id": str(run.case_id), "from": state.runs[run.id].definition_hash}
        tx.of(HousekeepingStore).remember(_command_of(move.id, run.id), answer, case_id=run.case_id, at=now)
        tx.commit()
        return 1


def _before(tx: Transaction, move_id: UUID, run: OpenRun) -> str:
    """Return the version from which a move took a run; empty for one that it did not take."""
    answer = tx.of(HousekeepingStore).answer_to(_command_of(move_id, run.id))
    return str(answer["from"]) if answer else ""


def _command_of(move_id: UUID, run_id: UUID) -> UUID:
    return uuid5(move_id, str(run_id))


def _add(engine: Engine, move: BulkMove) -> UUID:
    with engine.transaction() as tx:
        tx.of(MoveStore).add(move)
        tx.commit()
    return move.id


def _own(engine: Engine, move_id: UUID, viewer: Viewer) -> BulkMove:
    require(viewer, Action.STEER)
    with engine.transaction() as tx:
        move = tx.of(MoveStore).get(move_id)
    if move is None or move.asked_by != viewer.acting_id:
        raise NotFoundError(kind="move")
    return move


def _who(engine: Engine, move: BulkMove) -> Viewer | None:
    """Return who asked for a move as they are now; None for who has left."""
    try:
        return engine.ask_all(as_viewer, move.asked_by) if move.asked_by else THIS_MACHINE
    except NotFoundError:
        return None


def _version(engine: Engine, tx: Transaction, workflow: str, version: int | None) -> StoredDefinition:
    known = tx.of(DefinitionStore).versions("workflow", workflow)
    to = next((one for one in known if (one.version == version if version else one.status == "published")), None)
    if to is None or to.content_hash not in engine.definitions:
        raise NotFoundError(kind="workflow version")
    return to


def _titles(engine: Engine, run: OpenRun, keys: Iterable[str]) -> tuple[str, ...]:
    here = engine.definitions.get(run.definition_hash)
    return tuple(here.steps[key].title if here and key in here.steps else key for key in keys)
