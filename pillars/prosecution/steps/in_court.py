"""What a hearing proposes, and what is watched until the next one."""

from datetime import datetime, timedelta
from typing import Any

from engine.plugin import Asked, Concluded, Document, FollowUp, Form, Law, Prepared, StepContext
from pillars.prosecution.forms import Chargesheet, HearingForm, HearingSettings, TestimonyForm
from pillars.prosecution.hearings import (
    COMPUTES,
    OF_A_COURT,
    coming,
    computed,
    evidence_due,
    first_for,
    is_child,
    next_hearing,
    times_put_off,
)

_NOTICE_DAYS, _WRITTEN_WITHIN = 7, timedelta(hours=24)
"""Promises of the network: no law names them."""
_SHIELDS = {
    "court_visit": "a visit to the court room",
    "screen_or_video": "a screen or a video link",
    "in_camera_order": "an order for a closed hearing",
}


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


class Testimony(
    Asked[TestimonyForm],
    key="prosecution.testimony",
    title="Testimony preparation",
    roles=("counsellor", "lawyer", "caseworker"),
    stays_with=("rehabilitation.counsel", "prosecution.engage"),
    documents=(Document("testimony-plan", "Plan for speaking in court", leaves=False),),
    time_limit=Law("IN-POCSO-EVID-30D"),
    reads=("prosecution.hearing",),
):
    def prepare(self, context: StepContext) -> Prepared:
        """Take over the plan so far, and the day by which a child is to be heard."""
        prefill = context.told_before("prosecution.testimony", "sessions", "court_visit", "after_care")
        taken_up = first_for("cognizance", context.all_earlier("prosecution.hearing", HearingForm))
        if taken_up is not None and is_child(context):
            prefill["child_evidence_due"] = evidence_due(context, context.day_of(taken_up)).isoformat()
        return Prepared(prefill=prefill, notes=(_until_when(context),))

    def conclude(self, answers: TestimonyForm, context: StepContext) -> Concluded:
        """Say what still has to be there before the survivor speaks."""
        missing = [words for name, words in _SHIELDS.items() if getattr(answers, name) is not True]
        missing += [] if answers.sessions else ["preparing together"]
        notes = (
            (f"Before the survivor speaks in court, this is still missing: {', '.join(missing)}.",) if missing else ()
        )
        return Concluded(facts={"ready_to_testify": not missing}, notes=notes)


def _next(answers: HearingForm, context: StepContext) -> dict[str, Any]:
    """Return from when the next hearing is prepared, and by when what happened there is written down."""
    found = coming(context, answers, is_held=True)
    if found is None:
        return {}
    over = (found.at or context.end_of(found.day)) + _WRITTEN_WITHIN
    return {"notice_at": found.day - timedelta(days=_NOTICE_DAYS), "written_by": over}


def _until_when(context: StepContext) -> str:
    """Say until when the preparation has time: until the next hearing, where one is known."""
    at = next_hearing(context, context.earlier("prosecution.hearing", HearingForm))
    if at is None:
        return "No hearing is known yet: prepare early, and ask the court in time for a screen and a closed hearing."
    return f"The next hearing is on {context.day_of(at):%a %d %b %Y}: prepare together before that day."
