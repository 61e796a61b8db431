"""What a hearing proposes, and what is watched until the next one."""

from datetime import timedelta
from typing import Any

from engine.plugin import Asked, Concluded, Document, Form, Prepared, StepContext, Watch
from pillars.prosecution.forms import Chargesheet, HearingForm, HearingSettings
from pillars.prosecution.hearings import coming, first_for, next_hearing, times_put_off
from pillars.prosecution.limits import watch_court

_NOTICE_DAYS, _WRITTEN_WITHIN = 7, timedelta(hours=24)
"""Promises of the network: no law names them."""


class Hearing(
    Asked[HearingForm],
    key="prosecution.hearing",
    title="Hearing",
    roles=("lawyer", "case_manager"),
    stays_with=("prosecution.engage",),
    documents=(Document("hearing-note", "Note of the hearing", leaves=False),),
    time_limit="PT24H",
    settings=HearingSettings,
    reads=("prosecution.hearing",),
):
    def prepare(self, context: StepContext) -> Prepared:
        """Take over court, number and way from the last hearing, and its next day as the day of this one."""
        last = context.earlier("prosecution.hearing", HearingForm)
        court = last.court or context.earlier("policing.chargesheet", Chargesheet).court
        notes = []
        if Form.perhaps(last.attendance_needed):
            notes.append("The survivor might have to be there: plan the journey with them, and who goes along.")
        return Prepared(
            prefill=Prepared.given(court=court)
            | context.told_before("prosecution.hearing", "case_no", "travel_plan", hearing_on="next_at"),
            notes=tuple(notes),
        )

    def conclude(self, answers: HearingForm, context: StepContext) -> Concluded:
        """Count how often it was put off, and watch the next hearing and the limits of the court."""
        hearings = (*context.all_earlier("prosecution.hearing", HearingForm), answers)
        put_off, most = times_put_off(hearings), context.settings_as(HearingSettings).adjournments
        notes = []
        if answers.adjourned is True and put_off >= most:
            notes.append(f"Put off {put_off} times: the lawyer has to object and ask the court to record its reasons.")
        if answers.adjourned == Form.NOT_KNOWN:
            notes.append("Ask the court whether the hearing was put off: it counts towards how often that happened.")
        if answers.next_on is None and answers.next_at is None:
            notes.append("The next hearing is not known: ask the court.")
        facts: dict[str, Any] = {"hearings_put_off": put_off}
        at = next_hearing(context, answers, is_held=True)
        facts |= {"next_hearing_at": at} if at else {}
        remanded = first_for("remand", hearings)
        if remanded is not None:
            facts["bail_counts_from"] = context.end_of(context.day_of(remanded) - timedelta(days=1))
        return Concluded(
            facts=facts, notes=tuple(notes), watches=(*_watch_next(answers, context), *watch_court(context, hearings))
        )

    def appointment(self, context: StepContext) -> Asked.Appointment | None:
        """Return the next hearing for people's calendars."""
        found = coming(context, context.earlier("prosecution.hearing", HearingForm))
        return Asked.Appointment("Hearing", starts_at=found.at, day=found.day, room=found.hall) if found else None


def _watch_next(answers: HearingForm, context: StepContext) -> tuple[Watch, ...]:
    """Open the next hearing a week before it; what happened there is written down within a day after it."""
    found = coming(context, answers, is_held=True)
    if found is None:
        return (Watch("next_hearing", is_over=True),)
    over = (found.at or context.end_of(found.day)) + _WRITTEN_WITHIN
    opens = context.start_of(found.day - timedelta(days=_NOTICE_DAYS))
    title = "Hearing: prepare it, be there, record what happened"
    return (Watch("next_hearing", "prosecution.hearing", title, opens_at=opens, due_at=over),)
