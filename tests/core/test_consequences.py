"""What storage must hold after a decision, and what keeps a run from going on."""

from collections import Counter
from uuid import UUID

import pytest

from engine.core import commands as cm
from engine.core.consequences import Consequences, Job, JobKind, WorkItem, consequences
from engine.core.readiness import LATE_OPENING, MISSING_TYPE, UNANSWERED, WRONG_TYPE, findings
from engine.core.records import AddedStep, ItemStatus, StepStatus
from tests.core.small_world import ASHA, BINA, RUN, World, actor, person, step_id, workflow

STEPS = {
    "a": {"assign": {"role": "intake_officer"}, "approve": {"role": "supervisor"}},
    "check": {"uses": "test.auto", "after": "a"},
    "b": {"after": "check", "assign": {"not": "a"}},
    "each": {"after": "b", "for_each": "case.victims"},
}


class Store:
    """Items and jobs as storage keeps them, by doing what the consequences say."""

    def __init__(self, world: World) -> None:
        self.items: dict[UUID, WorkItem] = {}
        self.jobs: dict[UUID, Job] = {}
        self._world = world
        self._seen = 1
        self.catch_up()

    def catch_up(self) -> Consequences:
        world = self._world
        follows = consequences(world.events[self._seen :], world.state, world.definitions, world.now)
        self._seen = len(world.events)
        for of, status in follows.closed_steps.items():
            for item in [item for item in self.items.values() if item.step_id == of and item.ended_at is None]:
                self.items[item.id] = item.model_copy(update={"status": status, "ended_at": world.now})
        self.items |= {item.id: item for item in follows.items}
        self.jobs |= {job.id: job for job in follows.jobs}
        return follows

    def open_items(self) -> list[tuple[str, bool]]:
        return [(item.step_key, item.approval) for item in self.items.values() if item.ended_at is None]

    def kinds(self) -> Counter[tuple[str, JobKind]]:
        keys = {step.id: step.key for step in self._world.state.steps.values()}
        return Counter((keys[job.step_id], job.kind) for job in self.jobs.values() if job.step_id)


def started() -> tuple[World, Store]:
    world = World(workflow(STEPS), victims=(ASHA, BINA))
    return world, Store(world)


def test_a_step_that_opens_is_offered_to_its_roles_and_prepared() -> None:
    _, store = started()
    (item,) = store.items.values()
    assert (item.step_key, item.candidate_roles, item.status) == ("a", ("intake_officer",), ItemStatus.READY)
    assert store.kinds() == Counter({("a", JobKind.PREPARE): 1})


def test_an_answer_that_needs_approval_closes_its_item_and_offers_another_to_somebody_else() -> None:
    world, store = started()
    world.end("a", by=actor(1))
    store.catch_up()
    (item,) = [item for item in store.items.values() if item.ended_at is None]
    assert (item.approval, item.candidate_roles, item.excluded_ids) == (True, ("supervisor",), (actor(1),))


def test_a_step_that_is_sent_back_gets_a_new_item_and_is_prepared_again() -> None:
    world, store = started()
    world.end("a", by=actor(1))
    store.catch_up()
    world.do(cm.ApproveStep(step_id(RUN, "a", ""), approved=False))
    store.catch_up()
    assert store.open_items() == [("a", False)]
    assert store.kinds()[("a", JobKind.PREPARE)] == 2


def test_a_step_of_a_machine_is_a_job_and_no_item() -> None:
    world, store = started()
    world.end("a", by=actor(1))
    store.catch_up()
    world.do(cm.ApproveStep(step_id(RUN, "a", ""), approved=True))
    store.catch_up()
    assert store.open_items() == []
    assert store.kinds() == Counter({("a", JobKind.PREPARE): 1, ("a", JobKind.CONCLUDE): 1, ("check", JobKind.RUN): 1})
    job = next(job for job in store.jobs.values() if job.kind is JobKind.RUN)
    assert (job.task, job.retries, job.retry_delay, job.ready_at) == ("test.auto", 2, "PT30S", world.now)


