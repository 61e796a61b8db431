"""*Not known* is an answer to every yes-or-no question of every form, and is read as a no nowhere."""

from collections.abc import Mapping
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from engine.builtin import CORE
from engine.cases.answers import check_answers, open_outputs
from engine.cases.views.answers import answer_views
from engine.documents.actions.paper_forms import paper_form
from engine.errors import InvalidAnswersError
from engine.language.workflow import Question
from engine.messages.templates import TemplateRenderer
from engine.plugin.answers import Form
from engine.plugin.fields import FieldSpec, as_told
from engine.plugin.kinds import NOT_KNOWN, FieldKind
from engine.plugin.registry import load_registry
from engine.plugin.steps import StepType
from engine.web.forms import controls, questions
from tests.kit.pillars import FakeContext, example

REGISTRY = load_registry(builtins=(CORE,))
RENDERER = TemplateRenderer(Path(__file__).parents[2] / "templates")
STEPS = [
    step
    for key, step in sorted(REGISTRY.step_types.items())
    if any(spec.kind is FieldKind.BOOL for spec in step.fields)
]
EACH_STEP = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.key)
OFFERED = ["Yes", "No", "Not known"]
_UNSURE = {"not_known", "unknown", "unsure", "not_sure", "not_asked", "not_able"}


def _asked(step: StepType) -> list[FieldSpec]:
    return [spec for spec in step.fields if spec.kind is FieldKind.BOOL]


def _unknown(step: StepType) -> dict[str, str]:
    return {spec.name: "not_known" for spec in _asked(step)}


def _form(step: StepType) -> type[Form]:
    assert step.form is not None
    return step.form


def test_a_yes_or_no_question_is_in_most_pillars() -> None:
    assert len({step.pillar for step in STEPS}) == 13
    assert sum(len(_asked(step)) for step in STEPS) >= 90


@EACH_STEP
def test_every_yes_or_no_question_offers_it_on_the_page_on_paper_and_in_the_schema(step: StepType) -> None:
    drawn = controls(questions(_asked(step)), zone="UTC", now=datetime(2026, 3, 7, tzinfo=UTC))
    assert {tuple(item.text for item in one.items) for one in drawn} == {tuple(OFFERED)}
    paper = unescape(paper_form(REGISTRY, RENDERER, step.key))
    assert paper.count("Not known</span>") >= len(_asked(step))
    schema = _form(step).model_json_schema()["properties"]
    for spec in _asked(step):
        takes = Draft202012Validator({**schema[spec.name], "$schema": "https://json-schema.org/draft/2020-12/schema"})
        assert [takes.is_valid(value) for value in (True, False, "not_known", "perhaps")] == [True, True, True, False]


@EACH_STEP
def test_it_is_taken_where_an_answer_is_required_and_reaches_no_output(step: StepType) -> None:
    unknown = _unknown(step)
    problems: set[str] = set()
    try:
        read = _form(step).model_validate(example(_form(step)) | unknown)
        assert {getattr(read, name) for name in unknown} == {None}
    except ValidationError as error:  # a rule across the fields of the made-up answers
        problems = {str(detail["loc"][0]) for detail in error.errors() if detail["loc"]}
    assert not problems & set(unknown)
    assert not set(open_outputs(step, unknown)) & set(unknown)


@EACH_STEP
def test_it_is_shown_as_an_answer_of_its_own(step: StepType) -> None:
    shown = answer_views(step.fields, _unknown(step), "UTC", unmasked=True)
    assert {view.text for view in shown} == {"Not known"}


@EACH_STEP
def test_what_follows_from_it_is_worked_out(step: StepType) -> None:
    told = as_told(step.fields, example(_form(step)) | _unknown(step))
    assert all(told[name] is NOT_KNOWN for name in _unknown(step))
    if step.conclude is not None:
        step.conclude(FakeContext(answers=told, settings=step.settings()))


def test_a_required_question_is_not_answered_by_nothing() -> None:
    step = REGISTRY.get("reporting.intake")
    for nothing in ({}, {"immediate_danger": None}, {"immediate_danger": ""}):
        with pytest.raises(InvalidAnswersError) as refused:
            check_answers(step, nothing, partly=True)
        assert "immediate_danger" in refused.value.problems


def test_a_form_with_a_plain_bool_takes_it_too() -> None:
    class Plain(Form):
        """Ask."""

        sure: bool

    assert Plain.model_validate({"sure": "not_known"}).sure is None
    with pytest.raises(ValidationError):
        Plain.model_validate({"sure": "perhaps"})


@pytest.mark.parametrize(("answer", "outputs"), [(True, {"well": True}), (False, {"well": False}), ("not_known", {})])
def test_a_question_of_a_workflow_takes_it_too(answer: Any, outputs: Mapping[str, Any]) -> None:
    step, asked = REGISTRY.get("core.ask"), Question(id="well", type="bool", label="Is all well?", required=True)
    check_answers(step, {"well": answer}, questions=[asked])
    assert open_outputs(step, {"well": answer}, questions=[asked]) == outputs
    with pytest.raises(InvalidAnswersError) as refused:
        check_answers(step, {"well": "perhaps"}, questions=[asked])
    assert refused.value.problems == {"well": "Answer yes, no or not known."}


def test_a_choice_of_yes_and_no_offers_it_as_well() -> None:
    asked = [
        (step.key, spec.name, spec.choices)
        for step in REGISTRY.step_types.values()
        for spec in step.fields
        if {"yes", "no"} <= set(spec.choices)
    ]
    assert ("core.decide", "decision") in {(key, name) for key, name, _ in asked}
    assert not [(key, name) for key, name, choices in asked if not _UNSURE & set(choices)]
