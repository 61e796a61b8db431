"""Track: the list of cases, by what is asked for, also as a copy for a spreadsheet; the way back leads there again."""

import re
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from engine.cases.actions.filters import LONGEST_NAME, delete_filter, save_filter
from engine.cases.records import CaseFilter
from engine.cases.store import CONCERN
from engine.cases.views.lists import EVERY_CASE, count_cases, saved_filters
from engine.cases.views.lists import cases as cases_view
from engine.core.policy import Action
from engine.core.retention import PURPOSES_OF_COPIES, ROWS_ALONE, CopyMark
from engine.errors import InvalidAnswersError, NotAllowedError
from engine.imports.htcds import as_htcds
from engine.language.names import Role
from engine.overview.actions import answer_copy, ask_copy, fetch_copy, link_to_copy
from engine.overview.records import CaseLine
from engine.overview.views.copies import as_csv
from engine.overview.views.copies import copies as copies_view
from engine.people.records import ActorView, region_words
from engine.people.viewer import actors, places
from engine.retention.records import SheetView
from engine.web.dependencies import Posted, SignedIn
from engine.web.posted import FIRST, Again, as_day, as_uuid, clean, text, typed
from engine.web.security import keep_list
from engine.web.times import local
from engine.web.visit import Visit
from engine.web.words import FormChoice

router = APIRouter()
PAGE: Final = 15
_LATE: Final = {"yes": True, "no": False}
_KEY: Final = re.compile(r"[\w-]{1,60}", re.ASCII)
Word = Annotated[str, Query(max_length=60)]

WHAT: Final = {"cases": "Cases", "steps": "Steps", "limits": "Time limits", "htcds": "Cases as HTCDS 2.0"}


async def _typed(
    about: Word = "", late: Word = "", waits: Word = "", place: Word = "", since: Word = ""
) -> dict[str, str]:
    """Return what cases are asked for by, as far as it can be anything that is known."""
    return _known({"about": about, "late": late, "waits": waits, "place": place, "since": since})


def _known(typed: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in typed.items() if _KEY.fullmatch(value)}


