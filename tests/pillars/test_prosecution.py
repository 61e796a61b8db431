"""The step types of Prosecution: what they ask, propose, find and print."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from pillars.prosecution.forms import HearingForm, HearingSettings, OutcomeForm
from pillars.prosecution.steps import Engage, Hearing, Outcome, Statement, Testimony, calendar
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
    said,
)


def test_the_next_hearing_is_not_on_an_earlier_day() -> None:
    assert problems(HearingForm, example(HearingForm, next_on="2026-03-08")) == {"*"}
    assert problems(HearingForm, example(HearingForm, next_on="2026-03-09")) == set()
    assert problems(HearingForm, example(HearingForm, next_at="2026-03-09T04:29:00Z")) == {"*"}
    assert problems(HearingForm, example(HearingForm, next_on="2026-03-20", next_at="2026-03-22T04:30:00Z")) == {"*"}
    assert problems(HearingForm, example(HearingForm, next_on="2026-03-20", next_at="2026-03-20T04:30:00Z")) == set()


def test_a_court_hall_is_a_few_letters_since_it_goes_into_a_calendar() -> None:
    assert problems(HearingForm, example(HearingForm, court_hall="H" * 40)) == set()
    assert problems(HearingForm, example(HearingForm, court_hall="H" * 41)) == {"*"}


def test_who_was_acquitted_has_no_sentence() -> None:
    free = example(OutcomeForm, result="acquitted", sections_convicted=None, sentence=None, fine=None)
    assert problems(OutcomeForm, free) == set()
    for more in ({"sentence": "a year"}, {"fine": "10.00"}, {"sections_convicted": ["BNS143"]}):
        assert problems(OutcomeForm, free | more) == {"*"}


def test_the_event_time_says_when_the_step_happened() -> None:
    assert Statement.step_type.event_time_field == "date"
    assert Hearing.step_type.event_time_field == "hearing_on"
    assert Outcome.step_type.event_time_field == "told_survivor_at"


def test_the_language_told_last_is_proposed() -> None:
    before = {"reporting.intake": {"language": "as"}, "rescue.first_needs": {"language": "grt"}}
    assert prepare(Engage, before=before).prefill == {
        "appointed_on": "2026-03-10",
        "language": "grt",
    }
    assert prepare(Engage).prefill == {"appointed_on": "2026-03-10"}


@pytest.mark.parametrize(("wish", "goes"), [("yes", True), ("no", False), ("unsure", False), ("not_asked", False)])
def test_only_a_yes_means_that_the_survivor_wants_to_go_to_court(wish: str, *, goes: bool) -> None:
    concluded = conclude(Engage, {"wishes_to_proceed": wish})
    assert concluded.facts == {"wants_court": goes}
    asks_again = wish in {"unsure", "not_asked"}
    assert said(concluded.follow_ups) == {"court_wish": "prosecution.engage" if asks_again else None}


def test_a_second_talk_with_counsel_takes_over_all_but_the_wish() -> None:
    before = {"counsel": "A", "kind": "legal_aid", "appointed_on": "2026-02-01", "wishes_to_proceed": "no"}
    prepared = prepare(Engage, before={"prosecution.engage": before})
    assert prepared.prefill == {"counsel": "A", "kind": "legal_aid", "appointed_on": "2026-02-01"}
    assert len(prepared.notes) == 1


@pytest.mark.parametrize(("status", "notes"), [("asked_for", 1), ("not_asked", 1), ("given", 0), ("sealed", 0)])
def test_a_copy_of_the_statement_is_not_forgotten(status: str, notes: int) -> None:
    concluded = conclude(Statement, {"copy_status": status, "support_person_present": True})
    assert len(concluded.notes) == notes
    assert concluded.facts == {"statement_taken": True}


@pytest.mark.parametrize(
    ("jurisdiction", "section"), [("IN-AS", "BNSS183"), ("NP", "NP6"), ("BD", "BD"), ("MM", "other")]
)
def test_the_law_of_the_statement_is_proposed_by_country(jurisdiction: str, section: str) -> None:
    assert prepare(Statement, jurisdiction=jurisdiction).prefill == {"section": section}


def test_a_survivor_who_stood_alone_is_pointed_out() -> None:
    assert len(conclude(Statement, {"support_person_present": False}).notes) == 1
    assert conclude(Statement, {"support_person_present": True}).notes == ()


def test_a_hearing_takes_over_court_and_number_of_the_last_one() -> None:
    charge = {"policing.chargesheet": {"court": "Special Court"}}
    last = {"prosecution.hearing": {"court": "High Court", "case_no": "SC 4/2026"}}
    assert prepare(Hearing, before=charge).prefill == {"court": "Special Court"}
    assert prepare(Hearing, before=charge | last).prefill == {
        "court": "High Court",
        "case_no": "SC 4/2026",
    }
    said = {"next_at": "2026-03-20T05:00:00Z", "travel_plan": "by train", "attendance_needed": True}
    prepared = prepare(Hearing, before={"prosecution.hearing": said})
    assert prepared.prefill == {"hearing_on": "2026-03-20T05:00:00Z", "travel_plan": "by train"}
    assert len(prepared.notes) == 1


def test_the_next_hearing_is_a_fact_from_the_start_of_its_day() -> None:
    concluded = conclude(Hearing, {"next_on": "2026-03-20"})
    assert concluded.facts == {"next_hearing_at": datetime(2026, 3, 19, 18, 30, tzinfo=UTC), "hearings_put_off": 0}
    assert concluded.notes == ()
    at = conclude(Hearing, {"next_on": "2026-03-20", "next_at": "2026-03-20T05:00:00Z"})
    assert at.facts["next_hearing_at"] == datetime(2026, 3, 20, 5, tzinfo=UTC)
    none = conclude(Hearing)
    assert none.facts == {"hearings_put_off": 0}
    assert none.notes == ("The next hearing is not known: ask the court.",)


OPENS = datetime(2026, 3, 12, 18, 30, tzinfo=UTC)
"""When 13 March begins in India: a week before the hearing."""


@pytest.mark.parametrize(("answers", "opens", "due"), [
    ({"next_on": "2026-03-20"}, OPENS, datetime(2026, 3, 21, 18, 29, 59, tzinfo=UTC)),
    ({"next_at": "2026-03-20T05:00:00Z"}, OPENS, datetime(2026, 3, 21, 5, tzinfo=UTC)),
], ids=["only its day is known", "its time is known"])  # fmt: skip
def test_the_next_hearing_opens_a_week_before_and_is_written_down_within_a_day(
    answers: dict[str, Any], opens: datetime, due: datetime
) -> None:
    hearing = {"hearing_on": "2026-03-09T05:00:00Z", "purpose": "bail"} | answers
    [watch] = conclude(Hearing, hearing).follow_ups
    assert (watch.name, watch.uses) == ("next_hearing", "prosecution.hearing")
    assert (watch.opens_at, watch.due_at) == (opens, due)


def test_a_hearing_without_a_next_one_ends_the_watch() -> None:
    assert said(conclude(Hearing, {"purpose": "judgment"}).follow_ups) == {"next_hearing": None}


PUT_OFF = {"adjourned": True, "hearing_on": "2026-03-01T05:00:00Z", "next_on": "2026-03-20"}


@pytest.mark.parametrize(("earlier", "now", "most", "count", "is_told"), [
    (0, True, 2, 1, False), (1, True, 2, 2, True), (2, True, 2, 3, True), (2, False, 2, 2, False),
    (0, True, 1, 1, True), (3, True, 5, 4, False),
])  # fmt: skip
def test_adjournments_are_counted_and_the_lawyer_is_told_at_the_limit(
    earlier: int, most: Any, count: int, *, now: bool, is_told: bool
) -> None:
    context = FakeContext(
        answers=PUT_OFF | {"adjourned": now}, history={"prosecution.hearing": (PUT_OFF,) * earlier},
        settings=HearingSettings(adjournments=most),
    )  # fmt: skip
    concluded = conclude(Hearing, context)
    assert concluded.facts["hearings_put_off"] == count
    assert any(note.startswith(f"Put off {count} times") for note in concluded.notes) == is_told
    assert problems(HearingSettings, {"adjournments": 0}) == {"adjournments"}


AT = {"cognizance": "2026-02-01T05:00:00Z", "charge": "2026-02-10T05:00:00Z", "arguments": "2026-03-01T05:00:00Z"}
POCSO = {"policing.fir": {"sections": ["POCSO"]}}


@pytest.mark.parametrize(("jurisdiction", "before", "age", "purposes", "wanted"), [
    ("IN-AS", POCSO, 13, ["cognizance"], {"child_evidence": "IN-POCSO-EVID-30D", "trial": "IN-POCSO-TRIAL-1Y"}),
    ("IN-AS", POCSO, 25, ["cognizance"], {}),
    ("IN-AS", {}, 13, ["cognizance"], {}),
    ("IN-AS", {}, 25, ["charge"], {"charge": "IN-CHARGE-60D"}),
    ("IN-AS", {}, 25, ["charge", "arguments"], {"charge": None, "judgment": "IN-JUDG-45D"}),
    ("BD", {}, 13, ["charge"], {"trial": "BD-TRIAL-180WD"}),
    ("BD", {}, 13, ["cognizance"], {}),
    ("NP", POCSO, 13, ["cognizance", "charge", "arguments"], {}),
])  # fmt: skip
def test_what_a_court_must_do_in_time_is_watched_by_the_law_of_its_country(
    jurisdiction: str, before: dict[str, Any], age: int, purposes: list[str], wanted: dict[str, str | None]
) -> None:
    hearings = tuple({"purpose": purpose, "hearing_on": AT[purpose]} for purpose in purposes)
    context = FakeContext(
        jurisdiction=jurisdiction, before=before, persons=(person("victim", age),), answers=hearings[-1],
        history={"prosecution.hearing": hearings[:-1]},
    )  # fmt: skip
    watches = conclude(Hearing, context).follow_ups
    assert said(watches) == {"next_hearing": None} | wanted
    began = {one.name: one.from_at for one in watches if one.law}
    first = {"child_evidence": "cognizance", "trial": purposes[0], "charge": "charge", "judgment": "arguments"}
    assert began == {name: datetime.fromisoformat(AT[first[name]]) for name in began}


def test_time_counts_from_the_first_hearing_for_a_purpose_and_not_from_a_later_one() -> None:
    later = {"purpose": "charge", "hearing_on": "2026-03-09T05:00:00Z"}
    first = {"purpose": "charge", "hearing_on": AT["charge"]}
    watches = conclude(Hearing, later, history={"prosecution.hearing": (first,)}).follow_ups
    [charge] = [one for one in watches if one.name == "charge"]
    assert charge.from_at == datetime(2026, 2, 10, 5, tzinfo=UTC)
    assert charge.opens_at == datetime(2026, 2, 10, 5, tzinfo=UTC) + timedelta(days=45)


@pytest.mark.parametrize(("last", "starts_at", "day"), [
    (
        {"next_at": "2026-03-20T05:00:00Z", "court_hall": "Hall 3"},
        datetime(2026, 3, 20, 5, tzinfo=UTC),
        date(2026, 3, 20),
    ),
    ({"next_on": "2026-03-20", "court_hall": "Hall 3"}, None, date(2026, 3, 20)),
])  # fmt: skip
def test_a_hearing_is_an_appointment_with_its_hall_and_nobodys_name(
    last: dict[str, Any], starts_at: datetime | None, day: date
) -> None:
    found = Hearing.step_type.appointment(FakeContext(before={"prosecution.hearing": last}))
    assert (found.what, found.room, found.starts_at, found.day) == ("Hearing", "Hall 3", starts_at, day)


def test_without_a_hearing_to_come_there_is_no_appointment() -> None:
    assert Hearing.step_type.appointment(FakeContext()) is None
    assert Hearing.step_type.appointment(FakeContext(before={"prosecution.hearing": {"next_on": "2026-03-09"}})) is None


@pytest.mark.parametrize(
    ("age", "purpose", "due"), [(13, "cognizance", "2026-04-08"), (13, "bail", None), (25, "cognizance", None)]
)
def test_a_child_is_to_be_heard_30_days_after_the_court_took_up_the_case(
    age: int, purpose: str, due: str | None
) -> None:
    hearing = {"hearing_on": "2026-03-09T04:30:00Z", "purpose": purpose}
    context = FakeContext(persons=(person("victim", age),), history={"prosecution.hearing": (hearing,)})
    assert prepare(Testimony, context).prefill.get("child_evidence_due") == due


@pytest.mark.parametrize(("changes", "ready"), [({}, True), ({"sessions": 0}, False), ({"court_visit": False}, False)])
def test_a_survivor_is_ready_when_prepared_and_shielded(changes: dict[str, Any], *, ready: bool) -> None:
    answers = {"sessions": 2, "court_visit": True, "screen_or_video": True, "in_camera_order": True} | changes
    concluded = conclude(Testimony, answers)
    assert concluded.facts == {"ready_to_testify": ready}
    assert len(concluded.notes) == (not ready)


def test_what_a_survivor_still_lacks_is_named_and_what_was_done_is_taken_over() -> None:
    notes = conclude(Testimony, {"sessions": 1, "court_visit": True}).notes
    assert [note.partition(": ")[2] for note in notes] == ["a screen or a video link, an order for a closed hearing."]
    before = {"prosecution.testimony": {"sessions": 2, "court_visit": True, "in_camera_order": True}}
    assert prepare(Testimony, before=before).prefill == {"sessions": 2, "court_visit": True}


def test_an_accused_who_may_be_free_is_a_danger_and_the_appeal_is_watched() -> None:
    answers: dict[str, Any] = {"release_risk": "free_now", "appeal_by": "2026-03-12"}
    concluded = conclude(Outcome, answers)
    ends_at = datetime(2026, 3, 12, 18, 29, 59, tzinfo=UTC)
    assert concluded.facts == {"release_risk_high": True, "appeal_ends_at": ends_at}
    assert len(concluded.notes) == 1
    filed = conclude(Outcome, answers | {"appeal_filed": True, "release_risk": "later"})
    assert filed.facts == {"release_risk_high": False}
    assert filed.notes == ()
    over = dict.fromkeys(("judgment", "trial", "charge"))
    assert said(concluded.follow_ups) == {
        "judgment_appeal": "prosecution.outcome", "release_risk": "protection.safety", **over,
    }  # fmt: skip
    assert said(filed.follow_ups) == {"judgment_appeal": None, **over}
    appeal, risk = (one for one in concluded.follow_ups if not one.is_over)
    assert (appeal.due_at, appeal.opens_at) == (ends_at, datetime(2026, 2, 25, 18, 30, tzinfo=UTC))
    assert risk.due_at == NOW + timedelta(hours=12)


def test_a_judgment_is_taken_over_when_its_appeal_is_looked_at() -> None:
    before = {"result": "convicted", "sentence": "ten years", "release_risk": "later"}
    prefill = prepare(Outcome, before={"prosecution.outcome": before}).prefill
    assert prefill == {"result": "convicted", "sentence": "ten years"}
    paid = conclude(Outcome, {"compensation_ordered": "1000.00"})
    assert paid.notes == ("Compensation was ordered: make sure it is paid.",)


@pytest.mark.parametrize(("last", "hearing_at"), [
    ({"hearing_on": "2026-03-11T05:00:00Z"}, datetime(2026, 3, 11, 5, tzinfo=UTC)),
    ({"hearing_on": "2026-03-09T05:00:00Z", "next_on": "2026-03-20"}, datetime(2026, 3, 19, 18, 30, tzinfo=UTC)),
    ({"hearing_on": "2026-03-09T05:00:00Z", "next_on": "2026-03-10"}, datetime(2026, 3, 9, 18, 30, tzinfo=UTC)),
    ({"hearing_on": "2026-03-01T05:00:00Z", "next_on": "2026-03-09"}, None),
    ({}, None),
])  # fmt: skip
def test_the_next_hearing_is_found_or_none(last: dict[str, Any], hearing_at: datetime | None) -> None:
    outputs = run(calendar, before={"prosecution.hearing": last}).outputs
    assert outputs == ({"has_hearing": True, "hearing_at": hearing_at} if hearing_at else {"has_hearing": False})


def test_the_hearing_slip_tells_the_day_and_nothing_of_the_case() -> None:
    slip = render("hearing-slip", calendar, {"hearing_at": "2026-03-19T18:30:00+00:00"})
    assert "Fri 20 Mar 2026<" in slip
    assert "court" not in slip.lower()
    assert "Name Withheld" not in slip
    assert "not recorded" in render("hearing-slip", calendar, {})


def test_the_first_hearing_on_a_remand_says_from_when_bail_by_default_counts_and_its_day_counts_too() -> None:
    later = {"purpose": "remand", "hearing_on": "2026-03-20T05:00:00Z"}
    first = {"purpose": "remand", "hearing_on": "2026-03-09T20:00:00Z"}  # 01:30 on the 10th in India
    facts = conclude(Hearing, later, history={"prosecution.hearing": (first,)}).facts
    assert facts["bail_counts_from"] == datetime(2026, 3, 9, 18, 29, 59, tzinfo=UTC)
    assert "bail_counts_from" not in conclude(Hearing, later | {"purpose": "bail"}).facts
