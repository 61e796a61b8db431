"""The charge sheet, and bail by default while it is not filed."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from engine.plugin import Asked, Completed, Concluded, Law, Prepared, StepContext, automatic
from pillars.policing.follow_ups import AFTER_CHARGESHEET, of_a_chargesheet
from pillars.policing.forms import ChargesheetForm, DefaultBailSettings, FirForm, Hearing

LAW: Final = "IN-DEFAULT-BAIL"
GRAVEST: Final = "ten_years_or_more"
"""BNSS s.187(3) tells two times: a longer one for crimes punished with death, life or ten years and more."""


class Counted(NamedTuple):
    """From when days of investigation count: the instant (UTC), its day, and whether that is the first remand."""

    at: datetime
    day: date
    is_remand: bool


_WATCH_BEFORE = timedelta(hours=48)
"""A promise of the network: so long before the bail day the survivor is guarded."""


class Chargesheet(
    Asked[ChargesheetForm],
    key="policing.chargesheet",
    title="Charge sheet",
    roles=("ahtu_officer", "police_liaison", "lawyer"),
    stays_with=("policing.ahtu", "policing.fir"),
    time_limit=Law("IN-DEFAULT-BAIL"),
    reads=("prosecution.hearing",),
    computes={"last_day_on": datetime, "trial_opens_at": datetime},
    follow_ups=AFTER_CHARGESHEET,
):
    def prepare(self, context: StepContext) -> Prepared:
        """Propose court, sections and the bail day, counted from the first remand, else from the report."""
        before = context.earlier("policing.chargesheet", ChargesheetForm)
        since = counted_from(context, context.all_earlier("prosecution.hearing", Hearing))
        told: dict[str, Any] = context.told_before("policing.fir", "sections")
        told |= context.told_before("prosecution.hearing", "court")
        told |= context.told_before("policing.chargesheet", "court", "sections", "accused_count", "ten_years_or_more")
        if since is None:
            return Prepared(prefill=told)
        bail_on = bail_day(context, since.day, ten_years_or_more=before.ten_years_or_more is True)
        told |= Prepared.given(
            default_bail_on=bail_on.isoformat() if bail_on else None,
            first_remand_on=since.day.isoformat() if since.is_remand else None,
        )
        note = "The bail day is counted from the FIR. Correct it when the first remand is known."
        return Prepared(prefill=told, notes=() if since.is_remand else (note,))

    def conclude(self, answers: ChargesheetForm, context: StepContext) -> Concluded:
        """Say what does not fit, and watch the bail day and the survivor's safety until it is filed."""
        filed, bail_on = answers.filed_on, answers.default_bail_on
        notes = []
        if filed is not None and bail_on is not None and filed >= bail_on:
            notes.append("The charge sheet came on or after the bail day: review the survivor's safety now.")
        remand = answers.first_remand_on
        is_grave = answers.ten_years_or_more is True
        counted = bail_day(context, remand, ten_years_or_more=is_grave) if remand else None
        if counted is not None and counted != bail_on and context.country == "IN":
            notes.append(f"From the first remand the bail day is {counted:%d %b %Y}: check it with the lawyer.")
        if filed is not None and not answers.copy_to_victim:
            notes.append("The survivor has a right to a copy of the charge sheet.")
        return Concluded(
            facts={"charge_sheet_filed": filed is not None},
            notes=tuple(notes),
            computed=of_a_chargesheet(answers, context),
        )


@automatic(
    "policing.default_bail",
    title="Work out the bail day",
    outputs={
        "known": False,
        "from_remand": False,
        "default_bail_at": datetime,
        "latest_bail_at": datetime,
        "watch_from": datetime,
    },
    settings=DefaultBailSettings,
    reads=("prosecution.hearing",),
)
def default_bail(context: StepContext) -> Completed:
    """Work out when a suspect may get bail for want of a charge sheet, and from when to guard the survivor."""
    since = counted_from(context, context.all_earlier("prosecution.hearing", Hearing))
    if since is None:
        return Completed(outputs={"known": False}, notes=("The FIR has no time yet, so the bail day is not known.",))
    is_long = context.settings_as(DefaultBailSettings).days > DefaultBailSettings().days
    length, longest = (bail_time(context, ten_years_or_more=long) for long in (is_long, True))
    if length is None or longest is None:
        return Completed(outputs={"known": False}, notes=("No pack of law here says when bail becomes a right.",))
    bail_at = length.instant_after(since.at, context.zone)
    outputs: dict[str, Any] = {
        "known": True, "from_remand": since.is_remand, "default_bail_at": bail_at,
        "latest_bail_at": longest.instant_after(since.at, context.zone),
        "watch_from": bail_at - _WATCH_BEFORE,
    }  # fmt: skip
    note = "Counted from the FIR, which is the earlier and safer day, because no remand is recorded."
    return Completed(outputs=outputs, notes=() if since.is_remand else (note,))


def counted_from(context: StepContext, hearings: Iterable[Hearing]) -> Counted | None:
    """Return the first remand that was written down; else the First Information Report, which is earlier and safer."""
    remands = [at for one in hearings if one.purpose == "remand" and (at := one.hearing_on) is not None]
    told = context.earlier("policing.chargesheet", ChargesheetForm).first_remand_on
    if told is not None:
        remands.append(context.start_of(told))
    if remands:
        return Counted(min(remands), context.day_of(min(remands)), is_remand=True)
    registered = context.earlier("policing.fir", FirForm).fir_datetime
    return Counted(registered, context.day_of(registered), is_remand=False) if registered else None


def bail_time(context: StepContext, *, ten_years_or_more: bool) -> Law | None:
    """Return the time that the law leaves for a charge sheet; None where no pack of law has it."""
    return context.law(LAW, GRAVEST if ten_years_or_more else "")


def bail_day(context: StepContext, since: date, *, ten_years_or_more: bool) -> date | None:
    """Return the day from which bail may be claimed: the day after the last that the law gives, the first one counted.

    None where no pack of law has it.
    """
    length = bail_time(context, ten_years_or_more=ten_years_or_more)
    return length.day_after(since) if length else None
