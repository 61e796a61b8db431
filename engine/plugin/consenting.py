"""What of a form may be kept when the person who tells it does not allow that it is written down."""

from collections.abc import Mapping
from typing import Any, Final

from engine.plugin.fields import FieldSpec
from engine.plugin.shown_when import wanted_answers
from engine.plugin.steps import StepType

_YES: Final = "yes"
REFUSED: Final = "no"
"""The answer to the question of consent with which nothing is kept but what the law asks for."""


def is_refused(step_type: StepType, answers: Mapping[str, Any]) -> bool:
    """Whether the person said that it must not be written down."""
    return bool(step_type.consent) and answers.get(step_type.consent) == REFUSED


def may_ask_all(step_type: StepType, answers: Mapping[str, Any]) -> bool:
    """Whether every required question may be demanded: not where they refused, and not where they were not asked."""
    return not step_type.consent or answers.get(step_type.consent, _YES) == _YES


def kept_anyway(step_type: StepType, answers: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the questions whose answers may be kept against a no."""
    return frozenset(spec.name for spec in step_type.fields if _is_kept(step_type, spec, answers))


def kept_of(step_type: StepType, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers that may be kept: all of them, unless the person said no."""
    if not is_refused(step_type, answers):
        return dict(answers)
    names = kept_anyway(step_type, answers)
    return {name: value for name, value in answers.items() if name in names}


def _is_kept(step_type: StepType, spec: FieldSpec, answers: Mapping[str, Any]) -> bool:
    if spec.name == step_type.consent or spec.kept_anyway == "true":
        return True
    given = {wanted: answers.get(wanted.name) for wanted in wanted_answers(spec.kept_anyway)}
    return any(value is not None and (str(value) == wanted.value) != wanted.is_not for wanted, value in given.items())
