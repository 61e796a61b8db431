"""Approval, several runs, aborting, closing and reopening; and that a case is the sum of its events."""

from datetime import timedelta

import pytest

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.decide import decide
from engine.core.records import AddedStep, RunStatus
from engine.core.state import replay
from engine.errors import AlreadyEndedError, NotFoundError
from engine.language.calendars import NoCalendarError
from tests.core.small_world import LIBRARY, OTHER_RUN, RUN, World, actor, hours, step_id, workflow

APPROVED = {"a": {"approve": {"role": "supervisor"}}, "b": {"after": "a", "when": 'a.choice == "yes"'}}
A = step_id(RUN, "a", "")


def test_a_step_ends_only_when_a_second_person_approves_what_was_answered() -> None:
    world = World(workflow(APPROVED))
    world.end("a", by=actor(1), choice="yes")
    assert (world.status("a"), world.status("b")) == ("approval", "not reached")
    world.let(hours=1)
    world.do(cm.ApproveStep(A, approved=True, by=actor(2)))
    assert (world.status("a"), world.status("b")) == ("ended", "ready")
    assert (world.step("a").ended_at, world.step("a").recorded_at) == (hours(0), hours(1))


def test_a_step_that_is_sent_back_begins_a_new_turn_without_its_answers() -> None:
    world = World(workflow(APPROVED))
    world.end("a", by=actor(1), choice="yes")
    world.do(cm.ApproveStep(A, approved=False, by=actor(2)))
    step = world.step("a")
    assert (step.status, step.turn, step.outputs, step.completed_by) == ("ready", 2, {}, None)
    world.end("a", choice="no")
    world.do(cm.ApproveStep(A, approved=True))
    assert world.statuses() == {"a": "ended", "b": "skipped"}


def test_a_step_that_was_refused_needs_no_approval() -> None:
    world = World(workflow(APPROVED))
    world.end("a", outcome="refused_by_person")
    assert world.status("a") == "ended"


def test_what_waits_for_no_approval_cannot_be_approved() -> None:
    world = World(workflow(APPROVED))
    with pytest.raises(AlreadyEndedError):
        world.do(cm.ApproveStep(A, approved=True))
    with pytest.raises(NotFoundError):
        world.do(cm.ApproveStep(step_id(RUN, "b", ""), approved=True))


# Several runs


def two_runs() -> World:
    leak = workflow({"react": {}, "tell": {"after": "react", "when": "known"}}, facts={"known": {"type": "bool"}})
    world = World(workflow({"a": {}, "b": {"after": "a"}}))
    world.start(leak, OTHER_RUN)
    return world


def test_runs_go_on_side_by_side_and_the_case_closes_with_the_last() -> None:
    world = two_runs()
    world.end("react", run=OTHER_RUN)
    world.end("a")
    world.end("b")
    assert (world.state.runs[RUN].status, world.status_of_case) == ("over", "open")
    world.tell(known=False)
    assert (world.state.runs[OTHER_RUN].status, world.status_of_case) == ("over", "closed")


def test_starting_the_same_run_again_changes_nothing() -> None:
    world = two_runs()
    run = world.state.runs[OTHER_RUN]
    assert world.do(cm.StartRun(OTHER_RUN, run.definition_hash, world.now, "IN")) == ()


def test_a_run_needs_its_definition_and_a_calendar() -> None:
    world = World(workflow({"a": {}}), start=False)
    with pytest.raises(NotFoundError):
        world.do(cm.StartRun(RUN, "no such hash", world.now, "IN"))
    with pytest.raises(NoCalendarError):
        world.do(cm.StartRun(RUN, next(iter(world.definitions)), world.now, "TH"))


def test_aborting_a_run_calls_off_what_is_open_and_leaves_the_others() -> None:
    world = two_runs()
    world.do(cm.AbortRun(RUN, "wrong_person"))
    assert (world.state.runs[RUN].status, world.status("a"), world.status_of_case) == ("aborted", "cancelled", "open")
    world.do(cm.AbortRun(OTHER_RUN, "wrong_person"))
    assert (world.status_of_case, world.state.deadlines) == ("closed", {})


def test_an_aborted_run_leaves_no_deadline_and_opens_no_path() -> None:
    late = {"time": {"limit": "PT2H", "on_breach": "note"}}
    world = World(workflow({"a": late, "note": {}, "c": {"after": "a", "time": {"from": "start", "limit": "PT9H"}}}))
    world.let(hours=5)
    world.do(cm.AbortRun(RUN, "wrong_person"))
    assert (world.breaches(), world.state.deadlines) == ([("a", hours(2))], {})
    assert (world.status("note"), world.status_of_case) == ("not reached", "closed")


@pytest.mark.parametrize("run", [RUN, OTHER_RUN])
def test_a_run_is_aborted_once(run: object) -> None:
    world = World(workflow({"a": {}}))
    with pytest.raises((AlreadyEndedError, NotFoundError)):
        world.do(cm.AbortRun(OTHER_RUN, "wrong_person"))
    world.do(cm.AbortRun(RUN, "wrong_person"))
    world.do(cm.ReopenCase("more_to_do"))
    with pytest.raises((AlreadyEndedError, NotFoundError)):
        world.do(cm.AbortRun(run, "wrong_person"))  # type: ignore[arg-type]


