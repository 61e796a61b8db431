"""What differs between two versions of a definition, line by line and in words, for the person who agrees to it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

WEIGHTY: Final = frozenset({
    "after", "approve", "assign", "at_least", "at_most", "channels", "close", "counting", "exclude", "gates", "holds",
    "ladder", "law", "levels", "limit", "limits", "repeat", "role", "roles", "rules", "time", "to", "until", "warn",
    "week", "weekend", "when",
})  # fmt: skip
"""Parts of a definition by which people are told, held back or given time: what differs in them is shown first."""
_OWN_NAMES: Final = ("id", "key", "name", "level", "date", "class")
_LONGEST: Final = 300


class Difference(NamedTuple):
    """One line that differs: where, what stood there and what would; empty where there was or would be nothing."""

    where: str
    before: str
    after: str
    is_weighty: bool


def differences(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """List what differs between two flattened definitions, what weighs most first; the version alone is none.

    With no `before` everything is new.
    """
    old, new = dict(_leaves(before, ())) if before else {}, dict(_leaves(after, ()))
    found = [
        Difference(" / ".join(path), _short(old.get(path, "")), _short(new.get(path, "")), not WEIGHTY.isdisjoint(path))
        for path in dict.fromkeys((*old, *new))
        if path != ("version",) and old.get(path) != new.get(path)
    ]
    return tuple(sorted(found, key=lambda one: not one.is_weighty))


def _leaves(value: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _leaves(inner, (*path, str(key)))
    elif isinstance(value, Sequence) and not isinstance(value, str) and any(_is_whole(one) for one in value):
        for name, inner in zip(_names(value), value, strict=True):
            yield from _leaves(inner, (*path, name))
    else:
        yield path, _in_words(value)


def _is_whole(value: object) -> bool:
    return isinstance(value, Mapping | list | tuple)


def _names(values: Sequence[object]) -> list[str]:
    """Call the parts of a list by their own names, so that one that is put in moves none; by number where two share."""
    own = [_name_of(value) for value in values]
    if "" in own or len(set(own)) < len(own):
        return [str(number) for number in range(1, len(own) + 1)]
    return own


def _name_of(value: object) -> str:
    found = (value.get(name) for name in _OWN_NAMES) if isinstance(value, Mapping) else ()
    return next((str(name) for name in found if isinstance(name, str | int)), "")


def _in_words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping) or value is None or value in ((), []):
        return "nothing"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _short(said: str) -> str:
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"
