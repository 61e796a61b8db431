"""Hearings, told and to come, and the time that the law leaves a court, which is the court's to keep."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from engine.plugin import FollowUp, Law, StepContext
from pillars.prosecution.forms import Fir, HearingForm


class Coming(NamedTuple):
    """A hearing that is to come: its day, its instant (UTC) if the court said the time, and the hall."""

    day: date
    at: datetime | None
    hall: str


def coming(context: StepContext, last: HearingForm, *, is_held: bool = False) -> Coming | None:
    """Return the hearing still to come, by the last one; one that is on today counts. None where nothing is to come.

    Of one that `is_held`, only what it says of the next one is to come.
    """
    held, at, day = last.hearing_on, last.next_at, last.next_on
    hall, today = last.court_hall or "", context.today
    if held is not None and held >= context.now and not is_held:
        return Coming(context.day_of(held), held, hall)
    if at is not None and context.day_of(at) >= today:
        return Coming(context.day_of(at), at, hall)
    return Coming(day, None, hall) if at is None and day is not None and day >= today else None


def next_hearing(context: StepContext, last: HearingForm, *, is_held: bool = False) -> datetime | None:
    """Return the instant of the hearing still to come, in UTC; where only its day is known, the start of that day."""
    found = coming(context, last, is_held=is_held)
    return None if found is None else found.at or context.start_of(found.day)


def times_put_off(hearings: Iterable[HearingForm]) -> int:
    """Count the hearings that were put off."""
    return sum(one.adjourned is True for one in hearings)


def first_for(purpose: str, hearings: Iterable[HearingForm]) -> datetime | None:
    """Return when (UTC) the first hearing for a purpose was; None where there was none."""
    found = (one.hearing_on for one in hearings if one.purpose == purpose)
    return min((at for at in found if at is not None), default=None)


_SURVIVORS = frozenset({"victim", "possible_victim"})
_ADULT = 18
_EVIDENCE, _EVIDENCE_DAYS = "IN-POCSO-EVID-30D", 30
"""Within what a child is heard in court; the days are a promise of the network where that is no law."""
_TRIAL_OF_A_CHILD, _TRIAL_IN_BANGLADESH = "IN-POCSO-TRIAL-1Y", "BD-TRIAL-180WD"
_CHARGE, _JUDGMENT = "IN-CHARGE-60D", "IN-JUDG-45D"
_SHOWN = {_TRIAL_OF_A_CHILD: (65, 300), _TRIAL_IN_BANGLADESH: (42, 210), _CHARGE: (15, 45), _JUDGMENT: (10, 20)}
"""Practice of the network: how many days before the end of a limit its step is shown; and, where it is no law, how many
days after the time would have begun."""
_AFTER_THE_CHARGE = frozenset({"evidence", "arguments", "judgment"})


def is_child(context: StepContext) -> bool:
    """Return whether a survivor of the case is, or may be, under 18."""
    return any(p.role in _SURVIVORS and p.age is not None and p.age < _ADULT for p in context.persons)


def evidence_due(context: StepContext, taken_up: date) -> date:
    """Return the day by which a child is to be heard in court, by the law, after the day the court took up the case."""
    return (context.law(_EVIDENCE) or Law(_EVIDENCE, days=_EVIDENCE_DAYS)).day_after(taken_up)


OF_A_COURT: Mapping[str, FollowUp] = {
    "child_evidence": FollowUp(
        uses="prosecution.testimony",
        title="The child is heard in court",
        when="has(this.taken_up_at)",
        from_="taken_up_at",
        law=_EVIDENCE,
    ),
    "trial": FollowUp(
        uses="prosecution.outcome",
        title="The trial should be over by now",
        from_="taken_up_at",
        opens="trial_opens_at",
        law=_TRIAL_OF_A_CHILD,
    ),
    "trial_in_working_days": FollowUp(
        uses="prosecution.outcome",
        title="The trial should be over by now",
        replaces="trial",
        from_="charged_at",
        opens="working_days_open_at",
        law=_TRIAL_IN_BANGLADESH,
    ),
    "charge": FollowUp(
        uses="prosecution.hearing",
        title="Was the charge framed?",
        from_="charged_at",
        opens="charge_opens_at",
        law=_CHARGE,
    ),
    "charge_framed": FollowUp(when="this.went_on", ends=("charge",)),
    "judgment": FollowUp(
        uses="prosecution.outcome",
        title="Was judgment given?",
        from_="closed_at",
        opens="judgment_opens_at",
        law=_JUDGMENT,
    ),
}
"""What a court must do in time, from the first hearing at which its time began; shown some time before its end."""
_INSTANTS = (
    "taken_up_at", "trial_opens_at", "charged_at", "working_days_open_at", "charge_opens_at", "closed_at",
    "judgment_opens_at",
)  # fmt: skip
COMPUTES: Mapping[str, type] = {"went_on": bool, **dict.fromkeys(_INSTANTS, datetime)}


def computed(context: StepContext, hearings: Sequence[HearingForm]) -> dict[str, Any]:
    """Return since when the times of the court run that count in the country, and from when each is shown."""
    charged = first_for("charge", hearings)
    found: dict[str, Any] = {"charged_at": charged}
    if context.country == "BD" and charged:
        found["working_days_open_at"] = _shown_from(context, _TRIAL_IN_BANGLADESH, charged)
    if context.country != "IN":
        return found
    taken_up, is_special = first_for("cognizance", hearings), "POCSO" in context.earlier("policing.fir", Fir).sections
    if taken_up is not None and is_special and is_child(context):
        found |= {"taken_up_at": taken_up, "trial_opens_at": _shown_from(context, _TRIAL_OF_A_CHILD, taken_up)}
    went_on = charged is not None and any(one.purpose in _AFTER_THE_CHARGE for one in hearings)
    if charged is not None and not went_on:
        found["charge_opens_at"] = _shown_from(context, _CHARGE, charged)
    closed = max((at for one in hearings if (at := first_for("arguments", (one,)))), default=None)
    if closed is not None:
        found |= {"closed_at": closed, "judgment_opens_at": _shown_from(context, _JUDGMENT, closed)}
    return found | {"went_on": went_on}


def _shown_from(context: StepContext, law: str, since: datetime) -> datetime:
    before, otherwise = _SHOWN[law]
    return context.shown_from(context.law(law), since, days_before=before, otherwise_days=otherwise)
