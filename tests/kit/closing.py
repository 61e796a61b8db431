"""Close a case for a test that is about what comes after."""

from uuid import UUID

from engine.assembly import Engine
from engine.cases.actions.deciding import carry_out
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core.policy import Viewer


def close_at_once(engine: Engine, case_id: UUID, viewer: Viewer) -> None:
    """Close a case although something is open in it, as if a second person had agreed."""
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        carry_out(engine, tx, state, cm.CloseCase("mistake"), actor_id=viewer.actor_id, now=now)
        tx.commit()
