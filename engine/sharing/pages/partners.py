"""A partner without an account, and the directory of partners."""

from collections.abc import Iterable
from typing import Annotated, Final

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from engine.errors import AlreadyEndedError, ConsentError, InvalidAnswersError, PartnerLinkError
from engine.sharing.actions.partners import answer_by_link, open_partner_link, read_by_link, read_directory
from engine.web.dependencies import SignedIn
from engine.web.pages import render
from engine.web.posted import clean
from engine.web.security import is_plain_loopback
from engine.web.visit import frame, portal_of
from engine.web.words import REASONS

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


_SHORT: Final = 40
Word = Annotated[str, Query(max_length=_SHORT)]


@router.get("/partners")
def partners(visit: SignedIn, service: Word = "", area: Word = "", language: Word = "") -> Response:
    """Show the directory, narrowed by what is needed, where, and in which language."""
    asked = {"service": clean(service), "area": clean(area), "language": clean(language)}
    found = read_directory(visit.engine, viewer=visit.viewer, **asked)
    everybody = read_directory(visit.engine, viewer=visit.viewer).partners
    now = visit.engine.clock.now()
    return visit.page(
        "partners.html",
        title="Partners",
        section="transmit",
        partners=[(one, one.counts_at(now), one.agreement_on(now.date())) for one in found.partners],
        scores=found.scores,
        asked=asked,
        services=_words(one.services for one in everybody),
        areas=_words(one.areas for one in everybody),
        languages=_words(one.languages for one in everybody),
    )


def _words(lists: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted({word for words in lists for word in words}))
