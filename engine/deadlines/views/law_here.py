"""Limits of the law as they stand in the cases of rows, and what answers point to under it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from typing import NamedTuple, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select

from engine.cases.views.sight import Answers, access_to, is_narrowed, opened_outputs, opened_report, readable_answers
from engine.cases.visibility import Positions, label_of, positions
from engine.core.law.palermo import Elements
from engine.core.law.palermo import points_to as pointed_to
from engine.core.law.told import NOTHING, VICTIM_ROLES, LawFacts, Telling, gathered, newest_answer, told_before
from engine.core.library import LawInCase, Library, depends_on_case, law_for
from engine.core.policy import Action, Viewer, can
from engine.core.records import Deadline, Scalar, StepStatus, path_of_person
from engine.db.reading import Known, Reading, Row
from engine.db.shape import ANSWER, CASE, CASE_PERSON, RUN, STEP
from engine.definitions.records import PointsToView
from engine.errors import NotFoundError
from engine.keys.vault import Vault
from engine.plugin.fields import ELEMENTS


class LawHere:
    """Judges limits of the law for the deadlines of some rows; what a case has told is read once, if it is needed."""

    def __init__(self, reading: Reading, library: Library) -> None:
        """Read by `reading`; versions come from `library`."""
        self._library = library
        self._reading = reading
        self._told: dict[UUID, _Told] = {}
        self.told = cache(self._gathered)

    def read(self, case_ids: Collection[UUID]) -> "LawHere":
        """Read now what some cases have told."""
        wanted = sorted(set(case_ids) - set(self._told))
        if wanted:
            reading = self._reading
            told, people = reading.soon(_told, reading, wanted), reading.soon(_people, reading, wanted)
            self._told |= {one: _Told(*told()[one], people()[one]) for one in wanted}
        return self

    def read_for(self, rows: Iterable[Row]) -> "LawHere":
        """Read now what the cases of some deadlines have told, where it is asked of their limits."""
        asks = cache(lambda limit_id: depends_on_case(self._library.versions(limit_id)))
        return self.read({row["case_id"] for row in rows if row["law"] is not None and asks(row["law"])})

    def of(self, row: Row, deadline: Deadline) -> LawInCase | None:
        """Return the limit that a deadline counts; None where it follows no law, or one that no pack has any more."""
        if deadline.law is None:
            return None
        return self.find(
            row["case_id"], deadline.law, element=element_of(deadline.path), zone=deadline.zone,
            started=deadline.started_at,
        )  # fmt: skip

    def find(self, case_id: UUID, limit_id: str, *, element: str, zone: str, started: datetime) -> LawInCase | None:
        """Return a limit as it stands in a case when it starts at an instant (UTC); None for an unknown one."""
        told = self.told(case_id, element, zone=zone) if depends_on_case(self._library.versions(limit_id)) else NOTHING
        return law_for(self._library, limit_id, told=told, zone=zone, started=started)

    def means(self, case_id: UUID, element: str) -> frozenset[str]:
        """Return by which means somebody was controlled, as the system from which their case was taken over told it."""
        self.read([case_id])
        said = newest_answer(self._told[case_id].tellings, element, "means")
        return frozenset(filter(None, said.split(",")))

    def _gathered(self, case_id: UUID, element: str, *, zone: str) -> LawFacts:
        """Gather what a case has told of a person, or of everybody in it."""
        self.read([case_id])
        known = self._told[case_id]
        return replace(gathered(known.tellings, element, people=known.people, zone=zone), place=known.place)


def element_of(path: str) -> str:
    """Return the person part of a path: the path without its rounds."""
    return "/".join(part for part in path.split("/") if not part.startswith("r:"))


class _Told(NamedTuple):
    """What a case tells of what limits depend on: its State, what was told in it, who is a victim in it."""

    place: str | None
    tellings: Sequence[Telling]
    people: Sequence[str]


def _told(reading: Reading, case_ids: Sequence[UUID]) -> Mapping[UUID, tuple[str | None, Sequence[Telling]]]:
    """Read of each case its State, and what its ended steps told, and what was told before a split."""
    is_told = (STEP.c.case_id == CASE.c.id) & (STEP.c.status == StepStatus.ENDED.value) & STEP.c.ended_at.is_not(None)
    rows = reading.rows(
        select(
            CASE.c.id.label("case_id"), CASE.c.jurisdiction, CASE.c.encrypted_report, STEP.c.id, STEP.c.uses,
            STEP.c.path, STEP.c.ended_at, STEP.c.encrypted_outputs,
        )
        .select_from(CASE.outerjoin(STEP, is_told))
        .where(CASE.c.id.in_(case_ids))
        .order_by(CASE.c.id, STEP.c.ended_at, STEP.c.id)
    )  # fmt: skip
    found: dict[UUID, tuple[str | None, list[Telling]]] = {one: (None, []) for one in case_ids}
    for row in rows:
        case_id = row["case_id"]
        if found[case_id][0] is None:
            report = _scalars(opened_report(reading.vault, case_id, row["encrypted_report"]))
            found[case_id] = row["jurisdiction"], [*told_before(report)]
        if row["uses"]:
            outputs = _scalars(opened_outputs(reading.vault, row["id"], row["encrypted_outputs"]))
            found[case_id][1].append(Telling(row["uses"], element_of(row["path"]), row["ended_at"], outputs))
    return found


def _scalars(opened: Answers) -> Mapping[str, Scalar]:
    return cast("Mapping[str, Scalar]", opened)


def _people(reading: Reading, case_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[str]]:
    rows = reading.rows(
        select(CASE_PERSON.c.case_id, CASE_PERSON.c.person_id)
        .where(
            CASE_PERSON.c.case_id.in_(case_ids),
            CASE_PERSON.c.role.in_(sorted(VICTIM_ROLES)),
            CASE_PERSON.c.removed_at.is_(None),
        )
        .order_by(CASE_PERSON.c.position, CASE_PERSON.c.person_id)
    )
    found: dict[UUID, list[str]] = {one: [] for one in case_ids}
    for row in rows:
        found[row["case_id"]].append(path_of_person(row["person_id"]))
    return found


class ElementRows(NamedTuple):
    """The ended steps that may tell of elements, the ages that were told, and how the persons are called."""

    rows: list[Row]
    told: Mapping[str, LawFacts]
    numbers: Positions
    on: date


def points_to(reading: Reading, viewer: Viewer, case_id: UUID) -> tuple[PointsToView, ...]:
    """Return what the answers of a case point to under the definitions of trafficking, never more than that.

    Nothing for who may not read and reveal every answer; raises `NotFoundError`.
    """
    return _points(reading.known, _element_rows(reading, viewer, case_id), reading.vault)


def _element_rows(reading: Reading, viewer: Viewer, case_id: UUID) -> ElementRows | None:
    """Fetch what was told; None for who may not read or reveal every answer. Raises `NotFoundError`."""
    seen = reading.soon(access_to, reading, viewer, case_id)
    found = reading.soon(reading.rows, _ended(reading.known, [case_id]))
    numbers = reading.soon(positions, reading, {case_id})
    law = reading.soon(LawHere(reading, reading.known.library()).read, [case_id])
    access = seen()
    if not can(viewer, Action.SEE_CASES, access=access):
        raise NotFoundError(kind="case")
    if is_narrowed(access) or not all(can(viewer, act, access=access) for act in (Action.READ_ANSWERS, Action.REVEAL)):
        return None
    rows, here = found(), law()
    if not rows:
        return None
    zone = rows[0]["zone"]
    told = {one: here.told(case_id, one, zone=zone) for one in {element_of(row["path"]) for row in rows}}
    on = rows[0]["opened_at"].astimezone(ZoneInfo(zone)).date()
    return ElementRows(rows, told, numbers(), on)


def means_by_person(reading: Reading, case_ids: Collection[UUID]) -> Mapping[tuple[UUID, str], frozenset[str]]:
    """Return what answers say of the means by which people were controlled, by case and path; lost ones say nothing."""
    opened: dict[tuple[UUID, str], list[tuple[Row, Answers]]] = {}
    for row in reading.rows(_ended(reading.known, case_ids)):
        if (answers := readable_answers(reading.vault, row)) is not None:
            opened.setdefault((row["case_id"], element_of(row["path"])), []).append((row, answers))
    return {where: _elements(reading.known, some)["means"] for where, some in opened.items()}


def _ended(known: Known, case_ids: Collection[UUID]) -> Select[tuple[object, ...]]:
    """Select the ended steps of cases whose forms ask for elements, with their answers."""
    kinds = [key for key in known.registry.step_types if _fields(known, key)]
    return (
        select(
            STEP.c.id.label("step_id"), STEP.c.case_id, STEP.c.uses, STEP.c.path, STEP.c.ended_at, STEP.c.turn,
            RUN.c.zone, CASE.c.opened_at, ANSWER.c.encrypted_answers,
        )
        .select_from(
            STEP.join(CASE, CASE.c.id == STEP.c.case_id)
            .join(RUN, RUN.c.id == STEP.c.run_id)
            .join(ANSWER, (ANSWER.c.step_id == STEP.c.id) & (ANSWER.c.turn == STEP.c.turn))
        )
        .where(STEP.c.case_id.in_(sorted(case_ids)), STEP.c.uses.in_(kinds), STEP.c.status == StepStatus.ENDED.value)
        .order_by(STEP.c.ended_at, STEP.c.id)
    )  # fmt: skip


def _points(known: Known, found: ElementRows | None, vault: Vault) -> tuple[PointsToView, ...]:
    """Say of each person of whom elements were told, or of the case, what they point to; lost answers tell nothing."""
    if found is None:
        return ()
    opened = [(row, answers) for row in found.rows if (answers := readable_answers(vault, row)) is not None]
    persons = list(dict.fromkeys(element_of(row["path"]) for row, _ in opened))
    shown = [one for one in persons if one] or persons
    return tuple(view for element in shown for view in _views(known, found, opened, element))


def _views(
    known: Known, found: ElementRows, opened: Iterable[tuple[Row, Answers]], element: str
) -> Iterable[PointsToView]:
    told = _elements(known, [(row, answers) for row, answers in opened if element_of(row["path"]) in {element, ""}])
    age = next(iter(found.told[element].ages), None)
    case_id = found.rows[0]["case_id"]
    on = found.told[element].offence_on or found.on
    for one in pointed_to(Elements(told["acts"], told["means"], told["purposes"], age), on=on):
        yield PointsToView(
            person_label=label_of(element, case_id, found.numbers), law=one.law.value, truth=one.truth.value,
            words=one.words, reasons=one.reasons, missing=one.missing,
        )  # fmt: skip


def _elements(known: Known, opened: Iterable[tuple[Row, Answers]]) -> dict[str, frozenset[str]]:
    """Return for each element the latest answer to it: of the person alone first, since those come after the case's."""
    told: dict[str, frozenset[str]] = dict.fromkeys(ELEMENTS, frozenset())
    for row, answers in sorted(opened, key=lambda one: (bool(element_of(one[0]["path"])), one[0]["ended_at"])):
        for name, element in _fields(known, row["uses"]).items():
            value = answers.get(name)
            if isinstance(value, list) and value:
                told[element] = frozenset(str(one) for one in value)
    return told


def _fields(known: Known, uses: str) -> dict[str, str]:
    step_type = known.step_type(uses)
    return {spec.name: spec.tells for spec in (step_type.fields if step_type else ()) if spec.tells in ELEMENTS}