def test_a_workflow_says_how_often_and_how_long_a_machine_tries_and_leaves_the_rest_to_the_step_type() -> None:
    tried = {"uses": "test.auto", "attempts": {"retries": 5, "timeout": "PT3M"}}
    world = World(workflow({"a": {"uses": "test.ask"}, "check": tried}))
    store = Store(world)
    store.catch_up()
    job = next(job for job in store.jobs.values() if job.kind is JobKind.RUN)
    assert (job.retries, job.retry_delay, job.timeout) == (5, "PT30S", "PT3M")


def test_who_did_a_step_may_not_do_the_one_that_says_so() -> None:
    world, store = started()
    world.end("a", by=actor(1))
    store.catch_up()
    world.do(cm.ApproveStep(step_id(RUN, "a", ""), approved=True))
    store.catch_up()
    world.end("check")
    store.catch_up()
    (item,) = [item for item in store.items.values() if item.ended_at is None]
    assert (item.step_key, item.candidate_roles, item.excluded_ids) == ("b", ("caseworker",), (actor(1),))


def test_a_step_that_ends_has_one_conclude_job_and_no_open_item() -> None:
    world, store = started()
    world.end("a", outcome="not_needed")
    store.catch_up()
    assert store.open_items() == []
    assert store.kinds()[("a", JobKind.CONCLUDE)] == 1


def test_each_person_has_an_item_and_whoever_leaves_loses_it() -> None:
    world = World(workflow({"each": {"for_each": "case.victims"}}), victims=(ASHA, BINA))
    store = Store(world)
    assert store.open_items() == [("each", False), ("each", False)]
    world.do(cm.CancelStep(world.step("each", person(ASHA)).id, "moved_away"))
    store.catch_up()
    left = store.items.values()
    assert sorted(item.status for item in left) == [ItemStatus.CANCELLED, ItemStatus.READY]


def test_a_step_that_was_not_foreseen_is_offered_to_the_roles_it_was_added_with() -> None:
    world, store = started()
    added = AddedStep(uses="test.rare", title="Fetch the bag", roles=("driver",))
    world.do(cm.AddStep(RUN, "extra", added))
    (item,) = store.catch_up().items
    assert (item.uses, item.candidate_roles) == ("test.rare", ("driver",))


def test_ids_are_the_same_however_often_the_events_are_read() -> None:
    world, store = started()
    world.end("a", by=actor(1))
    store.catch_up()
    first = consequences(world.events[1:], world.state, world.definitions, world.now)
    assert first == consequences(world.events[1:], world.state, world.definitions, world.now)
    assert {item.id for item in first.items} == set(store.items)


def test_after_any_decision_open_steps_and_open_items_are_the_same() -> None:
    world, store = started()
    while open_steps := [s for s in world.state.steps.values() if s.status in {StepStatus.READY, StepStatus.APPROVAL}]:
        store.catch_up()
        asked = sorted((s.key, s.status is StepStatus.APPROVAL) for s in open_steps if not s.automatic)
        assert sorted(store.open_items()) == asked
        step = open_steps[0]
        if step.status is StepStatus.APPROVAL:
            world.do(cm.ApproveStep(step.id, approved=True))
        else:
            world.end(step.key, step.path)
    store.catch_up()
    assert (store.open_items(), world.status_of_case) == ([], "closed")


FACTS = {"facts": {"safe": {"type": "bool", "title": "The child is safe"}}}


def found(world: World) -> list[tuple[str, str]]:
    return [(finding.step_key, finding.code) for finding in findings(world.view(), world.now)]


def test_a_run_that_goes_on_has_no_findings() -> None:
    world = World(workflow({"a": {}, "b": {"after": "a", "when": "a.flag && safe"}}, **FACTS))
    assert found(world) == []


def test_a_step_that_waits_for_an_answer_that_nobody_can_give_any_more_is_found() -> None:
    world = World(workflow({"a": {"title": "Triage"}, "b": {"after": "a", "when": "a.flag", "title": "Rescue"}}))
    world.end("a", outcome="refused_by_person")
    assert [finding.sentence for finding in findings(world.view(), world.now)] == [
        "“Rescue” is waiting, and nothing that is open can give the answer: Triage: flag is true."
    ]


