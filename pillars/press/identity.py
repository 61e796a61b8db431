"""Count what in a text may show who a person of the case is; a count of nothing proves nothing."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

_LEAST_LETTERS = 3
_LEAST_LETTERS_OF_A_PLACE = 4
_LEAST_LETTERS_WITH_ENDING = 4
_LEAST_DIGITS = 7
_DIGITS_THAT_COUNT = 10
_NUMBER = re.compile(r"\+?\d[\d\s().\-/]{5,}\d")
_LATIN_ACCENTS = re.compile(r"[\u0300-\u036f]")
_WRITTEN_WITHOUT_SPACES = re.compile(r"[\u0e00-\u0eff\u1000-\u109f]")
"""Thai, Lao and Burmese, in which no sign parts one word from the next."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the case knows that must not be in a text, kind by kind; `phones` may be free text with numbers in it."""

    names: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """How many different names, aliases (online names too), phone numbers and places of the case are in a text."""

    names: int = 0
    aliases: int = 0
    phones: int = 0
    places: int = 0

    @property
    def total(self) -> int:
        """How many were found in all."""
        return self.names + self.aliases + self.phones + self.places


def find_in(text: str, known: Known) -> Found:
    """Count the names, aliases, phone numbers and places of which a text has the whole or a telling part.

    A part tells from three letters on (four for a place), and from four letters on also with an ending, as in many
    languages of the region. Case, accents, signs between words and spaces in numbers make no difference.
    """
    words = _words(text)
    return Found(
        names=_count(known.names, words, _LEAST_LETTERS),
        aliases=_count(known.aliases, words, _LEAST_LETTERS) + _count_handles(known.handles, text),
        phones=len(_numbers(known.phones) & _numbers((text,))),
        places=_count(known.places, words, _LEAST_LETTERS_OF_A_PLACE),
    )


def _count(wanted: Iterable[str], words: tuple[str, ...], least: int) -> int:
    entries = {_words(item) for item in wanted} - {()}
    return sum(_is_told(entry, words, least) for entry in entries)


def _is_told(entry: tuple[str, ...], words: tuple[str, ...], least: int) -> bool:
    whole = f" {' '.join(entry)} " in f" {' '.join(words)} "
    return whole or any(_is_in(part, word) for part in entry if len(part) >= least for word in words)


def _is_in(part: str, word: str) -> bool:
    if _WRITTEN_WITHOUT_SPACES.search(part):
        return part in word
    return word == part or (len(part) >= _LEAST_LETTERS_WITH_ENDING and word.startswith(part))


def _count_handles(handles: Iterable[str], text: str) -> int:
    written = text.casefold()
    return sum(handle in written for handle in {handle.casefold().lstrip("@") for handle in handles} - {""})


def _words(text: str) -> tuple[str, ...]:
    """Split into words without case and Latin accents; the vowel signs of other scripts stay."""
    plain = _LATIN_ACCENTS.sub("", unicodedata.normalize("NFKD", text).casefold())
    return tuple("".join(sign if _is_of_a_word(sign) else " " for sign in plain).split())


def _is_of_a_word(sign: str) -> bool:
    return sign.isalnum() or unicodedata.category(sign).startswith("M")


def _numbers(texts: Iterable[str]) -> set[str]:
    """Find phone numbers, in the digits of any script, each by its last ten digits."""
    found = (number for text in texts for number in _NUMBER.findall(_with_plain_digits(text)))
    digits = {re.sub(r"\D", "", number)[-_DIGITS_THAT_COUNT:] for number in found}
    return {number for number in digits if len(number) >= _LEAST_DIGITS}


def _with_plain_digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in text)
