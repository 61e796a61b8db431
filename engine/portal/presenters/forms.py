"""Lay a form out: what is asked first, what can wait, and what was typed when it cannot be sent."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from starlette.datastructures import FormData

from engine.plugin.fields import YES_NO, FieldKind
from engine.portal.presenters.fields import PREFIX, Control
from engine.spec.plain_words import in_plain_words
from engine.views import FieldView


@dataclass(frozen=True, slots=True)
class Layout:
    """The questions of a form; `rest` is folded away until `is_open`."""

    before: tuple[Control, ...]
    first: tuple[Control, ...]
    rest: tuple[Control, ...]
    is_open: bool
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class TypedText:
    """Something that was typed into a form, to be copied by hand."""

    label: str
    text: str


def laid_out(fields: Sequence[FieldView], shown: Sequence[Control]) -> Layout:
    """Put what comes before all else on top, then the first bite.

    The rest is unfolded once the first bite is there, or when something in it is wrong.
    """
    pairs = tuple(zip(fields, shown, strict=True))
    before = tuple(control for field, control in pairs if field.comes_first)
    first = tuple(control for field, control in pairs if field.first_bite and not field.comes_first)
    rest = tuple(control for field, control in pairs if not field.first_bite and not field.comes_first)
    if not first:
        first, rest = rest, ()
    has_first_bite = all(field.value is not None for field in fields if field.first_bite and field.required)
    is_open = has_first_bite or any(control.error for control in rest)
    return Layout(before, first, rest, is_open, frozenset(field.name for field in fields))


def typed_texts(form: FormData, fields: Iterable[FieldView]) -> tuple[TypedText, ...]:
    """Give all that was typed, with the words of the question where it is known."""
    known = {PREFIX + field.name: field for field in fields}
    found: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        is_answer = name.startswith(PREFIX) or name in {"happened_at", "reason", "late_reason"}
        if is_answer and isinstance(value, str) and value.strip():
            field = known.get(name)
            label = field.label if field else in_plain_words(name.removeprefix(PREFIX))
            found.setdefault(label, []).append(_said(field, value) if field else value)
    return tuple(TypedText(label, ", ".join(texts)) for label, texts in found.items())


def _said(field: FieldView, value: str) -> str:
    if field.kind == FieldKind.BOOL and value in YES_NO:
        return YES_NO[value][0]
    return field.choices.get(value, value)


def summary_of(errors: Mapping[str, str] | None) -> list[tuple[str, str]]:
    """Say at the top of a page what does not fit, each line leading to the field that is named like it."""
    return [(f"#{name}", sentence) for name, sentence in (errors or {}).items()]


def problem_lines(shown: Iterable[Control], problems: Mapping[str, str]) -> list[tuple[str, str]]:
    """Say at the top of a page what does not fit: for each question where it stands, and its words before the sentence.

    What belongs to no question of the form is left to the caller.
    """
    return [
        (f"#{one.id}", _with_question(one.label, one.error)) for one in shown if one.id.removeprefix(PREFIX) in problems
    ]


def is_touched(form: FormData, shown: Iterable[Control]) -> bool:
    """Say whether something in a posted form differs from what the page had shown in it."""
    return any(_posted(form, one) != _drawn(one) for one in shown)


def _with_question(label: str, sentence: str) -> str:
    question = label.removesuffix(" (optional)")
    return f"{question} {sentence}" if question.endswith(("?", ".", "!")) else f"{question}: {sentence}"


def _posted(form: FormData, one: Control) -> list[str]:
    mine = [value for name, value in form.multi_items() if name == one.name or _is_part(name, one)]
    texts = (_bare(value) for value in mine if isinstance(value, str))
    return sorted(text for text in texts if text)


def _is_part(name: str, one: Control) -> bool:
    return bool(one.stretches) and name.startswith(f"{one.name}-")


def _drawn(one: Control) -> list[str]:
    if one.items:
        return sorted(item.value for item in one.items if item.checked)
    if one.stretches:
        texts = (text for line in one.stretches for text in (line.start, line.end, line.place, line.evidence))
        return sorted(_bare(text) for text in texts if text)
    return [_bare(one.value)] if _bare(one.value) else []


def _bare(text: str) -> str:
    return text.replace("\r\n", "\n").strip()
