"""The worklist: what one person has claimed or may claim, the most urgent first."""

from datetime import datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, DateTime, Select, exists, func, literal, null, select, union_all
from sqlalchemy.sql.expression import CompoundSelect, cast

from engine import views as vw
from engine.adapters.sql.queries.items import (
    first_by_deadline,
    item_views,
    late_by,
    may_claim,
    nearest_due,
    nearest_late,
    select_items,
    units_of,
)
from engine.adapters.sql.queries.reading import Reading, Row
from engine.adapters.sql.queries.shape import (
    CASE,
    DEADLINE,
    DEADLINE_IS_OPEN,
    ESCALATION,
    ITEM,
    ITEM_IS_RESERVED,
    OPENING,
    STEP,
)
from engine.adapters.sql.visibility import step_shown_to, visible_to
from engine.errors import NotFoundError
from engine.spec.ladders import Ladder

_MINE: Final = "mine"
_FREE: Final = "free"
_NO_TIMES: Final = tuple(cast(null(), DateTime(timezone=True)).label(name) for name in ("due_at", "late_from"))


def worklist(
    reading: Reading, viewer: vw.Viewer, *, only_mine: bool = False, limit: int = 100
) -> tuple[vw.WorkItemView, ...]:
    """List what the viewer has claimed, and what is ready for one of their roles in their units.

    In the order of due times, then by priority; what has no limit comes last.
    """
    rows: list[Row] = [*_fetch(reading, viewer, _timed(viewer, only_mine=only_mine, limit=limit), limit)]
    if len(rows) < limit and not only_mine:
        rows += _fetch(reading, viewer, _untimed(viewer, limit - len(rows)), limit - len(rows))
    return item_views(reading, rows, viewer)


def work_counts(reading: Reading, viewer: vw.Viewer, *, zone: str) -> vw.WorkCounts:
    """Count what the worklist lists, however long it is, and the levels that wait for the viewer to have seen them.

    Today is that of `zone`.
    """
    tonight = _end_of_day(reading.now, ZoneInfo(zone))
    picked = _counted(viewer, until=tonight).subquery("picked")
    is_late = late_by(picked.c.due_at, picked.c.late_from, reading.now)
    sorts = {
        "overdue": is_late,
        "due_today": (picked.c.due_at < tonight) & ~is_late,
        "mine": picked.c.sort == _MINE,
        "free": picked.c.sort == _FREE,
    }
    rows = reading.rows(
        select(*(func.count().filter(condition).label(name) for name, condition in sorts.items()))
        .select_from(picked.join(ITEM, ITEM.c.id == picked.c.id).join(CASE, CASE.c.id == ITEM.c.case_id))
        .where(visible_to(viewer, now=reading.now))
    )
    return vw.WorkCounts(**rows[0], to_acknowledge=_to_acknowledge(reading, viewer))


def _counted(viewer: vw.Viewer, *, until: datetime) -> CompoundSelect[tuple[object, ...]]:
    """Pick the viewer's own items, those that may be claimed, and, of these, once more those that are due by then."""
    units = units_of(viewer)
    soon = first_by_deadline(units_of(viewer), may_claim(viewer), limit=None, before=until).subquery("soon")
    return union_all(
        _mine(viewer).add_columns(literal(_MINE).label("sort")),
        select(ITEM.c.id, *_NO_TIMES, literal(_FREE).label("sort")).where(
            ITEM.c.unit_id.in_(select(units.c.id)), may_claim(viewer)
        ),
        select(soon.c.id, soon.c.due_at, soon.c.late_from, literal("").label("sort")),
    )


def _end_of_day(now: datetime, zone: ZoneInfo) -> datetime:
    return datetime.combine(now.astimezone(zone).date() + timedelta(days=1), time(), tzinfo=zone)