def test_a_run_whose_definition_is_not_here_stands_still_and_the_others_go_on() -> None:
    world = two_runs()
    world.end("react", run=OTHER_RUN)
    world.do(cm.AddStep(RUN, "x", AddedStep(uses="test.rare", title="X", limit="PT2H")))
    first = world.definitions.pop(world.state.runs[RUN].definition_hash)
    deadlines = world.state.deadlines
    world.tell(known=True)
    assert world.status("tell", run=OTHER_RUN) == "ready"
    assert world.state.deadlines == deadlines
    with pytest.raises(NotFoundError):
        world.end("a")
    world.definitions[first.content_hash] = first
    world.end("a")
    assert world.status("b") == "ready"


# Closing and reopening


def closed() -> World:
    world = World(workflow({"a": {}, "talk": {"discretionary": True}}))
    world.end("a")
    return world


def test_a_closed_case_refuses_everything_but_reopening() -> None:
    world = closed()
    for command in (cm.RecordFact("x", value=True), cm.CancelStep(A, "x"), cm.AddStep(RUN, "talk")):
        with pytest.raises(AlreadyEndedError):
            world.do(command)


def test_a_case_that_is_reopened_stays_open_and_is_not_reopened_twice() -> None:
    world = closed()
    world.let(days=3)
    world.do(cm.ReopenCase("more_to_do"))
    assert (world.status_of_case, world.state.case.closed_at) == ("open", None)
    assert world.do(cm.ReopenCase("more_to_do")) == ()
    world.tell(anything=True)
    assert world.status_of_case == "open"


def test_a_run_that_was_over_goes_on_when_a_step_is_added_to_it() -> None:
    world = closed()
    world.do(cm.ReopenCase("more_to_do"))
    world.do(cm.AddStep(RUN, "talk"))
    assert (world.state.runs[RUN].status, world.status("talk")) == (RunStatus.OPEN, "ready")
    world.end("talk")
    assert (world.state.runs[RUN].status, world.status_of_case) == (RunStatus.OVER, "closed")


def test_a_reopened_case_may_begin_another_workflow() -> None:
    world = closed()
    world.do(cm.ReopenCase("more_to_do"))
    world.start(workflow({"follow_up": {}}), OTHER_RUN)
    assert world.status_of_case == "open"
    world.end("follow_up", run=OTHER_RUN)
    assert world.status_of_case == "closed"


def test_closing_a_case_calls_off_what_is_open_in_all_its_runs_and_ends_their_time() -> None:
    world = two_runs()
    world.do(cm.CloseCase("duplicate"))
    assert world.status_of_case == "closed"
    assert {run.status for run in world.state.runs.values()} == {RunStatus.ABORTED}
    assert dict(world.state.deadlines) == {}
    called_off = [event for event in world.events if isinstance(event, ev.StepCancelled)]
    assert {event.reason_code for event in called_off} == {"duplicate"}
    assert len([event for event in world.events if isinstance(event, ev.CaseClosed)]) == 1


def test_a_reopened_case_in_which_nothing_was_begun_can_be_closed_again() -> None:
    world = closed()
    world.do(cm.ReopenCase("more_to_do"))
    world.let(days=1)
    world.do(cm.CloseCase("mistake"))
    assert (world.status_of_case, world.state.case.closed_at) == ("closed", world.now)
    assert world.state.runs[RUN].status is RunStatus.OVER
    with pytest.raises(AlreadyEndedError):
        world.do(cm.CloseCase("mistake"))


def test_a_run_that_was_stopped_by_closing_stays_stopped_when_the_case_is_opened_again() -> None:
    world = World(workflow({"a": {}, "talk": {"discretionary": True}}))
    world.do(cm.CloseCase("duplicate"))
    world.do(cm.ReopenCase("mistake"))
    with pytest.raises(AlreadyEndedError):
        world.do(cm.AddStep(RUN, "talk"))
    world.start(workflow({"follow_up": {}}), OTHER_RUN)
    world.do(cm.AddStep(OTHER_RUN, "call", AddedStep(uses="test.ask", title="Telephone", limit="PT4H")))
    world.end("follow_up", run=OTHER_RUN)
    world.end("call", run=OTHER_RUN)
    assert world.status_of_case == "closed"


# Events


def lived() -> World:
    steps = {
        "a": {"time": {"limit": "PT2H"}, "approve": {"role": "supervisor", "limit": "PT1H"}},
        "b": {"after": "a", "repeat": {"every": "P1D", "times": 2}},
    }
    world = World(workflow(steps), victims=(actor(1),))
    world.live(hours=5)
    world.end("a", at=hours(3))
    world.do(cm.ApproveStep(A, approved=False))
    world.end("a", at=hours(4))
    world.do(cm.ApproveStep(A, approved=True))
    world.end("b", "r:1")
    world.live(days=2)
    return world


def test_a_case_is_the_sum_of_its_events() -> None:
    world = lived()
    assert replay(world.events) == world.state


def test_events_come_back_from_storage_as_they_were() -> None:
    world = lived()
    stored = [ev.EVENT.validate_json(ev.EVENT.dump_json(event)) for event in world.events]
    assert replay(stored) == world.state


def test_a_case_begins_with_its_opening() -> None:
    with pytest.raises(TypeError):
        replay(lived().events[1:])


def test_the_same_question_has_the_same_answer() -> None:
    world = World(workflow(APPROVED))
    command = cm.CompleteStep(A, "done", world.now)
    first = decide(world.definitions, LIBRARY, world.state, command, world.now + timedelta(hours=1))
    assert first == decide(world.definitions, LIBRARY, world.state, command, world.now + timedelta(hours=1))
