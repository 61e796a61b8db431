"""The directory of partners, what they answer by a link, and letters that leave."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Final, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from engine.core.policy import Action
from engine.deadlines.actions.acknowledge import mark_read
from engine.errors import AlreadyEndedError, InvalidAnswersError, NotFoundError
from engine.messages.records import NoticeView
from engine.messages.views import notices as notices_view
from engine.sharing.actions.partners import answer_by_link, open_partner_link, read_by_link, read_directory
from engine.sharing.actions.referrals import accept_referral, decline_referral, end_help
from engine.sharing.actions.releasing import read_note
from engine.sharing.records.consent import ConsentError
from engine.sharing.records.partners import PartnerLinkError
from engine.sharing.views.sent import offers
from engine.sharing.views.sent import offers as offers_view
from engine.sharing.views.sent import sent as sent_view
from engine.web.dependencies import Posted, SignedIn
from engine.web.pages import render
from engine.web.posted import FIRST, Again, clean, text, texts
from engine.web.security import is_plain_loopback
from engine.web.visit import Visit, frame, portal_of
from engine.web.words import REASONS

router = APIRouter()
COOKIE: Final = "icmc_partner"
_LONGEST: Final = 100
_NONE: Final[Mapping[str, str]] = {}
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
def accepted_by_link(request: Request, token: str, phone: Secret = "") -> Response:
    """Take the work on, and leave a number to ring."""
    return _answer(request, token, accepts=True, phone=clean(phone))


@router.post("/p/{token}/decline")
def declined_by_link(request: Request, token: str, reason_code: Secret = "") -> Response:
    """Decline, with a reason."""
    if reason_code not in REASONS:
        return _page(request, token, problem={"reason_code": "Choose a reason."})
    return _answer(request, token, accepts=False, reason_code=reason_code)


def _answer(request: Request, token: str, *, accepts: bool, reason_code: str = "", phone: str = "") -> Response:
    session = request.cookies.get(COOKIE, "")
    engine = portal_of(request).engine
    try:
        answer_by_link(engine, token, session, accepts=accepts, reason_code=reason_code, phone=phone)
    except PartnerLinkError as error:
        return _ask(request, token, problem=str(error))
    except InvalidAnswersError as error:
        return _page(request, token, problem=error.problems, typed=phone)
    except (AlreadyEndedError, ConsentError) as error:
        return _page(request, token, problem={"answer": str(error)})
    if accepts:
        return RedirectResponse(f"/p/{token}", status_code=303)
    context = frame(portal_of(request), request, None, title="You declined") | {"page": None, "problem": {}}
    return HTMLResponse(render("partner.html", context | {"token": token, "reasons": REASONS}))


def _page(request: Request, token: str, *, problem: Mapping[str, str] = _NONE, typed: str = "") -> Response:
    session = request.cookies.get(COOKIE, "")
    try:
        found = read_by_link(portal_of(request).engine, token, session)
    except PartnerLinkError:
        return _ask(request, token, problem="" if request.method == "GET" else str(PartnerLinkError()))
    context = frame(portal_of(request), request, None, title="Request for your help") | {
        "page": found, "token": token, "reasons": REASONS, "problem": problem, "zone": found.zone,
        "phone": typed,
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


_LINES: Final = 12
"""So many messages, and lines of what was sent, stand on a page."""
_OFFERS: Final = 5
"""So many offers, each with its form, stand on a page."""
_Page = Annotated[int, Query(ge=1, le=10_000)]


@router.get("/transmit")
def transmit(visit: SignedIn, page: _Page = 1, waiting: _Page = 1, sent: _Page = 1) -> Response:
    """Show the viewer's inbox, and what left their cases or waits to, a page of each."""
    asked = visit.soon(notices_view, offset=(page - 1) * _LINES, limit=_LINES + 1)
    held = visit.soon(sent_view, is_held=True, offset=(waiting - 1) * _LINES, limit=_LINES + 1)
    gone = visit.soon(sent_view, is_held=False, offset=(sent - 1) * _LINES, limit=_LINES + 1)
    offered, notices = visit.soon(offers), asked()[:_LINES]
    return visit.page(
        "transmit.html",
        title="Transmit",
        section="transmit",
        groups=by_case(notices),
        read_at_once=[one.id for one in notices if not (one.read_at or one.is_over or one.critical)],
        may_see_matches=visit.may(Action.SEE_MATCHES),
        offered=sum(offer.status == "offered" for offer in offered()),
        page=page,
        groups_go_on=len(asked()) > _LINES,
        waiting=held()[:_LINES],
        waiting_page=waiting,
        waiting_goes_on=len(held()) > _LINES,
        sent=gone()[:_LINES],
        sent_page=sent,
        sent_goes_on=len(gone()) > _LINES,
    )


