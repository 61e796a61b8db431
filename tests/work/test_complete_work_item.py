"""Completing a work item: all of it or nothing, once, by one person, with what follows there at once."""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Barrier, Thread
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.cases.records import ChangedContentError
from engine.core.consequences import NotACandidateError
from engine.core.steps import UnknownOutcomeError
from engine.course.actions.steer import add_step
from engine.errors import (
    AlreadyEndedError,
    ConflictError,
    IcmcError,
    InvalidAnswersError,
    NotAllowedError,
    NotFoundError,
)
from engine.overview.views.history import case_history
from engine.plugin.registry import UnknownStepTypeError
from engine.work.actions.complete import Completion, approve_work_item
from engine.work.store import ItemStore
from engine.work.views.form import item_form
from engine.work.views.worklist import worklist
from tests.kit.trial import CANARY
from tests.kit.world import INTAKE, LOOKED, START, World


def test_what_follows_is_on_the_worklist_as_soon_as_the_item_is_completed(world: World) -> None:
    opened = world.open()
    done = world.complete(world.item(opened.case_id, "intake"), by="intake_officer", answers=INTAKE)
    lines = world.engine.ask(worklist, world.who("caseworker"))
    assert [line.id for line in lines if line.step_key == "look"] == list(done.next_item_ids)


def test_the_same_click_twice_has_one_effect_and_the_first_answer(world: World) -> None:
    opened = world.open()
    item, command_id = world.item(opened.case_id, "intake"), uuid4()
    first = world.complete(item, by="intake_officer", answers=INTAKE, command_id=command_id)
    events = world.state(opened.case_id).case.chain_length
    second = world.complete(item, by="intake_officer", answers=INTAKE, command_id=command_id)
    assert second == first
    assert world.state(opened.case_id).case.chain_length == events


def test_a_command_that_comes_back_with_other_answers_is_not_called_saved(world: World) -> None:
    opened = world.at_look()
    item, command_id = world.item(opened.case_id, "look"), uuid4()
    world.complete(item, by="caseworker", answers=LOOKED, command_id=command_id)
    with pytest.raises(ChangedContentError, match="was not saved"):
        world.complete(item, by="caseworker", answers=LOOKED | {"way": "river"}, command_id=command_id)
    kept = world.rows("SELECT answer FROM command WHERE id = :id", id=command_id)[0].answer
    assert "road" not in str(kept)


def test_of_two_people_at_once_exactly_one_completes_and_the_other_finds_nothing_half_done(world: World) -> None:
    opened = world.at_look()
    item = world.item(opened.case_id, "look")
    got = at_once(
        lambda: world.complete(item, by="caseworker", answers=LOOKED),
        lambda: world.complete(item, by="case_manager", answers=LOOKED),
    )
    assert sorted(type(one).__name__ for one in got) in (
        ["AlreadyEndedError", "Completion"],
        ["Completion", "ConflictError"],
    )
    assert len(world.rows("SELECT 1 FROM answer WHERE step_id = :step", step=item.step_id)) == 1
    assert len(world.rows("SELECT 1 FROM event WHERE type = 'StepEnded' AND case_id = :c", c=opened.case_id)) == 2
    assert len(world.rows("SELECT 1 FROM command WHERE case_id = :c", c=opened.case_id)) == 3


def test_one_double_click_at_one_instant_gives_both_the_same_answer(world: World) -> None:
    opened = world.at_look()
    item, command_id = world.item(opened.case_id, "look"), uuid4()
    first, second = at_once(
        *[lambda: world.complete(item, by="caseworker", answers=LOOKED, command_id=command_id)] * 2,
    )
    assert isinstance(first, Completion)
    assert first == second


def test_an_item_that_was_claimed_after_its_form_was_opened_is_a_conflict(world: World) -> None:
    opened = world.at_look()
    item = world.item(opened.case_id, "look")
    with pytest.raises(ConflictError):
        world.complete(item, by="caseworker", answers=LOOKED, revision=item.revision - 1)
    assert_untouched(world, opened.case_id, item.step_id)


def test_a_completed_item_is_not_completed_again(world: World) -> None:
    opened = world.open()
    item = world.item(opened.case_id, "intake")
    world.complete(item, by="intake_officer", answers=INTAKE)
    with pytest.raises(AlreadyEndedError):
        world.complete(item, by="intake_officer", answers=INTAKE)


