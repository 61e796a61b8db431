"""The step types of Protection, what they propose and what they do by themselves."""

from datetime import date, timedelta

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
from engine.plugin.values import add_months, as_day, end_of_day, local_day
from pillars.protection import forms
from pillars.protection.consent import covers_sharing, given_in, is_live

_CONSENT_MONTHS = 12
_REVIEW_DAYS = 7
_REPORT_MONTHS = 1
_REPORT_WORKING_DAYS = 5
_ORDER_MONTHS = 3
_RENEW_BEFORE_DAYS = 14
_SATURDAY = 5


def _today(context: StepContext) -> date:
    return local_day(context.now, context.zone)


def _language(context: StepContext) -> dict[str, JsonAnswer]:
    told = context.earlier("rescue.first_needs").get("language") or context.earlier("reporting.intake").get("language")
    return {"language": told} if told else {}


def _prepare_consent(context: StepContext) -> Prepared:
    valid_until = add_months(_today(context), _CONSENT_MONTHS).isoformat()
    note = "Ask again for each new purpose. A no is an answer like any other: end the step as refused."
    return Prepared(prefill=_language(context) | {"valid_until": valid_until}, notes=(note,))


def _conclude_consent(context: StepContext) -> Concluded:
    live = is_live(context.answers, now=context.now, zone=context.zone)
    facts = {"consent_given": live, "consent_to_share": live and covers_sharing(context.answers)}
    return Concluded(facts=facts, consent=given_in(context.answers, now=context.now))


def _prepare_safety(context: StepContext) -> Prepared:
    review = (_today(context) + timedelta(days=_REVIEW_DAYS)).isoformat()
    risk = context.earlier("reporting.triage").get("risk_level")
    return Prepared(prefill={"review_on": review} | ({"level": risk} if risk else {}))


def _conclude_safety(context: StepContext) -> Concluded:
    open_points = [
        name
        for name in ("device_checked", "social_media_checked", "location_sharing_off")
        if context.answers.get(name) is False
    ]
    notes = (f"Points of phone and internet safety still open: {len(open_points)}.",) if open_points else ()
    return Concluded(notes=notes)


def _prepare_placement(context: StepContext) -> Prepared:
    production = context.earlier("rescue.production")
    shelter = production.get("placed_at") or context.earlier("rescue.plan").get("shelter_reserved")
    told: dict[str, JsonAnswer] = {"shelter": shelter, "order_no": production.get("order_no")}
    review = (_today(context) + timedelta(days=_REVIEW_DAYS)).isoformat()
    return Prepared(prefill={name: answer for name, answer in told.items() if answer} | {"review_on": review})


def _conclude_placement(context: StepContext) -> Concluded:
    wants_to_leave = context.answers.get("own_wish") == "wants_to_leave"
    notes = (
        ("The person wants to leave. An adult may not be kept without an order: ask the lawyer today.",)
        if wants_to_leave
        else ()
    )
    facts: dict[str, Scalar] = {"wants_to_leave": wants_to_leave}
    return Concluded(facts=facts | _ending(context, "order_expires", "placement_ends_at"), notes=notes)


def _ending(context: StepContext, answer: str, fact: str) -> dict[str, Scalar]:
    day = as_day(context.answers.get(answer))
    return {fact: end_of_day(day, context.zone)} if day else {}


def _prepare_health(context: StepContext) -> Prepared:
    urgent = context.earlier("rescue.first_needs").get("medical_urgent") is True
    follow_up = (_today(context) + timedelta(days=_REVIEW_DAYS)).isoformat()
    return Prepared(prefill={"follow_up": follow_up} | ({"triage": "urgent"} if urgent else {}))


def _prepare_support(context: StepContext) -> Prepared:
    report = add_months(_today(context), _REPORT_MONTHS).isoformat()
    return Prepared(prefill={"assigned_at": context.now.isoformat(), "monthly_report_due": report})


def _conclude_support(context: StepContext) -> Concluded:
    unchecked = context.answers.get("conflict_check") is False
    return Concluded(notes=("A tie to a suspect is not ruled out: check before they meet.",) if unchecked else ())


def _prepare_witness(context: StepContext) -> Prepared:
    today = _today(context)
    prefill: dict[str, JsonAnswer] = {
        "applied_on": today.isoformat(),
        "tar_due": _after_working_days(today, _REPORT_WORKING_DAYS).isoformat(),
    }
    note = "The report day leaves out Saturdays and Sundays, but not holidays. Correct it when the order is made."
    return Prepared(prefill=prefill, notes=(note,))


def _after_working_days(day: date, days: int) -> date:
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < _SATURDAY
    return day


def _conclude_witness(context: StepContext) -> Concluded:
    ordered, expires = (as_day(context.answers.get(name)) for name in ("order_on", "expires_on"))
    notes = []
    if expires:
        notes.append(f"Ask for a new order by {expires - timedelta(days=_RENEW_BEFORE_DAYS):%d %b %Y}.")
    if ordered and expires and expires > add_months(ordered, _ORDER_MONTHS):
        notes.append("An order lasts three months at most: check its end.")
    facts: dict[str, Scalar] = {"protection_ordered": ordered is not None}
    return Concluded(facts=facts | _ending(context, "expires_on", "protection_ends_at"), notes=tuple(notes))


CONSENT = ask(
    "protection.consent",
    title="Consent or assent",
    form=forms.ConsentForm,
    roles=("caseworker", "counsellor", "case_manager"),
    documents=(Document("consent-form", "Consent form"),),
    prepare=_prepare_consent,
    conclude=_conclude_consent,
)

SAFETY = ask(
    "protection.safety",
    title="Safety plan",
    form=forms.SafetyForm,
    roles=("caseworker", "counsellor", "case_manager"),
    documents=(Document("safety-plan", "Safety plan"),),
    time_limit="PT24H",
    prepare=_prepare_safety,
    conclude=_conclude_safety,
)

PLACEMENT = ask(
    "protection.placement",
    title="Shelter placement",
    form=forms.PlacementForm,
    roles=("shelter_manager", "case_manager", "caseworker"),
    time_limit="PT4H",
    prepare=_prepare_placement,
    conclude=_conclude_placement,
)

HEALTH = ask(
    "protection.health",
    title="Health and mental-health care",
    form=forms.HealthForm,
    roles=("medical_officer", "counsellor"),
    time_limit="PT24H",
    prepare=_prepare_health,
)

SUPPORT_PERSON = ask(
    "protection.support_person",
    title="Support person, guardian, legal aid",
    form=forms.SupportPersonForm,
    roles=("case_manager", "lawyer"),
    time_limit="P7D",
    prepare=_prepare_support,
    conclude=_conclude_support,
)

WITNESS = ask(
    "protection.witness",
    title="Witness protection application",
    form=forms.WitnessForm,
    roles=("lawyer", "ahtu_officer", "police_liaison"),
    time_limit=Law("IN-WPS-TAR"),
    prepare=_prepare_witness,
    conclude=_conclude_witness,
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
    outputs: dict[str, Scalar] = {"live": live, "covers_sharing": live and covers_sharing(consent)}
    until = as_day(consent.get("valid_until"))
    notes = (
        ()
        if outputs["covers_sharing"]
        else ("No consent covers sharing now: ask the person, or name the legal ground.",)
    )
    return Completed(outputs=outputs | ({"expires_at": end_of_day(until, context.zone)} if until else {}), notes=notes)
