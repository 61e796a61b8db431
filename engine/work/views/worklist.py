"""The worklist: what one person has claimed or may claim, and who is proposed for what nobody has."""

from datetime import datetime, time, timedelta
from operator import attrgetter
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, DateTime, Select, and_, exists, func, literal, null, select, tuple_, union_all
from sqlalchemy.sql.expression import CompoundSelect, cast

from engine.cases.visibility import kept_by, late_by, nearest_due, nearest_late, step_shown_to, units_of, visible_to
from engine.core.policy import Viewer
from engine.core.values import person_in
from engine.db.reading import Reading, Row
from engine.db.shape import (
    ABSENCE,
    ACTOR,
    CASE,
    DEADLINE,
    DEADLINE_IS_OPEN,
    ESCALATION,
    ITEM,
    ITEM_IS_OPEN,
    ITEM_IS_RESERVED,
    MEMBERSHIP,
    OPENING,
    RECUSAL,
    STEP,
)
from engine.errors import NotFoundError
from engine.language.ladders import Ladder
from engine.work.records import ProposedView, WorkCounts, WorkItemView
from engine.work.views.items import first_by_deadline, item_views, may_claim, select_items

_MINE: Final = "mine"
_FREE: Final = "free"
_NO_TIMES: Final = tuple(cast(null(), DateTime(timezone=True)).label(name) for name in ("due_at", "late_from"))


def worklist(
    reading: Reading, viewer: Viewer, *, only_mine: bool = False, limit: int = 100
) -> tuple[WorkItemView, ...]:
    """List what the viewer has claimed, and what is ready for one of their roles in their units.

    In the order of due times, then by priority; what has no limit comes last.
    """
    timed = reading.soon(_fetch, reading, viewer, _timed(viewer, only_mine=only_mine, limit=limit), limit)
    if only_mine:
        return item_views(reading, timed(), viewer)
    untimed = reading.soon(_fetch, reading, viewer, _untimed(viewer, limit), limit)
    return item_views(reading, [*timed(), *untimed()][:limit], viewer)


def open_items(
    reading: Reading, viewer: Viewer, *, after: UUID | None = None, limit: int = 50
) -> tuple[WorkItemView, ...]:
    """List the open items of the cases of the viewer's own units in the order in which they came, after one of them."""
    own = with_times().join(CASE, CASE.c.id == ITEM.c.case_id).where(ITEM_IS_OPEN, kept_by(viewer))
    wanted = own.order_by(ITEM.c.opened_at, ITEM.c.id).limit(limit)
    if after is not None:
        last = select(ITEM.c.opened_at, ITEM.c.id).join(CASE, CASE.c.id == ITEM.c.case_id)
        last = last.where(ITEM.c.id == after, kept_by(viewer))
        wanted = wanted.where(tuple_(ITEM.c.opened_at, ITEM.c.id) > last.scalar_subquery())
    found = item_views(reading, reading.rows(select_items(wanted.subquery("picked"))), viewer)
    return tuple(sorted(found, key=attrgetter("opened_at", "id")))


def work_counts(reading: Reading, viewer: Viewer, *, zone: str) -> WorkCounts:
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
    to_acknowledge = reading.soon(_to_acknowledge, reading, viewer)
    counted = reading.soon(
        reading.rows,
        select(*(func.count().filter(condition).label(name) for name, condition in sorts.items()))
        .select_from(picked.join(ITEM, ITEM.c.id == picked.c.id).join(CASE, CASE.c.id == ITEM.c.case_id))
        .where(visible_to(viewer, now=reading.now)),
    )
    return WorkCounts(**counted()[0], to_acknowledge=to_acknowledge())


def _counted(viewer: Viewer, *, until: datetime) -> CompoundSelect[tuple[object, ...]]:
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


def _to_acknowledge(reading: Reading, viewer: Viewer) -> int:
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


def work_item(reading: Reading, viewer: Viewer, item_id: UUID) -> WorkItemView:
    """Return one item of a case that the viewer sees; raises `NotFoundError`."""
    return item_views(reading, [item_row(reading, viewer, item_id)], viewer)[0]


def item_row(reading: Reading, viewer: Viewer, item_id: UUID) -> Row:
    """Fetch the row of one item of a case that the viewer sees; raises `NotFoundError`."""
    one = with_times().where(ITEM.c.id == item_id)
    shown = step_shown_to(viewer, STEP.c.path, CASE.c.id, now=reading.now) | (
        visible_to(viewer, now=reading.now) & _is_mine(viewer)
    )
    row = reading.first(select_items(one.subquery("picked")).where(shown))
    if row is None:
        raise NotFoundError(kind="work item")
    return row