def test_somebody_without_the_role_is_refused(world: World) -> None:
    opened = world.at_look()
    with pytest.raises(NotACandidateError):
        world.complete(world.item(opened.case_id, "look"), by="lawyer", answers=LOOKED)


def test_who_did_one_step_may_not_do_the_one_that_needs_a_second_person(world: World) -> None:
    opened = world.at_talk()
    with pytest.raises(NotAllowedError):
        world.complete(world.item(opened.case_id, "talk"), by="caseworker", answers={"is_well": True})


def test_another_units_case_does_not_exist(world: World) -> None:
    opened = world.at_look()
    with pytest.raises(NotFoundError):
        world.complete(world.item(opened.case_id, "look"), by=world.other("caseworker"), answers=LOOKED)


def test_an_outcome_other_than_done_needs_a_reason_and_no_answers(world: World) -> None:
    opened = world.at_look()
    item = world.item(opened.case_id, "look")
    with pytest.raises(InvalidAnswersError) as refused:
        world.complete(item, by="caseworker", answers={}, outcome="not_needed", reason="  ")
    assert list(refused.value.problems) == ["reason"]
    world.complete(item, by="caseworker", answers={}, outcome="not_needed", reason="The road is gone.")
    assert world.state(opened.case_id).steps[item.step_id].outcome == "not_needed"


def test_a_reason_that_the_pillar_declares_is_offered_needs_no_words_and_can_be_decided_on(world: World) -> None:
    opened = world.at_talk()
    item, supervisor = world.item(opened.case_id, "talk"), world.who("supervisor")
    chosen = "blocked_by_other_body:no_interpreter"
    view = world.engine.ask(item_form, supervisor, item.id)
    assert view.outcomes[chosen] == "Waiting on another agency: No interpreter came"
    with pytest.raises(InvalidAnswersError) as refused:
        world.complete(item, by="supervisor", answers={}, outcome="not_needed:no_interpreter")
    assert list(refused.value.problems) == ["outcome"]
    world.complete(item, by="supervisor", answers={}, outcome=chosen)
    step = world.state(opened.case_id).steps[item.step_id]
    assert (step.outcome, step.outputs) == ("blocked_by_other_body", {"because": "no_interpreter"})
    trail = world.engine.ask(case_history, supervisor, opened.case_id)
    assert any(line.text.endswith("ended: waiting on another agency (no interpreter).") for line in trail)


def test_an_outcome_that_nobody_knows_is_refused_for_added_steps_too(world: World) -> None:
    opened = world.at_look()
    viewer = world.who("case_manager")
    world.act(add_step, opened.case_id, by=viewer, uses="trial.talk", limit="PT4H")
    item = world.item(opened.case_id, "trial_talk_1")
    for known in (item, world.item(opened.case_id, "look")):
        with pytest.raises(UnknownOutcomeError):
            world.complete(known, by="caseworker", answers={}, outcome="vanished", reason="Why not.")


def test_what_lies_in_the_future_has_not_happened(world: World) -> None:
    opened = world.at_look()
    item = world.item(opened.case_id, "look")
    ahead = (world.clock.now() + timedelta(minutes=10)).isoformat()
    with pytest.raises(InvalidAnswersError) as refused:
        world.complete(item, by="caseworker", answers=LOOKED | {"seen_at": ahead})
    assert refused.value.problems == {"seen_at": "This is in the future."}
    assert_untouched(world, opened.case_id, item.step_id)


def test_a_clock_that_is_a_little_ahead_is_forgiven_and_counts_as_now(world: World) -> None:
    opened = world.at_look()
    item = world.item(opened.case_id, "look")
    ahead = (world.clock.now() + timedelta(minutes=2)).isoformat()
    world.complete(item, by="caseworker", answers=LOOKED | {"seen_at": ahead})
    assert world.state(opened.case_id).steps[item.step_id].ended_at == world.clock.now()


def test_entering_late_what_happened_late_leaves_a_breach_and_keeps_the_reason(world: World) -> None:
    opened = world.at_look()
    item = world.item(opened.case_id, "look")
    world.later(hours=30)
    happened = START + timedelta(hours=20)
    answers = LOOKED | {"seen_at": happened.isoformat()}
    world.complete(item, by="caseworker", answers=answers, late_reason="The line was down.")
    row = world.rows("SELECT breached_at, due_at, ended_at FROM deadline WHERE step_id = :s", s=item.step_id)[0]
    assert row.breached_at == row.due_at == START + timedelta(hours=10)
    assert row.ended_at == happened
    assert world.of(ItemStore).answers(item.step_id)["_late_reason"] == "The line was down."


