"""The step types of Prosecution, what they propose and what they do by themselves."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Literal

from engine.plugin.appointments import Appointment
from engine.plugin.fields import OutputKind
from engine.plugin.steps import (
    Completed,
    Concluded,
    Document,
    JsonAnswer,
    Law,
    NoSettings,
    OutputSpec,
    Prepared,
    Scalar,
    StepContext,
    ask,
    automatic,
)
from engine.plugin.values import as_day, as_number, end_of_day, given, local_day, start_of_day, watch_for_day
from engine.plugin.watches import Watch
from pillars.prosecution import forms
from pillars.prosecution.hearings import coming, first_for, next_hearing, times_put_off
from pillars.prosecution.limits import evidence_due, is_child, watch_court

_ASK_AGAIN_DAYS, _NOTICE_DAYS, _APPEAL_OPENS_BEFORE_DAYS, _WISH_OPENS_BEFORE_DAYS = 14, 7, 14, 3
_WRITTEN_WITHIN, _SAME_DAY = timedelta(hours=24), timedelta(hours=12)
"""Promises of the network, as are the days above: no law names them."""
_SHIELDS = {
    "court_visit": "a visit to the court room",
    "screen_or_video": "a screen or a video link",
    "in_camera_order": "an order for a closed hearing",
}
_SECTION_BY_COUNTRY = {"IN": "BNSS183", "NP": "NP6", "BD": "BD"}
_AT_RISK = frozenset({"free_now", "soon"})


_LANGUAGE_WAS_TOLD = (
    ("prosecution.engage", "language"),
    ("rescue.identify", "interview_lang"),
    ("rescue.first_needs", "language"),
    ("reporting.intake", "language"),
)


class HearingSettings(NoSettings):
    """After how many adjournments the lawyer is told: a target of the network (BNSS s.346(2), from memory)."""

    adjournments: Literal[1, 2, 3, 4, 5] = 2


def _language(context: StepContext) -> JsonAnswer:
    told = (context.earlier(step).get(name) for step, name in _LANGUAGE_WAS_TOLD)
    return next((language for language in told if language), None)


def _today(context: StepContext) -> date:
    return local_day(context.now, context.zone)


def _prepare_engage(context: StepContext) -> Prepared:
    before = context.earlier("prosecution.engage")
    known = ("counsel", "kind", "appointed_on", "rights_explained", "victim_right_to_be_heard")
    told = given(appointed_on=_today(context).isoformat(), language=_language(context))
    note = "Ask again whether the survivor wants to go to court. Whatever the answer, help goes on."
    return Prepared(prefill=told | given(**{name: before.get(name) for name in known}), notes=(note,) if before else ())


def _conclude_engage(context: StepContext) -> Concluded:
    wish = context.answers.get("wishes_to_proceed")
    title = "Does the survivor want to go to court?"
    ask_on = _today(context) + timedelta(days=_ASK_AGAIN_DAYS)
    again = watch_for_day(
        "court_wish", "prosecution.engage", title, ask_on, zone=context.zone, days_before=_WISH_OPENS_BEFORE_DAYS
    )
    watches = (again,) if wish in {"unsure", "not_asked"} else (Watch("court_wish", is_over=True),)
    return Concluded(facts={"wants_court": wish == "yes"}, watches=watches)


def _prepare_statement(context: StepContext) -> Prepared:
    section = _SECTION_BY_COUNTRY.get(context.jurisdiction.partition("-")[0], "other")
    interpreter = context.earlier("rescue.identify").get("interpreter")
    return Prepared(prefill=given(section=section, lang=_language(context), interpreter=interpreter))


def _conclude_statement(context: StepContext) -> Concluded:
    answers, notes = context.answers, []
    if answers.get("support_person_present") is False:
        notes.append("Nobody stood at the survivor's side: see to it before the next time.")
    if answers.get("copy_status") in {"asked_for", "not_asked"}:
        notes.append("A copy of the statement is still to be had: the lawyer asks for it.")
    return Concluded(facts={"statement_taken": True}, notes=tuple(notes))


def _prepare_hearing(context: StepContext) -> Prepared:
    last = context.earlier("prosecution.hearing")
    court = last.get("court") or context.earlier("policing.chargesheet").get("court")
    notes = []
    if last.get("attendance_needed") is True:
        notes.append("The survivor may have to be there: plan the way with them, and who goes along.")
    return Prepared(
        prefill=given(
            court=court,
            case_no=last.get("case_no"),
            hearing_on=last.get("next_at"),
            travel_plan=last.get("travel_plan"),
        ),
        notes=tuple(notes),
    )


def _conclude_hearing(context: StepContext) -> Concluded:
    hearings = (*context.all_earlier("prosecution.hearing"), context.answers)
    put_off, most = times_put_off(hearings), _adjournments(context)
    notes = []
    if context.answers.get("adjourned") is True and put_off >= most:
        notes.append(f"Put off {put_off} times: the lawyer objects, and asks the court to write down its reasons.")
    if context.answers.get("next_on") is None and context.answers.get("next_at") is None:
        notes.append("The next hearing is not known: ask the court.")
    facts: dict[str, Scalar] = {"hearings_put_off": put_off}
    at = next_hearing(_to_come(context), now=context.now, zone=context.zone)
    facts |= {"next_hearing_at": at} if at else {}
    return Concluded(facts=facts, notes=tuple(notes), watches=(*_watch_next(context), *watch_court(context, hearings)))


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
    title = "Hearing: prepare it, be there, write down what happened"
    return (Watch("next_hearing", "prosecution.hearing", title, opens_at=opens, due_at=over),)


def _appointment_of_hearing(context: StepContext) -> Appointment | None:
    found = coming(context.earlier("prosecution.hearing"), now=context.now, zone=context.zone)
    return Appointment("Hearing", starts_at=found.at, day=found.day, room=found.hall) if found else None


def _prepare_testimony(context: StepContext) -> Prepared:
    before = context.earlier("prosecution.testimony")
    prefill = given(**{name: before.get(name) for name in ("sessions", "court_visit", "after_care")})
    taken_up = first_for("cognizance", context.all_earlier("prosecution.hearing"))
    if taken_up is not None and is_child(context):
        prefill["child_evidence_due"] = evidence_due(context, local_day(taken_up, context.zone)).isoformat()
    return Prepared(prefill=prefill, notes=(_until_when(context),))


def _until_when(context: StepContext) -> str:
    """Say until when the preparation has time: until the next hearing, where one is known."""
    at = next_hearing(context.earlier("prosecution.hearing"), now=context.now, zone=context.zone)
    if at is None:
        return "No hearing is known yet: prepare early, and ask the court in time for a screen and a closed hearing."
    return f"The next hearing is on {local_day(at, context.zone):%a %d %b %Y}: prepare together before that day."


def _conclude_testimony(context: StepContext) -> Concluded:
    missing = [words for name, words in _SHIELDS.items() if context.answers.get(name) is not True]
    missing += [] if as_number(context.answers.get("sessions")) else ["preparing together"]
    notes = (f"Before the survivor speaks in court, this is still missing: {', '.join(missing)}.",) if missing else ()
    return Concluded(facts={"ready_to_testify": not missing}, notes=notes)


def _prepare_outcome(context: StepContext) -> Prepared:
    """Take over an earlier judgment: the step is opened again for its appeal."""
    before = context.earlier("prosecution.outcome")
    known = (
        "result",
        "told_survivor_at",
        "sections_convicted",
        "sentence",
        "fine",
        "compensation_ordered",
        "appeal_by",
    )
    language = _language(context)
    note = f"Tell the survivor first, in their language ({language})." if language else "Tell the survivor first."
    return Prepared(prefill=given(**{name: before.get(name) for name in known}), notes=(note,))


def _conclude_outcome(context: StepContext) -> Concluded:
    answers = context.answers
    at_risk = answers.get("release_risk") in _AT_RISK
    facts: dict[str, Scalar] = {"release_risk_high": at_risk}
    watches, notes = [], []
    appeal_by = as_day(answers.get("appeal_by"))
    if appeal_by and answers.get("appeal_filed") is not True:
        facts["appeal_ends_at"] = end_of_day(appeal_by, context.zone)
        title = "The time for an appeal ends"
        watches.append(
            watch_for_day(
                "appeal", "prosecution.outcome", title, appeal_by,
                zone=context.zone, days_before=_APPEAL_OPENS_BEFORE_DAYS, ladder="high",
            )
        )  # fmt: skip
    else:
        watches.append(Watch("appeal", is_over=True))
    if at_risk:
        notes.append("The accused is or will soon be free: look at the safety plan today.")
        title = "The accused may be free: look at the safety plan"
        watches.append(Watch("release_risk", "protection.safety", title, due_at=context.now + _SAME_DAY, ladder="high"))
    watches += [Watch(name, is_over=True) for name in ("judgment", "trial", "charge")]
    if as_number(answers.get("compensation_ordered")):
        notes.append("Compensation was ordered: see that it is paid.")
    return Concluded(facts=facts, notes=tuple(notes), watches=tuple(watches))


ENGAGE = ask(
    "prosecution.engage",
    title="Engage counsel and explain rights",
    form=forms.EngageForm,
    roles=("lawyer", "case_manager"),
    documents=(Document("rights-sheet", "Your rights in court", leaves=False),),
    time_limit="P7D",
    prepare=_prepare_engage,
    conclude=_conclude_engage,
)

STATEMENT = ask(
    "prosecution.statement",
    title="Magistrate statement",
    form=forms.StatementForm,
    takes_statement=True,
    roles=("lawyer", "ahtu_officer", "police_liaison"),
    stays_with=("prosecution.engage",),
    time_limit="P7D",
    prepare=_prepare_statement,
    conclude=_conclude_statement,
)

HEARING = ask(
    "prosecution.hearing",
    title="Hearing",
    form=forms.HearingForm,
    roles=("lawyer", "case_manager"),
    stays_with=("prosecution.engage",),
    documents=(Document("hearing-note", "Note of the hearing", leaves=False),),
    time_limit="PT24H",
    prepare=_prepare_hearing,
    conclude=_conclude_hearing,
    settings=HearingSettings,
    history=("prosecution.hearing",),
    appointment=_appointment_of_hearing,
)

TESTIMONY = ask(
    "prosecution.testimony",
    title="Testimony preparation",
    form=forms.TestimonyForm,
    roles=("counsellor", "lawyer", "caseworker"),
    stays_with=("rehabilitation.counsel", "prosecution.engage"),
    documents=(Document("testimony-plan", "Plan for speaking in court", leaves=False),),
    time_limit=Law("IN-POCSO-EVID-30D"),
    prepare=_prepare_testimony,
    conclude=_conclude_testimony,
    history=("prosecution.hearing",),
)

OUTCOME = ask(
    "prosecution.outcome",
    title="Judgment and appeal",
    form=forms.OutcomeForm,
    roles=("lawyer", "case_manager"),
    stays_with=("prosecution.hearing", "prosecution.engage"),
    time_limit="PT24H",
    prepare=_prepare_outcome,
    conclude=_conclude_outcome,
)


@automatic(
    "prosecution.calendar",
    title="Make the hearing slip",
    outputs={"has_hearing": OutputSpec(OutputKind.BOOL, default=False), "hearing_at": OutputSpec(OutputKind.INSTANT)},
    documents=(Document("hearing-slip", "Hearing slip", leaves=False),),
)
def CALENDAR(context: StepContext) -> Completed:  # noqa: N802 - the decorator turns it into a step type
    """Find the next hearing and make a slip with its day that tells nothing of the case."""
    hearing_at = next_hearing(context.earlier("prosecution.hearing"), now=context.now, zone=context.zone)
    if hearing_at is None:
        return Completed(outputs={"has_hearing": False}, notes=("No hearing is to come, as far as written down.",))
    return Completed(outputs={"has_hearing": True, "hearing_at": hearing_at})
