"""With which cases a case belongs together, and which guardians are suspects."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Select, and_, case, exists, func, or_, select

from engine.cases.views.sight import access_to, is_narrowed
from engine.cases.visibility import visible_to
from engine.core.case_links import LinkKind
from engine.core.policy import Viewer
from engine.core.records import PersonRole
from engine.db.reading import Reading, Row
from engine.db.shape import ACTOR, CASE, CASE_PERSON, DEADLINE, DEADLINE_IS_OPEN, ITEM, ITEM_IS_OPEN, OPENING
from engine.db.tables import TABLES
from engine.errors import NotFoundError
from engine.persons.records import STANDS_FOR, CaseLinkView
from engine.persons.views.person import ANOTHER

_LINK = TABLES["case_link"]


def case_links(reading: Reading, viewer: Viewer, case_id: UUID) -> tuple[CaseLinkView, ...]:
    """List the links of a case, and the merges that wait for an answer; raises `NotFoundError`.

    They are for those whose unit keeps the case: no grant shows with which others it belongs together.
    """
    seen = visible_to(viewer, now=reading.now)
    is_there = reading.soon(reading.first, select(CASE.c.id).where(CASE.c.id == case_id, seen))
    access = reading.soon(access_to, reading, viewer, case_id)
    found = reading.soon(reading.rows, _of_case(case_id, seen))
    if is_there() is None:
        raise NotFoundError(kind="case")
    if is_narrowed(access()):
        return ()
    return tuple(_view(row, viewer, case_id) for row in found())


def _of_case(case_id: UUID, seen: ColumnElement[bool]) -> Select[tuple[object, ...]]:
    """Select the links of a case, each with the other case where that is `seen`."""
    other = case((_LINK.c.case_id == case_id, _LINK.c.other_case_id), else_=_LINK.c.case_id)
    items = select(func.count()).where(ITEM.c.case_id == CASE.c.id, ITEM_IS_OPEN).scalar_subquery()
    timed = and_(DEADLINE.c.case_id == CASE.c.id, DEADLINE_IS_OPEN, DEADLINE.c.purpose != OPENING)
    due = select(func.min(DEADLINE.c.due_at)).where(timed).scalar_subquery()
    return (
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


def _view(row: Row, viewer: Viewer, case_id: UUID) -> CaseLinkView:
    is_merge, is_first = row["kind"] == LinkKind.MERGED, row["case_id"] == case_id
    is_agreed = is_merge and row["approved_at"] is not None
    is_seen = row["other_id"] is not None
    return CaseLinkView(
        id=row["id"],
        kind=row["kind"],
        case_id=row["other_id"],
        number=row["number"] if is_seen else ANOTHER,
        status=row["status"] if is_seen else "",
        is_merged=is_agreed and is_first,
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


_CASE_LINK, _MERGE = (TABLES[name] for name in ("case_link", "person_merge"))
_WORDS: Final = (
    "Person {number} acts for the child and is a suspect. They cannot agree on the child's behalf: the Committee or a"
    " court must. Do not contact them about it, and hand no one over to them."
)


def guardian_notes(reading: Reading, case_id: UUID) -> tuple[str, ...]:
    """Say of which persons of a case it is so, in the order of their numbers."""
    here, there = CASE_PERSON.alias("here"), CASE_PERSON.alias("there")
    unit = select(CASE.c.unit_id).where(CASE.c.id == case_id).scalar_subquery()
    of_unit = exists().where(CASE.c.id == there.c.case_id, CASE.c.unit_id == unit)
    is_linked = exists().where(
        _CASE_LINK.c.ended_at.is_(None),
        or_(_CASE_LINK.c.kind != LinkKind.MERGED.value, _CASE_LINK.c.approved_at.is_not(None)),
        or_(
            and_(_CASE_LINK.c.case_id == case_id, _CASE_LINK.c.other_case_id == there.c.case_id),
            and_(_CASE_LINK.c.other_case_id == case_id, _CASE_LINK.c.case_id == there.c.case_id),
        ),
    )
    one, other = _MERGE.alias("one"), _MERGE.alias("other")
    is_same = or_(
        here.c.person_id == there.c.person_id,
        exists().where(one.c.ended_at.is_(None), _joins(one, here.c.person_id, there.c.person_id)),
        exists().where(
            one.c.ended_at.is_(None), other.c.ended_at.is_(None), one.c.primary_id == other.c.primary_id,
            one.c.secondary_id == here.c.person_id, other.c.secondary_id == there.c.person_id,
        ),
    )  # fmt: skip
    is_suspect = exists().where(
        there.c.role == PersonRole.SUSPECT.value, there.c.removed_at.is_(None), is_same,
        or_(there.c.case_id == case_id, and_(is_linked, of_unit)),
    )  # fmt: skip
    stand = [role.value for role in STANDS_FOR]
    rows = reading.rows(
        select(here.c.person_id, func.min(here.c.position).label("number"))
        .where(here.c.case_id == case_id, here.c.role.in_(stand), here.c.removed_at.is_(None), is_suspect)
        .group_by(here.c.person_id)
    )
    return tuple(_WORDS.format(number=number) for number in sorted(row["number"] for row in rows))


def _joins(merge: FromClause, first: ColumnElement[Any], second: ColumnElement[Any]) -> ColumnElement[bool]:
    """Say that a merge makes one of two persons, whichever of them is the first."""
    return or_(
        and_(merge.c.primary_id == first, merge.c.secondary_id == second),
        and_(merge.c.primary_id == second, merge.c.secondary_id == first),
    )
