"""Links: the first administrator's, and those by which people set their own password."""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from engine.errors import InvalidAnswersError
from engine.people.actions import invitations
from engine.people.actions import invitations as first_run
from engine.web.dependencies import Posted
from engine.web.forms import summary_of
from engine.web.pages import render
from engine.web.posted import text, typed
from engine.web.visit import frame, portal_of

router = APIRouter()
_FIELDS = ("name", "email", "organisation", "unit", "jurisdiction")


@router.get("/first/{token}")
def first(request: Request, token: str) -> Response:
    """Ask the first administrator who they are."""
    first_run.require_first_link(portal_of(request).engine, token)
    return _first_page(request, {}, {})


@router.post("/first/{token}")
def begun(request: Request, token: str, form: Posted) -> Response:
    """Write the first administrator with their unit."""
    given = {name: text(form, name) for name in _FIELDS}
    answers = first_run.FirstAnswers(**given, password=_secret(form))
    try:
        first_run.begin(portal_of(request).engine, token, answers)
    except InvalidAnswersError as error:
        shown = {name: value for name, value in typed(form).items() if name != "password"}
        return _first_page(request, error.problems, shown)
    return _done(request)


@router.get("/invitation/{token}")
def invited(request: Request, token: str) -> Response:
    """Ask for a password."""
    return _invitation_page(request, invitations.open_link(portal_of(request).engine, token), {})


@router.post("/invitation/{token}")
def accepted(request: Request, token: str, form: Posted) -> Response:
    """Set the password, and use the link up."""
    engine = portal_of(request).engine
    opened = invitations.open_link(engine, token)
    try:
        invitations.set_first_password(engine, token, password=_secret(form))
    except InvalidAnswersError as error:
        return _invitation_page(request, opened, error.problems)
    return _done(request)


def _secret(form: Posted) -> str:
    given = form.get("password", "")
    return given if isinstance(given, str) else ""


def _first_page(request: Request, errors: Mapping[str, str], given: Mapping[str, str]) -> Response:
    places = sorted(portal_of(request).engine.library().calendars)
    return _page(request, "first-run.html", "Set up this system", errors, typed=given, places=places)


def _invitation_page(request: Request, opened: invitations.OpenedInvitation, errors: Mapping[str, str]) -> Response:
    return _page(request, "invitation.html", "Set your password", errors, opened=opened)


def _done(request: Request) -> Response:
    return _page(request, "password-set.html", "Your password is set", {})


def _page(request: Request, template: str, title: str, errors: Mapping[str, str], **more: object) -> Response:
    problems = summary_of(errors)
    context = frame(portal_of(request), request, None, title=title) | {"errors": errors, "problems": problems} | more
    return HTMLResponse(render(template, context), status_code=422 if errors else 200)
