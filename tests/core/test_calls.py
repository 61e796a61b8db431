"""Whom to ring about what is late, and steps that wait to be opened."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.records import (
    AddedStep,
    CallEnd,
    CallOutcome,
    Deadline,
    LateCall,
    PersonRole,
    Purpose,
    call_id,
    step_id,
)
from engine.core.state import replay
from engine.errors import NotFoundError
from tests.core.small_world import RUN, World, actor, hours, workflow

FIRST, SECOND = actor(1), actor(2)


def late() -> World:
    """Return a world in which the first of two steps is late."""
    world = World(workflow({"a": {"time": {"limit": "PT2H"}}, "z": {}}))
    world.live(hours=3)
    return world


def deadline_of(world: World) -> Deadline:
    known = (*world.state.deadlines.values(), *world.state.past.values())
    return next(one for one in known if one.key == "a")


def ask(world: World, *whom: UUID, level: int = 1, round_: int = 1, body: str = "") -> list[str]:
    events = world.do(cm.AskCalls(deadline_of(world).id, level, round_, whom, body))
    return [event.type for event in events]


def call_of(world: World, whom: UUID | str = FIRST) -> LateCall:
    found = deadline_of(world)
    return next(call for call in found.calls if call.id == call_id(found.step_id, whom))


def ring(world: World, outcome: CallOutcome, whom: UUID | str = FIRST) -> list[str]:
    step = deadline_of(world).step_id
    command = cm.NoteCall(step, call_id(step, whom), outcome, world.now, by=SECOND)
    return [event.type for event in world.do(command)]


def test_each_is_asked_for_once_whichever_levels_and_rounds_ask() -> None:
    world = late()
    assert ask(world, FIRST, SECOND) == ["CallAsked", "CallAsked"]
    assert ask(world, FIRST, SECOND) == [], "the same level and round ask once"
    assert ask(world, FIRST, round_=2) == ask(world, FIRST, level=2) == ["CallAsked"]
    assert ask(world, body="The Magistrate", level=3) == ["CallAsked"]
    assert [len(call.askings) for call in deadline_of(world).calls] == [3, 1, 1]
    assert call_of(world, "The Magistrate").body == "The Magistrate"


@pytest.mark.parametrize(("outcome", "ended"), [
    (CallOutcome.REACHED, CallEnd.REACHED),
    (CallOutcome.ACKNOWLEDGED, CallEnd.ACKNOWLEDGED),
    (CallOutcome.LEFT_MESSAGE, None),
    (CallOutcome.NOT_REACHED, None),
])  # fmt: skip
def test_who_is_reached_need_not_be_rung_until_a_level_asks_again(outcome: CallOutcome, ended: CallEnd | None) -> None:
    world = late()
    ask(world, FIRST, SECOND)
    assert ring(world, outcome) == ["CallMade", *(["CallEnded"] if ended else [])]
    assert call_of(world).ended == ended
    assert call_of(world, SECOND).ended is None
    assert [one.outcome for one in call_of(world).ringings] == [outcome]
    ask(world, FIRST, level=2)
    assert (call_of(world).ended, call_of(world).ended_at, len(call_of(world).ringings)) == (None, None, 1)


@pytest.mark.parametrize(("command", "ended"), [
    (lambda world: cm.Acknowledge(deadline_of(world).id, SECOND), CallEnd.ACKNOWLEDGED),
    (lambda world: cm.CancelStep(deadline_of(world).step_id, "mistake"), CallEnd.OVER),
    (lambda _: cm.CloseCase("mistake"), CallEnd.OVER),
    (lambda _: cm.EndCalls(FIRST, CallEnd.BARRED), CallEnd.BARRED),
    (lambda world: cm.EndCalls(FIRST, CallEnd.HAS_IT, deadline_of(world).step_id), CallEnd.HAS_IT),
])  # fmt: skip
def test_a_call_is_over_by_the_same_decision_as_what_it_is_about(command: Any, ended: CallEnd) -> None:
    world = late()
    ask(world, FIRST)
    events = world.do(command(world))
    assert [event.ended for event in events if isinstance(event, ev.CallEnded)] == [ended]
    assert (call_of(world).ended, call_of(world).ended_at) == (ended, world.now)


def test_more_time_that_a_second_person_gives_ends_what_was_asked_for_before_the_due_time() -> None:
    world = World(workflow({"a": {"time": {"limit": "PT2H"}}, "z": {}}))
    world.live(hours=1)
    ask(world, FIRST)
    of = deadline_of(world).id
    world.do(cm.AskExtension(of, "PT1H", "far_away", FIRST))
    assert call_of(world).ended is None
    world.do(cm.AnswerExtension(of, approved=True, by=SECOND))
    assert call_of(world).ended == CallEnd.ACKNOWLEDGED


def test_what_was_done_on_the_telephone_is_recorded_also_when_it_is_over_and_opens_nothing() -> None:
    world = late()
    ask(world, FIRST)
    world.end("a")
    assert ring(world, CallOutcome.REACHED) == ["CallMade"]
    assert (call_of(world).ended, len(call_of(world).ringings)) == (CallEnd.OVER, 1)
    assert ask(world, SECOND) == [], "what has ended asks for nobody"


def test_ringing_somebody_whom_nobody_asked_to_ring_is_refused() -> None:
    world = late()
    ask(world, FIRST)
    with pytest.raises(NotFoundError):
        ring(world, CallOutcome.REACHED, SECOND)
    with pytest.raises(NotFoundError):
        world.do(cm.NoteCall(uuid4(), uuid4(), CallOutcome.REACHED, world.now))


def test_calls_are_kept_when_a_deadline_is_counted_again() -> None:
    world = late()
    ask(world, FIRST)
    world.do(cm.Recount())
    assert call_of(world).ended is None
    assert replay(world.events).deadlines == world.state.deadlines
    assert hours(2) == deadline_of(world).due_at


PERSON = UUID(int=77)


def watched(at: float = 10, **more: object) -> AddedStep:
    """Make a step that watches for something: it opens after so many hours and leaves two hours then."""
    fields = {"uses": "test.rare", "title": "Look again", "opens_at": hours(at), "from_at": hours(at), "limit": "PT2H"}
    return AddedStep.model_validate({"follow_up": "review", **fields, **more})


def test_a_watched_step_waits_opens_in_time_and_is_late_only_when_its_own_limit_is_over() -> None:
    world = World(workflow({"a": {}}))
    world.do(cm.AddStep(RUN, "again", watched()))
    assert world.status("again") == "scheduled"
    assert [one.purpose for one in world.state.deadlines.values()] == [Purpose.OPENING]
    world.live(hours=9)
    assert world.status("again") == "scheduled"
    world.live(hours=2)
    assert (world.status("again"), world.due("again")) == ("ready", hours(12))
    world.live(hours=2)
    late = next(one for one in world.state.deadlines.values() if one.key == "again")
    assert late.breached_at == hours(12)


def test_one_whose_time_has_come_opens_at_once() -> None:
    world = World(workflow({"a": {}}))
    world.do(cm.AddStep(RUN, "again", watched(at=0)))
    assert world.status("again") == "ready"


def test_what_waits_keeps_no_case_open_and_what_is_open_does() -> None:
    world = World(workflow({"a": {}}))
    world.do(cm.AddStep(RUN, "again", watched()))
    world.end("a")
    assert (world.status_of_case, world.status("again")) == ("closed", "cancelled")
    other = World(workflow({"a": {}}))
    other.do(cm.AddStep(RUN, "again", watched(at=1)))
    other.live(hours=2)
    other.end("a")
    assert other.status_of_case == "open"
    other.end("again")
    assert other.status_of_case == "closed"


def test_it_makes_a_run_go_on_that_is_over_only_when_it_opens_at_once() -> None:
    world = World(workflow({"a": {}, "b": {}}))
    second = World(workflow({"a": {}})).definitions
    world.definitions |= second
    other = UUID(int=9)
    world.start(next(iter(second.values())), other)
    world.do(cm.CompleteStep(step_id(other, "a", ""), "done", world.now))
    assert world.do(cm.AddStep(other, "again", watched())) == ()
    world.do(cm.AddStep(other, "now", watched(at=0)))
    assert (world.state.runs[other].status, world.state.steps[step_id(other, "now", "")].status) == ("open", "ready")


def test_it_is_called_off_when_its_person_is_no_longer_in_the_case() -> None:
    world = World(workflow({"a": {}}))
    world.do(cm.AddPerson(PERSON, PersonRole.VICTIM))
    path = f"person:{PERSON}"
    world.do(cm.AddStep(RUN, "again", watched(), path))
    world.do(cm.RemovePerson(PERSON, PersonRole.VICTIM))
    assert world.status("again", path) == "cancelled"
