"""What is asked to be watched is added unless a step that somebody does now sees to it in time; no alarm is lost."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import JsonValue

from engine.cases.actions.deciding import carry_out
from engine.cases.actions.open import open_case
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core.records import LIVE, AddedStep, CaseStatus, RunStatus, StepStatus, step_id
from engine.course.actions.steer import call_step
from engine.db.embedded.embedded import EmbeddedServer
from engine.definitions.actions.publish import publish_shipped
from engine.overview.views.history import case_history
from engine.rehearsal.world import World, people_of
from tests.kit.cases import DAY, HOUR, START, OneCase
from tests.kit.portal import story_world

VISIT = "reintegration.visit"
WORKFLOW = """workflow: at-home
version: 1
title: At home, or held
case_type: trafficking
start: {on: hand}
steps:
  done: {uses: core.decide, assign: {role: case_manager}, time: {from: start, limit: P30D, ladder: standard}}
  placement: {uses: protection.placement, discretionary: true, for_each: case.victims}
"""
REPORT: dict[str, JsonValue] = {
    "narrative": "x", "concern": "forced_labour", "is_child_suspected": "no", "immediate_danger": False,
    "safe_to_call": True, "consent_to_record": "yes",
}  # fmt: skip


@pytest.fixture(scope="module")
def world(postgres: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with story_world(postgres, tmp_path_factory.mktemp("story")) as made:
        made.clock.move_to(max(made.now(), START))
        publish_shipped(made.engine, {"at-home.yaml": WORKFLOW})
        yield made


class Work(OneCase):
    """One case of one person, and short ways to work on it."""

    def __init__(self, world: World) -> None:
        self.world, self.engine = world, world.engine
        unit, self.people = people_of(world.engine, jurisdiction="IN-NL", label=str(uuid4()))
        self.case_id = open_case(
            self.engine, answers=REPORT, unit_id=unit, viewer=self.people["case_manager"], command_id=uuid4(),
            workflow="at-home",
        ).case_id  # fmt: skip
        self.run = next(iter(self.state.runs))
        self.person = f"person:{self.state.persons[0].person_id}"

    def add(self, uses: str, limit: str | None = None) -> UUID:
        """Add a step that is done for the person, with a limit or without one."""
        step_type, key = self.engine.registry.get(uses), f"extra_{uuid4().hex[:8]}"
        added = AddedStep(uses=uses, title=step_type.title, roles=step_type.roles, limit=limit)
        command = cm.AddStep(self.run, key, added, self.person, automatic=step_type.run is not None)
        with self.engine.transaction() as tx:
            state = tx.of(CaseStore).lock(self.case_id)
            carry_out(self.engine, tx, state, command, actor_id=None, now=self.world.now())
            tx.commit()
        self.world.settle_jobs()
        return step_id(self.run, key, self.person)

    def do(self, uses: str, **changes: Any) -> UUID:
        step = self.add(uses)
        self.answer(step, **changes)
        return step

    def placed(self, **changes: Any) -> UUID:
        """Place the person on an order of the Magistrate, from now."""
        return self.do("protection.placement", **_on_an_order(self.world.now()), **changes)

    def waiting(self, beginning: str = "") -> list[str]:
        """List what is watched now by its names, in their order: all, or those that begin so."""
        found = [one.added.follow_up for one in self.state.steps.values() if one.added and one.status in LIVE]
        return sorted(name for name in found if name and name.startswith(beginning))


def _on_an_order(at: datetime) -> dict[str, Any]:
    end = (at + 30 * DAY).date().isoformat()
    return {
        "legal_basis": "magistrate_order", "admitted_at": at.isoformat(), "own_wish": "wants_to_stay",
        "order_expires": end, "review_on": end,
    }  # fmt: skip


IN_DANGER: dict[str, Any] = {
    "safety": "in_danger", "re_trafficking_sign": ["contact_by_trafficker"], "next": "2027-01-01",
}  # fmt: skip
SAFE: dict[str, Any] = {"safety": "safe", "re_trafficking_sign": ["none"], "next": "2027-01-01"}


@pytest.fixture
def case(world: World) -> Work:
    return Work(world)


@pytest.mark.parametrize(("limit", "is_added"), [("P30D", True), (None, True), ("PT4H", False)])
def test_after_danger_somebody_goes_tomorrow_unless_a_visit_must_be_done_by_then(
    case: Work, limit: str | None, *, is_added: bool
) -> None:
    case.add(VISIT, limit)
    case.do(VISIT, **IN_DANGER)
    assert bool(case.watched("visit_next")) is is_added


def test_after_danger_the_safety_plan_is_looked_at_the_next_day_whatever_else_is_planned(case: Work) -> None:
    case.add("protection.safety", "P14D")
    case.do(VISIT, **IN_DANGER)
    [look] = case.watched("red_flag")
    assert case.limit(look).due_at == case.world.now() + DAY


def test_the_visits_after_a_return_are_opened_beside_the_first_one_and_called_off_by_a_visit(case: Work) -> None:
    at = case.world.now()
    case.do("repatriation.handover", at=at.isoformat(), first_call_on=(at + HOUR).isoformat(), tz="Asia/Kolkata")
    first = case.add(VISIT, "P7D")
    case.add("reintegration.schedule")
    months = ["visit_12_months", "visit_1_month", "visit_2_weeks", "visit_3_months", "visit_6_months"]
    assert case.waiting("visit_") == months, "the first visit has to be done in the days of the one after a week"
    case.answer(first, done_at=at.isoformat(), mode="phone", **SAFE)
    assert case.waiting("visit_") == [*months, "visit_next"]
    case.world.pass_until(at + 12 * DAY)
    case.do(VISIT, done_at=case.world.now().isoformat(), **SAFE)
    assert case.waiting("visit_") == [*(name for name in months if name != "visit_2_weeks"), "visit_next"]


def test_the_day_of_a_journey_opens_no_second_handover_beside_one_that_is_open(case: Work) -> None:
    handover, day = case.add("repatriation.handover", "P30D"), (case.world.now() + 5 * DAY).date()
    case.do("repatriation.travel", date=day.isoformat())
    assert case.watched("journey") == []
    assert case.state.steps[handover].status is StepStatus.READY


def test_whoever_is_held_a_second_time_has_a_second_ten_days(case: Work) -> None:
    case.placed()
    [first] = case.watched("custody_law")
    case.world.pass_until(case.world.now() + 9 * DAY)
    case.answer(first.id, result="released", own_wish="wants_to_stay")
    case.world.pass_until(case.world.now() + 20 * DAY)
    again = case.world.now()
    case.placed()
    [second] = [one for one in case.watched("custody_law") if one.status in LIVE]
    assert (case.limit(second).law, case.limit(second).due_at) == ("IN-ITPA-10D", again + 10 * DAY)
    case.world.pass_until(again + DAY)
    case.placed()
    assert [one.id for one in case.watched("custody_law") if one.status in LIVE] == [second.id], "moved, and still held"


def _left_alone(case: Work) -> UUID:
    """Answer all of a case but a placement."""
    person = case.person
    call_step(
        case.engine, case.case_id, viewer=case.people["case_manager"], command_id=uuid4(), run_id=case.run,
        key="placement", path=person,
    )  # fmt: skip
    case.world.settle_jobs()
    case.answer(step_id(case.run, "done", ""))
    assert case.state.case.status is CaseStatus.OPEN
    return step_id(case.run, "placement", person)


def test_the_last_step_of_a_case_still_has_its_alarm_set_and_the_case_goes_on(case: Work) -> None:
    placement, at = _left_alone(case), case.world.now()
    case.answer(placement, **_on_an_order(at))
    assert (case.state.case.status, case.state.runs[case.run].status) == (CaseStatus.OPEN, RunStatus.OPEN)
    [custody] = case.watched("custody_law")
    assert (custody.status, case.limit(custody).due_at) == (StepStatus.READY, at + 10 * DAY)
    assert case.waiting() == ["custody_law", "custody_order", "placement_review"]
    history = case.engine.ask(case_history, case.people["case_manager"], case.case_id)
    assert [line.text for line in history if line.type == "CaseReopened"] == [
        "The case was opened again: something is to be watched."
    ]
    case.answer(custody.id, result="released", own_wish="wants_to_stay")
    assert case.state.case.status is CaseStatus.CLOSED


def test_what_opens_only_later_keeps_a_case_closed(case: Work) -> None:
    placement = _left_alone(case)
    case.answer(placement, **(_on_an_order(case.world.now()) | {"legal_basis": "court_order"}))
    assert case.state.case.status is CaseStatus.CLOSED
    assert case.waiting() == []
