"""The step types of repatriation."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from pillars.repatriation.before_return import reminders
from pillars.repatriation.forms import HandoverForm, HomeInvestigationForm, NationalityForm
from pillars.repatriation.steps import Decision, Handover, HomeReport, Nationality, Travel, travel_checklist
from pillars.repatriation.steps.border import Border, BorderForm
from tests.kit.pillars import (
    NEEDED,
    NOW,
    FakeContext,
    conclude,
    example,
    person,
    prepare,
    problems,
    render,
    run,
    said,
    sentences,
)

ACROSS = {
    "crosses": "across", "reason": "A birth paper", "country": "BD", "may_need_asylum": "no", "may_be_stateless": "no",
    "in_danger": "no",
}  # fmt: skip


@pytest.mark.parametrize("name", ["may_need_asylum", "in_danger"])
@pytest.mark.parametrize("answer", ["yes", "unsure", None])
def test_no_country_is_asked_that_could_put_the_person_in_danger(name: str, answer: str | None) -> None:
    assert problems(BorderForm, ACROSS) == set()
    assert problems(BorderForm, ACROSS | {name: answer}) == {"*"}
    assert problems(BorderForm, ACROSS | {name: answer, "crosses": "across_not_asked"}) == set()
    assert problems(BorderForm, ACROSS | {name: answer, "crosses": "not_known"}) == set()


@pytest.mark.parametrize("name", ["country", "may_be_stateless"])
def test_a_country_is_asked_only_when_it_is_said_which_one_and_whether_the_person_may_be_without_one(name: str) -> None:
    assert problems(BorderForm, ACROSS | {name: None}) == {"*"}
    assert problems(BorderForm, {"crosses": "within", "reason": "School papers of Assam"}) == set()


def test_whether_a_case_crosses_a_border_is_asked_of_a_lawyer_or_a_supervisor_and_said_anew_each_time() -> None:
    assert Border.step_type.roles == ("lawyer", "supervisor")
    again = prepare(Border, before={"repatriation.border": ACROSS | {"crosses": "not_known"}})
    assert again.prefill == {name: ACROSS[name] for name in again.prefill}
    assert "crosses" not in again.prefill
    assert any("not known when" in note for note in again.notes)


def test_the_request_for_a_nationality_names_the_country_that_was_looked_at() -> None:
    for country, proposed in (("NP", "NP"), ("other", None)):
        before = {"repatriation.border": ACROSS | {"country": country}}
        assert prepare(Nationality, before=before).prefill.get("claimed_country") == proposed


def test_a_home_is_not_safe_without_conditions_when_the_family_helped_the_traffickers() -> None:
    answers = example(HomeInvestigationForm, family_role_in_trafficking="confirmed", recommendation="safe")
    assert problems(HomeInvestigationForm, answers) == {"*"}
    assert problems(HomeInvestigationForm, answers | {"recommendation": "unsafe"}) == set()


def test_an_answer_cannot_come_before_the_request() -> None:
    assert problems(NationalityForm, example(NationalityForm, reply_on="2026-03-08")) == {"*"}
    assert problems(NationalityForm, example(NationalityForm, result="confirmed", reply_on=None)) == {"*"}
    assert problems(NationalityForm, example(NationalityForm, result="no_answer", reply_on=None)) == set()
    assert problems(HomeInvestigationForm, example(HomeInvestigationForm, visit_on="2026-03-08")) == {"*"}


def test_a_refusal_says_the_rule_and_never_an_answer() -> None:
    answers = example(HandoverForm, tz="Secret Town", first_call_on="2026-03-10T04:30:00+00:00")
    said = sentences(HandoverForm, answers | {"sender_tz": None, "receiver_tz": None})
    assert said == ["Write the time zone as continent and city, such as Asia/Kolkata."]


def test_the_first_call_comes_after_the_handover() -> None:
    early = NEEDED["repatriation.handover"] | {"receiver_signed_at": "2026-03-09T04:00:00+00:00"}
    assert sentences(HandoverForm, example(HandoverForm, **early)) == [
        "The receiving side cannot sign before the handover."
    ]
    early = NEEDED["repatriation.handover"] | {"first_call_on": "2026-03-09T04:30:00+00:00"}
    assert problems(HandoverForm, example(HandoverForm, **early)) == {"*"}


def test_the_handover_proposes_the_units_zone_and_a_call_within_two_days() -> None:
    prefill = prepare(Handover, zone="Asia/Dhaka").prefill
    assert prefill["tz"] == prefill["sender_tz"] == "Asia/Dhaka"
    assert prefill["first_call_on"] == (NOW + timedelta(hours=48)).isoformat()


def test_the_handover_gives_its_instants_as_facts_and_notes_a_late_call() -> None:
    answers = {"at": "2026-05-21T10:00:00+06:00", "first_call_on": "2026-05-24T10:00:00+06:00"}
    concluded = conclude(Handover, answers)
    assert concluded.facts["handed_over_at"] == datetime(2026, 5, 21, 4, tzinfo=UTC)
    assert concluded.notes == ("The first call is later than 48 hours after the handover.",)
    assert concluded.follow_ups[-1].due_at == datetime(2026, 5, 24, 4, tzinfo=UTC)
    in_time = FakeContext(answers=answers | {"first_call_on": "2026-05-22T10:00:00+06:00"})
    assert conclude(Handover, in_time).notes == ()


@pytest.mark.parametrize(("visit", "is_due"), [
    ({}, True),
    ({"mode": "phone", "done_at": "2026-03-07T09:00:00+00:00"}, False),
    ({"mode": "not_reached", "done_at": "2026-03-07T09:00:00+00:00"}, True),
    ({"mode": "phone", "done_at": "2026-03-05T09:00:00+00:00"}, True),
])  # fmt: skip
def test_the_first_call_after_a_handover_that_is_written_down_late_is_due_unless_it_was_made(
    visit: dict[str, str], *, is_due: bool
) -> None:
    answers = {"at": "2026-03-06T10:00:00+05:30", "first_call_on": "2026-03-08T10:00:00+05:30"}
    context = FakeContext(answers=answers, before={"reintegration.visit": visit})
    calls = [one for one in conclude(Handover, context).follow_ups if one.name == "first_call"]
    assert [(one.from_at, one.due_at) for one in calls] == (
        [(datetime(2026, 3, 6, 4, 30, tzinfo=UTC), datetime(2026, 3, 8, 4, 30, tzinfo=UTC))] if is_due else []
    )


@pytest.mark.parametrize(
    ("recommendation", "is_ok"), [("safe", True), ("safe_with_conditions", True), ("unsafe", False)]
)
def test_the_decision_takes_over_what_the_home_report_says(recommendation: str, *, is_ok: bool) -> None:
    prepared = prepare(Decision, before={"repatriation.hir": {"recommendation": recommendation}})
    assert prepared.prefill == {"hir_ok": is_ok}


def test_the_decision_says_when_there_is_no_home_report_yet() -> None:
    prepared = prepare(Decision)
    assert prepared.prefill == {}
    assert prepared.notes == ("There is no home report yet: a return cannot be decided.",)


def test_a_return_against_the_persons_wish_can_be_recorded_but_is_noted() -> None:
    against = {"decision": "return", "wishes_return": "no", "hir_ok": True}
    concluded = conclude(Decision, against)
    assert concluded.facts == {
        "return_decided": True,
        "wishes_return": False,
        "return_is_ordered": True,
        "may_return": False,
    }
    assert len(concluded.notes) == 1
    assert conclude(Decision, against | {"decision": "stay"}).notes == ()


def test_nationality_is_a_fact_only_when_it_was_confirmed() -> None:
    confirmed = conclude(Nationality, {"result": "confirmed", "sent_on": "2026-03-01"})
    waiting = conclude(Nationality, {"sent_on": "2026-03-01"})
    assert confirmed.facts == {"nationality_confirmed": True}
    assert waiting.facts == {"nationality_confirmed": False}
    assert waiting.notes == ("Ask again by 16 Mar 2026.",)


def test_a_request_is_dated_by_the_units_own_day() -> None:
    late_evening = FakeContext(now=datetime(2026, 3, 10, 20, tzinfo=UTC))
    for step, name in ((HomeReport.step_type, "requested_on"), (Nationality.step_type, "sent_on")):
        assert prepare(step, late_evening).prefill[name] == "2026-03-11"


def test_the_travel_checklist_is_ready_only_when_nothing_is_missing() -> None:
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
    assert run(travel_checklist, before=before).outputs == {"is_ready": True, "missing": 0}
    unsure = before | {"repatriation.decision": {"wishes_return": "unsure", "decision": "return"}}
    done = run(travel_checklist, before=unsure)
    assert done.outputs == {"is_ready": False, "missing": 1}
    assert done.notes == ("The person's own wish to return is not recorded.",)
    assert run(travel_checklist).outputs == {"is_ready": False, "missing": 8}


def test_a_child_travels_only_by_an_order() -> None:
    child = (person(age=15),)
    decided = {"wishes_return": "yes", "decision": "return", "hir_ok": True}
    without = run(travel_checklist, before={"repatriation.decision": decided}, persons=child)
    assert "The order that lets the child go home is not recorded." in without.notes
    held = conclude(Decision, decided, persons=child)
    assert held.facts["may_return"] is False
    assert held.notes == ("A child goes home only with an order: record its number.",)
    ordered = conclude(Decision, decided | {"order_no": "12/2026"}, persons=child)
    assert ordered.facts["may_return"] is True
    assert ordered.notes == ()
    adult = conclude(Decision, decided, persons=(person(age=30),))
    assert adult.facts["may_return"] is True


@pytest.mark.parametrize(("changes", "is_safe", "said"), [
    ({"recommendation": "safe"}, True, 0),
    ({"recommendation": "unsafe"}, False, 1),
    ({"recommendation": "safe_with_conditions"}, True, 1),
    ({"recommendation": "safe", "violence_at_home": "unsure", "trafficker_nearby": "yes"}, True, 1),
    ({"recommendation": "safe", "family_role_in_trafficking": "suspected"}, True, 1),
    ({"recommendation": "safe", "community_attitude": "hostile"}, True, 1),
])  # fmt: skip
def test_a_home_report_says_whether_home_is_safe_and_what_speaks_against_it(
    changes: dict[str, Any], said: int, *, is_safe: bool
) -> None:
    concluded = conclude(HomeReport, changes)
    assert concluded.facts == {"home_is_safe": is_safe}
    assert len(concluded.notes) == said


def test_what_was_told_is_confirmed_and_not_asked_again() -> None:
    before: dict[str, dict[str, Any]] = {
        "repatriation.hir": {"visited_by": "a partner", "child_view": "not again", "recommendation": "safe"},
        "repatriation.decision": {"consent_ref": "7", "wishes_return": "yes"},
        "repatriation.travel": {"escort_names": "two", "date": "2026-01-01"},
        "repatriation.nationality": {"claimed_country": "BD", "sent_on": "2026-03-01", "result": None},
    }
    context = FakeContext(before=before)
    for step, taken, anew in (
        (HomeReport.step_type, "visited_by", "child_view"),
        (Decision.step_type, "consent_ref", "wishes_return"),
        (Travel.step_type, "escort_names", "date"),
        (Nationality.step_type, "claimed_country", "result"),
    ):
        prefill = prepare(step, context).prefill
        assert prefill[taken] == before[step.key][taken]
        assert anew not in prefill


@pytest.mark.parametrize(("sent_on", "named"), [
    ("2026-03-01", ["nationality_30", "nationality_60", "nationality_90"]),
    ("2026-02-08", ["nationality_30", "nationality_60", "nationality_90"]),
    ("2026-01-20", ["nationality_30", "nationality_60", "nationality_90"]),
    ("2025-12-20", ["nationality_60", "nationality_90"]),
    ("2025-12-01", ["nationality_90"]),
])  # fmt: skip
def test_a_nationality_is_asked_for_again_after_30_60_and_90_days(sent_on: str, named: list[str]) -> None:
    """Of a request that is written down late, only the last day that has come is asked for, at once."""
    answers = {"claimed_country": "BD", "sent_on": sent_on}
    watches = conclude(Nationality, answers).follow_ups
    assert [one.name for one in watches] == named
    told = FakeContext(answers=answers, before={"repatriation.nationality": answers})
    again = conclude(Nationality, told).follow_ups
    assert [one.name for one in again] == [one.name for one in watches if one.due_at and one.due_at > LAST_MINUTE]
    assert all(one.uses == "repatriation.nationality" and one.ladder == "nationality-delay" for one in watches)


@pytest.mark.parametrize("changes", [{"result": "confirmed"}, {"result": "not_confirmed"}, {"asylum_claim": True}])
def test_nobody_is_asked_again_once_it_is_decided_or_where_the_person_fears_the_country(
    changes: dict[str, Any],
) -> None:
    answers = {"claimed_country": "BD", "sent_on": "2026-03-01"} | changes
    concluded = conclude(Nationality, answers)
    assert len(concluded.follow_ups) == 3
    assert all(one.is_over for one in concluded.follow_ups)
    assert bool(concluded.notes) is (changes.get("result") != "confirmed")


def test_each_reminder_names_a_higher_body_by_the_route_of_the_country() -> None:
    bangladesh = reminders("BD", date(2026, 1, 1))
    assert [one.day for one in bangladesh] == [date(2026, 1, 31), date(2026, 3, 2), date(2026, 4, 1)]
    assert bangladesh[2].body == "the joint India-Bangladesh task force"
    assert reminders("TH", date(2026, 1, 1))[0].body == "the embassy of the country"
    before = {"repatriation.nationality": {"claimed_country": "BD", "sent_on": "2026-01-08", "result": "no_answer"}}
    notes = prepare(Nationality, before=before).notes
    assert notes[1].startswith("60 days without an answer: ask the Ministry of External Affairs")


LAST_MINUTE = datetime(2026, 3, 10, 18, 30, tzinfo=UTC)
"""When the day of the tests ends in India."""
READY = {
    "document": "passport",
    "escort_names": "two",
    "female_escort": True,
    "medical_fit": True,
    "route_secret": True,
    "date": "2026-03-20",
}


def test_the_day_of_the_journey_is_watched_and_what_is_missing_is_said() -> None:
    ready = conclude(Travel, READY)
    assert (ready.facts, ready.notes) == ({"travel_is_ready": True}, ())
    (watch,) = ready.follow_ups
    assert (watch.uses, watch.due_at) == ("repatriation.handover", datetime(2026, 3, 20, 18, 29, 59, tzinfo=UTC))
    abroad = {"repatriation.nationality": {"claimed_country": "BD"}}
    blocked = conclude(Travel, READY | {"female_escort": False}, before=abroad)
    assert blocked.facts == {"travel_is_ready": False}
    assert blocked.notes == (
        "No woman is known to be among the escorts.",
        "The number of the exit permit is not known.",
    )
    for day in (9, 10):
        (watch,) = conclude(Travel, READY | {"date": f"2026-03-{day:02}"}).follow_ups
        assert watch.due_at == datetime(2026, 3, day, 18, 29, 59, tzinfo=UTC)
    handed = {"repatriation.handover": {"at": "2026-03-09T04:30:00+00:00"}}
    assert not conclude(Travel, READY, before=handed).follow_ups


def test_the_journey_says_when_it_crosses_a_border_or_nothing_is_decided() -> None:
    before = {"repatriation.nationality": {"claimed_country": "BD"}, "repatriation.decision": {"decision": "return"}}
    assert any("exit permit" in note for note in prepare(Travel, before=before).notes)
    assert any("No return is decided" in note for note in prepare(Travel).notes)


SIGNED = {
    "at": "2026-03-09T04:30:00+00:00",
    "sender_signed_at": "2026-03-09T10:00:00+05:30",
    "receiver_signed_at": "2026-03-09T10:40:00+06:00",
}


def test_a_handover_is_not_over_before_both_sides_have_signed() -> None:
    one_side = {name: value for name, value in SIGNED.items() if name != "receiver_signed_at"}
    waiting = conclude(Handover, one_side)
    assert waiting.facts["both_receipts_signed"] is False
    (watch,) = waiting.follow_ups
    assert (watch.uses, watch.due_at) == ("repatriation.handover", NOW + timedelta(hours=24))
    asked = prepare(Handover, before={"repatriation.handover": one_side})
    assert asked.prefill["sender_signed_at"] == SIGNED["sender_signed_at"]
    assert asked.notes == ("The receipt of the receiving side is missing.",)
    over = conclude(Handover, SIGNED)
    assert over.facts["both_receipts_signed"] is True
    assert over.facts["receipts_agree"] is True
    assert said(over.follow_ups) == {"second_receipt": None}


@pytest.mark.parametrize("changes", [
    {"receiver_signed_at": "2026-03-10T10:40:00+06:00"},
    {"money_handed": "100", "money_received": "90"},
    {"belongings_complete": False},
    {"condition_agreed": False},
])  # fmt: skip
def test_a_difference_between_the_two_receipts_is_found(changes: dict[str, Any]) -> None:
    concluded = conclude(Handover, SIGNED | changes)
    assert concluded.facts["receipts_agree"] is False
    assert len(concluded.notes) == 1


def test_each_receipt_has_the_time_of_the_side_that_signs_it() -> None:
    answers = SIGNED | {"tz": "Asia/Dhaka", "sender_tz": "Asia/Kolkata"}
    assert "Mon 09 Mar 2026, 10:00 (UTC+05:30, Asia/Kolkata)" in render("handover-receipt", Handover.step_type, answers)
    receiving = render("handover-receipt-receiving", Handover.step_type, answers)
    assert "Mon 09 Mar 2026, 10:40 (UTC+06:00, Asia/Dhaka)" in receiving


def test_the_receipt_shows_the_local_time_on_both_sides() -> None:
    answers = {"at": "2026-05-21T04:00:00+00:00", "tz": "Asia/Dhaka", "sender_tz": "Asia/Kolkata"}
    page = render("handover-receipt", Handover.step_type, answers)
    assert "Thu 21 May 2026, 10:00 (UTC+06:00, Asia/Dhaka)" in page
    assert "Thu 21 May 2026, 09:30 (UTC+05:30, Asia/Kolkata)" in page


@pytest.mark.parametrize("full", [True, False], ids=["full", "minimal"])
def test_papers_print_with_full_and_with_minimal_answers(*, full: bool) -> None:
    for step in (HomeReport.step_type, Nationality.step_type, Travel.step_type, Handover.step_type):
        for document in step.documents:
            page = render(document.name, step, example(step.form, full=full, **NEEDED.get(step.key, {})))
            assert "C-2026-0001" in page
            assert person().name in page
    assert "not recorded" in render("home-investigation-report", HomeReport.step_type, {})
