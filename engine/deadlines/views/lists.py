"""Who asks for more time, who is to be rung, how units keep their limits, where a link leads."""

from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Select, cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSONPATH

from engine.cases.views.sight import access_to
from engine.cases.visibility import kept_by, not_denied, positions, visible_to
from engine.core.access import shows_step
from engine.core.deadlines.firings import CALLERS
from engine.core.policy import Action, Viewer, board_units, can, require, roles_in
from engine.core.records import DelayOwner
from engine.db.reading import VIEWERS_KEPT, Reading, few
from engine.db.shape import CASE, DEADLINE, DEADLINE_IS_OPEN, ESCALATION, ITEM, ITEM_IS_OPEN, MESSAGE, OPENING, UNIT
from engine.deadlines.records import AskedView, DelayLine, LateView, LinkView, late_views
from engine.deadlines.views.deadlines import deadline_views, record_of, select_deadlines, title_of
from engine.errors import NotFoundError
from engine.messages.actions.writing import hash_of_link

_MOST = 100
_UNANSWERED = "$[*] ? (@.answered_at == null)"


def asked_extensions(reading: Reading, viewer: Viewer) -> tuple[AskedView, ...]:
    """List wishes for more time that wait for an answer in the viewer's units, the nearest deadline first.

    Empty for those who may not give time. Nobody answers their own: such a one is listed and marked.
    """
    if not can(viewer, Action.GIVE_TIME):
        return ()
    rows = reading.rows(_with_a_wish(viewer))
    views = deadline_views(reading, rows, positions(reading, {row["case_id"] for row in rows}))
    return tuple(
        AskedView(
            case_id=row["case_id"],
            case_number=row["case_number"],
            deadline=view,
            is_mine=view.asked is not None and view.asked.asked_by_id == viewer.actor_id,
        )
        for row, view in zip(rows, views, strict=True)
    )


@lru_cache(VIEWERS_KEPT)
def _with_a_wish(viewer: Viewer) -> Select[tuple[Any, ...]]:
    somebody_asked = DEADLINE.c.extensions != literal_column("'[]'::jsonb")
    waits = func.jsonb_path_exists(DEADLINE.c.extensions, cast(_UNANSWERED, JSONPATH), type_=Boolean)
    return (
        select_deadlines()
        .add_columns(CASE.c.number.label("case_number"))
        .join(CASE, CASE.c.id == DEADLINE.c.case_id)
        .where(DEADLINE_IS_OPEN, somebody_asked, waits, kept_by(viewer, Action.GIVE_TIME))
        .limit(few(_MOST))
    )


_MOST_CALLS = 200
_TO_BE_MADE = "$[*] ? (@.ended_at == null)"


def late_calls(reading: Reading, viewer: Viewer) -> tuple[LateView, ...]:
    """List about which late steps of the viewer's own units someone is to be rung, the nearest deadline first.

    Nobody is asked to ring themselves. `is_asked` says whether it is asked of one of the viewer's roles.
    """
    if not can(viewer, Action.WORK):
        return ()
    rows = reading.rows(_with_a_call(viewer))
    numbers = positions(reading, {row["case_id"] for row in rows})
    views = {view.id: view for view in deadline_views(reading, rows, numbers)}
    strips = (
        strip.model_copy(update={"item_id": row["item_id"], "is_asked": _is_asked(viewer, row["unit_id"])})
        for row in rows
        if row["id"] in views
        for strip in late_views(
            [views[row["id"]]], case_id=row["case_id"], case_number=row["case_number"], but=viewer.actor_id
        )
    )
    return tuple(strip for strip in strips if strip.to_ring)


@lru_cache(VIEWERS_KEPT)
def _with_a_call(viewer: Viewer) -> Select[tuple[Any, ...]]:
    somebody_asked = DEADLINE.c.calls != literal_column("'[]'::jsonb")
    waits = func.jsonb_path_exists(DEADLINE.c.calls, cast(_TO_BE_MADE, JSONPATH), type_=Boolean)
    item = select(ITEM.c.id).where(ITEM.c.step_id == DEADLINE.c.step_id, ITEM_IS_OPEN).limit(few(1)).scalar_subquery()
    return (
        select_deadlines()
        .add_columns(CASE.c.number.label("case_number"), item.label("item_id"))
        .join(CASE, CASE.c.id == DEADLINE.c.case_id)
        .where(DEADLINE_IS_OPEN, somebody_asked, waits, kept_by(viewer, Action.WORK))
        .limit(few(_MOST_CALLS))
    )


