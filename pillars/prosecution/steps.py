"""The step types of Prosecution, what they propose and what they do by themselves."""

from engine.plugin.fields import OutputKind
from engine.plugin.steps import (
    Completed,
    Concluded,
    Document,
    JsonAnswer,
    Law,
    OutputSpec,
    Prepared,
    Scalar,
    StepContext,
    ask,
    automatic,
)
from engine.plugin.values import as_day, as_instant, as_number, end_of_day, local_day
from pillars.prosecution import forms
from pillars.prosecution.hearings import next_hearing, start_of_day

_ADULT = 18
_EVIDENCE_DAYS = 30
_SECTION_BY_COUNTRY = {"IN": "BNSS183", "NP": "NP6", "BD": "BD"}
_SURVIVORS = frozenset({"victim", "possible_victim"})
_AT_RISK = frozenset({"free_now", "soon"})


_LANGUAGE_WAS_TOLD = (
    ("prosecution.engage", "language"),
    ("rescue.identify", "interview_lang"),
    ("rescue.first_needs", "language"),
    ("reporting.intake", "language"),
)


def _given(**answers: JsonAnswer) -> dict[str, JsonAnswer]:
    return {name: answer for name, answer in answers.items() if answer not in (None, "", [])}


def _language(context: StepContext) -> JsonAnswer:
    told = (context.earlier(step).get(name) for step, name in _LANGUAGE_WAS_TOLD)
    return next((language for language in told if language), None)


def _prepare_engage(context: StepContext) -> Prepared:
    today = local_day(context.now, context.zone).isoformat()
    return Prepared(prefill=_given(appointed_on=today, language=_language(context)))


def _conclude_engage(context: StepContext) -> Concluded:
    return Concluded(facts={"wants_court": context.answers.get("wishes_to_proceed") == "yes"})


def _prepare_statement(context: StepContext) -> Prepared:
    section = _SECTION_BY_COUNTRY.get(context.jurisdiction.partition("-")[0], "other")
    return Prepared(prefill=_given(section=section, lang=_language(context)))


def _conclude_statement(context: StepContext) -> Concluded:
    alone = context.answers.get("support_person_present") is False
    return Concluded(notes=("Nobody stood at the survivor's side: see to it before the next time.",) if alone else ())


def _prepare_hearing(context: StepContext) -> Prepared:
    last = context.earlier("prosecution.hearing")
    court = last.get("court") or context.earlier("policing.chargesheet").get("court")
    return Prepared(prefill=_given(court=court, case_no=last.get("case_no")))


def _conclude_hearing(context: StepContext) -> Concluded:
    day = as_day(context.answers.get("next_on"))
    return Concluded(facts={"next_hearing_at": start_of_day(day, context.zone)} if day else {})


def _prepare_testimony(context: StepContext) -> Prepared:
    is_child = any(p.role in _SURVIVORS and p.age is not None and p.age < _ADULT for p in context.persons)
    hearing = context.earlier("prosecution.hearing")
    taken_up = as_instant(hearing.get("hearing_on")) if hearing.get("purpose") == "cognizance" else None
    if not is_child or taken_up is None:
        return Prepared()
    return Prepared(
        prefill={"child_evidence_due": local_day(taken_up, context.zone, plus_days=_EVIDENCE_DAYS).isoformat()}
    )


def _conclude_testimony(context: StepContext) -> Concluded:
    ready = all(context.answers.get(name) is True for name in ("court_visit", "screen_or_video", "in_camera_order"))
    ready = ready and bool(as_number(context.answers.get("sessions")))
    return Concluded(facts={"ready_to_testify": ready})


def _conclude_outcome(context: StepContext) -> Concluded:
    at_risk = context.answers.get("release_risk") in _AT_RISK
    facts: dict[str, Scalar] = {"release_risk_high": at_risk}
    appeal_by = as_day(context.answers.get("appeal_by"))
    if appeal_by and context.answers.get("appeal_filed") is not True:
        facts["appeal_ends_at"] = end_of_day(appeal_by, context.zone)
    notes = ("The accused is or will soon be free: look at the safety plan today.",) if at_risk else ()
    return Concluded(facts=facts, notes=notes)


ENGAGE = ask(
    "prosecution.engage",
    title="Engage counsel and explain rights",
    form=forms.EngageForm,
    roles=("lawyer", "case_manager"),
    time_limit="P7D",
    prepare=_prepare_engage,
    conclude=_conclude_engage,
)

STATEMENT = ask(
    "prosecution.statement",
    title="Magistrate statement",
    form=forms.StatementForm,
    roles=("lawyer", "ahtu_officer", "police_liaison"),
    time_limit="P7D",
    prepare=_prepare_statement,
    conclude=_conclude_statement,
)

HEARING = ask(
    "prosecution.hearing",
    title="Hearing",
    form=forms.HearingForm,
    roles=("lawyer", "case_manager"),
    time_limit="PT24H",
    prepare=_prepare_hearing,
    conclude=_conclude_hearing,
)

TESTIMONY = ask(
    "prosecution.testimony",
    title="Testimony preparation",
    form=forms.TestimonyForm,
    roles=("counsellor", "lawyer", "caseworker"),
    time_limit=Law("IN-POCSO-EVID-30D"),
    prepare=_prepare_testimony,
    conclude=_conclude_testimony,
)

OUTCOME = ask(
    "prosecution.outcome",
    title="Judgment and appeal",
    form=forms.OutcomeForm,
    roles=("lawyer", "case_manager"),
    time_limit="PT24H",
    conclude=_conclude_outcome,
)


@automatic(
    "prosecution.calendar",
    title="Make the hearing slip",
    outputs={"has_hearing": OutputSpec(OutputKind.BOOL, default=False), "hearing_at": OutputSpec(OutputKind.INSTANT)},
    documents=(Document("hearing-slip", "Hearing slip"),),
)
def CALENDAR(context: StepContext) -> Completed:  # noqa: N802 - the decorator turns it into a step type
    """Find the next hearing and make a slip with its day that tells nothing of the case."""
    hearing_at = next_hearing(context.earlier("prosecution.hearing"), now=context.now, zone=context.zone)
    if hearing_at is None:
        return Completed(outputs={"has_hearing": False}, notes=("No hearing is to come, as far as written down.",))
    return Completed(outputs={"has_hearing": True, "hearing_at": hearing_at})
