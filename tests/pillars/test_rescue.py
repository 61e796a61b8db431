"""The step types of Rescue: what they ask, propose, check and print."""

from datetime import timedelta
from typing import Any

import pytest

from engine.core.commands import Following
from engine.plugin.context import Law
from pillars.rescue.forms import ExecuteForm, IdentifyForm, PlanForm, ProductionForm
from pillars.rescue.steps import Execute, FirstNeeds, Identify, Plan, Production, checklist
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

GOOD_PLAN = example(PlanForm, search_warrant="granted")


def test_there_are_never_more_children_than_people() -> None:
    assert problems(PlanForm, example(PlanForm, expected_children=4)) == {"*"}
    assert problems(ExecuteForm, example(ExecuteForm, children_found=4)) == {"*"}


def test_a_rescue_cannot_end_before_it_begins() -> None:
    assert sentences(ExecuteForm, example(ExecuteForm, end_at="2026-03-09T04:29:00+00:00")) == [
        "The rescue cannot end before it begins."
    ]


def test_none_stands_alone_in_lists() -> None:
    assert problems(PlanForm, example(PlanForm, ngo_members=["none", "driver"])) == {"*"}
    assert problems(ExecuteForm, example(ExecuteForm, documents_recovered=["none", "passport"])) == {"*"}
    assert problems(IdentifyForm, example(IdentifyForm, means=["none", "debt_bondage"])) == {"*"}


def test_production_comes_after_taking_charge_and_each_journey_ends_after_it_begins() -> None:
    assert problems(ProductionForm, example(ProductionForm, produced_at="2026-03-08T04:30:00+00:00")) == {"*"}
    backwards = [{"start": "2026-03-09T04:30:00+00:00", "end": "2026-03-09T04:00:00+00:00"}]
    assert problems(ProductionForm, example(ProductionForm, journey=backwards)) == {"*"}
    running = [{"start": "2026-03-09T04:30:00+00:00"}]
    assert problems(ProductionForm, example(ProductionForm, journey=running)) == set()


def test_the_journey_is_time_that_the_law_does_not_count() -> None:
    journey = next(spec for spec in Production.step_type.fields if spec.name == "journey")
    assert journey.excluded_time == "journey"
    assert Production.step_type.event_time_field == "produced_at"
    assert Production.step_type.time_limit == Law("IN-JJ-PROD-24H")
    assert Execute.step_type.event_time_field == "end_at"


def test_the_plan_takes_over_the_place_that_was_told() -> None:
    assert prepare(Plan, before={"reporting.intake": {"place_last_seen": "a lane"}}).prefill == {"site": "a lane"}
    assert prepare(Plan).prefill == {}


def test_a_rescue_without_a_plan_is_pointed_out() -> None:
    assert prepare(Execute).notes == ("There is no rescue plan yet.",)
    expected = ("The plan expects 3 people, 3 of these, children.",)
    assert prepare(Execute, before={"rescue.plan": GOOD_PLAN}).notes == expected


def test_the_rescue_says_whether_anyone_and_whether_a_child_was_found() -> None:
    answers = {"persons_found": 2, "children_found": 0, "separated_from_suspects": True}
    assert conclude(Execute, answers).facts == {
        "anyone_rescued": True,
        "child_rescued": False,
    }
    together = conclude(Execute, answers | {"separated_from_suspects": False})
    assert together.notes == ("Survivors were not kept apart from suspects: inform the supervisor.",)


def test_the_language_told_before_is_not_asked_again() -> None:
    before = {"reporting.intake": {"language": "as"}, "rescue.first_needs": {"language": "grt"}}
    told = {"reporting.intake": before["reporting.intake"]}
    assert prepare(FirstNeeds, before=told).prefill == {"language": "as"}
    assert prepare(FirstNeeds, before=before).prefill == {"language": "grt"}
    prefill = prepare(Identify, before=before).prefill
    assert prefill == {"interview_lang": "grt", "reflection_until": "2026-04-09"}


def test_taking_charge_is_proposed_from_the_end_of_the_rescue() -> None:
    ended = "2026-03-07T17:10:00+00:00"
    context = FakeContext(before={"rescue.execute": {"end_at": ended}}, persons=(person("victim", 13),))
    assert prepare(Production, context).prefill == {"taken_charge_at": ended, "authority": "CWC"}


