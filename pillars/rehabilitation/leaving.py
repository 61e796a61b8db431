"""Say when a child turns 18, as far as an age in years tells, and have the plan for leaving care made in time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from engine.plugin import FollowUp, StepContext

ADULT = 18
VICTIMS = frozenset({"victim", "possible_victim"})
PLAN_DAYS_BEFORE = 365
_PLAN, _REVIEW = "rehabilitation.care_plan", "rehabilitation.progress"
_TIME_TO_PLAN = timedelta(days=30)
"""A promise of the network, as is the year above: see `computed`."""
FOLLOW_UPS: Mapping[str, FollowUp] = {
    "nobody_leaves": FollowUp(when="this.nobody_turns_18", ends=("leaving_care_plan", "turns_18")),
    "leaving_care_plan": FollowUp(
        uses=_PLAN,
        title="Plan with the young person what comes after care, before they turn 18",
        from_="plan_from",
        opens="plan_from",
        due="plan_by",
        settings={"leaving_care": "yes"},
    ),
    "turns_18": FollowUp(
        uses=_REVIEW,
        title="A child might turn 18 now: where do they want to live, and which help goes on?",
        due="turns_18_on",
        opens_before="P7D",
        ladder="high",
    ),
}
"""The plan for leaving care, and a review on the first day that may be the 18th birthday."""
COMPUTES: Mapping[str, type] = {
    "nobody_turns_18": bool, "plan_from": datetime, "plan_by": datetime, "turns_18_on": datetime,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Birthday:
    """The days between which the eighteenth birthday lies; both are the same where the day of birth is known."""

    earliest: date
    latest: date


def of_birth(born: date) -> Birthday:
    """Return the eighteenth birthday of somebody whose day of birth is known."""
    day = StepContext.add_months(born, 12 * ADULT)
    return Birthday(day, day)


def of_age(age: int, today: date) -> Birthday:
    """Return the days between which somebody of an age in whole years turns 18."""
    return Birthday(
        StepContext.add_months(today, 12 * (ADULT - 1 - age)), StepContext.add_months(today, 12 * (ADULT - age))
    )


def ages(context: StepContext) -> list[int]:
    """List the known ages of those whom the case is for."""
    return [person.age for person in context.persons if person.role in VICTIMS and person.age is not None]


def oldest_child(context: StepContext, born: date | None = None) -> Birthday | None:
    """Return the eighteenth birthday of the oldest child; None where there is none; a day of birth counts first."""
    today = context.today
    if born is not None:
        birthday = of_birth(born)
        return birthday if birthday.earliest > today else None
    children = [age for age in ages(context) if age < ADULT]
    return of_age(max(children), today) if children else None


def computed(
    context: StepContext, birthday: Birthday | None, *, plan_days_before: int = PLAN_DAYS_BEFORE
) -> dict[str, Any]:
    """Return when the plan for leaving care is made, a year ahead (or as set), and the first day that may be the 18th.

    Where the year has begun, 30 days are given for the plan. These are targets of the network; Juvenile Justice Act
    2015, section 46, gives after-care its place.
    """
    if birthday is None:
        return {"nobody_turns_18": True}
    begin = max(birthday.earliest - timedelta(days=plan_days_before), context.today)
    days = {"plan_from": begin, "plan_by": begin + _TIME_TO_PLAN}
    return days | ({"turns_18_on": birthday.earliest} if birthday.earliest > context.today else {})