class NoticeGroup(NamedTuple):
    """The notices about one case, the latest first, or one that is about none."""

    case_id: UUID | None
    number: str
    notices: list[NoticeView]

    @property
    def unread(self) -> int:
        """How many of them wait to be read."""
        return sum(not (one.read_at or one.is_over) for one in self.notices)


def by_case(notices: Iterable[NoticeView]) -> list[NoticeGroup]:
    """Group notices by case, in the order of the latest of each."""
    groups: dict[UUID, NoticeGroup] = {}
    for one in notices:
        groups.setdefault(one.case_id or one.id, NoticeGroup(one.case_id, one.case_number, [])).notices.append(one)
    return list(groups.values())


@router.post("/notices/{notice_id}/read")
def read(visit: SignedIn, notice_id: UUID) -> Response:
    """Mark a notice as read."""
    mark_read(visit.engine, (notice_id,), viewer=visit.viewer)
    return visit.go("/transmit", said="read")


@router.post("/notices/read")
def read_all(visit: SignedIn, form: Posted) -> Response:
    """Mark the notices that were on the page as read, and none that came in since."""
    try:
        shown = [UUID(value) for value in texts(form, "notice_ids")]
    except ValueError:
        raise NotFoundError(kind="notice") from None
    mark_read(visit.engine, shown, viewer=visit.viewer)
    return visit.go("/transmit", said="read_all")


@router.get("/referrals")
def offers_page(visit: SignedIn, page: _Page = 1, answered: _Page = 1) -> Response:
    """List the work that was offered to the viewer's units, a page of what waits and one of what was answered."""
    return _page_of_answers(visit, page, answered)


@router.get("/referrals/{referral_id}")
def taken_on(visit: SignedIn, referral_id: UUID) -> Response:
    """Show what the viewer's unit has taken on, with what it must know at once."""
    note = read_note(visit.engine, referral_id, viewer=visit.viewer)
    found = visit.ask(offers_view, only=referral_id)
    if not found:
        raise NotFoundError(kind="referral")
    return visit.page(
        "referral.html",
        title="What your unit accepted",
        section="transmit",
        offer=found[0],
        note=note,
        command_id=visit.new_command(),
    )


@router.post("/referrals/{referral_id}/accept")
def accepted(visit: SignedIn, referral_id: UUID, form: Posted) -> Response:
    """Take the work on."""
    command_id = visit.command_of(form)
    try:
        accept_referral(visit.engine, referral_id, viewer=visit.viewer, command_id=command_id)
    except (AlreadyEndedError, ConsentError) as error:
        return _page_of_answers(visit, again=Again({f"reason-{referral_id}": str(error)}))
    return visit.go("/referrals", said="accepted")


@router.post("/referrals/{referral_id}/done")
def help_given(visit: SignedIn, referral_id: UUID, form: Posted) -> Response:
    """Say that the help is given: nothing more of the case is seen."""
    end_help(visit.engine, referral_id, viewer=visit.viewer, command_id=visit.command_of(form))
    return visit.go("/worklist", said="help_given")


@router.post("/referrals/{referral_id}/decline")
def declined(visit: SignedIn, referral_id: UUID, form: Posted) -> Response:
    """Decline, with a reason: the next partner can be asked."""
    visit.must(Action.REFER)
    command_id = visit.command_of(form)
    reason = text(form, "reason_code")
    if reason not in REASONS:
        return _page_of_answers(visit, again=Again({f"reason-{referral_id}": "Choose a reason."}))
    try:
        decline_referral(visit.engine, referral_id, viewer=visit.viewer, command_id=command_id, reason_code=reason)
    except AlreadyEndedError as error:
        return _page_of_answers(visit, again=Again({f"reason-{referral_id}": str(error)}))
    return visit.go("/referrals", said="declined")


def _page_of_answers(visit: Visit, page: int = 1, answered: int = 1, *, again: Again = FIRST) -> Response:
    asked = visit.soon(offers_view, waits=True, offset=(page - 1) * _OFFERS, limit=_OFFERS + 1)
    before = visit.soon(offers_view, waits=False, offset=(answered - 1) * _LINES, limit=_LINES + 1)
    return visit.page(
        "referrals.html",
        title="Offered to us",
        section="transmit",
        waiting=asked()[:_OFFERS],
        page=page,
        waiting_goes_on=len(asked()) > _OFFERS,
        answered=before()[:_LINES],
        answered_page=answered,
        answered_goes_on=len(before()) > _LINES,
        may_answer=visit.may(Action.REFER),
        reasons=REASONS,
        again=again,
    )
