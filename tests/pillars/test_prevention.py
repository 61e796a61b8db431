"""The step types of prevention."""

from typing import Any

import pytest

from engine.plugin.steps import Match, StepType
from pillars.prevention import PILLAR
from pillars.prevention.forms import InterceptForm, SessionForm
from pillars.prevention.steps import (
    COMMUNITY,
    INTERCEPT,
    RECRUITER,
    SAFE_MIGRATION,
    SESSION,
    PatternSettings,
    pattern,
)
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
    "prevention.session": """
        place:geo! date:date! audience:choice! male:int! female:int! under18:int! language:lang! topics:multi!
        pre_score:int post_score:int disclosures:int!
    """,
    "prevention.safe_migration": """
        age_band:choice! destination:country! job_offer_from:text recruiter_licence:choice! contract_seen:bool!
        passport_held_by:choice! debt:money emergency_numbers_given:bool! check_in_on:date decision:choice!
    """,
    "prevention.intercept": """
        point:text! at:datetime! persons:int! companions:int! signs:multi~! story_mismatch:bool!
        wants_to_continue:choice! outcome:choice(returned|police|continued|shelter)! free_choice_noted:bool!
    """,
    "prevention.recruiter": """
        name:text^! licence_no:text phone:phone^ handles:text^ complaints:int! linked_cases:int action:choice!
    """,
    "prevention.community": """
        village:text! households:int! out_migrants:int! school_dropouts:int! missing:int! risk:choice!
        watch_group:bool!
    """,
}
ASKED = [step for step in PILLAR.step_types if step.form]
MATCHES = (
    Match(owning_unit="Unit Two", contact="desk two", kind="phone", score=90),
    Match(owning_unit="Unit Two", contact="desk two", kind="name", score=70),
    Match(owning_unit="Unit Three", contact="desk three", kind="phone", score=95),
)


@pytest.mark.parametrize("step", ASKED, ids=lambda step: step.key)
def test_a_form_asks_what_the_catalogue_says_and_takes_good_answers_only(step: StepType) -> None:
    keeps_the_catalogue(step, CATALOGUE[step.key])
    accepts_its_examples(step)
    refuses_gaps_and_strangers(step)
    has_only_open_outputs(step)


@pytest.mark.parametrize(
    ("form", "changes"),
    [
        (SessionForm, {"male": 1, "female": 1, "another_gender": 0, "under18": 3}),
        (SessionForm, {"pre_score": 101}),
        (InterceptForm, {"signs": ["none", "fear"]}),
    ],
)
def test_answers_that_contradict_each_other_are_refused(form: Any, changes: dict[str, Any]) -> None:
    assert problems(form, example(form, **changes)) == {"*"}


def test_people_of_another_gender_count_among_all_who_came() -> None:
    assert not problems(SessionForm, example(SessionForm, male=1, female=1, another_gender=1, under18=3))


def test_a_disclosure_at_a_session_asks_for_a_report() -> None:
    assert SESSION.prepare is not None
    assert SESSION.conclude is not None
    assert SESSION.prepare(FakeContext()).prefill == {"date": "2026-03-10"}
    told = SESSION.conclude(FakeContext(answers={"disclosures": 2}))
    assert told.facts == {"has_disclosures": True}
    assert told.notes
    assert SESSION.conclude(FakeContext(answers={"disclosures": 0})).facts == {"has_disclosures": False}


def test_each_doubt_about_a_job_offer_is_named() -> None:
    assert SAFE_MIGRATION.conclude is not None
    assert SAFE_MIGRATION.prepare is not None
    doubtful = {
        "age_band": "14_to_17",
        "recruiter_licence": "none",
        "contract_seen": False,
        "passport_held_by": "agent",
        "debt": "20000.00",
    }
    honest = {
        "age_band": "25_or_more",
        "recruiter_licence": "valid",
        "contract_seen": True,
        "passport_held_by": "person",
        "debt": "0.00",
    }
    assert SAFE_MIGRATION.conclude(FakeContext(answers=doubtful)).facts == {"offer_warnings": 5}
    assert SAFE_MIGRATION.conclude(FakeContext(answers=honest)).facts == {"offer_warnings": 0}
    assert SAFE_MIGRATION.prepare(FakeContext()).prefill == {"check_in_on": "2026-03-17"}


