"""A person of a case: who they are, what they are in it, whom they may be, and with whom they are one."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.core.law.told import AgeSource
from engine.core.policy import Action
from engine.core.records import PersonRole, RoleStatus
from engine.course.actions.steer import identify_person
from engine.errors import ConflictError, InvalidAnswersError, NotFoundError, together
from engine.overview.views.case import case_page
from engine.persons.actions.persons import (
    DAY_TO_COME,
    add_name,
    age_range,
    change_role,
    propose_identity,
    record_age,
    settle_identity,
)
from engine.persons.actions.same import bring_person, merge_persons, split_person, unmerge_persons
from engine.persons.records import CasePersonView
from engine.persons.views.person import case_links
from engine.persons.views.person import person_page as person_page_view
from engine.web.dependencies import Posted, SignedIn, tried
from engine.web.languages import say
from engine.web.posted import (
    FIRST,
    Again,
    chosen,
    fitting,
    identity_of,
    names_in,
    text,
    texts,
    uuid_or_none,
    whole_number,
)
from engine.web.posted import LONGEST_WORDS as LONGEST
from engine.web.visit import Visit
from engine.work.actions.answers import reveal_person

router = APIRouter()
ROLE_REASONS: Final[Mapping[str, str]] = {
    "new_evidence": "Something new was found out",
    "court_or_police": "A court or the police said so",
    "own_words": "The person said so",
    "mistaken": "It was a mistake",
}
MERGE_REASONS: Final[Mapping[str, str]] = {
    "papers": "Their papers are the same",
    "recognised": "Someone who knows them recognised them",
    "own_words": "The person said so",
    "same_details": "Name, age and place agree",
}
SPLIT_REASONS: Final[Mapping[str, str]] = {
    "two_people": "The names belong to two people",
    "mistaken": "It was a mistake to write them as one",
}
SOURCES: Final[Mapping[AgeSource, str]] = {
    AgeSource.SCHOOL: "A certificate of a school or examination board",
    AgeSource.MUNICIPAL: "A birth certificate of a municipal body or panchayat",
    AgeSource.MEDICAL: "A medical test",
    AgeSource.STATED: "Someone said so",
    AgeSource.APPEARANCE: "How the person looks",
}
STATUSES: Final[Mapping[RoleStatus, str]] = {
    RoleStatus.STATED: "Someone said so",
    RoleStatus.LIKELY: "Likely",
    RoleStatus.CONFIRMED: "Confirmed",
    RoleStatus.DISPROVED: "Disproved: the role is over",
}
_OF_CANDIDATE: Final[Mapping[str, int]] = {
    "candidate_aliases": LONGEST["aliases"],
    "candidate_phone": LONGEST["phone"],
}
_AS_DAY: Final = "Give a date, such as 2026-03-07."


@router.get("/cases/{case_id}/persons/{person_id}")
def person_page(visit: SignedIn, case_id: UUID, person_id: UUID) -> Response:
    """Show what may be seen of a person without a recorded act."""
    return _page(visit, case_id, person_id)


@router.post("/cases/{case_id}/persons/{person_id}/reveal")
def reveal_who(visit: SignedIn, case_id: UUID, person_id: UUID) -> Response:
    """Show who a person is, once; that this was done is recorded first."""
    _known(visit, case_id, person_id)
    shown = reveal_person(visit.engine, person_id, case_id=case_id, viewer=visit.viewer)
    return _page(visit, case_id, person_id, revealed=shown)


@router.post("/cases/{case_id}/persons/{person_id}/identify")
def identified(visit: SignedIn, case_id: UUID, person_id: UUID, form: Posted) -> Response:
    """Write who a person is."""
    visit.must(Action.IDENTIFY, case_id)

    def act(command_id: UUID) -> None:
        identify_person(
            visit.engine, person_id, case_id=case_id, viewer=visit.viewer, command_id=command_id,
            identity=identity_of(form),
        )  # fmt: skip

    return _try(visit, case_id, person_id, form, "identified", act)


@router.post("/cases/{case_id}/persons/{person_id}/names")
def name_added(visit: SignedIn, case_id: UUID, person_id: UUID, form: Posted) -> Response:
    """Add a name by which the person is known."""
    visit.must(Action.IDENTIFY, case_id)

    def act(command_id: UUID) -> None:
        add_name(
            visit.engine, person_id, case_id=case_id, viewer=visit.viewer, command_id=command_id,
            name=text(form, "alias"),
        )  # fmt: skip

    return _try(visit, case_id, person_id, form, "identified", act, {"name": "alias"})


@router.post("/cases/{case_id}/persons/{person_id}/age")
def age_recorded(visit: SignedIn, case_id: UUID, person_id: UUID, form: Posted) -> Response:
    """Write how old the person is, and from what that was taken."""
    visit.must(Action.IDENTIFY, case_id)

    def act(command_id: UUID) -> None:
        youngest = whole_number(form, "youngest")
        oldest = whole_number(form, "oldest") if text(form, "oldest") else youngest
        source, as_of, _ = together(
            partial(chosen, form, "source", set(AgeSource), "Choose where the age was taken from."),
            partial(_day, form, "as_of", until=visit.today),
            partial(age_range, youngest, oldest, AgeSource.STATED, visit.today),
        )
        record_age(
            visit.engine, person_id, case_id=case_id, viewer=visit.viewer, command_id=command_id, youngest=youngest,
            oldest=oldest, source=AgeSource(source), as_of=as_of or visit.today,
        )  # fmt: skip

    return _try(visit, case_id, person_id, form, "identified", act)


@router.post("/cases/{case_id}/persons/{person_id}/candidates")
def identity_proposed(visit: SignedIn, case_id: UUID, person_id: UUID, form: Posted) -> Response:
    """Write down somebody whom the person may be."""
    visit.must(Action.IDENTIFY, case_id)

    def act(command_id: UUID) -> None:
        told = fitting(form, _OF_CANDIDATE)
        propose_identity(
            visit.engine, person_id, case_id=case_id, viewer=visit.viewer, command_id=command_id,
            name=text(form, "candidate"), aliases=names_in(told["candidate_aliases"]), phone=told["candidate_phone"],
        )  # fmt: skip

    return _try(visit, case_id, person_id, form, "identified", act)


@router.post("/cases/{case_id}/persons/{person_id}/candidates/{candidate_id}")
def identity_settled(visit: SignedIn, case_id: UUID, person_id: UUID, candidate_id: UUID, form: Posted) -> Response:
    """Say that the person is somebody whom they might have been, or is not."""

    def act(command_id: UUID) -> None:
        settle_identity(
            visit.engine, person_id, case_id=case_id, viewer=visit.viewer, command_id=command_id,
            candidate_id=candidate_id, is_confirmed=text(form, "outcome") == "confirmed",
        )  # fmt: skip

    return _try(visit, case_id, person_id, form, "identified", act)


@router.post("/cases/{case_id}/persons/{person_id}/role")
def role_changed(visit: SignedIn, case_id: UUID, person_id: UUID, form: Posted) -> Response:
    """Say what the person is in the case now, how sure that is, and since when."""
    visit.must(Action.CHANGE_PLAN, case_id)

    def act(command_id: UUID) -> None:
        role, to_role, status = text(form, "role"), text(form, "to_role"), text(form, "status")
        problems = {
            name: "Choose one."
            for name, value, offered in (("role", role, PersonRole), ("to_role", to_role, PersonRole))
            if value not in set(offered)
        }
        if status not in set(RoleStatus):
            problems["status"] = "Choose how sure it is."
        if problems:
            raise InvalidAnswersError(problems)
        change_role(
            visit.engine, person_id, case_id=case_id, viewer=visit.viewer, command_id=command_id,
            role=PersonRole(role), to_role=PersonRole(to_role), status=RoleStatus(status),
            from_on=_day(form, "from_on"), until_on=_day(form, "until_on"),
            reason_code=text(form, "role_reason") if text(form, "role_reason") in ROLE_REASONS else "",
        )  # fmt: skip

    return _try(visit, case_id, person_id, form, "role_changed", act)


@router.post("/cases/{case_id}/persons/{person_id}/same")
def merged(visit: SignedIn, case_id: UUID, person_id: UUID, form: Posted) -> Response:
    """Say that the person and another one, of this case or of one by its number, are one."""
    visit.must(Action.CHANGE_PLAN, case_id)

    def act(command_id: UUID) -> None:
        other_case_id, other = _other_person(visit, case_id, form)
        merge_persons(
            visit.engine, person_id, other, case_id=case_id, other_case_id=other_case_id, viewer=visit.viewer,
            command_id=command_id, reason_code=_reason(form, "merge_reason", MERGE_REASONS),
        )  # fmt: skip

    return _try(visit, case_id, person_id, form, "same_person", act, {"reason_code": "merge_reason"})


@router.post("/cases/{case_id}/persons/{person_id}/not-same/{secondary_id}")
def unmerged(visit: SignedIn, case_id: UUID, person_id: UUID, secondary_id: UUID, form: Posted) -> Response:
    """Say that two persons who were taken for one are two."""

    def act(command_id: UUID) -> None:
        unmerge_persons(
            visit.engine, secondary_id, case_id=case_id, viewer=visit.viewer, command_id=command_id,
            reason_code="mistaken",
        )  # fmt: skip

    return _try(visit, case_id, person_id, form, "not_same", act)


@router.post("/cases/{case_id}/persons/{person_id}/split")
def parted(visit: SignedIn, case_id: UUID, person_id: UUID, form: Posted) -> Response:
    """Say that the person is two: another one takes some of the names."""
    visit.must(Action.CHANGE_PLAN, case_id)

    def act(command_id: UUID) -> None:
        role = text(form, "split_role")
        if role not in set(PersonRole):
            raise InvalidAnswersError({"split_role": "Choose what the other person is in this case."})
        split_person(
            visit.engine, person_id, case_id=case_id, viewer=visit.viewer, command_id=command_id,
            names=texts(form, "names"), role=PersonRole(role),
            reason_code=_reason(form, "split_reason", SPLIT_REASONS),
        )  # fmt: skip

    return _try(visit, case_id, person_id, form, "parted", act, {"names": "parting", "split_role": "parting"})


@router.post("/cases/{case_id}/persons/{person_id}/bring")
def brought(visit: SignedIn, case_id: UUID, person_id: UUID, form: Posted) -> Response:
    """Bring the person into another case too, by its number, in a role of its own there."""
    visit.must(Action.CHANGE_PLAN, case_id)

    def act(command_id: UUID) -> None:
        role = text(form, "bring_role")
        if role not in set(PersonRole):
            raise InvalidAnswersError({"bring_role": "Choose what the person is in the other case."})
        bring_person(
            visit.engine, person_id, from_case_id=case_id, case_id=visit.case_of_number(form, "bring_number"),
            viewer=visit.viewer, command_id=command_id, role=PersonRole(role),
        )  # fmt: skip

    return _try(visit, case_id, person_id, form, "brought", act, {"case": "bring_number"})


def _other_person(visit: Visit, case_id: UUID, form: Posted) -> tuple[UUID, UUID]:
    """Find the person who was chosen: one of this case, or one by the number of a case and their number in it."""
    here = uuid_or_none(form, "same_here")
    if here is not None:
        return case_id, here
    other_case_id = visit.case_of_number(form, "same_number")
    label = f"Person {whole_number(form, 'same_person')}"
    persons = visit.ask(case_page, other_case_id).persons
    found = next((person.id for person in persons if person.label == label), None)
    if found is None:
        raise InvalidAnswersError({"same_person": "Write the number of a person in that case."})
    return other_case_id, found


def _reason(form: Posted, name: str, offered: Mapping[str, str]) -> str:
    reason = text(form, name)
    if reason not in offered:
        raise InvalidAnswersError({name: "Choose a reason."})
    return reason


def _day(form: Posted, name: str, *, until: date = date.max) -> date | None:
    given = text(form, name)
    try:
        day = date.fromisoformat(given) if given else None
    except ValueError:
        raise InvalidAnswersError({name: _AS_DAY}) from None
    if day is not None and day > until:
        raise InvalidAnswersError({name: DAY_TO_COME})
    return day


def _try(
    visit: Visit,
    case_id: UUID,
    person_id: UUID,
    form: Posted,
    said: str,
    act: Callable[[UUID], None],
    shown_at: Mapping[str, str] | None = None,
) -> Response:
    """Carry something out; what does not fit is shown on the person's page."""
    return tried(
        visit, form, act, partial(_page, visit, case_id, person_id), to=f"/cases/{case_id}/persons/{person_id}",
        said=said, shown_at=shown_at, also=("role", (ConflictError,)), which=text(form, "outcome"),
    )  # fmt: skip


