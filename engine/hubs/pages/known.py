"""The inbox of the hub, and the hubs elsewhere: added by one person, confirmed by a second one."""

from functools import partial
from typing import Final
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.responses import Response

from engine.core.policy import Action
from engine.errors import AlreadyEndedError, IcmcError, InvalidAnswersError, NotFoundError, SettingsError
from engine.hubs.actions.peers import ask_peer, change_own_keys, confirm_peer, end_peer, own_card, refuse_peer
from engine.hubs.actions.taking import take_message
from engine.hubs.records import CLOCKS_DIFFER, HubRefusedError, HubView, KeysOnTheirWayError
from engine.hubs.views import hubs as hubs_view
from engine.people.viewer import units
from engine.web.dependencies import Posted, SignedIn, tried
from engine.web.posted import FIRST, Again, text, uuid_or_none
from engine.web.visit import Visit, portal_of
from engine.web.words import BODIES

router = APIRouter()
_JSON: Final = "application/json"
_REFUSED: Final = b'{"refused":true}'


@router.post("/hubs/inbox")
async def arrived(request: Request) -> Response:
    """Take a message of another hub: nobody is signed in, and whatever is wrong is refused in the same words."""
    raw, engine = await request.body(), portal_of(request).engine
    try:
        confirmed = await to_thread.run_sync(partial(take_message, engine, raw))
    except HubRefusedError:
        return Response(_REFUSED, status_code=403, media_type=_JSON)
    except IcmcError:
        return Response(_REFUSED, status_code=503, media_type=_JSON)
    return Response(confirmed, media_type=_JSON)


@router.get("/hubs")
def hubs(visit: SignedIn) -> Response:
    """List the hubs elsewhere and how their lines stand."""
    return _hubs(visit)


@router.get("/hubs/own")
def own(visit: SignedIn) -> Response:
    """Return the file by which another hub gets to know ours."""
    made, _ = own_card(visit.engine, viewer=visit.viewer)
    return Response(made, media_type=_JSON, headers={"Content-Disposition": 'attachment; filename="icmc-hub.json"'})


@router.post("/hubs")
def asked(visit: SignedIn, form: Posted) -> Response:
    """Enter a hub by its file and the fingerprint that was read aloud."""
    visit.must(Action.KEEP_CHANNELS)

    def act(_: UUID) -> None:
        unit_id, kind = uuid_or_none(form, "unit_id"), text(form, "kind")
        if unit_id is None or kind not in BODIES:
            raise InvalidAnswersError({"kind" if unit_id else "unit_id": "Choose one of the answers offered."})
        ask_peer(
            visit.engine, viewer=visit.viewer, file=text(form, "file"), fingerprint=text(form, "fingerprint"),
            unit_id=unit_id, kind=kind,
        )  # fmt: skip

    return tried(
        visit, form, act, partial(_hubs, visit), to="/hubs", said="hub_asked", also=("file", (AlreadyEndedError,))
    )


@router.post("/hubs/own/keys")
def changed(visit: SignedIn, form: Posted) -> Response:
    """Change the keys of our own hub."""
    visit.must(Action.KEEP_CHANNELS)

    def act(_: UUID) -> None:
        change_own_keys(visit.engine, viewer=visit.viewer)

    return tried(
        visit, form, act, partial(_hubs, visit), to="/hubs", said="hub_keys",
        also=("change", (KeysOnTheirWayError, SettingsError)),
    )  # fmt: skip


@router.get("/hubs/{peer_id}")
def one_hub(visit: SignedIn, peer_id: UUID) -> Response:
    """Show a hub, to be confirmed by a second person."""
    return _hub(visit, peer_id)


@router.post("/hubs/{peer_id}/confirm")
def confirmed(visit: SignedIn, peer_id: UUID, form: Posted) -> Response:
    """Confirm its keys by the fingerprint that was read aloud."""
    visit.must(Action.AGREE_HUB)

    def act(_: UUID) -> None:
        confirm_peer(visit.engine, peer_id, viewer=visit.viewer, fingerprint=text(form, "fingerprint"))

    return tried(
        visit, form, act, partial(_hub, visit, peer_id), to=f"/hubs/{peer_id}", said="hub_live",
        also=("fingerprint", (AlreadyEndedError,)),
    )  # fmt: skip


@router.post("/hubs/{peer_id}/refuse")
def refused(visit: SignedIn, peer_id: UUID, form: Posted) -> Response:
    """Say that these are not its keys, or take the request back."""
    _hub_of(visit, peer_id)

    def act(_: UUID) -> None:
        refuse_peer(visit.engine, peer_id, viewer=visit.viewer)

    return tried(
        visit, form, act, partial(_hub, visit, peer_id), to=f"/hubs/{peer_id}", said="hub_ended",
        also=("fingerprint", (AlreadyEndedError,)),
    )  # fmt: skip


@router.post("/hubs/{peer_id}/end")
def ended(visit: SignedIn, peer_id: UUID, form: Posted) -> Response:
    """Work with it no longer."""
    visit.must(Action.KEEP_CHANNELS)

    def act(_: UUID) -> None:
        end_peer(visit.engine, peer_id, viewer=visit.viewer)

    return tried(
        visit, form, act, partial(_hub, visit, peer_id), to=f"/hubs/{peer_id}", said="hub_ended",
        also=("fingerprint", (AlreadyEndedError,)),
    )  # fmt: skip


def _hubs(visit: Visit, *, again: Again = FIRST) -> Response:
    found = visit.engine.ask_board(hubs_view, visit.viewer)
    is_keeper = visit.may(Action.KEEP_CHANNELS)
    fingerprint = own_card(visit.engine, viewer=visit.viewer)[1] if is_keeper else ""
    return visit.page(
        "hubs.html", title="Hubs", section="board", hubs=found, fingerprint=fingerprint, is_keeper=is_keeper,
        units=visit.ask(units), bodies=tuple(BODIES.items()), differs=CLOCKS_DIFFER.total_seconds(), again=again,
    )  # fmt: skip


def _hub(visit: Visit, peer_id: UUID, *, again: Again = FIRST) -> Response:
    found = _hub_of(visit, peer_id)
    return visit.page(
        "hub.html", title=found.name, section="board", hub=found, differs=CLOCKS_DIFFER.total_seconds(),
        may_confirm=visit.may(Action.AGREE_HUB) and not found.is_mine, may_end=visit.may(Action.KEEP_CHANNELS),
        again=again,
    )  # fmt: skip


def _hub_of(visit: Visit, peer_id: UUID) -> HubView:
    found = next((one for one in visit.engine.ask_board(hubs_view, visit.viewer) if one.id == peer_id), None)
    if found is None:
        raise NotFoundError(kind="hub")
    return found
