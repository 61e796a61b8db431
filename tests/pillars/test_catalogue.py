"""The step types of every pillar ask what their catalogue says, take what fits it, and print their papers."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.plugin.fields import FieldKind, OutputKind, Sensitivity
from engine.plugin.registry import load_registry
from engine.plugin.steps import StepKind, StepType
from tests.kit.pillars import NEEDED, accepts_its_examples, conclude, example, form_of, prepare, problems, render

CATALOGUE = yaml.safe_load(Path(__file__).with_name("catalogue.yaml").read_text(encoding="utf-8"))
ASKED = tuple(step for step in load_registry().step_types.values() if step.kind is StepKind.ASKED)
PAPERS = [(step, paper.name) for step in ASKED for paper in step.documents]
_ENTRY = re.compile(r"^(?P<name>\w+):(?P<kind>\w+)(\((?P<values>[^)]*)\))?(?P<flags>[\^~!]*)$")


@dataclass(frozen=True, slots=True)
class Expected:
    """One field as the catalogue has it: `^` identifies, `~` is sensitive, `!` is required."""

    name: str
    kind: FieldKind
    values: tuple[str, ...]
    identifying: bool
    sensitive: bool
    required: bool

    @property
    def sensitivity(self) -> Sensitivity | None:
        """The class the catalogue asks for; None where it marks nothing."""
        if self.identifying:
            return Sensitivity.IDENTIFYING
        return Sensitivity.SENSITIVE if self.sensitive else None


def catalogue(text: str) -> tuple[Expected, ...]:
    """Read fields written as `name:kind(a|b)^~!`, separated by white space."""
    entries = [_ENTRY.match(word) for word in text.split()]
    return tuple(
        Expected(
            name=entry["name"],
            kind=FieldKind(entry["kind"]),
            values=tuple(entry["values"].split("|")) if entry["values"] else (),
            identifying="^" in entry["flags"],
            sensitive="~" in entry["flags"],
            required="!" in entry["flags"],
        )
        for entry in entries
        if entry is not None
    )


@pytest.mark.parametrize("step", ASKED, ids=lambda step: step.key)
def test_a_form_asks_what_the_catalogue_says_and_takes_good_answers_only(step: StepType) -> None:
    changes = NEEDED.get(step.key, {})
    keeps_the_catalogue(step, CATALOGUE[step.key])
    accepts_its_examples(step, **changes)
    refuses_gaps_and_strangers(step, **changes)


@pytest.mark.parametrize("step", [step for step in ASKED if step.key != "reporting.match"], ids=lambda step: step.key)
def test_workflows_may_decide_on_every_open_answer_and_on_nothing_else(step: StepType) -> None:
    has_only_open_outputs(step)


@pytest.mark.parametrize("step", ASKED, ids=lambda step: step.key)
def test_a_first_screen_asks_six_required_things_at_most(step: StepType) -> None:
    first = [spec for spec in step.fields if spec.first_bite]
    assert bool(first) is (step.key != "restitution.interim"), "of an interim payment nothing is always known"
    assert sum(spec.required for spec in first) <= 6
    assert [spec.name for spec in first if not spec.required] == ["safe_to_leave_message"] * (
        step.key == "reporting.intake"
    )


@pytest.mark.parametrize("step", ASKED, ids=lambda step: step.key)
def test_every_step_proposes_something_and_something_follows_from_it(step: StepType) -> None:
    prepare(step, settings=step.settings())
    conclude(step, settings=step.settings())


@pytest.mark.parametrize(("step", "name"), PAPERS, ids=lambda value: value if isinstance(value, str) else value.key)
def test_the_papers_print_with_all_with_little_and_with_nothing(step: StepType, name: str) -> None:
    form, needed = form_of(step), NEEDED.get(step.key, {})
    for answers in (example(form, **needed), example(form, full=False)):
        assert "C-2026-0001" in render(name, step, answers)
    assert "not recorded" in render(name, step, {})


def keeps_the_catalogue(step: StepType, text: str) -> None:
    """Fields, kinds, values, requiredness and classes are the catalogue's; more fields may only be optional."""
    wanted = catalogue(text)
    assert len(wanted) == len(text.split())
    have = {spec.name: spec for spec in step.fields}
    for field_ in wanted:
        spec = have.pop(field_.name)
        assert (spec.kind, spec.required) == (field_.kind, field_.required), field_.name
        assert not field_.values or tuple(spec.choices) == field_.values, field_.name
        if field_.sensitivity is None:
            assert spec.sensitivity in {Sensitivity.OPEN, Sensitivity.NARRATIVE}, field_.name
        else:
            assert spec.sensitivity is field_.sensitivity, field_.name
    assert not [spec.name for spec in have.values() if spec.required]


def refuses_gaps_and_strangers(step: StepType, **changes: Any) -> None:
    """A missing required field, an unknown key and an unknown choice are each refused, at that field."""
    form, good = form_of(step), example(form_of(step), full=True, **changes)
    assert problems(form, good | {"no_such_field": 1}) == {"no_such_field"}
    for spec in step.fields:
        if spec.required:
            assert spec.name in problems(form, {name: value for name, value in good.items() if name != spec.name})
        if spec.kind is FieldKind.CHOICE:
            assert spec.name in problems(form, good | {spec.name: "no such choice"})
        if spec.kind is FieldKind.MULTI:
            assert spec.name in problems(form, good | {spec.name: ["no such choice"]})


def has_only_open_outputs(step: StepType) -> None:
    """Outputs are exactly the open choices, bools, numbers and instants, and sensitive instants that say so."""
    kinds = {
        FieldKind.CHOICE: OutputKind.CHOICE,
        FieldKind.BOOL: OutputKind.BOOL,
        FieldKind.INT: OutputKind.NUMBER,
        FieldKind.DATETIME: OutputKind.INSTANT,
    }
    found = [one for one in step.fields if one.is_open or one.output is OutputKind.INSTANT]
    wanted = {spec.name: kinds[spec.kind] for spec in found if spec.kind in kinds}
    assert {name: output.kind for name, output in step.outputs.items()} == wanted
