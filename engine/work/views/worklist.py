"""The worklist: what one person has claimed or may claim, and who is proposed for what nobody has."""

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    Select,
    Uuid,
    and_,
    any_,
    bindparam,
    exists,
    func,
    literal,
    null,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.sql.expression import CompoundSelect, cast

from engine.cases.visibility import kept_by, late_by, nearest_due, nearest_late, step_shown_to, units_of, visible_to
from engine.core.deadlines.lateness import is_overdue
from engine.core.policy import Viewer
from engine.core.values import person_in
from engine.db.reading import PRESENT, Reading, Row, few
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
from engine.work.records import MOST_COUNTED, ProposedView, WorkCounts, WorkItemView, WorkLine
from engine.work.views.items import first_by_deadline, in_order, item_views, may_claim, select_items

_MOST_KEPT: Final = 512
"""So many statements are kept for the next page, each for one viewer as they are now."""
_MINE: Final = "mine"
_FREE: Final = "free"
_NO_TIMES: Final = tuple(cast(null(), DateTime(timezone=True)).label(name) for name in ("due_at", "late_from"))


def worklist(
    reading: Reading, viewer: Viewer, *, only_mine: bool = False, limit: int = 100
) -> tuple[WorkItemView, ...]:
    """List what the viewer has claimed, and what is ready for one of their roles in their units.

    In the order of due times, then by priority; what has no limit comes last.
    """
    return item_views(reading, reading.rows(_listed(viewer, only_mine=only_mine, limit=limit)), viewer)


def work_lines(reading: Reading, viewer: Viewer, *, limit: int) -> tuple[WorkLine, ...]:
    """List what `worklist` lists, in the same order: only which items these are, whose, and when they are due."""
    rows = reading.rows(_lines(viewer, limit))
    return tuple(
        WorkLine(
            id=row["id"], is_mine=row["assignee_id"] == viewer.actor_id, due_at=row["due_at"],
            is_overdue=is_overdue(row["late_from"], reading.now),
        )
        for row in rows
    )  # fmt: skip


def work_items(reading: Reading, viewer: Viewer, ids: Collection[UUID]) -> dict[UUID, WorkItemView]:
    """Return those of these items that are still on the viewer's worklist, by their ids."""
    rows = reading.rows(_these(viewer), ids=list(ids))
    return {view.id: view for view in item_views(reading, rows, viewer)}


@lru_cache(_MOST_KEPT)
def _these(viewer: Viewer) -> Select[tuple[object, ...]]:
    """Fetch those of the items `ids` that are on the viewer's worklist."""
    is_one = ITEM.c.id == any_(bindparam("ids", type_=ARRAY(Uuid())))
    open_ones = with_times().where(is_one, may_claim(viewer) | _is_mine(viewer)).subquery("picked")
    return select_items(open_ones).where(visible_to(viewer, now=PRESENT))


def open_items(
    reading: Reading, viewer: Viewer, *, after: UUID | None = None, limit: int = 50
) -> tuple[WorkItemView, ...]:
    """List the open items of the cases of the viewer's own units in the order in which they came, after one of them."""
    own = with_times().join(CASE, CASE.c.id == ITEM.c.case_id).where(ITEM_IS_OPEN, kept_by(viewer))
    wanted = own.order_by(ITEM.c.opened_at, ITEM.c.id).limit(few(limit))
    if after is not None:
        last = select(ITEM.c.opened_at, ITEM.c.id).join(CASE, CASE.c.id == ITEM.c.case_id)
        last = last.where(ITEM.c.id == after, kept_by(viewer))
        wanted = wanted.where(tuple_(ITEM.c.opened_at, ITEM.c.id) > last.scalar_subquery())
    found = item_views(reading, reading.rows(select_items(wanted.subquery("picked"))), viewer)
    return tuple(sorted(found, key=attrgetter("opened_at", "id")))


