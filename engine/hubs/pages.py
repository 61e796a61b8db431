"""Other hubs: their questions, what went to and fro about a case, their inbox; new ones, confirmed by two."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.responses import Response

from engine.builtin import REPORT
from engine.core.policy import Action
from engine.errors import AlreadyEndedError, IcmcError, InvalidAnswersError, NotFoundError, SettingsError
from engine.hubs.actions.exchange import take_message
from engine.hubs.actions.mirrors import (
    accept_request,
    answer_erasure,
    decline_request,
    disclose_to_hub,
    reveal_words,
    steps_to_disclose,
)
from engine.hubs.actions.peers import ask_peer, change_own_keys, confirm_peer, end_peer, own_card, refuse_peer
from engine.hubs.records import (
    CLOCKS_DIFFER,
    ERASURE_ANSWERS,
    TOLD_BY_HAND,
    HubRefusedError,
    HubView,
    KeysOnTheirWayError,
    Kind,
)
from engine.hubs.views import case_hubs, hub_requests
from engine.hubs.views import hubs as hubs_view
from engine.people.viewer import units
from engine.plugin.copies import kept_of
from engine.sharing.records.consent import ConsentError
from engine.web.dependencies import Posted, SignedIn, tried
from engine.web.forms import controls, problem_lines, questions
from engine.web.posted import FIRST, Again, answers, text, uuid_or_none, with_typed
from engine.web.visit import Visit, portal_of
from engine.web.words import BODIES, REASONS
from engine.work.records import FieldView

router = APIRouter()
_ENDED: Final = (AlreadyEndedError, ConsentError)

_JSON: Final = "application/json"
_REFUSED: Final = b'{"refused":true}'


@router.get("/hubs/requests")
def requests(visit: SignedIn) -> Response:
    """List what other hubs ask of the viewer's units."""
    found = visit.ask(hub_requests)
    return visit.page(
        "hub-requests.html", title="Asked by other hubs", section="transmit",
        waiting=[one for one in found if one.status == "offered"],
        answered=[one for one in found if one.status != "offered"],
    )  # fmt: skip


@router.get("/hubs/requests/{mirror_id}")
def request_page(visit: SignedIn, mirror_id: UUID) -> Response:
    """Show what a hub asks for, with the report by which a case of our own opens."""
    return _request(visit, mirror_id)


@router.post("/hubs/requests/{mirror_id}/accept")
def accepted(visit: SignedIn, mirror_id: UUID, form: Posted) -> Response:
    """Take it on, and open a case."""
    visit.must(Action.REFER)
    fields = _first_questions(visit)
    typed = kept_of(visit.engine.registry.get(REPORT), answers(form, fields, visit.viewer.zone))
    try:
        case_id = accept_request(visit.engine, mirror_id, viewer=visit.viewer, answers=typed)
    except InvalidAnswersError as error:
        return _request(visit, mirror_id, typed=typed, problems=error.problems)
    except AlreadyEndedError as error:
        return _request(visit, mirror_id, again=Again({"reason_code": str(error)}))
    return visit.go(f"/cases/{case_id}/hubs", said="accepted")


@router.post("/hubs/requests/{mirror_id}/decline")
def declined(visit: SignedIn, mirror_id: UUID, form: Posted) -> Response:
    """Decline, with a reason."""
    visit.must(Action.REFER)

    def act(_: UUID) -> None:
        reason = text(form, "reason_code")
        if reason not in REASONS:
            raise InvalidAnswersError({"reason_code": "Choose a reason."})
        decline_request(visit.engine, mirror_id, viewer=visit.viewer, reason_code=reason)

    return tried(
        visit, form, act, partial(_request, visit, mirror_id), to="/hubs/requests", said="declined",
        also=("reason_code", (AlreadyEndedError,)),
    )  # fmt: skip


@router.get("/cases/{case_id}/hubs")
def of_case(visit: SignedIn, case_id: UUID) -> Response:
    """Show what went to other hubs about a case, and what came back."""
    return _of_case(visit, case_id)


@router.post("/cases/{case_id}/hubs/reveal")
def revealed(visit: SignedIn, case_id: UUID) -> Response:
    """Show what was shown and written too; that it was looked at is recorded."""
    return _of_case(visit, case_id, words=reveal_words(visit.engine, case_id, viewer=visit.viewer))


