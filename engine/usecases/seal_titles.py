"""Seal the titles that people typed for steps they added, before such titles were sealed."""

import logging
from uuid import UUID

from engine.assembly import Engine

log = logging.getLogger(__name__)


def seal_old_titles(engine: Engine) -> int:
    """Seal each title that still lies open, one case at a time, and show that of the step type; gives how many."""
    with engine.unit_of_work() as work:
        found = work.cases.typed_titles()
    done = 0
    for case_id, step_id, uses, title in found:
        step_type = engine.registry.step_types.get(uses)
        shown = step_type.title if step_type else uses
        if title == shown:
            continue
        try:
            _seal(engine, case_id, step_id, title=title, shown=shown)
            done += 1
        except Exception:  # noqa: BLE001 - whatever is wrong with one, the others must go on
            log.warning("title_not_sealed", extra={"step_id": str(step_id)})
    return done


def _seal(engine: Engine, case_id: UUID, step_id: UUID, *, title: str, shown: str) -> None:
    with engine.unit_of_work() as work:
        work.cases.keep_title(work.cases.lock(case_id).case, step_id, title, shown=shown)
        work.commit()
