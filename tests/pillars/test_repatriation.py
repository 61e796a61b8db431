"""The step types of repatriation."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine.plugin.steps import StepType
from pillars.repatriation import PILLAR
from pillars.repatriation.forms import HandoverForm, HomeInvestigationForm, NationalityForm
from pillars.repatriation.steps import DECISION, HANDOVER, HOME_REPORT, NATIONALITY, travel_checklist
from tests.pillars.support import (
    NOW,
    FakeContext,
    accepts_its_examples,
    example,
    has_only_open_outputs,
    keeps_the_catalogue,
    person,
    problems,
    refuses_gaps_and_strangers,
    render,
    sentences,
)

CATALOGUE = {
    "repatriation.hir": """
        requested_on:date! visit_on:date! visited_by:person! family_identity:longtext^!
        family_role_in_trafficking:choice~! income_source:text violence_at_home:choice~!
        community_attitude:choice~! trafficker_nearby:choice~!
        school_or_work_option:longtext child_view:longtext^ recommendation:choice(safe|safe_with_conditions|unsafe)!
        photos:file^
    """,
    "repatriation.nationality": """
        claimed_country:country! proof:multi^ sent_to:org! sent_on:date! reply_on:date result:choice
        stateless_risk:bool~! asylum_claim:bool~! legal_advice_on:date!
    """,
    "repatriation.decision": """
        wishes_return:choice! consent_ref:text! hir_ok:bool! pending_evidence_plan:choice! risk_score:int!
        decision:choice(return|stay|third_option)! order_no:text
    """,
    "repatriation.travel": """
        document:choice(passport|travel_permit|temporary)^! exit_permit:text date:date! border_point:text! mode:choice!
        escort_names:text^! female_escort:bool! budget:money! medical_fit:bool~! route_secret:bool!
    """,
    "repatriation.handover": """
        at:datetime! place:geo^! tz:text! received_by:person! receiving_org:org! condition:longtext~!
        belongings:longtext money_handed:money both_signed:sign! first_call_on:datetime!
    """,
}
CHANGES: dict[str, dict[str, Any]] = {
    "repatriation.handover": {
        "tz": "Asia/Dhaka",
        "sender_tz": "Asia/Kolkata",
        "first_call_on": "2026-03-10T04:30:00+00:00",
    }
}
ASKED = [step for step in PILLAR.step_types if step.form]


@pytest.mark.parametrize("step", ASKED, ids=lambda step: step.key)
def test_a_form_asks_what_the_catalogue_says_and_takes_good_answers_only(step: StepType) -> None:
    changes = CHANGES.get(step.key, {})
    keeps_the_catalogue(step, CATALOGUE[step.key])
    accepts_its_examples(step, **changes)
    refuses_gaps_and_strangers(step, **changes)
    has_only_open_outputs(step)


def test_a_home_is_not_safe_without_conditions_when_the_family_helped_the_traffickers() -> None:
    answers = example(HomeInvestigationForm, family_role_in_trafficking="confirmed", recommendation="safe")
    assert problems(HomeInvestigationForm, answers) == {"*"}
    assert problems(HomeInvestigationForm, answers | {"recommendation": "unsafe"}) == set()


def test_an_answer_cannot_come_before_the_request() -> None:
    assert problems(NationalityForm, example(NationalityForm, reply_on="2026-03-08")) == {"*"}
    assert problems(HomeInvestigationForm, example(HomeInvestigationForm, visit_on="2026-03-08")) == {"*"}


def test_a_refusal_says_the_rule_and_never_an_answer() -> None:
    answers = example(HandoverForm, tz="Secret Town", first_call_on="2026-03-10T04:30:00+00:00")
    said = sentences(HandoverForm, answers | {"sender_tz": None})
    assert said == ["Write the time zone as continent and city, such as Asia/Kolkata."]


def test_the_first_call_comes_after_the_handover() -> None:
    early = CHANGES["repatriation.handover"] | {"first_call_on": "2026-03-09T04:30:00+00:00"}
    assert problems(HandoverForm, example(HandoverForm, **early)) == {"*"}


def test_the_handover_proposes_the_units_zone_and_a_call_within_two_days() -> None:
    assert HANDOVER.prepare is not None
    prefill = HANDOVER.prepare(FakeContext(zone="Asia/Dhaka")).prefill
    assert prefill["tz"] == prefill["sender_tz"] == "Asia/Dhaka"
    assert prefill["first_call_on"] == (NOW + timedelta(hours=48)).isoformat()


def test_the_handover_gives_its_instants_as_facts_and_notes_a_late_call() -> None:
    assert HANDOVER.conclude is not None
    answers = {"at": "2026-05-21T10:00:00+06:00", "first_call_on": "2026-05-24T10:00:00+06:00"}
    concluded = HANDOVER.conclude(FakeContext(answers=answers))
    assert concluded.facts["handed_over_at"] == datetime(2026, 5, 21, 4, tzinfo=UTC)
    assert concluded.notes == ("The first call is later than 48 hours after the handover.",)
    in_time = FakeContext(answers=answers | {"first_call_on": "2026-05-22T10:00:00+06:00"})
    assert HANDOVER.conclude(in_time).notes == ()


@pytest.mark.parametrize(
    ("recommendation", "is_ok"), [("safe", True), ("safe_with_conditions", True), ("unsafe", False)]
)
def test_the_decision_takes_over_what_the_home_report_says(recommendation: str, *, is_ok: bool) -> None:
    assert DECISION.prepare is not None
    prepared = DECISION.prepare(FakeContext(before={"repatriation.hir": {"recommendation": recommendation}}))
    assert prepared.prefill == {"hir_ok": is_ok}


def test_the_decision_says_when_there_is_no_home_report_yet() -> None:
    assert DECISION.prepare is not None
    prepared = DECISION.prepare(FakeContext())
    assert prepared.prefill == {}
    assert prepared.notes == ("There is no home report yet: a return cannot be decided.",)


def test_a_return_against_the_persons_wish_can_be_recorded_but_is_noted() -> None:
    assert DECISION.conclude is not None
    against = {"decision": "return", "wishes_return": "no", "hir_ok": True}
    concluded = DECISION.conclude(FakeContext(answers=against))
    assert concluded.facts == {"return_decided": True}
    assert len(concluded.notes) == 1
    assert DECISION.conclude(FakeContext(answers=against | {"decision": "stay"})).notes == ()


def test_nationality_is_a_fact_only_when_it_was_confirmed() -> None:
    assert NATIONALITY.conclude is not None
    confirmed = NATIONALITY.conclude(FakeContext(answers={"result": "confirmed", "sent_on": "2026-03-01"}))
    waiting = NATIONALITY.conclude(FakeContext(answers={"sent_on": "2026-03-01"}))
    assert confirmed.facts == {"nationality_confirmed": True}
    assert waiting.facts == {"nationality_confirmed": False}
    assert waiting.notes == ("Ask again by 16 Mar 2026.",)


def test_a_request_is_dated_by_the_units_own_day() -> None:
    late_evening = FakeContext(now=datetime(2026, 3, 10, 20, tzinfo=UTC))
    for step, name in ((HOME_REPORT, "requested_on"), (NATIONALITY, "sent_on")):
        assert step.prepare is not None
        assert step.prepare(late_evening).prefill[name] == "2026-03-11"


def test_the_travel_checklist_is_ready_only_when_nothing_is_missing() -> None:
    assert travel_checklist.run is not None
    before: dict[str, dict[str, Any]] = {
        "repatriation.hir": {"recommendation": "safe"},
        "repatriation.decision": {"wishes_return": "yes", "decision": "return"},
        "repatriation.travel": {
            "document": "travel_permit",
            "escort_names": "two",
            "female_escort": True,
            "medical_fit": True,
            "route_secret": True,
        },
    }
    assert travel_checklist.run(FakeContext(before=before)).outputs == {"is_ready": True, "missing": 0}
    unsure = before | {"repatriation.decision": {"wishes_return": "unsure", "decision": "return"}}
    done = travel_checklist.run(FakeContext(before=unsure))
    assert done.outputs == {"is_ready": False, "missing": 1}
    assert done.notes == ("The person's own wish to return is not recorded.",)
    assert travel_checklist.run(FakeContext()).outputs == {"is_ready": False, "missing": 8}


def test_the_receipt_shows_the_local_time_on_both_sides() -> None:
    answers = {"at": "2026-05-21T04:00:00+00:00", "tz": "Asia/Dhaka", "sender_tz": "Asia/Kolkata"}
    page = render("handover-receipt", HANDOVER, answers)
    assert "Thu 21 May 2026, 10:00 (UTC+06:00, Asia/Dhaka)" in page
    assert "Thu 21 May 2026, 09:30 (UTC+05:30, Asia/Kolkata)" in page


@pytest.mark.parametrize("full", [True, False], ids=["full", "minimal"])
def test_papers_print_with_full_and_with_minimal_answers(*, full: bool) -> None:
    for step in (HOME_REPORT, HANDOVER):
        assert step.form is not None
        page = render(step.documents[0].name, step, example(step.form, full=full, **CHANGES.get(step.key, {})))
        assert "C-2026-0001" in page
        assert person().name in page
    assert "not recorded" in render("home-investigation-report", HOME_REPORT, {})