@router.post("/cases/{case_id}/hubs/{mirror_id}/tell")
def disclosed(visit: SignedIn, case_id: UUID, mirror_id: UUID, form: Posted) -> Response:
    """Tell the other hub something."""
    visit.must(Action.RELEASE, case_id)
    _require_of_case(visit, case_id, mirror_id)

    def act(command_id: UUID) -> None:
        kind = text(form, "kind")
        if kind not in TOLD_BY_HAND:
            raise InvalidAnswersError({"kind": "Choose what to tell them."})
        disclose_to_hub(
            visit.engine, mirror_id, viewer=visit.viewer, command_id=command_id, kind=Kind(kind),
            words=text(form, "words"), step_id=uuid_or_none(form, "step_id"),
        )  # fmt: skip

    shown_at = {name: f"{name}-{mirror_id}" for name in ("kind", "words", "step_id")}
    return tried(
        visit, form, act, partial(_of_case, visit, case_id), to=f"/cases/{case_id}/hubs", said="hub_told",
        shown_at=shown_at, also=(f"kind-{mirror_id}", _ENDED), which=str(mirror_id),
    )  # fmt: skip


@router.post("/cases/{case_id}/hubs/{mirror_id}/erasure")
def answered_erasure(visit: SignedIn, case_id: UUID, mirror_id: UUID, form: Posted) -> Response:
    """Say what became of what was taken from it."""
    visit.must(Action.RELEASE, case_id)
    _require_of_case(visit, case_id, mirror_id)

    def act(_: UUID) -> None:
        answer_erasure(visit.engine, mirror_id, viewer=visit.viewer, answer=text(form, "answer"))

    return tried(
        visit, form, act, partial(_of_case, visit, case_id), to=f"/cases/{case_id}/hubs", said="hub_told",
        shown_at={"answer": f"answer-{mirror_id}"}, also=(f"answer-{mirror_id}", _ENDED), which=str(mirror_id),
    )  # fmt: skip


def _request(
    visit: Visit,
    mirror_id: UUID,
    *,
    again: Again = FIRST,
    typed: Mapping[str, Any] | None = None,
    problems: Mapping[str, str] | None = None,
) -> Response:
    found = next((one for one in visit.ask(hub_requests) if one.id == mirror_id), None)
    if found is None:
        raise NotFoundError(kind="request of another hub")
    begun = {"narrative": f"{found.hub} asks for help in its case {found.number}."}
    asked = with_typed(_first_questions(visit), begun if typed is None else typed)
    shown = controls(asked, zone=visit.viewer.zone, now=visit.now, errors=problems)
    more = {"problems": problem_lines(shown, problems)} if problems else {}
    return visit.page(
        "hub-request.html", title="Another hub asks for help", section="transmit", request=found, controls=shown,
        reasons=REASONS, may_answer=visit.may(Action.REFER) and visit.may(Action.OPEN_CASE),
        status=422 if problems else 200, again=again, **more,
    )  # fmt: skip


def _of_case(
    visit: Visit, case_id: UUID, *, words: Mapping[UUID, Mapping[str, Any]] | None = None, again: Again = FIRST
) -> Response:
    found = visit.ask(case_hubs, case_id)
    may_disclose = visit.may(Action.RELEASE) and any(one.status == "accepted" for one in found)
    return visit.page(
        "case-hubs.html", title="Other hubs", section="manage", case_id=case_id, mirrors=found, words=words,
        steps=steps_to_disclose(visit.engine, case_id, viewer=visit.viewer) if may_disclose else (),
        may_disclose=may_disclose,
        may_release=visit.may(Action.RELEASE), may_reveal=visit.may(Action.REVEAL),
        erasure_answers=ERASURE_ANSWERS, differs=CLOCKS_DIFFER.total_seconds(), again=again,
    )  # fmt: skip


def _require_of_case(visit: Visit, case_id: UUID, mirror_id: UUID) -> None:
    if not any(one.id == mirror_id for one in visit.ask(case_hubs, case_id)):
        raise NotFoundError(kind="request of another hub")


def _first_questions(visit: Visit) -> tuple[FieldView, ...]:
    return questions(spec for spec in visit.engine.registry.get(REPORT).fields if spec.first_bite)


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
