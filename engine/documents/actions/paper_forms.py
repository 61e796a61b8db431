"""Make the paper form of a step: what is asked, to be filled in by hand where there is no network. Never a case."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import ceil
from typing import Final

from engine.documents.templates import PaperRenderer
from engine.plugin.answers import NeededAnswer, wanted_answers
from engine.plugin.context import Outcome
from engine.plugin.fields import FieldSpec
from engine.plugin.kinds import YES_NO, FieldKind
from engine.plugin.registry import Registry, UnknownStepTypeError
from engine.plugin.steps import StepType

_TEMPLATE: Final = "_paper-form"
_WORDS_OF_BOOL: Final = {"true": "yes", "false": "no"}
_UNITS: Final[Mapping[FieldKind, str]] = {
    FieldKind.INT: "a number",
    FieldKind.MONEY: "an amount",
    FieldKind.DURATION: "days, hours, minutes",
    FieldKind.LANG: "a language",
    FieldKind.COUNTRY: "a country, two letters",
    FieldKind.FILE: "what the document or photo is, and where it is kept",
    FieldKind.COLLEAGUE: "the address with which they sign in",
    FieldKind.HASH: "filled in by the system",
    FieldKind.SIGN: "signature or thumb print",
}
_LINES: Final[Mapping[FieldKind, int]] = {FieldKind.LONGTEXT: 3, FieldKind.INTERVALS: 4, FieldKind.SIGN: 2}
_LINE_OF_TEXT: Final = 58
_AIRY, _ROOMY, _TIGHT = 30, 46, 90
_MORE_LINES: Final = 3
_REASONS: Final[Mapping[Outcome, str]] = {
    Outcome.REFUSED_BY_PERSON: "The person said no",
    Outcome.NOT_NEEDED: "It is not needed",
    Outcome.BLOCKED_BY_OTHER_BODY: "Waiting on another agency",
}


@dataclass(frozen=True, slots=True)
class PaperQuestion:
    """One question on paper: its number, its words, and how the answer is written."""

    number: int
    kind: str
    label: str
    help: str
    only_if: str
    unit: str
    is_needed: bool
    is_masked: bool
    choices: tuple[str, ...]
    lines: int
    takes_not_known: bool


def paper_form(registry: Registry, papers: PaperRenderer, key: str) -> str:
    """Return the blank form of a step type as HTML, to be printed; raises `UnknownStepTypeError` for none of a person.

    It has every question with its choices, those that save the step first; who wrote it, when and why it is typed in
    later; and how the step ends when it cannot be done.
    """
    step_type = registry.get(key)
    if step_type.form is None:
        raise UnknownStepTypeError(step_type=key)
    ordered = sorted(step_type.fields, key=lambda spec: (not spec.comes_first, not spec.first_bite))
    asked = _asked(ordered)
    if _lines(asked) <= _AIRY:
        asked = tuple(replace(one, lines=one.lines + _MORE_LINES) if one.lines > 1 else one for one in asked)
    before = sum(spec.comes_first for spec in ordered)
    first = before + sum(spec.first_bite and not spec.comes_first for spec in ordered)
    return papers.document(
        _TEMPLATE,
        {
            "key": key,
            "title": step_type.title,
            "purpose": " ".join(step_type.doc.partition("\n\n")[0].split()),
            "before": asked[:before],
            "first": asked[before:first],
            "rest": asked[first:],
            "event_number": next((n for n, spec in enumerate(ordered, start=1) if spec.event_time), 0),
            "reasons": [
                said
                for outcome, words in _REASONS.items()
                if outcome in step_type.outcomes
                for said in (words, *(f"{words}: {why}" for why in step_type.reasons.get(outcome, {}).values()))
            ],
            "density": _density(asked),
        },
    )


def paper_form_name(key: str) -> str:
    """Return the name under which the form of a step type is saved, without its ending."""
    return f"paper-form-{key.replace('.', '-')}"


def asked_of_people(registry: Registry) -> tuple[tuple[str, tuple[StepType, ...]], ...]:
    """List the step types that people answer, by the name of their pillar; both in the order of their names."""
    groups = ((item.pillar.name, item.pillar.step_types) for item in registry.installed)
    found = ((name, tuple(step for step in steps if step.form is not None)) for name, steps in groups)
    return tuple(sorted((name, steps) for name, steps in found if steps))


def _asked(specs: Iterable[FieldSpec]) -> tuple[PaperQuestion, ...]:
    numbers = {spec.name: (number, spec) for number, spec in enumerate(specs, start=1)}
    return tuple(
        PaperQuestion(
            number=number, kind=spec.kind.value, label=spec.label, help=spec.help,
            only_if=_only_if(spec.shown_when, numbers), unit=_UNITS.get(spec.kind, ""),
            is_needed=spec.required or bool(spec.copies_after), is_masked=not spec.is_open,
            choices=_offered(spec), lines=_LINES.get(spec.kind, 1),
            takes_not_known=spec.takes_not_known,
        )
        for number, spec in numbers.values()
    )  # fmt: skip


def _offered(spec: FieldSpec) -> tuple[str, ...]:
    if spec.kind is FieldKind.BOOL:
        return tuple(words for words, _ in YES_NO.values())
    return tuple(spec.choices.values())


def _only_if(condition: str, numbers: Mapping[str, tuple[int, FieldSpec]]) -> str:
    """Say a condition on other questions by their numbers; one of another kind is left to who fills the form in."""
    if not condition:
        return ""
    wanted = wanted_answers(condition)
    if not wanted or any(one.name not in numbers for one in wanted):
        return "Only where it applies"
    return f"Only if {' or '.join(_said(one, *numbers[one.name]) for one in wanted)}"


def _said(wanted: NeededAnswer, number: int, spec: FieldSpec) -> str:
    words = _WORDS_OF_BOOL.get(wanted.value) or f"“{spec.choices.get(wanted.value, wanted.value)}”"
    return f"{number} is {'not ' if wanted.is_not else ''}{words}"


def _density(asked: Iterable[PaperQuestion]) -> str:
    """Choose the size of the type, so that the form fits on one page: by how many lines it has in two columns."""
    lines = _lines(asked)
    return "roomy" if lines <= _ROOMY else "tight" if lines <= _TIGHT else "tightest"


def _lines(asked: Iterable[PaperQuestion]) -> int:
    return sum(_height(one) for one in asked)


def _height(one: PaperQuestion) -> int:
    told = sum(ceil(len(text) / _LINE_OF_TEXT) for text in (one.label, one.help, one.only_if) if text)
    ticked = ceil(sum(len(words) + 5 for words in one.choices) / _LINE_OF_TEXT) if one.choices else one.lines
    return told + ticked
