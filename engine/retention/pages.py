"""How long data is kept: what is due, held back, sealed or to be erased, and who agrees to it."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.access.actions import restrict as restrictions
from engine.core.policy import Action
from engine.core.retention import ENDS_OF_ERASURES, GROUNDS_TO_ERASE, GROUNDS_TO_RESTRICT, HOLD_WORDS
from engine.errors import InvalidAnswersError
from engine.overview.views.case import case_page
from engine.retention.actions import erasure, retention
from engine.retention.actions import retention as holds
from engine.retention.actions.custody import standing
from engine.retention.records import RetentionError
from engine.retention.views import holders
from engine.retention.views import keeping as retention_view
from engine.web.dependencies import Posted, SignedIn
from engine.web.languages import say
from engine.web.posted import FIRST, Again, text, typed, uuid_or_none
from engine.web.visit import Visit

router = APIRouter()
_SOURCES = {
    "subject": "The person, reached through their safe contact",
    "officer": "We ourselves",
    "retention": "Its retention time is over",
}


@router.get("/keeping")
def keeping(visit: SignedIn) -> Response:
    """List what is due, held back, sealed or to be erased in the viewer's units."""
    return visit.page(
        "keeping.html",
        title="Keep and erase",
        section="track",
        found=visit.ask(retention_view),
        ends=ENDS_OF_ERASURES,
        may_ask=visit.may(Action.ASK_ERASURE),
        may_approve=visit.may(Action.APPROVE_ERASURE),
    )


@router.get("/keeping/policies")
def policies(visit: SignedIn) -> Response:
    """Show how long each class of data is kept, place by place."""
    retention.require_retention(visit.viewer)
    found = retention.retention_policies(visit.engine)
    return visit.page("keeping-policies.html", title="How long data is kept", section="track", policies=found)


@router.get("/custody")
def custody(visit: SignedIn) -> Response:
    """Show what two people look at before a restored installation is let go."""
    found = standing(visit.engine, viewer=visit.viewer)
    return visit.page("custody.html", title="Review after a restore", section="waiting", found=found)


@router.get("/cases/{case_id}/keeping")
def of_case(visit: SignedIn, case_id: UUID) -> Response:
    """Show what holds for one case, with the forms to hold it back, seal it, or have a person erased."""
    return _page(visit, case_id)


@router.post("/cases/{case_id}/holds")
def hold(visit: SignedIn, case_id: UUID, form: Posted) -> Response:
    """Hold a case back from erasure."""
    visit.must(Action.HOLD, case_id)
    command_id = visit.command_of(form)
    try:
        holds.place_hold(
            visit.engine, case_id, viewer=visit.viewer, command_id=command_id, kind=text(form, "kind"),
            reason=text(form, "reason"),
        )  # fmt: skip
    except InvalidAnswersError as error:
        return _page(visit, case_id, again=Again(error.problems, typed(form), command_id))
    return visit.go(f"/cases/{case_id}/keeping", said="held_back")


@router.post("/cases/{case_id}/holds/{hold_id}/lift")
def lift(visit: SignedIn, case_id: UUID, hold_id: UUID) -> Response:
    """Ask that a hold is lifted."""
    holds.ask_to_lift(visit.engine, case_id, hold_id, viewer=visit.viewer)
    return visit.go(f"/cases/{case_id}/keeping", said="second_asked")


@router.post("/cases/{case_id}/holds/{hold_id}/answer")
def lift_answered(visit: SignedIn, case_id: UUID, hold_id: UUID, form: Posted) -> Response:
    """Lift a hold as a second person, or let it stand."""
    holds.answer_lift(visit.engine, case_id, hold_id, viewer=visit.viewer, agreed=text(form, "agreed") == "yes")
    return visit.go(f"/cases/{case_id}/keeping", said="answered")


@router.post("/cases/{case_id}/holds/{hold_id}/reason")
def reason(visit: SignedIn, case_id: UUID, hold_id: UUID) -> Response:
    """Show which appeal, claim or order it is; that it was read is written down first."""
    found = holds.read_reason(visit.engine, case_id, hold_id, viewer=visit.viewer)
    return _page(visit, case_id, reason=found or "This can no longer be read.")


@router.post("/cases/{case_id}/seal")
def encrypt(visit: SignedIn, case_id: UUID, form: Posted) -> Response:
    """Seal a case."""
    visit.must(Action.RESTRICT, case_id)
    command_id = visit.command_of(form)
    try:
        restrictions.restrict_case(
            visit.engine, case_id, viewer=visit.viewer, command_id=command_id, ground_code=text(form, "ground_code"),
            holder_id=uuid_or_none(form, "holder_id") or UUID(int=0),
        )  # fmt: skip
    except InvalidAnswersError as error:
        return _page(visit, case_id, again=Again(error.problems, typed(form), command_id))
    return visit.go("/keeping", said="sealed")


