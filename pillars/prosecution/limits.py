"""Follow the time that the law leaves a court: it is the court's to keep, and ours to know of."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from engine.plugin import FollowUp, Law, StepContext
from pillars.prosecution.forms import Fir, HearingForm
from pillars.prosecution.hearings import first_for

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
