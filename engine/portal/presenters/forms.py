"""Lay a form out: what is asked first, what can wait, and what was typed when it cannot be sent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from starlette.datastructures import FormData

from engine.portal.presenters.fields import PREFIX, Control
from engine.views import FieldView


@dataclass(frozen=True, slots=True)
class Layout:
    """The questions of a form; `rest` is folded away until `is_open`."""

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
    """Put the first bite first; the rest is unfolded once the first bite is there, or when something in it is wrong."""
    first = tuple(control for field, control in zip(fields, shown, strict=True) if field.first_bite)
    rest = tuple(control for field, control in zip(fields, shown, strict=True) if not field.first_bite)
    if not first:
        first, rest = rest, ()
    has_first_bite = all(field.value is not None for field in fields if field.first_bite and field.required)
    is_open = has_first_bite or any(control.error for control in rest)
    return Layout(first, rest, is_open, frozenset(field.name for field in fields))


def typed_texts(form: FormData, fields: Iterable[FieldView]) -> tuple[TypedText, ...]:
    """Give all that was typed, with the words of the question where it is known."""
    known = {PREFIX + field.name: field for field in fields}
    found: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        is_answer = name.startswith(PREFIX) or name in {"reason", "late_reason"}
        if is_answer and isinstance(value, str) and value.strip():
            field = known.get(name)
            label = field.label if field else name.removeprefix(PREFIX).replace("_", " ").capitalize()
            found.setdefault(label, []).append(field.choices.get(value, value) if field else value)
    return tuple(TypedText(label, ", ".join(texts)) for label, texts in found.items())
