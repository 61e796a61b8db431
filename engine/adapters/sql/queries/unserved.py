"""Cases in which a step is open that no installed pillar can do as the case's workflow expects it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from engine import views as vw
from engine.adapters.sql.queries.reading import Reading
from engine.adapters.sql.queries.shape import CASE, CASE_IS_OPEN, DEFINITION, RUN, STEP, is_one_of
from engine.domain.records import LIVE
from engine.plugin.contract import broken_promises

_LINES = 100


def unserved(reading: Reading, of_units: ColumnElement[bool]) -> tuple[vw.UnservedView, ...]:
    """List step types that are missing or changed under open steps, each with its reason and the cases' numbers."""
    of = [STEP.c.uses, RUN.c.definition_hash]
    kinds = reading.rows(_open_steps(of_units, *of).group_by(*of).order_by(*of))
    relied_on = _contracts(reading, {row["definition_hash"] for row in kinds})
    found: dict[tuple[str, str], list[str]] = {}
    for row in kinds:
        problem = _problem(reading, row["uses"], relied_on.get(row["definition_hash"], {}))
        if problem:
            found.setdefault((row["uses"], problem), []).append(row["definition_hash"])
    return tuple(_view(reading, of_units, uses, problem, hashes) for (uses, problem), hashes in found.items())


def _open_steps(of_units: ColumnElement[bool], *columns: ColumnElement[Any]) -> Select[Any]:
    is_live = is_one_of(STEP.c.status, *sorted(status.value for status in LIVE))
    steps = STEP.join(CASE, CASE.c.id == STEP.c.case_id).join(RUN, RUN.c.id == STEP.c.run_id)
    return select(*columns).select_from(steps).where(CASE_IS_OPEN, of_units, is_live)


def _view(
    reading: Reading, of_units: ColumnElement[bool], uses: str, problem: str, hashes: list[str]
) -> vw.UnservedView:
    asked = _open_steps(of_units, CASE.c.number).where(STEP.c.uses == uses, RUN.c.definition_hash.in_(hashes))
    rows = reading.rows(asked.distinct().order_by(CASE.c.number))
    numbers = tuple(row["number"] for row in rows)
    return vw.UnservedView(uses=uses, problem=problem, cases=numbers[:_LINES], count=len(numbers))


def _contracts(reading: Reading, hashes: set[str]) -> dict[str, Mapping[str, Any]]:
    query = select(DEFINITION.c.content_hash, DEFINITION.c.contract_hashes)
    rows = reading.rows(query.where(DEFINITION.c.content_hash.in_(sorted(hashes))))
    return {row["content_hash"]: row["contract_hashes"] for row in rows}


def _problem(reading: Reading, uses: str, contracts: Mapping[str, Any]) -> str:
    step_type = reading.known.step_type(uses)
    if step_type is None:
        return f"No installed pillar has the step type {uses}."
    relied_on = contracts.get(uses)
    broken = broken_promises(relied_on, step_type) if isinstance(relied_on, Mapping) else ()
    return f"The step type {uses} was changed: {broken[0]}" if broken else ""
