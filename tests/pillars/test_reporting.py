"""The step types of Reporting: what they ask, propose, find and print."""

from datetime import timedelta
from typing import Any

import pytest

from engine.plugin.context import Match as SimilarPerson
from engine.plugin.context import PartnerOffer
from engine.plugin.steps import StepType
from pillars.reporting.forms import IntakeForm, MatchForm, ReferForm, TriageForm
from pillars.reporting.steps import Intake, Mandatory, Match, Missing, Refer, Triage, acknowledge, dedupe
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
    sentences,
)

ELSEWHERE = (
    SimilarPerson(owning_unit="Unit Two", contact="duty phone", kind="victim", score=71),
    SimilarPerson(owning_unit="Unit Three", contact="duty phone", kind="suspect", score=88),
)


def test_the_answer_to_a_match_is_a_fact_because_outcome_is_a_word_of_the_engine() -> None:
    assert set(Match.step_type.outputs) == {"match_type", "match_score", "contact_request"}
    assert conclude(Match, {"outcome": "same"}).facts == {"known_elsewhere": True}
    assert conclude(Match, {"outcome": "unknown"}).facts == {"known_elsewhere": False}


def test_a_report_is_saved_with_six_answers() -> None:
    first = {spec.name for spec in Intake.step_type.fields if spec.first_bite and spec.required}
    assert first == {
        "narrative", "concern", "is_child_suspected", "immediate_danger", "safe_to_call", "consent_to_record",
    }  # fmt: skip
    asked = [spec.name for spec in Intake.step_type.fields if spec.first_bite]
    assert asked[:4] == ["immediate_danger", "safe_to_call", "safe_to_leave_message", "consent_to_record"]
    assert asked[-1] == "narrative"


def test_an_offer_on_the_internet_is_written_down_with_where_it_can_be_found_again() -> None:
    online = example(IntakeForm, full=False, recruited_online=True)
    assert sentences(IntakeForm, online) == ["Name the platform or the address, so that someone can find it again."]
    assert not problems(IntakeForm, online | {"online_platform": "telegram"})
    assert not problems(IntakeForm, online | {"online_url": "https://example.org/offer"})
    assert problems(IntakeForm, online | {"online_platform": "a wall"}) == {"online_platform"}


def test_an_unknown_informant_is_not_written_down_by_name_or_number() -> None:
    form = example(IntakeForm, informant_anonymous=True, informant_name="Lawful Name", informant_phone=None)
    said = sentences(IntakeForm, form)
    assert said == ["Write a name or a number only of a person who does not want to stay anonymous."]
    assert problems(IntakeForm, form | {"informant_name": None}) == set()


@pytest.mark.parametrize("name", ["act_elements", "means_elements"])
def test_none_of_these_cannot_be_chosen_with_something_else(name: str) -> None:
    other = "recruitment" if name == "act_elements" else "threat"
    assert problems(TriageForm, example(TriageForm) | {name: ["none_seen", other]}) == {"*"}
    assert problems(TriageForm, example(TriageForm) | {name: ["none_seen"]}) == set()


def test_a_required_list_names_at_least_one() -> None:
    assert problems(TriageForm, example(TriageForm, exploitation_suspected=[])) == {"exploitation_suspected"}


def test_a_match_is_scored_out_of_100() -> None:
    assert problems(MatchForm, example(MatchForm, match_score=101)) == {"*"}
    assert problems(MatchForm, example(MatchForm, match_score=100)) == set()


def test_a_unit_cannot_accept_and_decline_a_referral() -> None:
    assert problems(ReferForm, example(ReferForm)) == {"*"}
    assert problems(ReferForm, example(ReferForm, accepted_at=None)) == set()


def test_the_receipt_time_is_proposed_and_the_event_time() -> None:
    assert prepare(Intake).prefill == {"received_at": NOW.isoformat()}
    assert Intake.step_type.event_time_field == "received_at"
    assert Mandatory.step_type.event_time_field == "notified_at"


def test_a_report_of_danger_is_proposed_as_critical() -> None:
    in_danger = FakeContext(before={"reporting.intake": {"immediate_danger": True}})
    assert prepare(Triage, in_danger).prefill == {"risk_level": "critical"}
    assert prepare(Triage, before={"reporting.intake": {"immediate_danger": False}}).prefill == {}


def test_the_best_match_is_proposed_for_an_answer() -> None:
    prepared = prepare(Match, matches=ELSEWHERE)
    assert prepared.prefill == {"match_type": "trafficker", "match_score": 88, "owning_unit": "Unit Three"}
    assert prepare(Match).prefill == {}


def test_a_missing_report_takes_over_what_was_told_already() -> None:
    context = FakeContext(
        before={"reporting.intake": {"place_last_seen": "bus stand"}, "policing.fir": {"fir_no": "12/2026"}},
        persons=(person("informant", 40), person("victim", 15)),
    )
    prepared = prepare(Missing, context)
    assert prepared.prefill == {
        "last_seen_place": "bus stand", "fir_no": "12/2026", "missing_name": "Name Withheld", "age": 15,
    }  # fmt: skip
    assert prepare(Missing).prefill == {}


@pytest.mark.parametrize(("jurisdiction", "child", "law"), [
    ("IN-AS", "yes", "JJ32"), ("IN-AS", "no", None), ("BD", "no", "BD17"), ("NP", "yes", "NP5"),
])  # fmt: skip
def test_the_law_to_be_told_under_is_proposed_by_place_and_age(jurisdiction: str, child: str, law: str | None) -> None:
    context = FakeContext(jurisdiction=jurisdiction, before={"reporting.intake": {"is_child_suspected": child}})
    assert prepare(Mandatory, context).prefill.get("law") == law


