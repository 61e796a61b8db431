"""Every pillar keeps the contract, and the contract is one module of few names."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

import engine.plugin
from engine.builtin import CORE
from engine.language.limits import TimeLimit
from engine.language.names import Role
from engine.plugin.context import Outcome
from engine.plugin.fields import OutputKind, Sensitivity
from engine.plugin.kinds import FieldKind
from engine.plugin.registry import Pillar, load_registry
from engine.plugin.steps import StepKind, StepType
from engine.plugin.testing import check_pillar, contract_problems

ROOT = Path(__file__).parents[2]
SIX_P = ("partnership", "policing", "press", "prevention", "prosecution", "protection")
SIX_R = ("rehabilitation", "reintegration", "repatriation", "reporting", "rescue", "restitution")
PILLARS: dict[str, Pillar] = {key: import_module(f"pillars.{key}").PILLAR for key in (*SIX_P, *SIX_R)}
STEPS = [step for pillar in (*PILLARS.values(), CORE) for step in pillar.step_types]


def test_there_are_twelve_pillars_six_of_p_and_six_of_r() -> None:
    packages = {path.parent.name for path in (ROOT / "pillars").glob("*/__init__.py")}
    assert packages == {*SIX_P, *SIX_R}
    assert {key for key, pillar in PILLARS.items() if pillar.letter == "P"} == set(SIX_P)
    assert {key for key, pillar in PILLARS.items() if pillar.letter == "R"} == set(SIX_R)


def test_the_distribution_offers_exactly_these_pillars_and_the_built_in_steps() -> None:
    registry = load_registry(builtins=(CORE,))
    assert {item.pillar.key for item in registry.installed if item.origin.startswith("icmc")} == {*PILLARS, "core"}
    assert len(STEPS) == len({step.key for step in STEPS})


@pytest.mark.parametrize("key", PILLARS)
def test_a_pillar_keeps_the_contract_with_its_forms_imports_and_words(key: str) -> None:
    assert contract_problems(PILLARS[key], f"pillars.{key}") == ()
    assert check_pillar(key) == ()


@pytest.mark.parametrize("key", PILLARS)
def test_a_pillar_offers_steps_of_people_and_at_least_one_of_the_machine(key: str) -> None:
    assert {step.kind for step in PILLARS[key].step_types} == {StepKind.ASKED, StepKind.AUTOMATIC}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.key)
def test_a_step_type_says_what_it_is_for_and_refuses_unknown_settings(step: StepType) -> None:
    first_line = step.doc.partition("\n")[0]
    assert first_line.endswith(".")
    assert first_line[0].isupper()
    with pytest.raises(ValidationError):
        step.settings.model_validate({"no_such_setting": 1})
    step.settings()


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.key)
def test_every_field_has_a_label_and_a_class_and_every_choice_its_words(step: StepType) -> None:
    for spec in step.fields:
        assert spec.label, spec.name
        assert spec.sensitivity in Sensitivity
        assert all(words for words in spec.choices.values()), spec.name
    assert len({spec.label for spec in step.fields}) == len(step.fields)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.key)
def test_no_output_is_an_identifying_answer_and_a_sensitive_one_is_an_instant_alone(step: StepType) -> None:
    masked = {spec.name: spec for spec in step.fields if not spec.is_open}
    found = [masked[name] for name in set(masked) & set(step.outputs)]
    assert all((one.sensitivity, one.output) == (Sensitivity.SENSITIVE, OutputKind.INSTANT) for one in found)


WHERE_SOMEBODY_WILL_BE = {
    "prosecution.statement": {"date"}, "prosecution.hearing": {"hearing_on", "next_on", "next_at"},
    "rescue.production": {"produced_at"}, "repatriation.travel": {"date"}, "repatriation.handover": {"at"},
    "repatriation.hir": {"visit_on"}, "reintegration.visit": {"due_on", "done_at", "next"},
    "rehabilitation.counsel": {"date", "next"}, "rehabilitation.progress": {"date", "next"},
    "protection.health": {"follow_up"}, "prevention.intercept": {"at"},
}  # fmt: skip
_OF_PLACES = re.compile(
    r"\b(hearing|visit|travel|handed over|brought before|session|meet|statement taken)\b", re.IGNORECASE
)
_OF_A_LETTER = ("repatriation.hir", "requested_on")


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.key)
def test_when_somebody_is_at_court_travels_or_is_visited_is_masked(step: StepType) -> None:
    times = {spec.name: spec for spec in step.fields if spec.kind in {FieldKind.DATE, FieldKind.DATETIME}}
    asked = WHERE_SOMEBODY_WILL_BE.get(step.key, set())
    assert asked <= set(times)
    named = {name for name, spec in times.items() if _OF_PLACES.search(spec.label) and (step.key, name) != _OF_A_LETTER}
    assert not {name for name in asked | named if times[name].is_open}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.key)
def test_the_roles_of_a_step_exist_and_a_persons_will_is_always_an_outcome(step: StepType) -> None:
    assert {Role(role) for role in step.roles} or step.kind is StepKind.AUTOMATIC
    if step.kind is StepKind.ASKED:
        assert set(step.outcomes) == set(Outcome)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.key)
def test_who_is_proposed_for_a_step_did_one_that_exists_and_can_have_a_role_that_may_do_it(step: StepType) -> None:
    by_key = {one.key: one for one in STEPS}
    for key in step.stays_with:
        assert not set(by_key[key].roles).isdisjoint(step.roles), key


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.key)
def test_a_time_limit_can_be_counted_and_a_law_is_in_a_law_pack(step: StepType) -> None:
    if isinstance(step.time_limit, str):
        TimeLimit.parse(step.time_limit)
    elif step.time_limit is not None:
        assert step.time_limit.limit_id in _law_limits()


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.key)
def test_every_paper_of_a_step_has_its_template(step: StepType) -> None:
    for document in step.documents:
        assert (ROOT / "templates" / "documents" / f"{document.name}.html").is_file(), document.name


def test_a_pillar_that_breaks_the_contract_is_named_with_its_fault() -> None:
    broken = Pillar(key="rescue", name="Rescue", letter="R", summary="", step_types=PILLARS["press"].step_types[:1])
    found = " ".join(contract_problems(broken, "pillars.press"))
    assert "must start with 'rescue.'" in found
    assert "needs a name and a summary" in found


def test_a_step_that_knows_every_survivor_makes_no_paper() -> None:
    with_paper = next(step for step in PILLARS["repatriation"].step_types if step.documents)
    knowing = replace(with_paper, reads=("everybody",))
    broken = replace(PILLARS["repatriation"], step_types=(knowing,))
    assert any("so it makes no paper" in problem for problem in contract_problems(broken, "pillars.repatriation"))


def _law_limits() -> set[str]:
    packs = [YAML(typ="safe").load(path) for path in sorted((ROOT / "workflows" / "law").glob("*.yaml"))]
    return {limit["id"] for pack in packs for limit in pack["limits"]}


PAGE = ROOT / "docs" / "reference" / "plug-in-contract.md"
FILES = sorted((ROOT / "pillars").rglob("*.py"))
STEP_FILES = [path for path in FILES if path.name == "steps.py" or path.parent.name == "steps"]
_READ_BY_NAME = re.compile(r"\b(answers|before|one|told|\w+_?form)\.get\(\"|earlier\([^()]*\)\.get\(|\.answers\b")


def test_the_contract_has_at_most_35_public_names() -> None:
    public = {name for name in vars(engine.plugin) if not name.startswith("_")}
    modules = {path.stem for path in (ROOT / "engine" / "plugin").glob("*.py")}
    assert set(engine.plugin.__all__) == public - (modules - set(engine.plugin.__all__))
    assert len(engine.plugin.__all__) <= 35


def test_the_page_of_the_contract_shows_each_name_with_an_example_line() -> None:
    rows = [line.split("|")[1:-1] for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    shown = {name: row[-1] for row in rows for name in re.findall(r"`(\w+)`", row[0])}
    assert set(shown) == set(engine.plugin.__all__)
    assert [name for name, example in shown.items() if name not in example or "`" not in example] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(path.parts[-3:]))
def test_a_pillar_imports_of_the_engine_only_the_facade(path: Path) -> None:
    assert {module for module in _imported(path) if module.partition(".")[0] == "engine"} <= {"engine.plugin"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(path.parts[-3:]))
def test_a_pillar_reads_no_answer_by_its_name(path: Path) -> None:
    assert _READ_BY_NAME.findall(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", STEP_FILES, ids=lambda path: "/".join(path.parts[-3:]))
def test_step_types_stand_first_and_their_helpers_below(path: Path) -> None:
    kinds = [_is_step_type(node) for node in ast.parse(path.read_text(encoding="utf-8")).body if _is_code(node)]
    assert kinds == sorted(kinds, reverse=True)


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def _is_code(node: ast.stmt) -> bool:
    """Whether it is a step type or a helper: forms and settings stand where they are needed."""
    return isinstance(node, ast.FunctionDef) or (isinstance(node, ast.ClassDef) and _is_step_type(node))


def _is_step_type(node: ast.stmt) -> bool:
    if isinstance(node, ast.ClassDef):
        return any(isinstance(base, ast.Subscript) and ast.unparse(base.value) == "Asked" for base in node.bases)
    return isinstance(node, ast.FunctionDef) and any("automatic(" in ast.unparse(one) for one in node.decorator_list)
