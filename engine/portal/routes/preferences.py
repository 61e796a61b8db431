"""How I am notified: by which ways, at which hours, singly or once a day."""

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from engine.adapters.sql.queries.outgoing import contacts
from engine.adapters.sql.queries.viewer import actors
from engine.domain.policy import Action
from engine.domain.safe_hours import IN_APP, Preference
from engine.errors import InvalidAnswersError
from engine.portal.dependencies import Posted, SignedIn
from engine.portal.posted import text, texts, typed
from engine.portal.presenters.forms import summary_of
from engine.portal.visit import Visit
from engine.usecases.channels import CHANNELS, set_contact
from engine.usecases.preferences import WAYS, preference_of, save_preference

router = APIRouter()


@router.get("/preferences")
def preferences(visit: SignedIn) -> Response:
    """Show what the viewer chose."""
    return _page(visit, preference_of(visit.engine, viewer=visit.viewer))


@router.post("/preferences")
def saved(visit: SignedIn, form: Posted) -> Response:
    """Keep what the viewer chose."""
    chosen = _chosen(visit, form)
    try:
        save_preference(
            visit.engine, viewer=visit.viewer, channels=chosen.channels, digest=chosen.digest,
            quiet_from=chosen.quiet_from, quiet_until=chosen.quiet_until, zone=chosen.zone,
        )  # fmt: skip
    except InvalidAnswersError as error:
        return _page(visit, chosen, errors=error.problems)
    return visit.go("/preferences", said="preferences")


@router.post("/preferences/contact")
def reached(visit: SignedIn, form: Posted) -> Response:
    """Keep where the viewer is reached by a channel; it is sealed and never shown again."""
    mine = next(actor for actor in visit.engine.ask(actors, visit.viewer) if actor.id == visit.viewer.actor_id)
    try:
        set_contact(
            visit.engine, viewer=visit.viewer, email=mine.email, channel=text(form, "channel"),
            address=text(form, "address"),
        )  # fmt: skip
    except InvalidAnswersError as error:
        chosen = preference_of(visit.engine, viewer=visit.viewer)
        return _page(visit, chosen, errors=error.problems, given=typed(form))
    return visit.go("/preferences", said="contact")


def _chosen(visit: Visit, form: FormData) -> Preference:
    return Preference(
        actor_id=visit.viewer.actor_id,
        channels=tuple(texts(form, "channels")),
        digest=text(form, "digest") or "none",
        quiet_from=text(form, "quiet_from")[:5],
        quiet_until=text(form, "quiet_until")[:5],
        zone=text(form, "zone")[:60],
    )


def _page(
    visit: Visit,
    chosen: Preference,
    *,
    errors: Mapping[str, str] | None = None,
    given: Mapping[str, str] | None = None,
) -> Response:
    ways = [way for way in WAYS if way != IN_APP]
    return visit.page(
        "preferences.html",
        title="How I am notified",
        section="transmit",
        status=422 if errors else 200,
        chosen=chosen,
        ways=ways,
        wanted=chosen.channels or ways,
        gateways=CHANNELS,
        contacts=visit.engine.ask(contacts, visit.viewer),
        may_be_reached=visit.may(Action.WORK) or visit.may(Action.MANAGE_PEOPLE),
        typed=given or {},
        errors=errors or {},
        problems=summary_of(errors),
    )
