"""Units: where they are and which roles nobody has there; who is on call in them and who is away."""

from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.cases.actions.public import take_from_public
from engine.core.policy import Action, can
from engine.errors import InvalidAnswersError, NotFoundError
from engine.people.actions import manage as manage_people
from engine.people.actions.duty import cancel_shift, end_absence, hand_over, note_absence, plan_shift
from engine.people.records import LANGUAGES, MESSAGE_LANGUAGES, ROTA_WEEKS, ActorView, ShiftView, region_words, rota_of
from engine.people.viewer import actors
from engine.people.viewer import units as units_view
from engine.people.views import absences as absences_view
from engine.people.views import members as members_view
from engine.people.views import shifts as shifts_view
from engine.people.views import unit_list
from engine.web.dependencies import Posted, SignedIn, tried
from engine.web.posted import FIRST, Again, instant, text, typed, uuid_or_none
from engine.web.visit import Visit

router = APIRouter()
_AS_TIME: Final = {
    "starts_at": "Say from when: a date and time, such as 2026-03-07 18:40.",
    "ends_at": "Say until when: a date and time, such as 2026-03-08 08:00.",
}


@router.get("/on-call")
def on_call(visit: SignedIn) -> Response:
    """Show who is on call for the viewer's units, now and next."""
    return _rota_page(visit)


@router.post("/on-call/plan")
def plan(visit: SignedIn, form: Posted) -> Response:
    """Put somebody on call."""
    visit.must(Action.MANAGE_ROTA)

    def act(command_id: UUID) -> None:
        starts_at, ends_at = _span(visit, form)
        plan_shift(
            visit.engine, viewer=visit.viewer, command_id=command_id,
            unit_id=_chosen(form, "unit_id", "Choose a unit."),
            actor_id=_chosen(form, "actor_id", "Choose a person."), starts_at=starts_at, ends_at=ends_at,
        )  # fmt: skip

    return tried(visit, form, act, partial(_rota_page, visit), to="/on-call", said="shift")


@router.post("/on-call/hand-over")
def handed_over(visit: SignedIn, form: Posted) -> Response:
    """End the present shift of a unit and begin another person's."""

    def act(command_id: UUID) -> None:
        hand_over(
            visit.engine, viewer=visit.viewer, command_id=command_id,
            unit_id=_chosen(form, "unit_id", "Choose a unit."),
            to=_chosen(form, "to", "Choose a person."),
        )  # fmt: skip

    return tried(visit, form, act, partial(_rota_page, visit), to="/on-call", said="handed_over")


@router.post("/on-call/{shift_id}/cancel")
def cancelled(visit: SignedIn, shift_id: UUID, form: Posted) -> Response:
    """Call a shift off; one that has begun ends."""
    cancel_shift(visit.engine, shift_id, viewer=visit.viewer, command_id=visit.command_of(form))
    return visit.go("/on-call", said="shift_off")


@router.get("/absences")
def absences(visit: SignedIn) -> Response:
    """Show when the viewer is away, and the people whose shifts they plan."""
    return _absences_page(visit)


@router.post("/absences")
def away(visit: SignedIn, form: Posted) -> Response:
    """Note when somebody is away, and who stands in."""

    def act(command_id: UUID) -> None:
        starts_at, ends_at = _span(visit, form)
        note_absence(
            visit.engine, viewer=visit.viewer, command_id=command_id,
            actor_id=uuid_or_none(form, "who") or visit.viewer.actor_id, starts_at=starts_at, ends_at=ends_at,
            deputy_id=uuid_or_none(form, "deputy_id"),
        )  # fmt: skip

    return tried(visit, form, act, partial(_absences_page, visit), to="/absences", said="away")


@router.post("/absences/{absence_id}/end")
def back(visit: SignedIn, absence_id: UUID, form: Posted) -> Response:
    """Say that somebody is back, or will not be away."""
    end_absence(visit.engine, absence_id, viewer=visit.viewer, command_id=visit.command_of(form))
    return visit.go("/absences", said="back")


def _rota_page(visit: Visit, again: Again = FIRST) -> Response:
    shifts = visit.ask(shifts_view)
    names = dict(visit.ask(units_view))
    units = [(unit, names[unit]) for unit in visit.viewer.unit_ids if unit in names]
    of_unit = {unit: [shift for shift in shifts if shift.unit_id == unit] for unit, _ in units}
    absences = visit.ask(absences_view)
    return visit.page(
        "on-call.html",
        title="Who is on call",
        section="manage",
        units=[(unit, name, of_unit[unit]) for unit, name in units],
        rotas={
            unit: rota_of(own, absences, zone=own[0].zone, now=visit.now, weeks=ROTA_WEEKS)
            for unit, own in of_unit.items()
            if own
        },
        colleagues=_colleagues(visit),
        may_plan={unit: can(visit.viewer, Action.MANAGE_ROTA, unit_id=unit) for unit, _ in units},
        may_hand_over={unit: _may_hand_over(visit, unit, shifts) for unit, _ in units},
        again=again,
    )


def _absences_page(visit: Visit, again: Again = FIRST) -> Response:
    absences = visit.ask(absences_view)
    return visit.page(
        "absences.html",
        title="Who is away",
        section="manage",
        mine=[absence for absence in absences if absence.actor_id == visit.viewer.actor_id],
        others=[absence for absence in absences if absence.actor_id != visit.viewer.actor_id],
        colleagues=_colleagues(visit),
        may_plan=visit.may(Action.MANAGE_ROTA),
        again=again,
    )


def _colleagues(visit: Visit) -> list[ActorView]:
    """List who acts in one of the viewer's units, each once."""
    ours = [actor for actor in visit.ask(actors) if not actor.disabled and actor.unit_id in visit.viewer.unit_ids]
    return list({actor.id: actor for actor in ours}.values())


def _may_hand_over(visit: Visit, unit: UUID, shifts: tuple[ShiftView, ...]) -> bool:
    present = next((shift for shift in shifts if shift.unit_id == unit and shift.is_now), None)
    if present is None:
        return False
    return present.actor_id == visit.viewer.actor_id or can(visit.viewer, Action.MANAGE_ROTA, unit_id=unit)


def _span(visit: Visit, form: Posted) -> tuple[datetime, datetime]:
    starts_at, ends_at = (instant(form, name, visit.viewer.zone) for name in ("starts_at", "ends_at"))
    if starts_at is None or ends_at is None:
        given = {"starts_at": starts_at, "ends_at": ends_at}
        raise InvalidAnswersError({name: _AS_TIME[name] for name, value in given.items() if value is None})
    return starts_at, ends_at


def _chosen(form: Posted, name: str, otherwise: str) -> UUID:
    found = uuid_or_none(form, name)
    if found is None:
        raise InvalidAnswersError({name: otherwise})
    return found


_LANGUAGES: Final = tuple((code, LANGUAGES[code]) for code in MESSAGE_LANGUAGES)
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


@router.post("/units/{unit_id}/public")
def public_reports(visit: SignedIn, unit_id: UUID, form: Posted) -> Response:
    """Let the unit take reports from the public, or no longer."""
    takes = text(form, "takes") == "yes"
    try:
        take_from_public(visit.engine, unit_id, viewer=visit.viewer, takes=takes)
    except InvalidAnswersError as error:
        return _unit_page(visit, unit_id, again=Again(error.problems))
    return visit.go(f"/units/{unit_id}", said="public_begun" if takes else "public_ended")


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
