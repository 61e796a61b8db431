"""What the answers of a case point to under the definitions of trafficking, for those who may read all of them."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from engine import views as vw
from engine.adapters.sql.queries.answers import Answers
from engine.adapters.sql.queries.known import Known
from engine.adapters.sql.queries.law_here import LawHere, element_of
from engine.adapters.sql.queries.persons import Positions, label_of, positions
from engine.adapters.sql.queries.reading import Reading, Row
from engine.adapters.sql.queries.sealed import readable_answers
from engine.adapters.sql.queries.shape import ANSWER, CASE, RUN, STEP
from engine.adapters.sql.queries.sight import access_to, is_narrowed
from engine.domain.law_told import LawFacts
from engine.domain.palermo import Elements
from engine.domain.palermo import points_to as pointed_to
from engine.domain.policy import Action, can
from engine.domain.records import StepStatus
from engine.errors import NotFoundError
from engine.plugin.fields import ELEMENTS
from engine.ports import Vault


class ElementRows(NamedTuple):
    """The ended steps that may tell of elements, the ages that were told, and how the persons are called."""

    rows: list[Row]
    told: Mapping[str, LawFacts]
    numbers: Positions
    on: date


def points_to(reading: Reading, viewer: vw.Viewer, case_id: UUID) -> tuple[vw.PointsToView, ...]:
    """Return what the answers of a case point to under the definitions of trafficking, never more than that.

    Nothing for who may not read and reveal every answer; raises `NotFoundError`.
    """
    return _points(reading.known, _element_rows(reading, viewer, case_id), reading.vault)


def _element_rows(reading: Reading, viewer: vw.Viewer, case_id: UUID) -> ElementRows | None:
    """Fetch what was told; None for who may not read or reveal every answer. Raises `NotFoundError`."""
    access = access_to(reading, viewer, case_id)
    if not can(viewer, Action.SEE_CASES, access=access):
        raise NotFoundError(kind="case")
    if is_narrowed(access) or not all(can(viewer, act, access=access) for act in (Action.READ_ANSWERS, Action.REVEAL)):
        return None
    kinds = [key for key, step_type in reading.known.registry.step_types.items() if _fields(reading.known, key)]
    rows = reading.rows(
        select(
            STEP.c.id.label("step_id"), STEP.c.case_id, STEP.c.uses, STEP.c.path, STEP.c.ended_at, STEP.c.turn,
            RUN.c.zone, CASE.c.opened_at, ANSWER.c.sealed_answers,
        )
        .select_from(
            STEP.join(CASE, CASE.c.id == STEP.c.case_id)
            .join(RUN, RUN.c.id == STEP.c.run_id)
            .join(ANSWER, (ANSWER.c.step_id == STEP.c.id) & (ANSWER.c.turn == STEP.c.turn))
        )
        .where(STEP.c.case_id == case_id, STEP.c.uses.in_(kinds), STEP.c.status == StepStatus.ENDED.value)
        .order_by(STEP.c.ended_at, STEP.c.id)
    )  # fmt: skip
    if not rows:
        return None
    here = LawHere(reading, reading.known.library())
    zone = rows[0]["zone"]
    told = {one: here.told(case_id, one, zone=zone) for one in {element_of(row["path"]) for row in rows}}
    on = rows[0]["opened_at"].astimezone(ZoneInfo(zone)).date()
    return ElementRows(rows, told, positions(reading, {case_id}), on)


def _points(known: Known, found: ElementRows | None, vault: Vault) -> tuple[vw.PointsToView, ...]:
    """Say of each person of whom elements were told, or of the case, what they point to; lost answers tell nothing."""
    if found is None:
        return ()
    opened = [(row, answers) for row in found.rows if (answers := readable_answers(vault, row)) is not None]
    persons = list(dict.fromkeys(element_of(row["path"]) for row, _ in opened))
    shown = [one for one in persons if one] or persons
    return tuple(view for element in shown for view in _views(known, found, opened, element))


def _views(
    known: Known, found: ElementRows, opened: Iterable[tuple[Row, Answers]], element: str
) -> Iterable[vw.PointsToView]:
    told = _elements(known, [(row, answers) for row, answers in opened if element_of(row["path"]) in {element, ""}])
    age = next(iter(found.told[element].ages), None)
    case_id = found.rows[0]["case_id"]
    on = found.told[element].offence_on or found.on
    for one in pointed_to(Elements(told["acts"], told["means"], told["purposes"], age), on=on):
        yield vw.PointsToView(
            person_label=label_of(element, case_id, found.numbers), law=one.law.value, truth=one.truth.value,
            words=one.words, reasons=one.reasons, missing=one.missing,
        )  # fmt: skip


def _elements(known: Known, opened: Iterable[tuple[Row, Answers]]) -> dict[str, frozenset[str]]:
    """Give for each element the latest answer to it: of the person alone first, since those come after the case's."""
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
