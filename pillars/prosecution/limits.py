"""Follow the time that the law leaves a court: it is the court's to keep, and ours to know of."""

from collections.abc import Sequence
from datetime import date, datetime

from engine.plugin import Law, StepContext, Watch
from pillars.prosecution.forms import Fir, HearingForm
from pillars.prosecution.hearings import first_for

_HEARING, _OUTCOME, _TESTIMONY = "prosecution.hearing", "prosecution.outcome", "prosecution.testimony"
_ASKED = {
    "trial": (_OUTCOME, "The trial should be over by now"),
    "charge": (_HEARING, "Was the charge framed?"),
    "judgment": (_OUTCOME, "Was judgment given?"),
}
"""What is watched: the step that is opened then, and what its worklist says."""
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


def watch_court(context: StepContext, hearings: Sequence[HearingForm]) -> tuple[Watch, ...]:
    """Watch for what a court must do in time, from the first hearing at which that time began."""
    match context.country:
        case "IN":
            return (*_of_a_child(context, hearings), *_of_charge(context, hearings), *_of_judgment(context, hearings))
        case "BD":
            charged = first_for("charge", hearings)
            return (_watch(context, "trial", _TRIAL_IN_BANGLADESH, charged),) if charged else ()
    return ()


def _of_a_child(context: StepContext, hearings: Sequence[HearingForm]) -> tuple[Watch, ...]:
    is_special = "POCSO" in context.earlier("policing.fir", Fir).sections
    taken_up = first_for("cognizance", hearings)
    if taken_up is None or not (is_special and is_child(context)):
        return ()
    heard = Watch("child_evidence", _TESTIMONY, "The child is heard in court", law=_EVIDENCE, from_at=taken_up)
    return (heard, _watch(context, "trial", _TRIAL_OF_A_CHILD, taken_up))


def _of_charge(context: StepContext, hearings: Sequence[HearingForm]) -> tuple[Watch, ...]:
    first, went_on = first_for("charge", hearings), any(one.purpose in _AFTER_THE_CHARGE for one in hearings)
    if first is None:
        return ()
    if went_on:
        return (Watch("charge", is_over=True),)
    return (_watch(context, "charge", _CHARGE, first),)


def _of_judgment(context: StepContext, hearings: Sequence[HearingForm]) -> tuple[Watch, ...]:
    closed = max((at for one in hearings if (at := first_for("arguments", (one,)))), default=None)
    if closed is None:
        return ()
    return (_watch(context, "judgment", _JUDGMENT, closed),)


def _watch(context: StepContext, name: str, law: str, from_at: datetime) -> Watch:
    """Watch for a limit of the law; the step is shown only some time before its end."""
    uses, title = _ASKED[name]
    before, otherwise = _SHOWN[law]
    opens_at = context.shown_from(
        context.law(law), from_at, days_before=before, otherwise_days=otherwise
    )  # fmt: skip
    return Watch(name, uses, title, law=law, from_at=from_at, opens_at=opens_at)
