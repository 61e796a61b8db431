"""One deadline: why it falls when it falls, and what people may do about it; delays, calls, and links of messages."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.cases.actions.deciding import note_reading
from engine.core.deadlines.firing import LimitChangeError, SecondPersonError
from engine.core.deadlines.lateness import DELAY_OWNERS, EXTENSION_REASONS, PAUSE_REASONS
from engine.core.policy import Action
from engine.deadlines.actions.acknowledge import acknowledge, acknowledge_by_link, note_call
from engine.deadlines.actions.limits import (
    answer_extension,
    ask_extension,
    name_delay_owner,
    pause_deadline,
    resume_deadline,
)
from engine.deadlines.records import ExplanationView, StretchView, late_views
from engine.deadlines.views.lists import delays as delays_view
from engine.deadlines.views.lists import link as link_view
from engine.deadlines.views.why import explain_deadline
from engine.errors import AlreadyEndedError, InvalidAnswersError, NotFoundError
from engine.overview.pages.plan import Offer
from engine.overview.views.case import case_page
from engine.web.dependencies import Posted, SignedIn, tried
from engine.web.languages import say
from engine.web.posted import FIRST, Again, instant, text, uuid_or_none
from engine.web.visit import Visit
from engine.work.actions.answers import reveal_places

router = APIRouter()


@router.get("/delays")
def delays(visit: SignedIn) -> Response:
    """Count by unit and month what was kept, and what was late by whose delay it was."""
    lines = visit.engine.ask_board(delays_view, visit.viewer)
    return visit.page("delays.html", title="Kept and late", section="board", lines=lines, owners=DELAY_OWNERS)


_CALLS_PAGE = "/cases/{case_id}/steps/{step_id}/calls"


@router.get(_CALLS_PAGE)
def calls(visit: SignedIn, case_id: UUID, step_id: UUID) -> Response:
    """Show whom to ring about a step, and who has."""
    page = _calls_page(visit, case_id, step_id)  # refused before it is written down that anyone read it
    note_reading(visit.engine, visit.viewer, case_id, "case", ())
    return page


@router.post(_CALLS_PAGE)
def rung(visit: SignedIn, case_id: UUID, step_id: UUID, form: Posted) -> Response:
    """Write down that someone was rung."""
    visit.must(Action.WORK, case_id)
    said = tuple(text(form, name) for name in ("call", "outcome", "called_at", "words"))

    def act(command_id: UUID) -> None:
        note_call(
            visit.engine, step_id, case_id=case_id, viewer=visit.viewer, command_id=command_id,
            call_id=uuid_or_none(form, "call"), outcome=text(form, "outcome"),
            called_at=instant(form, "called_at", visit.viewer.zone), words=text(form, "words"),
        )  # fmt: skip

    to = f"/cases/{case_id}/steps/{step_id}/calls"
    return tried(
        visit, form, act, partial(_calls_page, visit, case_id, step_id), to=to, said="rung", which="|".join(said)
    )


def _calls_page(visit: Visit, case_id: UUID, step_id: UUID, *, again: Again = FIRST) -> Response:
    case = visit.ask(case_page, case_id)
    step = case.step(step_id)
    strips = late_views(case.deadlines, case_id=case_id, case_number=case.number, but=visit.viewer.actor_id)
    return visit.page(
        "calls.html",
        title=say("Late: ring someone. {title}, case {number}", title=say(step.title), number=case.number),
        section="manage",
        case=case,
        step=step,
        late=[strip for strip in strips if strip.deadline.step_id == step_id],
        may_ring=case.is_own and Action.WORK in case.allowed,
        may_reveal=case.is_own and Action.REVEAL in case.allowed,
        again=again,
    )


@router.get("/a/{token}")
def link(visit: SignedIn, token: str) -> Response:
    """Ask whether it was seen; names case and step only to those who see the case."""
    found = visit.engine.ask_all(link_view, visit.viewer, token)
    return visit.page("link.html", title="Have you seen this?", link=found, command_id=visit.new_command())


@router.post("/a/{token}")
def seen(visit: SignedIn, token: str, form: Posted) -> Response:
    """Say that it was seen."""
    command_id = visit.command_of(form)
    acknowledge_by_link(visit.engine, token, viewer=visit.viewer, command_id=command_id)
    return visit.go(f"/a/{token}", said="acknowledged")


_PAGE: Final = "/cases/{case_id}/deadlines/{deadline_id}"
_REFUSED: Final = (AlreadyEndedError, LimitChangeError, NotFoundError, SecondPersonError)
"""What the rules of time refuse, and what somebody else has done meanwhile: said on the page of the deadline."""
LENGTHS: Final[Mapping[str, str]] = {
    "PT4H": "4 hours",
    "PT12H": "12 hours",
    "P1D": "1 day",
    "P2D": "2 days",
    "P3D": "3 days",
    "P7D": "7 days",
    "P14D": "14 days",
}
"""How much more time the page offers; the workflow says how much may be given in all."""


@router.get(_PAGE)
def why(visit: SignedIn, case_id: UUID, deadline_id: UUID) -> Response:
    """Say line by line why a deadline falls when it falls, who is told when, and who was."""
    return _page(visit, case_id, deadline_id)


@router.post(_PAGE + "/acknowledge")
def acknowledge_now(visit: SignedIn, case_id: UUID, deadline_id: UUID, form: Posted) -> Response:
    """Say that an escalation has been seen."""
    acknowledge(visit.engine, deadline_id, case_id=case_id, viewer=visit.viewer, command_id=visit.command_of(form))
    return visit.go(_address(case_id, deadline_id), said="acknowledged")


@router.post(_PAGE + "/places")
def places(visit: SignedIn, case_id: UUID, deadline_id: UUID) -> Response:
    """Show once where the times led that this limit may leave out; that somebody looked is recorded first."""
    found = visit.ask(explain_deadline, deadline_id)
    shown = reveal_places(visit.engine, found.deadline.step_id, case_id=case_id, viewer=visit.viewer)
    return _page(visit, case_id, deadline_id, places={(one.name, one.start): one for one in shown})


@router.post(_PAGE + "/pause")
def pause(visit: SignedIn, case_id: UUID, deadline_id: UUID, form: Posted) -> Response:
    """Let the limit stand still until an instant."""
    visit.must(Action.CHANGE_PLAN, case_id)

    def act(command_id: UUID) -> None:
        pause_deadline(
            visit.engine, deadline_id, case_id=case_id, viewer=visit.viewer, command_id=command_id,
            until=instant(form, "until", visit.viewer.zone), reason_code=text(form, "reason"),
        )  # fmt: skip

    return _try(visit, case_id, deadline_id, form, act, said="paused", form_name="pause")


@router.post(_PAGE + "/resume")
def resume(visit: SignedIn, case_id: UUID, deadline_id: UUID, form: Posted) -> Response:
    """Let the limit go on at once."""
    visit.must(Action.CHANGE_PLAN, case_id)

    def act(command_id: UUID) -> None:
        resume_deadline(visit.engine, deadline_id, case_id=case_id, viewer=visit.viewer, command_id=command_id)

    return _try(visit, case_id, deadline_id, form, act, said="resumed", form_name="resume")


@router.post(_PAGE + "/ask")
def ask(visit: SignedIn, case_id: UUID, deadline_id: UUID, form: Posted) -> Response:
    """Ask for more time."""
    visit.must(Action.WORK, case_id)

    def act(command_id: UUID) -> None:
        ask_extension(
            visit.engine, deadline_id, case_id=case_id, viewer=visit.viewer, command_id=command_id,
            more=text(form, "more"), reason_code=text(form, "extension_reason"),
        )  # fmt: skip

    return _try(visit, case_id, deadline_id, form, act, said="asked", form_name="more")


@router.post(_PAGE + "/answer")
def answer(visit: SignedIn, case_id: UUID, deadline_id: UUID, form: Posted) -> Response:
    """Return the time that somebody else asked for, or refuse it."""
    visit.must(Action.GIVE_TIME, case_id)
    given = text(form, "answer")

    def act(command_id: UUID) -> None:
        if given not in {"give", "refuse"}:
            raise InvalidAnswersError({"answer": "Choose an answer."})
        answer_extension(
            visit.engine, deadline_id, case_id=case_id, viewer=visit.viewer, command_id=command_id,
            approved=given == "give",
        )  # fmt: skip

    said = "given" if given == "give" else "not_given"
    return _try(visit, case_id, deadline_id, form, act, said=said, form_name="answer")


@router.post(_PAGE + "/owner")
def owner(visit: SignedIn, case_id: UUID, deadline_id: UUID, form: Posted) -> Response:
    """Say whose delay it is."""
    visit.must(Action.NAME_DELAY, case_id)

    def act(command_id: UUID) -> None:
        name_delay_owner(
            visit.engine, deadline_id, case_id=case_id, viewer=visit.viewer, command_id=command_id,
            owner=text(form, "owner"),
        )  # fmt: skip

    return _try(visit, case_id, deadline_id, form, act, said="owner", form_name="owner")


def _try(
    visit: Visit,
    case_id: UUID,
    deadline_id: UUID,
    form: Posted,
    act: Callable[[UUID], None],
    *,
    said: str,
    form_name: str,
) -> Response:
    """Carry something out; what does not fit is shown on the same page, with what was typed."""
    return tried(
        visit, form, act, partial(_page, visit, case_id, deadline_id), to=_address(case_id, deadline_id), said=said,
        also=(form_name, _REFUSED), which=text(form, "answer"),
    )  # fmt: skip


def _page(
    visit: Visit,
    case_id: UUID,
    deadline_id: UUID,
    *,
    again: Again = FIRST,
    places: Mapping[tuple[str, datetime], StretchView] | None = None,
) -> Response:
    found = visit.ask(explain_deadline, deadline_id)
    if found.case_id != case_id:
        raise NotFoundError(kind="deadline")
    return visit.page(
        "why.html",
        title=say("Why this date? Case {case_number}", case_number=found.case_number),
        section="track",
        zone=found.zone,
        why=found,
        deadline=found.deadline,
        places=places,
        may=_may(visit, found),
        owners=[Offer(key, words) for key, words in DELAY_OWNERS.items()],
        pause_reasons=[Offer(key, words) for key, words in PAUSE_REASONS.items()],
        extension_reasons=[Offer(key, words) for key, words in EXTENSION_REASONS.items()],
        lengths=[Offer(key, words) for key, words in LENGTHS.items()],
        again=again,
    )


def _may(visit: Visit, found: ExplanationView) -> Mapping[str, bool]:
    """Say which of the forms this person is shown; the actions decide again."""
    deadline = found.deadline
    ours = deadline.ended_at is None and deadline.law is None
    asked, member = deadline.asked, found.is_kept_by_viewer
    return {
        "acknowledge": _may_acknowledge(visit, found),
        "reveal": member and any(one.has_place for one in found.stretches) and visit.may(Action.REVEAL),
        "pause": member and ours and deadline.paused_until is None and visit.may(Action.CHANGE_PLAN),
        "resume": member and ours and deadline.paused_until is not None and visit.may(Action.CHANGE_PLAN),
        "ask": member and ours and asked is None and deadline.due_at > visit.now and visit.may(Action.WORK),
        "answer": member
        and asked is not None
        and asked.asked_by_id != visit.viewer.actor_id
        and visit.may(Action.GIVE_TIME),
        "owner": member and visit.may(Action.NAME_DELAY),
    }


def _may_acknowledge(visit: Visit, found: ExplanationView) -> bool:
    """Return whether a level has told somebody who has not said so yet, and this person is one who can."""
    unseen = any(line.acknowledged_at is None and not line.is_missed for line in found.told)
    return unseen and (found.viewer_was_told or (found.is_kept_by_viewer and visit.may(Action.STEER)))


def _address(case_id: UUID, deadline_id: UUID) -> str:
    return f"/cases/{case_id}/deadlines/{deadline_id}"