def work_counts(reading: Reading, viewer: Viewer, *, zone: str) -> WorkCounts:
    """Count what the worklist lists, and the levels that wait for the viewer to have seen them.

    What is free, late or due is counted up to `MOST_COUNTED` of each. Today is that of `zone`.
    """
    to_acknowledge = reading.soon(_to_acknowledge, reading, viewer)
    mine, others = reading.soon(reading.rows, _own(viewer, zone)), reading.soon(reading.rows, _free(viewer, zone))
    (own,), free = mine(), {row["sort"]: row["number"] for row in others()}
    sums = {sort: min(free[sort] + own[sort], MOST_COUNTED) for sort in free}
    return WorkCounts(**sums, mine=own[_MINE], to_acknowledge=to_acknowledge())


@lru_cache(_MOST_KEPT)
def _own(viewer: Viewer, zone: str) -> Select[*tuple[Any, ...]]:
    """Count the viewer's own items: all, and those that are late or due today."""
    mine = _mine(viewer).subquery("own")
    is_late = late_by(mine.c.due_at, mine.c.late_from, PRESENT)
    sorts = {_MINE: true(), "overdue": is_late, "due_today": (mine.c.due_at < _end_of_day(zone)) & ~is_late}
    return (
        select(
            *(func.count().filter(condition).label(sort) for sort, condition in sorts.items()),
            literal(0).label(_FREE),
        )
        .select_from(mine.join(CASE, CASE.c.id == mine.c.case_id))
        .where(visible_to(viewer, now=PRESENT))
    )


@lru_cache(_MOST_KEPT)
def _free(viewer: Viewer, zone: str) -> CompoundSelect[tuple[object, ...]]:
    """Count the items that the viewer may claim: all, and those that are late or due today."""
    until, units = _end_of_day(zone), units_of(viewer)
    late = first_by_deadline(units, may_claim(viewer), limit=MOST_COUNTED, before=PRESENT, late=True)
    soon = first_by_deadline(units, may_claim(viewer), limit=MOST_COUNTED, before=until, late=False, now=PRESENT)
    today = soon.subquery("soon")
    free = select(ITEM.c.id).where(ITEM.c.unit_id.in_(select(units.c.id)), may_claim(viewer))
    sorts: dict[str, Select[Any]] = {
        _FREE: free.limit(few(MOST_COUNTED)), "overdue": late,
        "due_today": select(today.c.id).where(today.c.due_at < until),
    }  # fmt: skip
    return union_all(
        *(
            select(literal(sort).label("sort"), func.count().label("number")).select_from(found.subquery(sort))
            for sort, found in sorts.items()
        )
    )


def _end_of_day(zone: str) -> ColumnElement[datetime]:
    """Return the next midnight of a zone."""
    today = func.date_trunc("day", func.timezone(zone, PRESENT), type_=DateTime())
    return func.timezone(zone, today + timedelta(days=1), type_=DateTime(timezone=True))


def _to_acknowledge(reading: Reading, viewer: Viewer) -> int:
    """Count the open deadlines of which a level has told the viewer that asks whether somebody has seen it."""
    known = reading.known.library().ladder_in
    rows = reading.rows(_levels_told(viewer))
    return len({row["deadline_id"] for row in rows if _asks(known(row["ladder"], row["ladder_version"]), row["level"])})


@lru_cache(_MOST_KEPT)
def _levels_told(viewer: Viewer) -> Select[*tuple[Any, ...]]:
    return (
        select(ESCALATION.c.deadline_id, ESCALATION.c.level, ESCALATION.c.ladder, ESCALATION.c.ladder_version)
        .select_from(
            ESCALATION.join(DEADLINE, DEADLINE.c.id == ESCALATION.c.deadline_id).join(
                CASE, CASE.c.id == ESCALATION.c.case_id
            )
        )
        .where(
            ESCALATION.c.recipient_ids.contains([viewer.actor_id]), ESCALATION.c.acknowledged_at.is_(None),
            DEADLINE_IS_OPEN, visible_to(viewer, now=PRESENT),
        )
    )  # fmt: skip


def _asks(ladder: Ladder | None, number: int) -> bool:
    level = next((level for level in ladder.levels if level.level == number), None) if ladder else None
    return level is not None and level.needs_acknowledgement


