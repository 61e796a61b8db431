"""What the use cases of duty share: who may plan it, and how a command without a case is carried out once."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from engine.adapters.sql.unit_of_work import UnitOfWork
from engine.assembly import Engine
from engine.domain.policy import Action, can
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError
from engine.ports import ActorRecord
from engine.views import Viewer


def once(engine: Engine, command_id: UUID, change: Callable[[UnitOfWork, datetime], UUID]) -> UUID:
    """Carry out a command that belongs to no case, in one transaction; the same command gives the same id again."""
    now = engine.clock.now()
    with engine.unit_of_work() as work:
        work.records.take_turn(command_id)
        known = work.records.answer_to(command_id)
        if known is not None:
            return UUID(str(known["id"]))
        made = change(work, now)
        work.records.remember(command_id, {"id": str(made)}, case_id=None, at=now)
        work.commit()
        return made


def require_planner(viewer: Viewer, unit_id: UUID) -> None:
    """Refuse a viewer of another unit in the same words as for a unit that does not exist, and one who may not plan."""
    if not viewer.is_system and unit_id not in viewer.unit_ids:
        raise NotFoundError(kind="unit")
    if not may_plan(viewer, unit_id):
        raise NotAllowedError(actor=viewer.name, action=Action.MANAGE_ROTA.value)


def may_plan(viewer: Viewer, unit_id: UUID) -> bool:
    """Say whether a viewer may plan the shifts and absences of a unit."""
    return can(viewer, Action.MANAGE_ROTA, unit_id=unit_id)


def member(work: UnitOfWork, actor_id: UUID, unit_id: UUID, *, field: str) -> ActorRecord:
    """Load somebody who acts in a unit; raises `InvalidAnswersError` at `field` for anybody else."""
    actor = work.directory.actor(actor_id)
    if actor is None or actor.disabled or unit_id not in actor.unit_ids:
        raise InvalidAnswersError({field: "Choose someone active in this unit."})
    return actor


def refuse(problems: dict[str, str]) -> None:
    """Raise `InvalidAnswersError` when there is any problem."""
    if problems:
        raise InvalidAnswersError(problems)
