"""What can be said of a case beside its forms: a further step, a person, a fact, a journey."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from engine.core.policy import Action
from engine.core.records import PersonRole
from engine.course.actions.steer import (
    add_person,
    add_step,
    call_step,
    place_and_evidence,
    record_fact,
    record_interval,
)
from engine.errors import InvalidAnswersError, together
from engine.overview.pages.plan import (
    DeclaredFact,
    callable_steps,
    declared_facts,
    interval_names,
    offered_step_types,
    read_call,
    read_fact,
)
from engine.overview.records import CaseView
from engine.overview.views.case import case_page
from engine.people.records import region_words
from engine.web.dependencies import Posted, SignedIn, tried
from engine.web.languages import say
from engine.web.posted import (
    AS_TIME,
    FIRST,
    Again,
    chosen,
    fitting,
    given_instant,
    identity_of,
    text,
    uuid_or_none,
)
from engine.web.visit import Visit

router = APIRouter()
Sought = Annotated[str, Query(max_length=100)]
Named = Annotated[str, Query(max_length=300)]
_SHOWN_ON: Final = {"fact": "/people", "person": "/people"}
"""Where a case shows what was added to it."""
_LONGEST: Final[Mapping[str, int]] = {"title": 120}
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
def step_form(visit: SignedIn, case_id: UUID, q: Sought = "", uses: Named = "", foreseen: Named = "") -> Response:
    """Offer the steps that the workflow foresees and every other installed one, or ask whether to add the chosen."""
    return _step_page(visit, case_id, sought=q, picked={"uses": uses, "foreseen": foreseen})


@router.post("/cases/{case_id}/add-step")
def step_added(visit: SignedIn, case_id: UUID, form: Posted) -> Response:
    """Add the step."""
    visit.must(Action.CHANGE_PLAN, case_id)

    def act(command_id: UUID) -> None:
        if text(form, "foreseen"):
            called = read_call(text(form, "foreseen"))
            if called is None:
                raise InvalidAnswersError({"uses": "Choose one of the steps offered."})
            run, key, path = called
            call_step(visit.engine, case_id, viewer=visit.viewer, command_id=command_id, run_id=run, key=key, path=path)
            return
        uses, told, limit, from_at, person_id, place = together(
            partial(chosen, form, "uses", visit.engine.registry.step_types, "Choose a step."),
            partial(fitting, form, _LONGEST),
            partial(chosen, form, "limit", LIMITS, "Choose one of the limits offered."),
            partial(given_instant, form, "from_at", visit.viewer.zone, until=visit.now),
            partial(_for_whom, form),
            partial(chosen, form, "place", {"": "", **_places(visit)}, "Choose one of the countries offered."),
        )
        add_step(
            visit.engine, case_id, viewer=visit.viewer, command_id=command_id, uses=uses, title=told["title"],
            limit=limit or None, from_at=from_at, person_id=person_id, place=place,
        )  # fmt: skip

    return tried(
        visit, form, act, partial(_step_page, visit, case_id), to=f"/cases/{case_id}/steps", said="step",
        which=f"{text(form, 'foreseen')}|",
    )  # fmt: skip


def _places(visit: Visit) -> Mapping[str, str]:
    """Return the countries by whose working days a limit can count, with their names."""
    return {code: region_words(code) for code in sorted(visit.engine.library().calendars) if "-" not in code}


def _for_whom(form: Posted) -> UUID | None:
    """Read for whom a step is added; None where it is for the whole case."""
    person_id = uuid_or_none(form, "person")
    if person_id is None and text(form, "person"):
        raise InvalidAnswersError({"person": "Choose one of the persons in this case."})
    return person_id


def _step_page(
    visit: Visit, case_id: UUID, *, again: Again = FIRST, sought: str = "", picked: Mapping[str, str] | None = None
) -> Response:
    """Offer the steps that can be added; where one was chosen, say what it is and ask for the rest."""
    named = again.typed or picked or {}
    case, registry = visit.ask(case_page, case_id), visit.engine.registry
    foreseen = callable_steps(case, visit.engine.definitions, registry.step_types)
    return visit.page(
        "add-step.html", title=say("{title}, case {number}", title=say("Add a step"), number=case.number),
        section="track", case=case, again=again, limits=LIMITS, places=_places(visit), foreseen=foreseen, sought=sought,
        offered=offered_step_types(registry, sought), step_type=registry.step_types.get(named.get("uses", "")),
        call=next((offer for offer in foreseen if offer.value == named.get("foreseen")), None),
    )  # fmt: skip


@router.get("/cases/{case_id}/add-person")
def person_form(visit: SignedIn, case_id: UUID) -> Response:
    """Ask who is to be added."""
    return _page(visit, case_id, "add-person.html", "Add a person", roles=tuple(PersonRole))


@router.post("/cases/{case_id}/add-person")
def person_added(visit: SignedIn, case_id: UUID, form: Posted) -> Response:
    """Bring a person into the case."""
    visit.must(Action.IDENTIFY, case_id)

    def act(command_id: UUID) -> None:
        role, identity = together(
            partial(chosen, form, "role", set(PersonRole), "Choose what the person is in this case."),
            partial(identity_of, form),
        )
        add_person(
            visit.engine, case_id, viewer=visit.viewer, command_id=command_id, role=PersonRole(role), identity=identity
        )

    return _try(visit, case_id, form, "add-person.html", "Add a person", act, "person", roles=tuple(PersonRole))


@router.get("/cases/{case_id}/facts")
def fact_form(visit: SignedIn, case_id: UUID) -> Response:
    """Ask which fact is so."""
    return _page(visit, case_id, "add-fact.html", "Record a fact")


@router.post("/cases/{case_id}/facts")
def fact_recorded(visit: SignedIn, case_id: UUID, form: Posted) -> Response:
    """Say that a fact is so."""
    visit.must(Action.WORK, case_id)

    def act(command_id: UUID) -> None:
        name, _, given = text(form, "fact").partition("=")
        fact = next((fact for fact in _facts(visit, case_id) if fact.name == name), None)
        if fact is None:
            raise InvalidAnswersError({"fact": "Choose a fact."})
        value = read_fact(fact, given or text(form, f"value-{name}"), visit.viewer.zone)
        if value is None:
            raise InvalidAnswersError({"fact": "This is not a value that the fact can have."})
        record_fact(visit.engine, case_id, viewer=visit.viewer, command_id=command_id, name=name, value=value)

    return _try(visit, case_id, form, "add-fact.html", "Record a fact", act, "fact")


@router.get("/cases/{case_id}/steps/{step_id}/journey")
def journey_form(visit: SignedIn, case_id: UUID, step_id: UUID) -> Response:
    """Ask from when to when."""
    return _journey_page(visit, case_id, step_id)


@router.post("/cases/{case_id}/steps/{step_id}/journey")
def journey_recorded(visit: SignedIn, case_id: UUID, step_id: UUID, form: Posted) -> Response:
    """Record a journey, or another stretch of time that the step's limit leaves out."""
    visit.must(Action.WORK, case_id)

    def act(command_id: UUID) -> None:
        start, end, (place, evidence) = together(
            partial(_begun_at, form, visit.viewer.zone, visit.now),
            partial(given_instant, form, "end", visit.viewer.zone, until=visit.now),
            partial(place_and_evidence, text(form, "place"), text(form, "evidence")),
        )
        record_interval(
            visit.engine, step_id, case_id=case_id, viewer=visit.viewer, command_id=command_id,
            name=text(form, "name") or "journey", start=start, end=end, place=place, evidence=evidence,
        )  # fmt: skip

    to = f"/cases/{case_id}/steps/{step_id}"
    return tried(visit, form, act, partial(_journey_page, visit, case_id, step_id), to=to, said="journey")


