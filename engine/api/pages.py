"""The addresses of the API: reports and messages in, where they and cases stand, and the document that says so."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Annotated, Final, NamedTuple
from uuid import UUID, uuid5

from fastapi import APIRouter, Depends, Query, Request
from pydantic import StringConstraints
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response

from engine.api.document import document
from engine.api.gateways import (
    META_SIGNATURE,
    SIGNATURE,
    TakenAnswer,
    is_signed,
    message_of,
    messages_of_whatsapp,
    take_all,
)
from engine.api.records import (
    CaseAnswer,
    CaseLineAnswer,
    CasesAnswer,
    EventAnswer,
    HistoryAnswer,
    ReportAnswer,
    ReportBody,
    SentReportAnswer,
    WorkItemAnswer,
    WorkItemsAnswer,
    case_answer,
    pointer,
    read_body,
    report_answer,
    shown,
    typed_answers,
)
from engine.assembly import Engine
from engine.builtin import REPORT as REPORT_STEP
from engine.cases.actions.deciding import note_reading, require_own
from engine.cases.actions.gateways import own_report, take_brought
from engine.cases.actions.open import MOST_REPORTS_IN_AN_HOUR, open_case
from engine.cases.actions.public import code_for
from engine.cases.views.lists import own_cases
from engine.core.policy import Action, Viewer
from engine.errors import InvalidAnswersError
from engine.overview.views.case import case_page
from engine.overview.views.history import HistoryPart, case_history
from engine.people.actions.program_keys import CASES, REPORT, is_key_of_gateway, viewer_of_gateway, viewer_of_key
from engine.sign_in.records import SignInError
from engine.web.problems import API
from engine.web.visit import portal_of
from engine.work.views.worklist import open_items

router = APIRouter(prefix=API)
LARGEST: Final = 100_000
"""Bytes of a body: more than a report can hold."""
MOST: Final = 100
"""Of what a list holds, on one page of it."""
_LATEST: Final = 2**31 - 1
_SCHEME: Final = "bearer "
_JSON: Final = "application/json"
_ONCE: Final = "Idempotency-Key"


class ProgramRequest(NamedTuple):
    """Whose key a request came with; no session is looked at."""

    engine: Engine
    program: Viewer


def _with_key(scope: str, or_scope: str = "") -> Callable[[Request], ProgramRequest]:
    def asked(request: Request) -> ProgramRequest:
        """Return whose key it is; raise `NotAllowedError` for one that is not for that, 401 for none that counts."""
        engine, header = portal_of(request).engine, request.headers.get("authorization", "")
        key = header[len(_SCHEME) :] if header.lower().startswith(_SCHEME) else ""
        try:
            request.state.program = viewer_of_key(engine, key, scope=scope, or_scope=or_scope)
        except SignInError:
            raise HTTPException(HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"}) from None
        return ProgramRequest(engine, request.state.program)

    return asked


Reporting = Annotated[ProgramRequest, Depends(_with_key(REPORT))]
Reading = Annotated[ProgramRequest, Depends(_with_key(CASES))]
AnyKey = Annotated[ProgramRequest, Depends(_with_key(REPORT, CASES))]
Seq = Annotated[int, Query(ge=0, le=_LATEST)]
Limit = Annotated[int, Query(ge=1, le=MOST)]
HubMode = Annotated[str, Query(alias="hub.mode")]
HubToken = Annotated[str, Query(alias="hub.verify_token")]
HubChallenge = Annotated[str, Query(alias="hub.challenge"), StringConstraints(pattern=r"^[A-Za-z0-9_-]{0,200}$")]


def _once(request: Request) -> UUID:
    """Return the id under which a request has its effect once; raise `InvalidAnswersError` for none."""
    try:
        return UUID(request.headers.get(_ONCE, ""))
    except ValueError:
        raise InvalidAnswersError({_ONCE: "Send a UUID, a new one for each report."}) from None


async def _sent(request: Request) -> bytes:
    """Read a body of JSON; raise 415 for one of another type, 413 for one that is too long."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    body = await request.body()
    if len(body) > LARGEST:
        raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return body


Sent = Annotated[bytes, Depends(_sent)]
Once = Annotated[UUID, Depends(_once)]


@router.post("/reports", status_code=HTTPStatus.CREATED, response_model=SentReportAnswer)
def report(asked: Reporting, sent: Sent, once: Once) -> Response:
    """Send a report: a case is opened. Sent again under the same `Idempotency-Key`, it is the same case."""
    engine, program = asked
    body = read_body(ReportBody, sent)
    unit_id = _unit(program, body)
    try:
        opened = open_case(
            engine, answers=typed_answers(engine.registry.get(REPORT_STEP), body.answers), unit_id=unit_id,
            viewer=program, command_id=uuid5(program.actor_id, f"{API}/reports|{once}"),
            most_in_an_hour=MOST_REPORTS_IN_AN_HOUR,
        )  # fmt: skip
    except InvalidAnswersError as error:
        raise InvalidAnswersError({pointer("answers", name): said for name, said in error.problems.items()}) from None
    answer = report_answer(own_report(engine, opened.case_id, viewer=program)).model_dump(mode="json")
    answer["receipt_code"] = code_for(engine, opened.case_number)
    return JSONResponse(answer, HTTPStatus.CREATED, {"Location": f"{API}/reports/{opened.case_id}"})