def _to_acknowledge(reading: Reading, viewer: vw.Viewer) -> int:
    """Count the open deadlines of which a level has told the viewer that asks whether somebody has seen it."""
    rows = reading.rows(
        select(ESCALATION.c.deadline_id, ESCALATION.c.level, ESCALATION.c.ladder, ESCALATION.c.ladder_version)
        .select_from(
            ESCALATION.join(DEADLINE, DEADLINE.c.id == ESCALATION.c.deadline_id).join(
                CASE, CASE.c.id == ESCALATION.c.case_id
            )
        )
        .where(
            ESCALATION.c.recipient_ids.contains([viewer.actor_id]), ESCALATION.c.acknowledged_at.is_(None),
            DEADLINE_IS_OPEN, visible_to(viewer, now=reading.now),
        )
    )  # fmt: skip
    known = reading.known.library().ladder_in
    return len({row["deadline_id"] for row in rows if _asks(known(row["ladder"], row["ladder_version"]), row["level"])})


def _asks(ladder: Ladder | None, number: int) -> bool:
    level = next((level for level in ladder.levels if level.level == number), None) if ladder else None
    return level is not None and level.needs_acknowledgement


def work_item(reading: Reading, viewer: vw.Viewer, item_id: UUID) -> vw.WorkItemView:
    """Give one item of a case that the viewer sees; raises `NotFoundError`."""
    return item_views(reading, [item_row(reading, viewer, item_id)], viewer)[0]


def item_row(reading: Reading, viewer: vw.Viewer, item_id: UUID) -> Row:
    """Fetch the row of one item of a case that the viewer sees; raises `NotFoundError`."""
    one = _with_times().where(ITEM.c.id == item_id)
    shown = step_shown_to(viewer, STEP.c.path, CASE.c.id, now=reading.now) | (
        visible_to(viewer, now=reading.now) & _is_mine(viewer)
    )
    row = reading.first(select_items(one.subquery("picked")).where(shown))
    if row is None:
        raise NotFoundError(kind="work item")
    return row


def _fetch(
    reading: Reading,
    viewer: vw.Viewer,
    picked: Select[tuple[object, ...]] | CompoundSelect[tuple[object, ...]],
    limit: int,
) -> list[Row]:
    statement = select_items(picked.subquery("picked")).where(visible_to(viewer, now=reading.now)).limit(limit)
    return [*reading.rows(statement)]


def _timed(
    viewer: vw.Viewer, *, only_mine: bool, limit: int
) -> Select[tuple[object, ...]] | CompoundSelect[tuple[object, ...]]:
    """Pick the viewer's own items, limited or not, and those that may be claimed and have a limit."""
    if only_mine:
        return _mine(viewer)
    return union_all(_mine(viewer), first_by_deadline(units_of(viewer), may_claim(viewer), limit=limit))


def _mine(viewer: vw.Viewer) -> Select[tuple[UUID, datetime, datetime]]:
    return _with_times().where(_is_mine(viewer))


def _with_times() -> Select[tuple[UUID, datetime, datetime]]:
    due, late = nearest_due(ITEM.c.step_id), nearest_late(ITEM.c.step_id)
    return select(ITEM.c.id, due.label("due_at"), late.label("late_from"))


def _untimed(viewer: vw.Viewer, limit: int) -> Select[tuple[object, ...]]:
    """Pick what may be claimed and has no limit: asked for only when the timed ones leave room."""
    units = units_of(viewer)
    timed = exists().where(DEADLINE.c.step_id == ITEM.c.step_id, DEADLINE_IS_OPEN, DEADLINE.c.purpose != OPENING)
    return (
        select(ITEM.c.id, *_NO_TIMES)
        .where(ITEM.c.unit_id.in_(select(units.c.id)), may_claim(viewer), ~timed)
        .order_by(ITEM.c.priority.desc(), ITEM.c.opened_at, ITEM.c.id)
        .limit(limit)
    )


def _is_mine(viewer: vw.Viewer) -> ColumnElement[bool]:
    return (ITEM.c.assignee_id == viewer.actor_id) & ITEM_IS_RESERVED