@pytest.mark.parametrize(("jurisdiction", "age", "told", "authority"), [
    ("IN-AS", 13, "no", "CWC"), ("IN-AS", None, "unsure", "CWC"), ("IN-AS", 25, "no", None), ("BD", 13, "yes", None),
])  # fmt: skip
def test_the_committee_is_proposed_for_whoever_may_be_a_child_in_india(
    jurisdiction: str, age: int | None, told: str, authority: str | None
) -> None:
    context = FakeContext(
        jurisdiction=jurisdiction,
        persons=(person("victim", age),),
        before={"reporting.intake": {"is_child_suspected": told}},
    )
    assert prepare(Production, context).prefill.get("authority") == authority


def test_an_interview_in_the_first_hour_is_warned_of() -> None:
    early = {"rescue.execute": {"end_at": (NOW - timedelta(minutes=59)).isoformat()}}
    late = {"rescue.execute": {"end_at": (NOW - timedelta(minutes=60)).isoformat()}}
    assert len(prepare(Identify, before=early).notes) == 1
    assert prepare(Identify, before=late).notes == ()


@pytest.mark.parametrize(("status", "is_victim"), [("possible", True), ("actual", True), ("not", False)])
def test_identification_says_whether_the_person_is_a_victim(status: str, *, is_victim: bool) -> None:
    assert conclude(Identify, {"status": status}).facts == {"is_victim": is_victim}


LACKS = [
    ({}, ()),
    ({"verified": False}, ("no one has checked the information",)),
    ({"medical_standby": False}, ("no doctor or nurse is ready",)),
    ({"team_women": 0}, ("no woman is in the team",)),
    ({"vehicles": 0}, ("a second vehicle, for survivors and suspects never ride together",)),
    ({"vehicles": 1}, ("a second vehicle, for survivors and suspects never ride together",)),
    ({"vehicles": 2}, ()),
    ({"search_warrant": "asked_for"}, ("the search warrant is not there",)),
    ({"search_warrant": "refused"}, ("the search warrant is not there",)),
    ({"search_warrant": "reasons_recorded"}, ()),
    ({"ngo_members": ["driver"]}, ("a social worker for the children",)),
    ({"ngo_members": ["driver"], "expected_children": 0}, ()),
    ({"shelter_reserved": None, "ngo_members": []}, ("a shelter", "who comes from an NGO")),
]


@pytest.mark.parametrize(("changes", "missing"), LACKS)
def test_the_checklist_names_what_a_plan_still_lacks(changes: dict[str, Any], missing: tuple[str, ...]) -> None:
    done = run(checklist, before={"rescue.plan": GOOD_PLAN | changes})
    assert done.outputs == {"complete": missing == (), "missing": len(missing)}
    assert done.facts == {"rescue_plan_complete": missing == ()}
    sentence = (f"Still open in the rescue plan: {', '.join(missing)}.",) if missing else ()
    assert done.notes == sentence
    assert conclude(Plan, GOOD_PLAN | changes).notes == sentence
    *open_points, expected = prepare(Execute, before={"rescue.plan": GOOD_PLAN | changes}).notes
    assert tuple(open_points) == sentence
    children = changes.get("expected_children", GOOD_PLAN["expected_children"])
    assert expected == f"The plan expects 3 people, {children} of these, children."


def test_the_checklist_has_a_word_for_every_required_answer_and_quotes_none() -> None:
    [note] = run(checklist).notes
    assert note.count(",") == sum(spec.required for spec in Plan.step_type.fields) - 1
    shown = run(checklist, before={"rescue.plan": GOOD_PLAN | {"verified": False, "site": "Blue lane 7"}})
    assert "Blue lane" not in " ".join(shown.notes)


def said(watches: tuple[Following, ...]) -> dict[str, str | None]:
    """Return what is watched: by name, the step type; None for what is watched no longer."""
    return {one.name: None if one.is_over else one.uses for one in watches}


@pytest.mark.parametrize(("changes", "notes"), [
    ({}, 0),
    ({"media_kept_out": False}, 1),
    ({"wages_claim_noted": "1000.00"}, 1),
    ({"separated_from_suspects": False, "media_kept_out": False}, 2),
])  # fmt: skip
def test_what_went_wrong_in_a_rescue_is_pointed_out(changes: dict[str, Any], notes: int) -> None:
    answers = {"persons_found": 1, "children_found": 1, "separated_from_suspects": True, "media_kept_out": True}
    concluded = conclude(Execute, answers | changes)
    assert concluded.facts == {"anyone_rescued": True, "child_rescued": True}
    assert len(concluded.notes) == notes