def test_an_answer_that_a_step_still_open_can_give_is_waited_for() -> None:
    world = World(workflow({"a": {}, "ask": {}, "b": {"after": "a", "when": "ask.flag"}}))
    world.end("a")
    assert found(world) == []
    world.end("ask", outcome="refused_by_person")
    assert found(world) == [("b", UNANSWERED)]


def test_a_fact_is_waited_for_while_anything_is_open() -> None:
    world = World(workflow({"a": {}, "other": {}, "b": {"after": "a", "when": "safe"}}, **FACTS))
    world.end("a")
    assert found(world) == []
    world.end("other")
    assert found(world) == [("b", UNANSWERED)]
    assert "The child is safe" in findings(world.view(), world.now)[0].sentence


def test_only_the_step_that_waits_is_found_and_not_what_follows_it() -> None:
    steps = {"a": {}, "b": {"after": "a", "when": "a.flag"}, "c": {"after": "b", "when": "b.flag"}}
    world = World(workflow(steps))
    world.end("a")
    assert found(world) == [("b", UNANSWERED)]


def test_a_value_of_the_wrong_type_is_found() -> None:
    world = World(workflow({"a": {}, "b": {"after": "a", "when": "a.count > 3"}, "c": {}}))
    world.end("a", count="many")
    assert found(world) == [("b", WRONG_TYPE)]


def test_a_choice_that_cannot_be_made_is_found_at_each_of_its_steps() -> None:
    choice = {"choices": {"way": {"after": "a", "branches": [{"when": "a.flag", "to": "b"}], "default": "c"}}}
    world = World(workflow({"a": {}, "b": {}, "c": {}}, **choice))
    world.end("a")
    assert found(world) == [("b", UNANSWERED), ("c", UNANSWERED)]


def test_a_choice_that_holds_a_step_for_nobody_is_found() -> None:
    choice = {"choices": {"way": {"after": "a", "branches": [{"when": "a.flag", "to": "b"}]}}}
    world = World(workflow({"a": {}, "b": {"for_each": "case.victims"}, "c": {"after": "b"}}, **choice))
    world.end("a")
    assert found(world) == [("b", UNANSWERED)]


def test_a_gate_that_nothing_can_open_is_found() -> None:
    gates = {"safety": {"holds": "b", "until": "a.flag", "reason": "Not yet."}}
    world = World(workflow({"a": {}, "b": {}}, gates=gates))
    assert found(world) == []
    world.end("a", flag=False)
    assert found(world) == [("b", UNANSWERED)]


@pytest.mark.parametrize(("answered", "codes"), [([ASHA], []), ([ASHA, BINA], [("b", UNANSWERED)])])
def test_a_list_is_waited_for_while_one_of_its_answers_can_come(answered: list[object], codes: list[object]) -> None:
    steps = {"a": {"for_each": "case.victims"}, "b": {"when": 'a.choice.all(c, c == "yes")'}}
    world = World(workflow(steps), victims=(ASHA, BINA))
    for victim in answered:
        world.end("a", person(victim))  # type: ignore[arg-type]
    assert found(world) == codes


def test_a_missing_step_type_is_found() -> None:
    world = World(workflow({"a": {"uses": "test.rare"}}, missing=("test.rare",)))
    assert found(world) == [("a", MISSING_TYPE)]


def test_a_round_that_did_not_open_at_its_time_is_found() -> None:
    world = World(workflow({"a": {"repeat": {"every": "P1D", "times": 2}}}))
    world.end("a", "r:1")
    world.let(days=1)
    assert found(world) == []
    world.let(minutes=6)
    assert found(world) == [("a", LATE_OPENING)]


def test_a_run_that_is_over_has_no_findings() -> None:
    world = World(workflow({"a": {}, "b": {"after": "a", "when": "a.flag"}}))
    world.end("a")
    world.do(cm.AbortRun(RUN, "wrong_person"))
    assert found(world) == []
    assert step_id(RUN, "b", "") not in world.state.steps
