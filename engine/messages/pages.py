"""The pages of messages: what was given up, gateways, and how one is notified."""

from contextlib import suppress
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.datastructures import FormData
from starlette.responses import Response

from engine.core.policy import Action
from engine.deadlines.actions.clock import confirm_clock
from engine.deadlines.actions.firing import retry_deadlines
from engine.errors import InvalidAnswersError, NotFoundError
from engine.messages.actions.channels import (
    CHANNELS,
    REASONS,
    WAYS,
    disable_channel,
    drop_delivery,
    preference_of,
    retry_delivery,
    save_preference,
    set_channel,
    set_contact,
    try_channel,
)
from engine.messages.records import IN_APP, DeliveryError, GatewayError, Preference
from engine.messages.views import channels as channels_view
from engine.messages.views import contacts, organisations
from engine.messages.views import dead_letters as dead_letters_view
from engine.people.viewer import actors
from engine.web.dependencies import Posted, SignedIn
from engine.web.posted import FIRST, Again, text, texts, typed, whole_number
from engine.web.visit import Visit
from engine.web.words import choices

router = APIRouter()
_PAGE: Final = 8
"""So many messages that were given up, each with its forms, stand on a page."""


@router.get("/dead-letters")
def dead_letters(visit: SignedIn, page: Annotated[int, Query(ge=1, le=10_000)] = 1) -> Response:
    """List what was given up, a page of it; the words of the messages are not shown."""
    return _letters(visit, page)


@router.post("/dead-letters/retry")
def retry_all(visit: SignedIn) -> Response:
    """Try everything again that was given up."""
    for letter in visit.engine.ask_board(dead_letters_view, visit.viewer):
        with suppress(NotFoundError):
            retry_delivery(visit.engine, letter.id, viewer=visit.viewer)
    return visit.go("/dead-letters", said="letters")


@router.post("/dead-letters/{delivery_id}/retry")
def retry(visit: SignedIn, delivery_id: UUID) -> Response:
    """Try one again; one that is tried again already is left alone."""
    with suppress(NotFoundError):
        retry_delivery(visit.engine, delivery_id, viewer=visit.viewer)
    return visit.go("/dead-letters", said="letters")


@router.post("/dead-letters/{delivery_id}/drop")
def drop(visit: SignedIn, delivery_id: UUID, form: Posted) -> Response:
    """Take one off the list, with a reason."""
    try:
        with suppress(NotFoundError):
            drop_delivery(visit.engine, delivery_id, viewer=visit.viewer, reason=text(form, "reason"))
    except InvalidAnswersError as error:
        return _letters(visit, again=Again({f"reason-{delivery_id}": " ".join(error.problems.values())}))
    return visit.go("/dead-letters", said="dropped")


@router.get("/channels")
def channels(visit: SignedIn) -> Response:
    """List the gateways that are set up."""
    return _channels(visit)


@router.post("/channels")
def set_up(visit: SignedIn, form: Posted) -> Response:
    """Set a gateway up, or change it; its address is sealed at once and never shown again."""
    try:
        set_channel(
            visit.engine, viewer=visit.viewer, organisation=text(form, "organisation"), channel=text(form, "channel"),
            url=text(form, "url"), rate_per_minute=whole_number(form, "rate"),
        )  # fmt: skip
    except InvalidAnswersError as error:
        return _channels(visit, again=Again(error.problems, typed(form)))
    except GatewayError as error:
        return _channels(visit, again=Again({"url": str(error)}, typed(form)))
    return visit.go("/channels", said="channel")


@router.post("/channels/disable")
def disable(visit: SignedIn, form: Posted) -> Response:
    """Use a gateway no longer."""
    disable_channel(
        visit.engine, viewer=visit.viewer, organisation=text(form, "organisation"), channel=text(form, "channel")
    )
    return visit.go("/channels", said="channel_off")


@router.post("/channels/try")
def try_it(visit: SignedIn, form: Posted) -> Response:
    """Send one message that says it is a trial."""
    organisation, channel, to = (text(form, name)[:200] for name in ("organisation", "channel", "to"))
    try:
        try_channel(
            visit.engine, viewer=visit.viewer, organisation=organisation, channel=channel, to=to,
            command_id=visit.command_of(form, organisation, channel, to),
        )  # fmt: skip
    except InvalidAnswersError as error:
        return _channels(visit, again=Again(error.problems, typed(form)))
    except DeliveryError as error:
        return _channels(visit, again=Again({"to": str(error)}, typed(form)))
    return visit.go("/channels", said="tried")


@router.post("/firing/confirm")
def confirm(visit: SignedIn) -> Response:
    """Say that the clock is right: deadlines fire again."""
    confirm_clock(visit.engine, viewer=visit.viewer)
    return visit.go("/board", said="clock")


@router.post("/firing/retry")
def fire_again(visit: SignedIn) -> Response:
    """Let every deadline that was set aside be tried again."""
    retry_deadlines(visit.engine, viewer=visit.viewer)
    return visit.go("/board", said="fired_again")


def _letters(visit: Visit, page: int = 1, *, again: Again = FIRST) -> Response:
    found = visit.engine.ask_board(dead_letters_view, visit.viewer, offset=(page - 1) * _PAGE, limit=_PAGE + 1)
    return visit.page(
        "dead-letters.html",
        title="Messages given up",
        section="board",
        letters=found[:_PAGE],
        page=page,
        has_more=len(found) > _PAGE,
        reasons=choices(REASONS),
        again=again,
    )


def _channels(visit: Visit, *, again: Again = FIRST) -> Response:
    return visit.page(
        "channels.html",
        title="Channels",
        section="board",
        channels=visit.engine.ask_board(channels_view, visit.viewer),
        organisations=visit.ask(organisations),
        kinds=CHANNELS,
        again=again._replace(typed={name: value for name, value in again.typed.items() if name != "url"}),
    )


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
        return _page(visit, chosen, again=Again(error.problems))
    return visit.go("/preferences", said="preferences")


@router.post("/preferences/contact")
def reached(visit: SignedIn, form: Posted) -> Response:
    """Keep where the viewer is reached by a channel; it is sealed and never shown again."""
    mine = next(actor for actor in visit.ask(actors) if actor.id == visit.viewer.actor_id)
    try:
        set_contact(
            visit.engine, viewer=visit.viewer, email=mine.email, channel=text(form, "channel"),
            address=text(form, "address"),
        )  # fmt: skip
    except InvalidAnswersError as error:
        chosen = preference_of(visit.engine, viewer=visit.viewer)
        return _page(visit, chosen, again=Again(error.problems, typed(form)))
    return visit.go("/preferences", said="contact")


def _chosen(visit: Visit, form: FormData) -> Preference:
    return Preference(
        actor_id=visit.viewer.actor_id,
        channels=tuple(texts(form, "channels")),
        digest=text(form, "digest") or "late",
        quiet_from=text(form, "quiet_from")[:5],
        quiet_until=text(form, "quiet_until")[:5],
        zone=text(form, "zone")[:60],
    )


def _page(visit: Visit, chosen: Preference, *, again: Again = FIRST) -> Response:
    ways = [way for way in WAYS if way != IN_APP]
    return visit.page(
        "preferences.html",
        title="How I am notified",
        section="transmit",
        chosen=chosen,
        ways=ways,
        wanted=chosen.channels or ways,
        gateways=CHANNELS,
        contacts=visit.ask(contacts),
        may_be_reached=visit.may(Action.WORK) or visit.may(Action.MANAGE_PEOPLE),
        again=again,
    )
