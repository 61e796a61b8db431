"""The list of cases, the number of them, and one found by its number."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, null, or_, select, true, tuple_

from engine.cases.records import CaseFilter, SavedFilter, beginnings, written_number
from engine.cases.store import CONCERN
from engine.cases.visibility import (
    GRANT,
    LIMITS,
    filtered,
    granted_to,
    kept_by,
    late_from,
    not_denied,
    operational_to,
    partly_shown_to,
    step_shown_to,
    units_of,
    visible_to,
)
from engine.core.access import OPERATIONAL
from engine.core.deadlines.lateness import is_overdue
from engine.core.policy import Action, Viewer, units_that_let, visible_units
from engine.db.reading import PRESENT, VIEWERS_KEPT, Reading, few
from engine.db.shape import (
    ACTOR,
    CASE,
    CASE_IS_OPEN,
    DEADLINE,
    ITEM,
    ITEM_IS_OPEN,
    OPENING,
    PREFERENCE,
    STEP,
    UNIT,
    is_one_of,
)
from engine.errors import NotFoundError
from engine.language.names import Role
from engine.messages.channel_store import opened_filters
from engine.overview.records import CaseLine

_UNTOLD = {"status": "shared", "opened_at": None, "next_due_at": None, "next_late_from": None}
"""What is said instead of a case whose work is not shown."""


EVERY_CASE: Final = CaseFilter()


def cases(
    reading: Reading,
    viewer: Viewer,
    *,
    status: str = "open",
    number: str = "",
    chosen: CaseFilter = EVERY_CASE,
    offset: int = 0,
    limit: int = 50,
) -> tuple[CaseLine, ...]:
    """List the cases that the viewer sees, those with the nearest open deadline first, closed ones latest first.

    One whose work is not shown to them comes last, among the open ones.
    """
    if status == "open" and not (number or chosen.is_on):
        ids = _nearest_first(reading, viewer, offset=offset, limit=limit)
    else:
        wanted = _wanted(reading, viewer, status, number)
        if chosen.is_on:
            wanted = and_(wanted, filtered(viewer, chosen, now=reading.present))
        ids = _plainly(reading, viewer, wanted, offset=offset, limit=limit)
    return _lines(reading, viewer, ids)


def own_cases(reading: Reading, viewer: Viewer, *, after: UUID | None = None, limit: int = 50) -> tuple[CaseLine, ...]:
    """List the cases of the viewer's own units in the order in which they were opened, those after one of them."""
    own = kept_by(viewer)
    wanted = select(CASE.c.id).where(own).order_by(CASE.c.opened_at, CASE.c.id).limit(few(limit))
    if after is not None:
        last = select(CASE.c.opened_at, CASE.c.id).where(CASE.c.id == after, own)
        wanted = wanted.where(tuple_(CASE.c.opened_at, CASE.c.id) > last.scalar_subquery())
    return _lines(reading, viewer, [row["id"] for row in reading.rows(wanted)])


def count_cases(reading: Reading, viewer: Viewer, *, status: str = "open", chosen: CaseFilter = EVERY_CASE) -> int:
    """Count the cases that the viewer sees."""
    if chosen.is_on:
        filtered_ones = filtered(viewer, chosen, now=reading.present)
        return reading.count(select(func.count()).select_from(CASE).where(_stands(status), filtered_ones))
    shown, partly_shown = _counted(viewer, status)
    found = reading.soon(reading.count, shown)
    if status != "open":
        return found()
    partly = reading.soon(reading.count, partly_shown)
    return found() + partly()


@lru_cache(VIEWERS_KEPT)
def _counted(viewer: Viewer, status: str) -> tuple[Select[int], Select[int]]:
    """Count the cases that are shown, and those that are partly shown."""
    counted = select(func.count()).select_from(CASE)
    shown = counted.where(_stands(status), _seen(viewer, status))
    return shown, counted.where(partly_shown_to(viewer, now=PRESENT))


def saved_filters(reading: Reading, viewer: Viewer) -> tuple[SavedFilter, ...]:
    """List the filters that the viewer has saved, by their names."""
    row = reading.first(select(PREFERENCE.c.encrypted_filters).where(PREFERENCE.c.actor_id == viewer.actor_id))
    return opened_filters(reading.vault, viewer.actor_id, row["encrypted_filters"]) if row else ()


def find_case(reading: Reading, viewer: Viewer, number: str) -> UUID:
    """Find a case by its whole number; raises `NotFoundError`."""
    seen = visible_to(viewer, now=reading.present)
    row = reading.first(select(CASE.c.id).where(CASE.c.number == written_number(number), seen))
    if row is None:
        raise NotFoundError(kind="case")
    found: UUID = row["id"]
    return found


