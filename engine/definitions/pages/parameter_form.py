"""A value with a name as a form, such as the one that a workflow gives to what it is made from, by how it is used."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from starlette.datastructures import FormData

from engine.definitions.pages.condition_form import NO_NUMBER, YES_OR_NO, number_of
from engine.definitions.pages.drafting import UNITS, split_limit
from engine.definitions.pages.part_form import PartEditor, PartField
from engine.definitions.pages.question_form import Edit, items_of, or_posted, text_or_posted
from engine.errors import InvalidAnswersError
from engine.language.editing import value_at, without
from engine.language.names import in_running_words
from engine.language.words import limit_words
from engine.language.yaml_files import Path, Plain
from engine.web.languages import say
from engine.web.posted import text, whole_number

_LONGEST: Final = 500
_BY_ITSELF: Final = {"start": "the case begins", "ready": "the step can begin"}


class ParameterEditor(PartEditor):
    """Shows a value that steps name: an amount of time, a step, a number, yes or no, or words."""

    kind, title = "parameters", "Values with names"

    @property
    def is_there(self) -> bool:
        """Whether the file has or inherits it: a new one is written, where steps name it."""
        return bool(self._name) and super().is_there

    def _fields(self, posted: FormData | None) -> Iterator[PartField]:
        value, label = self._value(self._name), "Its value"
        amount, unit = _limit(value)
        if amount:
            yield PartField("input", "value", label, text_or_posted(posted, "value", amount))
            yield PartField("select", "unit", "Unit", items=items_of(UNITS, or_posted(posted, "unit", (unit,))))
        elif (choices := self._choices(value)) is not None:
            chosen = or_posted(posted, "value", (_written(value),))
            yield PartField("select", "value", label, items=items_of(choices, chosen))
        else:
            yield PartField("input", "value", label, text_or_posted(posted, "value", _written(value)))

    def _problems(self, form: FormData) -> Iterator[tuple[str, str]]:
        value, said = self._value(self._name), text(form, "value")
        choices, is_number = self._choices(value), isinstance(value, int | float)
        if _limit(value)[0]:
            if whole_number(form, "value") < 0 or text(form, "unit") not in UNITS:
                yield "value", "Write a whole number, such as 2."
        elif choices is not None:
            if said not in choices:
                yield "value", "Choose one of the list."
        elif is_number and number_of(said) is None:
            yield "value", NO_NUMBER
        elif not 1 <= len(said) <= _LONGEST:
            yield "value", say("Write a value of at most {number} letters.", number=_LONGEST)

    def _edits(self, at: Path, form: FormData) -> Iterator[Edit]:
        value = self._value(self._name)
        wanted = self._posted(value, form)
        is_same = split_limit(wanted) == _limit(value) if isinstance(wanted, str) and _limit(value)[0] else False
        if wanted != value and not is_same:
            yield at, wanted

    def removed(self, source: str, inherited: Mapping[str, Any]) -> str:
        """Return the text without the value, so that the one of what it is made from counts again.

        Raises `InvalidAnswersError` where there is none there, and something uses it, or where none stands here.
        """
        at: Path = (self.kind, self._name)
        if value_at(inherited, at) is None:
            return super().removed(source, inherited)
        if (text_without := without(source, at)) == source:
            raise InvalidAnswersError({"gone": "It comes from what this workflow is made from: give it another value."})
        return text_without

    def _said(self, name: str) -> str:
        value, below = self._value(name), value_at(self._inherited, (self.kind, name))
        instead = f" instead of {self._in_words(below)}" if below not in (None, value) else ""
        users = self._users(named=name)
        return f"{self._in_words(value)}{instead}{f', for {users}' if users else ''}"

    def _value(self, name: str) -> Plain:
        found: Plain = value_at(self._raw, (self.kind, name))
        return found

    def _in_words(self, value: Plain) -> str:
        choices = self._choices(value) or {}
        return choices.get(_written(value), "").lower() if isinstance(value, bool) else (
            choices.get(_written(value)) or limit_words(_written(value))
        )  # fmt: skip

    def _choices(self, value: Plain) -> dict[str, str] | None:
        """Return what can be chosen instead of a value; None where it is written."""
        if isinstance(value, bool):
            return YES_OR_NO
        starts = {name: in_running_words(name) for name in self._workflow.starts}
        steps = {key: f"“{self._words.step(key)}”" for key in self._workflow.steps}
        places = {**_BY_ITSELF, **starts, **steps}
        return places if value in places else None

    def _posted(self, value: Plain, form: FormData) -> Plain:
        said = text(form, "value")
        if isinstance(value, bool):
            return said == "yes"
        if isinstance(value, int | float):
            return number_of(said)
        return text(form, "unit").format(whole_number(form, "value")) if _limit(value)[0] else said


def _limit(value: Plain) -> tuple[str, str]:
    return split_limit(value) if isinstance(value, str) else ("", "")


def _written(value: Plain) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