def _fetch(
    reading: Reading,
    viewer: Viewer,
    picked: Select[tuple[object, ...]] | CompoundSelect[tuple[object, ...]],
    limit: int,
) -> list[Row]:
    statement = select_items(picked.subquery("picked")).where(visible_to(viewer, now=reading.now)).limit(limit)
    return [*reading.rows(statement)]


def _timed(
    viewer: Viewer, *, only_mine: bool, limit: int
) -> Select[tuple[object, ...]] | CompoundSelect[tuple[object, ...]]:
    """Pick the viewer's own items, limited or not, and those that may be claimed and have a limit."""
    if only_mine:
        return _mine(viewer)
    return union_all(_mine(viewer), first_by_deadline(units_of(viewer), may_claim(viewer), limit=limit))


def _mine(viewer: Viewer) -> Select[tuple[UUID, datetime, datetime]]:
    return with_times().where(_is_mine(viewer))


def with_times() -> Select[tuple[UUID, datetime, datetime]]:
    """Return the statement that picks items with when they are due, and late."""
    due, late = nearest_due(ITEM.c.step_id), nearest_late(ITEM.c.step_id)
    return select(ITEM.c.id, due.label("due_at"), late.label("late_from"))


def _untimed(viewer: Viewer, limit: int) -> Select[tuple[object, ...]]:
    """Pick what may be claimed and has no limit."""
    units = units_of(viewer)
    timed = exists().where(DEADLINE.c.step_id == ITEM.c.step_id, DEADLINE_IS_OPEN, DEADLINE.c.purpose != OPENING)
    return (
        select(ITEM.c.id, *_NO_TIMES)
        .where(ITEM.c.unit_id.in_(select(units.c.id)), may_claim(viewer), ~timed)
        .order_by(ITEM.c.priority.desc(), ITEM.c.opened_at, ITEM.c.id)
        .limit(limit)
    )


def _is_mine(viewer: Viewer) -> ColumnElement[bool]:
    return (ITEM.c.assignee_id == viewer.actor_id) & ITEM_IS_RESERVED


_MOST = 200


def proposed_doer(reading: Reading, viewer: Viewer, item_id: UUID) -> ProposedView | None:
    """Return whom a step proposes to do an item that nobody has; None for an approval, and where nobody did one before.

    Whoever did a step of the same type last, else of one that the type names in its `stays_with`, in that order: for
    the same person, or for the case as a whole. Only who may do the item, is not away, and is not recused
    is proposed. Raises `NotFoundError`.
    """
    row = item_row(reading, viewer, item_id)
    step_type = reading.known.step_type(row["uses"])
    if row["status"] != "ready" or row["approval"] or step_type is None:
        return None
    wanted = (step_type.key, *step_type.stays_with)
    whose = {None, person_in(row["path"])}
    found = [one for one in reading.rows(_did(reading, row, wanted)) if person_in(one["path"]) in whose]
    if not found:
        return None
    first = min(found, key=lambda one: wanted.index(one["uses"]))
    did = reading.known.step_type(first["uses"])
    return ProposedView(
        actor_id=first["actor_id"], name=first["name"], did=did.title if did else first["uses"],
        is_viewer=first["actor_id"] == viewer.actor_id,
    )  # fmt: skip


def _did(reading: Reading, row: Row, wanted: tuple[str, ...]) -> Select[tuple[object, ...]]:
    """Select who did such steps of the case and may do this item now, the latest first."""
    is_member = exists().where(
        MEMBERSHIP.c.actor_id == ACTOR.c.id, MEMBERSHIP.c.unit_id == row["unit_id"],
        MEMBERSHIP.c.role.in_(row["candidate_roles"]),
    )  # fmt: skip
    is_away = exists().where(
        ABSENCE.c.actor_id == ACTOR.c.id, ABSENCE.c.cancelled_at.is_(None), ABSENCE.c.starts_at <= reading.now,
        ABSENCE.c.ends_at > reading.now,
    )  # fmt: skip
    is_recused = exists().where(
        RECUSAL.c.actor_id == ACTOR.c.id, RECUSAL.c.case_id == row["case_id"], RECUSAL.c.ended_at.is_(None)
    )
    return (
        select(ACTOR.c.id.label("actor_id"), ACTOR.c.name, STEP.c.uses, STEP.c.path)
        .select_from(STEP.join(ACTOR, ACTOR.c.id == STEP.c.completed_by))
        .where(
            STEP.c.case_id == row["case_id"], STEP.c.id != row["step_id"], STEP.c.uses.in_(wanted),
            ACTOR.c.disabled.is_(False), ACTOR.c.id.not_in(row["excluded_ids"]),
            and_(is_member, ~is_away, ~is_recused),
        )
        .order_by(STEP.c.ended_at.desc().nulls_last(), STEP.c.id)
        .limit(_MOST)
    )  # fmt: skip
