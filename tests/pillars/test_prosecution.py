"""The step types of Prosecution: what they ask, propose, find and print."""

from datetime import UTC, datetime
from typing import Any

import pytest

from engine.plugin.steps import StepType
from pillars.prosecution import PILLAR
from pillars.prosecution.forms import HearingForm
from pillars.prosecution.steps import CALENDAR, ENGAGE, HEARING, OUTCOME, STATEMENT, TESTIMONY
from tests.pillars.support import (
    FakeContext,
    accepts_its_examples,
    example,
    has_only_open_outputs,
    keeps_the_catalogue,
    person,
    problems,
    refuses_gaps_and_strangers,
    render,
)

CATALOGUE = {
    "prosecution.engage": """
        counsel:person! kind:choice! appointed_on:date! rights_explained:multi! language:lang!
        wishes_to_proceed:choice! victim_right_to_be_heard:bool
    """,
    "prosecution.statement": """
        magistrate:org! section:choice(BNSS183|NP6|BD|other)! date:datetime! lang:lang! interpreter:person
        video:bool! support_person_present:bool! copy_status:choice
    """,
    "prosecution.hearing": """
        court:org! case_no:text! hearing_on:datetime! purpose:choice! attendance_needed:bool! video_link:bool!
        travel_plan:longtext cost:money result:longtext! next_on:date
    """,
    "prosecution.testimony": """
        sessions:int! court_visit:bool! screen_or_video:bool! in_camera_order:bool! child_evidence_due:date
        after_care:longtext~
    """,
    "prosecution.outcome": """
        result:choice! sections_convicted:multi sentence:text fine:money compensation_ordered:money
        told_survivor_at:datetime! release_risk:choice! appeal_by:date appeal_filed:bool
    """,
}

CHANGES: dict[str, dict[str, Any]] = {}
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


def test_the_next_hearing_is_not_on_an_earlier_day() -> None:
    assert problems(HearingForm, example(HearingForm, next_on="2026-03-08")) == {"*"}
    assert problems(HearingForm, example(HearingForm, next_on="2026-03-09")) == set()


def test_the_event_time_says_when_the_step_happened() -> None:
    assert STATEMENT.event_time_field == "date"
    assert HEARING.event_time_field == "hearing_on"
    assert OUTCOME.event_time_field == "told_survivor_at"


def test_the_language_told_last_is_proposed() -> None:
    assert ENGAGE.prepare is not None
    before = {"reporting.intake": {"language": "as"}, "rescue.first_needs": {"language": "grt"}}
    assert ENGAGE.prepare(FakeContext(before=before)).prefill == {"appointed_on": "2026-03-10", "language": "grt"}
    assert ENGAGE.prepare(FakeContext()).prefill == {"appointed_on": "2026-03-10"}


@pytest.mark.parametrize(("wish", "goes"), [("yes", True), ("no", False), ("unsure", False)])
def test_only_a_yes_means_that_the_survivor_wants_to_go_to_court(wish: str, *, goes: bool) -> None:
    assert ENGAGE.conclude is not None
    assert ENGAGE.conclude(FakeContext(answers={"wishes_to_proceed": wish})).facts == {"wants_court": goes}


@pytest.mark.parametrize(
    ("jurisdiction", "section"), [("IN-AS", "BNSS183"), ("NP", "NP6"), ("BD", "BD"), ("MM", "other")]
)
def test_the_law_of_the_statement_is_proposed_by_country(jurisdiction: str, section: str) -> None:
    assert STATEMENT.prepare is not None
    assert STATEMENT.prepare(FakeContext(jurisdiction=jurisdiction)).prefill == {"section": section}


def test_a_survivor_who_stood_alone_is_pointed_out() -> None:
    assert STATEMENT.conclude is not None
    assert len(STATEMENT.conclude(FakeContext(answers={"support_person_present": False})).notes) == 1
    assert STATEMENT.conclude(FakeContext(answers={"support_person_present": True})).notes == ()