@router.get("/cases")
def cases(
    visit: SignedIn,
    typed: Annotated[dict[str, str], Depends(_typed)],
    status: str = "open",
    number: Annotated[str, Query(max_length=40)] = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """List the cases that the viewer may see, those with the nearest deadline first."""
    return _listed(visit, typed, status, clean(number), page)


@router.post("/filters")
def filter_saved(visit: SignedIn, form: Posted) -> Response:
    """Save a filter of the list under a name."""
    given = _known({name: text(form, name) for name in ("about", "late", "waits", "place", "since")})
    status, name = text(form, "status"), text(form, "name")
    chosen = given | ({"status": status} if status in {"closed", "all"} else {})
    try:
        save_filter(visit.engine, viewer=visit.viewer, name=name, chosen=chosen)
    except InvalidAnswersError as error:
        return _listed(visit, given, status, again=Again(error.problems, given | {"name": name}))
    return visit.go("/cases", **chosen, said="filter_saved")


@router.post("/filters/{filter_id}/delete")
def filter_deleted(visit: SignedIn, filter_id: UUID) -> Response:
    """Delete a filter that the viewer has saved."""
    delete_filter(visit.engine, filter_id, viewer=visit.viewer)
    return visit.go("/cases", said="filter_deleted")


def _listed(
    visit: Visit, typed: dict[str, str], status: str, number: str = "", page: int = 1, *, again: Again | None = None
) -> Response:
    wanted = status if status in {"open", "closed", "all"} else "open"
    chosen, again = _chosen(typed), again or _again(typed)
    people, regions, saved = visit.soon(actors), visit.soon(places), visit.soon(saved_filters)
    counted = visit.soon(count_cases, status=wanted, chosen=chosen)
    found = _part(visit, wanted, number, page, chosen)
    if number and not (found or chosen.is_on):
        wanted = "all"
        counted, found = visit.soon(count_cases, status=wanted), _part(visit, wanted, number, page)
    kept = urlencode({"status": wanted, **typed})  # no number of a case is kept in a browser
    answer = visit.page(
        "cases.html",
        title="Cases",
        section="track",
        again=again,
        saved=[(one, urlencode(one.chosen)) for one in saved()],
        longest=LONGEST_NAME,
        cases=found[:PAGE],
        status_shown=wanted,
        number=number,
        is_filtered=chosen.is_on or bool(again.errors),
        choices=_choices(visit, typed, people(), regions()),
        query=f"{kept}&{urlencode({'number': number})}" if number else kept,
        page=page,
        has_more=len(found) > PAGE,
        may_find=visit.may(Action.REVEAL),
        may_emergency_access=visit.may(Action.EMERGENCY_ACCESS),
        count=counted(),
        may_see_statistics=visit.may(Action.SEE_STATISTICS),
        may_import=visit.may(Action.IMPORT_CASES),
        may_see_retention=visit.may(Action.SEE_RETENTION),
    )
    if not again.errors:
        keep_list(answer, visit.request, f"{kept}&page={1 if number else page}")
    return answer


def _part(visit: Visit, status: str, number: str, page: int, chosen: CaseFilter = EVERY_CASE) -> tuple[CaseLine, ...]:
    """Return the cases of a page of the list, and one more where there are more."""
    return visit.ask(cases_view, status=status, number=number, chosen=chosen, offset=(page - 1) * PAGE, limit=PAGE + 1)


def _chosen(typed: dict[str, str]) -> CaseFilter:
    waits = typed.get("waits", "")
    return CaseFilter(
        concern=typed.get("about", ""),
        late=_LATE.get(typed.get("late", "")),
        role=waits if waits in set(Role) else "",
        person=as_uuid(waits),
        place=typed.get("place", ""),
        since=as_day(typed.get("since", "")),
    )


def _again(typed: dict[str, str]) -> Again:
    if typed.get("since") and as_day(typed["since"]) is None:
        return Again({"since": "Write the day like this: 2026-03-20."}, typed)
    return FIRST._replace(typed=typed)


def _choices(
    visit: Visit, typed: dict[str, str], people: tuple[ActorView, ...], regions: tuple[str, ...]
) -> dict[str, list[FormChoice]]:
    """Return what can be chosen of each thing that cases are asked for by."""
    concerns = {
        value: label
        for step_type in visit.engine.registry.step_types.values()
        for spec in step_type.fields
        if spec.name == CONCERN
        for value, label in spec.choices.items()
    }
    colleagues = {str(one.id): one.name for one in people if one.unit_id in visit.viewer.unit_ids}
    offered = {
        "about": concerns,
        "late": {"yes": "Yes", "no": "No"},
        "waits": colleagues | {role.value: role.label for role in Role},
        "place": {region: region_words(region) for region in regions},
    }
    return {
        name: [FormChoice(value, words, checked=typed.get(name) == value) for value, words in given.items()]
        for name, given in offered.items()
    }


@router.get("/copies")
def copies(visit: SignedIn) -> Response:
    """List the copies that were asked for, with the form to ask for one."""
    return _page(visit)


@router.post("/copies")
def asked(visit: SignedIn, form: Posted) -> Response:
    """Ask for a copy."""
    given = typed(form)
    try:
        ask_copy(
            visit.engine, viewer=visit.viewer, what=text(form, "what"),
            purpose_code=text(form, "purpose_code"),
            chosen={name: text(form, name) for name in ("status", "since", "until")}, command_id=visit.command_of(form),
        )  # fmt: skip
    except InvalidAnswersError as error:
        return _page(visit, again=Again(error.problems, given))
    return visit.go("/copies", said="copy_asked")


@router.post("/copies/{copy_id}/answer")
def answered(visit: SignedIn, copy_id: UUID, form: Posted) -> Response:
    """Agree to a large copy as a second person, or refuse it; who asked takes it back."""
    answer_copy(visit.engine, copy_id, viewer=visit.viewer, agreed=text(form, "agreed") == "yes")
    return visit.go("/copies", said="answered")


@router.post("/copies/{copy_id}/link")
def ready(visit: SignedIn, copy_id: UUID) -> Response:
    """Return who asked the button by which a copy is fetched, once."""
    token = link_to_copy(visit.engine, copy_id, viewer=visit.viewer)
    return visit.page("copy-ready.html", title="Download the copy", section="track", copy_id=copy_id, token=token)


@router.post("/copies/{copy_id}/file")
def file(visit: SignedIn, copy_id: UUID, form: Posted) -> Response:
    """Hand a copy over, once."""
    fetched = fetch_copy(
        visit.engine, copy_id, token=text(form, "token"), viewer=visit.viewer, write=_written,
        at=local(visit.now, visit.viewer.zone),
    )  # fmt: skip
    ends, kind = ("json", "application/json") if fetched.what == "htcds" else ("csv", "text/csv; charset=utf-8")
    name = f"icmc-copy-{fetched.number}.{ends}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(fetched.content, media_type=kind, headers=headers)


def _written(sheet: SheetView, mark: CopyMark) -> bytes:
    return as_htcds(sheet, mark) if sheet.what == "htcds" else as_csv(sheet, mark)


def _page(visit: Visit, *, again: Again = FIRST) -> Response:
    may_export, may_answer = visit.may(Action.EXPORT), visit.may(Action.APPROVE_EXPORT)
    if not may_export and not may_answer:
        raise NotAllowedError(actor=visit.viewer.name, action=Action.EXPORT.value)
    return visit.page(
        "copies.html",
        title="Copies",
        section="track",
        copies=visit.ask(copies_view),
        what=WHAT,
        purposes=PURPOSES_OF_COPIES,
        rows_alone=ROWS_ALONE,
        may_export=may_export,
        may_answer=may_answer,
        again=again,
    )
