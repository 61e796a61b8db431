"""What waits for a second person: one list, and an answer to each."""

from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.adapters.sql.queries.waiting import waiting as waiting_view
from engine.domain.four_eyes import ApprovalKind
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
from engine.portal.dependencies import Posted, SignedIn
from engine.portal.posted import text
from engine.portal.presenters.forms import summary_of
from engine.portal.presenters.waiting import words_of
from engine.portal.visit import Visit
from engine.usecases import erasure, holds, restrictions, second_factor
from engine.usecases.agreed_roles import answer_role
from engine.usecases.break_glass import answer_break_glass
from engine.usecases.case_links import answer_merge
from engine.usecases.closing import answer_closing
from engine.usecases.custody import answer_release, standing
from engine.usecases.exports import answer_copy
from engine.usecases.invitations import answer_link
from engine.usecases.limits import answer_extension
from engine.usecases.preview import preview_files
from engine.usecases.proposals import answer_proposal, proposed_changes
from engine.usecases.recount import recount_deadlines
from engine.usecases.recusals import answer_lift
from engine.usecases.releasing import refuse_release, release_referral
from engine.views import PreviewView, WaitingView

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
