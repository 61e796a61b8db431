"""Every key that a workflow or a ladder may have is executed: for each, some test sees its effect.

The tables name the test for each key; a key without one, or with one that is gone, fails here. What no other test shows
is shown in this file, through the core.
"""

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from pydantic import BaseModel

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.consequences import consequences
from engine.core.deadlines.firing import OverCapError
from engine.core.library import Library
from engine.core.records import Purpose
from engine.language import ladders, workflow
from engine.language.calendars import Calendar
from engine.language.ladders import Ladder
from engine.language.workflow import Workflow
from tests.core import small_world
from tests.core.small_world import ASHA, LADDERS, LIBRARY, World, hours

ROOT = Path(__file__).parents[2]
HERE = "tests/contracts/test_every_key.py"
DECIDE = "tests/core/test_decide_"
LEVELS = "tests/deadlines/test_levels.py::"
FIRE = "tests/deadlines/test_fire_deadlines.py::"
ODD = LEVELS + "test_a_ladder_never_seen_before_leaves_exactly_these_lines_and_messages"
OPENING = "tests/cases/test_open_case.py::"
HIGHEST = OPENING + "test_the_workflow_is_the_one_whose_condition_the_report_meets_and_whose_priority_is_highest"
JOIN = DECIDE + "paths.py::test_a_join_opens_when_as_many_have_ended_as_it_waits_for"
CHOICE = DECIDE + "paths.py::test_a_choice_takes_the_first_branch_that_holds_and_waits_for_an_earlier_unknown_one"
FORM = "tests/work/test_form.py::"
ASKED = FORM + "test_a_form_has_the_fields_of_its_step_type_and_the_questions_of_its_workflow"
TRIES = "tests/core/test_consequences.py::test_a_workflow_says_how_often_and_how_long_a_machine_tries_and_leaves"
SERIES = DECIDE + "series.py::"
SHUT = "tests/overview/test_case_page.py::test_a_shut_gate_says_in_words_why_and_what_it_waits_for"
FACTS = "tests/overview/test_case_page.py::test_facts_are_told_by_their_titles"
RECIPIENTS = LEVELS + "test_a_level_whose_place_is_empty_says_so_and_the_next_one_comes_at_once"
CLOSING = "tests/core/test_closing.py::"
STARTED = (
    "tests/language/test_extends.py::"
    "test_a_named_start_is_written_out_as_a_join_and_as_one_time_limit_for_each_of_its_steps"
)
SHORT = "tests/language/test_short_forms.py::"
WAYS = DECIDE + "ways.py::"
EARLIEST = SERIES + "test_a_step_opens_not_before_its_time_and_its_limit_counts_from_then"
LOOP = WAYS + "test_a_loop_goes_back_so_many_times_and_then_goes_on"
UNTIL = WAYS + "test_a_step_that_waits_for_an_event_ends_with_it_or_when_its_time_is_out"
OFF = WAYS + "test_a_branch_is_called_off_with_what_follows_it_and_what_was_done_is_undone"
PART = SHORT + "test_the_steps_of_a_part_stand_here_under_its_name_with_all_that_they_name"
FOLLOWED = "tests/core/test_follow_ups.py::"
PAGE = "tests/web/test_changes.py::test_a_workflow_and_a_ladder_say_on_their_pages_what_they_are_for"
LETTER = LEVELS + "test_a_level_for_a_body_of_law_opens_a_step_to_release_asks_to_ring_it_and_its_letter_names_nobody"

