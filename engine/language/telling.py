"""How what makes sentences is given the language of its reader, and what all sentences share."""

from collections.abc import Iterable
from functools import reduce
from typing import Protocol

from engine.language.names import in_plain_words, in_running_words


class Tell(Protocol):
    """Says a message in a language, with its values put in."""

    def __call__(self, message: str, /, **values: object) -> str:
        """Return the message in the language."""


def in_english(message: str, /, **values: object) -> str:
    """Return a message as it was written, with its values put in."""
    return message.format(**values) if values else message


def running(key: str, tell: Tell) -> str:
    """Return a key in words as they stand inside a sentence, where it has a translation in that."""
    words = tell(in_plain_words(key))
    return in_running_words(key) if words == in_plain_words(key) else words


def either(parts: Iterable[str], tell: Tell) -> str:
    """Return `one or another`; empty for none."""
    found = tuple(parts)
    return reduce(lambda one, other: tell("{one} or {other}", one=one, other=other), found) if found else ""


def both(parts: Iterable[str], tell: Tell) -> str:
    """Return `one and another`; empty for none."""
    found = tuple(parts)
    return reduce(lambda one, other: tell("{one} and {other}", one=one, other=other), found) if found else ""


def length_in(words: str, tell: Tell) -> str:
    """Return a length that was said in English, such as `1 year and 6 months`, in the language."""
    most, _, last = words.rpartition(" and ")
    told = tell(last)
    return both((", ".join(map(tell, most.split(", "))), told), tell) if most else told
