"""Which guardians and family of a case are suspects, in it or in a linked case of the same unit: by number, no name."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, and_, exists, or_, select

from engine.adapters.sql import tables as tb
from engine.adapters.sql.queries.persons import positions
from engine.adapters.sql.queries.reading import Reading
from engine.adapters.sql.queries.shape import CASE, CASE_PERSON
from engine.domain.case_links import LinkKind
from engine.domain.guardians import STANDS_FOR
from engine.domain.records import PersonRole

_LINK, _MERGE = (tb.CaseRow.metadata.tables[name] for name in ("case_link", "person_merge"))
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
        _LINK.c.ended_at.is_(None),
        or_(_LINK.c.kind != LinkKind.MERGED.value, _LINK.c.approved_at.is_not(None)),
        or_(
            and_(_LINK.c.case_id == case_id, _LINK.c.other_case_id == there.c.case_id),
            and_(_LINK.c.other_case_id == case_id, _LINK.c.case_id == there.c.case_id),
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
        select(here.c.person_id)
        .distinct()
        .where(here.c.case_id == case_id, here.c.role.in_(stand), here.c.removed_at.is_(None), is_suspect)
    )
    numbers = positions(reading, [case_id]) if rows else {}
    found = sorted(numbers.get((case_id, row["person_id"]), 0) for row in rows)
    return tuple(_WORDS.format(number=number) for number in found)


def _joins(merge: FromClause, first: ColumnElement[Any], second: ColumnElement[Any]) -> ColumnElement[bool]:
    """Say that a merge makes one of two persons, whichever of them is the first."""
    return or_(
        and_(merge.c.primary_id == first, merge.c.secondary_id == second),
        and_(merge.c.primary_id == second, merge.c.secondary_id == first),
    )