def _is_asked(viewer: Viewer, unit_id: UUID) -> bool:
    return viewer.is_system or not CALLERS.isdisjoint(roles_in(viewer, unit_id))


def delays(reading: Reading, viewer: Viewer) -> tuple[DelayLine, ...]:
    """Count every limit by unit and by the month in which it was due, in the unit's zone, the latest month first.

    A breach counts from the instant it was written, whatever became of the step; one whose owner nobody has named is
    ours. Raises `NotAllowedError` for those who do not see the board.
    """
    require(viewer, Action.SEE_BOARD)
    units = board_units(viewer)
    month = func.to_char(func.timezone(UNIT.c.zone, DEADLINE.c.due_at), "YYYY-MM").label("month")
    owner = func.coalesce(DEADLINE.c.delay_owner, DelayOwner.OURS.value).label("owner")
    is_kept = (DEADLINE.c.status == "met") & DEADLINE.c.breached_at.is_(None)
    statement = (
        select(
            UNIT.c.id, UNIT.c.name, month, owner,
            func.count().filter(is_kept).label("kept"),
            func.count().filter(DEADLINE.c.breached_at.is_not(None)).label("late"),
        )
        .select_from(DEADLINE.join(UNIT, UNIT.c.id == DEADLINE.c.unit_id))
        .where(DEADLINE.c.purpose != OPENING, is_kept | DEADLINE.c.breached_at.is_not(None))
        .group_by(UNIT.c.id, UNIT.c.name, month, owner)
        .order_by(month.desc(), UNIT.c.name, UNIT.c.id, owner)
    )  # fmt: skip
    if units is not None:
        statement = statement.where(DEADLINE.c.unit_id.in_(sorted(units)), not_denied(viewer, DEADLINE.c.case_id))
    found: dict[tuple[UUID, str], DelayLine] = {}
    for row in reading.rows(statement):
        empty = DelayLine(unit=row["name"], month=row["month"], kept=0, late={})
        known = found.get((row["id"], row["month"]), empty)
        late = {**known.late, row["owner"]: row["late"]} if row["late"] else known.late
        found[row["id"], row["month"]] = known.model_copy(update={"kept": known.kept + row["kept"], "late": late})
    return tuple(found.values())


def link(reading: Reading, viewer: Viewer, token: str) -> LinkView:
    """Return what a link leads to, for the recipient of its message and for who may steer the case.

    A wrong link and somebody else's get the same answer: `NotFoundError`. Case and step are left out for a recipient
    who is not shown the step, such as somebody of a partner.
    """
    row = reading.first(
        select_deadlines()
        .add_columns(
            CASE.c.number.label("case_number"),
            MESSAGE.c.recipient_id,
            ESCALATION.c.acknowledged_at.label("seen_at"),
            visible_to(viewer, now=reading.present).label("is_visible"),
            not_denied(viewer, CASE.c.id).label("is_not_denied"),
        )
        .join(ESCALATION, ESCALATION.c.deadline_id == DEADLINE.c.id)
        .join(MESSAGE, MESSAGE.c.escalation_id == ESCALATION.c.id)
        .join(CASE, CASE.c.id == DEADLINE.c.case_id)
        .where(MESSAGE.c.link_hash == hash_of_link(token))
    )
    if row is None or not row["is_not_denied"]:
        raise NotFoundError(kind="link")
    if row["recipient_id"] != viewer.actor_id and not can(viewer, Action.STEER, unit_id=row["unit_id"]):
        raise NotFoundError(kind="link")
    deadline = record_of(row)
    is_visible = row["is_visible"] and shows_step(
        access_to(reading, viewer, row["case_id"]), deadline.step_id, row["path"]
    )
    return LinkView(
        token=token,
        is_visible=is_visible,
        case_id=row["case_id"],
        case_number=row["case_number"] if is_visible else "",
        step_title=title_of(reading, row) if is_visible else "",
        deadline_id=deadline.id,
        due_at=deadline.due_at if is_visible else None,
        late_at=deadline.late_at if is_visible else None,
        acknowledged_at=row["seen_at"],
    )