@pytest.mark.parametrize(("changes", "notes"), [
    ({}, 0), ({"food_clothing": False}, 1), ({"rights_explained": False}, 1), ({"photo_taken": True}, 1),
    ({"companion_children": 2}, 1),
])  # fmt: skip
def test_what_a_person_still_needs_is_pointed_out_and_a_health_check_follows_for_everybody(
    changes: dict[str, Any], notes: int
) -> None:
    answers = {"food_clothing": True, "rights_explained": True, "photo_taken": False} | changes
    for urgent in (True, False):
        concluded = conclude(FirstNeeds, answers | {"medical_urgent": urgent})
        assert len(concluded.notes) == notes
        assert said(concluded.follow_ups) == {"first_check": "protection.health"}
        assert concluded.follow_ups[0].due_at == NOW + timedelta(hours=24)


WHOLE_LEG = {"start": "2026-03-09T01:00:00Z", "end": "2026-03-09T02:00:00Z", "place": "from A to B"}


@pytest.mark.parametrize(("changes", "notes", "watched"), [
    ({}, 0, None),
    ({"order_no": None}, 1, None),
    ({"journey": [WHOLE_LEG]}, 0, None),
    ({"journey": [WHOLE_LEG | {"place": ""}]}, 1, None),
    ({"journey": [WHOLE_LEG | {"end": None}]}, 1, None),
    ({"order_type": "no_order_yet", "order_no": None}, 0, "rescue.production"),
])  # fmt: skip
def test_an_order_that_is_not_there_is_watched_and_a_journey_must_be_told_whole(
    changes: dict[str, Any], notes: int, watched: str | None
) -> None:
    answers = {"order_type": "placement", "order_no": "7/2026", "produced_at": "2026-03-09T04:30:00Z"} | changes
    concluded = conclude(Production, answers)
    assert len(concluded.notes) == notes
    assert said(concluded.follow_ups) == {"order": watched}
    assert concluded.facts == {"has_order": watched is None}


@pytest.mark.parametrize(("status", "watched"), [("possible", "rescue.identify"), ("actual", None), ("not", None)])
def test_whoever_may_be_a_victim_is_talked_to_again_when_the_time_to_think_ends(
    status: str, watched: str | None
) -> None:
    answers = {"status": status, "reflection_until": "2026-04-09", "age_document": "passport"}
    concluded = conclude(Identify, answers)
    assert said(concluded.follow_ups) == {"reflection": watched}
    assert concluded.notes == ()
    assert len(conclude(Identify, answers | {"age_document": "none"}).notes) == 1
    born = answers | {"age_claimed": 15, "date_of_birth": "2010-03-11"}
    assert conclude(Identify, born).notes == ()
    [note] = conclude(Identify, born | {"date_of_birth": "2010-03-10"}).notes
    assert "do not fit" in note, "16 today"
    assert conclude(Identify, born | {"age_claimed": 10**9}).notes == (note,), "however wrong it was typed"


def test_what_was_told_is_taken_over_when_a_step_comes_again() -> None:
    assert prepare(Plan, before={"rescue.plan": GOOD_PLAN}).prefill == GOOD_PLAN
    before = {"rescue.production": {"person": "A", "authority": "Magistrate", "order_type": "no_order_yet"}}
    assert prepare(Production, before=before).prefill == {
        "person": "A",
        "authority": "Magistrate",
    }
    talk = {"rescue.identify": {"acts": ["transfer"], "reflection_until": "2026-03-20", "status": "possible"}}
    assert prepare(Identify, before=talk).prefill == {
        "acts": ["transfer"],
        "reflection_until": "2026-03-20",
    }


def test_a_plan_that_was_never_made_lacks_every_required_answer() -> None:
    required = sum(spec.required for spec in Plan.step_type.fields)
    assert run(checklist).outputs == {"complete": False, "missing": required}


def test_form_17_lists_each_journey() -> None:
    journey = [{"start": "2026-03-08T05:00:00+00:00", "end": "2026-03-08T06:00:00+00:00", "place": "Bridge road"}]
    paper = render("form-17", Production.step_type, example(ProductionForm, journey=journey))
    assert "Bridge road" in paper
    assert "Sun 08 Mar 2026, 11:30" in paper


def test_a_sheet_says_questions_and_answers_in_the_words_of_the_form() -> None:
    sheet = render(
        "identification-record", Identify.step_type, {"status": "possible", "lawyer_present": True, "means": ["none"]}
    )
    assert "Possible victim of trafficking" in sheet
    assert "Was a lawyer there?" in sheet
    assert "None of these" in sheet
