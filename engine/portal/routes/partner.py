"""The page of a partner without an account: a link that opens once, with a code; one referral, and its answer."""

from typing import Annotated, Final

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from engine.errors import AlreadyEndedError, ConsentError, InvalidAnswersError, PartnerLinkError
from engine.portal.pages import render
from engine.portal.posted import clean
from engine.portal.presenters.sharing import REASONS
from engine.portal.security import is_plain_loopback
from engine.portal.visit import frame, portal_of
from engine.usecases.partner_links import answer_by_link, open_partner_link, read_by_link

router = APIRouter()
COOKIE: Final = "icmc_partner"
_LONGEST: Final = 100
Secret = Annotated[str, Form(max_length=_LONGEST)]


@router.get("/p/{token}")
def page(request: Request, token: str) -> Response:
    """Show the referral where the link is open, else ask for the code: the same page for every address."""
    return _page(request, token)


@router.post("/p/{token}")
def opened(request: Request, token: str, code: Secret = "") -> Response:
    """Open the link with its code, for this browser and a quarter of an hour."""
    try:
        session = open_partner_link(portal_of(request).engine, token, code=clean(code).replace(" ", ""))
    except PartnerLinkError as error:
        return _ask(request, token, problem=str(error))
    response = RedirectResponse(f"/p/{token}", status_code=303)
    response.set_cookie(
        COOKIE, session, httponly=True, samesite="strict", secure=not is_plain_loopback(request), path="/p",
        max_age=15 * 60,
    )  # fmt: skip
    return response


@router.post("/p/{token}/accept")
def accepted(request: Request, token: str) -> Response:
    """Take the work on."""
    return _answer(request, token, accepts=True)


@router.post("/p/{token}/decline")
def declined(request: Request, token: str, reason_code: Secret = "") -> Response:
    """Decline, with a reason."""
    if reason_code not in REASONS:
        return _page(request, token, problem="Choose a reason.")
    return _answer(request, token, accepts=False, reason_code=reason_code)


def _answer(request: Request, token: str, *, accepts: bool, reason_code: str = "") -> Response:
    session = request.cookies.get(COOKIE, "")
    engine = portal_of(request).engine
    try:
        answer_by_link(engine, token, session, accepts=accepts, reason_code=reason_code)
    except PartnerLinkError as error:
        return _ask(request, token, problem=str(error))
    except (AlreadyEndedError, ConsentError, InvalidAnswersError) as error:
        return _page(request, token, problem=str(error))
    if accepts:
        return RedirectResponse(f"/p/{token}", status_code=303)
    context = frame(portal_of(request), request, None, title="You declined") | {"page": None, "problem": ""}
    return HTMLResponse(render("partner.html", context | {"token": token, "reasons": REASONS}))


def _page(request: Request, token: str, *, problem: str = "") -> Response:
    session = request.cookies.get(COOKIE, "")
    try:
        found = read_by_link(portal_of(request).engine, token, session)
    except PartnerLinkError:
        return _ask(request, token, problem="" if request.method == "GET" else str(PartnerLinkError()))
    context = frame(portal_of(request), request, None, title="Request for your help") | {
        "page": found, "token": token, "reasons": REASONS, "problem": problem, "zone": found.zone,
    }  # fmt: skip
    return HTMLResponse(render("partner.html", context), status_code=422 if problem else 200)


def _ask(request: Request, token: str, *, problem: str = "") -> Response:
    context = frame(portal_of(request), request, None, title="Enter your code") | {"token": token, "problem": problem}
    return HTMLResponse(render("partner-code.html", context), status_code=403 if problem else 200)
