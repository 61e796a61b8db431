"""The step types of prevention."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from engine.plugin.context import Concluded, Match, Outcome, PersonTold
from pillars.prevention.forms import CommunityForm, InterceptForm, PatternSettings, SafeMigrationForm, SessionForm
from pillars.prevention.licences import licence_state
from pillars.prevention.steps import Community, Intercept, Recruiter, SafeMigration, Session, pattern
from tests.kit.pillars import (
    NOW,
    FakeContext,
    OtherLaw,
    conclude,
    example,
    prepare,
    problems,
    render,
    run,
)

MATCHES = (
    Match(owning_unit="Unit Two", contact="desk two", kind="phone", score=90),
    Match(owning_unit="Unit Two", contact="desk two", kind="name", score=70),
    Match(owning_unit="Unit Three", contact="desk three", kind="phone", score=95),
)


@pytest.mark.parametrize(("form", "changes"), [
    (SessionForm, {"male": 1, "female": 1, "another_gender": 0, "under18": 3}),
    (SessionForm, {"pre_score": 101}),
    (InterceptForm, {"outcome": "continued", "signs": ["none", "fear"]}),
    (InterceptForm, {"age_group": "adults", "wants_to_continue": "yes", "outcome": "returned"}),
    (InterceptForm, {"age_group": "adults", "wants_to_continue": "yes", "outcome": "shelter"}),
    (InterceptForm, {"age_group": "children", "signs": ["fear"], "outcome": "continued"}),
    (SafeMigrationForm, {"decision": "goes", "emergency_numbers_given": False}),
    (CommunityForm, {"households": 0}),
])  # fmt: skip
def test_answers_that_contradict_each_other_are_refused(form: Any, changes: dict[str, Any]) -> None:
    assert problems(form, example(form, **changes)) == {"*"}


def test_people_of_another_gender_count_among_all_who_came() -> None:
    assert not problems(SessionForm, example(SessionForm, male=1, female=1, another_gender=1, under18=3))


def test_a_disclosure_at_a_session_asks_for_a_report() -> None:
    assert prepare(Session).prefill == {"date": "2026-03-10"}
    told = conclude(Session, {"disclosures": 2})
    assert told.facts == {"has_disclosures": True}
    assert told.notes
    assert conclude(Session, {"disclosures": 0}).facts == {"has_disclosures": False}


def test_each_doubt_about_a_job_offer_is_named() -> None:
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
    assert conclude(SafeMigration, doubtful).facts == {"offer_warnings": 5}
    assert conclude(SafeMigration, honest).facts == {"offer_warnings": 0}
    assert prepare(SafeMigration).prefill == {"check_in_on": "2026-03-17"}


@pytest.mark.parametrize(("wants", "free", "outcome", "against"), [
    ("yes", True, "continued", False), ("yes", True, "returned", True), ("no", True, "returned", False),
    ("unsure", False, "shelter", True), ("unsure", True, "police", False),
])  # fmt: skip
def test_stopping_somebody_against_their_wish_never_passes_unseen(
    wants: str, outcome: str, *, free: bool, against: bool
) -> None:
    answers = {"wants_to_continue": wants, "free_choice_noted": free, "outcome": outcome, "age_group": "adults"}
    concluded = conclude(Intercept, answers)
    assert concluded.facts == {"was_stopped_against_wish": against, "let_go": outcome == "continued"}
    assert bool(concluded.notes) is against


@pytest.mark.parametrize("changes", [
    {"age_group": "adults", "wants_to_continue": "yes", "outcome": "continued"},
    {"age_group": "adults", "wants_to_continue": "no", "outcome": "returned"},
    {"age_group": "children", "signs": ["none"], "outcome": "continued"},
    {"age_group": "children", "wants_to_continue": "yes", "signs": ["fear"], "outcome": "shelter"},
    {"age_group": "unknown", "wants_to_continue": "yes", "outcome": "police"},
])  # fmt: skip
def test_an_adult_who_wants_to_go_is_let_go_and_a_child_is_not(changes: dict[str, Any]) -> None:
    assert not problems(InterceptForm, example(InterceptForm, **changes))


def test_an_adult_may_refuse_the_whole_talk_and_that_is_how_the_step_ends() -> None:
    assert Outcome.REFUSED_BY_PERSON in Intercept.step_type.outcomes


def test_a_childs_wish_does_not_count_as_being_stopped_and_the_committee_is_named() -> None:
    kept = conclude(Intercept, {"age_group": "children", "wants_to_continue": "yes", "outcome": "shelter"})
    assert kept.facts == {"was_stopped_against_wish": False, "let_go": False}
    assert "Committee" in kept.notes[0]
    assert kept.follow_ups == (), "nobody said when"
    differing = conclude(Intercept, {"outcome": "continued", "story_mismatch": True})
    assert len(differing.notes) == 1


@pytest.mark.parametrize(("changes", "is_watched"), [
    ({}, True), ({"age_group": "both"}, True), ({"age_group": "unknown"}, True), ({"age_group": None}, True),
    ({"age_group": "adults"}, False), ({"outcome": "police"}, True), ({"outcome": "returned"}, False),
    ({"outcome": "continued"}, False),
])  # fmt: skip
def test_a_child_kept_safe_at_a_border_is_brought_before_the_committee_in_24_hours(
    changes: dict[str, Any], *, is_watched: bool
) -> None:
    answers = {"age_group": "children", "outcome": "shelter", "at": "2026-03-10T04:30:00+00:00"} | changes
    done = conclude(Intercept, answers)
    wanted = [("rescue.production", "IN-JJ-PROD-24H", datetime(2026, 3, 10, 4, 30, tzinfo=UTC), "child-not-produced")]
    assert [(one.uses, one.law, one.from_at, one.ladder) for one in done.follow_ups] == wanted * is_watched
    assert any("24 hours" in note for note in done.notes) is is_watched


def test_nobody_is_taken_for_a_child_whose_age_was_told_to_be_another() -> None:
    answers = {"outcome": "shelter", "at": "2026-03-10T04:30:00+00:00"}
    done = conclude(Intercept, OtherLaw(answers=answers, times={}))
    assert (done.follow_ups, done.notes) == ((), ())
    [child] = conclude(Intercept, OtherLaw(answers=answers | {"age_group": "both"}, times={})).follow_ups
    assert (child.law, child.due_at) == ("", datetime(2026, 3, 11, 4, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    ("jurisdiction", "body"), [("NP-BA", "welfare authority"), ("BD", "probation officer"), ("MM", "social welfare")]
)
def test_in_another_country_a_child_kept_safe_is_told_to_the_body_of_that_country(jurisdiction: str, body: str) -> None:
    answers = {"outcome": "police", "at": "2026-03-10T04:30:00+00:00"}
    done = conclude(Intercept, answers, jurisdiction=jurisdiction)
    assert done.follow_ups == ()
    assert body in done.notes[0]
    assert "Committee" not in done.notes[0]


def test_whoever_sent_travellers_is_brought_into_the_case_by_name_way_and_vehicle() -> None:
    answers = {"outcome": "continued", "signs": ["fear"], "recruiter": "A name", "route": "Silchar to Delhi"}
    [told] = conclude(Intercept, answers).persons
    assert told == PersonTold(name="A name", routes=("Silchar to Delhi",))
    assert conclude(Intercept, answers | {"signs": ["none"]}).persons == ()
    assert conclude(Intercept, {"outcome": "continued"}).persons == ()


def test_an_interception_is_dated_by_when_they_met() -> None:
    assert Intercept.step_type.event_time_field == "at"
    assert prepare(Intercept).prefill == {"at": NOW.isoformat()}


def test_a_recruiter_check_says_that_others_may_know_them_and_not_what() -> None:
    known = prepare(Recruiter, matches=MATCHES)
    assert known.prefill == {"linked_cases": 3}
    assert known.notes == ("Other cases might name this recruiter: ask who has them.",)
    assert prepare(Recruiter).prefill == {}


LIST = ({"country": "IN", "number": "B-12/2020", "valid_until": "2026-03-10"},)


@pytest.mark.parametrize(
    ("number", "on", "state"),
    [
        ("B-12/2020", date(2026, 3, 10), "valid"), ("b 12 2020", date(2026, 3, 9), "valid"),
        ("B-12/2020", date(2026, 3, 11), "expired"), ("B-13/2020", date(2026, 3, 10), "not_listed"),
        ("", date(2026, 3, 10), "none_told"), (None, date(2026, 3, 10), "none_told"),
    ],
)  # fmt: skip
def test_a_licence_is_looked_up_in_a_list_that_is_data(number: str | None, on: date, state: str) -> None:
    assert licence_state(number, on, LIST) == state


def test_the_shipped_list_can_be_read() -> None:
    assert licence_state("RL-0001", date(2026, 1, 1)) == "expired"
    assert licence_state("0001/060/061", date(2026, 1, 1)) == "valid"


def recruiter(**answers: Any) -> Concluded:
    return conclude(Recruiter, {"name": "A name", "complaints": 0, "action": "watch"} | answers)


def test_a_recruiter_in_doubt_is_brought_into_the_case_and_one_without_is_not() -> None:
    fine = recruiter(licence_no="0001/060/061")
    assert fine.facts == {"recruiter_is_doubtful": False, "licence_is_valid": True}
    assert (fine.notes, fine.persons) == ((), ())
    doubtful = recruiter(
        phone="+91 364 000000", handles="@one, two", licence_no="RL-0001", linked_cases=1, complaints=2
    )
    assert doubtful.facts == {"recruiter_is_doubtful": True, "licence_is_valid": False}
    assert len(doubtful.notes) == 2
    assert doubtful.persons == (PersonTold(name="A name", phone="+91 364 000000", handles=("@one", "two")),)
    assert all("A name" not in note for note in doubtful.notes)
    assert "No licence" in recruiter().notes[0]
    assert "not on the list" in recruiter(licence_no="X").notes[0]
    assert "say why" in recruiter(licence_no="0001/060/061", complaints=1, action="no_action").notes[0]


def test_a_recruiter_check_takes_over_who_offered_the_work_or_was_named_at_a_border() -> None:
    offer = {"prevention.safe_migration": {"job_offer_from": "An agency"}}
    assert prepare(Recruiter, before=offer).prefill == {"name": "An agency"}
    met = offer | {"prevention.intercept": {"recruiter": "A name"}}
    assert prepare(Recruiter, before=met).prefill == {"name": "A name"}


def test_whoever_goes_is_called_on_the_day_that_was_agreed() -> None:
    [call] = conclude(SafeMigration, {"decision": "goes", "check_in_on": "2026-03-17"}).follow_ups
    assert (call.uses, call.due_at) == ("prevention.safe_migration", datetime(2026, 3, 17, 18, 29, 59, tzinfo=UTC))
    for answers in ({"decision": "waits", "check_in_on": "2026-03-17"}, {"decision": "goes"}):
        assert conclude(SafeMigration, answers).follow_ups == ()


@pytest.mark.parametrize(("band", "told"), [("6_to_11", "under_14"), ("18_to_24", "18_to_24"), ("12_to_17", None)])
def test_an_age_that_was_told_already_is_asked_to_be_confirmed(band: str, told: str | None) -> None:
    prefill = prepare(SafeMigration, before={"reporting.triage": {"age_band": band}}).prefill
    assert prefill.get("age_band") == told


def test_what_rarely_changes_is_taken_over_from_the_last_session_and_the_last_map() -> None:
    session = {"prevention.session": {"audience": "school", "language": "kha", "topics": ["other"], "male": 3}}
    assert prepare(Session, before=session).prefill == {
        "audience": "school", "language": "kha", "topics": ["other"], "date": "2026-03-10",
    }  # fmt: skip
    village = {"prevention.community": {"village": "A village", "households": 40, "missing": 2}}
    assert prepare(Community, before=village).prefill == {
        "village": "A village",
        "households": 40,
    }
    assert prepare(Community).prefill == {}


def test_a_village_at_high_risk_without_a_watch_group_needs_one() -> None:
    unwatched = conclude(Community, {"risk": "high", "watch_group": False})
    assert unwatched.facts == {"needs_watch_group": True, "village_at_risk": True}
    watched = conclude(Community, {"risk": "high", "watch_group": True})
    assert watched.facts == {"needs_watch_group": False, "village_at_risk": True}


def test_a_pattern_is_counted_and_tells_only_whom_to_ask() -> None:
    done = run(pattern, matches=MATCHES, settings=PatternSettings())
    assert done.outputs == {"matches": 3, "units": 2, "best_score": 95, "is_pattern": True}
    assert done.matches == MATCHES
    assert done.notes == ("Alike by name: 1.", "Alike by phone: 2.")


@pytest.mark.parametrize(("from_cases", "is_pattern"), [(2, True), (3, False)])
def test_a_workflow_says_from_how_many_cases_on_it_is_a_pattern(from_cases: int, *, is_pattern: bool) -> None:
    context = FakeContext(matches=MATCHES[:1], settings=PatternSettings(from_cases=from_cases))
    assert run(pattern, context).outputs["is_pattern"] is is_pattern


def test_without_a_match_there_is_no_pattern() -> None:
    done = run(pattern, settings=PatternSettings())
    assert done.outputs == {"matches": 0, "units": 0, "best_score": 0, "is_pattern": False}


@pytest.mark.parametrize("full", [True, False], ids=["full", "minimal"])
def test_the_interception_form_prints_with_full_and_with_minimal_answers(*, full: bool) -> None:
    page = render(
        "interception-form", Intercept.step_type, example(InterceptForm, full=full, outcome="continued"),
        zone="Asia/Kathmandu",
    )  # fmt: skip
    assert "Mon 09 Mar 2026, 10:15 (UTC+05:45, Asia/Kathmandu)" in page
    assert "not recorded" in render("interception-form", Intercept.step_type, {})
