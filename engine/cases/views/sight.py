"""How the viewer of a question comes to a case, and what of it they are shown."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from sqlalchemy import select

from engine.cases.access_store import AccessStore
from engine.cases.views.answers import Answers
from engine.cases.visibility import visible_to
from engine.core import access as narrowing
from engine.core.access import CaseAccess, Via, shows_whole
from engine.core.policy import Action, can
from engine.core.values import person_in
from engine.core.viewer import Viewer
from engine.db.reading import Reading, Row
from engine.db.shape import CASE
from engine.db.store import Within
from engine.errors import NotAllowedError, NotFoundError
from engine.plugin.fields import FieldSpec

ANSWERED: Final = frozenset({"ended", "approval"})
"""The statuses of a step whose answers are shown."""


def access_to(reading: Reading, viewer: Viewer, case_id: UUID, *, kind: str = "case") -> CaseAccess:
    """Say how a viewer sees a case; raises `NotFoundError` of that kind for who does not."""
    access = AccessStore(Within(reading.connection, reading.vault)).access_of(viewer, case_id, reading.now)
    if access.via is Via.NONE:
        raise NotFoundError(kind=kind)
    return access


def require_whole(reading: Reading, viewer: Viewer, case_id: UUID, action: Action) -> None:
    """Let pass who is shown the whole of a case and may do something with it; to a grant the question is not there.

    Raises `NotFoundError`, `NotAllowedError`.
    """
    seen = select(CASE.c.id).where(CASE.c.id == case_id, visible_to(viewer, now=reading.now))
    if reading.first(seen) is None:
        raise NotFoundError(kind="case")
    access = access_to(reading, viewer, case_id)
    if is_narrowed(access):
        raise NotFoundError(kind="case")
    if not can(viewer, action, access=access):
        raise NotAllowedError(actor=viewer.name, action=action.value)


def is_narrowed(access: CaseAccess) -> bool:
    """Say whether less than the whole case is shown, since it is seen through a grant."""
    return access.fields is not None


def may_tell(access: CaseAccess, step: Row) -> bool:
    """Say whether anything of the step of a row can be shown: its time, or some of the answers that it has."""
    if shows_time(access, step):
        return True
    return step["status"] in ANSWERED and narrowing.may_tell(access, step["id"], step["uses"], step["path"])


def shows_time(access: CaseAccess, step: Row) -> bool:
    """Say whether it is shown where the step of a row stands, and when; else it is there as its answers alone."""
    return narrowing.shows_step(access, step["id"], step["path"])


def shows_part(access: CaseAccess, name: str) -> bool:
    """Say whether a fact of the whole case is shown, or what it is about; `case.*` is too wide to show it."""
    return access.fields is None or f"case.{name}" in access.fields


def shows_paper(access: CaseAccess, uses: str | None, path: str | None, fields: Iterable[FieldSpec]) -> bool:
    """Say whether the papers of a step are shown: all that its form asks for must be, and who all the persons are."""
    if uses is None or path is None:
        return not is_narrowed(access)
    classes = {spec.sealed_class for spec in fields if spec.sealed_class}
    return shows_whole(access, uses, classes, person_id=person_in(path))


def shown_answers(
    access: CaseAccess, uses: str, path: str, fields: Iterable[FieldSpec], answers: Answers
) -> tuple[Answers, frozenset[str]]:
    """Give the answers of a step that are shown at all, and the names of those that stay masked even when revealed.

    A grant leaves out what it does not name, and all of a step of somebody for whom it does not hold. The case's own
    unit sees that there is an answer of a sealed class.
    """
    classes = {spec.name: spec.sealed_class or "" for spec in fields}
    shown = narrowing.names_shown(access, uses, path, answers, classes)
    if not is_narrowed(access):
        return answers, frozenset(answers) - shown
    return {name: value for name, value in answers.items() if name in shown}, frozenset()
