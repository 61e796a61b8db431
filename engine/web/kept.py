"""What somebody had typed, as they know it again: by the questions of their form, without ids and codes."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from engine.language.names import in_plain_words
from engine.plugin.fields import FieldKind, FieldSpec
from engine.plugin.steps import StepType

_ANSWER: Final = "a-"
_NOT_TYPED: Final = frozenset({"command_id", "revision", "action"})
_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_CODE: Final = re.compile(r"[a-z]+(_[a-z0-9]+)+")


def typed_lines(fields: Iterable[tuple[str, str]], step_types: Mapping[str, StepType]) -> tuple[tuple[str, str], ...]:
    """Return what was typed, each question once, with all that was chosen for it.

    What only names something by its id is left out: nobody has typed that.
    """
    typed = [(name, text) for name, text in fields if text and name not in _NOT_TYPED and not _ID.search(text)]
    questions = _questions({name.removeprefix(_ANSWER) for name, _ in typed if name.startswith(_ANSWER)}, step_types)
    lines: dict[str, list[str]] = {}
    for name, text in typed:
        spec = questions.get(name.removeprefix(_ANSWER)) if name.startswith(_ANSWER) else None
        label = spec.label if spec else in_plain_words(name.removeprefix(_ANSWER).removesuffix("_code"))
        lines.setdefault(label, []).append(_said(spec, text))
    return tuple((label, ", ".join(said)) for label, said in lines.items())


def _questions(names: set[str], step_types: Mapping[str, StepType]) -> Mapping[str, FieldSpec]:
    """Return the questions of the form that asks for most of these, the first by its key among equals."""
    forms = [{spec.name: spec for spec in step_types[key].fields} for key in sorted(step_types)]
    return max(forms, key=lambda form: len(names & form.keys()), default={}) if names else {}


def _said(spec: FieldSpec | None, text: str) -> str:
    if spec is not None and (spec.choices or spec.kind is FieldKind.BOOL):
        return spec.choices.get(text, in_plain_words(text))
    return in_plain_words(text) if _CODE.fullmatch(text) else text
