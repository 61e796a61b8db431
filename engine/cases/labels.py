"""How the persons of a case are called on pages: "Person 1", "Person 2", never by a name."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import func, select

from engine.core.values import person_in
from engine.db.reading import Reading
from engine.db.shape import CASE_PERSON

Positions = Mapping[tuple[UUID, UUID], int]
"""The number of a person in a case, by case id and person id."""


def positions(reading: Reading, case_ids: Collection[UUID]) -> Positions:
    """Number the persons of some cases: a person who is there in several roles has the first of their numbers."""
    if not case_ids:
        return {}
    rows = reading.rows(
        select(CASE_PERSON.c.case_id, CASE_PERSON.c.person_id, func.min(CASE_PERSON.c.position).label("number"))
        .where(CASE_PERSON.c.case_id.in_(sorted(set(case_ids))))
        .group_by(CASE_PERSON.c.case_id, CASE_PERSON.c.person_id)
    )
    return {(row["case_id"], row["person_id"]): row["number"] for row in rows}


def label_of(path: str, case_id: UUID, known: Positions) -> str:
    """Name the person to whom an occurrence of a step belongs; empty when it belongs to the whole case."""
    person_id = person_in(path)
    return f"Person {known.get((case_id, person_id), '?')}" if person_id else ""
