"""The addresses of the API: reports in, how far they are, and the document that describes it."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Final, NamedTuple
from uuid import UUID, uuid5

from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from engine.api.answers import typed_answers
from engine.api.document import document
from engine.api.records import ReportAnswer, ReportBody, report_answer
from engine.assembly import Engine
from engine.builtin import REPORT as REPORT_STEP
from engine.cases.actions.open import MOST_REPORTS_IN_AN_HOUR, open_case
from engine.cases.actions.reported import own_report
from engine.core.policy import Viewer
from engine.errors import InvalidAnswersError, SignInError
from engine.people.actions.roles import REPORT, viewer_of_key
from engine.web.problems import API
from engine.web.visit import portal_of

router = APIRouter(prefix=API)
LARGEST: Final = 100_000
"""Bytes of a body: more than a report can hold."""
_SCHEME: Final = "bearer "
_JSON: Final = "application/json"
_ONCE: Final = "Idempotency-Key"


class Asked(NamedTuple):
    """Whose key a request came with; no session is looked at."""

    engine: Engine
    program: Viewer


def _with_key(scope: str) -> Callable[[Request], Asked]:
    def asked(request: Request) -> Asked:
        """Return whose key it is; raise `NotAllowedError` for one that is not for that, 401 for none that counts."""
        engine, header = portal_of(request).engine, request.headers.get("authorization", "")
        key = header[len(_SCHEME) :] if header.lower().startswith(_SCHEME) else ""
        try:
            request.state.program = viewer_of_key(engine, key, scope=scope)
        except SignInError:
            raise HTTPException(HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"}) from None
        return Asked(engine, request.state.program)

    return asked


Reporting = Annotated[Asked, Depends(_with_key(REPORT))]


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


@router.post("/reports", status_code=HTTPStatus.CREATED, response_model=ReportAnswer)
def report(asked: Reporting, sent: Sent, once: Once) -> Response:
    """Send a report: a case is opened. Sent again under the same `Idempotency-Key`, it is the same case."""
    engine, program = asked
    body = _read(sent)
    unit_id = _unit(program, body)
    try:
        opened = open_case(
            engine, answers=typed_answers(engine.registry.get(REPORT_STEP), body.answers), unit_id=unit_id,
            viewer=program, command_id=uuid5(program.actor_id, f"{API}/reports|{once}"),
            most_in_an_hour=MOST_REPORTS_IN_AN_HOUR,
        )  # fmt: skip
    except InvalidAnswersError as error:
        raise InvalidAnswersError({_pointer("answers", name): said for name, said in error.problems.items()}) from None
    told = report_answer(own_report(engine, opened.case_id, viewer=program))
    headers = {"Location": f"{API}/reports/{told.id}"}
    return JSONResponse(told.model_dump(mode="json"), HTTPStatus.CREATED, headers)


@router.get("/reports/{case_id}")
def report_status(asked: Reporting, case_id: UUID) -> ReportAnswer:
    """Ask how far a report is that the same program sent."""
    return report_answer(own_report(asked.engine, case_id, viewer=asked.program))


@router.get("/openapi.json")
def described(asked: Reporting) -> Response:
    """Return the document that describes the API, with the questions of a report as this installation asks them."""
    return JSONResponse(document(asked.engine.registry.get(REPORT_STEP)))


def _read(sent: bytes) -> ReportBody:
    """Read a body; raise `InvalidAnswersError` for one that does not fit, and 400 for what is no JSON."""
    try:
        return ReportBody.model_validate_json(sent)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
    if any(one["type"] == "json_invalid" for one in problems):
        raise HTTPException(HTTPStatus.BAD_REQUEST)
    raise InvalidAnswersError({_pointer(*map(str, one["loc"])): f"{one['msg']}." for one in problems})


def _unit(program: Viewer, body: ReportBody) -> UUID:
    if body.unit_id is None and len(program.unit_ids) != 1:
        raise InvalidAnswersError({_pointer("unit_id"): "This key is for several units: say which one."})
    return body.unit_id or program.unit_ids[0]


def _pointer(*names: str) -> str:
    return "".join(f"/{name.replace('~', '~0').replace('/', '~1')}" for name in names)