def concern_of(reading: Reading, concern: str | None) -> str:
    """Say what a case is about, in words; empty when its report does not say."""
    return reading.known.choice_label(CONCERN, concern) if concern else ""


def _stands(status: str) -> ColumnElement[bool]:
    return {"open": CASE_IS_OPEN, "closed": is_one_of(CASE.c.status, "closed")}.get(status, true())


def _seen(viewer: Viewer, status: str) -> ColumnElement[bool]:
    """Return the condition for what may be asked of: where a case stands only of one whose work is shown."""
    if status in {"open", "closed"}:
        return operational_to(viewer, now=PRESENT)
    return visible_to(viewer, now=PRESENT)


def _wanted(reading: Reading, viewer: Viewer, status: str, number: str) -> ColumnElement[bool]:
    right = and_(_stands(status), _seen(viewer, status))
    if status == "open":
        right = or_(right, partly_shown_to(viewer, now=reading.present))
    begins = [CASE.c.number.startswith(beginning, autoescape=True) for beginning in beginnings(number)]
    return and_(right, or_(*begins)) if number else right


def _nearest_first(reading: Reading, viewer: Viewer, *, offset: int, limit: int) -> list[UUID]:
    """Walk the open deadlines in the order of time; only when they run out, go on with cases that have none."""
    timed = [row["case_id"] for row in reading.rows(_with_deadline(reading, viewer, limit=offset + limit))]
    ids = timed[offset:]
    if len(timed) < offset + limit:
        rest = _without_deadline(reading, viewer).offset(max(0, offset - len(timed))).limit(few(limit - len(ids)))
        ids += [row["id"] for row in reading.rows(rest)]
    return ids


def _with_deadline(reading: Reading, viewer: Viewer, *, limit: int) -> Select[tuple[object, ...]]:
    other = DEADLINE.alias("other")
    comes_first = ~exists().where(
        other.c.case_id == DEADLINE.c.case_id,
        other.c.status == "open",
        other.c.purpose != OPENING,
        or_(other.c.due_at < DEADLINE.c.due_at, and_(other.c.due_at == DEADLINE.c.due_at, other.c.id < DEADLINE.c.id)),
    )
    first = select(DEADLINE.c.case_id, DEADLINE.c.due_at).where(LIMITS, comes_first)
    units = units_of(viewer)
    own = (
        first.where(DEADLINE.c.unit_id == units.c.id, not_denied(viewer, DEADLINE.c.case_id))
        .order_by(DEADLINE.c.due_at, DEADLINE.c.case_id)
        .limit(few(limit))
        .lateral("own")
    )
    of_units = select(own.c.case_id, own.c.due_at).select_from(units.join(own, onclause=units.c.id.is_not(None)))
    granted = first.where(
        DEADLINE.c.case_id.in_(granted_to(viewer, now=reading.present).where(GRANT.c.fields.contains([OPERATIONAL]))),
        DEADLINE.c.unit_id.not_in(sorted(visible_units(viewer))),
    )
    picked = of_units.union_all(granted).subquery("picked")
    return (
        select(picked.c.case_id)
        .join(CASE, CASE.c.id == picked.c.case_id)
        .where(CASE_IS_OPEN)
        .order_by(picked.c.due_at, CASE.c.id)
        .limit(few(limit))
    )


def _without_deadline(reading: Reading, viewer: Viewer) -> Select[tuple[object, ...]]:
    timed = exists().where(DEADLINE.c.case_id == CASE.c.id, LIMITS)
    untimed = select(CASE.c.id, CASE.c.opened_at).where(
        CASE_IS_OPEN, operational_to(viewer, now=reading.present), ~timed
    )
    partly = select(CASE.c.id, null().label("opened_at")).where(partly_shown_to(viewer, now=reading.present))
    found = untimed.union_all(partly).subquery("found")
    return select(found.c.id).order_by(found.c.opened_at.asc().nulls_last(), found.c.id)


def _plainly(reading: Reading, viewer: Viewer, wanted: ColumnElement[bool], *, offset: int, limit: int) -> list[UUID]:
    due = select(func.min(DEADLINE.c.due_at)).where(DEADLINE.c.case_id == CASE.c.id, LIMITS).scalar_subquery()
    works = operational_to(viewer, now=reading.present)
    due_at, closed_at, opened_at = (case((works, value)) for value in (due, CASE.c.closed_at, CASE.c.opened_at))
    order = (due_at.asc().nulls_last(), closed_at.desc(), opened_at.asc().nulls_last(), CASE.c.id)
    statement = select(CASE.c.id).where(wanted).order_by(*order)
    return [row["id"] for row in reading.rows(statement.offset(offset).limit(few(limit)))]


