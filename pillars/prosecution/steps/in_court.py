"""What a hearing proposes, and what is watched until the next one."""

from datetime import datetime, timedelta
from typing import Any

from engine.plugin import Asked, Concluded, Document, FollowUp, Form, Prepared, StepContext
from pillars.prosecution.forms import Chargesheet, HearingForm, HearingSettings
from pillars.prosecution.hearings import coming, first_for, next_hearing, times_put_off
from pillars.prosecution.limits import COMPUTES, OF_A_COURT, computed

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
    computes={"notice_at": datetime, "written_by": datetime, **COMPUTES},
    follow_ups={
        "next_hearing": FollowUp(
            uses="prosecution.hearing",
            title="Hearing: prepare it, be there, record what happened",
            otherwise="end",
            opens="notice_at",
            due="written_by",
        ),
        **OF_A_COURT,
    },
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
            facts=facts, notes=tuple(notes), computed=_next(answers, context) | computed(context, hearings)
        )

    def appointment(self, context: StepContext) -> Asked.Appointment | None:
        """Return the next hearing for people's calendars."""
        found = coming(context, context.earlier("prosecution.hearing", HearingForm))
        return Asked.Appointment("Hearing", starts_at=found.at, day=found.day, room=found.hall) if found else None


def _next(answers: HearingForm, context: StepContext) -> dict[str, Any]:
    """Return from when the next hearing is prepared, and by when what happened there is written down."""
    found = coming(context, answers, is_held=True)
    if found is None:
        return {}
    over = (found.at or context.end_of(found.day)) + _WRITTEN_WITHIN
    return {"notice_at": found.day - timedelta(days=_NOTICE_DAYS), "written_by": over}
