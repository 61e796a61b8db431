"""Transmit: what was sent, what waits to be sent, and what came in for me."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.adapters.sql.queries.notices import notices as notices_view
from engine.adapters.sql.queries.offers import offers
from engine.adapters.sql.queries.sent import sent as sent_view
from engine.domain.policy import Action
from engine.errors import NotFoundError
from engine.portal.dependencies import Posted, SignedIn
from engine.portal.posted import texts
from engine.usecases.acknowledge import mark_read

router = APIRouter()


@router.get("/transmit")
def transmit(visit: SignedIn) -> Response:
    """Show the viewer's inbox, and what left their cases or waits to."""
    sent = visit.engine.ask(sent_view, visit.viewer)
    notices = visit.engine.ask(notices_view, visit.viewer)
    return visit.page(
        "transmit.html",
        title="Transmit",
        section="transmit",
        notices=notices,
        read_at_once=[notice.id for notice in notices if not notice.read_at and not notice.critical],
        may_see_matches=visit.may(Action.SEE_MATCHES),
        offered=sum(offer.status == "offered" for offer in visit.engine.ask(offers, visit.viewer)),
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
