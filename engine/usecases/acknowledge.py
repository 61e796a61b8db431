"""Say that an escalation, or a notice, has been seen."""

from uuid import UUID

from engine.assembly import Engine
from engine.domain import commands as cm
from engine.usecases.deciding import carry_out, require_member
from engine.views import Viewer


def acknowledge(engine: Engine, deadline_id: UUID, *, case_id: UUID, viewer: Viewer, command_id: UUID) -> None:
    """Acknowledge the levels that were raised so far for a deadline; raises `NotFoundError`."""
    now = engine.clock.now()
    with engine.unit_of_work() as work:
        state = work.cases.lock(case_id)
        require_member(viewer, state)
        if work.records.answer_to(command_id) is not None:
            return
        command = cm.Acknowledge(deadline_id, viewer.actor_id)
        carry_out(engine, work, state, command, actor_id=viewer.actor_id, now=now)
        work.messages.acknowledge(deadline_id, by=viewer.actor_id, at=now)
        work.records.remember(command_id, {"deadline_id": str(deadline_id)}, case_id=case_id, at=now)
        work.commit()


def mark_read(engine: Engine, notice_id: UUID, *, viewer: Viewer) -> None:
    """Say that the viewer has read a notice of theirs; another's changes nothing."""
    with engine.unit_of_work() as work:
        work.messages.mark_read(notice_id, by=viewer.actor_id, at=engine.clock.now())
        work.commit()
