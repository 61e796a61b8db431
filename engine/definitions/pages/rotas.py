"""The rota of a unit: who is on call in which week, as the coming weeks show it, with a form for each turn and swap."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date, time, timedelta
from typing import Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from engine.definitions.actions.drafts import DefinitionDraft, open_draft
from engine.definitions.pages.drafting import answered, saved, worst_first
from engine.definitions.views import versions as versions_view
from engine.errors import InvalidAnswersError
from engine.language.calendars import Weekday
from engine.language.editing import UneditableError, with_value, without
from engine.language.findings import has_errors
from engine.language.library import definitions_of
from engine.language.rotas import Rota, Turn
from engine.language.yaml_files import Plain, read_yaml
from engine.people.records import ROTA_WEEKS, ActorView, RotaDay, ShiftView, planned_shifts, rota_of
from engine.people.viewer import actors
from engine.people.views import absences as absences_view
from engine.people.views import zone_of
from engine.web.dependencies import Posted, SignedIn
from engine.web.forms import Item
from engine.web.languages import say
from engine.web.posted import FIRST, Again, source_of, text, texts, whole_number
from engine.web.visit import Visit

router = APIRouter()
_ROTA: Final = "rota"
_NEW: Final = "new"


class TurnForm(NamedTuple):
    """One turn as people read it, and as they change it; `weeks` are the choices for each week, the last one blank."""

    id: str
    weekdays: str
    hours: str
    who: str
    days: tuple[Item, ...]
    begins: str
    ends: str
    weeks: tuple[tuple[Item, ...], ...]


@router.get("/definitions/rota/{unit_id}/draft")
def draft(visit: SignedIn, unit_id: UUID) -> Response:
    """Show the viewer's draft of a unit's rota, or what runs, with the coming weeks as it would make them."""
    return _page(visit, _open(visit, unit_id))


@router.post("/definitions/rota/{unit_id}/draft")
def draft_posted(visit: SignedIn, unit_id: UUID, form: Posted) -> Response:
    """Change, add or take out a turn or a swap, save its text, undo, discard the draft, or propose it."""
    known, here = _open(visit, unit_id), f"/definitions/rota/{unit_id}/draft"
    return answered(
        visit, known, form, here=here, page=lambda again: _page(visit, known, again=again, posted=form),
        save=lambda: saved(visit, known, here, _changed(known.source, form)),
    )  # fmt: skip


def _open(visit: Visit, unit_id: UUID) -> DefinitionDraft:
    """Open the draft of a rota; a unit that has none begins today, without turns."""
    begun_from = f"rota: {unit_id}\nversion: 1\nbegins: {visit.now.astimezone(ZoneInfo(visit.viewer.zone)).date()}\n"
    return open_draft(visit.engine, _ROTA, str(unit_id), viewer=visit.viewer, begun_from=begun_from, tell=say)


def _changed(source: str, form: FormData) -> str:
    action = text(form, "action")
    if action == "text":
        return source_of(form)
    rota, index = _read(source), whole_number(form, "number") - 1
    if rota is None:
        raise UneditableError
    if action == "begins":
        return with_value(source, ("begins",), _day(form, "begins"))
    if action == "add-swap":
        swap: dict[str, Plain] = {"on": _day(form, "on"), "who": _person(form, "swap-who")}
        swap |= {"from": begins} if (begins := text(form, "turn")) else {}
        return _appended(source, "swaps", len(rota.swaps), swap)
    if action == "add-turn":
        return _appended(source, "turns", len(rota.turns), _turn(form, _NEW))
    part, count = ("swaps", len(rota.swaps)) if action == "remove-swap" else ("turns", len(rota.turns))
    if not 0 <= index < count:
        raise UneditableError
    if action in {"remove-swap", "remove-turn"}:
        return without(source, (part, index))
    before = rota.turns[index].model_dump(mode="json", by_alias=True)
    before |= {name: before[name][:5] for name in ("from", "until")}
    for name, value in _turn(form, f"t{index + 1}").items():
        if value != before[name]:
            source = with_value(source, (part, index, name), value)
    return source


def _appended(source: str, part: str, count: int, value: dict[str, Plain]) -> str:
    return with_value(source, (part, count), value) if count else with_value(source, (part,), [value])


def _turn(form: FormData, id_: str) -> dict[str, Plain]:
    """Return a turn as it is posted; raises `InvalidAnswersError` for one without days, hours or people."""
    chosen, who = texts(form, "days"), [one for one in texts(form, "who") if one]
    days: list[Plain] = [day.value for day in Weekday if day.value in chosen]
    people: list[Plain] = [*who]
    hours = {name: _clock(text(form, name)) for name in ("from", "until")}
    problems = {f"{id_}-{name}": "Write a time such as 18:00." for name, value in hours.items() if not value}
    problems |= {} if days else {f"{id_}-days": "Choose at least one day."}
    problems |= {} if who else {f"{id_}-who-1": "Choose a person."}
    if problems:
        raise InvalidAnswersError(problems)
    return {"days": days, **hours, "who": people}


def _clock(given: str) -> str:
    with suppress(ValueError):
        return f"{time.fromisoformat(given):%H:%M}" if len(given) == len("18:00") else ""
    return ""


def _day(form: FormData, name: str) -> str:
    with suppress(ValueError):
        return date.fromisoformat(text(form, name)).isoformat()
    raise InvalidAnswersError({name: "Choose a day."})


def _person(form: FormData, name: str) -> str:
    if who := text(form, name):
        return who
    raise InvalidAnswersError({name: "Choose a person."})


def _read(source: str) -> Rota | None:
    return next(iter(definitions_of([read_yaml(source, file="rota.yaml")]).rotas.values()), None)


def _page(visit: Visit, known: DefinitionDraft, *, again: Again = FIRST, posted: FormData | None = None) -> Response:
    unit_id, rota = UUID(known.name), _read(known.source)
    zone, found = visit.soon(zone_of, unit_id), visit.ask(actors)
    people = [one for one in found if one.unit_id == unit_id and not one.disabled]
    names = {one.email: one.name for one in people}
    unit = people[0].unit if people else ""
    turns = rota.turns if rota else ()
    wrong = next((one.partition("-")[0] for one in again.errors), "")
    forms = {one.id: one for one in (_form(f"t{n}", turn, names) for n, turn in enumerate(turns, start=1))}
    forms[_NEW] = _form(_NEW, None, names)
    if posted and wrong in forms:
        forms[wrong] = _as_posted(forms[wrong], posted)
    starts = sorted({f"{turn.begins:%H:%M}" for turn in turns})
    return visit.page(
        "rota-draft.html",
        title=say("Rota of {unit}", unit=unit),
        section="manage",
        draft=known,
        unit=unit,
        change=known.change,
        findings=worst_first(known.findings),
        has_errors=has_errors(known.findings),
        turns=[one for one in forms.values() if one.id != _NEW],
        blank=forms[_NEW],
        wrong=wrong,
        swaps=[
            (f"{swap.on:%a %d %b %Y}", f"{swap.begins:%H:%M}" if swap.begins else "", names.get(swap.who, swap.who))
            for swap in (rota.swaps if rota else ())
        ],
        starts=[Item(one, one, checked=False) for one in starts] if len(starts) > 1 else (),
        people=[Item(email, name, checked=False) for email, name in names.items()],
        begins=rota.begins.isoformat() if rota else "",
        weeks=_weeks(visit, rota, people, zone()) if rota and turns else (),
        again=again,
    )


def _form(id_: str, turn: Turn | None, names: Mapping[str, str]) -> TurnForm:
    who = turn.who if turn else ()
    choices = {**{one: one for one in who if one not in names}, **names}
    return TurnForm(
        id=id_, weekdays=turn.weekdays if turn else "", hours=turn.hours if turn else "",
        who=", then ".join(names.get(one, one) for one in who),
        days=tuple(Item(day.value, day.label, checked=bool(turn and day in turn.days)) for day in Weekday),
        begins=f"{turn.begins:%H:%M}" if turn else "", ends=f"{turn.ends:%H:%M}" if turn else "",
        weeks=tuple(
            tuple(Item(email, name, checked=email == chosen) for email, name in choices.items())
            for chosen in (*who, *([""] if who else ["", ""]))
        ),
    )  # fmt: skip


def _as_posted(shown: TurnForm, form: FormData) -> TurnForm:
    """Return a form with what was typed in it, where that did not fit."""
    who = texts(form, "who")
    return shown._replace(
        days=tuple(replace(one, checked=one.value in texts(form, "days")) for one in shown.days),
        begins=text(form, "from"), ends=text(form, "until"),
        weeks=tuple(
            tuple(replace(one, checked=one.value == chosen) for one in week)
            for week, chosen in zip(shown.weeks, (*who, *[""] * len(shown.weeks)), strict=False)
        ),
    )  # fmt: skip


def _weeks(visit: Visit, rota: Rota, people: list[ActorView], zone: str) -> tuple[tuple[RotaDay | None, ...], ...]:
    """Return the coming weeks as a rota makes them, without single shifts; until its day those that ran hold."""
    unit_id, until = UUID(rota.name), visit.now + timedelta(days=ROTA_WEEKS * 7)
    known, rotas = {one.id: one for one in people}, [rota]
    for ran in visit.engine.ask_all(versions_view, _ROTA, rota.name):
        if rotas[-1].begins < visit.now.astimezone(ZoneInfo(zone)).date():
            break
        rotas += filter(None, [_read(ran.source)])
    made = planned_shifts(
        unit_id, rotas, {one.email: one.id for one in people}, (), zone=zone, since=visit.now, until=until
    )
    shifts = [
        ShiftView(
            id=None, unit_id=unit_id, unit=known[one.actor_id].unit, zone=zone, actor_id=one.actor_id,
            actor=known[one.actor_id].name, starts_at=one.starts_at, ends_at=one.ends_at, taken_from=None, is_now=False,
        )
        for one in made
    ]  # fmt: skip
    return rota_of(shifts, visit.ask(absences_view), zone=zone, now=visit.now, weeks=ROTA_WEEKS)
