"""What can be said of a case beside its forms: a further step, a person, a fact, a journey."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from engine.domain.ages import OLDEST, AgeRange
from engine.domain.policy import Action
from engine.domain.records import PersonRole
from engine.errors import InvalidAnswersError, NotFoundError
from engine.portal.dependencies import Posted, SignedIn
from engine.portal.posted import instant, text
from engine.portal.presenters.plan import (
    DeclaredFact,
    callable_steps,
    declared_facts,
    interval_names,
    offered_step_types,
    read_call,
    read_fact,
)
from engine.portal.visit import Visit
from engine.ports import JsonValue
from engine.usecases.steer_case import (
    add_person,
    add_step,
    call_step,
    identify_person,
    record_fact,
    record_interval,
)
from engine.views import CaseView

router = APIRouter()
_AS_TIME: Final = "Give a date and time, such as 2026-03-07 18:40."
LIMITS: Final[Mapping[str, str]] = {
    "": "The usual one of this step",
    "PT1H": "1 hour",
    "PT4H": "4 hours",
    "PT24H": "24 hours",
    "P3D": "3 days",
    "P7D": "7 days",
    "P14D": "14 days",
    "P30D": "30 days",
}


@router.get("/cases/{case_id}/add-step")
def step_form(visit: SignedIn, case_id: UUID) -> Response:
    """Offer the steps that the workflow foresees to be called, and every other installed one."""
    return _page(visit, case_id, "add-step.html", "Add a step")


@router.post("/cases/{case_id}/add-step")
def step_added(visit: SignedIn, case_id: UUID, form: Posted) -> Response:
    """Add the step."""
    visit.must(Action.CHANGE_PLAN, case_id)

    def act(command_id: UUID) -> Response:
        if text(form, "foreseen"):
            called = read_call(text(form, "foreseen"))
            if called is None:
                raise InvalidAnswersError({"uses": "Choose one of the steps offered."})
            run, key, path = called
            call_step(
                visit.engine, case_id, viewer=visit.viewer, command_id=command_id, run_id=run, key=key, path=path
            )
            return visit.go(f"/cases/{case_id}", said="step")
        uses, limit = text(form, "uses"), text(form, "limit")
        if not uses:
            raise InvalidAnswersError({"uses": "Choose a step."})
        if limit not in LIMITS:
            raise InvalidAnswersError({"limit": "Choose one of the limits offered."})
        add_step(
            visit.engine, case_id, viewer=visit.viewer, command_id=command_id, uses=uses,
            title=text(form, "title")[:120], limit=limit or None,
        )  # fmt: skip
        return visit.go(f"/cases/{case_id}", said="step")

    return _try(visit, case_id, form, "add-step.html", "Add a step", act)


@router.get("/cases/{case_id}/add-person")
def person_form(visit: SignedIn, case_id: UUID) -> Response:
    """Ask who is to be added."""
    return _page(visit, case_id, "add-person.html", "Add a person", roles=tuple(PersonRole))


@router.post("/cases/{case_id}/add-person")
def person_added(visit: SignedIn, case_id: UUID, form: Posted) -> Response:
    """Bring a person into the case."""
    visit.must(Action.IDENTIFY, case_id)

    def act(command_id: UUID) -> Response:
        role = text(form, "role")
        if role not in set(PersonRole):
            raise InvalidAnswersError({"role": "Choose what the person is in this case."})
        add_person(
            visit.engine, case_id, viewer=visit.viewer, command_id=command_id, role=PersonRole(role),
            identity=_identity(form),
        )  # fmt: skip
        return visit.go(f"/cases/{case_id}", said="person")

    return _try(visit, case_id, form, "add-person.html", "Add a person", act, roles=tuple(PersonRole))


@router.post("/cases/{case_id}/persons/{person_id}/identify")
def identified(visit: SignedIn, case_id: UUID, person_id: UUID, form: Posted) -> Response:
    """Write who a person is."""
    command_id = visit.command_of(form)
    identify_person(
        visit.engine, person_id, case_id=case_id, viewer=visit.viewer, command_id=command_id, identity=_identity(form)
    )
    return visit.go(f"/cases/{case_id}/persons/{person_id}", said="identified")


@router.get("/cases/{case_id}/facts")
def fact_form(visit: SignedIn, case_id: UUID) -> Response:
    """Ask which fact is so."""
    return _page(visit, case_id, "add-fact.html", "Record a fact")


@router.post("/cases/{case_id}/facts")
def fact_recorded(visit: SignedIn, case_id: UUID, form: Posted) -> Response:
    """Say that a fact is so."""
    visit.must(Action.WORK, case_id)

    def act(command_id: UUID) -> Response:
        name, _, given = text(form, "fact").partition("=")
        fact = next((fact for fact in _facts(visit, case_id) if fact.name == name), None)
        if fact is None:
            raise InvalidAnswersError({"fact": "Choose a fact."})
        value = read_fact(fact, given or text(form, f"value-{name}"), visit.viewer.zone)
        if value is None:
            raise InvalidAnswersError({"fact": "This is not a value that the fact can have."})
        record_fact(visit.engine, case_id, viewer=visit.viewer, command_id=command_id, name=name, value=value)
        return visit.go(f"/cases/{case_id}", said="fact")

    return _try(visit, case_id, form, "add-fact.html", "Record a fact", act)


@router.get("/cases/{case_id}/steps/{step_id}/journey")
def journey_form(visit: SignedIn, case_id: UUID, step_id: UUID) -> Response:
    """Ask from when to when."""
    return _journey_page(visit, case_id, step_id)


@router.post("/cases/{case_id}/steps/{step_id}/journey")
def journey_recorded(visit: SignedIn, case_id: UUID, step_id: UUID, form: Posted) -> Response:
    """Record a journey, or another stretch of time that the step's limit leaves out."""
    visit.must(Action.WORK, case_id)
    command_id = visit.command_of(form)
    try:
        start, end = _stretch(form, visit.viewer.zone)
        record_interval(
            visit.engine, step_id, case_id=case_id, viewer=visit.viewer, command_id=command_id,
            name=text(form, "name") or "journey", start=start, end=end,
            place=text(form, "place"), evidence=text(form, "evidence"),
        )  # fmt: skip
    except InvalidAnswersError as error:
        typed = {name: text(form, name) for name in ("start", "end", "name", "place", "evidence")}
        return _journey_page(visit, case_id, step_id, errors=error.problems, typed=typed, command_id=command_id)
    return visit.go(f"/cases/{case_id}/steps/{step_id}", said="journey")


