"""The page on which old cases are taken over from a spreadsheet."""

from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.builtin import REPORT
from engine.core.policy import Action, units_that_let
from engine.imports.actions import check_table, import_cases
from engine.imports.records import BadCell, TableError, columns_of
from engine.people.viewer import units
from engine.web.dependencies import Posted, SignedIn
from engine.web.languages import say
from engine.web.posted import one_line_end, text, uuid_or_none
from engine.web.visit import Visit

router = APIRouter()


@router.get("/import")
def form(visit: SignedIn) -> Response:
    """Show the form in which a table is pasted, and which columns it can have."""
    visit.must(Action.IMPORT_CASES)
    return _page(visit, command_id=visit.new_command())


@router.post("/import")
def take_over(visit: SignedIn, form: Posted) -> Response:
    """Check a table, or take over all of its cases; name each problem by row and column."""
    visit.must(Action.IMPORT_CASES)
    sent, unit_id = form.get("table"), uuid_or_none(form, "unit")
    table = one_line_end(sent) if isinstance(sent, str) else ""
    command_id = uuid_or_none(form, "command_id") or visit.new_command()
    if unit_id is None:
        problem = BadCell(row=0, column="unit", words="Choose the unit that keeps these cases.")
        return _page(visit, command_id=command_id, table=table, problems=[problem])
    try:
        if text(form, "act") != "import":
            fits = check_table(visit.engine, table, viewer=visit.viewer, unit_id=unit_id)
            return _page(visit, command_id=command_id, table=table, unit_id=unit_id, fits=fits)
        done = import_cases(
            visit.engine, table, viewer=visit.viewer, unit_id=unit_id, command_id=visit.command_of(form, "import")
        )
    except TableError as error:
        return _page(visit, command_id=command_id, table=table, unit_id=unit_id, problems=error.problems)
    return _page(visit, command_id=visit.new_command(), done=done)


def _page(
    visit: Visit,
    *,
    command_id: UUID,
    table: str = "",
    unit_id: UUID | None = None,
    problems: Sequence[BadCell] = (),
    fits: int = 0,
    done: Sequence[str] = (),
) -> Response:
    names, mine = dict(visit.ask(units)), units_that_let(visit.viewer, Action.IMPORT_CASES)
    nothing_taken = say("{count} problems: nothing was taken over.", count=len(problems))
    return visit.page(
        "import.html", title="Take over old cases", section="report", table=table,
        status=422 if problems else 200, unit_id=unit_id, found=problems, fits=fits, done=done,
        units=[(unit, name) for unit, name in names.items() if unit in mine],
        problems=[("#table", nothing_taken)] if problems else [],
        command_id=command_id, columns=columns_of(visit.engine.registry.get(REPORT)),
    )  # fmt: skip
