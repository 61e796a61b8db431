"""Cases that are merged, unmerged and split: nothing is lost, nothing is doubled, nothing is told twice."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.case_links import CaseMergedError, laws_left_alone, laws_of_persons
from engine.core.records import LIVE, AddedStep, PersonRole, step_id
from engine.core.state import CaseState, replay
from engine.core.steps import UnknownOutcomeError
from engine.errors import AlreadyEndedError, ConflictError, NotFoundError
from tests.core.small_world import ASHA, BINA, CHITRA, OTHER_RUN, OUTCOMES, RUN, World, person, workflow
from tests.core.workflows_at_random import outputs, workflows

INTO = UUID(int=500)
EACH = {"for_each": "case.victims"}
TIMED = {"a": {"time": [{"limit": "PT8H", "warn": ["50%"]}]}, "b": {"after": "a"}}
REFUSALS = (NotFoundError, AlreadyEndedError, ConflictError, UnknownOutcomeError)
RESTS = cm.MergeCase(INTO, rests=True, reason_code="same_report")
GOES_ON = cm.MergeCase(INTO, rests=False, reason_code="same_event")
UNMERGE = cm.UnmergeCase("mistaken")


def act(world: World, draw: Callable[..., Any]) -> None:
    """Let something happen to a case: an answer, a fact, a person, some time."""
    what = draw(st.integers(0, 4))
    live = sorted((s for s in world.state.steps.values() if s.status in LIVE), key=lambda s: s.id)
    commands: list[cm.Command] = []
    if what <= 1 and live:
        step = draw(st.sampled_from(live))
        outcome = draw(st.sampled_from(OUTCOMES))
        commands = [
            cm.CompleteStep(step.id, outcome, world.now, outputs=draw(outputs())),
            cm.ApproveStep(step.id, True),
        ]
    elif what == 2:
        commands = [cm.RecordFact("safe", draw(st.booleans()))]
    elif what == 3:
        commands = [cm.AddPerson(draw(st.sampled_from([BINA, CHITRA])), PersonRole.VICTIM)]
    else:
        world.live(hours=draw(st.integers(1, 40)))
    for command in commands:
        try:
            world.do(command)
        except REFUSALS:
            continue


@st.composite
def cases(draw: st.DrawFn) -> World:
    """Draw a case with a random workflow, to which some things have happened."""
    world = World(draw(workflows()), victims=(ASHA, BINA), report={"kind": "a"})
    for _ in range(draw(st.integers(0, 6))):
        act(world, draw)
    return world


def all_ids(*states: CaseState) -> Counter[Any]:
    return Counter(
        [key for state in states for key in state.steps]
        + [key for state in states for key in (*state.deadlines, *state.past)]
    )


def fired(*worlds: World) -> Counter[Any]:
    """Count what fired, by deadline: breaches, warnings, levels."""
    names: list[Any] = []
    for event in (event for world in worlds for event in world.events):
        match event:
            case ev.DeadlineBreached():
                names.append((event.deadline.id, "breach"))
            case ev.DeadlineWarned():
                names.append((event.deadline.id, event.firing))
            case ev.LevelRaised():
                names.append((event.deadline.id, event.level, event.round))
            case _:
                continue
    return Counter(names)


@given(cases(), st.booleans())
@settings(max_examples=80)
def test_merging_and_unmerging_at_once_gives_the_same_case(world: World, rests: bool) -> None:  # noqa: FBT001
    before = world.state
    world.do(cm.MergeCase(INTO, rests=rests, reason_code="same_event"))
    assert world.state.case.merged_into == INTO
    world.do(UNMERGE)
    assert world.state == before


@given(cases(), st.integers(1, 300), st.booleans())
@settings(max_examples=60)
def test_nothing_of_a_case_that_was_merged_fires_twice_and_nothing_is_forgotten(
    world: World,
    hours: int,
    rests: bool,  # noqa: FBT001
) -> None:
    due = {d.id: d.due_at for d in world.state.deadlines.values() if d.purpose.value != "opening"}
    world.do(cm.MergeCase(INTO, rests=rests, reason_code="same_event"))
    world.live(hours=hours)
    world.do(UNMERGE)
    world.live(hours=hours)
    assert max(fired(world).values(), default=1) == 1
    breached = {e.deadline.id: e.deadline.breached_at for e in world.events if isinstance(e, ev.DeadlineBreached)}
    still_open = set(world.state.deadlines) & set(due)
    for known in still_open:
        if due[known] == world.state.deadlines[known].due_at <= world.now:
            assert breached[known] == due[known], "what passed meanwhile is late since its own time"
    assert replay(world.events) == world.state


@given(cases(), st.data())
@settings(max_examples=60)
def test_splitting_and_merging_keeps_every_step_deadline_and_person_once(world: World, data: st.DataObject) -> None:
    known, people = set(world.state.steps), {p.person_id for p in world.state.persons if p.removed_at is None}
    apart = World(*world.definitions.values(), start=False, report=dict(world.state.report))
    apart.now = world.now
    try:
        world.do(cm.RemovePerson(ASHA, PersonRole.VICTIM))
    except AlreadyEndedError:
        return
    apart.do(cm.AddPerson(ASHA, PersonRole.VICTIM))
    apart.start(next(iter(world.definitions.values())), OTHER_RUN)
    for one in (world, apart):
        for _ in range(data.draw(st.integers(0, 3))):
            act(one, data.draw)
    apart.do(cm.MergeCase(INTO, rests=data.draw(st.booleans()), reason_code="same_event"))
    for one in (world, apart):
        one.live(hours=data.draw(st.integers(0, 100)))
    assert known <= set(world.state.steps), "the original keeps its history"
    assert max(all_ids(world.state, apart.state).values(), default=1) == 1
    assert max(fired(world, apart).values(), default=1) == 1
    present = Counter(p.person_id for one in (world, apart) for p in one.state.persons if p.removed_at is None)
    assert present[ASHA] == 1
    assert people <= set(present)


def test_a_stub_goes_on_with_what_was_open_and_begins_nothing_new() -> None:
    world = World(workflow(TIMED), victims=(ASHA,))
    due = world.due("a")
    world.do(GOES_ON)
    assert world.due("a") == due
    step = AddedStep(uses="test.ask", title="More")
    for command in (
        cm.AddPerson(BINA, PersonRole.WITNESS), cm.ChangePersonRole(ASHA, PersonRole.VICTIM, PersonRole.WITNESS),
        cm.AddStep(RUN, "more", step), cm.StartRun(OTHER_RUN, next(iter(world.definitions)), world.now, "IN"),
    ):  # fmt: skip
        with pytest.raises(CaseMergedError):
            world.do(command)
    world.end("a")
    assert world.status("b") == "ready"
    assert len(world.live(hours=48)) == 0, "what was kept is not told of"


def test_a_ladder_can_still_open_what_a_late_limit_of_a_stub_needs() -> None:
    world = World(workflow(TIMED))
    world.do(GOES_ON)
    deadline = world.deadline("a")
    world.do(cm.AddStep(RUN, "letter", AddedStep(uses="test.ask", title="Letter", for_deadline=deadline.id)))
    assert world.status("letter") == "ready"


def test_what_an_answer_in_a_stub_asks_to_be_watched_is_watched() -> None:
    world = World(workflow(TIMED))
    world.do(GOES_ON)
    world.do(cm.AddStep(RUN, "watch", AddedStep(uses="test.ask", title="Day 10", limit="P10D", follow_up="custody")))
    assert world.status("watch") == "ready"
    with pytest.raises(CaseMergedError):
        world.do(cm.AddStep(RUN, "more", AddedStep(uses="test.ask", title="More")))


def test_a_case_that_rests_takes_no_answer_and_runs_no_time_until_it_is_unmerged() -> None:
    world = World(workflow(TIMED))
    due = world.due("a")
    world.do(RESTS)
    assert world.state.deadlines == {}
    with pytest.raises(CaseMergedError):
        world.end("a")
    assert world.live(hours=20) == []
    world.do(UNMERGE)
    assert world.due("a") == due, "the limit begins where it began, it gains no time"
    assert world.breaches() == [("a", due)]
    world.end("a")
    assert world.status("b") == "ready"


def test_a_machine_may_end_what_it_had_under_way_and_nothing_follows_while_the_case_rests() -> None:
    world = World(workflow({"a": {"uses": "test.auto"}, "b": {"after": "a"}}))
    world.do(RESTS)
    world.end("a")
    assert (world.status("a"), world.status("b")) == ("ended", "not reached")
    world.do(UNMERGE)
    assert world.status("b") == "ready"


def test_a_stub_is_merged_once_and_the_same_words_change_nothing() -> None:
    world = World(workflow(TIMED))
    world.do(GOES_ON)
    assert world.do(GOES_ON) == ()
    for other in (RESTS, cm.MergeCase(UUID(int=501), rests=False, reason_code="same_event")):
        with pytest.raises(CaseMergedError):
            world.do(other)
    world.do(UNMERGE)
    assert world.do(UNMERGE) == ()


def test_a_closed_case_can_be_merged_and_is_not_opened_as_a_stub() -> None:
    world = World(workflow({"a": {}}))
    world.end("a")
    world.do(GOES_ON)
    with pytest.raises(CaseMergedError):
        world.do(cm.ReopenCase("new_evidence"))
    world.do(UNMERGE)
    assert world.status_of_case == "closed"


LAWFUL = {
    "produce": {"uses": "test.rare", "time": [{"law": "XX-PRODUCE-24H", "from": "ready"}], **EACH},
    "end": {"after": "produce"},
}


def test_a_limit_of_the_law_that_the_other_case_does_not_have_is_named() -> None:
    lawful, plain = World(workflow(LAWFUL), victims=(ASHA,)), World(workflow(TIMED))
    assert laws_left_alone(plain.state, lawful.state) == ("XX-PRODUCE-24H",)
    assert laws_left_alone(lawful.state, lawful.state) == ()
    assert laws_left_alone(lawful.state, plain.state) == ()


def test_a_limit_of_the_law_for_one_person_is_named_until_their_step_is_done() -> None:
    world = World(workflow(LAWFUL), victims=(ASHA, BINA))
    assert [d.step_id for d in laws_of_persons(world.state, [ASHA])] == [step_id(RUN, "produce", person(ASHA))]
    world.end("produce", person(ASHA))
    assert laws_of_persons(world.state, [ASHA]) == ()
    assert len(laws_of_persons(world.state, [ASHA, BINA])) == 1


def test_the_history_of_a_stub_alone_gives_the_same_case() -> None:
    world = World(workflow(TIMED))
    for command in (GOES_ON, UNMERGE, RESTS):
        world.do(command)
        world.now += timedelta(hours=1)
    told = [ev.EVENT.validate_python(event.model_dump(mode="json", exclude_defaults=True) | {"type": event.type})
            for event in world.events]  # fmt: skip
    assert replay(told) == world.state
