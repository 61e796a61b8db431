"""The step types of restitution."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from engine.plugin.context import PersonView
from pillars.restitution.forms import AwardForm, EligibilityForm, InterimForm, OffenceSettings, PaymentForm, WagesForm
from pillars.restitution.schemes import bonded_labour_grant, governing_code, open_routes
from pillars.restitution.shares import share
from pillars.restitution.steps import (
    Award,
    Claim,
    Eligibility,
    Interim,
    Payment,
    Wages,
    limit_dates,
    payments,
    split,
)
from tests.kit.pillars import (
    FakeContext,
    OtherLaw,
    conclude,
    example,
    person,
    prepare,
    problems,
    run,
    said,
    sentences,
)

FIR = "policing.fir"


def _limits(offence: str | None, **changes: Any) -> FakeContext:
    before = {FIR: {"offence_date": offence}} if offence else {}
    return FakeContext(before=before, settings=OffenceSettings(), **changes)


def test_the_parts_of_a_payment_are_never_more_than_the_payment() -> None:
    answers = example(PaymentForm, free_part="250.01", fixed_deposit_part="750.00")
    assert sentences(PaymentForm, answers) == [
        "The free part and the deposit together cannot be more than the amount paid."
    ]


@pytest.mark.parametrize(("form", "changes"), [
    (EligibilityForm, {"routes": ["NALSA"], "excluded": ["NALSA"]}),
    (EligibilityForm, {"routes": []}),
    (InterimForm, {"order_on": None, "amount": None}),
    (AwardForm, {"min": "1001", "max": "2000", "reasons_exceed": None}),
    (AwardForm, {"min": "1", "max": "999", "reasons_exceed": None}),
    (InterimForm, {"order_on": "2026-03-10", "paid_on": "2026-03-09"}),
    (AwardForm, {"min": "2", "max": "1"}),
    (AwardForm, {"award_on": "2026-03-10", "appeal_by": "2026-03-09"}),
    (PaymentForm, {"free_part": "0", "fixed_deposit_part": "0", "fd_until": "2026-03-01"}),
    (WagesForm, {"immediate_30k_on": "2026-03-10", "final_on": "2026-03-09"}),
])  # fmt: skip
def test_answers_that_contradict_each_other_are_refused(form: Any, changes: dict[str, Any]) -> None:
    assert problems(form, example(form, **changes)) in ({"*"}, {"routes"})


def test_money_is_never_negative_and_has_no_third_decimal() -> None:
    for wrong in ("-1", "1.005"):
        assert "amount" in problems(AwardForm, example(AwardForm, amount=wrong))


@pytest.mark.parametrize(("offence", "code"), [
    ("2024-06-30", "IPC"), ("2024-07-01", "BNS"), ("2019-01-01", "IPC"), ("2026-01-01", "BNS"),
])  # fmt: skip
def test_the_day_of_the_offence_says_which_code_governs(offence: str, code: str) -> None:
    assert run(limit_dates, _limits(offence)).outputs["governing_code"] == code


def test_the_last_day_to_claim_is_three_years_after_the_offence_to_its_last_second() -> None:
    done = run(limit_dates, _limits("2024-02-29"))
    assert done.outputs == {
        "is_known": True,
        "is_past": False,
        "governing_code": "IPC",
        "last_claim_at": datetime(2027, 2, 28, 18, 29, 59, tzinfo=UTC),
        "first_warning_at": datetime(2026, 2, 28, 18, 29, 59, tzinfo=UTC),
        "second_warning_at": datetime(2026, 8, 29, 18, 29, 59, tzinfo=UTC),
        "third_warning_at": datetime(2027, 1, 29, 18, 29, 59, tzinfo=UTC),
    }
    assert done.notes[0].startswith("Network target, based on NALSA")


def test_an_old_offence_is_past_its_limit() -> None:
    assert run(limit_dates, _limits("2020-01-01")).outputs["is_past"] is True


def test_unknown_limits_are_left_out_and_sent_to_the_lawyer() -> None:
    unknown_day = run(limit_dates, _limits(None))
    other_country = run(limit_dates, _limits("2026-01-01", jurisdiction="NP"))
    assert unknown_day.outputs == {"is_known": False}
    assert other_country.outputs == {"is_known": False, "governing_code": "NP"}
    assert all("ask the lawyer" in done.notes[0] for done in (unknown_day, other_country))


def test_a_workflow_can_name_another_step_that_knows_the_day_of_the_offence() -> None:
    settings = OffenceSettings(from_step="core.ask", from_field="offence_day")
    context = FakeContext(before={"core.ask": {"offence_day": "2025-05-05"}}, settings=settings)
    assert run(limit_dates, context).outputs["is_known"] is True


NALSA: dict[str, dict[str, Any]] = {"restitution.eligibility": {"routes": ["StateVCS", "NALSA"]}}
AWARDED = NALSA | {"restitution.award": {"amount": "100000.00"}}


@pytest.mark.parametrize(("age", "free", "deposit"), [(30, 25_000.0, 75_000.0), (17, 20_000.0, 80_000.0)])
def test_an_award_is_divided_by_age(age: int, free: float, deposit: float) -> None:
    context = FakeContext(before=AWARDED, persons=(person(age=age),))
    outputs = run(split, context).outputs
    assert (outputs["free_part"], outputs["fixed_deposit_part"]) == (free, deposit)


@pytest.mark.parametrize("persons", [(), (person(age=None),), (person(age=30), person(age=12))])
def test_an_award_is_not_divided_when_it_is_not_clear_for_whom(persons: tuple[PersonView, ...]) -> None:
    context = FakeContext(before=AWARDED, persons=persons)
    assert run(split, context).outputs == {"is_known": False}


def test_an_award_is_not_divided_in_a_country_without_a_rule() -> None:
    context = FakeContext(before={"restitution.award": {"amount": "100"}}, persons=(person(age=30),), jurisdiction="MM")
    assert run(split, context).outputs == {"is_known": False}


def test_no_coin_is_lost_when_an_award_is_divided() -> None:
    rule = share(FakeContext(before=NALSA), is_minor=False)
    assert rule.divide(Decimal("100.03")) == (Decimal("25.00"), Decimal("75.03"))


@pytest.mark.parametrize("before", [
    {"restitution.award": {"amount": "100.00"}},
    {"restitution.award": {"amount": "100.00"}, "restitution.eligibility": {"routes": ["POCSO33_8", "StateVCS"]}},
    {"restitution.interim": {"amount": "100.00"}, "restitution.eligibility": {"routes": ["BLSA", "wages"]}},
    NALSA | {"restitution.interim": {"amount": "100.00"}},
], ids=["no route is known", "award by a court", "grant and wages", "interim relief"])  # fmt: skip
def test_only_an_award_of_the_womens_scheme_is_divided(before: dict[str, dict[str, Any]]) -> None:
    context = FakeContext(before=before, persons=(person(age=30),))
    prepared = prepare(Payment, context)
    assert prepared.prefill == {"amount": "100.00"}
    assert "paid whole" in " ".join(prepared.notes)
    assert run(split, context).outputs == {"is_known": False}


@pytest.mark.parametrize(("section", "age", "route"), [("child_labour", 12, "CALPRA"), ("SCST", 30, "SCST")])
def test_a_fund_is_proposed_when_the_fir_names_its_act(section: str, age: int, route: str) -> None:
    fir = {"policing.fir": {"offence_date": "2025-01-31", "sections": [section]}}
    context = FakeContext(persons=(person(age=age),), before=fir)
    assert route in [rule.route for rule in open_routes(context, is_minor=age < 18, offence=None)]
    other = FakeContext(persons=(person(age=age),), before={"policing.fir": {"sections": ["BNS143"]}})
    assert route not in [rule.route for rule in open_routes(other, is_minor=age < 18, offence=None)]


GRANT = {"restitution.award": {"amount": "300000", "route": "BLSA"}, "restitution.wages": {"category": "3L"}}


@pytest.mark.parametrize(("route", "age", "jurisdiction", "parts"), [
    ("NALSA", 30, "IN-AS", ("75000.00", "225000.00")),
    ("NALSA", 12, "IN-AS", ("60000.00", "240000.00")),
    ("BLSA", 30, "IN-AS", ("100000", "200000")),
    ("CALPRA", 12, "IN-AS", ("0.00", "300000.00")),
    ("SCST", 30, "IN-AS", None),
    ("wages", 30, "IN-AS", None),
    ("StateVCS", 30, "IN-AS", None),
    ("POCSO33_8", 12, "IN-AS", None),
    ("NP17", 30, "NP", None),
    ("NPFUND", 30, "NP", None),
    ("BD", 30, "BD", None),
])  # fmt: skip
def test_an_award_is_divided_by_its_own_scheme_whatever_other_routes_are_open(
    route: str, age: int, jurisdiction: str, parts: tuple[str, str] | None
) -> None:
    before = NALSA | GRANT | {"restitution.award": {"amount": "300000", "route": route}}
    prepared = prepare(Payment, FakeContext(before=before, persons=(person(age=age),), jurisdiction=jurisdiction))
    told = (prepared.prefill.get("free_part"), prepared.prefill.get("fixed_deposit_part"))
    assert told == (parts or (None, None))
    assert parts or "a lawyer must confirm it" in prepared.notes[0], "it says how this one is paid"


def test_the_smaller_grant_for_an_adult_man_has_no_annuity() -> None:
    before = GRANT | {"restitution.wages": {"category": "1L"}}
    assert "free_part" not in prepare(Payment, FakeContext(before=before, persons=(person(age=30),))).prefill


def test_a_country_without_an_entry_has_no_code() -> None:
    assert governing_code("TH", date(2026, 1, 1)) is None


def test_the_payment_proposes_the_shares() -> None:
    before = NALSA | {"restitution.award": {"amount": "400000.00"}}
    context = FakeContext(before=before, persons=(person(age=15),))
    prefill = prepare(Payment, context).prefill
    assert prefill == {
        "amount": "400000.00",
        "free_part": "80000.00",
        "fixed_deposit_part": "320000.00",
        "fd_until": "2029-03-10",
    }
    adult = FakeContext(before=before, persons=(person(age=30),))
    assert prepare(Payment, adult).prefill["fd_until"] == "2029-03-10"
    assert prepare(Payment).prefill == {}


def test_a_payment_that_nobody_checked_is_noted() -> None:
    unchecked = conclude(Payment, {"exploited_for_money_check": False})
    assert unchecked.facts == {"was_paid": True}
    assert unchecked.notes
    assert not conclude(Payment, {"exploited_for_money_check": True}).notes


def test_eligibility_proposes_the_last_day_and_makes_it_a_fact() -> None:
    assert prepare(Eligibility, _limits("2025-01-31")).prefill == {"limit_date": "2028-01-31"}
    assert prepare(Eligibility).prefill == {}
    facts = conclude(Eligibility, {"limit_date": "2028-01-31"}).facts
    assert facts == {"last_claim_at": datetime(2028, 1, 31, 18, 29, 59, tzinfo=UTC)}


def test_a_claim_after_the_last_day_is_noted() -> None:
    late = prepare(Claim, before={"restitution.eligibility": {"limit_date": "2026-03-09"}})
    in_time = prepare(Claim, before={"restitution.eligibility": {"limit_date": "2026-03-10"}})
    assert late.notes
    assert not in_time.notes
    assert in_time.prefill == {"filed_on": "2026-03-10", "interim_asked": True}


def test_an_award_below_the_scheme_suggests_an_appeal() -> None:
    low = conclude(Award, {"amount": "1", "min": "2", "appeal_by": "2026-04-01"})
    assert low.facts == {"was_awarded": True, "appeal_by": datetime(2026, 4, 1, 18, 29, 59, tzinfo=UTC)}
    assert low.notes
    none = conclude(Award, {"amount": "0"})
    assert none.facts == {"was_awarded": False}


def test_an_earlier_award_is_pointed_out_before_the_next() -> None:
    assert prepare(Award, before={"restitution.eligibility": {"earlier_awards": "5000"}}).notes
    assert not prepare(Award).notes


def test_wages_below_days_times_rate_are_noted() -> None:
    answers = {"days": 10, "wage_rate": "300", "due": "2999", "release_certificate_no": "x", "final_on": "2026-03-01"}
    assert conclude(Wages, answers).notes
    enough = conclude(Wages, answers | {"due": "3000"})
    assert not enough.notes
    assert enough.facts == {"has_release_certificate": True}


@pytest.mark.parametrize(("age", "offence", "routes"), [
    (30, "2025-01-31", ["NALSA", "StateVCS"]),
    (15, "2025-01-31", ["StateVCS"]),
    (30, "2018-10-01", ["StateVCS"]),
])  # fmt: skip
def test_the_routes_are_proposed_by_age_and_by_the_day_of_the_offence(
    age: int, offence: str, routes: list[str]
) -> None:
    prepared = prepare(Eligibility, _limits(offence, persons=(person(age=age),)))
    assert prepared.prefill["routes"] == routes
    assert any("the code is" in note for note in prepared.notes)


@pytest.mark.parametrize(("jurisdiction", "routes"), [("BD", ["BD"]), ("NP", ["NP17", "NPFUND"])])
def test_other_countries_have_routes_of_their_own(jurisdiction: str, routes: list[str]) -> None:
    found = open_routes(FakeContext(jurisdiction=jurisdiction), is_minor=False, offence=None)
    assert [rule.route for rule in found] == routes


def test_the_scheme_for_women_is_not_proposed_where_its_law_does_not_apply() -> None:
    fir = {"policing.fir": {"offence_date": "2025-01-31"}}
    man = OtherLaw(persons=(person(age=30),), before=fir, times={})
    assert prepare(Eligibility, man).prefill["routes"] == ["StateVCS"]


def test_the_special_court_is_proposed_for_a_child_when_the_fir_names_the_act() -> None:
    fir = {"policing.fir": {"offence_date": "2025-01-31", "sections": ["BNS143", "POCSO"]}}
    child, adult = (FakeContext(persons=(person(age=age),), before=fir) for age in (15, 30))
    assert prepare(Eligibility, child).prefill["routes"] == ["StateVCS", "POCSO33_8"]
    assert prepare(Eligibility, adult).prefill["routes"] == ["NALSA", "StateVCS"]


def test_routes_that_a_lawyer_has_looked_at_are_kept() -> None:
    before = {"restitution.eligibility": {"routes": ["civil"], "earlier_awards": None}}
    prepared = prepare(Eligibility, before=before, persons=(person(age=30),))
    assert prepared.prefill == {"routes": ["civil"]}


def test_the_last_day_to_claim_is_watched_until_the_claim_is_filed() -> None:
    (watch,) = conclude(Eligibility, {"limit_date": "2026-06-10"}).follow_ups
    assert (watch.uses, watch.due_at) == ("restitution.claim", datetime(2026, 6, 10, 18, 29, 59, tzinfo=UTC))
    assert watch.opens_at == datetime(2026, 5, 10, 18, 30, tzinfo=UTC)
    past = conclude(Eligibility, {"limit_date": "2026-03-09"})
    assert not past.follow_ups
    assert past.notes
    filed = conclude(Claim, {"fir_copy": True, "interim_asked": True})
    assert said(filed.follow_ups) == {"last_claim": None}
    assert (filed.facts, filed.notes) == ({"claim_filed": True}, ())


def test_what_a_claim_lacks_is_noted() -> None:
    bare = conclude(Claim, {}, persons=(person(age=15),))
    assert len(bare.notes) == 3


def test_interim_relief_says_what_is_due_by_the_route() -> None:
    before = {"restitution.eligibility": {"routes": ["NALSA", "POCSO33_8", "civil"]}}
    notes = prepare(Interim, before=before).notes
    assert notes[0].startswith("5,000 to 10,000 rupees are due at once")
    assert notes[1].startswith("Interim relief is at least 25 %")
    assert notes[2].startswith("What the court orders is paid within 30 days")
    assert prepare(Interim).notes == ()


def test_ordered_money_is_asked_for_until_it_was_paid() -> None:
    ordered = conclude(Interim, {"order_on": "2026-03-01", "at_least_25pct": False})
    assert ordered.facts == {"interim_paid": False}
    assert ordered.notes
    assert [(one.uses, one.due_at) for one in ordered.follow_ups] == [
        ("restitution.interim", datetime(2026, 3, 31, 18, 29, 59, tzinfo=UTC))
    ]
    long_ago = conclude(Interim, {"order_on": "2025-03-01"})
    assert long_ago.follow_ups[0].due_at == datetime(2026, 4, 9, 18, 29, 59, tzinfo=UTC)
    paid = conclude(Interim, {"order_on": "2026-03-01", "paid_on": "2026-03-09"})
    assert said(paid.follow_ups) == {"interim_paid": None}
    assert paid.facts == {"interim_paid": True}


def test_an_award_watches_for_the_appeal_once_and_for_the_payment() -> None:
    answers = {"amount": "100", "award_on": "2026-03-09", "appeal_by": "2026-04-08"}
    first = conclude(Award, answers)
    assert [one.name for one in first.follow_ups] == ["appeal", "award_paid"]
    again = conclude(Award, answers, before={"restitution.award": answers})
    assert [one.name for one in again.follow_ups] == ["award_paid"]
    paid = conclude(Award, answers, before={"restitution.payment": {"amount": "100"}})
    assert [one.name for one in paid.follow_ups] == ["appeal"]


def test_an_award_without_the_uplift_for_a_child_is_noted() -> None:
    child = FakeContext(answers={"amount": "5", "minor_uplift_50": False}, persons=(person(age=15),))
    assert any("half more" in note for note in conclude(Award, child).notes)
    assert any("half as much again" in note for note in prepare(Award, child).notes)


ORDERED = {
    "restitution.award": {"amount": "100000"},
    "restitution.interim": {"amount": "25000", "paid_on": "2026-01-10"},
}


def test_payments_are_followed_until_nothing_is_missing() -> None:
    history = {"restitution.payment": ({"amount": "60000", "currency": "INR"},)}
    outputs = run(payments, before=ORDERED, history=history).outputs
    assert outputs == {"is_known": True, "sanctioned": 125_000.0, "credited": 85_000.0, "shortfall": 40_000.0}
    assert payments.history == Payment.step_type.history == ("restitution.payment",)


@pytest.mark.parametrize(("before", "history"), [
    ({}, {}),
    (ORDERED, {"restitution.payment": ({"amount": "1", "currency": "INR"}, {"amount": "1", "currency": "USD"})}),
])  # fmt: skip
def test_payments_are_not_added_up_without_an_order_or_across_currencies(before: Any, history: Any) -> None:
    assert run(payments, before=before, history=history).outputs == {"is_known": False}


def test_less_than_was_awarded_is_asked_for_again() -> None:
    answers = {"amount": "60000", "currency": "INR", "paid_on": "2026-03-09", "exploited_for_money_check": True}
    short = conclude(Payment, answers, before=ORDERED)
    assert short.facts == {"was_paid": True, "paid_in_full": False}
    assert [one.name for one in short.follow_ups if not one.is_over] == ["rest_paid"]
    whole = conclude(Payment, answers | {"amount": "100000"}, before=ORDERED)
    assert whole.facts == {"was_paid": True, "paid_in_full": True}
    assert all(one.is_over for one in whole.follow_ups)


def test_a_deposit_without_an_end_is_noted() -> None:
    answers = {"fixed_deposit_part": "5", "exploited_for_money_check": True}
    assert conclude(Payment, answers).notes
    assert not conclude(Payment, answers | {"fd_until": "2029-01-01"}).notes


@pytest.mark.parametrize(("released", "at_once"), [
    (date(2016, 5, 16), None), (date(2022, 1, 26), 20_000), (date(2022, 1, 27), 30_000),
])  # fmt: skip
def test_the_scheme_for_bonded_labour_goes_by_the_day_of_release(released: date, at_once: int | None) -> None:
    grant = bonded_labour_grant("IN-AR", released)
    assert (grant and grant.at_once_up_to) == at_once
    assert grant is None or dict(grant.grants) == {"1L": 100_000, "2L": 200_000, "3L": 300_000}


def test_the_wage_claim_says_what_the_grant_is_and_takes_over_what_was_told() -> None:
    before = {"restitution.wages": {"days": 10, "release_certificate_no": None}}
    prepared = prepare(Wages, before=before)
    assert prepared.prefill == {"days": 10}
    assert prepared.notes[0].startswith(
        "At once: up to 30,000 rupees, or more where the District Magistrate deems fit."
    )
    for said_ in (
        "100,000 for an adult man; 200,000 for a woman or a child; 300,000 for an extreme case",
        "where the District Magistrate deems fit.",
        "at least 125,000 of 200,000 and 200,000 of 300,000 goes into an annuity",
        "a lawyer must confirm it",
    ):
        assert said_ in prepared.notes[0]
    assert prepare(Wages, jurisdiction="NP").notes == ()


@pytest.mark.parametrize(("answers", "before", "due"), [
    ({}, {}, date(2026, 3, 11)),
    ({}, {"restitution.wages": {"days": 1}}, date(2026, 4, 9)),
    ({"immediate_30k_on": "2026-03-09"}, {}, date(2026, 6, 7)),
    ({"immediate_30k_on": "2026-03-09", "final_on": "2026-03-10"}, {}, None),
])  # fmt: skip
def test_the_grant_is_looked_at_until_it_was_paid(answers: Any, before: Any, due: date | None) -> None:
    (watch,) = conclude(Wages, answers, before=before).follow_ups
    assert watch.is_over is (due is None)
    assert (watch.due_at and watch.due_at.date()) == due
