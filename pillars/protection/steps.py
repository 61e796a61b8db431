"""The step types of Protection, what they propose and what they do by themselves."""

from datetime import timedelta

from engine.plugin import (
    NOT_KNOWN,
    Completed,
    Concluded,
    Document,
    Law,
    OutputKind,
    OutputSpec,
    Prepared,
    Scalar,
    StepContext,
    add_months,
    as_day,
    ask,
    automatic,
    end_of_day,
    given,
    perhaps,
    told_before,
    watch_for_day,
)
from pillars.protection import forms
from pillars.protection.consent import covers_sharing, is_live
from pillars.protection.consent_steps import conclude_consent, prepare_consent
from pillars.protection.days import today_of
from pillars.protection.reviews import review_days
from pillars.protection.staying import conclude_custody, conclude_placement, prepare_custody, prepare_placement
from pillars.protection.witness import conclude_witness, prepare_witness

_REVIEW_DAYS = 7
_REPORT_MONTHS = 1
_REPORT_OPENS_BEFORE_DAYS = 3
"""Promises of the network, as are the week and the month above: no pack of law has them."""
_URGENT = frozenset({"critical", "high"})
_PHONE_POINTS = {
    "device_checked": "the phone",
    "social_media_checked": "the accounts",
    "location_sharing_off": "location sharing",
}


def _prepare_safety(context: StepContext) -> Prepared:
    before = told_before(
        context, "protection.safety", "level", "threats", "threat_source", "safe_contacts", "code_word"
    )
    told = given(
        level=context.earlier("reporting.triage").get("risk_level"),
        threat_source=context.earlier("rescue.first_needs").get("fear_of"),
    )
    prefill = told | before
    days = review_days(str(prefill.get("level", "")), is_first=not before)
    note = "This is a review: ask what has changed, and whether the code word is still safe."
    return Prepared(
        prefill=prefill | {"review_on": (today_of(context) + timedelta(days=days)).isoformat()},
        notes=(note,) if before else (),
    )


def _conclude_safety(context: StepContext) -> Concluded:
    answers = context.answers
    level, review = str(answers.get("level", "")), as_day(answers.get("review_on"))
    open_points = [words for name, words in _PHONE_POINTS.items() if answers.get(name) in (False, NOT_KNOWN)]
    notes = [f"Still open on phone and internet: {', '.join(open_points)}."] if open_points else []
    longest = review_days(level, is_first=not context.earlier("protection.safety"))
    if review is not None and review > today_of(context) + timedelta(days=longest):
        notes.append(f"The review is late for this danger: review the plan within {longest} days.")
    ladder = "high" if level in _URGENT else "standard"
    title = "Safety plan: review it"
    watches = (
        (watch_for_day("safety_review", "protection.safety", title, review, zone=context.zone, ladder=ladder),)
        if review
        else ()
    )
    return Concluded(facts={"in_great_danger": level in _URGENT}, notes=tuple(notes), watches=watches)


def _prepare_health(context: StepContext) -> Prepared:
    urgent = perhaps(context.earlier("rescue.first_needs").get("medical_urgent"))
    follow_up = (today_of(context) + timedelta(days=_REVIEW_DAYS)).isoformat()
    before = told_before(context, "protection.health", "medication")
    return Prepared(prefill=before | {"follow_up": follow_up} | ({"triage": "urgent"} if urgent and not before else {}))


def _conclude_health(context: StepContext) -> Concluded:
    """Watch for the next visit; what was found stays in the record, and no note or fact tells it."""
    must_tell = context.answers.get("report_to_police_needed")
    notes = ("The law requires the police to be informed: do it today, and record when.",) if must_tell is True else ()
    if must_tell == NOT_KNOWN:
        notes = ("Find out today whether the law requires the police to be informed.",)
    day = as_day(context.answers.get("follow_up"))
    watches = (
        (watch_for_day("health_visit", "protection.health", "Next health visit", day, zone=context.zone),)
        if day
        else ()
    )
    return Concluded(notes=notes, watches=watches)


def _prepare_support(context: StepContext) -> Prepared:
    report = add_months(today_of(context), _REPORT_MONTHS).isoformat()
    known = ("role", "person_assigned", "assigned_at", "court_informed_at", "contact")
    before = told_before(context, "protection.support_person", *known)
    return Prepared(prefill={"assigned_at": context.now.isoformat()} | before | {"monthly_report_due": report})


