"""Ask again for a nationality that nobody has confirmed: after 30, 60 and 90 days, each time a higher body."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Any

from engine.plugin import FollowUp, StepContext
from pillars.repatriation.forms import NationalityForm

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
