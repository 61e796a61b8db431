"""Prove rows by the history: that nobody has changed behind the application's back who may do what, and what is due."""

import logging
from typing import Final

from engine.adapters.sql.housekeeping_store import HousekeepingStore
from engine.assembly import Engine

log = logging.getLogger(__name__)

STATE_AUDIT: Final = "state_audit"
"""Where what the last pass found is kept among the facts of the installation."""


def begin_history_of_rows(engine: Engine) -> bool:
    """Write down once what stands in every row that opens a door; gives whether it was this time.

    From then on each change comes into the history by itself, and a row that it does not know is a difference.
    """
    with engine.transaction() as tx:
        begun = tx.begin_rows()
        if begun:
            tx.commit()
    return begun


def prove_state(engine: Engine) -> int:
    """Prove every chain, and every row by them; gives how many things do not fit. For a schedule.

    Kept are the numbers only: `icmc audit verify --state` says in words what it is.
    """
    chains = sum(1 for _ in engine.faults(()))
    differences = sum(1 for _ in engine.state_differences())
    now = engine.wall_clock.now()
    with engine.transaction() as tx:
        found = {"at": now.isoformat(), "chains": chains, "differences": differences}
        tx.of(HousekeepingStore).set_installation(STATE_AUDIT, found)
        tx.commit()
    if chains or differences:
        log.error("state_audit_found", extra={"chains": chains, "differences": differences})
    return chains + differences
