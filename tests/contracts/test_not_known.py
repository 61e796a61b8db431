"""*Not known* is an answer to every yes-or-no question and every required number, day and instant; never a no or 0."""

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
from engine.cases.views.sight import answer_views
from engine.documents.actions.paper_forms import paper_form
from engine.documents.templates import PaperRenderer
from engine.errors import InvalidAnswersError
from engine.language.workflow import Question
from engine.plugin.answers import Form, read_answers
from engine.plugin.fields import FieldSpec, as_told, field
from engine.plugin.kinds import NOT_KNOWN, Count, Day, FieldKind
from engine.plugin.registry import info_of, load_registry
from engine.plugin.steps import StepType
from engine.web.forms import controls, questions
from tests.kit.pillars import FakeContext, conclude, example, problems

REGISTRY = load_registry(builtins=(CORE,))
PAPERS = PaperRenderer(Path(__file__).parents[2] / "templates" / "documents")
STEPS = [step for key, step in sorted(REGISTRY.step_types.items()) if any(spec.takes_not_known for spec in step.fields)]
EACH_STEP = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.key)
OFFERED = ["Yes", "No", "Not known"]
_UNSURE = {"not_known", "unknown", "unsure", "not_sure", "not_asked", "not_able"}


_VALUES: Mapping[FieldKind, list[Any]] = {
    FieldKind.BOOL: [True, False],
    FieldKind.INT: [0, 3],
    FieldKind.MONEY: ["0", 1500.5],
    FieldKind.DATE: ["2026-03-09", "2026-03-10"],
    FieldKind.DATETIME: ["2026-03-09T05:00:00+00:00", "2026-03-10T05:00:00Z"],
}
_STRICTER = {
    ("prosecution.testimony", "ready_to_testify"), ("press.training", "all_have_pledged"),
    ("rescue.plan", "rescue_plan_complete"),
}  # fmt: skip
"""What is true only of a number that is known: nobody goes on as if it were enough."""


def _asked(step: StepType, *, but_yes_or_no: bool = False) -> list[FieldSpec]:
    specs = [spec for spec in step.fields if spec.takes_not_known]
    return [spec for spec in specs if not (but_yes_or_no and spec.kind is FieldKind.BOOL)]


def _unknown(step: StepType) -> dict[str, str]:
    return {spec.name: "not_known" for spec in _asked(step)}


def _form(step: StepType) -> type[Form]:
    assert step.form is not None
    return step.form


def test_such_questions_are_in_most_pillars() -> None:
    assert len({step.pillar for step in STEPS}) == 13
    kinds = [spec.kind for step in STEPS for spec in _asked(step)]
    assert kinds.count(FieldKind.BOOL) >= 90
    assert len(kinds) - kinds.count(FieldKind.BOOL) >= 60
    assert set(kinds) == set(_VALUES)


@EACH_STEP
def test_every_such_question_offers_it_on_the_page_on_paper_and_in_the_schema(step: StepType) -> None:
    drawn = controls(questions(_asked(step)), zone="UTC", now=datetime(2026, 3, 7, tzinfo=UTC))
    for one, spec in zip(drawn, _asked(step), strict=True):
        assert [item.text for item in one.items] == (OFFERED if spec.kind is FieldKind.BOOL else [])
        assert one.not_known is (None if spec.kind is FieldKind.BOOL else False)
    paper = unescape(paper_form(REGISTRY, PAPERS, step.key))
    assert paper.count("Not known</span>") >= len(_asked(step))
    schema = _form(step).model_json_schema()["properties"]
    for spec in _asked(step):
        takes = Draft202012Validator({**schema[spec.name], "$schema": "https://json-schema.org/draft/2020-12/schema"})
        tried = (*_VALUES[spec.kind], "not_known", None, ["not_known"])
        assert [takes.is_valid(value) for value in tried] == [True, True, True, not spec.required, False]


def test_when_a_step_happened_and_what_times_the_next_one_must_be_known_and_the_page_says_so() -> None:
    must = {
        (step.key, spec.name): spec
        for step in REGISTRY.step_types.values()
        for spec in step.fields
        if spec.required and spec.kind in _VALUES and not spec.takes_not_known
    }
    assert {("rescue.execute", "end_at"), ("protection.consent", "valid_until"), ("restitution.award", "amount")} <= {
        *must
    }
    (drawn,) = controls(
        questions([must["protection.consent", "valid_until"]]), zone="UTC", now=datetime(2026, 3, 7, tzinfo=UTC)
    )
    assert (drawn.not_known, drawn.hint) == (None, "This cannot be left as not known.")
    with pytest.raises(InvalidAnswersError) as refused:
        check_answers(REGISTRY.get("protection.consent"), {"consent_to_record": "yes", "valid_until": "not_known"})
    assert refused.value.problems["valid_until"] == "Give a date, such as 2026-03-07."


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


