"""What is settled before somebody goes home: a confirmed nationality, asked for again and again; return and journey."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Any

from engine.plugin import FollowUp, StepContext
from pillars.repatriation.forms import DecisionForm, HomeInvestigationForm, NationalityForm, TravelForm

STEP = "repatriation.nationality"
_OPEN_ANSWERS = frozenset({None, "", "no_answer", "more_proof_asked"})
_OPENS_BEFORE_DAYS = 3
"""Practice of the network: so many days before a reminder is due its step is shown."""


@lru_cache(maxsize=1)
def _file() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(
        files("pillars.repatriation").joinpath("routes.json").read_text(encoding="utf-8")
    )
    return content


@dataclass(frozen=True, slots=True)
class Reminder:
    """One time of asking again: so many days after the request, the day, and whom to ask then."""

    days: int
    day: date
    body: str
    source: str


def reminders(country: str, sent_on: date) -> tuple[Reminder, ...]:
    """List when to ask again and whom, by the route to a country; a target of the network, the law names no number."""
    content = _file()
    routes = {route["country"]: route for route in content["routes"]}
    route = routes.get(country, routes["*"])
    bodies = (route["first"], route["second"], route["third"])
    return tuple(
        Reminder(days, sent_on + timedelta(days=days), body, route["source"])
        for days, body in zip(content["remind_after_days"], bodies, strict=True)
    )


def is_open(result: object) -> bool:
    """Return whether a request still waits for an answer that decides."""
    return result in _OPEN_ANSWERS


FOLLOW_UPS: Mapping[str, FollowUp] = {
    "nationality_settled": FollowUp(
        when="this.is_settled", ends=tuple(f"nationality_{days}" for days in _file()["remind_after_days"])
    ),
    **{
        f"nationality_{days}": FollowUp(
            uses=STEP,
            title=f"Nationality, {days} days without an answer: ask a higher body",
            due=f"remind_{days}_on",
            opens_before=f"P{_OPENS_BEFORE_DAYS}D",
            ladder="nationality-delay",
        )
        for days in _file()["remind_after_days"]
    },
}
"""Each reminder that is still to come; none where the country decided, or the person fears it."""
COMPUTES: Mapping[str, type] = {
    "is_settled": bool, **{f"remind_{days}_on": datetime for days in _file()["remind_after_days"]},
}  # fmt: skip


def computed(answers: NationalityForm, context: StepContext) -> dict[str, Any]:
    """Return whether nobody is asked again, and else the days of the reminders that are still to come.

    Of a request that is written down late, the last reminder whose day has come is due at once: the ones before it are
    for lower bodies.
    """
    sent_on = answers.sent_on
    if sent_on is None or not is_open(answers.result) or answers.asylum_claim is True:
        return {"is_settled": True}
    is_new = context.earlier(STEP, NationalityForm).sent_on != answers.sent_on
    due = _to_come(reminders(answers.claimed_country or "", sent_on), context.today, is_new=is_new)
    return {f"remind_{one.days}_on": one.day for one in due}


def _to_come(due: tuple[Reminder, ...], today: date, *, is_new: bool) -> tuple[Reminder, ...]:
    gone = [one for one in due if one.day <= today]
    return (*(gone[-1:] if is_new else ()), *due[len(gone) :])


def reminder_now(context: StepContext, country: str, sent_on: date | None) -> Reminder | None:
    """Return the last reminder that is due by today or within three days; None before the first."""
    near = context.today + timedelta(days=_OPENS_BEFORE_DAYS)
    due = [one for one in reminders(country, sent_on) if one.day <= near] if sent_on else []
    return due[-1] if due else None


SAFE = frozenset({"safe", "safe_with_conditions"})
_VICTIMS = frozenset({"victim", "possible_victim"})
_ADULT = 18


def has_child(context: StepContext) -> bool:
    """Return whether somebody of the case, of those it is for, is known to be under 18."""
    return any(person.role in _VICTIMS and person.age is not None and person.age < _ADULT for person in context.persons)


def return_missing(context: StepContext) -> tuple[str, ...]:
    """Name what is missing before a return: a safe home, the person's own will, the decision, an order for a child."""
    home, decision = (
        context.earlier("repatriation.hir", HomeInvestigationForm),
        context.earlier("repatriation.decision", DecisionForm),
    )
    checks = (
        (home.recommendation in SAFE, "There is no home report that calls the home safe."),
        (decision.wishes_return == "yes", "The person's own wish to return is not recorded."),
        (decision.decision == "return", "The return is not decided."),
        (
            bool(decision.order_no) or not has_child(context),
            "The order that lets the child go home is not recorded.",
        ),
    )
    return _missing(checks)


def travel_missing(travel: TravelForm) -> tuple[str, ...]:
    """Name what is missing before a journey: paper, escort, a woman among them, health, a route kept secret."""
    checks = (
        (bool(travel.document), "There is no travel document."),
        (bool(travel.escort_names), "There is no escort."),
        (travel.female_escort is True, "No woman is known to be among the escorts."),
        (travel.medical_fit is True, "The health check before the journey is not settled."),
        (
            travel.route_secret is True,
            "It is not certain that the route is known only to those who need to know it.",
        ),
    )
    return _missing(checks)


def _missing(checks: tuple[tuple[bool, str], ...]) -> tuple[str, ...]:
    return tuple(sentence for is_there, sentence in checks if not is_there)