@pytest.mark.parametrize(
    ("wants", "free", "outcome", "against"),
    [
        ("yes", True, "continued", False),
        ("yes", True, "returned", True),
        ("no", True, "returned", False),
        ("unsure", False, "shelter", True),
        ("unsure", True, "police", False),
    ],
)
def test_stopping_somebody_against_their_wish_never_passes_unseen(
    wants: str, outcome: str, *, free: bool, against: bool
) -> None:
    assert INTERCEPT.conclude is not None
    answers = {"wants_to_continue": wants, "free_choice_noted": free, "outcome": outcome}
    concluded = INTERCEPT.conclude(FakeContext(answers=answers))
    assert concluded.facts == {"was_stopped_against_wish": against}
    assert bool(concluded.notes) is against


def test_an_interception_is_dated_by_when_they_met() -> None:
    assert INTERCEPT.event_time_field == "at"
    assert INTERCEPT.prepare is not None
    assert INTERCEPT.prepare(FakeContext()).prefill == {"at": NOW.isoformat()}


def test_a_recruiter_check_says_that_others_may_know_them_and_not_what() -> None:
    assert RECRUITER.prepare is not None
    known = RECRUITER.prepare(FakeContext(matches=MATCHES))
    assert known.prefill == {"linked_cases": 3}
    assert known.notes == ("Other cases may name this recruiter: ask who has them.",)
    assert RECRUITER.prepare(FakeContext()).prefill == {}


def test_a_village_at_high_risk_without_a_watch_group_needs_one() -> None:
    assert COMMUNITY.conclude is not None
    unwatched = COMMUNITY.conclude(FakeContext(answers={"risk": "high", "watch_group": False}))
    assert unwatched.facts == {"needs_watch_group": True}
    watched = COMMUNITY.conclude(FakeContext(answers={"risk": "high", "watch_group": True}))
    assert watched.facts == {"needs_watch_group": False}


def test_a_pattern_is_counted_and_tells_only_whom_to_ask() -> None:
    assert pattern.run is not None
    done = pattern.run(FakeContext(matches=MATCHES, settings=PatternSettings()))
    assert done.outputs == {"matches": 3, "units": 2, "best_score": 95, "is_pattern": True}
    assert done.matches == MATCHES
    assert done.notes == ("Alike by name: 1.", "Alike by phone: 2.")


@pytest.mark.parametrize(("from_cases", "is_pattern"), [(2, True), (3, False)])
def test_a_workflow_says_from_how_many_cases_on_it_is_a_pattern(from_cases: int, *, is_pattern: bool) -> None:
    assert pattern.run is not None
    context = FakeContext(matches=MATCHES[:1], settings=PatternSettings(from_cases=from_cases))
    assert pattern.run(context).outputs["is_pattern"] is is_pattern


def test_without_a_match_there_is_no_pattern() -> None:
    assert pattern.run is not None
    done = pattern.run(FakeContext(settings=PatternSettings()))
    assert done.outputs == {"matches": 0, "units": 0, "best_score": 0, "is_pattern": False}


@pytest.mark.parametrize("full", [True, False], ids=["full", "minimal"])
def test_the_interception_form_prints_with_full_and_with_minimal_answers(*, full: bool) -> None:
    page = render("interception-form", INTERCEPT, example(InterceptForm, full=full), zone="Asia/Kathmandu")
    assert "Mon 09 Mar 2026, 10:15 (UTC+05:45, Asia/Kathmandu)" in page
    assert "not recorded" in render("interception-form", INTERCEPT, {})
