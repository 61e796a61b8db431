"""Work items as lists show them, from rows to views in a fixed number of statements."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Select, and_, any_, false, literal, not_, or_, select, true
from sqlalchemy.types import Uuid

from engine.cases.visibility import Instant, Positions, label_of, late_by, late_from, not_denied, positions
from engine.core.deadlines.lateness import is_overdue
from engine.core.policy import Viewer, roles_in, visible_units
from engine.db.reading import Reading, Row, few
from engine.db.shape import ACTOR, CASE, DEADLINE, DEADLINE_IS_OPEN, ITEM, ITEM_IS_READY, OPENING, RUN, STEP, is_one_of
from engine.work.records import WorkItemView


def may_claim(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `work_item` that holds for what the viewer may claim, apart from the unit."""
    if viewer.is_system:
        return ITEM_IS_READY
    return and_(
        ITEM_IS_READY,
        _of_a_role(viewer),
        not_denied(viewer, ITEM.c.case_id),
        not_(literal(viewer.actor_id, Uuid()) == any_(ITEM.c.excluded_ids)),
    )


def may_answer(viewer: Viewer, item: Row) -> bool:
    """Return whether the form of an open item opens for somebody: to who has it, and to whoever may have it."""
    if viewer.is_system or item["assignee_id"] == viewer.actor_id:
        return True
    return (
        not roles_in(viewer, item["unit_id"]).isdisjoint(item["candidate_roles"])
        and viewer.actor_id not in item["excluded_ids"]
        and item["unit_id"] in visible_units(viewer)
    )


def _of_a_role(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition that a candidate role of an item is one that the viewer has in the item's unit."""
    units: dict[frozenset[str], list[UUID]] = {}
    for unit in sorted(visible_units(viewer)):
        units.setdefault(roles_in(viewer, unit), []).append(unit)
    if len(units) == 1:
        return _overlap(next(iter(units)))
    return or_(
        false(),
        *(ITEM.c.unit_id.in_(of) & _overlap(roles) for roles, of in units.items()),
    )


def _overlap(roles: frozenset[str]) -> ColumnElement[bool]:
    overlap: ColumnElement[bool] = ITEM.c.candidate_roles.overlap(sorted(roles))
    return overlap


def first_by_deadline(
    units: FromClause,
    condition: ColumnElement[bool],
    *,
    limit: int | None,
    before: Instant | None = None,
    late: bool | None = None,
    now: Instant | None = None,
) -> Select[tuple[UUID, datetime, datetime, UUID]]:
    """Pick the ids, due times and cases of the items of each unit whose deadlines come first.

    It walks the open deadlines of each unit in the order of time and stops at the limit, however many items there are
    (its fences keep PostgreSQL from joining all first); without one at those that are due after `before`.
    With `late` only what is late `now`, or not; else at `before`.
    """
    other = DEADLINE.alias("other")
    is_before = or_(
        other.c.due_at < DEADLINE.c.due_at,
        and_(other.c.due_at == DEADLINE.c.due_at, other.c.id < DEADLINE.c.id),
    )
    comes_first = ~(
        select(true())
        .where(other.c.step_id == DEADLINE.c.step_id, is_one_of(other.c.status, "open"), other.c.purpose != OPENING)
        .where(is_before)
        .offset(few(0))
        .exists()
    )
    of_step = (
        select(ITEM.c.id, ITEM.c.case_id, ITEM.c.priority)
        .where(ITEM.c.step_id == DEADLINE.c.step_id, ITEM.c.unit_id == DEADLINE.c.unit_id, condition)
        .offset(few(0))
        .lateral("of_step")
    )
    walk = (
        select(of_step.c.id, DEADLINE.c.due_at, late_from(DEADLINE).label("late_from"), of_step.c.case_id)
        .select_from(DEADLINE.join(of_step, true()))
        .where(DEADLINE.c.unit_id == units.c.id, DEADLINE_IS_OPEN, DEADLINE.c.purpose != OPENING)
        .where(comes_first)
        .order_by(DEADLINE.c.due_at, of_step.c.priority.desc(), of_step.c.id)
        .limit(None if limit is None else few(limit))
    )
    if before is not None:
        walk = walk.where(DEADLINE.c.due_at <= before)
        is_late = late_by(DEADLINE.c.due_at, late_from(DEADLINE), before if now is None else now)
        walk = walk if late is None else walk.where(is_late if late else ~is_late)
    found = walk.lateral("by_deadline")
    return select(found.c.id, found.c.due_at, found.c.late_from, found.c.case_id).select_from(
        units.join(found, onclause=units.c.id.is_not(None))
    )


def select_items(picked: FromClause) -> Select[tuple[object, ...]]:
    """Return the statement that fetches what a view of an item needs; `picked` has `id`, `due_at`, `late_from`."""
    return (
        select(
            ITEM, picked.c.due_at, picked.c.late_from, CASE.c.number, STEP.c.path, STEP.c.added, STEP.c.encrypted_title,
            RUN.c.definition_hash, RUN.c.zone, ACTOR.c.name.label("assignee"),
        )
        .select_from(
            picked.join(ITEM, ITEM.c.id == picked.c.id)
            .join(CASE, CASE.c.id == ITEM.c.case_id)
            .join(STEP, STEP.c.id == ITEM.c.step_id)
            .join(RUN, RUN.c.id == ITEM.c.run_id)
            .outerjoin(ACTOR, ACTOR.c.id == ITEM.c.assignee_id)
        )
        .order_by(*in_order(picked))
    )  # fmt: skip


def in_order(picked: FromClause) -> tuple[ColumnElement[Any], ...]:
    """Return the order of a worklist: by due times, then by priority; what has no limit comes last."""
    return picked.c.due_at.asc().nulls_last(), ITEM.c.priority.desc(), ITEM.c.opened_at, ITEM.c.id


def item_views(reading: Reading, rows: Iterable[Row], viewer: Viewer) -> tuple[WorkItemView, ...]:
    """Make views of rows that `select_items` gave, with one more statement for all of them."""
    found = list(rows)
    numbers = positions(reading, {row["case_id"] for row in found if row["path"]})
    return tuple(item_view(reading, row, viewer, numbers) for row in found)


def item_view(reading: Reading, row: Row, viewer: Viewer, numbers: Positions) -> WorkItemView:
    """Make the view of one item."""
    known = reading.known
    return WorkItemView(
        id=row["id"],
        case_id=row["case_id"],
        case_number=row["number"],
        step_id=row["step_id"],
        step_key=row["step_key"],
        uses=row["uses"],
        pillar=row["uses"].partition(".")[0],
        title=known.title(row["definition_hash"], row["step_key"], row["uses"], row["added"]),
        person_label=label_of(row["path"], row["case_id"], numbers),
        status=row["status"],
        revision=row["revision"],
        priority=row["priority"],
        candidate_roles=tuple(row["candidate_roles"]),
        assignee=row["assignee"],
        is_mine=row["assignee_id"] == viewer.actor_id,
        is_approval=row["approval"],
        opened_at=row["opened_at"],
        due_at=row["due_at"],
        late_at=None if row["late_from"] == row["due_at"] else row["late_from"],
        is_overdue=is_overdue(row["late_from"], reading.now),
    )
