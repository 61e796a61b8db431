"""Units: where they are, which language they speak, and which roles nobody has there."""

from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.core.policy import Action
from engine.errors import InvalidAnswersError, NotFoundError
from engine.people.actions import manage as manage_people
from engine.people.records import LANGUAGES, region_words
from engine.people.views import members as members_view
from engine.people.views import unit_list
from engine.web.dependencies import Posted, SignedIn
from engine.web.posted import FIRST, Again, text, typed
from engine.web.visit import Visit

router = APIRouter()
_LANGUAGES: Final = tuple((code, LANGUAGES[code]) for code in ("en", "hi", "as", "bn", "ne", "my"))
"""Those in which there are messages, with their names."""


@router.get("/units")
def units(visit: SignedIn) -> Response:
    """List the units, with what they lack."""
    return _page(visit)


@router.post("/units")
def added(visit: SignedIn, form: Posted) -> Response:
    """Add a unit."""
    try:
        manage_people.add_unit(
            visit.engine, viewer=visit.viewer, organisation=text(form, "organisation"), name=text(form, "name"),
            jurisdiction=text(form, "jurisdiction"), contact=text(form, "contact"), language=_language(form),
        )  # fmt: skip
    except InvalidAnswersError as error:
        return _page(visit, Again(error.problems, typed(form)))
    return visit.go("/units", said="unit")


@router.get("/units/{unit_id}")
def unit(visit: SignedIn, unit_id: UUID) -> Response:
    """Show a unit."""
    return _unit_page(visit, unit_id)


@router.post("/units/{unit_id}")
def changed(visit: SignedIn, unit_id: UUID, form: Posted) -> Response:
    """Write what a unit is called, speaks and may be called by."""
    try:
        manage_people.change_unit(
            visit.engine, unit_id, viewer=visit.viewer, name=text(form, "name"), language=_language(form),
            contact=text(form, "contact"),
        )  # fmt: skip
    except InvalidAnswersError as error:
        return _unit_page(visit, unit_id, again=Again(error.problems, typed(form)))
    return visit.go(f"/units/{unit_id}", said="unit")


def _language(form: Posted) -> str:
    return given if (given := text(form, "language")) in dict(_LANGUAGES) else "en"


def _page(visit: Visit, again: Again = FIRST) -> Response:
    return visit.page(
        "units.html",
        title="Units",
        section="people",
        units=visit.ask(unit_list),
        places=sorted(visit.engine.library().calendars, key=region_words),
        languages=_LANGUAGES,
        again=again,
    )


def _unit_page(visit: Visit, unit_id: UUID, *, again: Again = FIRST) -> Response:
    known = visit.ask(unit_list) if visit.may(Action.MANAGE_PEOPLE) else ()
    shown = next((one for one in known if one.id == unit_id), None)
    if shown is None:
        raise NotFoundError(kind="unit")
    members = visit.ask(members_view)
    return visit.page(
        "unit.html",
        title=shown.name,
        section="people",
        unit=shown,
        people=[one for one in members if any(role.unit_id == unit_id for role in one.roles)],
        languages=_LANGUAGES,
        again=again,
    )
