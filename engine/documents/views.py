"""The papers of a case: what there is, and the text of one."""

from collections.abc import Container, Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, exists, select

from engine.cases.views.sight import access_to, is_narrowed, opened_document, shows_paper
from engine.cases.visibility import visible_to
from engine.core.access import CaseAccess
from engine.core.policy import Action, Viewer, can
from engine.db.reading import Known, Reading, Row
from engine.db.shape import ACTOR, CASE, DOCUMENT, STEP, UNIT
from engine.errors import NotAllowedError, NotFoundError
from engine.work.records import DocumentView, PaperView

_LISTED: Final = [column for column in DOCUMENT.c if column.name != "encrypted_html"]


def select_documents() -> Select[tuple[object, ...]]:
    """Return the statement that lists documents without their text, in the order in which they were made."""
    return (
        select(
            *_LISTED, ACTOR.c.name.label("released_by_name"), DOCUMENT.c.encrypted_html.is_not(None).label("has_text")
        )
        .select_from(DOCUMENT.outerjoin(ACTOR, ACTOR.c.id == DOCUMENT.c.released_by))
        .order_by(DOCUMENT.c.made_at, DOCUMENT.c.number, DOCUMENT.c.version, DOCUMENT.c.id)
    )


def document_views(rows: Iterable[Row], *, opens: Container[UUID]) -> tuple[DocumentView, ...]:
    """Make views of rows that `select_documents` gave; `opens` are those that `that_open` gave."""
    return tuple(DocumentView(**_same(row), may_open=row["id"] in opens) for row in rows)


def that_open(
    known: Known, viewer: Viewer, access: CaseAccess | None, papers: Iterable[Row], steps: Mapping[UUID, Row]
) -> frozenset[UUID]:
    """Say which papers open for somebody, by the rows of their steps; `access` is None for the system."""
    return frozenset(
        paper["id"]
        for paper in papers
        if paper["has_text"] and (access is None or _opens(known, viewer, access, steps.get(paper["step_id"])))
    )


def paper(reading: Reading, viewer: Viewer, document_id: UUID) -> PaperView:
    """Return a document that the viewer may know of, without its text; raises `NotFoundError`."""
    newer = DOCUMENT.alias("newer")
    is_replaced = exists().where(
        newer.c.step_id == DOCUMENT.c.step_id, newer.c.name == DOCUMENT.c.name, newer.c.version > DOCUMENT.c.version
    )
    row = reading.first(
        select(
            *_LISTED, ACTOR.c.name.label("released_by_name"), UNIT.c.zone, is_replaced.label("is_replaced"),
            STEP.c.uses, STEP.c.path,
        )
        .select_from(
            DOCUMENT.join(CASE, CASE.c.id == DOCUMENT.c.case_id)
            .join(UNIT, UNIT.c.id == CASE.c.unit_id)
            .outerjoin(STEP, STEP.c.id == DOCUMENT.c.step_id)
            .outerjoin(ACTOR, ACTOR.c.id == DOCUMENT.c.released_by)
        )
        .where(DOCUMENT.c.id == document_id, visible_to(viewer, now=reading.present))
    )  # fmt: skip
    if row is None:
        raise NotFoundError(kind="document")
    _require_shown(reading, viewer, row)
    more = {name: row[name] for name in ("released_at", "zone", "is_replaced")}
    return PaperView(**_same(row), **more)


def document_text(reading: Reading, viewer: Viewer, document_id: UUID) -> str:
    """Return the HTML of a document; raises `NotFoundError`, and `NotAllowedError` for who may reveal nothing."""
    row = reading.first(
        select(DOCUMENT.c.encrypted_html, DOCUMENT.c.case_id, STEP.c.uses, STEP.c.path)
        .select_from(
            DOCUMENT.join(CASE, CASE.c.id == DOCUMENT.c.case_id).outerjoin(STEP, STEP.c.id == DOCUMENT.c.step_id)
        )
        .where(DOCUMENT.c.id == document_id, visible_to(viewer, now=reading.present))
    )
    if row is None:
        raise NotFoundError(kind="document")
    access = _require_shown(reading, viewer, row)
    if not _opens(reading.known, viewer, access, row):
        raise NotAllowedError(actor=viewer.name, action=Action.REVEAL.value)
    if row["encrypted_html"] is None:
        raise NotFoundError(kind="document")
    return opened_document(reading.vault, document_id, row["encrypted_html"])


def _require_shown(reading: Reading, viewer: Viewer, row: Row) -> CaseAccess:
    """Refuse a paper that a grant does not show as one that is not there."""
    access = access_to(reading, viewer, row["case_id"], kind="document")
    if is_narrowed(access) and not _is_shown(reading.known, access, row):
        raise NotFoundError(kind="document")
    return access


def _same(row: Row) -> dict[str, Any]:
    same = ("id", "case_id", "name", "title", "number", "version", "made_at", "sha256")
    return {name: row[name] for name in same} | {"released_by": row["released_by_name"]}


def _opens(known: Known, viewer: Viewer, access: CaseAccess, step: Row | None) -> bool:
    return _is_shown(known, access, step) and can(viewer, Action.REVEAL, access=access)


def _is_shown(known: Known, access: CaseAccess, step: Row | None) -> bool:
    """Return whether the papers of a step are shown; `step` has its type and path, which are None where it is gone."""
    uses, path = (step["uses"], step["path"]) if step else (None, None)
    return shows_paper(access, uses, path, known.fields(uses, None) if uses else ())
