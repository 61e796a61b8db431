"""How the viewer of a question comes to a case, and what of it they are shown."""

from uuid import UUID

from engine import views as vw
from engine.adapters.sql.access_store import AccessStore
from engine.adapters.sql.queries.reading import Reading
from engine.domain.access import CaseAccess, Via
from engine.domain.narrowing import OPERATIONAL, covers
from engine.errors import NotFoundError


def access_to(reading: Reading, viewer: vw.Viewer, case_id: UUID, *, kind: str = "case") -> CaseAccess:
    """Say how a viewer sees a case; raises `NotFoundError` of that kind for who does not."""
    access = AccessStore(reading.connection).access_of(viewer, case_id, reading.now)
    if access.via is Via.NONE:
        raise NotFoundError(kind=kind)
    return access


def shows_step(access: CaseAccess, step_id: UUID) -> bool:
    """Say whether the time of a step is shown: to the case's own unit, by `case.*`, and of a step that was offered."""
    return covers(access, OPERATIONAL) or step_id in access.step_ids