@router.post("/cases/{case_id}/seal/lift")
def opening(visit: SignedIn, case_id: UUID) -> Response:
    """Ask that a sealed case is opened again."""
    restrictions.ask_to_open(visit.engine, case_id, viewer=visit.viewer)
    return visit.go(f"/cases/{case_id}/keeping", said="second_asked")


@router.post("/cases/{case_id}/seal/answer")
def opening_answered(visit: SignedIn, case_id: UUID, form: Posted) -> Response:
    """Open a sealed case as a second person, or let it stay sealed."""
    restrictions.answer_opening(visit.engine, case_id, viewer=visit.viewer, agreed=text(form, "agreed") == "yes")
    return visit.go(f"/cases/{case_id}/keeping", said="answered")


@router.post("/cases/{case_id}/erasures")
def erase(visit: SignedIn, case_id: UUID, form: Posted) -> Response:
    """Ask that a person of a case is erased."""
    visit.must(Action.ASK_ERASURE, case_id)
    command_id = visit.command_of(form)
    person_id = uuid_or_none(form, "person_id")
    if person_id is None:
        errors = {"person_id": "Choose a person."}
        return _page(visit, case_id, again=Again(errors, typed(form), command_id))
    try:
        erasure.ask_erasure(
            visit.engine, case_id, person_id, viewer=visit.viewer, command_id=command_id,
            source=text(form, "source"), ground_code=text(form, "ground_code_erase"),
            by_safe_contact=text(form, "by_safe_contact") == "yes",
        )  # fmt: skip
    except InvalidAnswersError as error:
        problems = {("ground_code_erase" if k == "ground_code" else k): v for k, v in error.problems.items()}
        return _page(visit, case_id, again=Again(problems, typed(form), command_id))
    except RetentionError as error:
        return _page(visit, case_id, again=Again({"person_id": str(error)}, typed(form), command_id))
    return visit.go(f"/cases/{case_id}/keeping", said="erasure_asked")


@router.post("/erasures/{erasure_id}/approve")
def approve(visit: SignedIn, erasure_id: UUID) -> Response:
    """Agree to an erasure."""
    erasure.approve_erasure(visit.engine, erasure_id, viewer=visit.viewer)
    return visit.go("/keeping", said="agreed")


@router.post("/erasures/{erasure_id}/end")
def end(visit: SignedIn, erasure_id: UUID, form: Posted) -> Response:
    """Refuse an erasure, or take it back."""
    visit.must(Action.ASK_ERASURE)
    erasure.end_erasure(visit.engine, erasure_id, viewer=visit.viewer, reason_code=text(form, "reason_code"))
    return visit.go("/keeping", said="answered")


@router.post("/proposals/{proposal_id}")
def decide(visit: SignedIn, proposal_id: UUID, form: Posted) -> Response:
    """Say what becomes of what a retention policy proposes."""
    visit.must(Action.ASK_ERASURE)
    retention.decide_proposal(visit.engine, proposal_id, viewer=visit.viewer, decision=text(form, "decision"))
    return visit.go("/keeping", said="answered")


@router.post("/erase-copies/{notice_id}")
def copy_erased(visit: SignedIn, notice_id: UUID, form: Posted) -> Response:
    """Say what was done with our copy of what was erased elsewhere."""
    visit.must(Action.ASK_ERASURE)
    erasure.answer_notice(visit.engine, notice_id, viewer=visit.viewer, answer=text(form, "answer"))
    return visit.go("/keeping", said="answered")


def _page(visit: Visit, case_id: UUID, *, again: Again = FIRST, reason: str = "") -> Response:
    may_restrict = visit.may(Action.RESTRICT)
    kept, seen = visit.soon(retention_view, case_id), visit.soon(case_page, case_id)
    possible = visit.soon(holders, case_id) if may_restrict else tuple
    found, case = kept(), seen()
    return visit.page(
        "case-keeping.html",
        title=say("Keep and erase, case {number}", number=case.number),
        section="track",
        zone=case.zone,
        case=case,
        found=found,
        reason=reason,
        kinds=HOLD_WORDS,
        grounds_to_restrict=GROUNDS_TO_RESTRICT,
        grounds_to_erase=GROUNDS_TO_ERASE,
        sources=_SOURCES,
        holders=possible(),
        may_hold=visit.may(Action.HOLD),
        may_restrict=may_restrict,
        may_ask=visit.may(Action.ASK_ERASURE),
        again=again,
    )
