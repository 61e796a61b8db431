"""The audit: the auditor's lines, who looked at a case, and what happened as the person may read it."""

import csv
import io
from datetime import datetime, time, timedelta
from typing import Annotated, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from starlette.responses import Response

from engine.audit.records import AuditLine
from engine.audit.views import audit_lines, readers
from engine.cases.actions.deciding import note_reading
from engine.core.matching import PROBES_A_DAY
from engine.overview.views.case import case_page
from engine.overview.views.history import account as account_view
from engine.people.viewer import actors
from engine.sharing.views.sharing import probes
from engine.web.dependencies import SignedIn
from engine.web.languages import say, speaker
from engine.web.posted import as_uuid, clean
from engine.web.visit import Visit

router = APIRouter()
PAGE: Final = 15
_MOST_ROWS: Final = 10_000
_SORTS: Final = {
    "": "Everything",
    "readings": "Who looked at what",
    "refusals": "Who was refused",
    "others": "The rest",
}
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_Sort = Annotated[str, Query(max_length=20)]
_Day = Annotated[str, Query(max_length=10, pattern=r"^(\d{4}-\d\d-\d\d)?$")]
_Actor = Annotated[str, Query(max_length=36)]
_Number = Annotated[str, Query(max_length=40)]


@router.get("/audit")
def audit(
    visit: SignedIn,
    sort: _Sort = "",
    actor: _Actor = "",
    number: _Number = "",
    since: _Day = "",
    until: _Day = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """List who did what when, without content."""
    asked = {"sort": sort, "actor": actor, "number": clean(number), "since": since, "until": until}
    lines = _lines(visit, asked, offset=(page - 1) * PAGE, limit=PAGE + 1)
    return visit.page(
        "audit.html", title="Audit", lines=lines[:PAGE], sorts=_SORTS, asked=asked, page=page,
        has_more=len(lines) > PAGE, people=_people(visit), probes=visit.ask(probes),
        most=PROBES_A_DAY,
    )  # fmt: skip


@router.get("/audit.csv")
def audit_table(
    visit: SignedIn, sort: _Sort = "", actor: _Actor = "", number: _Number = "", since: _Day = "", until: _Day = ""
) -> Response:
    """Return the same lines as a table for spreadsheets, which take none of them for a formula."""
    asked = {"sort": sort, "actor": actor, "number": clean(number), "since": since, "until": until}
    made = io.StringIO()
    table = csv.writer(made)
    table.writerow(("at (UTC)", "who", "in which roles", "what", "classes", "case"))
    for line in _lines(visit, asked, offset=0, limit=_MOST_ROWS):
        cells = (line.actor, ", ".join(line.roles), line.what, ", ".join(line.classes), line.case_number)
        table.writerow((f"{line.at:%Y-%m-%d %H:%M:%S}", *(_harmless(cell) for cell in cells)))
    headers = {"Content-Disposition": 'attachment; filename="audit.csv"'}
    return Response(made.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/cases/{case_id}/readings")
def readings(visit: SignedIn, case_id: UUID) -> Response:
    """Show who looked at a case, day by day."""
    found, seen = visit.soon(readers, case_id), visit.soon(case_page, case_id)
    lines, case = found(), seen()
    title = say("Who looked at case {number}", number=case.number)
    return visit.page("readings.html", title=title, section="track", zone=case.zone, case=case, lines=lines)


@router.get("/cases/{case_id}/account")
def account(visit: SignedIn, case_id: UUID) -> Response:
    """Tell what happened as the person may read it, to be printed."""
    found, seen = visit.soon(account_view, case_id, say=speaker()), visit.soon(case_page, case_id)
    lines, case = found(), seen()
    note_reading(visit.engine, visit.viewer, case_id, "account", ())
    title = say("What happened in case {number}", number=case.number)
    return visit.page("account-of-case.html", title=title, section="track", zone=case.zone, case=case, lines=lines)


def _lines(visit: Visit, asked: dict[str, str], *, offset: int, limit: int) -> tuple[AuditLine, ...]:
    return visit.ask(audit_lines,
        sort=asked["sort"], actor_id=as_uuid(asked["actor"]), number=asked["number"],
        since=_begin(asked["since"], visit.viewer.zone), until=_begin(asked["until"], visit.viewer.zone, days=1),
        offset=offset, limit=limit,
    )  # fmt: skip


def _people(visit: Visit) -> tuple[tuple[UUID, str], ...]:
    return tuple({one.id: one.name for one in visit.ask(actors)}.items())


def _begin(day: str, zone: str, *, days: int = 0) -> datetime | None:
    """Return when a day begins in a zone; None for none, or one that no calendar has."""
    try:
        found = datetime.fromisoformat(day).date() + timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    return datetime.combine(found, time(), tzinfo=ZoneInfo(zone))


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