def _stretch(form: Posted, zone: str) -> tuple[datetime, datetime | None]:
    start, end = instant(form, "start", zone), instant(form, "end", zone)
    if start is None:
        raise InvalidAnswersError({"start": _AS_TIME})
    if end is None and text(form, "end"):
        raise InvalidAnswersError({"end": _AS_TIME})
    return start, end


def _journey_page(
    visit: Visit,
    case_id: UUID,
    step_id: UUID,
    *,
    errors: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
    command_id: UUID | None = None,
) -> Response:
    case = visit.engine.queries.case(visit.viewer, case_id)
    step = next((step for step in case.steps if step.id == step_id), None)
    if step is None:
        raise NotFoundError(kind="step")
    return _page(
        visit, case_id, "journey.html", "Record a journey", errors=errors, typed=typed, command_id=command_id,
        step_id=step_id, step_title=step.title,
        names=interval_names(visit.engine.registry.step_types.get(step.uses)),
    )  # fmt: skip


def _try(
    visit: Visit,
    case_id: UUID,
    form: Posted,
    template: str,
    title: str,
    act: Callable[[UUID], Response],
    **more: object,
) -> Response:
    """Carry something out; what does not fit is shown on the same page, with what was typed."""
    command_id = visit.command_of(form, text(form, "foreseen"), text(form, "fact"))
    try:
        return act(command_id)
    except InvalidAnswersError as error:
        typed = {name: value for name, value in form.items() if isinstance(value, str)}
        return _page(visit, case_id, template, title, errors=error.problems, typed=typed, command_id=command_id, **more)


def _page(
    visit: Visit,
    case_id: UUID,
    template: str,
    title: str,
    *,
    errors: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
    command_id: UUID | None = None,
    **more: object,
) -> Response:
    case = visit.engine.queries.case(visit.viewer, case_id)
    return visit.page(
        template,
        title=f"{title}, case {case.number}",
        section="track",
        status=422 if errors else 200,
        case=case,
        errors=errors or {},
        problems=[(f"#{name}", sentence) for name, sentence in (errors or {}).items()],
        typed=typed or {},
        command_id=command_id or visit.new_command(),
        limits=LIMITS,
        facts=declared_facts(case, visit.engine.definitions),
        foreseen=callable_steps(case, visit.engine.definitions),
        offered=offered_step_types(visit.engine.registry),
        **more,
    )


def _facts(visit: Visit, case_id: UUID) -> tuple[DeclaredFact, ...]:
    case: CaseView = visit.engine.queries.case(visit.viewer, case_id)
    return declared_facts(case, visit.engine.definitions)


def _identity(form: Posted) -> dict[str, JsonValue]:
    identity: dict[str, JsonValue] = {
        "name": text(form, "name")[:300],
        "aliases": [alias.strip() for alias in text(form, "aliases")[:300].split(",") if alias.strip()],
        "phone": text(form, "phone")[:40],
        "parents": [name.strip() for name in text(form, "parents")[:300].split(",") if name.strip()],
        "home": _home(form),
    }
    age = _age(form)
    if age is not None:
        identity["ages"] = [age.model_dump(mode="json")]
    return {name: value for name, value in identity.items() if value not in ("", [])}


def _home(form: Posted) -> str:
    """Read where somebody is at home: the village or part of town, then the district after a comma."""
    village, district = (text(form, name).strip().strip(",")[:150] for name in ("home_village", "home_district"))
    return f"{village}, {district}" if district else village


def _age(form: Posted) -> AgeRange | None:
    """Read how old somebody is, and on which day that was so: without the day nobody knows when they come of age."""
    years, on = text(form, "age").strip(), text(form, "age_on").strip()
    if not years:
        return None
    problems = {}
    if not (years.isascii() and years.isdigit() and int(years) <= OLDEST):
        problems["age"] = f"Write whole years, {OLDEST} at most."
    try:
        day = date.fromisoformat(on)
    except ValueError:
        problems["age_on"] = "Write on which day the person was this old, like 2026-03-07."
    if problems:
        raise InvalidAnswersError(problems)
    return AgeRange(youngest=int(years), oldest=int(years), as_of=day)
