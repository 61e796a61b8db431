"""Persons who are looked for by what is known of them, among those whom the viewer may reveal."""

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select

from engine.cases.views.answers import Answers, opened_identity
from engine.cases.visibility import granted_to, revealed_to
from engine.core.policy import Viewer, visible_units
from engine.db.reading import Reading, Row
from engine.db.shape import CASE, CASE_PERSON, PERSON, UNIT
from engine.errors import DamagedError, KeyMissingError
from engine.persons.records import FoundPeople, FoundPerson
from engine.persons.store import persons_with
from engine.ports import Asked

MOST: Final = 200
"""So many are put into order; of more the latest cases are, and the page says that there are more."""
_VERY_LIKE: Final = 0.9


def found_people(
    reading: Reading,
    viewer: Viewer,
    asked: Asked = (),
    *,
    likeness: Callable[[Answers], float] = lambda _: 1.0,
    offset: int = 0,
    limit: int = 20,
) -> FoundPeople:
    """Find persons of cases by tokens, those first whose name is most alike; who they are stays closed.

    Among them are those alone whom the viewer may reveal, as an answer says as much. The caller records the look.
    """
    if not asked:
        return FoundPeople(lines=(), count=0, is_cut=False)
    rows = _rows(reading, viewer, asked)
    reading.vault.make_ready({row["id"] for row in rows})
    once: dict[tuple[UUID, UUID], Row] = {}
    for row in rows[:MOST]:
        once.setdefault((row["case_id"], row["id"]), row)
    alike = {one: _alike(reading, row, likeness) for one, row in once.items()}
    order = sorted(once, key=lambda one: -alike[one])
    lines = tuple(_line(once[one], alike[one]) for one in order[offset : offset + limit])
    return FoundPeople(lines=lines, count=len(order), is_cut=len(rows) > MOST)


def _rows(reading: Reading, viewer: Viewer, asked: Asked) -> list[Row]:
    organisations = _organisations(reading, viewer)
    has = [
        or_(*[PERSON.c.id.in_(persons_with(reading.vault, organisations, way)) for way in ways])
        for ways in asked
    ]  # fmt: skip
    return reading.rows(
        select(
            PERSON.c.id, PERSON.c.encrypted_identity, CASE_PERSON.c.case_id, CASE_PERSON.c.role,
            CASE_PERSON.c.position, CASE.c.number, CASE.c.status, UNIT.c.name.label("unit"),
        )
        .select_from(
            PERSON.join(CASE_PERSON, CASE_PERSON.c.person_id == PERSON.c.id)
            .join(CASE, CASE.c.id == CASE_PERSON.c.case_id)
            .join(UNIT, UNIT.c.id == CASE.c.unit_id)
        )
        .where(CASE_PERSON.c.removed_at.is_(None), revealed_to(viewer, PERSON.c.id, now=reading.now), *has)
        .order_by(CASE.c.opened_at.desc(), CASE.c.id, CASE_PERSON.c.position)
        .limit(MOST + 1)
    )  # fmt: skip


def _organisations(reading: Reading, viewer: Viewer) -> Sequence[UUID]:
    """List whose tokens are looked through: of the viewer's units, and of those whose cases they are granted."""
    theirs = select(CASE.c.unit_id).where(CASE.c.id.in_(granted_to(viewer, now=reading.now)))
    ours = UNIT.c.id.in_(sorted(visible_units(viewer)))
    found = select(UNIT.c.organisation_id).where(or_(ours, UNIT.c.id.in_(theirs))).distinct()
    return sorted(row["organisation_id"] for row in reading.rows(found))


def _alike(reading: Reading, row: Row, likeness: Callable[[Answers], float]) -> float:
    try:
        return round(likeness(opened_identity(reading.vault, row)), 2)
    except (DamagedError, KeyMissingError):
        return 0.0


def _line(row: Row, alike: float) -> FoundPerson:
    return FoundPerson(
        id=row["id"], case_id=row["case_id"], label=f"Person {row['position']}", role=row["role"],
        number=row["number"], status=row["status"], unit=row["unit"], is_very_like=alike >= _VERY_LIKE,
    )  # fmt: skip
