"""Every step type of every pillar does something useful before it is answered, and something after."""

import pytest

from engine.plugin.answers import JsonAnswer
from engine.plugin.context import Match
from engine.plugin.fields import FieldKind
from engine.plugin.registry import load_registry
from engine.plugin.steps import Prepared, StepKind, StepType
from tests.kit.pillars import FakeContext, conclude, example, form_of, person, prepare

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
        follows = (concluded.facts, concluded.notes, concluded.watches, concluded.persons, concluded.consent)
        assert any(follows) or concluded.partner or papers
