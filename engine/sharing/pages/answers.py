"""Referrals that are answered, and letters that leave."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.core.policy import Action
from engine.deadlines.actions.acknowledge import mark_read
from engine.errors import AlreadyEndedError, ConsentError, NotFoundError
from engine.messages.views import notices as notices_view
from engine.sharing.actions.prepared import read_note
from engine.sharing.actions.referrals import accept_referral, decline_referral
from engine.sharing.views.sent import offers
from engine.sharing.views.sent import offers as offers_view
from engine.sharing.views.sent import sent as sent_view
from engine.web.dependencies import Posted, SignedIn
from engine.web.posted import FIRST, Again, text, texts
from engine.web.visit import Visit
from engine.web.words import REASONS

router = APIRouter()


@router.get("/transmit")
def transmit(visit: SignedIn) -> Response:
    """Show the viewer's inbox, and what left their cases or waits to."""
    sent = visit.ask(sent_view)
    notices = visit.ask(notices_view)
    return visit.page(
        "transmit.html",
        title="Transmit",
        section="transmit",
        notices=notices,
        read_at_once=[notice.id for notice in notices if not notice.read_at and not notice.critical],
        may_see_matches=visit.may(Action.SEE_MATCHES),
        offered=sum(offer.status == "offered" for offer in visit.ask(offers)),
        waiting=[line for line in sent if line.status == "held"],
        sent=[line for line in sent if line.status not in {"held", "dropped"}],
    )


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
def offers_page(visit: SignedIn) -> Response:
    """List the work that was offered to the viewer's units."""
    return _page(visit)


@router.get("/referrals/{referral_id}")
def taken_on(visit: SignedIn, referral_id: UUID) -> Response:
    """Show what the viewer's unit has taken on, with what it must know at once."""
    note = read_note(visit.engine, referral_id, viewer=visit.viewer)
    offer = next((one for one in visit.ask(offers_view) if one.id == referral_id), None)
    if offer is None:
        raise NotFoundError(kind="referral")
    return visit.page("referral.html", title="What your unit accepted", section="transmit", offer=offer, note=note)


@router.post("/referrals/{referral_id}/accept")
def accepted(visit: SignedIn, referral_id: UUID, form: Posted) -> Response:
    """Take the work on."""
    command_id = visit.command_of(form)
    try:
        accept_referral(visit.engine, referral_id, viewer=visit.viewer, command_id=command_id)
    except (AlreadyEndedError, ConsentError) as error:
        return _page(visit, again=Again({f"reason-{referral_id}": str(error)}))
    return visit.go("/referrals", said="accepted")


@router.post("/referrals/{referral_id}/decline")
def declined(visit: SignedIn, referral_id: UUID, form: Posted) -> Response:
    """Decline, with a reason: the next partner can be asked."""
    visit.must(Action.REFER)
    command_id = visit.command_of(form)
    reason = text(form, "reason_code")
    if reason not in REASONS:
        return _page(visit, again=Again({f"reason-{referral_id}": "Choose a reason."}))
    try:
        decline_referral(visit.engine, referral_id, viewer=visit.viewer, command_id=command_id, reason_code=reason)
    except AlreadyEndedError as error:
        return _page(visit, again=Again({f"reason-{referral_id}": str(error)}))
    return visit.go("/referrals", said="declined")


def _page(visit: Visit, *, again: Again = FIRST) -> Response:
    found = visit.ask(offers_view)
    return visit.page(
        "referrals.html",
        title="Offered to us",
        section="transmit",
        waiting=[offer for offer in found if offer.status == "offered"],
        answered=[offer for offer in found if offer.status != "offered"],
        may_answer=visit.may(Action.REFER),
        reasons=REASONS,
        again=again,
    )
