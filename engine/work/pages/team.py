"""The work of one's units: who has what, and giving any of it, or all that somebody has, to others."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from engine.core.policy import Action, units_that_let
from engine.people.records import shared_shifts
from engine.people.viewer import actors
from engine.people.views import shifts
from engine.web.dependencies import Posted, SignedIn
from engine.web.languages import say
from engine.web.posted import text, texts
from engine.web.visit import Visit
from engine.work.actions.handing_over import hand_over_work
from engine.work.views.team import movable_work

router = APIRouter()
_FREE: Final = "free"
_MOST_TAKERS: Final = 3
_LONGEST: Final = 40


@router.get("/team")
def movable(
    visit: SignedIn,
    of: Annotated[str, Query(max_length=_LONGEST)] = "",
    to: Annotated[tuple[str, ...], Query(max_length=_MOST_TAKERS)] = (),
) -> Response:
    """List the open work of the viewer's units, or what one person has, and whom it could go to."""
    return _page(visit, of, to)


@router.post("/team")
def handed_over(visit: SignedIn, form: Posted) -> Response:
    """Give what was ticked to whom the page said."""
    visit.must(Action.DELEGATE)
    items, shifts_given = _pairs(texts(form, "item")), _pairs(texts(form, "shift"))
    of, to = text(form, "of"), texts(form, "to")
    if not items and not shifts_given:
        return _page(visit, of, to, problem=say("Tick what is to be handed over. Nothing was changed."))
    command_id = visit.command_of(form, *sorted((*texts(form, "item"), *texts(form, "shift"))))
    done = hand_over_work(
        visit.engine, viewer=visit.viewer, command_id=command_id, items=items, shifts=shifts_given
    )  # fmt: skip
    if not done.stayed:
        return visit.go("/team", said="work_moved")
    moved = say("{count} handed over.", count=done.items + done.shifts)
    return _page(visit, of, to, problem=moved, stayed=tuple(dict.fromkeys(done.stayed.values())))


def _page(visit: Visit, of: str, to: Sequence[str], *, problem: str = "", stayed: tuple[str, ...] = ()) -> Response:
    giver = _uuid(of)
    takers = tuple(dict.fromkeys(one for given in to if (one := _uuid(given)) and one != giver))[:_MOST_TAKERS]
    found = visit.soon(movable_work, of=giver, is_free=of == _FREE, takers=takers)
    known, planned = visit.soon(actors), visit.soon(shifts)
    items, count = found()
    ours = units_that_let(visit.viewer, Action.DELEGATE)
    people = {one.id: one for one in known() if one.unit_id in ours or visit.viewer.is_system}
    return visit.page(
        "team.html",
        title="Work of my units",
        section="manage",
        status=422 if problem else 200,
        of=of,
        giver=people.get(giver) if giver else None,
        takers=takers,
        people=tuple(people.values()),
        names={one.id: one.name for one in people.values()},
        items=items,
        count=count,
        shifts=shared_shifts(planned(), known(), of=giver, takers=takers, viewer=visit.viewer),
        problem=problem,
        stayed=stayed,
        command_id=visit.new_command(),
    )


def _pairs(given: list[str]) -> Mapping[UUID, UUID]:
    """Return what was ticked, each with who gets it."""
    pairs = (value.partition(":") for value in given)
    return {what: to for one, _, other in pairs if (what := _uuid(one)) and (to := _uuid(other))}


def _uuid(given: str) -> UUID | None:
    try:
        return UUID(given)
    except ValueError:
        return None
