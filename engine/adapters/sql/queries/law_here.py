"""Limits of the law as they stand in the cases of rows: the version that counts for what the answers have told."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import cast
from uuid import UUID

from sqlalchemy import select

from engine.adapters.sql.queries.answers import Answers
from engine.adapters.sql.queries.reading import Reading, Row
from engine.adapters.sql.queries.sealed import opened_outputs, opened_report
from engine.adapters.sql.queries.shape import CASE, CASE_PERSON, STEP
from engine.domain.law_in_case import LawInCase, depends_on_case, law_for
from engine.domain.law_told import NOTHING, VICTIM_ROLES, LawFacts, Telling, gathered, told_before
from engine.domain.library import Library
from engine.domain.paths import path_of_person
from engine.domain.records import Deadline, Scalar, StepStatus


class LawHere:
    """Judges limits of the law for the deadlines of some rows; what a case has told is read once, if it is needed."""

    def __init__(self, reading: Reading, library: Library) -> None:
        """Read by `reading`; versions come from `library`."""
        self._library = library
        self._case = cache(lambda case_id: told_by_case(reading, case_id))
        self._people = cache(lambda case_id: _people(reading, case_id))

    def read(self, case_id: UUID) -> "LawHere":
        """Read now what a case has told, for views that are made when nothing can be read any more."""
        self._case(case_id)
        self._people(case_id)
        return self

    def of(self, row: Row, deadline: Deadline) -> LawInCase | None:
        """Give the limit that a deadline counts; None where it follows no law, or one that no pack has any more."""
        if deadline.law is None:
            return None
        return self.find(
            row["case_id"], deadline.law, element=element_of(deadline.path), zone=deadline.zone,
            started=deadline.started_at,
        )  # fmt: skip

    def find(self, case_id: UUID, limit_id: str, *, element: str, zone: str, started: datetime) -> LawInCase | None:
        """Give a limit as it stands in a case when it starts at an instant (UTC); None for an unknown one."""
        told = self.told(case_id, element, zone=zone) if depends_on_case(self._library.versions(limit_id)) else NOTHING
        return law_for(self._library, limit_id, told=told, zone=zone, started=started)

    def told(self, case_id: UUID, element: str, *, zone: str) -> LawFacts:
        """Gather what a case has told of a person, or of everybody in it."""
        place, tellings = self._case(case_id)
        return replace(gathered(tellings, element, people=self._people(case_id), zone=zone), place=place)


def element_of(path: str) -> str:
    """Give the person part of a path: the path without its rounds."""
    return "/".join(part for part in path.split("/") if not part.startswith("r:"))


def told_by_case(reading: Reading, case_id: UUID) -> tuple[str | None, tuple[Telling, ...]]:
    """Read what a case tells of what limits depend on: its State, its ended steps, what was told before a split."""
    is_told = (STEP.c.case_id == CASE.c.id) & (STEP.c.status == StepStatus.ENDED.value) & STEP.c.ended_at.is_not(None)
    rows = reading.rows(
        select(
            CASE.c.jurisdiction, CASE.c.sealed_report, STEP.c.id, STEP.c.uses, STEP.c.path, STEP.c.ended_at,
            STEP.c.sealed_outputs,
        )
        .select_from(CASE.outerjoin(STEP, is_told))
        .where(CASE.c.id == case_id)
        .order_by(STEP.c.ended_at, STEP.c.id)
    )  # fmt: skip
    told = (
        Telling(
            row["uses"], element_of(row["path"]), row["ended_at"],
            _scalars(opened_outputs(reading.vault, row["id"], row["sealed_outputs"])),
        )
        for row in rows
        if row["uses"]
    )  # fmt: skip
    if not rows:
        return None, ()
    report = _scalars(opened_report(reading.vault, case_id, rows[0]["sealed_report"]))
    return rows[0]["jurisdiction"], (*told_before(report), *told)


def _scalars(opened: Answers) -> Mapping[str, Scalar]:
    return cast("Mapping[str, Scalar]", opened)


def _people(reading: Reading, case_id: UUID) -> Iterable[str]:
    rows = reading.rows(
        select(CASE_PERSON.c.person_id)
        .where(
            CASE_PERSON.c.case_id == case_id,
            CASE_PERSON.c.role.in_(sorted(VICTIM_ROLES)),
            CASE_PERSON.c.removed_at.is_(None),
        )
        .order_by(CASE_PERSON.c.position, CASE_PERSON.c.person_id)
    )
    return tuple(path_of_person(row["person_id"]) for row in rows)
