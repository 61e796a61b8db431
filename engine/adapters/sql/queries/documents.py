"""The papers of a case: what there is, and the text of one."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Select, select

from engine import views as vw
from engine.adapters.sql.queries.reading import Reading, Row
from engine.adapters.sql.queries.shape import ACTOR, CASE, DOCUMENT, STEP
from engine.adapters.sql.queries.sight import access_to, is_narrowed, shows_paper
from engine.adapters.sql.visibility import visible_to
from engine.domain.policy import Action, can
from engine.errors import NotAllowedError, NotFoundError


def select_documents() -> Select[tuple[object, ...]]:
    """Give the statement that lists documents without their text, in the order in which they were made."""
    listed = [column for column in DOCUMENT.c if column.name != "sealed_html"]
    return (
        select(*listed, ACTOR.c.name.label("released_by_name"))
        .select_from(DOCUMENT.outerjoin(ACTOR, ACTOR.c.id == DOCUMENT.c.released_by))
        .order_by(DOCUMENT.c.made_at, DOCUMENT.c.number, DOCUMENT.c.version)
    )


def document_views(rows: Iterable[Row]) -> tuple[vw.DocumentView, ...]:
    """Make views of rows that `select_documents` gave."""
    same = ("id", "case_id", "name", "title", "number", "version", "made_at", "sha256")
    return tuple(
        vw.DocumentView(released_by=row["released_by_name"], **{name: row[name] for name in same}) for row in rows
    )


def case_of_document(reading: Reading, viewer: vw.Viewer, document_id: UUID) -> UUID:
    """Give the case of a document that the viewer may know of; raises `NotFoundError`."""
    row = reading.first(
        select(CASE.c.id)
        .select_from(DOCUMENT.join(CASE, CASE.c.id == DOCUMENT.c.case_id))
        .where(DOCUMENT.c.id == document_id, visible_to(viewer, now=reading.now))
    )
    if row is None:
        raise NotFoundError(kind="document")
    found: UUID = row["id"]
    return found


def sealed_document(reading: Reading, viewer: vw.Viewer, document_id: UUID) -> bytes:
    """Give the sealed text of a document; raises `NotFoundError`, and `NotAllowedError` for who may reveal nothing."""
    row = reading.first(
        select(DOCUMENT.c.sealed_html, DOCUMENT.c.case_id, STEP.c.uses)
        .select_from(
            DOCUMENT.join(CASE, CASE.c.id == DOCUMENT.c.case_id).outerjoin(STEP, STEP.c.id == DOCUMENT.c.step_id)
        )
        .where(DOCUMENT.c.id == document_id, visible_to(viewer, now=reading.now))
    )
    if row is None:
        raise NotFoundError(kind="document")
    access = access_to(reading, viewer, row["case_id"], kind="document")
    is_shown = shows_paper(access, row["uses"], reading.known.fields(row["uses"], None) if row["uses"] else ())
    if is_narrowed(access) and not is_shown:
        raise NotFoundError(kind="document")
    if not is_shown or not can(viewer, Action.REVEAL, access=access):
        raise NotAllowedError(actor=viewer.name, action=Action.REVEAL.value)
    if row["sealed_html"] is None:
        raise NotFoundError(kind="document")
    sealed: bytes = row["sealed_html"]
    return sealed