KEYS: Mapping[str, Mapping[str, str]] = {
    "Workflow": {
        "workflow": SERIES + "test_an_added_step_never_takes_the_name_of_a_step_of_the_workflow",
        "version": DECIDE + "paths.py::test_an_answer_for_one_version_never_counts_for_a_step_of_another",
        "title": PAGE,
        "description": PAGE,
        "case_type": PAGE,
        "jurisdictions": OPENING + "test_a_workflow_of_another_country_is_not_chosen",
        "priority": HIGHEST,
        "start": HIGHEST,
        "facts": DECIDE + "paths.py::test_a_condition_on_a_fact_is_answered_when_the_fact_is_recorded",
        "steps": DECIDE + "paths.py::test_steps_in_a_row_open_one_after_the_other",
        "choices": CHOICE,
        "gates": DECIDE + "paths.py::test_a_gate_holds_a_step_that_could_begin_and_lets_it_go_when_the_fact_comes",
        "close": CLOSING + "test_a_step_that_somebody_added_holds_the_run_open_as_long_as_its_time_runs",
        "follow_ups": FOLLOWED + "test_what_a_step_brings_that_stands_in_no_file_is_named_by_its_type",
        "starts": STARTED,
        "parameters": SHORT + "test_a_parameter_is_put_where_it_is_named_and_another_file_gives_it_another_value",
        "conditions": SHORT + "test_a_named_condition_stands_for_its_words_and_may_name_another",
        "parts": PART,
        "cancels": OFF,
        "is_whole": FOLLOWED + "test_what_is_whole_takes_nothing_more_from_step_types",
    },
    "Start": {"on": HIGHEST, "when": HIGHEST},
    "Join": {"mode": JOIN, "steps": JOIN, "n": JOIN},
    "Assign": {
        "role": "tests/core/test_consequences.py::test_a_step_that_opens_is_offered_to_its_roles_and_prepared",
        "not_": "tests/core/test_consequences.py::test_who_did_a_step_may_not_do_the_one_that_says_so",
        "unit": HERE + "::test_a_unit_elsewhere_counts_by_its_own_calendar",
        "unit_from": "tests/acceptance/test_borders_in_the_core.py::"
        "test_the_partner_counts_by_the_calendar_of_the_country_that_was_found",
    },
    "TimeSpec": {
        "when": HERE + "::test_the_first_limit_whose_condition_holds_applies",
        "from_": DECIDE + "time.py::test_time_runs_from_the_event_that_starts_it",
        "limit": DECIDE + "time.py::test_time_runs_from_the_event_that_starts_it",
        "law": HERE + "::test_a_limit_of_the_law_has_its_own_length_and_another_by_option",
        "option": HERE + "::test_a_limit_of_the_law_has_its_own_length_and_another_by_option",
        "ladder": HERE + "::test_the_ladder_of_a_limit_says_which_levels_are_raised",
        "warn": DECIDE + "time.py::test_warnings_the_breach_and_the_levels_fire_once_each_in_order",
        "exclude": DECIDE + "time.py::test_a_journey_moves_the_deadline_of_its_step_in_the_same_decision",
        "on_breach": SERIES + "test_a_breach_opens_its_path_once_and_the_late_step_goes_on",
        "pause": HERE + "::test_a_limit_stands_still_for_no_longer_than_its_workflow_says",
        "extend": HERE + "::test_a_limit_is_extended_by_no_more_than_its_workflow_says",
    },
    "StepRepeat": {
        "every": SERIES + "test_a_round_waits_for_its_month_and_opens_by_itself",
        "times": SERIES + "test_a_series_is_over_after_so_many_times_and_its_successor_waits_until_then",
        "until": SERIES + "test_a_series_is_over_when_its_condition_holds",
        "same_limit": SERIES + "test_rounds_with_the_limit_of_the_first_are_due_with_it",
    },
    "NotBefore": {"from_": EARLIEST, "wait": EARLIEST},
    "Back": {"to": LOOP, "when": LOOP, "times": LOOP},
    "Wait": {
        "until": UNTIL,
        "time_out": UNTIL,
        "event": WAYS + "test_the_event_is_the_answer_that_names_what_was_asked_for",
    },
    "Cancel": {"when": OFF, "steps": OFF, "undo": OFF},
    "Part": {"workflow": PART, "after": PART, "when": PART, "for_each": PART},
    "Attempts": {"retries": TRIES, "delay": TRIES, "timeout": TRIES},
    "ApprovalRule": {
        "role": HERE + "::test_an_answer_is_approved_by_the_role_and_by_the_time_that_the_workflow_names",
        "limit": HERE + "::test_an_answer_is_approved_by_the_role_and_by_the_time_that_the_workflow_names",
        "ladder": HERE + "::test_an_answer_is_approved_by_the_role_and_by_the_time_that_the_workflow_names",
    },
    "Question": dict.fromkeys(("id", "type", "label", "help", "choices", "required", "sensitivity", "when"), ASKED),
    "StepSpec": {
        "uses": DECIDE + "paths.py::test_a_step_of_a_missing_type_is_held_until_the_type_is_installed",
        "title": "tests/language/test_diagram.py::test_nodes_have_titles_for_screen_readers",
        "help": ASKED,
        "after": DECIDE + "paths.py::test_steps_in_a_row_open_one_after_the_other",
        "when": DECIDE + "paths.py::test_a_condition_opens_skips_or_leaves_waiting",
        "assign": "tests/core/test_consequences.py::test_who_did_a_step_may_not_do_the_one_that_says_so",
        "time": DECIDE + "time.py::test_time_runs_from_the_event_that_starts_it",
        "for_each": DECIDE + "persons.py::test_a_step_for_each_person_opens_a_path_for_each",
        "repeat": SERIES + "test_a_round_waits_for_its_month_and_opens_by_itself",
        "standing": WAYS + "test_a_standing_step_is_there_again_each_time_and_keeps_nothing_open",
        "back": LOOP,
        "not_before": EARLIEST,
        "wait": UNTIL,
        "discretionary": SERIES + "test_a_discretionary_step_opens_only_when_somebody_adds_it",
        "approve": DECIDE + "cases.py::test_a_step_ends_only_when_a_second_person_approves_what_was_answered",
        "attempts": TRIES,
        "questions": ASKED,
        "sets": DECIDE + "paths.py::test_facts_that_a_step_sets_follow_from_its_answers",
        "settings": LETTER,
        "follow_ups": FOLLOWED + "test_what_follows_names_the_line_that_declares_it",
    },
    "Branch": {"when": CHOICE, "to": CHOICE},
    "Choice": {
        "after": DECIDE + "paths.py::test_branches_of_a_choice_come_together_again",
        "branches": CHOICE,
        "default": CHOICE,
    },
    "Gate": {
        "holds": DECIDE + "paths.py::test_a_gate_holds_a_step_that_could_begin_and_lets_it_go_when_the_fact_comes",
        "until": DECIDE + "paths.py::test_a_gate_holds_a_step_that_could_begin_and_lets_it_go_when_the_fact_comes",
        "reason": SHUT,
    },
    "FactSpec": {
        "type": "tests/work/test_work_items.py::test_a_fact_that_no_workflow_declares_is_not_recorded",
        "choices": HERE + "::test_a_fact_has_its_default_until_it_is_told",
        "default": HERE + "::test_a_fact_has_its_default_until_it_is_told",
        "title": FACTS,
    },
    "NamedStart": {"any": STARTED},
    "Close": {
        "when": CLOSING + "test_a_run_ends_when_all_its_steps_are_over_and_no_time_of_it_runs_any_more",
        "abort": WAYS + "test_a_condition_aborts_the_run_and_says_so",
        "unless": CLOSING
        + "test_with_nothing_to_wait_for_what_was_added_is_called_off_with_the_last_step_that_was_foreseen",
    },
    "Ladder": {
        "name": ODD,
        "version": ODD,
        "title": "tests/language/test_ladders.py::test_each_file_is_named_after_its_ladder",
        "overrides_quiet_hours": HERE + "::test_a_ladder_that_overrides_quiet_hours_makes_its_deadlines_critical",
        "delay_owner": HERE + "::test_a_ladder_says_whose_delay_a_breach_is_until_somebody_says_otherwise",
        "hours_since": "tests/overview/test_board.py"
        "::test_the_board_counts_the_hours_of_a_leak_from_its_first_limit_until_none_of_it_is_open",
        "levels": ODD,
        "note": PAGE,
    },
    "Level": {
        "level": ODD,
        "after": HERE + "::test_the_ladder_of_a_limit_says_which_levels_are_raised",
        "to": ODD,
        "channels": ODD,
        "needs_acknowledgement": ODD,
        "acknowledge_within": HERE + "::test_a_level_that_nobody_acknowledges_brings_the_next_one_forward",
        "at_once": LEVELS + "test_a_refusal_at_night_wakes_those_its_level_names_when_nobody_is_on_call",
        "raise_priority": ODD,
        "reassign": LEVELS + "test_a_level_that_gives_the_item_away_tells_who_had_it",
        "offer_next_partner": LEVELS + "test_a_level_offers_the_work_to_the_next_partner_without_any_field",
        "repeat": ODD,
        "last_resort": LEVELS
        + "test_a_last_resort_reaches_who_is_away_and_their_deputy_by_every_channel_that_they_have",
        "note": LEVELS + "test_the_note_of_a_level_is_read_in_the_ledger_of_the_case",
    },
    "LevelRecipient": {
        "person": RECIPIENTS,
        "role": RECIPIENTS,
        "partner": LEVELS + "test_a_partner_who_is_no_unit_here_is_reminded_by_whoever_looks_after_partners",
        "law_route": LETTER,
        "letter": LETTER,
        "released_by": LETTER,
        "release_within": LETTER,
    },
    "LevelRepeat": {"every": ODD, "times": ODD},
}