@pytest.mark.parametrize(("risk", "urgency", "hours"), [
    ("critical", "critical", 4), ("high", "high", 24), ("low", "other", 72), (None, "other", 72),
])  # fmt: skip
def test_a_referral_is_to_be_answered_in_the_time_its_danger_allows(risk: str | None, urgency: str, hours: int) -> None:
    context = FakeContext(before={"reporting.triage": {"risk_level": risk}} if risk else {})
    wanted = {"urgency": urgency, "accept_by": (NOW + timedelta(hours=hours)).isoformat()}
    assert prepare(Refer, context).prefill == wanted


@pytest.mark.parametrize(("urgency", "hours"), [("critical", 4), ("high", 24), ("other", 72), (None, 72)])
def test_another_partner_is_asked_as_soon_as_one_says_no(urgency: str | None, hours: int) -> None:
    [another] = conclude(Refer, {"declined_reason": "no free place", "urgency": urgency}).follow_ups
    assert (another.uses, another.due_at) == ("reporting.refer", NOW + timedelta(hours=hours))
    [none] = conclude(Refer, {"accepted_at": NOW.isoformat(), "urgency": urgency}).follow_ups
    assert none.is_over


def test_matches_tell_only_how_many_and_whom_to_call() -> None:
    done = run(dedupe, matches=ELSEWHERE, persons=(person(),))
    assert done.outputs == {"matches": 2, "has_match": True}
    assert done.matches == ELSEWHERE
    assert "Name Withheld" not in " ".join(done.notes)
    assert run(dedupe).outputs == {"matches": 0, "has_match": False}


def test_the_slip_bears_the_case_number_and_nothing_of_the_case() -> None:
    assert run(acknowledge).outputs == {"made": True}
    slip = render("acknowledgement-slip", acknowledge, {"narrative": "a secret"})
    assert "C-2026-0001" in slip
    assert "Name Withheld" not in slip
    assert "a secret" not in slip


@pytest.mark.parametrize("full", [True, False])
def test_the_notification_letter_names_the_law_and_prints_with_little(*, full: bool) -> None:
    letter = render(
        "notification-letter", Mandatory.step_type, example(Mandatory.step_type.form, full=full, law="JJ32")
    )
    assert "section 32 of the Juvenile Justice" in letter
    assert "Mon 09 Mar 2026, 10:00 (UTC+05:30, Asia/Kolkata)" in letter
    assert "not recorded" in render("notification-letter", Mandatory.step_type, {})


def test_a_draft_bears_a_watermark() -> None:
    assert "DRAFT" in render("notification-letter", Mandatory.step_type, {}, draft=True)
    assert "DRAFT" not in render("notification-letter", Mandatory.step_type, {})


def test_what_a_person_wrote_cannot_become_part_of_the_page() -> None:
    letter = render("notification-letter", Mandatory.step_type, {"notified_body": "<script>alert(1)</script>"})
    assert "<script>" not in letter
    assert "&lt;script&gt;" in letter


@pytest.mark.parametrize(("step", "answers", "notes"), [
    (Intake.step_type, {"immediate_danger": True, "safe_to_call": False, "consent_to_record": "no"}, 3),
    (Intake.step_type, {"immediate_danger": False, "safe_to_call": True, "consent_to_record": "yes"}, 0),
    (Triage.step_type, {"suicidal_risk": True, "medical_need": True, "border_crossing_risk": True}, 3),
    (Triage.step_type, {"trafficker_present": True}, 1),
    (Triage.step_type, {"risk_level": "low"}, 0),
    (Missing.step_type, {"age": 15}, 2),
    (Missing.step_type, {"age": 30, "agent_or_job_offer": "work in a city"}, 2),
    (Missing.step_type, {"age": 15, "fir_no": "1/2026", "trackchild_id": "T"}, 0),
    (Mandatory.step_type, {"child_assent_recorded": "no"}, 1),
    (Mandatory.step_type, {"child_assent_recorded": "yes"}, 0),
    (Refer.step_type, {"declined_reason": "full"}, 1),
    (Refer.step_type, {"accepted_at": NOW.isoformat()}, 0),
])  # fmt: skip
def test_what_must_not_be_forgotten_is_noted_when_a_step_ends(
    step: StepType, answers: dict[str, Any], notes: int
) -> None:
    assert len(conclude(step, answers).notes) == notes


def test_ended_steps_say_facts_that_workflows_may_use() -> None:
    said: dict[str, Any] = {}
    for step, answers in (
        (Intake.step_type, {"is_child_suspected": "unsure"}), (Triage.step_type, {"risk_level": "critical"}),
        (Missing.step_type, {"age": 15}), (Mandatory.step_type, {}),
        (Refer.step_type, {"accepted_at": NOW.isoformat()}),
    ):  # fmt: skip
        said |= conclude(step, answers).facts
    assert said == {
        "may_be_child": True, "triage_is_critical": True, "is_missing": True, "authority_told": True,
        "referral_accepted": True,
    }  # fmt: skip


def test_a_referral_is_told_whom_the_directory_names_in_the_place_of_the_case() -> None:
    here = PartnerOffer("A House", ("shelter", "legal_aid"), ("IN-ML",), ("kha",), 2, True)
    unsaid = PartnerOffer("A Clinic", (), ("IN",), (), None, None)
    away = PartnerOffer("Far House", ("shelter",), ("NP",), (), 5, True)
    notes = prepare(Refer, directory=(here, unsaid, away)).notes
    assert notes == ("The directory names here: A House (shelter, legal aid, 2 free); A Clinic (services not known).",)
    assert prepare(Refer, directory=(away,)).notes == ()
