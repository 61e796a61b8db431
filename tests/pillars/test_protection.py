"""The step types of Protection: what they ask, propose, check and print."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.plugin.steps import StepType
from pillars.protection import PILLAR
from pillars.protection.forms import ConsentForm, PlacementForm, SafetyForm, SupportPersonForm, WitnessForm
from pillars.protection.steps import CONSENT, CONSENT_CHECK, HEALTH, PLACEMENT, SAFETY, SUPPORT_PERSON, WITNESS
from tests.pillars.support import (
    NOW,
    FakeContext,
    accepts_its_examples,
    example,
    has_only_open_outputs,
    keeps_the_catalogue,
    problems,
    refuses_gaps_and_strangers,
    render,
)

CATALOGUE = {
    "protection.consent": """
        person:person! kind:choice(consent|assent|guardian|court)! purpose:multi! recipients:multi!
        fields_covered:multi! language:lang! read_aloud:bool! valid_until:date! withdrawn_at:datetime
        best_interest_note:longtext signed:sign!
    """,
    "protection.safety": """
        threats:multi~! threat_source:text^ safe_contacts:text^ code_word:text^ device_checked:bool!
        social_media_checked:bool! location_sharing_off:bool! review_on:date! level:choice!
    """,
    "protection.placement": """
        shelter:org^! legal_basis:choice! order_no:text bed:text admitted_at:datetime! accompanied_children:int!
        gender_fit:bool! language_fit:bool! order_expires:date! review_on:date! own_wish:choice!
    """,
    "protection.health": """
        triage:choice! findings:longtext^~ pregnancy_test_consent:bool~ sti_hiv_consent:bool~ medication:longtext~
        suicide_screen:choice~! follow_up:date! report_to_police_needed:bool!
    """,
    "protection.support_person": """
        role:choice(support_person|guardian|legal_aid|interpreter)! person_assigned:person! assigned_at:datetime!
        court_informed_at:datetime contact:phone^ monthly_report_due:date! conflict_check:bool!
    """,
    "protection.witness": """
        applicant:choice! threat_category:choice(A|B|C) interim_sought:bool! applied_on:date! tar_due:date!
        order_on:date measures:multi~ expires_on:date
    """,
}

CHANGES: dict[str, dict[str, Any]] = {}
END_OF_12_MARCH_IN_INDIA = datetime(2026, 3, 12, 18, 29, 59, tzinfo=UTC)
AGREED: dict[str, Any] = {"valid_until": "2026-03-12", "purpose": ["referral"], "fields_covered": ["name", "contact"]}
ASKED = [step for step in PILLAR.step_types if step.form]


@pytest.mark.parametrize("step", ASKED, ids=lambda step: step.key)
def test_a_form_asks_what_the_catalogue_says_and_takes_good_answers_only(step: StepType) -> None:
    changes = CHANGES.get(step.key, {})
    keeps_the_catalogue(step, CATALOGUE[step.key])
    accepts_its_examples(step, **changes)
    refuses_gaps_and_strangers(step, **changes)
    has_only_open_outputs(step)


@pytest.mark.parametrize("step", ASKED, ids=lambda step: step.key)
def test_a_first_screen_asks_six_required_things_at_most(step: StepType) -> None:
    first = [spec for spec in step.fields if spec.first_bite]
    assert 0 < len(first) <= 6
    assert all(spec.required for spec in first)


def test_whatever_stands_alone_is_not_mixed() -> None:
    assert problems(ConsentForm, example(ConsentForm) | {"fields_covered": ["no_personal_data", "name"]}) == {"*"}
    assert problems(SafetyForm, example(SafetyForm) | {"threats": ["none_known", "debt"]}) == {"*"}


def test_days_and_instants_come_in_order() -> None:
    early = "2026-03-01"
    assert problems(PlacementForm, example(PlacementForm, order_expires=early)) == {"*"}
    assert problems(SupportPersonForm, example(SupportPersonForm, court_informed_at=f"{early}T04:30:00Z")) == {"*"}
    assert problems(WitnessForm, example(WitnessForm, tar_due=early)) == {"*"}
    assert problems(WitnessForm, example(WitnessForm, expires_on=early)) == {"*"}


def test_the_event_time_says_when_the_step_happened() -> None:
    assert PLACEMENT.event_time_field == "admitted_at"
    assert SUPPORT_PERSON.event_time_field == "assigned_at"
    assert CONSENT.event_time_field is None


def test_nothing_of_health_but_what_steers_the_work_can_be_decided_on() -> None:
    assert set(HEALTH.outputs) == {"triage", "report_to_police_needed"}


def test_consent_is_proposed_for_a_year_in_the_language_told_before() -> None:
    assert CONSENT.prepare is not None
    prepared = CONSENT.prepare(FakeContext(before={"reporting.intake": {"language": "as"}}))
    assert prepared.prefill == {"language": "as", "valid_until": "2027-03-10"}


CONSENTS = [
    ({}, True, True),
    ({"valid_until": "2026-03-10"}, True, True),
    ({"valid_until": "2026-03-09"}, False, False),
    ({"withdrawn_at": NOW.isoformat()}, False, False),
    ({"withdrawn_at": (NOW + timedelta(hours=1)).isoformat()}, True, True),
    ({"purpose": ["shelter"]}, True, False),
    ({"fields_covered": ["no_personal_data"]}, True, False),
    ({"fields_covered": []}, True, False),
]


@pytest.mark.parametrize(("changes", "live", "shares"), CONSENTS)
def test_consent_is_checked_for_end_withdrawal_purpose_and_content(
    changes: dict[str, Any], *, live: bool, shares: bool
) -> None:
    assert CONSENT.conclude is not None
    assert CONSENT_CHECK.run is not None
    consent = AGREED | changes
    concluded = CONSENT.conclude(FakeContext(answers=consent))
    assert concluded.facts == {"consent_given": live, "consent_to_share": shares}
    assert concluded.consent.parts == tuple(consent["fields_covered"])
    outputs = CONSENT_CHECK.run(FakeContext(before={"protection.consent": consent})).outputs
    assert (outputs["live"], outputs["covers_sharing"]) == (live, shares)


def test_consent_runs_out_at_the_end_of_its_last_day_where_the_unit_is() -> None:
    assert CONSENT_CHECK.run is not None
    outputs = CONSENT_CHECK.run(FakeContext(before={"protection.consent": AGREED})).outputs
    assert outputs["expires_at"] == END_OF_12_MARCH_IN_INDIA


def test_no_consent_means_no() -> None:
    assert CONSENT_CHECK.run is not None
    done = CONSENT_CHECK.run(FakeContext())
    assert done.outputs == {"live": False, "covers_sharing": False}
    assert len(done.notes) == 1


def test_the_safety_plan_takes_over_the_danger_and_is_looked_at_in_a_week() -> None:
    assert SAFETY.prepare is not None
    prefill = SAFETY.prepare(FakeContext(before={"reporting.triage": {"risk_level": "high"}})).prefill
    assert prefill == {"review_on": "2026-03-17", "level": "high"}


def test_open_points_of_phone_safety_are_counted() -> None:
    assert SAFETY.conclude is not None
    answers = {"device_checked": False, "social_media_checked": True, "location_sharing_off": False}
    assert SAFETY.conclude(FakeContext(answers=answers)).notes == (
        "Points of phone and internet safety still open: 2.",
    )
    assert SAFETY.conclude(FakeContext(answers=dict.fromkeys(answers, True))).notes == ()


def test_the_placement_takes_over_the_order_or_else_the_shelter_that_was_reserved() -> None:
    assert PLACEMENT.prepare is not None
    plan = {"rescue.plan": {"shelter_reserved": "Home One"}}
    order = {"rescue.production": {"placed_at": "Home Two", "order_no": "7/2026"}}
    assert PLACEMENT.prepare(FakeContext(before=plan)).prefill == {"shelter": "Home One", "review_on": "2026-03-17"}
    assert PLACEMENT.prepare(FakeContext(before=plan | order)).prefill == {
        "shelter": "Home Two", "order_no": "7/2026", "review_on": "2026-03-17",
    }  # fmt: skip


def test_a_person_who_wants_to_leave_is_heard_and_the_order_is_watched() -> None:
    assert PLACEMENT.conclude is not None
    answers = {"own_wish": "wants_to_leave", "order_expires": "2026-03-12"}
    concluded = PLACEMENT.conclude(FakeContext(answers=answers))
    assert concluded.facts == {"wants_to_leave": True, "placement_ends_at": END_OF_12_MARCH_IN_INDIA}
    assert len(concluded.notes) == 1
    assert PLACEMENT.conclude(FakeContext(answers=answers | {"own_wish": "unsure"})).notes == ()


def test_urgent_care_seen_at_the_rescue_is_proposed() -> None:
    assert HEALTH.prepare is not None
    urgent = FakeContext(before={"rescue.first_needs": {"medical_urgent": True}})
    assert HEALTH.prepare(urgent).prefill == {"follow_up": "2026-03-17", "triage": "urgent"}
    assert HEALTH.prepare(FakeContext()).prefill == {"follow_up": "2026-03-17"}


def test_a_support_person_reports_in_a_month_and_has_no_tie_to_a_suspect() -> None:
    assert SUPPORT_PERSON.prepare is not None
    assert SUPPORT_PERSON.conclude is not None
    prefill = SUPPORT_PERSON.prepare(FakeContext()).prefill
    assert prefill == {"assigned_at": NOW.isoformat(), "monthly_report_due": "2026-04-10"}
    assert len(SUPPORT_PERSON.conclude(FakeContext(answers={"conflict_check": False})).notes) == 1
    assert SUPPORT_PERSON.conclude(FakeContext(answers={"conflict_check": True})).notes == ()


def test_the_threat_report_is_due_five_working_days_later() -> None:
    assert WITNESS.prepare is not None
    tuesday = WITNESS.prepare(FakeContext()).prefill
    assert tuesday == {"applied_on": "2026-03-10", "tar_due": "2026-03-17"}
    saturday = WITNESS.prepare(FakeContext(now=datetime(2026, 3, 14, 6, tzinfo=UTC))).prefill
    assert saturday["tar_due"] == "2026-03-20"


def test_a_protection_order_lasts_three_months_and_is_renewed_two_weeks_before() -> None:
    assert WITNESS.conclude is not None
    answers = {"order_on": "2026-03-10", "expires_on": "2026-06-10"}
    concluded = WITNESS.conclude(FakeContext(answers=answers))
    assert concluded.notes == ("Ask for a new order by 27 May 2026.",)
    assert concluded.facts["protection_ordered"] is True
    assert concluded.facts["protection_ends_at"] == datetime(2026, 6, 10, 18, 29, 59, tzinfo=UTC)
    too_long = WITNESS.conclude(FakeContext(answers=answers | {"expires_on": "2026-06-11"}))
    assert "An order lasts three months at most: check its end." in too_long.notes
    assert WITNESS.conclude(FakeContext()).facts == {"protection_ordered": False}


@pytest.mark.parametrize(
    ("step", "name"), [(CONSENT, "consent-form"), (SAFETY, "safety-plan")], ids=["consent", "safety"]
)
def test_the_papers_print_with_all_with_little_and_with_nothing(step: StepType, name: str) -> None:
    assert step.form is not None
    assert name in {document.name for document in step.documents}
    for answers in (example(step.form), example(step.form, full=False)):
        assert "C-2026-0001" in render(name, step, answers)
    assert "not recorded" in render(name, step, {})


def test_the_consent_form_says_that_no_is_an_answer() -> None:
    assert "You may say no. You will get help all the same." in render("consent-form", CONSENT, example(ConsentForm))
