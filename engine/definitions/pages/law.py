"""The law as a lawyer reads it: every limit with source, example and use; signing one, or taking a signature back."""

from typing import Annotated, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from engine.cases.actions.deciding import note_reading
from engine.core.policy import Action
from engine.deadlines.views.law import law_of_case
from engine.definitions.actions.law import (
    WHY_REVOKED,
    example,
    home_of,
    law_lines,
    law_page,
    limits_of,
    places_of,
    require_lawyer,
    revoke_signature,
    sign_limit,
)
from engine.definitions.records import SignatureError
from engine.errors import InvalidAnswersError
from engine.language.calendars import NoCalendarError
from engine.overview.views.case import case_page
from engine.people.records import region_words
from engine.web.dependencies import Posted, SignedIn
from engine.web.languages import error_words, say
from engine.web.posted import text, typed
from engine.web.times import from_input
from engine.web.visit import Visit

router = APIRouter()
LimitId = Annotated[str, Path(pattern=r"^[A-Z]{2,3}(-[A-Z0-9]+){1,8}$", max_length=60)]
Word = Annotated[str, Query(pattern=r"^[a-z_*]{0,60}$")]
STATES: Final = {
    "": "Whether signed or not",
    "signed": "Signed",
    "changed": "Changed since it was signed",
    "revoked": "Signature withdrawn",
    "unsigned": "Never signed",
}
_BETWEEN_COUNTRIES: Final = "*"


@router.get("/law")
def every_limit(visit: SignedIn, of: Annotated[str, Query(max_length=6)] = "", state: Word = "") -> Response:
    """List the limits of the law, of one jurisdiction or in one state alone."""
    every = law_lines(visit.engine)
    known = list(dict.fromkeys(line.limit.jurisdiction for line in every))
    lines = [one for one in every if of in {"", one.limit.jurisdiction} and state in {"", one.state}]
    return visit.page(
        "law.html",
        title="Law",
        section="law",
        lines=lines,
        signed=sum(line.state == "signed" for line in every),
        total=len(every),
        of=of,
        state=state,
        places=[("", "Every place"), *((one, _place(one)) for one in known)],
        states=list(STATES.items()),
    )


@router.get("/cases/{case_id}/law")
def limits_of_case(visit: SignedIn, case_id: UUID) -> Response:
    """Say of each limit that the workflows of a case name whether it counts there, and why or why not."""
    visit.must(Action.READ_ANSWERS, case_id)
    case = visit.ask(case_page, case_id)
    note_reading(visit.engine, visit.viewer, case_id, "case", ())
    named = limits_of(
        visit.engine, workflows={run.workflow for run in case.runs}, step_types={step.uses for step in case.steps},
        followed={one.law for one in case.deadlines if one.law},
    )  # fmt: skip
    return visit.page(
        "law-of-case.html",
        title=say("Law in case {number}", number=case.number),
        section="track",
        zone=case.zone,
        case=case,
        limits=visit.ask(law_of_case, case_id, named),
    )


@router.get("/law/{limit_id}")
def one_limit(
    visit: SignedIn,
    limit_id: LimitId,
    at: Annotated[str, Query(max_length=40)] = "",
    place: Annotated[str, Query(max_length=10)] = "",
    option: Word = "",
) -> Response:
    """Show every text of a limit, counted from an instant of the reader's choice."""
    return _page(visit, limit_id, at=at, place=place, option=option)


@router.post("/law/{limit_id}/sign")
def sign_posted(visit: SignedIn, limit_id: LimitId, form: Posted) -> Response:
    """Sign the text of a limit that was shown."""
    require_lawyer(visit.viewer)
    problems = {} if text(form, "is_read") == "yes" else {"is_read": "Say that you have read the source and the text."}
    if not text(form, "source_read"):
        problems["source_read"] = "Name the text that you read."
    if problems:
        return _page(visit, limit_id, given=typed(form), errors=problems)
    try:
        sign_limit(
            visit.engine, limit_id, text_hash=text(form, "text_hash"), source_read=text(form, "source_read"),
            viewer=visit.viewer,
        )  # fmt: skip
    except InvalidAnswersError as error:
        return _page(visit, limit_id, given=typed(form), errors=dict(error.problems))
    except SignatureError as error:
        return _page(visit, limit_id, given=typed(form), errors={"is_read": error_words(error)})
    return visit.go(f"/law/{limit_id}", said="law_signed")


@router.post("/law/{limit_id}/signatures/{signature_id}/revoke")
def revoke_posted(visit: SignedIn, limit_id: LimitId, signature_id: UUID, form: Posted) -> Response:
    """Take a signature back."""
    require_lawyer(visit.viewer)
    try:
        revoke_signature(visit.engine, signature_id, why=text(form, "why"), viewer=visit.viewer)
    except InvalidAnswersError as error:
        return _page(visit, limit_id, errors=dict(error.problems))
    except SignatureError as error:
        return _page(visit, limit_id, errors={"why": error_words(error)})
    return visit.go(f"/law/{limit_id}", said="law_revoked")


def _page(
    visit: Visit,
    limit_id: str,
    *,
    at: str = "",
    place: str = "",
    option: str = "",
    given: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    found = law_page(visit.engine, limit_id, viewer=visit.viewer)
    where = place or home_of(found.lines[0].pack)
    zone = _zone(visit, where)
    start = from_input(at, zone) if at else visit.now
    problems = dict(errors or {})
    if start is None:
        problems["at"] = "Give a date and time, such as 2026-03-07 18:40."
    begun = start or visit.now
    return visit.page(
        "law-limit.html",
        title=say("Limit {limit_id}", limit_id=limit_id),
        section="law",
        status=422 if errors else 200,
        limit_id=limit_id,
        lines=[
            (one, example(visit.engine, one.limit, pack=one.pack, start=begun, place=where, option=option))
            for one in found.lines
        ],
        note=found.note,
        signatures=found.signatures,
        may_sign=found.may_sign,
        is_lawyer=visit.may(Action.SIGN_LAW),
        reasons=[{"value": code, "text": words, "checked": False} for code, words in WHY_REVOKED.items()],
        at=begun.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M"),
        place=where,
        option=option,
        places=places_of(visit.engine),
        typed=given or {},
        errors=problems,
        problems=[(f"#{field}", sentence) for field, sentence in problems.items()],
    )


def _zone(visit: Visit, place: str) -> str:
    """Return the zone in which an example of a place is typed and read."""
    try:
        return visit.engine.library().calendar(place).zone
    except NoCalendarError:
        return visit.viewer.zone


def _place(jurisdiction: str) -> str:
    return "Between countries" if jurisdiction == _BETWEEN_COUNTRIES else region_words(jurisdiction)
