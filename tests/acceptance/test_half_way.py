"""Cases that turn half-way: the workflow itself opens what comes, and counts it from there."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.core import commands as cm
from engine.core.records import Scalar, StepStatus
from engine.language.workflow import Question
from engine.rehearsal.answers import as_it_goes_on
from engine.rehearsal.story import DueRule, StoryEvent
from tests.acceptance.core_story import CoreCase
from tests.kit.shipped import shipped

OPENED = datetime(2026, 3, 7, 13, 10, tzinfo=UTC)
AFTER_A_RESCUE = ("first_needs", "health", "safety", "identify", "certificate")


def _case(workflow: str, *left: str) -> CoreCase:
    return CoreCase(workflow=shipped(workflow), opened_at=OPENED, jurisdiction="IN-AS", left=frozenset(left))


def _end(case: CoreCase, key: str, **answers: Scalar) -> None:
    """Let the team work until a step is there, and end it."""
    while not any(step.key == key for step in case.ready()):
        undated = [step for step in case.undated() if step.key not in case.left]
        if undated:
            case.complete(undated[0])
        else:
            case.until(max(case.now, min(stop[0] for stop in case._stops())))
    [step] = [step for step in case.ready() if step.key == key]
    case.do(cm.CompleteStep(step.id, "done", case.now, outputs=answers))


def _open(case: CoreCase) -> set[str]:
    return {step.key for step in case.ready()}


@pytest.mark.parametrize("workflow", ["stopped-on-the-way", "unsafe-migration"])
@pytest.mark.parametrize("exploited", [True, False])
def test_whoever_travelled_on_is_brought_out_when_the_call_says_that_they_are_exploited(
    *, workflow: str, exploited: bool
) -> None:
    case = _case(workflow, "call", "found_lead", "found_rescue", *(f"found_{key}" for key in AFTER_A_RESCUE))
    _end(case, "call", exploited=exploited)
    assert ("found_lead" in _open(case)) is exploited
    if not exploited:
        return
    _end(case, "found_lead", at_work=True)
    rescued = case.step("found_rescue")
    assert rescued is not None
    limit = case.deadline(rescued)
    assert limit is not None
    assert (limit.law, limit.due_at - case.now) == ("IN-BL-ENQ", timedelta(hours=48))
    _end(case, "found_rescue")
    assert {f"found_{key}" for key in AFTER_A_RESCUE} <= _open(case)
    for key, hours in (("first_needs", 2), ("health", 24), ("safety", 24), ("identify", 72), ("certificate", 24)):
        step = case.step(f"found_{key}")
        assert step is not None
        found = case.deadline(step)
        assert found is not None
        assert found.due_at - case.now == timedelta(hours=hours), key


@pytest.mark.parametrize("gone", [True, False])
def test_who_has_gone_on_is_searched_for_beside_those_who_were_stopped(*, gone: bool) -> None:
    case = _case("stopped-on-the-way", "stop", "triage", "search_missing", "found_lead", "call")
    _end(case, "stop", someone_gone=gone)
    _end(case, "triage", decision="prevention", risk_level="critical")
    assert ("search_missing" in _open(case)) is gone
    if gone:
        _end(case, "search_missing")
        assert {"search_fir", "found_lead"} <= _open(case)
        lead = case.step("found_lead")
        assert lead is not None
        limit = case.deadline(lead)
        assert limit is not None
        assert limit.due_at > case.now + timedelta(days=100), "a lead comes when it comes"


@pytest.mark.parametrize("workflow", ["missing-child", "missing-adult"])
def test_a_missing_person_who_is_found_exploited_is_helped_from_the_rescue_on(workflow: str) -> None:
    case = _case(workflow, "found", "out_lead", "out_rescue", "out_health")
    _end(case, "out_lead", at_work=True)
    _end(case, "out_rescue")
    found, health = case.step("found"), case.step("out_health")
    assert found is not None
    assert found.status is StepStatus.CANCELLED
    assert health is not None
    limit = case.deadline(health)
    assert limit is not None
    assert limit.due_at - case.now == timedelta(hours=24)


@pytest.mark.parametrize("workflow", ["missing-child", "missing-adult"])
def test_nobody_waits_for_a_lead_once_a_missing_person_is_found_otherwise(workflow: str) -> None:
    case = _case(workflow, "found", "out_lead")
    _end(case, "found")
    lead = case.step("out_lead")
    assert lead is not None
    assert lead.status is StepStatus.CANCELLED
    assert [step.key for step in case.state.steps.values() if step.key == "out_rescue" and step.opened_at] == []


LABOUR = ("restitution.wages", "IN-BL-ORDER")


@pytest.mark.parametrize(("steps", "answer"), [
    ([LABOUR], True),
    ([("restitution.wages", "programme")], True),
    ([("restitution.wages", "IN-FIR-REG")], False),
    ([("protection.health", "programme")], False),
    ([], False),
])  # fmt: skip
def test_a_story_says_yes_to_a_question_only_if_it_goes_on_with_what_that_opens(
    *, steps: list[tuple[str, str]], answer: bool
) -> None:
    told = [
        StoryEvent(
            label=uses,
            at=OPENED,
            step=uses,
            due_rule=DueRule.model_validate({"from": "start", "limit": "PT24H", "clock": clock}),
        )
        for uses, clock in steps
    ]
    asked = [Question(id=name, type="bool", label="?", required=True) for name in ("at_work", "other")]
    assert as_it_goes_on(shipped("found-exploited"), "lead", asked, told, {}) == {"at_work": answer}


@pytest.mark.parametrize(("told", "decided"), [
    ("repatriation.handover", {"decision": "no"}), ("repatriation.travel", {"decision": "no"}),
    ("rescue.identify", {}), ("repatriation.decision", {}),
])  # fmt: skip
def test_whoever_is_taken_home_in_a_story_did_not_fear_it(told: str, decided: dict[str, str]) -> None:
    event = StoryEvent(label=told, at=OPENED, step=told)
    assert as_it_goes_on(shipped("forced-scamming"), "fear", (), [event], {}) == decided
    assert as_it_goes_on(shipped("forced-scamming"), "own_will", (), [event], {}) == {}
