"""Every step type of every pillar asks what its catalogue says, and does something before and after."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.language.lint.ways import problems_of_type
from engine.plugin.answers import JsonAnswer
from engine.plugin.context import Match, Prepared
from engine.plugin.copies import OPENED_AT_ONCE
from engine.plugin.fields import OutputKind, Sensitivity
from engine.plugin.kinds import FieldKind
from engine.plugin.registry import RegistryCatalogue, load_registry
from engine.plugin.steps import StepKind, StepType
from tests.kit.pillars import (
    NEEDED,
    FakeContext,
    accepts_its_examples,
    conclude,
    example,
    form_of,
    person,
    prepare,
    problems,
    render,
)

ASKED = tuple(step for step in load_registry().step_types.values() if step.kind is StepKind.ASKED)
TOLD = {step.key: example(form_of(step)) for step in ASKED}
_FOUND = Match(owning_unit="Another unit", contact="its lead", kind="suspect", score=80)
_ALWAYS_THE_SAME = {
    "language", "fir_no", "sections", "station", "court", "person", "sex", "offence_date", "taken_charge_at",
}  # fmt: skip
"""Questions that mean the same wherever they are asked of one case."""
_ASKED_ANEW = {
    "reporting.intake": {"language"},  # it comes first, and asks for the language of who reports
    "prevention.session": {"language"},  # of those who listen
    "reporting.missing": {"sex"},  # it comes before whoever is missing can be asked
    "policing.fir": {"station", "sections"},  # comes before what asks it too
    "policing.magistrate": {"court"},  # another court than the one of the trial
}


def _context(step: StepType, *, is_first: bool = False, answers: dict[str, JsonAnswer] | None = None) -> FakeContext:
    """Return a case in which every other step was answered; where it `is_first`, this one never was."""
    before = {key: told for key, told in TOLD.items() if not (is_first and key == step.key)}
    return FakeContext(
        step_type=step.key, settings=step.settings(), before=before, persons=(person(),), matches=(_FOUND,),
        answers=answers or {}, history={key: (told,) for key, told in before.items()},
    )  # fmt: skip


def _prepared(step: StepType, *, is_first: bool = False) -> Prepared:
    return prepare(step, _context(step, is_first=is_first))


@pytest.mark.parametrize("step", ASKED, ids=lambda step: step.key)
def test_preparing_a_step_for_the_first_time_fills_in_says_or_prints_something(step: StepType) -> None:
    prepared = _prepared(step, is_first=True)
    papers = [paper for paper in step.documents if paper.on == "prepare"]
    assert prepared.prefill or prepared.notes or papers


@pytest.mark.parametrize("step", ASKED, ids=lambda step: step.key)
def test_what_preparing_fills_in_are_questions_of_the_form_with_answers_that_it_takes(step: StepType) -> None:
    fields = {spec.name: spec for spec in step.fields}
    for is_first in (True, False):
        for name, answer in _prepared(step, is_first=is_first).prefill.items():
            spec = fields[name]
            assert answer not in (None, "", []), name
            assert spec.kind is not FieldKind.CHOICE or answer in spec.choices, name
            assert spec.kind is not FieldKind.MULTI or set(answer) <= set(spec.choices), name  # type: ignore[arg-type]


@pytest.mark.parametrize("step", ASKED, ids=lambda step: step.key)
def test_what_another_step_was_told_stands_there_to_be_confirmed_and_is_not_asked_again(step: StepType) -> None:
    told_elsewhere = {spec.name for other in ASKED if other.key != step.key for spec in other.fields}
    asked = {spec.name for spec in step.fields} & told_elsewhere & _ALWAYS_THE_SAME - _ASKED_ANEW.get(step.key, set())
    assert asked <= set(_prepared(step, is_first=True).prefill)


@pytest.mark.parametrize("step", ASKED, ids=lambda step: step.key)
def test_ending_a_step_sets_a_fact_says_watches_or_prints_something(step: StepType) -> None:
    papers = [paper for paper in step.documents if paper.on == "conclude"]
    for full in (True, False):
        concluded = conclude(step, _context(step, answers=example(form_of(step), full=full)))
        follows = (concluded.facts, concluded.notes, concluded.follow_ups, concluded.persons, concluded.consent)
        assert any(follows) or concluded.partner or papers


CATALOGUE = yaml.safe_load(Path(__file__).with_name("catalogue.yaml").read_text(encoding="utf-8"))
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
        page = render(name, step, answers)
        assert "C-2026-0001" in page
        assert "D-1" in page
    assert "not recorded" in render(name, step, {})


def keeps_the_catalogue(step: StepType, text: str) -> None:
    """Fields, kinds, values, requiredness and classes are the catalogue's; more fields may only be optional."""
    wanted = catalogue(text)
    assert len(wanted) == len(text.split())
    have = {spec.name: spec for spec in step.fields}
    for field_ in wanted:
        spec = have.pop(field_.name)
        assert (spec.kind, spec.required) == (field_.kind, field_.required), field_.name
        assert tuple(spec.choices)[: len(field_.values)] == field_.values, field_.name
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


def test_no_two_pillars_give_one_name_to_what_follows() -> None:
    by_name: dict[str, set[str]] = {}
    for step in load_registry().step_types.values():
        for name in step.follow_ups.keys() - OPENED_AT_ONCE.keys():
            by_name.setdefault(name, set()).add(step.pillar)
    assert {name: pillars for name, pillars in by_name.items() if len(pillars) > 1} == {}


def test_every_follow_up_asks_for_what_its_step_tells() -> None:
    catalogue = RegistryCatalogue(load_registry())
    wrong = {
        key: problems
        for key in catalogue.keys()  # noqa: SIM118 - not a mapping
        if (info := catalogue.find(key)) and (problems := problems_of_type(info, catalogue))
    }
    assert wrong == {}
