"""The names of people in an answer that also says who they are: `mother Sabita, seen with her voter card`."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from pillars.press import telling_words as w

_PIECES: Final = re.compile(
    r"[,;:/()\n।|\d]+|\.\s|\s[-\u2013\u2014]\s|\s(?:and|or|with|और|तथा|एवं|এবং|ও|আর|আৰু)\s|&", re.IGNORECASE
)
_WORDS: Final = re.compile(
    r"[^\W\d_](?:[^\W\d_]|[\u0900-\u0dff\u1000-\u109f'\u2019.](?=\S))*[\u0900-\u0dff\u1000-\u109f]*"
)
_LIKE_A_VERB: Final = re.compile(r"[a-z]{2,}(?:ed|ing)", re.IGNORECASE)
_LEAST_LETTERS: Final = 3
_MOST_WORDS_OF_A_NAME: Final = 3
_AFTER_A_RELATIVE: Final = 2


def names_told(text: str) -> tuple[str, ...]:
    """Read the names in an answer: words with a capital, what stands alone, what follows a word for a relative."""
    names = (name for piece in _PIECES.split(text) for name in _of_piece(_WORDS.findall(piece)))
    return tuple(dict.fromkeys(name for name in names if len(name) >= _LEAST_LETTERS or not name.isascii()))


def _of_piece(words: list[str]) -> Iterator[str]:
    telling = [word for word in words if not _says_nothing(word)]
    large = [word for word in telling if word[0].isupper() and word.isascii()]
    if large:
        yield from _runs(words, large)
    elif telling and len(telling) <= _MOST_WORDS_OF_A_NAME:
        yield " ".join(telling)
    elif not any(word.isascii() for word in telling):
        yield from _after_relatives(words)


def _runs(words: list[str], large: list[str]) -> Iterator[str]:
    """Return the words with a capital, neighbours together; a verb with one begins a sentence."""
    names = [word if word in large and not _LIKE_A_VERB.fullmatch(word) else "\n" for word in words]
    yield from (name.strip() for name in " ".join(names).split("\n") if name.strip())


def _after_relatives(words: list[str]) -> Iterator[str]:
    for at, word in enumerate(words):
        if word in w.RELATIVES:
            following = words[at + 1 : at + 1 + _AFTER_A_RELATIVE]
            yield " ".join(one for one in following if not _says_nothing(one))


def _says_nothing(word: str) -> bool:
    """Return whether a word is of every day, or says what somebody is to the person and not who."""
    plain = unicodedata.normalize("NFKD", re.split(r"['\u2019]", word.casefold())[0])
    return plain not in w.GIVEN_NAMES and (plain in w.COMMON or plain in w.EVERYDAY or plain in w.PEOPLE)