def _begun_at(form: Posted, zone: str, now: datetime) -> datetime:
    start = given_instant(form, "start", zone, until=now)
    if start is None:
        raise InvalidAnswersError({"start": AS_TIME})
    return start


def _journey_page(visit: Visit, case_id: UUID, step_id: UUID, *, again: Again = FIRST) -> Response:
    case = visit.ask(case_page, case_id)
    step = case.step(step_id)
    return _page(
        visit, case_id, "journey.html", "Record a journey", again=again,
        step_id=step_id, step_title=step.title,
        names=interval_names(visit.engine.registry.step_types.get(step.uses)),
    )  # fmt: skip


def _try(
    visit: Visit, case_id: UUID, form: Posted, template: str, title: str, act: Callable[[UUID], None], said: str,
    **more: Any,  # noqa: ANN401 - what the template shows beside
) -> Response:  # fmt: skip
    """Carry something out; what does not fit is shown on the same page, with what was typed."""
    to = f"/cases/{case_id}{_SHOWN_ON.get(said, '')}"
    return tried(
        visit, form, act, partial(_page, visit, case_id, template, title, **more), to=to, said=said,
        which=f"|{text(form, 'fact')}",
    )  # fmt: skip


def _page(
    visit: Visit,
    case_id: UUID,
    template: str,
    title: str,
    *,
    again: Again = FIRST,
    **more: Any,  # noqa: ANN401 - what the template shows beside
) -> Response:
    case = visit.ask(case_page, case_id)
    return visit.page(
        template,
        title=say("{title}, case {number}", title=say(title), number=case.number),
        section="track",
        case=case,
        again=again,
        facts=declared_facts(case, visit.engine.definitions),
        **more,
    )


def _facts(visit: Visit, case_id: UUID) -> tuple[DeclaredFact, ...]:
    case: CaseView = visit.ask(case_page, case_id)
    return declared_facts(case, visit.engine.definitions)