@EACH_STEP
@pytest.mark.parametrize("is_full", [True, False])
def test_no_rule_breaks_no_later_step_is_lost_and_no_danger_is_off_since_one_number_or_day_is_not_known(
    step: StepType, *, is_full: bool
) -> None:
    answers = example(_form(step), full=is_full)
    known = conclude(step, as_told(step.fields, answers), settings=step.settings())
    before = {one.name for one in known.follow_ups if not one.is_over}
    for spec in _asked(step, but_yes_or_no=True):
        unknown = answers | {spec.name: "not_known"}
        assert problems(_form(step), unknown) <= problems(_form(step), answers)
        done = conclude(step, as_told(step.fields, unknown), settings=step.settings())
        assert before <= {one.name for one in done.follow_ups if not one.is_over}
        turned = {name for name, value in known.facts.items() if value is True and done.facts.get(name) is False}
        assert {(step.key, name) for name in turned} <= _STRICTER


def test_what_was_is_unknown_is_told_apart_from_no_answer_and_counts_as_a_danger() -> None:
    class Counted(Form):
        """Ask."""

        found: Count = field(label="How many?")
        from_day: Day = field(label="Since when?", key="from")

        @Form.rule("Too many.")
        def _are_few(self) -> bool:
            return self.found < 10

    assert Counted.model_validate({"found": "not_known", "from": "not_known"}).found is None
    told = read_answers(Counted, {"found": "not_known", "from": "not_known"})
    nothing = Counted.unanswered()
    for name in ("found", "from_day"):
        assert (getattr(told, name), told.is_unknown(name)) == (None, True)
        assert (getattr(nothing, name), nothing.is_unknown(name)) == (None, False)
    some = [read_answers(Counted, {"found": one}).perhaps_some("found") for one in (0, 2, "not_known")]
    assert (some, nothing.perhaps_some("found")) == ([False, True, True], False)
    assert problems(Counted, {"found": 12, "from": "2026-03-07"}) == {"*"}
    assert problems(Counted, {"found": [3, "not_known"], "from": "not_known"}) == {"found"}


def test_what_the_law_asks_for_is_not_told_by_it() -> None:
    step = REGISTRY.get("policing.fir")
    assert open_outputs(step, {"offence_date": "2026-03-07"}) == {"tells:offence_day": "2026-03-07"}
    assert open_outputs(step, {"offence_date": "not_known"}) == {}
    assert open_outputs(REGISTRY.get("reporting.missing"), {"age": "not_known"}) == {}


def test_a_workflow_is_told_which_instants_nobody_may_know_so_that_no_limit_counts_from_them_alone() -> None:
    untold = {(key, name) for key, step in REGISTRY.step_types.items() for name in info_of(step).untold}
    perhaps = {("rescue.execute", "start_at"), ("protection.witness", "report_ordered_at"), ("core.release", "sent_at")}
    known = {("rescue.execute", "end_at"), ("press.release", "withdraw_by"), ("policing.fir", "fir_datetime")}
    assert untold & (perhaps | known) == perhaps
    fir = info_of(REGISTRY.get("policing.fir")).not_known
    assert {"zero_fir", "offence_date", "fir_datetime"} & {*fir} == {"zero_fir", "offence_date"}


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


@pytest.mark.parametrize(
    ("kind", "value"), [("number", 2.5), ("date", "2026-03-07"), ("instant", "2026-03-07T10:00:00+00:00")]
)
def test_a_required_question_of_a_workflow_for_a_number_a_day_or_an_instant_takes_it_as_well(
    kind: Any, value: Any
) -> None:
    step, asked = REGISTRY.get("core.ask"), Question(id="well", type=kind, label="How well?", required=True)
    check_answers(step, {"well": value}, questions=[asked])
    check_answers(step, {"well": "not_known"}, questions=[asked])
    assert open_outputs(step, {"well": "not_known"}, questions=[asked]) == {}
    with pytest.raises(InvalidAnswersError) as refused:
        check_answers(step, {"well": [value, "not_known"]}, questions=[asked])
    assert refused.value.problems == {"well": "Give an answer or tick Not known, not both."}
    with pytest.raises(InvalidAnswersError):
        check_answers(step, {"well": "not_known"}, questions=[asked.model_copy(update={"required": False})])


def test_a_choice_of_yes_and_no_offers_it_as_well() -> None:
    asked = [
        (step.key, spec.name, spec.choices)
        for step in REGISTRY.step_types.values()
        for spec in step.fields
        if {"yes", "no"} <= set(spec.choices)
    ]
    assert ("core.decide", "decision") in {(key, name) for key, name, _ in asked}
    assert not [(key, name) for key, name, choices in asked if not _UNSURE & set(choices)]
