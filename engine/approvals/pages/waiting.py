"""What waits for a second person, in words and with the page on which one looks at it first."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.access.actions import restrict as restrictions
from engine.access.actions.emergency import answer_break_glass
from engine.access.actions.recusals import answer_lift
from engine.approvals.records import ApprovalKind, WaitingView
from engine.approvals.views import waiting as waiting_view
from engine.cases.records import case_reason
from engine.course.actions.closing import answer_closing
from engine.deadlines.actions.limits import answer_extension
from engine.deadlines.actions.recount import recount_deadlines
from engine.definitions.actions.preview import preview_files
from engine.definitions.actions.proposals import answer_proposal, proposed_changes
from engine.definitions.records import PreviewView
from engine.errors import (
    AlreadyEndedError,
    ConflictError,
    ConsentError,
    DefinitionError,
    InvalidAnswersError,
    KeepingError,
    NotFoundError,
    OwnApprovalError,
)
from engine.overview.actions.exports import answer_copy
from engine.people.actions import second_factor
from engine.people.actions.invitations import answer_link
from engine.people.actions.roles import answer_role
from engine.persons.actions.links import answer_merge
from engine.retention.actions import erasure
from engine.retention.actions import retention as holds
from engine.retention.actions.custody import answer_release, standing
from engine.sharing.actions.releasing import refuse_release, release_referral
from engine.web.dependencies import Posted, SignedIn
from engine.web.forms import summary_of
from engine.web.posted import text
from engine.web.visit import Visit
from engine.web.words import role_words


def _no_reason(_: WaitingView) -> str:
    return ""


def _which_role(view: WaitingView) -> str:
    return f"{view.person}: {role_words(view.role)}, {view.unit}"


class Words(NamedTuple):
    """What is asked for, what the two buttons say, where one looks first, and the reason that was given, if any."""

    asks: str
    agree: str
    refuse: str
    look: Callable[[WaitingView], str]
    because: Callable[[WaitingView], str] = _no_reason


def words_of(view: WaitingView) -> Words:
    """Return the words of what waits."""
    return WORDS[view.kind]


def asked_of_case(views: Iterable[WaitingView]) -> tuple[tuple[WaitingView, Words], ...]:
    """Return what waits for a second person about a case; a merge is told with the other case."""
    return tuple((one, words_of(one)) for one in views if one.kind != ApprovalKind.MERGE)


def _case(rest: str) -> Callable[[WaitingView], str]:
    return lambda view: f"/cases/{view.case_id}/{rest}"


WORDS: Final[Mapping[str, Words]] = {
    ApprovalKind.MORE_TIME: Words(
        "asks for more time", "Give more time", "Refuse more time",
        lambda view: f"/cases/{view.case_id}/deadlines/{view.subject_id}",
    ),
    ApprovalKind.LIFT_DENIAL: Words(
        "asks to restore the access of someone who must not see the case",
        "Restore access", "Keep access denied", _case("access"),
    ),
    ApprovalKind.MERGE: Words("asks to merge it with another case", "Merge the cases", "Do not merge", _case("links")),
    ApprovalKind.BREAK_GLASS: Words(
        "used emergency access to open it", "It was justified", "End the access now",
        lambda view: f"/break-glass/{view.subject_id}",
    ),
    ApprovalKind.RELEASE: Words(
        "asks to send a part of it to someone else", "Release this", "Do not send it", _case("sent")
    ),
    ApprovalKind.ERASURE: Words("asks to erase a person", "Agree", "", _case("keeping")),
    ApprovalKind.LIFT_HOLD: Words(
        "asks to lift the hold that keeps it from erasure", "Lift the hold", "Keep the hold", _case("keeping")
    ),
    ApprovalKind.OPEN_SEAL: Words(
        "asks to lift the restriction of the case", "Lift the restriction", "Keep it restricted", _case("keeping")
    ),
    ApprovalKind.COPY: Words("asks for a large copy in a spreadsheet", "Agree", "Refuse", lambda _: "/copies"),
    ApprovalKind.LOST_FACTOR: Words(
        "reports that a colleague has lost their second factor", "Remove the second factor", "Keep the second factor",
        lambda view: f"/people/{view.subject_id}",
    ),
    ApprovalKind.DEFINITION: Words(
        "asks to publish a changed definition", "Publish this", "Do not publish it", lambda view: f"/waiting/{view.id}"
    ),
    ApprovalKind.CLOSURE: Words(
        "asks to close the case although something is still open in it", "Close the case", "Keep the case open",
        lambda view: f"/cases/{view.case_id}", lambda view: case_reason(view.reason_code),
    ),
    ApprovalKind.ROLE: Words(
        "asks to give a colleague a role", "Give the role: I know them", "Do not give it",
        lambda view: f"/people/{view.person_id}" if view.is_mine else "", _which_role,
    ),
    ApprovalKind.LINK: Words(
        "made a link with which a colleague sets a new password",
        "Let the link work: they asked me too", "Cancel the link",
        lambda view: f"/people/{view.subject_id}" if view.is_mine else "", lambda view: view.person,
    ),
    ApprovalKind.CUSTODY: Words(
        "asks to end the review after a restore", "End the review: I have checked too", "Keep the review open",
        lambda _: "/custody",
    ),
}  # fmt: skip
"""Each kind of the four-eyes list. Where the second button has no words, a reason is asked for on the page itself."""

router = APIRouter()
_AT_ONCE: Final = 200
_Answer = Callable[[Visit, WaitingView, UUID, bool], object]


@router.get("/waiting")
def waiting(visit: SignedIn) -> Response:
    """List what the viewer may answer, and what they wait for themselves."""
    return _page(visit)


@router.get("/waiting/{request_id}")
def change(visit: SignedIn, request_id: UUID) -> Response:
    """Show what a proposed definition changes of the one that runs, in words and as its text."""
    changes = proposed_changes(visit.engine, request_id, viewer=visit.viewer)
    return visit.page(
        "proposed.html",
        title="A changed definition",
        section="waiting",
        it=next(one for one in visit.engine.ask(waiting_view, visit.viewer) if one.id == request_id),
        changes=changes,
        preview=_preview(visit, {f"{one.kind}-{one.name}.yaml": one.source for one in changes}),
        command_id=visit.new_command(),
    )


@router.get("/custody")
def custody(visit: SignedIn) -> Response:
    """Show what two people look at before a restored installation is let go."""
    found = standing(visit.engine, viewer=visit.viewer)
    return visit.page("custody.html", title="Review after a restore", section="waiting", found=found)


@router.post("/waiting/{request_id}")
def answered(visit: SignedIn, request_id: UUID, form: Posted) -> Response:
    """Agree to it, or refuse; who asked only takes it back."""
    found = next((one for one in visit.engine.ask(waiting_view, visit.viewer) if one.id == request_id), None)
    if found is None:
        raise NotFoundError(kind="request")
    answer = text(form, "answer")
    if answer not in {"yes", "no"}:
        return _page(visit, errors={f"of-{request_id}": "Choose an answer."})
    command_id = visit.command_of(form, answer)
    try:
        ANSWERS[found.kind](visit, found, command_id, answer == "yes")
    except InvalidAnswersError as error:
        return _page(visit, errors={f"of-{request_id}": next(iter(error.problems.values()))})
    except (AlreadyEndedError, ConflictError, ConsentError, KeepingError, OwnApprovalError) as error:
        return _page(visit, errors={f"of-{request_id}": str(error)})
    return visit.go("/waiting", said="answered")


def _preview(visit: Visit, sources: Mapping[str, str]) -> PreviewView | None:
    """Say what it would do to open cases; None for what fits no longer what runs."""
    try:
        return preview_files(visit.engine, sources, viewer=visit.viewer)
    except DefinitionError:
        return None


def _case_of(found: WaitingView) -> UUID:
    if found.case_id is None:
        raise NotFoundError(kind="case")
    return found.case_id


def _more_time(visit: Visit, found: WaitingView, command_id: UUID, yes: bool) -> None:  # noqa: FBT001
    answer_extension(
        visit.engine, found.subject_id, case_id=_case_of(found), viewer=visit.viewer, command_id=command_id,
        approved=yes,
    )  # fmt: skip


def _denial(visit: Visit, found: WaitingView, command_id: UUID, yes: bool) -> None:  # noqa: FBT001
    answer_lift(
        visit.engine, _case_of(found), found.id, viewer=visit.viewer, command_id=command_id, approved=yes
    )  # fmt: skip


def _merge(visit: Visit, found: WaitingView, command_id: UUID, yes: bool) -> None:  # noqa: FBT001
    answer_merge(
        visit.engine, found.subject_id, case_id=_case_of(found), viewer=visit.viewer, command_id=command_id,
        is_approved=yes,
    )  # fmt: skip


def _glass(visit: Visit, found: WaitingView, command_id: UUID, yes: bool) -> None:  # noqa: FBT001
    answer_break_glass(visit.engine, found.subject_id, viewer=visit.viewer, command_id=command_id, approved=yes)


def _release(visit: Visit, found: WaitingView, command_id: UUID, yes: bool) -> None:  # noqa: FBT001
    act = release_referral if yes else refuse_release
    act(visit.engine, found.subject_id, viewer=visit.viewer, command_id=command_id)


def _erasure(visit: Visit, found: WaitingView, command_id: UUID, yes: bool) -> None:  # noqa: ARG001, FBT001
    if yes:
        erasure.approve_erasure(visit.engine, found.subject_id, viewer=visit.viewer)
    else:
        erasure.end_erasure(visit.engine, found.subject_id, viewer=visit.viewer, reason_code="changed_mind")


def _hold(visit: Visit, found: WaitingView, command_id: UUID, yes: bool) -> None:  # noqa: ARG001, FBT001
    holds.answer_lift(visit.engine, _case_of(found), found.subject_id, viewer=visit.viewer, agreed=yes)


def _seal(visit: Visit, found: WaitingView, command_id: UUID, yes: bool) -> None:  # noqa: ARG001, FBT001
    restrictions.answer_opening(visit.engine, _case_of(found), viewer=visit.viewer, agreed=yes)


def _copy(visit: Visit, found: WaitingView, command_id: UUID, yes: bool) -> None:  # noqa: ARG001, FBT001
    answer_copy(visit.engine, found.subject_id, viewer=visit.viewer, agreed=yes)


def _factor(visit: Visit, found: WaitingView, command_id: UUID, yes: bool) -> None:  # noqa: ARG001, FBT001
    second_factor.answer_lost(visit.engine, found.id, viewer=visit.viewer, approved=yes)


def _definition(visit: Visit, found: WaitingView, command_id: UUID, yes: bool) -> None:  # noqa: ARG001, FBT001
    answer_proposal(visit.engine, found.subject_id, viewer=visit.viewer, approved=yes)
    recount_deadlines(visit.engine, limit=_AT_ONCE)


def _custody(visit: Visit, found: WaitingView, command_id: UUID, yes: bool) -> None:  # noqa: ARG001, FBT001
    answer_release(visit.engine, viewer=visit.viewer, approved=yes)


def _closure(visit: Visit, found: WaitingView, command_id: UUID, yes: bool) -> None:  # noqa: ARG001, FBT001
    answer_closing(visit.engine, _case_of(found), viewer=visit.viewer, approved=yes)


def _role(visit: Visit, found: WaitingView, command_id: UUID, yes: bool) -> None:  # noqa: ARG001, FBT001
    answer_role(visit.engine, found.subject_id, viewer=visit.viewer, approved=yes)


def _link(visit: Visit, found: WaitingView, command_id: UUID, yes: bool) -> None:  # noqa: ARG001, FBT001
    answer_link(visit.engine, found.subject_id, viewer=visit.viewer, approved=yes)


ANSWERS: Final[Mapping[str, _Answer]] = {
    ApprovalKind.MORE_TIME: _more_time,
    ApprovalKind.LIFT_DENIAL: _denial,
    ApprovalKind.MERGE: _merge,
    ApprovalKind.BREAK_GLASS: _glass,
    ApprovalKind.RELEASE: _release,
    ApprovalKind.ERASURE: _erasure,
    ApprovalKind.LIFT_HOLD: _hold,
    ApprovalKind.OPEN_SEAL: _seal,
    ApprovalKind.COPY: _copy,
    ApprovalKind.LOST_FACTOR: _factor,
    ApprovalKind.DEFINITION: _definition,
    ApprovalKind.CUSTODY: _custody,
    ApprovalKind.CLOSURE: _closure,
    ApprovalKind.ROLE: _role,
    ApprovalKind.LINK: _link,
}
"""What does what was asked for, by the kind."""


def _page(visit: Visit, *, errors: Mapping[str, str] | None = None) -> Response:
    lines = [(one, words_of(one)) for one in visit.engine.ask(waiting_view, visit.viewer)]
    return visit.page(
        "waiting.html",
        title="Waiting for a second person",
        section="waiting",
        status=422 if errors else 200,
        to_answer=[line for line in lines if line[0].may_answer],
        mine=[line for line in lines if not line[0].may_answer],
        errors=errors or {},
        problems=summary_of(errors),
        command_id=visit.new_command(),
    )