def _models() -> dict[str, type[BaseModel]]:
    """Return every model that a workflow or a ladder is made of, found from those two."""
    found: dict[str, type[BaseModel]] = {}
    waiting: list[type[BaseModel]] = [Workflow, Ladder]
    own = {
        model
        for module in (workflow, ladders)
        for model in vars(module).values()
        if isinstance(model, type) and issubclass(model, BaseModel) and model.__module__ == module.__name__
    }
    while waiting:
        model = waiting.pop()
        if model.__name__ in found:
            continue
        found[model.__name__] = model
        words = " ".join(str(field.annotation) + str(field.metadata) for field in model.model_fields.values())
        waiting += [other for other in own if f"{other.__module__}.{other.__name__}" in words]
    return found


@cache
def _tests_of(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_every_model_of_the_language_is_in_the_table() -> None:
    assert set(_models()) == set(KEYS)


@pytest.mark.parametrize("name", sorted(KEYS))
def test_every_key_has_a_test_that_sees_its_effect_and_no_entry_is_left_over(name: str) -> None:
    assert set(_models()[name].model_fields) == set(KEYS[name])


@pytest.mark.parametrize("named", sorted({test for keys in KEYS.values() for test in keys.values()}))
def test_each_test_that_is_named_is_there(named: str) -> None:
    path, _, function = named.partition("::")
    assert [test for test in _tests_of(path) if test.startswith(function)]


# What no other test shows


def test_the_first_limit_whose_condition_holds_applies() -> None:
    times = [{"when": 'a.choice == "yes"', "limit": "PT1H"}, {"limit": "PT9H"}]
    for choice, due in (("yes", 1), ("no", 9)):
        world = World(small_world.workflow({"a": {}, "b": {"after": "a", "time": times}}))
        world.end("a", choice=choice)
        assert world.due("b") == hours(due)


def test_a_limit_of_the_law_has_its_own_length_and_another_by_option() -> None:
    for more, due in (({}, 24), ({"option": "far"}, 48)):
        world = World(small_world.workflow({"a": {"time": {"from": "start", "law": "XX-PRODUCE-24H", **more}}}))
        assert world.due("a") == hours(due)


def test_a_unit_elsewhere_counts_by_its_own_calendar() -> None:
    told = {"calendar": "BD", "title": "There", "zone": "Asia/Dhaka", "weekend": ["mon", "tue"]}
    calendars = {**LIBRARY.calendars, "BD": Calendar.model_validate(told)}
    library = Library(calendars=calendars, ladders=LIBRARY.ladders, packs=LIBRARY.packs)
    dues = [
        World(small_world.workflow({"a": {**more, "time": {"limit": "P1WD"}}}), library=library).due("a")
        for more in ({}, {"assign": {"unit": "BD"}})
    ]
    assert dues == [hours(24), hours(48)]


def test_the_ladder_of_a_limit_says_which_levels_are_raised() -> None:
    raised = {}
    for ladder in ("standard", "critical"):
        world = World(small_world.workflow({"a": {"time": {"limit": "PT1H", "ladder": ladder}}}))
        world.live(hours=9)
        raised[ladder] = [
            ((event.planned_at - hours(1)).total_seconds() / 60, event.level)
            for event in world.events
            if isinstance(event, ev.LevelRaised)
        ]
    assert raised == {"standard": [(0, 1), (240, 2)], "critical": [(-15, 1), (0, 2), (30, 2), (60, 2)]}


def test_an_answer_is_approved_by_the_role_and_by_the_time_that_the_workflow_names() -> None:
    approve = {"role": "lawyer", "limit": "PT2H", "ladder": "critical"}
    world = World(small_world.workflow({"a": {"approve": approve}}))
    events = world.end("a", by=ASHA)
    [item] = consequences(events, world.state, world.definitions, world.now).items
    deadline = world.deadline("a", purpose=Purpose.APPROVAL)
    assert (item.candidate_roles, deadline.due_at, deadline.ladder) == (("lawyer",), hours(2), "critical")


def test_a_fact_has_its_default_until_it_is_told() -> None:
    facts = {"how": {"type": "choice", "choices": ["near", "far"], "default": "near"}}
    steps = {"a": {"when": 'how == "near"'}, "b": {"when": 'how == "far"'}}
    world = World(small_world.workflow(steps, facts=facts))
    assert (world.status("a"), world.status("b")) == ("ready", "skipped")


def test_a_limit_stands_still_for_no_longer_than_its_workflow_says() -> None:
    world = World(small_world.workflow({"a": {"time": {"limit": "PT9H", "pause": "PT2H"}}}))
    deadline = world.deadline("a")
    with pytest.raises(OverCapError):
        world.do(cm.PauseDeadline(deadline.id, hours(3), "waiting", ASHA))
    world.do(cm.PauseDeadline(deadline.id, hours(2), "waiting", ASHA))
    assert world.due("a") == hours(11)


def test_a_limit_is_extended_by_no_more_than_its_workflow_says() -> None:
    world = World(small_world.workflow({"a": {"time": {"limit": "PT9H", "extend": "PT2H"}}}))
    deadline = world.deadline("a")
    with pytest.raises(OverCapError):
        world.do(cm.AskExtension(deadline.id, "PT3H", "waiting", ASHA))
    world.do(cm.AskExtension(deadline.id, "PT2H", "waiting", ASHA))
    world.do(cm.AnswerExtension(deadline.id, approved=True, by=small_world.BINA))
    assert world.due("a") == hours(11)


def _with_ladder(**more: object) -> World:
    levels = more.pop("levels", [{"level": 1, "after": "PT0M", "to": "supervisor"}])
    ladder = Ladder.model_validate({"ladder": "own", "title": "Own", "levels": levels, **more})
    library = Library(calendars=LIBRARY.calendars, ladders={**LADDERS, "own": ladder}, packs=LIBRARY.packs)
    world = World(small_world.workflow({"a": {"time": {"limit": "PT1H", "ladder": "own"}}}), library=library)
    world.live(hours=9)
    return world


@pytest.mark.parametrize("critical", [True, False])
def test_a_ladder_that_overrides_quiet_hours_makes_its_deadlines_critical(*, critical: bool) -> None:
    deadline = _with_ladder(overrides_quiet_hours=critical).deadline("a")
    assert deadline.critical is critical


@pytest.mark.parametrize("owner", ["ours", "other_body", "persons_choice", "force_majeure"])
def test_a_ladder_says_whose_delay_a_breach_is_until_somebody_says_otherwise(owner: str) -> None:
    deadline = _with_ladder(delay_owner=owner).deadline("a")
    assert deadline.delay_owner == owner


@pytest.mark.parametrize(("within", "second"), [(None, 5), ("PT2H", 3)])
def test_a_level_that_nobody_acknowledges_brings_the_next_one_forward(within: str | None, second: int) -> None:
    first = {"level": 1, "after": "PT0M", "to": "supervisor", "needs_acknowledgement": True}
    if within:
        first["acknowledge_within"] = within
    world = _with_ladder(levels=[first, {"level": 2, "after": "PT4H", "to": "supervisor"}])
    raised = [event.planned_at for event in world.events if isinstance(event, ev.LevelRaised)]
    assert raised == [hours(1), hours(second)]
