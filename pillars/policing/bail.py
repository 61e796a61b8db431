"""Work out from when a suspect may get bail because the charge sheet is late."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final, NamedTuple

from engine.plugin import Law, StepContext
from pillars.policing.forms import ChargesheetForm, FirForm, Hearing

LAW: Final = "IN-DEFAULT-BAIL"
GRAVEST: Final = "ten_years_or_more"
"""BNSS s.187(3) tells two times: a longer one for crimes punished with death, life or ten years and more."""


class Counted(NamedTuple):
    """From when days of investigation count: the instant (UTC), its day, and whether that is the first remand."""

    at: datetime
    day: date
    is_remand: bool


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
