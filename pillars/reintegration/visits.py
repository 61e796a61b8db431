"""Say when to visit after a return, which visits were missed, and how soon a red flag brings the next one."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from engine.plugin import FollowUp, StepContext
from pillars.reintegration.forms import VisitForm

VISIT, LADDER = "reintegration.visit", "partner-silent"
MONTHS: Mapping[str, int] = {"1 month": 1, "3 months": 3, "6 months": 6, "12 months": 12}
LAST_MONTH = 24
_WEEKS = {"1 week": timedelta(weeks=1), "2 weeks": timedelta(weeks=2)}
_LATER = timedelta(days=90)
_NEARLY, _GRACE = timedelta(days=3), timedelta(days=7)
_DAYS_BY_FLAG = {"danger": 1, "not_reached": 2, "sign": 7}
"""Promises of the network, as are the weeks, months and days above: no law says when to visit."""
_SIGNS_OF_DANGER = frozenset({"missing", "contact_by_trafficker", "phone_controlled", "forced_marriage"})


def milestones(home_since: datetime, context: StepContext) -> dict[str, date]:
    """Return the days of the visits after a return, by the calendar of the case: a target of the programme, no law."""
    home = context.day_of(home_since)
    return {name: home + after for name, after in _WEEKS.items()} | {
        name: StepContext.add_months(home, months) for name, months in MONTHS.items()
    }


def next_visit(home_since: datetime | None, after: date, context: StepContext) -> date:
    """Return the first visit after a day: the next milestone, then every 90 days; a week later where none is known."""
    if home_since is None:
        return after + _WEEKS["1 week"]
    return next((day for day in milestones(home_since, context).values() if day > after), after + _LATER)


def missed(home_since: datetime | None, visits: Iterable[VisitForm], context: StepContext) -> tuple[str, ...]:
    """Name the milestones since which a week has passed and on which nobody saw the person.

    A visit counts for a milestone from three days before it until the next one.
    """
    if home_since is None:
        return ()
    days = list(milestones(home_since, context).items())
    seen = _seen(visits, context)
    until = [day for _, day in days[1:]] + [date.max]
    return tuple(
        name
        for (name, day), end in zip(days, until, strict=True)
        if day + _GRACE < context.today and not any(day - _NEARLY <= one < end - _NEARLY for one in seen)
    )


def red_flag(visit: VisitForm) -> str | None:
    """Say what a visit found: `danger`, `not_reached`, `sign`, or None where all seems well."""
    found = {*visit.re_trafficking_sign} - {"none"}
    if visit.safety == "in_danger" or found & _SIGNS_OF_DANGER:
        return "danger"
    if visit.mode == "not_reached":
        return "not_reached"
    return "sign" if found or visit.safety == "some_worry" else None


def milestone_days(home_since: datetime, context: StepContext, visits: Iterable[VisitForm] = ()) -> dict[str, date]:
    """Return the days of the visits after a return, but for those that a visit was there for already, by their names.

    They stand beside the monthly visits that a workflow may have: the promise is one visit near each of these days, and
    the months of a workflow count from its first visit. Nobody is visited twice for one of them: whatever visit is done
    from three days before, it calls the one after the return off.
    """
    today, seen = context.today, _seen(visits, context)
    days = {
        name: day
        for name, day in milestones(home_since, context).items()
        if not any(day - _NEARLY <= one for one in seen)
    }
    return {f"{_name_of(name)}_on": day for name, day in _to_come(days, today).items()}


def _to_come(days: Mapping[str, date], today: date) -> Mapping[str, date]:
    """Keep the days that are still to come, and the last that has gone by: of a return that is told late, it is due."""
    last = [name for name, day in days.items() if day < today][-1:]
    return {name: day for name, day in days.items() if day >= today or name in last}


def computed(answers: VisitForm, context: StepContext, home_since: datetime | None) -> dict[str, Any]:
    """Return what a visit found, when the person is visited sooner for it, and of which milestones it was the visit."""
    flag, planned, today = red_flag(answers), answers.next, context.today
    found: dict[str, Any] = {f"{_name_of(name)}_met": True for name in _met(home_since, answers, context)}
    if flag is None:
        return found | {"has_red_flag": False}
    soon = today + timedelta(days=_DAYS_BY_FLAG[flag])
    return found | {"has_red_flag": True, "again_on": min(planned, soon) if planned and planned > today else soon}


def _met(home_since: datetime | None, visit: VisitForm, context: StepContext) -> tuple[str, ...]:
    """Name the milestones whose days have come when somebody was seen at a visit."""
    days = milestones(home_since, context) if home_since else {}
    return tuple(name for name, day in days.items() if any(day - _NEARLY <= one for one in _seen((visit,), context)))


def _seen(visits: Iterable[VisitForm], context: StepContext) -> list[date]:
    """List the days on which somebody was seen."""
    return [day for visit in visits if visit.mode != "not_reached" and (day := _seen_on(visit, context))]


def _name_of(milestone: str) -> str:
    return f"visit_{milestone.replace(' ', '_')}"


def _seen_on(visit: VisitForm, context: StepContext) -> date | None:
    done = visit.done_at
    return context.day_of(done) if done else visit.due_on


_MILESTONES = tuple(_name_of(name) for name in (*_WEEKS, *MONTHS))
AFTER_THE_RETURN: Mapping[str, FollowUp] = {
    name: FollowUp(
        uses=VISIT,
        title=f"Visit {name.removeprefix('visit_').replace('_', ' ')} after the return",
        due=f"{name}_on",
        opens_before="P3D",
        ladder=LADDER,
    )
    for name in _MILESTONES
}
"""The visits after a return, each opened three days before its day."""
DAYS: Mapping[str, type] = {f"{name}_on": datetime for name in _MILESTONES}
AFTER_A_VISIT: Mapping[str, FollowUp] = {
    **{f"{name}_done": FollowUp(when=f"this.{name}_met", ends=(name,)) for name in _MILESTONES},
    "visit_soon": FollowUp(
        uses=VISIT, title="Visit again soon", when="this.has_red_flag", replaces="visit_next", otherwise="end",
        due="again_on", opens_before="P1D", ladder="high",
    ),
    "visit_next": FollowUp(
        uses=VISIT, title="The visit that was planned at the last one", otherwise="end",
        when='!this.has_red_flag && this.next - duration("24h") > case.now', due="next", opens_before="P3D",
        ladder=LADDER,
    ),
    "red_flag": FollowUp(
        uses="protection.safety", title="After a visit: review the safety plan, and record what will be done",
        when="this.has_red_flag", otherwise="end", limit="P1D", ladder="high", roles=("supervisor", "case_manager"),
    ),
}  # fmt: skip
"""The next visit, sooner after a red flag, of which a supervisor hears the same day.

Each visit moves the one that the last visit planned. Where somebody was seen, the visits after the return whose days
have come by then are called off: this was theirs.
"""
FOUND: Mapping[str, type] = {
    "has_red_flag": bool, "again_on": datetime, **{f"{name}_met": bool for name in _MILESTONES},
}  # fmt: skip
