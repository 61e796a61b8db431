"""Answers in the words of their form, for whatever is shown, printed or sent: codes stay inside."""

import re
from collections.abc import Iterable, Mapping
from typing import final

from pydantic import ValidationError

from engine.language.limits import TimeLimit
from engine.language.names import in_plain_words, in_running_words
from engine.people.records import language_words, region_words
from engine.plugin.fields import FieldSpec
from engine.plugin.kinds import NOT_KNOWN, FieldKind

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CODE = re.compile(r"[a-z]+(?:_[a-z0-9]+)+")
CODED = frozenset(
    {
        FieldKind.BOOL,
        FieldKind.CHOICE,
        FieldKind.MULTI,
        FieldKind.LANG,
        FieldKind.COUNTRY,
        FieldKind.DURATION,
        FieldKind.FILE,
    }
)
"""The kinds of fields whose answers are stored as codes or ids; of a file that may also be words."""


@final
class InWords:
    """A stored code as a template is given it: it is compared by its code, and prints its words only.

    It is no text, so that no filter of a template reaches the code: whatever writes it writes the words.
    """

    __slots__ = ("_code", "_words")

    def __init__(self, code: str | bool, words: str) -> None:  # noqa: FBT001 - the answer itself
        """Hide a code behind its words."""
        self._code = code
        self._words = words

    def __eq__(self, other: object) -> bool:
        """Whether this is the same code, so that a template can ask which answer was given."""
        return bool(self._code == (other._code if isinstance(other, InWords) else other))

    def __hash__(self) -> int:
        """Hash as the code does, so that it is found among codes."""
        return hash(self._code)

    def __bool__(self) -> bool:
        """Whether the answer is something else than no, nothing or *Not known*: no paper claims what nobody knows."""
        return self._code not in (False, "", NOT_KNOWN)

    def __str__(self) -> str:
        """Return the words."""
        return self._words

    __repr__ = __str__

    def startswith(self, prefix: str) -> bool:
        """Whether the code begins so: a template asks a jurisdiction for its country."""
        return isinstance(self._code, str) and self._code.startswith(prefix)


def code_in_words(spec: FieldSpec, code: str) -> str:
    """Say what is stored for a field that has codes: the label of a choice, a language, a country, a length of time.

    A file of the case is named as such, never by its id.
    """
    match spec.kind:
        case FieldKind.LANG:
            return language_words(code)
        case FieldKind.COUNTRY:
            return region_words(code)
        case FieldKind.DURATION:
            return _length(code)
        case FieldKind.FILE:
            return "a file of this case" if _ID.fullmatch(code) else code
        case _:
            return spec.choices.get(code) or in_plain_words(code)


def for_templates(fields: Iterable[FieldSpec], answers: Mapping[str, object]) -> dict[str, object]:
    """Return answers as templates of papers get them: no code among them can be printed, only its words.

    What looks like a code and is explained by no field is put into words by its own.
    """
    specs = {spec.name: spec for spec in fields}
    return {name: _shown(specs.get(name), value) for name, value in answers.items()}


def unexplained_in_words(text: str) -> str:
    """Say what no field explains: what looks like a code by its own words, all else as it is."""
    return in_plain_words(text) if _CODE.fullmatch(text) else text


def jurisdiction_in_words(jurisdiction: str) -> InWords:
    """Return a jurisdiction as templates get it: it prints the name of the place."""
    return InWords(jurisdiction, region_words(jurisdiction))


def key_in_words(key: str) -> InWords:
    """Return a key for which no label is written as templates get it, such as a role."""
    return InWords(key, in_plain_words(key))


def _shown(spec: FieldSpec | None, value: object) -> object:
    match value:
        case bool():
            return InWords(value, "yes" if value else "no")
        case str() if value == NOT_KNOWN:
            return InWords(value, in_running_words(value))
        case str() if spec is None:
            return unexplained_in_words(value)
        case str() if value and spec is not None and spec.kind in CODED:
            return InWords(value, code_in_words(spec, value))
        case list() | tuple() if spec is not None and spec.kind in CODED:
            return tuple(_shown(spec, one) for one in value)
        case _:
            return value


def _length(written: str) -> str:
    try:
        return TimeLimit(written).in_words()
    except ValidationError:
        return written
