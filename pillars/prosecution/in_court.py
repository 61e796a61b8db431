"""What a hearing proposes, and what is watched until the next one."""

from collections.abc import Mapping
from datetime import timedelta

from engine.plugin import (
    NOT_KNOWN,
    Appointment,
    Concluded,
    JsonAnswer,
    Prepared,
    Scalar,
    StepContext,
    Watch,
    end_of_day,
    given,
    local_day,
    perhaps,
    start_of_day,
)
from pillars.prosecution.hearings import coming, first_for, next_hearing, times_put_off
from pillars.prosecution.limits import watch_court
from pillars.prosecution.settings import HearingSettings

_NOTICE_DAYS, _WRITTEN_WITHIN = 7, timedelta(hours=24)
"""Promises of the network: no law names them."""


def prepare_hearing(context: StepContext) -> Prepared:
    """Take over court, number and way from the last hearing, and its next day as the day of this one."""
    last = context.earlier("prosecution.hearing")
    court = last.get("court") or context.earlier("policing.chargesheet").get("court")
    notes = []
    if perhaps(last.get("attendance_needed")):
        notes.append("The survivor might have to be there: plan the journey with them, and who goes along.")
    return Prepared(
        prefill=given(
            court=court,
            case_no=last.get("case_no"),
            hearing_on=last.get("next_at"),
            travel_plan=last.get("travel_plan"),
        ),
        notes=tuple(notes),
    )


def conclude_hearing(context: StepContext) -> Concluded:
    """Count how often it was put off, and watch the next hearing and the limits of the court."""
    hearings = (*context.all_earlier("prosecution.hearing"), context.answers)
    put_off, most = times_put_off(hearings), _adjournments(context)
    notes = []
    if context.answers.get("adjourned") is True and put_off >= most:
        notes.append(f"Put off {put_off} times: the lawyer has to object and ask the court to record its reasons.")
    if context.answers.get("adjourned") == NOT_KNOWN:
        notes.append("Ask the court whether the hearing was put off: it counts towards how often that happened.")
    if context.answers.get("next_on") is None and context.answers.get("next_at") is None:
        notes.append("The next hearing is not known: ask the court.")
    facts: dict[str, Scalar] = {"hearings_put_off": put_off}
    at = next_hearing(_to_come(context), now=context.now, zone=context.zone)
    facts |= {"next_hearing_at": at} if at else {}
    remanded = first_for("remand", hearings)
    if remanded is not None:
        facts["bail_counts_from"] = end_of_day(local_day(remanded, context.zone, plus_days=-1), context.zone)
    return Concluded(facts=facts, notes=tuple(notes), watches=(*_watch_next(context), *watch_court(context, hearings)))


def appointment_of_hearing(context: StepContext) -> Appointment | None:
    """Give the next hearing for people's calendars."""
    found = coming(context.earlier("prosecution.hearing"), now=context.now, zone=context.zone)
    return Appointment("Hearing", starts_at=found.at, day=found.day, room=found.hall) if found else None


def _adjournments(context: StepContext) -> int:
    return (
        context.settings.adjournments
        if isinstance(context.settings, HearingSettings)
        else HearingSettings().adjournments
    )


def _to_come(context: StepContext) -> Mapping[str, JsonAnswer]:
    """Leave out when this hearing was: only what it says of the next one is to come."""
    return {name: answer for name, answer in context.answers.items() if name != "hearing_on"}


def _watch_next(context: StepContext) -> tuple[Watch, ...]:
    """Open the next hearing a week before it; what happened there is written down within a day after it."""
    found = coming(_to_come(context), now=context.now, zone=context.zone)
    if found is None:
        return (Watch("next_hearing", is_over=True),)
    over = (found.at or end_of_day(found.day, context.zone)) + _WRITTEN_WITHIN
    opens = start_of_day(found.day - timedelta(days=_NOTICE_DAYS), context.zone)
    title = "Hearing: prepare it, be there, record what happened"
    return (Watch("next_hearing", "prosecution.hearing", title, opens_at=opens, due_at=over),)