@router.get("/reports/{case_id}")
def report_status(asked: Reporting, case_id: UUID) -> ReportAnswer:
    """Ask how far a report is that the same program sent."""
    return report_answer(own_report(asked.engine, case_id, viewer=asked.program))


@router.get("/cases")
def cases(asked: Reading, after: UUID | None = None, limit: Limit = MOST) -> CasesAnswer:
    """List the cases of the program's units, in the order in which they were opened."""
    found = asked.engine.ask(own_cases, asked.program, after=after, limit=limit)
    lines = tuple(shown(CaseLineAnswer, one) for one in found)
    return CasesAnswer(cases=lines, next=lines[-1].id if len(lines) == limit else None)


@router.get("/cases/{case_id}")
def case(asked: Reading, case_id: UUID) -> CaseAnswer:
    """Return where a case of the program's units stands."""
    require_own(asked.engine, case_id, viewer=asked.program, action=Action.SEE_CASES)
    answer = case_answer(asked.engine.ask(case_page, asked.program, case_id))
    note_reading(asked.engine, asked.program, case_id, "case", ())
    return answer


@router.get("/cases/{case_id}/history")
def history(asked: Reading, case_id: UUID, after: Seq = 0, limit: Limit = MOST) -> HistoryAnswer:
    """Return what was done in a case of the program's units."""
    require_own(asked.engine, case_id, viewer=asked.program, action=Action.READ_HISTORY)
    part = HistoryPart(limit, after=after)
    events = tuple(shown(EventAnswer, one) for one in asked.engine.ask(case_history, asked.program, case_id, part=part))
    note_reading(asked.engine, asked.program, case_id, "history", ())
    return HistoryAnswer(events=events, next=events[-1].seq if len(events) == limit else None)


@router.get("/work-items")
def work_items(asked: Reading, after: UUID | None = None, limit: Limit = MOST) -> WorkItemsAnswer:
    """List the work that waits in the cases of the program's units, in the order in which it came."""
    found = asked.engine.ask(open_items, asked.program, after=after, limit=limit)
    items = tuple(shown(WorkItemAnswer, one) for one in found)
    return WorkItemsAnswer(work_items=items, next=items[-1].id if len(items) == limit else None)


def _claims_to_be_signed(request: Request) -> None:
    """Refuse with 401 what nobody says that they signed, before it is read."""
    if META_SIGNATURE not in request.headers and SIGNATURE not in request.headers:
        raise _not_signed()


@router.post("/gateways/{actor_id}", dependencies=[Depends(_claims_to_be_signed)])
def brought(request: Request, actor_id: UUID, sent: Sent) -> TakenAnswer:
    """Bring a message or a missed call, signed by a gateway; the same id is taken once, and answered alike."""
    engine, headers = portal_of(request).engine, request.headers
    signed_by_meta = META_SIGNATURE in headers
    now = engine.wall_clock.now()
    try:
        gateway = viewer_of_gateway(
            engine, actor_id, is_signed_with=lambda secret: is_signed(headers, sent, secret, now=now)
        )
    except SignInError:
        raise _not_signed() from None
    request.state.program = gateway
    messages = messages_of_whatsapp(sent) if signed_by_meta else (message_of(sent),)
    take_all(partial(take_brought, engine, viewer=gateway), messages)
    return TakenAnswer(taken=len(messages))


@router.get("/gateways/{actor_id}")
def confirmed(
    request: Request, actor_id: UUID, mode: HubMode = "", verify_token: HubToken = "", challenge: HubChallenge = ""
) -> Response:
    """Answer WhatsApp, which asks whether an address is ours before it posts there: with what it sent, for our key."""
    is_ours = mode == "subscribe" and is_key_of_gateway(portal_of(request).engine, actor_id, verify_token)
    if not is_ours:
        raise _not_signed()
    return PlainTextResponse(challenge)


@router.get("/openapi.json")
def described(asked: AnyKey) -> Response:
    """Return the document that describes the API, with the questions of a report as this installation asks them."""
    return JSONResponse(document(asked.engine.registry.get(REPORT_STEP)))


def _not_signed() -> HTTPException:
    return HTTPException(HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": "Signature"})


def _unit(program: Viewer, body: ReportBody) -> UUID:
    if body.unit_id is None and len(program.unit_ids) != 1:
        raise InvalidAnswersError({pointer("unit_id"): "This key is for several units: say which one."})
    return body.unit_id or program.unit_ids[0]
