"""Opening a case: six answers are enough, once, sealed, in the right workflow."""

from threading import Barrier, Thread
from typing import Any
from uuid import uuid4

import pytest

from engine.cases.actions.open import OpenedCase
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError
from engine.work.views.form import item_form
from tests.kit.trial import CANARY
from tests.kit.world import SIX, World, replace_roles


def test_six_answers_are_enough_to_open_a_case(world: World) -> None:
    opened = world.open()
    state = world.state(opened.case_id)
    assert len(SIX) == 6
    assert state.case.number == opened.case_number
    assert [person.role.value for person in state.persons] == ["possible_victim"], "a report proves nothing"


@pytest.mark.parametrize("missing", sorted(SIX))
def test_a_report_without_one_of_the_first_answers_is_refused_by_the_name_of_that_field(
    world: World, missing: str
) -> None:
    with pytest.raises(InvalidAnswersError) as refused:
        world.open(answers={name: value for name, value in SIX.items() if name != missing})
    assert refused.value.problems == {missing: "Answer this question."}
    assert world.rows('SELECT 1 FROM "case"') == []


def test_a_wrong_answer_is_told_without_being_quoted(world: World) -> None:
    with pytest.raises(InvalidAnswersError) as refused:
        world.open(answers=SIX | {"concern": CANARY})
    assert list(refused.value.problems) == ["concern"]
    assert CANARY not in str(refused.value.problems) + str(refused.value)


def test_the_workflow_is_the_one_whose_condition_the_report_meets_and_whose_priority_is_highest(world: World) -> None:
    calm = world.open(workflow=None)
    danger = world.open(workflow=None, answers=SIX | {"immediate_danger": True})
    assert _workflows(world, calm) == ["visit"]
    assert _workflows(world, danger) == ["danger"]


def test_a_workflow_of_another_country_is_not_chosen(world: World) -> None:
    assert "abroad" not in _workflows(world, world.open(workflow=None))


def test_a_workflow_that_does_not_exist_is_refused(world: World) -> None:
    with pytest.raises(NotFoundError):
        world.open(workflow="nowhere")


def test_the_same_command_gives_the_first_case_again(world: World) -> None:
    command_id = uuid4()
    first, second = world.open(command_id=command_id), world.open(command_id=command_id)
    assert first == second
    assert len(world.rows('SELECT 1 FROM "case"')) == 1


def test_the_same_command_twice_at_one_instant_opens_one_case_and_both_are_told_of_it(world: World) -> None:
    command_id, barrier, got = uuid4(), Barrier(2), list[Any]()

    def click() -> None:
        barrier.wait()
        try:
            got.append(world.open(command_id=command_id))
        except Exception as error:  # noqa: BLE001 - what came is what is looked at
            got.append(error)

    threads = [Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert isinstance(got[0], OpenedCase)
    assert got[0] == got[1]
    assert len(world.rows('SELECT 1 FROM "case"')) == 1


def test_what_was_reported_is_readable_in_no_column_of_any_table(world: World) -> None:
    world.open()
    dump = world.dump()
    assert "forced_labour" in dump
    assert CANARY not in dump


def test_the_first_item_is_reserved_for_whoever_reported_with_the_answers_in_its_form(world: World) -> None:
    reporter = world.who("intake_officer")
    opened = world.open()
    assert opened.item_id is not None
    assert world.load(opened.item_id).assignee_id == reporter.actor_id
    form = world.engine.ask(item_form, reporter, opened.item_id)
    assert next(field.value for field in form.fields if field.name == "narrative") == SIX["narrative"]


def test_somebody_who_may_not_answer_the_first_item_reports_and_leaves_it_to_those_who_may(world: World) -> None:
    opened = world.open(viewer=replace_roles(world.who("intake_officer"), "lawyer"))
    assert opened.item_id is not None
    assert world.load(opened.item_id).assignee_id is None


def test_nobody_reports_for_a_unit_that_is_not_theirs(world: World) -> None:
    with pytest.raises(NotAllowedError):
        world.open(viewer=world.other("intake_officer"))


def test_a_report_that_reached_us_earlier_opens_the_case_at_that_earlier_instant(world: World) -> None:
    opened = world.open(answers=SIX | {"received_at": "2026-03-07T08:00:00+05:30"})
    assert world.state(opened.case_id).case.opened_at.isoformat() == "2026-03-07T02:30:00+00:00"
    assert world.deadline(opened.case_id, "intake").breached_at is not None


def _workflows(world: World, opened: OpenedCase) -> list[str]:
    return [run.workflow for run in world.state(opened.case_id).runs.values()]


def test_a_case_is_read_in_one_order_wherever_its_rows_lie(world: World) -> None:
    case_id = world.open(workflow="fragile").case_id
    before, lay = world.state(case_id), world.rows("SELECT id FROM deadline")
    assert len(lay) > 1
    for (row,) in reversed(lay):
        world.rows("UPDATE deadline SET next_at = next_at + interval '1 second' WHERE id = :row", row=row)
    assert world.rows("SELECT id FROM deadline") == lay[::-1]
    assert list(world.state(case_id).deadlines) == list(before.deadlines)