def test_entering_late_what_happened_in_time_is_no_breach(world: World) -> None:
    opened = world.at_look()
    item = world.item(opened.case_id, "look")
    world.later(hours=9)
    happened = START + timedelta(hours=1)
    world.complete(item, by="caseworker", answers=LOOKED | {"seen_at": happened.isoformat()})
    row = world.rows("SELECT breached_at, status FROM deadline WHERE step_id = :s", s=item.step_id)[0]
    assert row.breached_at is None
    assert row.status == "met"


@pytest.mark.parametrize(("changes", "problems"), [
    ({"is_safe": None}, {"is_safe"}),
    ({"way": "air"}, {"way"}),
    ({"stranger": "x"}, {"stranger"}),
    ({"seen_at": "2026-03-07T06:00:00"}, {"seen_at"}),
    ({"colour": "green"}, {"colour"}),
    ({"colour": ["red"]}, {"colour"}),
    ({"colour": None}, {"colour"}),
    ({"dogs": "many"}, {"dogs"}),
    ({"dogs": float("nan")}, {"dogs"}),
    ({"has_gate": "perhaps"}, {"has_gate"}),
    ({"back_at": "2026-03-08T06:00:00"}, {"back_at"}),
    ({"who": {"name": "x"}}, {"who"}),
    ({"who": "x" * 30_000}, {"who"}),
    ({"journey": [{"start": "2026-03-07T05:00:00Z", "end": "2026-03-07T04:00:00Z"}]}, {"journey"}),
    ({"way": "river", "people": 3}, {"form"}),
    ({"way": "air", "colour": "green"}, {"way", "colour"}),
])  # fmt: skip
def test_answers_that_do_not_fit_are_told_field_by_field_and_change_nothing(
    world: World, changes: dict[str, Any], problems: set[str]
) -> None:
    opened = world.at_look()
    item = world.item(opened.case_id, "look")
    with pytest.raises(InvalidAnswersError) as refused:
        world.complete(item, by="caseworker", answers=LOOKED | changes)
    assert set(refused.value.problems) == problems
    assert CANARY not in str(refused.value.problems)
    assert_untouched(world, opened.case_id, item.step_id)


def test_what_a_pillars_own_rule_refuses_is_told_in_its_words(world: World) -> None:
    opened = world.at_look()
    with pytest.raises(InvalidAnswersError) as refused:
        world.complete(
            world.item(opened.case_id, "look"), by="caseworker", answers=LOOKED | {"way": "river", "people": 3}
        )
    assert "A river has no people to count." in refused.value.problems.values()


def test_open_answers_to_added_questions_become_outputs_and_identifying_ones_do_not(world: World) -> None:
    opened = world.at_look()
    item = world.item(opened.case_id, "look")
    asked = {"has_gate": True, "dogs": 2, "back_at": "2026-03-08T11:45:00+05:45", "who": CANARY}
    world.complete(item, by="caseworker", answers=LOOKED | asked)
    outputs = dict(world.state(opened.case_id).steps[item.step_id].outputs)
    assert outputs["has_gate"] is True
    assert outputs["dogs"] == 2
    assert outputs["colour"] == "red"
    assert outputs["back_at"] == "2026-03-08T06:00:00+00:00"
    assert "who" not in outputs
    assert CANARY not in world.dump()


def test_a_workflow_decides_on_the_answers_to_its_own_questions(world: World) -> None:
    opened = world.at_look()
    item = world.item(opened.case_id, "look")
    asked = {"has_gate": True, "dogs": 2, "back_at": "2026-03-08T11:45:00+05:45"}
    world.complete(item, by="caseworker", answers=LOOKED | asked)
    assert world.item(opened.case_id, "again").uses == "trial.talk"


def test_a_step_that_needs_approval_ends_when_a_second_person_approves(world: World) -> None:
    opened = world.at_talk()
    item = world.item(opened.case_id, "talk")
    world.complete(item, by="supervisor", answers={"is_well": True})
    waiting = world.item(opened.case_id, "talk")
    assert waiting.approval
    with pytest.raises(NotAllowedError):
        decide(world, waiting.id, world.who("supervisor"), approved=True)


