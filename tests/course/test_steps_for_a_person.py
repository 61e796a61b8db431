"""Steps that a workflow keeps ready for each person are offered, called and done on the pages of a case."""

import re
from datetime import timedelta
from html import unescape
from uuid import UUID, uuid4

import pytest
from pydantic import JsonValue
from starlette.testclient import TestClient

from engine.cases.actions.open import open_case
from engine.cases.store import CaseStore
from engine.core.records import PersonRole, Step, StepStatus
from engine.course.actions.steer import add_person
from engine.definitions.actions.publish import publish_shipped
from engine.work.actions.complete import complete_work_item
from engine.work.store import ItemStore
from tests.kit.pillars import example, form_of
from tests.kit.portal import Portal, hidden

WORKFLOW = """workflow: home-or-not
version: 1
title: Home, or to somebody safe
case_type: trafficking
start: {on: hand}
steps:
  home_report:
    uses: repatriation.hir
    for_each: case.victims
    time: {from: start, limit: P7D, ladder: standard}
  handover:
    uses: repatriation.handover
    after: home_report
    for_each: case.victims
    time: {from: home_report, limit: P30D, ladder: standard}
  other_plan: {uses: core.decide, title: "Plan a safe life elsewhere", discretionary: true, for_each: case.victims,
               assign: {role: case_manager}, time: {limit: P15D, ladder: standard}}
  talk: {uses: core.decide, title: "Talk of the whole case", discretionary: true, assign: {role: case_manager},
         time: {limit: P15D, ladder: standard}}
gates:
  to-a-safe-home:
    holds: handover
    until: home_report.recommendation != "unsafe" || has(other_plan.decision)
    reason: "Nobody is taken to a home that is not safe."
"""
PLAN, LEAD = "Plan a safe life elsewhere", "case_manager"
REPORT: dict[str, JsonValue] = {
    "narrative": "x", "concern": "forced_labour", "is_child_suspected": "no", "immediate_danger": False,
    "safe_to_call": True, "consent_to_record": "yes",
}  # fmt: skip


class Case:
    """One case of two victims, the second of whom has a name: a plan can be called for each."""

    def __init__(self, portal: Portal) -> None:
        self.portal, self.client = portal, portal.as_role(LEAD)
        publish_shipped(portal.engine, {"home-or-not.yaml": WORKFLOW})
        lead = portal.people[LEAD]
        opened = portal.act(open_case, answers=REPORT, unit_id=portal.unit, by=lead, workflow="home-or-not")
        self.id, self.page = opened.case_id, f"/cases/{opened.case_id}"
        self.name = f"Invented {uuid4().hex[:6]}"
        portal.act(add_person, self.id, by=lead, role=PersonRole.VICTIM, identity={"name": self.name})
        self.victims = tuple(person.person_id for person in portal.of(CaseStore).lock(self.id).persons)

    def step(self, key: str, person: UUID) -> Step:
        """Return the latest occurrence of a step for somebody."""
        with self.portal.engine.transaction() as tx:
            steps = tx.of(CaseStore).lock(self.id).steps.values()
        found = [step for step in steps if step.key == key and step.base_path == f"person:{person}"]
        return max(found, key=lambda step: step.round)

    def is_unsafe(self, person: UUID) -> None:
        """Say in the home report that the home is not safe."""
        step = self.step("home_report", person)
        step_type = self.portal.engine.registry.get(step.uses)
        when = {step_type.event_time_field: self.portal.clock.now().isoformat()} if step_type.event_time_field else {}
        with self.portal.engine.transaction() as tx:
            item = tx.of(ItemStore).open_of_step(step.id)
        who = next(role for role in item.candidate_roles if role in self.portal.people)
        complete_work_item(
            self.portal.engine, item.id, viewer=self.portal.people[who], revision=item.revision, command_id=uuid4(),
            answers=example(form_of(step_type), full=False, recommendation="unsafe", **when),
        )  # fmt: skip

    def offers(self) -> dict[str, str]:
        """List what the page offers to call, by its words."""
        page = self.client.get(f"{self.page}/add-step").text
        return {
            unescape(words): value for value, words in re.findall(r'name="foreseen" value="([^"]+)">([^<]+)<', page)
        }

    def call(self, words: str) -> None:
        answer = self.client.post(
            f"{self.page}/add-step", data={"foreseen": self.offers()[words], "command_id": str(uuid4())}
        )
        assert "The step was added" in answer.text, answer.text

    def decide(self, person: UUID) -> None:
        """Answer the plan of somebody on its page."""
        step = self.step("other_plan", person)
        with self.portal.engine.transaction() as tx:
            item = tx.of(ItemStore).open_of_step(step.id)
        answer_decision(self.client, f"/items/{item.id}")


