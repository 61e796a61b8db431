"""Say when a child turns 18, as far as an age in years tells, and have the plan for leaving care made in time."""

from dataclasses import dataclass
from datetime import date, timedelta

from engine.plugin import StepContext, Watch

ADULT = 18
VICTIMS = frozenset({"victim", "possible_victim"})
PLAN_DAYS_BEFORE = 365
_PLAN, _REVIEW = "rehabilitation.care_plan", "rehabilitation.progress"
_TIME_TO_PLAN = timedelta(days=30)
_OPENS_BEFORE_DAYS = 7
"""Promises of the network, as is the year above: see `watch_leaving`."""


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


def watch_leaving(
    context: StepContext, birthday: Birthday | None, *, plan_days_before: int = PLAN_DAYS_BEFORE
) -> tuple[Watch, ...]:
    """Open the plan for leaving care a year ahead (or as set), and a review on the first day that may be the 18th.

    Where the year has begun, 30 days are given for the plan. These are targets of the network; Juvenile Justice Act
    2015, section 46, gives after-care its place.
    """
    today = context.today
    if birthday is None:
        return (Watch("leaving_care_plan", is_over=True), Watch("turns_18", is_over=True))
    plan_on, opens = birthday.earliest, birthday.earliest - timedelta(days=plan_days_before)
    due = max(opens, today) + _TIME_TO_PLAN
    title = "Plan with the young person what comes after care, before they turn 18"
    plan = Watch(
        "leaving_care_plan", _PLAN, title,
        opens_at=context.start_of(opens) if opens > today else None,
        due_at=context.end_of(due),
        from_at=context.start_of(max(opens, today)), settings={"leaving_care": "yes"},
    )  # fmt: skip
    if plan_on <= today:
        return (plan,)
    day = "A child might turn 18 now: where do they want to live, and which help goes on?"
    birthday_comes = context.watch_for("turns_18", _REVIEW, day, plan_on, days_before=_OPENS_BEFORE_DAYS, ladder="high")
    return (plan, birthday_comes)