def test_who_approved_is_kept_with_the_item(world: World) -> None:
    opened = world.at_talk()
    second = world.who("supervisor").model_copy(update={"actor_id": world.who("nodal_officer").actor_id})
    world.complete(world.item(opened.case_id, "talk"), by="supervisor", answers={"is_well": True})
    waiting = world.item(opened.case_id, "talk")
    assert decide(world, waiting.id, second, approved=True)
    assert world.state(opened.case_id).steps[item_step(world, waiting.id)].status.value == "ended"
    assert world.load(waiting.id).assignee_id == second.actor_id


def test_what_is_sent_back_is_answered_again_in_a_new_turn(world: World) -> None:
    opened = world.at_talk()
    second = world.who("supervisor").model_copy(update={"actor_id": world.who("nodal_officer").actor_id})
    first = world.item(opened.case_id, "talk")
    world.complete(first, by="supervisor", answers={"is_well": True})
    waiting = world.item(opened.case_id, "talk")
    assert not decide(world, waiting.id, second, approved=False)
    again = world.item(opened.case_id, "talk")
    assert not again.approval
    assert again.id != first.id
    assert world.state(opened.case_id).steps[again.step_id].turn == 2
    world.complete(again, by="supervisor", answers={"is_well": False})
    with world.engine.transaction() as tx:
        assert tx.of(ItemStore).answers(again.step_id, turn=1) == {"is_well": True}
        assert tx.of(ItemStore).answers(again.step_id) == {"is_well": False}


def test_an_approval_is_not_answered_as_a_form(world: World) -> None:
    opened = world.at_talk()
    world.complete(world.item(opened.case_id, "talk"), by="supervisor", answers={"is_well": True})
    second = world.who("supervisor").model_copy(update={"actor_id": world.who("nodal_officer").actor_id})
    with pytest.raises(NotFoundError):
        world.complete(world.item(opened.case_id, "talk"), by=second, answers={"is_well": True})


def test_an_instant_without_a_zone_is_not_taken_for_local_time(world: World) -> None:
    opened = world.at_talk()
    naive = datetime(2026, 3, 7, 5, 0)  # noqa: DTZ001 - that is the point
    with pytest.raises(IcmcError):
        world.complete(
            world.item(opened.case_id, "talk"), by="supervisor", answers={"is_well": True}, happened_at=naive
        )


def decide(world: World, item_id: UUID, viewer: Any, *, approved: bool) -> bool:
    revision = world.load(item_id).revision
    return world.act(approve_work_item, item_id, by=viewer, revision=revision, approved=approved)


def item_step(world: World, item_id: UUID) -> UUID:
    return world.load(item_id).step_id


def assert_untouched(world: World, case_id: UUID, step_id: UUID) -> None:
    assert world.rows("SELECT 1 FROM answer WHERE step_id = :step", step=step_id) == []
    assert world.state(case_id).steps[step_id].status.value == "ready"


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Make the calls at one instant, each in a thread; returns what each gave or raised."""
    barrier, got = Barrier(len(calls)), list[Any]()

    def run(call: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            got.append(call())
        except IcmcError as error:
            got.append(error)

    threads = [Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got


def test_a_step_whose_pillar_is_gone_is_readable_and_can_be_ended_by_hand(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = world.at_look()
    item = world.item(opened.case_id, "look")
    monkeypatch.delitem(world.engine.registry.step_types, item.uses)  # type: ignore[arg-type]
    form = world.engine.ask(item_form, world.who("caseworker"), item.id)
    assert f"No installed pillar has the step type {item.uses}" in form.purpose
    assert "not_needed" in form.outcomes
    with pytest.raises(UnknownStepTypeError):
        world.complete(item, by="caseworker", answers=LOOKED)
    world.complete(item, by="caseworker", answers={}, outcome="not_needed", reason="The pillar is gone.")
    step = world.state(opened.case_id).steps[item.step_id]
    assert (step.status.value, step.outcome) == ("ended", "not_needed")
    world.do_jobs()
    assert world.rows("SELECT 1 FROM job WHERE step_id = :s AND status <> 'done'", s=item.step_id) == []
