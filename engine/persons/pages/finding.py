"""Find who is known: by name, telephone or village; by matches with other units; by cases that belong together."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.approvals.records import OwnApprovalError
from engine.cases.records import written_number
from engine.cases.views.lists import cases
from engine.core.case_links import LINKED_BY_HAND, LinkKind
from engine.core.policy import Action
from engine.definitions.views import published_workflows
from engine.errors import AlreadyEndedError, ConflictError, InvalidAnswersError
from engine.overview.views.case import case_page
from engine.persons.actions.links import answer_merge, ask_merge, end_link, link_cases, unmerge_cases
from engine.persons.actions.matches import LONGEST, PAGE, answer_match, find_people, mark_match_seen
from engine.persons.actions.split import split_case
from engine.persons.views.person import case_links
from engine.sharing.views.sharing import matches as matches_view
from engine.web.dependencies import Posted, SignedIn, tried
from engine.web.languages import say
from engine.web.posted import FIRST, Again, text, texts, typed, whole_number
from engine.web.visit import Visit

router = APIRouter()
_LAST_PAGE: Final = 10


@router.get("/find")
def find(visit: SignedIn) -> Response:
    """Ask for whom to look. What is typed is posted: no name stands in an address."""
    visit.must(Action.REVEAL)
    return _found_page(visit, "")


@router.post("/find")
def found(visit: SignedIn, form: Posted) -> Response:
    """Show who was found, who they are still closed; that somebody looked is recorded first."""
    visit.must(Action.REVEAL)
    words = text(form, "words")[:LONGEST]
    number = min(max(whole_number(form, "page") if text(form, "page") else 1, 1), _LAST_PAGE)
    if not words:
        return _found_page(visit, "", errors={"words": "Write a name, a phone number, a village or a case number."})
    people = find_people(visit.engine, viewer=visit.viewer, words=words, page=number)
    is_number = any(sign.isdigit() for sign in words) or written_number(words).startswith("C-")
    by_number = visit.ask(cases, status="all", number=words, limit=PAGE) if is_number and number == 1 else ()
    return _found_page(
        visit, words, people=people, by_number=by_number, number=number, has_more=people.count > number * PAGE
    )


def _found_page(visit: Visit, words: str, *, errors: dict[str, str] | None = None, **shown: object) -> Response:
    again = Again(errors or {}, {"words": words})
    more: dict[str, Any] = {"people": None, "by_number": (), "number": 1, "has_more": False} | shown
    return visit.page("find.html", title="Find", section="track", words=words, again=again, **more)


@router.get("/matches")
def matches(visit: SignedIn) -> Response:
    """List what other units ask, and which have answered."""
    return _matches_page(visit)


@router.post("/matches/{match_id}/seen")
def seen(visit: SignedIn, match_id: UUID) -> Response:
    """Note that a lead has seen an alert."""
    mark_match_seen(visit.engine, match_id, viewer=visit.viewer)
    return visit.go("/matches", said="match_seen")


@router.post("/matches/{match_id}/answer")
def answered(visit: SignedIn, match_id: UUID, form: Posted) -> Response:
    """Answer to what another unit asks: only of a yes it hears."""
    try:
        answer_match(visit.engine, match_id, viewer=visit.viewer, answer=text(form, "answer"))
    except AlreadyEndedError as error:
        return _matches_page(visit, error=str(error))
    return visit.go("/matches", said="match_answered")


def _matches_page(visit: Visit, *, error: str = "") -> Response:
    found = visit.ask(matches_view)
    return visit.page(
        "matches.html", title="Known to another unit", section="transmit", status=422 if error else 200,
        questions=[one for one in found if one.is_question], matches=[one for one in found if not one.is_question],
        problems=[("#questions", error)] if error else [],
    )  # fmt: skip


KINDS: Final[Mapping[str, str]] = {
    LinkKind.SAME_EVENT.value: "The same event",
    LinkKind.SAME_SUSPECT.value: "The same suspect",
    LinkKind.SAME_ROUTE.value: "The same route",
    LinkKind.FOLLOW_UP.value: "One follows from the other",
    LinkKind.MERGED.value: "Merged",
    LinkKind.SPLIT.value: "One was split from the other",
}
MERGE_REASONS: Final[Mapping[str, str]] = {
    "same_report": "The same thing was reported twice",
    "same_event": "They are one event",
    "same_person": "They are about the same person",
}
SPLIT_REASONS: Final[Mapping[str, str]] = {
    "other_event": "It is another event",
    "safety": "They are not safe in the same case as the others",
    "other_place": "Other people are responsible for them",
}


@router.get("/cases/{case_id}/links")
def links_page(visit: SignedIn, case_id: UUID) -> Response:
    """Show with which other cases a case belongs together."""
    return _links_page(visit, case_id)


@router.post("/cases/{case_id}/links")
def linked(visit: SignedIn, case_id: UUID, form: Posted) -> Response:
    """Link the case to another one, by its number."""
    visit.must(Action.CHANGE_PLAN, case_id)

    def act(command_id: UUID) -> None:
        kind = text(form, "kind")
        if kind not in {one.value for one in LINKED_BY_HAND}:
            raise InvalidAnswersError({"kind": "Choose why the cases belong together."})
        other = visit.case_of_number(form, "number")
        link_cases(visit.engine, case_id, other, viewer=visit.viewer, command_id=command_id, kind=LinkKind(kind))

    return _try(visit, case_id, form, "linked", act)


@router.post("/cases/{case_id}/links/{link_id}/end")
def link_ended(visit: SignedIn, case_id: UUID, link_id: UUID, form: Posted) -> Response:
    """Take a link back."""

    def act(command_id: UUID) -> None:
        end_link(visit.engine, link_id, case_id=case_id, viewer=visit.viewer, command_id=command_id)

    return _try(visit, case_id, form, "unlinked", act)


@router.post("/cases/{case_id}/merge")
def merge_asked(visit: SignedIn, case_id: UUID, form: Posted) -> Response:
    """Ask that another case becomes a stub of this one."""
    visit.must(Action.MERGE_CASES, case_id)

    def act(command_id: UUID) -> None:
        reason, rests = text(form, "merge_reason"), text(form, "rests")
        problems = {} if reason in MERGE_REASONS else {"merge_reason": "Choose a reason."}
        if rests not in {"yes", "no"}:
            problems["rests"] = "Choose what happens to its open work."
        if problems:
            raise InvalidAnswersError(problems)
        ask_merge(
            visit.engine, case_id, visit.case_of_number(form, "stub"), viewer=visit.viewer, command_id=command_id,
            rests=rests == "yes", reason_code=reason,
        )  # fmt: skip

    return _try(visit, case_id, form, "merge_asked", act, {"number": "stub"})


@router.post("/cases/{case_id}/links/{link_id}/answer")
def merge_answered(visit: SignedIn, case_id: UUID, link_id: UUID, form: Posted) -> Response:
    """Agree to a merge that somebody else asked for, or refuse it."""
    is_approved = text(form, "answer") == "yes"

    def act(command_id: UUID) -> None:
        answer_merge(
            visit.engine, link_id, case_id=case_id, viewer=visit.viewer, command_id=command_id, is_approved=is_approved
        )

    said = "merged" if is_approved else "merge_refused"
    return _try(visit, case_id, form, said, act, {"number": "links", "rests": "links"})


@router.post("/cases/{case_id}/links/{link_id}/unmerge")
def unmerged(visit: SignedIn, case_id: UUID, link_id: UUID, form: Posted) -> Response:
    """Let a stub be a case of its own again."""

    def act(command_id: UUID) -> None:
        unmerge_cases(
            visit.engine, link_id, case_id=case_id, viewer=visit.viewer, command_id=command_id, reason_code="mistaken"
        )

    return _try(visit, case_id, form, "case_unmerged", act)


@router.post("/cases/{case_id}/split")
def split(visit: SignedIn, case_id: UUID, form: Posted) -> Response:
    """Let some persons go into a case of their own; leads to the new case."""
    visit.must(Action.MERGE_CASES, case_id)
    command_id = visit.command_of(form)
    try:
        made = split_case(
            visit.engine, case_id, _persons(form), viewer=visit.viewer, command_id=command_id,
            workflow=text(form, "workflow") or None, reason_code=_why(form),
        )  # fmt: skip
    except InvalidAnswersError as error:
        return _links_page(visit, case_id, again=Again(error.problems, typed(form), command_id))
    return visit.go(f"/cases/{made}", said="split")


def _why(form: Posted) -> str:
    reason = text(form, "split_reason")
    if reason not in SPLIT_REASONS:
        raise InvalidAnswersError({"split_reason": "Choose a reason."})
    return reason


def _persons(form: Posted) -> list[UUID]:
    """Return the persons who were chosen; raises `InvalidAnswersError` for what is no id."""
    try:
        return [UUID(value) for value in texts(form, "person_ids")]
    except ValueError:
        raise InvalidAnswersError({"person_ids": "Choose persons in this case."}) from None


def _try(
    visit: Visit,
    case_id: UUID,
    form: Posted,
    said: str,
    act: Callable[[UUID], None],
    shown_at: Mapping[str, str] | None = None,
) -> Response:
    """Carry something out; what does not fit is shown on the same page."""
    return tried(
        visit,
        form,
        act,
        partial(_links_page, visit, case_id),
        to=f"/cases/{case_id}/links",
        said=said,
        shown_at=shown_at,
        also=("links", (AlreadyEndedError, ConflictError, OwnApprovalError)),
        which=text(form, "answer"),
    )


def _links_page(visit: Visit, case_id: UUID, *, again: Again = FIRST) -> Response:
    seen, found = visit.soon(case_page, case_id), visit.soon(case_links, case_id)
    case, links = seen(), found()
    is_merged = any(link.is_into for link in links)
    return visit.page(
        "case-links.html",
        title=say("Other cases, case {number}", number=case.number),
        section="track",
        zone=case.zone,
        case=case,
        links=links,
        kinds=KINDS,
        by_hand=[(kind.value, KINDS[kind.value]) for kind in LINKED_BY_HAND],
        merge_reasons=MERGE_REASONS,
        split_reasons=SPLIT_REASONS,
        workflows=[(name, title) for name, _, _, title in visit.engine.ask_all(published_workflows)],
        may_link=visit.may(Action.CHANGE_PLAN),
        may_merge=visit.may(Action.MERGE_CASES),
        is_merged=is_merged,
        again=again,
    )