def _conclude_support(context: StepContext) -> Concluded:
    answers, notes = context.answers, []
    if answers.get("conflict_check") in (False, NOT_KNOWN):
        notes.append("A tie to a suspect is not ruled out: check before they meet.")
    if answers.get("role") == "support_person" and not answers.get("court_informed_at"):
        notes.append("Inform the court within 24 hours who the support person is.")
    day = as_day(answers.get("monthly_report_due"))
    title = "Monthly report by the support person"
    watches = (
        (
            watch_for_day(
                f"support_report_{answers.get('role')}", "protection.support_person", title, day,
                zone=context.zone, days_before=_REPORT_OPENS_BEFORE_DAYS,
            ),
        )
        if day
        else ()
    )  # fmt: skip
    return Concluded(facts={"has_support": True}, notes=tuple(notes), watches=watches)


CONSENT = ask(
    "protection.consent",
    title="Consent or assent",
    form=forms.ConsentForm,
    roles=("caseworker", "counsellor", "case_manager"),
    stays_with=("rescue.first_needs",),
    documents=(Document("consent-form", "Consent form", leaves=False),),
    prepare=prepare_consent,
    conclude=conclude_consent,
)

SAFETY = ask(
    "protection.safety",
    title="Safety plan",
    form=forms.SafetyForm,
    roles=("caseworker", "counsellor", "case_manager"),
    stays_with=("rescue.first_needs",),
    documents=(Document("safety-plan", "Safety plan", leaves=False),),
    time_limit="PT24H",
    prepare=_prepare_safety,
    conclude=_conclude_safety,
)

PLACEMENT = ask(
    "protection.placement",
    title="Shelter placement",
    form=forms.PlacementForm,
    roles=("shelter_manager", "case_manager", "caseworker"),
    documents=(Document("admission-form", "Admission form", leaves=False),),
    time_limit="PT4H",
    prepare=prepare_placement,
    conclude=conclude_placement,
    history=("protection.placement", "protection.custody"),
)

CUSTODY = ask(
    "protection.custody",
    title="End of custody",
    form=forms.CustodyForm,
    roles=("lawyer", "case_manager", "shelter_manager"),
    stays_with=("protection.placement",),
    documents=(Document("habeas-petition", "Petition to set the person free", on="prepare"),),
    time_limit=Law("IN-ITPA-10D"),
    prepare=prepare_custody,
    conclude=conclude_custody,
    history=("protection.placement", "protection.custody"),
)

HEALTH = ask(
    "protection.health",
    title="Health and mental-health care",
    form=forms.HealthForm,
    roles=("medical_officer", "counsellor"),
    time_limit="PT24H",
    prepare=_prepare_health,
    conclude=_conclude_health,
)

SUPPORT_PERSON = ask(
    "protection.support_person",
    title="Support person, guardian, legal aid",
    form=forms.SupportPersonForm,
    roles=("case_manager", "lawyer"),
    documents=(Document("support-letter", "Letter of appointment"),),
    time_limit="P7D",
    prepare=_prepare_support,
    conclude=_conclude_support,
)

WITNESS = ask(
    "protection.witness",
    title="Witness protection application",
    form=forms.WitnessForm,
    roles=("lawyer", "ahtu_officer", "police_liaison"),
    stays_with=("prosecution.engage",),
    documents=(Document("witness-application", "Application for witness protection"),),
    time_limit=Law("IN-WPS-TAR"),
    prepare=prepare_witness,
    conclude=conclude_witness,
)


@automatic(
    "protection.consent_check",
    title="Check that consent covers sharing",
    outputs={
        "live": OutputSpec(OutputKind.BOOL, default=False),
        "covers_sharing": OutputSpec(OutputKind.BOOL, default=False),
        "expires_at": OutputSpec(OutputKind.INSTANT),
    },
)
def CONSENT_CHECK(context: StepContext) -> Completed:  # noqa: N802 - the decorator turns it into a step type
    """Check that the latest consent is still good today and allows sharing with others; no consent means no."""
    consent = context.earlier("protection.consent")
    live = is_live(consent, now=context.now, zone=context.zone)
    shares = live and covers_sharing(consent)
    until = as_day(consent.get("valid_until"))
    ending: dict[str, Scalar] = {"expires_at": end_of_day(until, context.zone)} if until else {}
    note = "No consent covers sharing now: ask the person, or name the legal ground."
    return Completed(
        outputs={"live": live, "covers_sharing": shares} | ending,
        facts={"consent_given": live, "consent_to_share": shares},
        notes=() if shares else (note,),
    )