def _known(visit: Visit, case_id: UUID, person_id: UUID) -> None:
    """Refuse a person who is not in the case any more, or whom the viewer may not see."""
    if not any(person.id == person_id for person in visit.ask(case_page, case_id).persons):
        raise NotFoundError(kind="person")


def _page(
    visit: Visit,
    case_id: UUID,
    person_id: UUID,
    *,
    revealed: CasePersonView | None = None,
    again: Again = FIRST,
) -> Response:
    seen, shown = visit.soon(case_page, case_id), visit.soon(person_page_view, case_id, person_id)
    links = visit.soon(case_links, case_id)
    case, known = seen(), shown()
    present = [role for role in known.roles if role.removed_at is None]
    is_merged = any(link.is_into for link in links())
    return visit.page(
        "person.html",
        title=say("{label}, case {number}", label=say(known.label), number=case.number),
        section="track",
        zone=case.zone,
        case=case,
        known=known,
        person=revealed,
        present=present,
        others=[one for one in case.persons if one.id != person_id],
        may_reveal=visit.may(Action.REVEAL) and revealed is None and bool(present),
        may_write=visit.may(Action.IDENTIFY) and case.status == "open",
        may_change=visit.may(Action.CHANGE_PLAN) and case.status == "open" and not is_merged,
        may_answer_subject=visit.may(Action.ANSWER_SUBJECT),
        may_correct=visit.may(Action.CORRECT),
        roles=tuple(PersonRole),
        statuses=STATUSES,
        sources=SOURCES,
        role_reasons=ROLE_REASONS,
        merge_reasons=MERGE_REASONS,
        split_reasons=SPLIT_REASONS,
        again=again,
    )
