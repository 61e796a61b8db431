"""The open work of the units in which somebody may give it to others."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, any_, func, not_, select, true

from engine.cases.visibility import kept_by, not_denied
from engine.core.policy import Action, Viewer, require
from engine.db.reading import Reading, few
from engine.db.shape import ACTOR, CASE, ITEM, ITEM_IS_OPEN, ITEM_IS_READY, MEMBERSHIP
from engine.people.viewer import as_viewer
from engine.work.records import MovableItem, shared_out
from engine.work.views.items import item_views, select_items
from engine.work.views.worklist import with_times

MOST = 200


def movable_work(
    reading: Reading,
    viewer: Viewer,
    *,
    of: UUID | None = None,
    is_free: bool = False,
    takers: Sequence[UUID] = (),
    limit: int = MOST,
) -> tuple[tuple[MovableItem, ...], int]:
    """List the open items, what is due first above, with whom each would go to, and count them all.

    Only what `of` has, or, with `is_free`, what nobody has. Raises `NotAllowedError` for who may give work to nobody.
    """
    require(viewer, Action.DELEGATE)
    meant = kept_by(viewer, Action.DELEGATE) & ITEM_IS_OPEN
    meant &= ITEM.c.assignee_id == of if of else ITEM_IS_READY if is_free else true()
    picked = with_times().join(CASE, CASE.c.id == ITEM.c.case_id).where(meant)
    who = [reading.soon(as_viewer, reading, one) for one in takers]
    count = reading.soon(reading.count, select(func.count()).select_from(picked.subquery("all")))
    due_at = picked.selected_columns.due_at.asc().nulls_last()
    first = picked.order_by(due_at, ITEM.c.priority.desc(), ITEM.c.opened_at, ITEM.c.id).limit(few(limit))
    rows = reading.soon(reading.rows, select_items(first.subquery("picked")))
    found = [reading.soon(reading.rows, _able(one(), meant)) for one in who]
    listed = reading.soon(item_views, reading, rows(), viewer)
    may = {taker: {row["id"] for row in one()} for taker, one in zip(takers, found, strict=True)}
    items = [MovableItem(item, tuple(taker for taker, ids in may.items() if item.id in ids)) for item in listed()]
    return shared_out(items, takers), count()


def _able(taker: Viewer, meant: ColumnElement[bool]) -> Select[Any]:
    """Select which of these items somebody has not got, and may do."""
    roles = MEMBERSHIP.c.role == any_(ITEM.c.candidate_roles)
    return (
        select(ITEM.c.id)
        .distinct()
        .select_from(
            ITEM.join(CASE, CASE.c.id == ITEM.c.case_id)
            .join(MEMBERSHIP, (MEMBERSHIP.c.unit_id == ITEM.c.unit_id) & roles)
            .join(ACTOR, ACTOR.c.id == MEMBERSHIP.c.actor_id)
        )
        .where(
            meant, ACTOR.c.id == taker.actor_id, ~ACTOR.c.disabled, ITEM.c.assignee_id.is_distinct_from(ACTOR.c.id),
            not_(ACTOR.c.id == any_(ITEM.c.excluded_ids)), not_denied(taker, ITEM.c.case_id),
        )
    )  # fmt: skip
