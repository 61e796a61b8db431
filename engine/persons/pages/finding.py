"""Find: people by name in any script, telephone or village, and cases by number."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from engine.cases.records import written_number
from engine.cases.views.lists import cases
from engine.core.policy import Action
from engine.persons.actions.matches import LONGEST, PAGE, find_people
from engine.web.dependencies import Posted, SignedIn
from engine.web.posted import Again, text, whole_number
from engine.web.visit import Visit

router = APIRouter()
_LAST_PAGE: Final = 10


@router.get("/find")
def find(visit: SignedIn) -> Response:
    """Ask for whom to look. What is typed is posted: no name stands in an address."""
    visit.must(Action.REVEAL)
    return _page(visit, "")


@router.post("/find")
def found(visit: SignedIn, form: Posted) -> Response:
    """Show who was found, who they are still closed; that somebody looked is recorded first."""
    visit.must(Action.REVEAL)
    words = text(form, "words")[:LONGEST]
    number = min(max(whole_number(form, "page") if text(form, "page") else 1, 1), _LAST_PAGE)
    if not words:
        return _page(visit, "", errors={"words": "Write a name, a phone number, a village or a case number."})
    people = find_people(visit.engine, viewer=visit.viewer, words=words, page=number)
    is_number = any(sign.isdigit() for sign in words) or written_number(words).startswith("C-")
    by_number = visit.ask(cases, status="all", number=words, limit=PAGE) if is_number and number == 1 else ()
    return _page(visit, words, people=people, by_number=by_number, number=number, has_more=people.count > number * PAGE)


def _page(visit: Visit, words: str, *, errors: dict[str, str] | None = None, **shown: object) -> Response:
    again = Again(errors or {}, {"words": words})
    more: dict[str, Any] = {"people": None, "by_number": (), "number": 1, "has_more": False} | shown
    return visit.page("find.html", title="Find", section="track", words=words, again=again, **more)
