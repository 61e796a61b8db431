"""Work that other units have offered: take it on, or decline with a reason."""

from collections.abc import Mapping
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.adapters.sql.queries.offers import offers as offers_view
from engine.domain.policy import Action
from engine.errors import AlreadyEndedError, ConsentError, NotFoundError
from engine.portal.dependencies import Posted, SignedIn
from engine.portal.posted import text
from engine.portal.presenters.forms import summary_of
from engine.portal.presenters.sharing import REASONS
from engine.portal.visit import Visit
from engine.usecases.referral_notes import read_note
from engine.usecases.referrals import accept_referral, decline_referral

router = APIRouter()


@router.get("/referrals")
def offers(visit: SignedIn) -> Response:
    """List the work that was offered to the viewer's units."""
    return _page(visit)


@router.get("/referrals/{referral_id}")
def taken_on(visit: SignedIn, referral_id: UUID) -> Response:
    """Show what the viewer's unit has taken on, with what it must know at once."""
    note = read_note(visit.engine, referral_id, viewer=visit.viewer)
    offer = next((one for one in visit.engine.ask(offers_view, visit.viewer) if one.id == referral_id), None)
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
        return _page(visit, errors={f"reason-{referral_id}": str(error)})
    return visit.go("/referrals", said="accepted")


@router.post("/referrals/{referral_id}/decline")
def declined(visit: SignedIn, referral_id: UUID, form: Posted) -> Response:
    """Decline, with a reason: the next partner can be asked."""
    visit.must(Action.REFER)
    command_id = visit.command_of(form)
    reason = text(form, "reason_code")
    if reason not in REASONS:
        return _page(visit, errors={f"reason-{referral_id}": "Choose a reason."})
    try:
        decline_referral(visit.engine, referral_id, viewer=visit.viewer, command_id=command_id, reason_code=reason)
    except AlreadyEndedError as error:
        return _page(visit, errors={f"reason-{referral_id}": str(error)})
    return visit.go("/referrals", said="declined")


def _page(visit: Visit, *, errors: Mapping[str, str] | None = None) -> Response:
    found = visit.engine.ask(offers_view, visit.viewer)
    return visit.page(
        "referrals.html",
        title="Offered to us",
        section="transmit",
        status=422 if errors else 200,
        waiting=[offer for offer in found if offer.status == "offered"],
        answered=[offer for offer in found if offer.status != "offered"],
        may_answer=visit.may(Action.REFER),
        reasons=REASONS,
        errors=errors or {},
        problems=summary_of(errors),
        command_id=visit.new_command(),
    )