def _lines(reading: Reading, viewer: Viewer, ids: Sequence[UUID]) -> tuple[CaseLine, ...]:
    if not ids:
        return ()
    limits = (DEADLINE.c.case_id == CASE.c.id, LIMITS, _shown(reading, viewer))
    due = select(func.min(DEADLINE.c.due_at)).where(*limits).scalar_subquery().label("next_due_at")
    late = select(func.min(late_from(DEADLINE))).where(*limits).scalar_subquery().label("next_late_from")
    listed = reading.soon(
        reading.rows,
        select(
            CASE.c.id, CASE.c.number, CASE.c.status, CASE.c.opened_at, CASE.c.concern, CASE.c.unit_id,
            UNIT.c.name.label("unit"), due, late,
        )
        .join(UNIT, UNIT.c.id == CASE.c.unit_id)
        .where(CASE.c.id.in_(ids)),
    )  # fmt: skip
    waits, names = reading.soon(_waiting, reading, viewer, ids), reading.soon(_named, reading, viewer, ids)
    rows, waiting, named = listed(), waits(), names()
    reads, sees = units_that_let(viewer, Action.READ_ANSWERS), visible_units(viewer)
    by_id: dict[UUID, CaseLine] = {}
    for row in rows:
        is_own = viewer.is_system or row["unit_id"] in sees
        may_read = viewer.is_system or row["unit_id"] in reads if is_own else "case.concern" in named[row["id"]]
        concern = concern_of(reading, row["concern"]) if may_read else ""
        if is_own or OPERATIONAL in named[row["id"]]:
            by_id[row["id"]] = _line(reading, dict(row), concern, waiting.get(row["id"], []))
        else:
            by_id[row["id"]] = _line(reading, {**row, **_UNTOLD}, concern, [])
    return tuple(by_id[case_id] for case_id in ids)


def _named(reading: Reading, viewer: Viewer, ids: Sequence[UUID]) -> Mapping[UUID, frozenset[str]]:
    """Return what the grants name that show some cases to the viewer."""
    granted = granted_to(viewer, now=reading.present).add_columns(GRANT.c.fields).where(GRANT.c.case_id.in_(ids))
    named: dict[UUID, frozenset[str]] = dict.fromkeys(ids, frozenset())
    for row in [] if viewer.is_system else reading.rows(granted):
        named[row["case_id"]] |= frozenset(row["fields"])
    return named


def _shown(reading: Reading, viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on the deadlines of a case that holds for those of steps that are shown."""
    return step_shown_to(viewer, DEADLINE.c.path, CASE.c.id, now=reading.present)


def _waiting(reading: Reading, viewer: Viewer, ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Name for each open item of some cases whom it waits for: its assignee, else the role that may claim it."""
    rows = reading.rows(
        select(ITEM.c.case_id, ITEM.c.candidate_roles, ACTOR.c.name)
        .select_from(
            ITEM.join(STEP, STEP.c.id == ITEM.c.step_id)
            .join(CASE, CASE.c.id == ITEM.c.case_id)
            .outerjoin(ACTOR, ACTOR.c.id == ITEM.c.assignee_id)
        )
        .where(
            ITEM.c.case_id.in_(ids), ITEM_IS_OPEN, step_shown_to(viewer, STEP.c.path, CASE.c.id, now=reading.present)
        )
        .order_by(ITEM.c.opened_at, ACTOR.c.name.asc().nulls_last(), ITEM.c.id)
    )
    waiting: dict[UUID, list[str]] = {}
    for row in rows:
        waiting.setdefault(row["case_id"], []).append(row["name"] or role_words(row["candidate_roles"]))
    return waiting


def role_words(roles: Sequence[str]) -> str:
    """Name the role that an item is meant for first; the others may claim it as well."""
    known = {role.value: role.label for role in Role}
    return known.get(roles[0], roles[0]) if roles else "Nobody"


def _line(reading: Reading, row: Mapping[str, Any], concern: str, waiting: Sequence[str]) -> CaseLine:
    return CaseLine(
        id=row["id"],
        number=row["number"],
        status=row["status"],
        unit=row["unit"],
        concern=concern,
        opened_at=row["opened_at"],
        open_items=len(waiting),
        next_due_at=row["next_due_at"],
        next_late_at=None if row["next_late_from"] == row["next_due_at"] else row["next_late_from"],
        is_overdue=is_overdue(row["next_late_from"], reading.now),
        waiting_for=", ".join(dict.fromkeys(waiting)),
    )