def answer_decision(client: TestClient, item: str) -> None:
    page = client.get(item).text
    keys = {name: hidden(page, name) for name in ("command_id", "revision")}
    answers = {"a-decision": "yes", "a-reason": "With her aunt, who is safe.", "action": "complete"}
    assert client.post(item, data=keys | answers).status_code == 200


@pytest.fixture
def case(portal: Portal) -> Case:
    return Case(portal)


def test_a_step_is_called_for_one_child_and_opens_the_gate_that_names_it_for_that_child(case: Case) -> None:
    first, second = case.victims
    for victim in case.victims:
        case.is_unsafe(victim)
        assert case.step("handover", victim).status is StepStatus.HELD
    assert {f"{PLAN}, Person 1", f"{PLAN}, Person 2", "Talk of the whole case"} == set(case.offers())
    case.call(f"{PLAN}, Person 1")
    assert set(case.offers()) == {f"{PLAN}, Person 2", "Talk of the whole case"}, "what is open is not offered again"
    case.decide(first)
    assert case.step("handover", first).status is StepStatus.READY
    assert case.step("handover", second).status is StepStatus.HELD
    assert f"{PLAN}, Person 1, once more" in case.offers()


def test_nobody_is_named_where_a_step_is_offered(case: Case) -> None:
    assert case.name not in case.client.get(f"{case.page}/add-step").text


def test_a_step_that_is_called_by_an_address_that_no_offer_gives_is_refused(case: Case) -> None:
    run = next(iter(case.offers().values())).partition(":")[0]
    for wrong in ("garbage:intake", "garbage", f"{run}:", ":other_plan"):
        data = {"foreseen": wrong, "command_id": str(uuid4())}
        answer = case.client.post(f"{case.page}/add-step", data=data)
        assert (answer.status_code, "Choose one of the steps offered" in answer.text) == (422, True), wrong
    for unknown in (
        f"{run}:other_plan",
        f"{run}:other_plan:person:{uuid4()}",
        f"{run}:other_plan:x",
        f"{uuid4()}:talk",
    ):
        data = {"foreseen": unknown, "command_id": str(uuid4())}
        assert case.client.post(f"{case.page}/add-step", data=data).status_code == 404, unknown


def test_a_step_that_was_not_foreseen_is_added_for_one_person_and_counts_from_when_it_happened(case: Case) -> None:
    page, now = f"{case.page}/add-step", case.portal.clock.now()
    shown = case.client.get(page, params={"uses": "core.decide"}).text
    assert re.findall(r'<option value="[0-9a-f-]{36}">([^<]+)</option>', shown) == [
        "Person 1, Possible victim", "Person 2, Victim",
    ]  # fmt: skip
    happened = now - timedelta(hours=3)
    data = {"uses": "rescue.production", "limit": "PT24H", "person": str(case.victims[1])}
    local = f"{happened + timedelta(hours=5, minutes=30):%Y-%m-%dT%H:%M}"
    answer = case.client.post(page, data=data | {"from_at": local, "command_id": str(uuid4())})
    assert "The step was added" in answer.text
    with case.portal.engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case.id)
    step = next(one for one in state.steps.values() if one.uses == "rescue.production")
    limit = next(one for one in state.deadlines.values() if one.step_id == step.id)
    assert step.path == f"person:{case.victims[1]}"
    assert limit.due_at == happened + timedelta(hours=24)
    later = f"{now + timedelta(hours=7):%Y-%m-%dT%H:%M}"
    for wrong, said in (
        ({"from_at": "yesterday"}, "Give a date and time"),
        ({"from_at": later}, "This is in the future"),
        ({"person": "nobody"}, "Choose one of the persons"),
        ({"person": str(uuid4())}, "Choose one of the persons"),
    ):
        refused = case.client.post(page, data=data | wrong | {"command_id": str(uuid4())})
        assert (refused.status_code, said in refused.text) == (422, True), wrong


def test_a_step_that_was_called_and_is_over_is_called_once_more(case: Case) -> None:
    first = case.victims[0]
    case.call(f"{PLAN}, Person 1")
    case.decide(first)
    case.call(f"{PLAN}, Person 1, once more")
    assert (case.step("other_plan", first).round, case.step("other_plan", first).status) == (2, StepStatus.READY)
    assert f"{PLAN}, Person 1, once more" not in case.offers()
    case.decide(first)
    assert f"{PLAN}, Person 1, once more" in case.offers()
