"""What a program that reported a case may know of it: that it is here, and how far it is."""

from typing import NamedTuple
from uuid import UUID

from engine.assembly import Engine
from engine.cases.actions.deciding import is_barred
from engine.cases.actions.returning import Progress, progress_of_case
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.core.policy import Action, Viewer, can
from engine.errors import NotFoundError


class OwnReport(NamedTuple):
    """A report as its sender may know it: what is told to whoever reported, and nothing of the case."""

    case_id: UUID
    case_number: str
    progress: Progress


def own_report(engine: Engine, case_id: UUID, *, viewer: Viewer) -> OwnReport:
    """Say how far a report is to who sent it, as `come_back` says it to whoever knows its code.

    Raises `NotFoundError` for one of somebody else as for one that is not there, and for a case that is denied to who
    sent its report.
    """
    with engine.transaction() as tx:
        if tx.of(HousekeepingStore).reporter_of(case_id) != viewer.actor_id:
            raise NotFoundError(kind="report")
        state = tx.of(CaseStore).read(case_id)
        if is_barred(viewer, state) or not can(viewer, Action.OPEN_CASE):
            raise NotFoundError(kind="report")
        progress = progress_of_case(tx, case_id)
    return OwnReport(case_id, state.case.number, progress)