def work_item(reading: Reading, viewer: Viewer, item_id: UUID) -> WorkItemView:
    """Return one item of a case that the viewer sees; raises `NotFoundError`."""
    return item_views(reading, [item_row(reading, viewer, item_id)], viewer)[0]


def item_row(reading: Reading, viewer: Viewer, item_id: UUID) -> Row:
    """Fetch the row of one item of a case that the viewer sees; raises `NotFoundError`."""
    row = reading.first(_one(viewer), item_id=item_id)
    if row is None:
        raise NotFoundError(kind="work item")
    return row


@lru_cache(_MOST_KEPT)
def _one(viewer: Viewer) -> Select[tuple[object, ...]]:
    """Fetch the item `item_id`."""
    picked = with_times().where(ITEM.c.id == bindparam("item_id", type_=Uuid())).subquery("picked")
    is_seen = visible_to(viewer, now=PRESENT)
    return select_items(picked).where(
        step_shown_to(viewer, STEP.c.path, CASE.c.id, now=PRESENT) | (is_seen & _is_mine(viewer))
    )


@lru_cache(_MOST_KEPT)
def _listed(viewer: Viewer, *, only_mine: bool, limit: int) -> Select[tuple[object, ...]]:
    picked = _picked(viewer, only_mine=only_mine, limit=limit).subquery("picked")
    return select_items(picked).where(visible_to(viewer, now=PRESENT)).limit(few(limit))


@lru_cache(_MOST_KEPT)
def _lines(viewer: Viewer, limit: int) -> Select[tuple[UUID, datetime, datetime, UUID]]:
    picked = _picked(viewer, only_mine=False, limit=limit).subquery("picked")
    is_seen = select(true()).where(CASE.c.id == picked.c.case_id, visible_to(viewer, now=PRESENT)).offset(few(0))
    return (
        select(picked.c.id, picked.c.due_at, picked.c.late_from, ITEM.c.assignee_id)
        .select_from(picked.join(ITEM, ITEM.c.id == picked.c.id))
        .where(is_seen.exists())
        .order_by(*in_order(picked))
        .limit(few(limit))
    )


def _picked(
    viewer: Viewer, *, only_mine: bool, limit: int
) -> Select[tuple[object, ...]] | CompoundSelect[tuple[object, ...]]:
    """Pick the viewer's own items, and those that may be claimed: what has a limit, and as many as fit of the rest."""
    if only_mine:
        return _mine(viewer)
    timed = union_all(_mine(viewer), first_by_deadline(units_of(viewer), may_claim(viewer), limit=limit)).cte("timed")
    has_room = select(func.count()).select_from(timed).scalar_subquery() < limit
    untimed = _untimed(viewer, limit).where(has_room).subquery("untimed")
    return union_all(select(timed), select(untimed))


def _mine(viewer: Viewer) -> Select[tuple[UUID, datetime, datetime, UUID]]:
    return with_times().where(_is_mine(viewer))


def with_times() -> Select[tuple[UUID, datetime, datetime, UUID]]:
    """Return the statement that picks items with when they are due, and late, and their cases."""
    due, late = nearest_due(ITEM.c.step_id), nearest_late(ITEM.c.step_id)
    return select(ITEM.c.id, due.label("due_at"), late.label("late_from"), ITEM.c.case_id)


def _untimed(viewer: Viewer, limit: int) -> Select[tuple[UUID, datetime, datetime, UUID]]:
    """Pick what may be claimed and has no limit."""
    units = units_of(viewer)
    timed = exists().where(DEADLINE.c.step_id == ITEM.c.step_id, DEADLINE_IS_OPEN, DEADLINE.c.purpose != OPENING)
    return (
        select(ITEM.c.id, *_NO_TIMES, ITEM.c.case_id)
        .where(ITEM.c.unit_id.in_(select(units.c.id)), may_claim(viewer), ~timed)
        .order_by(ITEM.c.priority.desc(), ITEM.c.opened_at, ITEM.c.id)
        .limit(few(limit))
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
        .limit(few(_MOST))
    )  # fmt: skip
