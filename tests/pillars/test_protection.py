"""The step types of Protection: what they ask, propose, check and print."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.core.commands import Following
from engine.plugin.context import PartnerOffer, local_day
from engine.plugin.fields import specs_of
from pillars.protection.forms import (
    ConsentForm,
    CustodyForm,
    PlacementForm,
    SafetyForm,
    SupportPersonForm,
    WitnessForm,
)
from pillars.protection.steps import (
    Consent,
    Custody,
    Health,
    Placement,
    Safety,
    SupportPerson,
    Witness,
    consent_check,
    review_days,
)
from tests.kit.pillars import (
    NOW,
    FakeContext,
    conclude,
    example,
    person,
    prepare,
    problems,
    render,
    run,
)

END_OF_12_MARCH_IN_INDIA = datetime(2026, 3, 12, 18, 29, 59, tzinfo=UTC)
AGREED: dict[str, Any] = {"valid_until": "2026-03-12", "purpose": ["referral"], "fields_covered": ["name", "contact"]}


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
    assert Placement.step_type.event_time_field == "admitted_at"
    assert SupportPerson.step_type.event_time_field == "assigned_at"
    assert Consent.step_type.event_time_field is None


def test_nothing_of_health_but_what_steers_the_work_can_be_decided_on() -> None:
    assert set(Health.step_type.outputs) == {"triage", "report_to_police_needed"}


def test_consent_is_proposed_for_a_year_in_the_language_told_before() -> None:
    prepared = prepare(Consent, before={"reporting.intake": {"language": "as"}})
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
    consent = AGREED | changes
    concluded = conclude(Consent, consent)
    assert concluded.facts == {"consent_given": live, "consent_to_share": shares}
    assert concluded.consent.parts == tuple(consent["fields_covered"])
    outputs = run(consent_check, before={"protection.consent": consent}).outputs
    assert (outputs["live"], outputs["covers_sharing"]) == (live, shares)


def test_consent_runs_out_at_the_end_of_its_last_day_where_the_unit_is() -> None:
    outputs = run(consent_check, before={"protection.consent": AGREED}).outputs
    assert outputs["expires_at"] == END_OF_12_MARCH_IN_INDIA


def test_no_consent_means_no() -> None:
    done = run(consent_check)
    assert done.outputs == {"live": False, "covers_sharing": False}
    assert len(done.notes) == 1


def test_the_safety_plan_takes_over_the_danger_and_is_looked_at_in_a_week() -> None:
    prefill = prepare(Safety, before={"reporting.triage": {"risk_level": "high"}}).prefill
    assert prefill == {"review_on": "2026-03-17", "level": "high"}


def test_open_points_of_phone_safety_are_named() -> None:
    answers = {"device_checked": False, "social_media_checked": True, "location_sharing_off": False}
    assert conclude(Safety, answers).notes == ("Still open on phone and internet: the phone, location sharing.",)
    assert conclude(Safety, dict.fromkeys(answers, True)).notes == ()


def test_the_placement_takes_over_the_order_or_else_the_shelter_that_was_reserved() -> None:
    plan = {"rescue.plan": {"shelter_reserved": "Home One"}}
    order = {"rescue.production": {"placed_at": "Home Two", "order_no": "7/2026"}}
    assert prepare(Placement, before=plan).prefill == {
        "shelter": "Home One",
        "review_on": "2026-03-17",
    }
    assert prepare(Placement, before=plan | order).prefill == {
        "shelter": "Home Two", "order_no": "7/2026", "review_on": "2026-03-17",
    }  # fmt: skip


def test_a_person_who_wants_to_leave_is_heard_and_the_order_is_watched() -> None:
    answers = {"own_wish": "wants_to_leave", "order_expires": "2026-03-12", "legal_basis": "court_order"}
    concluded = conclude(Placement, answers)
    assert concluded.facts == {"wants_to_leave": True, "placement_ends_at": END_OF_12_MARCH_IN_INDIA}
    assert len(concluded.notes) == 1
    assert conclude(Placement, answers | {"own_wish": "unsure"}).notes == ()


def test_urgent_care_seen_at_the_rescue_is_proposed() -> None:
    urgent = FakeContext(before={"rescue.first_needs": {"medical_urgent": True}})
    assert prepare(Health, urgent).prefill == {"follow_up": "2026-03-17", "triage": "urgent"}
    assert prepare(Health).prefill == {"follow_up": "2026-03-17"}


def test_a_support_person_reports_in_a_month_and_has_no_tie_to_a_suspect() -> None:
    prefill = prepare(SupportPerson).prefill
    assert prefill == {"assigned_at": NOW.isoformat(), "monthly_report_due": "2026-04-10"}
    assert len(conclude(SupportPerson, {"conflict_check": False}).notes) == 1
    assert conclude(SupportPerson, {"conflict_check": True}).notes == ()


def test_the_threat_report_is_due_five_working_days_later() -> None:
    tuesday = prepare(Witness).prefill
    assert tuesday == {"applied_on": "2026-03-10", "tar_due": "2026-03-17"}
    saturday = prepare(Witness, now=datetime(2026, 3, 14, 6, tzinfo=UTC)).prefill
    assert saturday["tar_due"] == "2026-03-20"


def test_a_protection_order_lasts_three_months_and_is_renewed_two_weeks_before() -> None:
    answers = {"order_on": "2026-03-10", "expires_on": "2026-06-10"}
    concluded = conclude(Witness, answers)
    assert concluded.notes == ("Ask for a new order by 27 May 2026.",)
    assert concluded.facts["protection_ordered"] is True
    assert concluded.facts["protection_ends_at"] == datetime(2026, 6, 10, 18, 29, 59, tzinfo=UTC)
    too_long = conclude(Witness, answers | {"expires_on": "2026-06-11"})
    assert "An order lasts 3 months at most: check its end." in too_long.notes
    assert conclude(Witness).facts == {"protection_ordered": False}
    assert said(concluded.follow_ups) == {
        "witness_order": ("protection.witness", "high"), "threat_report": None, "order_awaited": None,
    }  # fmt: skip
    assert day_of(concluded.follow_ups, "witness_order") == ("2026-05-27", "2026-06-10")


@pytest.mark.parametrize(("ordered", "since"), [
    ("2026-03-10", NOW), ("2026-03-05", datetime(2026, 3, 5, 18, 29, 59, tzinfo=UTC)),
])  # fmt: skip
def test_a_protection_order_of_which_nobody_told_the_end_lasts_as_long_as_the_law_lets_it(
    ordered: str, since: datetime
) -> None:
    [renewal] = [one for one in conclude(Witness, {"order_on": ordered}).follow_ups if not one.is_over]
    assert (renewal.uses, renewal.law, renewal.from_at) == ("protection.witness", "IN-WPS-REVIEW", since)
    assert renewal.opens_at is not None
    assert timedelta(days=76) <= renewal.opens_at - since <= timedelta(days=78)
    abroad = conclude(Witness, {"order_on": ordered}, jurisdiction="NP").follow_ups
    assert [one for one in abroad if not one.is_over] == []


@pytest.mark.parametrize(("answers", "before", "is_awaited"), [
    ({"threat_category": "B"}, {}, True), ({}, {}, False),
    ({"threat_category": "B", "order_on": "2026-03-10"}, {}, False),
    ({"threat_category": "B"}, {"threat_category": "B"}, False),
])  # fmt: skip
def test_an_order_of_protection_is_asked_for_once_the_threat_report_is_there(
    answers: dict[str, Any], before: dict[str, Any], *, is_awaited: bool
) -> None:
    told = conclude(Witness, answers, before={"protection.witness": before})
    [order] = [one for one in told.follow_ups if one.name == "order_awaited"]
    assert (order.is_over, order.due_at) == (not is_awaited, NOW + timedelta(days=7) if is_awaited else None)


@pytest.mark.parametrize(("jurisdiction", "answers", "is_watched"), [
    ("IN-NL", {}, True),
    ("IN-NL", {"threat_category": "A"}, False),
    ("IN-NL", {"order_on": "2026-03-10"}, False),
    ("BD", {}, False),
])  # fmt: skip
def test_the_threat_report_is_watched_by_the_law_of_india_until_it_is_there(
    jurisdiction: str, answers: dict[str, Any], *, is_watched: bool
) -> None:
    watches = conclude(Witness, answers, jurisdiction=jurisdiction).follow_ups
    found = next(one for one in watches if one.name == "threat_report")
    assert (found.law, found.is_over) == (("IN-WPS-TAR", False) if is_watched else ("", True))


def test_the_time_for_the_threat_report_runs_from_the_order_and_else_from_the_application() -> None:
    asked = {"applied_on": "2026-03-05"}
    for answers, since in (
        (asked, datetime(2026, 3, 5, 18, 29, 59, tzinfo=UTC)),
        (asked | {"report_ordered_at": "2026-03-09T06:00:00Z"}, datetime(2026, 3, 9, 6, tzinfo=UTC)),
    ):
        watches = conclude(Witness, answers, jurisdiction="IN-NL").follow_ups
        [found] = [one for one in watches if one.name == "threat_report"]
        assert found.from_at == since
    told = {"protection.witness": {"report_ordered_at": "2026-03-09T06:00:00Z"}}
    assert prepare(Witness, before=told).prefill["tar_due"] == "2026-03-16"


@pytest.mark.parametrize(("before", "answers", "is_asked"), [
    ({}, {}, True),
    ({"applied_on": "2026-03-02"}, {}, False),
    ({"applied_on": "2026-03-02"}, {"report_ordered_at": "2026-03-09T06:00:00Z"}, True),
    ({"applied_on": "2025-12-02", "order_on": "2025-12-09"}, {}, True),
], ids=["asked for", "done: it has come", "ordered only now", "a new order is asked for"])  # fmt: skip
def test_a_threat_report_is_asked_for_again_only_when_another_one_is_to_come(
    before: dict[str, Any], answers: dict[str, Any], *, is_asked: bool
) -> None:
    watches = conclude(Witness, answers, jurisdiction="IN-NL", before={"protection.witness": before}).follow_ups
    assert [one.is_over for one in watches if one.name == "threat_report"] == [not is_asked]


def said(watches: tuple[Following, ...]) -> dict[str, tuple[str, str] | None]:
    """Return what is watched: by name, the step type and the ladder; None for what is watched no longer."""
    return {one.name: None if one.is_over else (one.uses, one.ladder) for one in watches}


def day_of(watches: tuple[Following, ...], name: str) -> tuple[str, str]:
    """Return the days in India on which a watch opens and falls due."""
    found = next(one for one in watches if one.name == name)
    assert found.opens_at is not None
    assert found.due_at is not None
    return (str(local_day(found.opens_at, "Asia/Kolkata")), str(local_day(found.due_at, "Asia/Kolkata")))


@pytest.mark.parametrize(("until", "opens", "due"), [
    ("2027-03-10", "2027-02-24", "2027-03-10"),
    ("2026-03-20", "2026-03-15", "2026-03-20"),
], ids=["two weeks before", "half way"])  # fmt: skip
def test_consent_is_asked_for_again_before_it_ends_and_looked_at_when_it_has(until: str, opens: str, due: str) -> None:
    watches = conclude(Consent, AGREED | {"valid_until": until}).follow_ups
    assert day_of(watches, "consent_end") == (opens, due)
    ends, over = watches
    assert over.uses == "protection.consent_check"
    assert ends.due_at is not None
    assert over.opens_at == ends.due_at + timedelta(seconds=1)


@pytest.mark.parametrize("changes", [{"withdrawn_at": NOW.isoformat()}, {"valid_until": "2026-03-09"}])
def test_a_consent_that_is_over_is_watched_no_longer(changes: dict[str, Any]) -> None:
    watches = conclude(Consent, AGREED | changes).follow_ups
    assert said(watches) == {"consent_end": None, "consent_over": None}


def test_the_check_turns_the_facts_of_consent_when_it_has_run_out() -> None:
    later = FakeContext(now=END_OF_12_MARCH_IN_INDIA + timedelta(seconds=1), before={"protection.consent": AGREED})
    assert run(consent_check, later).facts == {"consent_given": False, "consent_to_share": False}
    before = FakeContext(now=END_OF_12_MARCH_IN_INDIA, before={"protection.consent": AGREED})
    assert run(consent_check, before).facts == {"consent_given": True, "consent_to_share": True}


@pytest.mark.parametrize(("level", "is_first", "days"), [
    ("critical", True, 2), ("high", True, 7), ("medium", True, 7), ("low", True, 7), ("critical", False, 2),
    ("high", False, 7), ("medium", False, 30), ("low", False, 30),
])  # fmt: skip
def test_the_greater_the_danger_the_sooner_a_plan_is_looked_at_again(level: str, *, is_first: bool, days: int) -> None:
    assert review_days(level, is_first=is_first) == days


@pytest.mark.parametrize(("level", "ladder", "danger"), [
    ("critical", "high", True), ("high", "high", True), ("medium", "standard", False), ("low", "standard", False),
])  # fmt: skip
def test_each_safety_plan_asks_for_its_next_review(level: str, ladder: str, *, danger: bool) -> None:
    concluded = conclude(Safety, {"level": level, "review_on": "2026-03-12"})
    assert said(concluded.follow_ups) == {"safety_review": ("protection.safety", ladder)}
    assert day_of(concluded.follow_ups, "safety_review") == ("2026-03-12", "2026-03-12")
    assert concluded.facts == {"in_great_danger": danger}
    assert concluded.notes == ()


def test_a_review_that_is_too_late_for_the_danger_is_pointed_out() -> None:
    late = conclude(Safety, {"level": "critical", "review_on": "2026-03-13"})
    assert late.notes == ("The review is late for this danger: review the plan within 2 days.",)


def test_a_review_takes_over_the_plan_and_asks_what_changed() -> None:
    plan = {"level": "low", "threats": ["debt"], "threat_source": "the uncle", "code_word": "mango"}
    prepared = prepare(Safety, before={"protection.safety": plan})
    assert prepared.prefill == plan | {"review_on": "2026-04-09"}
    assert len(prepared.notes) == 1


ADMITTED = "2026-03-09T04:30:00+00:00"
TAKEN_IN: dict[str, Any] = {
    "admitted_at": ADMITTED, "review_on": "2026-03-16", "order_expires": "2026-03-30", "own_wish": "wants_to_stay",
}  # fmt: skip


@pytest.mark.parametrize(("basis", "changes", "wanted"), [
    ("own_wish", {}, {"no_order": None}),
    (
        "magistrate_order",
        {},
        {
            "custody_order": ("protection.custody", "detention-limit"),
            "custody_law": ("protection.custody", "detention-limit"),
            "no_order": None,
        },
    ),
    ("court_order", {}, {"custody_order": ("protection.custody", "detention-limit"), "no_order": None}),
    ("committee_order", {}, {"custody_order": ("protection.custody", "high"), "no_order": None}),
    ("police_emergency", {}, {"no_order": ("protection.custody", "detention-limit")}),
    ("own_wish", {"own_wish": "wants_to_leave"}, {"no_order": ("protection.custody", "detention-limit")}),
    (
        "court_order",
        {"own_wish": "wants_to_leave"},
        {"custody_order": ("protection.custody", "detention-limit"), "no_order": None},
    ),
])  # fmt: skip
def test_a_placement_is_reviewed_and_the_end_of_its_ground_is_watched(
    basis: str, changes: dict[str, Any], wanted: dict[str, Any]
) -> None:
    watches = conclude(Placement, TAKEN_IN | {"legal_basis": basis} | changes).follow_ups
    assert said(watches) == {"placement_review": ("protection.placement", "standard")} | wanted


def test_the_days_of_custody_count_from_the_first_placement_or_the_order_before_it() -> None:
    moved = TAKEN_IN | {"legal_basis": "magistrate_order", "admitted_at": "2026-03-12T04:30:00+00:00"}
    first = TAKEN_IN | {"legal_basis": "magistrate_order"}
    history: dict[str, tuple[dict[str, Any], ...]] = {"protection.placement": (first,)}
    order = {"rescue.production": {"authority": "Magistrate", "produced_at": "2026-03-08T09:30:00+00:00"}}

    def counted_from(context: FakeContext) -> tuple[str, datetime | None]:
        found = next(one for one in conclude(Placement, context).follow_ups if one.name == "custody_law")  # type: ignore[misc]
        return found.law, found.from_at

    assert counted_from(FakeContext(answers=first)) == ("IN-ITPA-10D", datetime.fromisoformat(ADMITTED))
    assert counted_from(FakeContext(answers=moved, history=history)) == (
        "IN-ITPA-10D", datetime.fromisoformat(ADMITTED),
    )  # fmt: skip
    assert counted_from(FakeContext(answers=moved, history=history, before=order)) == (
        "IN-ITPA-10D", datetime(2026, 3, 8, 9, 30, tzinfo=UTC),
    )  # fmt: skip
    abroad = conclude(Placement, first, jurisdiction="NP").follow_ups
    assert "custody_law" not in said(abroad)


@pytest.mark.parametrize(("at_production", "at_placement", "law", "since"), [
    (None, None, "IN-ITPA-10D", "2026-03-08"),
    ("unknown", "unknown", "IN-ITPA-10D", "2026-03-08"),
    ("s17_1", None, "IN-ITPA-10D", "2026-03-08"),
    ("s17_3", None, "IN-ITPA-3W", "2026-03-08"),
    ("s17_1", "s17_3", "IN-ITPA-3W", "2026-03-12"),
    ("s17_3", "s17_4", "IN-ITPA-HOME", "2026-03-12"),
    (None, "s17_4", "IN-ITPA-HOME", "2026-03-12"),
    ("s17_1", "other", "", ""),
])  # fmt: skip
def test_each_sub_section_of_the_order_starts_a_limit_of_its_own(
    at_production: str | None, at_placement: str | None, law: str, since: str
) -> None:
    order = {"authority": "Magistrate", "produced_at": "2026-03-08T09:30:00+00:00", "order_under": at_production}
    first = TAKEN_IN | {"legal_basis": "magistrate_order"}
    now = first | {"admitted_at": "2026-03-12T04:30:00+00:00", "order_under": at_placement}
    context = FakeContext(answers=now, history={"protection.placement": (first,)}, before={"rescue.production": order})
    [found] = [one for one in conclude(Placement, context).follow_ups if one.name == "custody_law"]
    assert (found.law, f"{found.from_at:%Y-%m-%d}" if found.from_at else "") == (law, since)
    assert found.is_over is (not law)


def test_the_form_asks_for_the_sub_section_and_takes_not_known() -> None:
    for form in (PlacementForm, CustodyForm):
        [asked] = [spec for spec in specs_of(form) if spec.name == "order_under"]
        assert list(asked.choices) == ["s17_1", "s17_3", "s17_4", "other", "unknown"]
        assert not asked.required, "what was answered before stays an answer"
    told = {"rescue.production": {"authority": "Magistrate", "order_under": "s17_3"}}
    assert prepare(Placement, before=told).prefill["order_under"] == "s17_3"


def test_the_days_of_custody_count_anew_after_a_release() -> None:
    assert Placement.step_type.history == Custody.step_type.history == ("protection.placement", "protection.custody")
    first = TAKEN_IN | {"legal_basis": "magistrate_order"}
    again = first | {"admitted_at": "2026-04-07T04:30:00+00:00"}
    custody: tuple[dict[str, Any], ...] = (
        {"result": "new_order", "decided_at": "2026-03-16T04:30:00+00:00"},
        {"result": "released", "decided_at": "2026-03-18T04:30:00+00:00"},
    )
    history = {"protection.placement": (first,), "protection.custody": custody}
    order = {"rescue.production": {"authority": "Magistrate", "produced_at": "2026-03-08T09:30:00+00:00"}}
    context = FakeContext(answers=again, history=history, before=order)
    found = next(one for one in conclude(Placement, context).follow_ups if one.name == "custody_law")
    assert found.from_at == datetime(2026, 4, 7, 4, 30, tzinfo=UTC)
    free = FakeContext(answers=again | {"legal_basis": "own_wish"}, history=history, before=order)
    assert "custody_law" not in said(conclude(Placement, free).follow_ups), "nobody is held by an order now"
    placed = history | {"protection.placement": (first, again)}
    assert "Counted from 07 Apr 2026" in " ".join(prepare(Custody, history=placed, before=order).notes)


OVER = {"custody_law": None, "custody_order": None, "no_order": None, "custody_inquiry": None}


@pytest.mark.parametrize(("answers", "wanted", "held", "without_order"), [
    ({"result": "released"}, {"placement_review": None}, False, False),
    (
        {"result": "new_order", "new_end": "2026-03-30"},
        {"custody_order": ("protection.custody", "detention-limit")}, True, False,
    ),
    (
        {"result": "new_order", "new_end": "2026-03-30", "order_under": "s17_3"},
        {
            "custody_law": ("protection.custody", "detention-limit"),
            "custody_order": ("protection.custody", "detention-limit"),
        },
        True, False,
    ),
    ({"result": "home_inquiry"}, {"custody_inquiry": ("protection.custody", "detention-limit")}, True, False),
    ({"result": "still_held"}, {"no_order": ("protection.custody", "detention-limit")}, True, True),
])  # fmt: skip
def test_what_follows_the_end_of_custody(
    answers: dict[str, Any], wanted: dict[str, Any], *, held: bool, without_order: bool
) -> None:
    concluded = conclude(Custody, {"decided_at": ADMITTED} | answers)
    assert said(concluded.follow_ups) == OVER | wanted
    assert concluded.facts == {"is_held": held, "held_without_order": without_order}
    assert len(concluded.notes) == without_order


def test_a_new_order_says_when_it_ends() -> None:
    new = example(CustodyForm, result="new_order")
    assert problems(CustodyForm, new | {"new_end": None}) == {"*"}
    assert problems(CustodyForm, new | {"new_end": "2026-03-08"}) == {"*"}
    assert problems(CustodyForm, new | {"new_end": "2026-03-09"}) == set()


def test_whoever_ends_custody_is_told_since_when_it_counts() -> None:
    placed = {"protection.placement": ({"legal_basis": "magistrate_order", "admitted_at": ADMITTED},)}
    assert "Counted from 09 Mar 2026" in " ".join(prepare(Custody, history=placed).notes)
    assert len(prepare(Custody).notes) == 1
    assert prepare(Custody, history=placed).prefill == {}


def test_a_placement_that_does_not_fit_is_pointed_out() -> None:
    assert len(conclude(Placement, {"gender_fit": False}).notes) == 1
    assert conclude(Placement, {"gender_fit": True, "language_fit": True}).notes == ()


@pytest.mark.parametrize(
    ("authority", "basis"), [("CWC", "committee_order"), ("Magistrate", "magistrate_order"), ("Embassy", None)]
)
def test_the_ground_of_a_placement_is_taken_from_the_authority_that_ordered_it(
    authority: str, basis: str | None
) -> None:
    prefill = prepare(Placement, before={"rescue.production": {"authority": authority}}).prefill
    assert prefill.get("legal_basis") == basis


def test_the_next_health_visit_is_watched_and_nothing_of_health_is_told() -> None:
    answers = {"follow_up": "2026-03-16", "suicide_screen": "acute", "report_to_police_needed": True}
    concluded = conclude(Health, answers)
    assert said(concluded.follow_ups) == {"health_visit": ("protection.health", "standard")}
    assert concluded.facts == {}
    assert not any(word in " ".join(concluded.notes).lower() for word in ("acute", "suicide", "hurt"))
    assert conclude(Health).follow_ups == ()


def test_the_monthly_report_is_watched_and_the_court_is_told_of_a_support_person() -> None:
    answers = {"role": "support_person", "conflict_check": True, "monthly_report_due": "2026-04-10"}
    concluded = conclude(SupportPerson, answers)
    assert day_of(concluded.follow_ups, "support_report_support_person") == ("2026-04-07", "2026-04-10")
    assert concluded.notes == ("Inform the court within 24 hours who the support person is.",)
    told = conclude(SupportPerson, answers | {"court_informed_at": NOW.isoformat()})
    assert told.notes == ()
    assert conclude(SupportPerson, {"role": "interpreter"}).notes == ()


def test_the_consent_form_says_that_no_is_an_answer() -> None:
    assert "You may say no. You will still get help." in render("consent-form", Consent.step_type, example(ConsentForm))


def test_no_paper_of_a_placement_says_where_the_shelter_is() -> None:
    assert "Home Two" not in render("admission-form", Placement.step_type, example(PlacementForm, shelter="Home Two"))
    placed = ({"shelter": "Home Two", "admitted_at": ADMITTED, "legal_basis": "magistrate_order"},)
    petition = render(
        "habeas-petition", Custody.step_type, {},
        all_earlier=FakeContext(history={"protection.placement": placed}).all_earlier,
    )  # fmt: skip
    assert "Home Two" not in petition
    assert "Mon 09 Mar 2026" in petition
    assert "Magistrate order" in petition
    assert "no order known to us" in petition
    assert "no order exists" not in petition
    under = render(
        "habeas-petition", Custody.step_type, {}, earlier=lambda _: {"order_under": "s17_1"}, all_earlier=lambda _: []
    )
    assert "Sub-section of section 17" in under


def test_a_placement_says_which_shelter_has_a_free_bed_for_this_person() -> None:
    def shelter(name: str, free: int | None, *, area: str = "IN-AS", children: bool | None = None) -> PartnerOffer:
        return PartnerOffer(name, ("shelter",), (area,), ("as",), free, children)

    women = shelter("Home for women", 3, children=False)
    homes = (women, shelter("Full", 0), shelter("Unsure", None), shelter("Far", 9, area="IN-KL"), shelter("All", 1))
    [said] = prepare(Placement, directory=homes, persons=(person(age=30),), jurisdiction="IN-AS").notes
    assert "Home for women (3), All (1)." in said
    [of_child] = prepare(Placement, directory=homes, persons=(person(age=12),), jurisdiction="IN-AS").notes
    assert "All (1)." in of_child
    assert "Home for women" not in of_child
    [none] = prepare(Placement, directory=(shelter("Full", 0),), jurisdiction="IN-AS").notes
    assert none.startswith("No shelter of the directory is known to have a free bed here")
    assert prepare(Placement).notes == ()