def test_a_hearing_takes_over_court_and_number_of_the_last_one() -> None:
    assert HEARING.prepare is not None
    charge = {"policing.chargesheet": {"court": "Special Court"}}
    last = {"prosecution.hearing": {"court": "High Court", "case_no": "SC 4/2026"}}
    assert HEARING.prepare(FakeContext(before=charge)).prefill == {"court": "Special Court"}
    assert HEARING.prepare(FakeContext(before=charge | last)).prefill == {"court": "High Court", "case_no": "SC 4/2026"}


def test_the_next_hearing_is_a_fact_from_the_start_of_its_day() -> None:
    assert HEARING.conclude is not None
    facts = HEARING.conclude(FakeContext(answers={"next_on": "2026-03-20"})).facts
    assert facts == {"next_hearing_at": datetime(2026, 3, 19, 18, 30, tzinfo=UTC)}
    assert HEARING.conclude(FakeContext()).facts == {}


@pytest.mark.parametrize(
    ("age", "purpose", "due"), [(13, "cognizance", "2026-04-08"), (13, "bail", None), (25, "cognizance", None)]
)
def test_a_child_is_to_be_heard_30_days_after_the_court_took_up_the_case(
    age: int, purpose: str, due: str | None
) -> None:
    assert TESTIMONY.prepare is not None
    hearing = {"hearing_on": "2026-03-09T04:30:00Z", "purpose": purpose}
    context = FakeContext(persons=(person("victim", age),), before={"prosecution.hearing": hearing})
    assert TESTIMONY.prepare(context).prefill.get("child_evidence_due") == due


@pytest.mark.parametrize(("changes", "ready"), [({}, True), ({"sessions": 0}, False), ({"court_visit": False}, False)])
def test_a_survivor_is_ready_when_prepared_and_shielded(changes: dict[str, Any], *, ready: bool) -> None:
    assert TESTIMONY.conclude is not None
    answers = {"sessions": 2, "court_visit": True, "screen_or_video": True, "in_camera_order": True} | changes
    assert TESTIMONY.conclude(FakeContext(answers=answers)).facts == {"ready_to_testify": ready}


def test_an_accused_who_may_be_free_is_a_danger_and_the_appeal_is_watched() -> None:
    assert OUTCOME.conclude is not None
    answers: dict[str, Any] = {"release_risk": "free_now", "appeal_by": "2026-03-12"}
    concluded = OUTCOME.conclude(FakeContext(answers=answers))
    ends_at = datetime(2026, 3, 12, 18, 29, 59, tzinfo=UTC)
    assert concluded.facts == {"release_risk_high": True, "appeal_ends_at": ends_at}
    assert len(concluded.notes) == 1
    filed = OUTCOME.conclude(FakeContext(answers=answers | {"appeal_filed": True, "release_risk": "later"}))
    assert filed.facts == {"release_risk_high": False}
    assert filed.notes == ()


@pytest.mark.parametrize(
    ("last", "hearing_at"),
    [
        ({"hearing_on": "2026-03-11T05:00:00Z"}, datetime(2026, 3, 11, 5, tzinfo=UTC)),
        ({"hearing_on": "2026-03-09T05:00:00Z", "next_on": "2026-03-20"}, datetime(2026, 3, 19, 18, 30, tzinfo=UTC)),
        ({"hearing_on": "2026-03-09T05:00:00Z", "next_on": "2026-03-10"}, datetime(2026, 3, 9, 18, 30, tzinfo=UTC)),
        ({"hearing_on": "2026-03-01T05:00:00Z", "next_on": "2026-03-09"}, None),
        ({}, None),
    ],
)
def test_the_next_hearing_is_found_or_none(last: dict[str, Any], hearing_at: datetime | None) -> None:
    assert CALENDAR.run is not None
    outputs = CALENDAR.run(FakeContext(before={"prosecution.hearing": last})).outputs
    assert outputs == ({"has_hearing": True, "hearing_at": hearing_at} if hearing_at else {"has_hearing": False})


def test_the_hearing_slip_tells_the_day_and_nothing_of_the_case() -> None:
    slip = render("hearing-slip", CALENDAR, {"hearing_at": "2026-03-19T18:30:00+00:00"})
    assert "Fri 20 Mar 2026<" in slip
    assert "court" not in slip.lower()
    assert "Name Withheld" not in slip
    assert "not recorded" in render("hearing-slip", CALENDAR, {})
