"""With which other cases a case belongs together: their numbers only for who may see them."""

from uuid import UUID

from sqlalchemy import and_, case, func, or_, select

from engine import views as vw
from engine.adapters.sql import tables as tb
from engine.adapters.sql.queries.person_page import ANOTHER
from engine.adapters.sql.queries.reading import Reading, Row
from engine.adapters.sql.queries.shape import ACTOR, CASE, DEADLINE, DEADLINE_IS_OPEN, ITEM, ITEM_IS_OPEN, OPENING
from engine.adapters.sql.queries.sight import access_to, is_narrowed
from engine.adapters.sql.visibility import visible_to
from engine.domain.case_links import LinkKind
from engine.errors import NotFoundError

_LINK = tb.CaseRow.metadata.tables["case_link"]


def case_links(reading: Reading, viewer: vw.Viewer, case_id: UUID) -> tuple[vw.CaseLinkView, ...]:
    """List the links of a case, and the merges that wait for an answer; raises `NotFoundError`.

    They are for those whose unit keeps the case: no grant shows with which others it belongs together.
    """
    seen = visible_to(viewer, now=reading.now)
    if reading.first(select(CASE.c.id).where(CASE.c.id == case_id, seen)) is None:
        raise NotFoundError(kind="case")
    if is_narrowed(access_to(reading, viewer, case_id)):
        return ()
    other = case((_LINK.c.case_id == case_id, _LINK.c.other_case_id), else_=_LINK.c.case_id)
    items = select(func.count()).where(ITEM.c.case_id == CASE.c.id, ITEM_IS_OPEN).scalar_subquery()
    timed = and_(DEADLINE.c.case_id == CASE.c.id, DEADLINE_IS_OPEN, DEADLINE.c.purpose != OPENING)
    due = select(func.min(DEADLINE.c.due_at)).where(timed).scalar_subquery()
    rows = reading.rows(
        select(
            _LINK, ACTOR.c.name.label("who"), CASE.c.id.label("other_id"), CASE.c.number, CASE.c.status,
            items.label("open_items"), due.label("next_due_at"),
        )
        .select_from(
            _LINK.outerjoin(CASE, and_(CASE.c.id == other, seen)).outerjoin(ACTOR, ACTOR.c.id == _LINK.c.asked_by)
        )
        .where(or_(_LINK.c.case_id == case_id, _LINK.c.other_case_id == case_id), _LINK.c.ended_at.is_(None))
        .order_by(_LINK.c.asked_at, _LINK.c.id)
    )  # fmt: skip
    return tuple(_view(row, viewer, case_id) for row in rows)


def _view(row: Row, viewer: vw.Viewer, case_id: UUID) -> vw.CaseLinkView:
    is_merge, is_first = row["kind"] == LinkKind.MERGED, row["case_id"] == case_id
    is_agreed = is_merge and row["approved_at"] is not None
    is_seen = row["other_id"] is not None
    return vw.CaseLinkView(
        id=row["id"],
        kind=row["kind"],
        case_id=row["other_id"],
        number=row["number"] if is_seen else ANOTHER,
        status=row["status"] if is_seen else "",
        is_stub=is_agreed and is_first,
        is_into=is_agreed and not is_first,
        is_asked=is_merge and not is_agreed,
        is_primary=is_first,
        asked_by=row["who"],
        asked_by_me=row["asked_by"] == viewer.actor_id,
        asked_at=row["asked_at"],
        reason_code=row["reason_code"],
        rests=row["rests"],
        open_items=row["open_items"] if is_seen else 0,
        next_due_at=row["next_due_at"] if is_seen else None,
    )
