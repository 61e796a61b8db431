"""The step types of Protection, what they propose and what they do by themselves."""

from datetime import datetime, timedelta
from typing import Any

from engine.plugin import (
    Asked,
    Completed,
    Concluded,
    Document,
    FollowUp,
    Form,
    Pillar,
    Prepared,
    StepContext,
    automatic,
)
from pillars.protection.forms import ConsentForm, FirstNeeds, HealthForm, SafetyForm, SupportPersonForm, Triage
from pillars.protection.steps.consent import Consent, covers_sharing, is_live
from pillars.protection.steps.staying import Custody, Placement
from pillars.protection.steps.witness import Witness

_FIRST = {"critical": 2}
_LATER = {"critical": 2, "high": 7}
_FIRST_DAYS, _LATER_DAYS = 7, 30
_REVIEW_DAYS = 7
_REPORT_MONTHS = 1
"""Promises of the network, as are the week and the month above: no pack of law has them."""
_URGENT = frozenset({"critical", "high"})
_REVIEW, _IS_URGENT = "Safety plan: review it", '(has(this.level) && this.level in ["critical", "high"])'
_PHONE_POINTS = {
    "device_checked": "the phone",
    "social_media_checked": "the accounts",
    "location_sharing_off": "location sharing",
}


class Safety(
    Asked[SafetyForm],
    key="protection.safety",
    title="Safety plan",
    roles=("caseworker", "counsellor", "case_manager"),
    stays_with=("rescue.first_needs",),
    documents=(Document("safety-plan", "Safety plan", leaves=False),),
    time_limit="PT24H",
    follow_ups={
        "safety_review": FollowUp(
            uses="protection.safety", title=_REVIEW, when=f"!{_IS_URGENT}", due="review_on", opens_before="P0D"
        ),
        "urgent_safety_review": FollowUp(
            uses="protection.safety",
            title=_REVIEW,
            when=_IS_URGENT,
            replaces="safety_review",
            due="review_on",
            opens_before="P0D",
            ladder="high",
        ),
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        before = context.told_before(
            "protection.safety", "level", "threats", "threat_source", "safe_contacts", "code_word"
        )
        told = Prepared.given(
            level=context.earlier("reporting.triage", Triage).risk_level,
            threat_source=context.earlier("rescue.first_needs", FirstNeeds).fear_of,
        )
        prefill = told | before
        days = review_days(str(prefill.get("level", "")), is_first=not before)
        note = "This is a review: ask what has changed, and whether the code word is still safe."
        return Prepared(
            prefill=prefill | {"review_on": (context.today + timedelta(days=days)).isoformat()},
            notes=(note,) if before else (),
        )

    def conclude(self, answers: SafetyForm, context: StepContext) -> Concluded:
        level, review = answers.level or "", answers.review_on
        open_points = [
            words for name, words in _PHONE_POINTS.items() if getattr(answers, name) in (False, Form.NOT_KNOWN)
        ]
        notes = [f"Still open on phone and internet: {', '.join(open_points)}."] if open_points else []
        longest = review_days(level, is_first=not context.earlier("protection.safety", SafetyForm))
        if review is not None and review > context.today + timedelta(days=longest):
            notes.append(f"The review is late for this danger: review the plan within {longest} days.")
        return Concluded(facts={"in_great_danger": level in _URGENT}, notes=tuple(notes))


class Health(
    Asked[HealthForm],
    key="protection.health",
    title="Health and mental-health care",
    roles=("medical_officer", "counsellor"),
    time_limit="PT24H",
    follow_ups={
        "health_visit": FollowUp(
            uses="protection.health", title="Next health visit", due="follow_up", opens_before="P0D"
        ),
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        urgent = Form.perhaps(context.earlier("rescue.first_needs", FirstNeeds).medical_urgent)
        follow_up = (context.today + timedelta(days=_REVIEW_DAYS)).isoformat()
        before = context.told_before("protection.health", "medication")
        return Prepared(
            prefill=before | {"follow_up": follow_up} | ({"triage": "urgent"} if urgent and not before else {})
        )

    def conclude(self, answers: HealthForm, context: StepContext) -> Concluded:
        """Say whom to inform; what was found stays in the record, and no note or fact tells it."""
        must_tell = answers.report_to_police_needed
        notes = (
            ("The law requires the police to be informed: do it today, and record when.",) if must_tell is True else ()
        )
        if must_tell == Form.NOT_KNOWN:
            notes = ("Find out today whether the law requires the police to be informed.",)
        return Concluded(notes=notes)


class SupportPerson(
    Asked[SupportPersonForm],
    key="protection.support_person",
    title="Support person, guardian, legal aid",
    roles=("case_manager", "lawyer"),
    documents=(Document("support-letter", "Letter of appointment"),),
    time_limit="P7D",
    follow_ups={
        "support_report": FollowUp(
            uses="protection.support_person",
            title="Monthly report by the support person",
            each="role",
            due="monthly_report_due",
            opens_before="P3D",
        ),
    },
):
    def prepare(self, context: StepContext) -> Prepared:
        report = StepContext.add_months(context.today, _REPORT_MONTHS).isoformat()
        known = ("role", "person_assigned", "assigned_at", "court_informed_at", "contact")
        before = context.told_before("protection.support_person", *known)
        return Prepared(prefill={"assigned_at": context.now.isoformat()} | before | {"monthly_report_due": report})

    def conclude(self, answers: SupportPersonForm, context: StepContext) -> Concluded:
        notes = []
        if answers.conflict_check in (False, Form.NOT_KNOWN):
            notes.append("A tie to a suspect is not ruled out: check before they meet.")
        if answers.role == "support_person" and not answers.court_informed_at:
            notes.append("Inform the court within 24 hours who the support person is.")
        return Concluded(facts={"has_support": True}, notes=tuple(notes))


@automatic(
    "protection.consent_check",
    title="Check that consent covers sharing",
    outputs={
        "live": False,
        "covers_sharing": False,
        "expires_at": datetime,
    },
)
def consent_check(context: StepContext) -> Completed:
    """Check that the latest consent is still good today and allows sharing with others; no consent means no."""
    consent = context.earlier("protection.consent", ConsentForm)
    live = is_live(context, consent)
    shares = live and covers_sharing(consent)
    until = consent.valid_until
    ending: dict[str, Any] = {"expires_at": context.end_of(until)} if until else {}
    note = "No consent covers sharing now: ask the person, or name the legal ground."
    return Completed(
        outputs={"live": live, "covers_sharing": shares} | ending,
        facts={"consent_given": live, "consent_to_share": shares},
        notes=() if shares else (note,),
    )


def review_days(level: str, *, is_first: bool) -> int:
    """Return the days until the next review: a week at most after the first plan, a month after later ones.

    This is a target of the programme; no law sets it.
    """
    return _FIRST.get(level, _FIRST_DAYS) if is_first else _LATER.get(level, _LATER_DAYS)


PILLAR = Pillar(
    key="protection",
    name="Protection",
    letter="P",
    summary=(
        "Keep the person alive, safe, private and in control of their own choices, from the first hour to the end of "
        "the trial."
    ),
    step_types=(
        Consent,
        consent_check,
        Safety,
        Placement,
        Custody,
        Health,
        SupportPerson,
        Witness,
    ),
)
