"""Parameters, named conditions and parts are written out before a workflow is read."""

import pytest

from engine.language.extends import load_workflow_text
from engine.language.workflow import Workflow


def _short(text: str, **others: str) -> Workflow:
    workflow, findings = load_workflow_text(text, file="w.yaml", library=others.get)
    assert findings == ()
    assert workflow is not None
    return workflow


BASE = """\
workflow: base
version: 1
title: Base
parameters: {within: PT48H, most: 3}
conditions:
  is_urgent: 'a.choice == "yes"'
  is_slow: '!is_urgent && a.count > $most'
steps:
  a: {uses: test.ask, time: {limit: $within}}
  b: {uses: test.ask, after: a, when: is_slow, time: {limit: P1D}}
"""


def test_a_parameter_is_put_where_it_is_named_and_another_file_gives_it_another_value() -> None:
    found = _short("workflow: own\nversion: 1\nextends: base\nparameters: {within: PT12H}\n", base=BASE)
    assert (found.steps["a"].time[0].limit, _short(BASE).steps["a"].time[0].limit) == ("PT12H", "PT48H")
    assert "parameters" not in found.model_dump()


def test_a_named_condition_stands_for_its_words_and_may_name_another() -> None:
    found = _short(BASE)
    assert found.steps["b"].when == '(!(a.choice == "yes") && a.count > 3)'
    assert "conditions" not in found.model_dump()


PART = """\
workflow: care
version: 1
title: Care
facts: {asked: {type: bool}}
steps:
  plan: {uses: test.ask, time: {limit: P1D}, sets: {asked: 'plan.choice == "yes"'}}
  act: {uses: test.ask, after: plan, when: 'plan.choice == "yes"', time: {from: plan, limit: P2D, on_breach: late}}
  late: {uses: test.ask, time: {limit: P1D}, assign: {not: act}}
  extra: {uses: test.ask, discretionary: true}
gates: {not-yet: {holds: act, until: asked, reason: Not yet.}}
"""
AROUND = """\
workflow: around
version: 1
title: Around
parts: {care: {workflow: care, after: a, for_each: case.victims, when: 'a.choice == "yes"'}}
steps:
  a: {uses: test.ask, time: {limit: P1D}}
  z: {uses: test.ask, after: care, time: {limit: P1D}}
"""


def test_the_steps_of_a_part_stand_here_under_its_name_with_all_that_they_name() -> None:
    found = _short(AROUND, care=PART)
    assert list(found.steps) == ["a", "z", "care_plan", "care_act", "care_late", "care_extra"]
    plan, act = found.steps["care_plan"], found.steps["care_act"]
    assert (plan.after.steps, plan.when, plan.for_each) == (("a",), '(a.choice == "yes")', "case.victims")
    assert plan.sets == {"asked": 'care_plan.choice == "yes"'}
    assert (act.after.steps, act.when, act.time[0].from_) == (
        ("care_plan",), 'care_plan.choice == "yes"', "care_plan",
    )  # fmt: skip
    assert (act.time[0].on_breach, found.steps["care_late"].assign.not_) == (("care_late",), ("care_act",))
    assert found.gates["care-not-yet"].holds == ("care_act",)
    assert list(found.facts) == ["asked"]
    assert found.steps["z"].after.steps == ("care_act", "care_late")
    assert "parts" not in found.model_dump()


@pytest.mark.parametrize(("text", "code", "line", "words"), [
    (BASE.replace("$within", "$witin"), "unknown-parameter", 9, 'Did you mean "within"?'),
    (BASE.replace("'a.choice == \"yes\"'", "is_slow"), "condition-circle", 6, "names itself"),
    (AROUND, "unknown-part", 4, 'no workflow "care"'),
])  # fmt: skip
def test_a_short_form_that_does_not_fit_is_found(text: str, code: str, line: int, words: str) -> None:
    _, findings = load_workflow_text(text, file="w.yaml", library={}.get)
    assert any((one.code, one.line) == (code, line) and words in one.message for one in findings), findings


def test_a_limit_from_the_start_of_a_part_counts_from_when_its_step_opens() -> None:
    dated = PART.replace("  extra: {uses: test.ask,", "  extra: {uses: test.ask, time: {from: start, limit: P1D},")
    assert dated != PART
    (inside,) = _short(AROUND, care=dated).steps["care_extra"].time
    (alone,) = _short(dated).steps["extra"].time
    assert (inside.from_, alone.from_) == ("ready", "start")


def test_a_workflow_that_is_part_of_itself_is_found() -> None:
    _, findings = load_workflow_text(
        AROUND.replace("workflow: care", "workflow: around"), file="w.yaml", library={"around": AROUND}.get
    )
    assert "unknown-part" in {one.code for one in findings}
