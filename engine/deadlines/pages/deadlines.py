"""One deadline: why it falls when it falls, who is told, and what people may do about it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.core.deadlines.lateness import DELAY_OWNERS, EXTENSION_REASONS, PAUSE_REASONS
from engine.core.policy import Action
from engine.deadlines.actions.acknowledge import acknowledge
from engine.deadlines.actions.limits import (
    answer_extension,
    ask_extension,
    name_delay_owner,
    pause_deadline,
    resume_deadline,
)
from engine.deadlines.records.explanations import ExplanationView, StretchView
from engine.deadlines.views.why import explain_deadline
from engine.errors import AlreadyEndedError, InvalidAnswersError, LimitChangeError, NotFoundError, SecondPersonError
from engine.overview.pages.plan import Offer
from engine.web.dependencies import Posted, SignedIn
from engine.web.posted import FIRST, Again, instant, text
from engine.web.trying import tried
from engine.web.visit import Visit
from engine.work.actions.reveal import reveal_places

router = APIRouter()
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
        title=f"Why this date? Case {found.case_number}",
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
