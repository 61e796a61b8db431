"""What a person may ask of us: to see what is held about them, and to have it put right."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.cases.actions.public import takes_public_reports
from engine.core.policy import Action
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError
from engine.overview.records import CaseView
from engine.overview.views.case import case_page
from engine.persons.actions.subject import FIELDS, REASONS, correct_person, report_to_subject
from engine.persons.records import CasePersonView
from engine.web.dependencies import Posted, SignedIn
from engine.web.languages import say
from engine.web.posted import FIRST, Again, text, typed
from engine.web.visit import Visit

router = APIRouter()


@router.get("/cases/{case_id}/persons/{person_id}/held")
def held(visit: SignedIn, case_id: UUID, person_id: UUID) -> Response:
    """Say what a report for a person is, before anything is read."""
    case, person = _person(visit, case_id, person_id)
    _require(visit, Action.ANSWER_SUBJECT)
    return visit.page(
        "subject-ask.html", title=say("What the case holds about {label}", label=say(person.label)),
        section="track", zone=case.zone,
        case=case, person=person,
    )  # fmt: skip


@router.post("/cases/{case_id}/persons/{person_id}/held")
def report(visit: SignedIn, case_id: UUID, person_id: UUID) -> Response:
    """Show all that is held about a person, to be printed for them; that it was read is written down first."""
    found = report_to_subject(visit.engine, case_id, person_id, viewer=visit.viewer)
    return visit.page(
        "subject.html",
        title=say("What the case holds about {label}", label=say(found.label)),
        section="track",
        zone=found.zone,
        found=found,
        tell=f"{visit.engine.portal_url}/tell" if takes_public_reports(visit.engine) else "",
    )


@router.get("/cases/{case_id}/persons/{person_id}/correct")
def correct(visit: SignedIn, case_id: UUID, person_id: UUID) -> Response:
    """Ask what is right."""
    return _page(visit, case_id, person_id)


@router.post("/cases/{case_id}/persons/{person_id}/correct")
def corrected(visit: SignedIn, case_id: UUID, person_id: UUID, form: Posted) -> Response:
    """Correct what is known about a person, or add a remark."""
    visit.must(Action.CORRECT, case_id)
    command_id = visit.command_of(form)
    try:
        correct_person(
            visit.engine, case_id, person_id, viewer=visit.viewer, command_id=command_id,
            reason_code=text(form, "reason_code"), remark=text(form, "remark"),
            changes={name: text(form, name) for name in FIELDS},
        )  # fmt: skip
    except InvalidAnswersError as error:
        return _page(visit, case_id, person_id, again=Again(error.problems, typed(form), command_id))
    return visit.go(f"/cases/{case_id}/persons/{person_id}", said="corrected")


def _page(visit: Visit, case_id: UUID, person_id: UUID, *, again: Again = FIRST) -> Response:
    case, person = _person(visit, case_id, person_id)
    _require(visit, Action.CORRECT)
    return visit.page(
        "correct.html",
        title=say("Correct what is known about {label}", label=say(person.label)),
        section="track",
        zone=case.zone,
        case=case,
        person=person,
        reasons=REASONS,
        again=again,
    )


def _person(visit: Visit, case_id: UUID, person_id: UUID) -> tuple[CaseView, CasePersonView]:
    case = visit.ask(case_page, case_id)
    found = next((person for person in case.persons if person.id == person_id), None)
    if found is None:
        raise NotFoundError(kind="person")
    return case, found


def _require(visit: Visit, action: Action) -> None:
    if not visit.may(action):
        raise NotAllowedError(actor=visit.viewer.name, action=action.value)
