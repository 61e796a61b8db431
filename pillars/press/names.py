"""How the names of a case are told in a draft: as they are written or misspelt, as they sound in another script."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from engine.plugin import sounds
from pillars.press import telling_words as w

_LEAST_LETTERS = 3
_LEAST_LETTERS_OF_A_PLACE = 4
_LEAST_SOUNDS = 3
_LEAST_BONES = 2
_BONES_THAT_TELL = 4
_MOST_JOINED = 4
_LETTERS_OF_WHICH_ONE_MAY_BE_WRONG = 7
_UNSAID = re.compile(r"([aeiou][^aeiou])a(?=[^aeiou][aeiou])")
"""The a that the scripts of India write and nobody says: din(a)hata."""
_LATIN_ACCENTS = re.compile(r"[\u0300-\u036f]")
_WITH_A_CAPITAL = re.compile(rf"(?<![^\W_])[A-Z][a-z]+(?![^\W_]){w.OF_THE_HEALTH_WORKER}")
_SENTENCE_BEGINS = re.compile(r"(?:^|[.!?:\u0964\n])[\s\"'\u2018\u201c(]*$")
_WRITTEN_WITHOUT_SPACES = re.compile(r"[\u0e00-\u0eff\u1000-\u109f]")
"""Thai, Lao and Burmese, in which no sign parts one word from the next."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The words of a text, and how they sound without those that are said every day; `spelt` has letter by letter.

    `joined` has what up to four words sound like in one, as Burmese writes them; `capital` the given names that are
    words of every day too, where they have a capital; `line` all words letter by letter, one after the other.
    """

    written: tuple[str, ...]
    words: Mapping[str, set[str]]
    bones: Mapping[str, set[str]]
    spelt: frozenset[str]
    joined: frozenset[str]
    capital: frozenset[str]
    line: str


def listen(text: str) -> Heard:
    """Hear the words of a text; an r with a dot below is heard as a d too, and an English o as a u."""
    written = _words(text)
    found: dict[str, set[str]] = {}
    bones: dict[str, set[str]] = {}
    for word in set(written) - w.EVERYDAY:
        plain = word.replace("\u09bc", "").replace("\u093c", "")
        for way in {word, plain, word.replace("o", "u")} - w.COMMON:
            said = _sound(way)
            found.setdefault(said, set()).add(word)
            bones.setdefault(_bones(said), set()).add(word)
    spelt = frozenset(_spelt(word) for word in set(written) - w.EVERYDAY)
    line = " ".join(_spelt(word) for word in written)
    return Heard(written, found, bones, spelt, frozenset(_joined(written)), _capital(text), f" {line} ")


def count_told(wanted: Iterable[str], heard: Heard, least: int, *, of_people: bool = False) -> int:
    """Count the names of which a text has the whole, or a part of at least so many letters.

    A given name of people that is a word of every day as well (Asha, Man) tells where it is written with a capital.
    """
    entries = {_words(item) for item in wanted} - {()}
    return sum(_is_told(entry, heard, least) or (of_people and _is_given_name(entry, heard)) for entry in entries)


def _is_given_name(entry: tuple[str, ...], heard: Heard) -> bool:
    """Return whether such a given name has a capital, or the whole name stands there in another script."""
    given = {_spelt(part) for part in entry if part in w.COMMON} & w.GIVEN_NAMES
    whole = rf" {re.escape(' '.join(_spelt(part) for part in entry))}\S{{0,3}} "
    return bool(given & heard.capital) or (len(entry) > 1 and bool(given) and bool(re.search(whole, heard.line)))


def _capital(text: str) -> frozenset[str]:
    """List the given names with a capital; of those that are words of English too, not at the start of a sentence."""
    plain = _LATIN_ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    shown = plain if any(sign.islower() for sign in plain) else plain.title()
    return frozenset(
        name
        for found in _WITH_A_CAPITAL.finditer(shown)
        for name in (found[0].casefold(),)
        if name in w.NEVER_ENGLISH or (name in w.GIVEN_NAMES and not _SENTENCE_BEGINS.search(shown[: found.start()]))
    )


def _is_told(entry: tuple[str, ...], heard: Heard, least: int) -> bool:
    whole = f" {' '.join(entry)} " in f" {' '.join(heard.written)} "
    parts = [part for part in entry if len(part) >= least and part not in w.COMMON]
    parts += ["".join(entry)] * (len(entry) > 1)
    return (
        whole
        or any(_is_in(part, word) for part in parts for word in heard.written)
        or any(_sounds_like(part, heard) or _is_spelt_like(part, heard) or _is_joined(part, heard) for part in parts)
    )


def _is_in(part: str, word: str) -> bool:
    if _WRITTEN_WITHOUT_SPACES.search(part):
        return part in word
    rest = word.removeprefix(part)
    return word == part or (len(part) > _LEAST_LETTERS and rest != word and (rest in w.ENDINGS or not part.isascii()))


def _joined(words: tuple[str, ...]) -> Iterator[str]:
    """Return the sound of neighbours in one; the r that English spelling puts after a long a of Burmese is not said."""
    said = [re.sub(r"(?<=a)r$", "", sounds.roman(word)) for word in words]
    for first in range(len(said)):
        for last in range(first + 2, min(first + _MOST_JOINED, len(said)) + 1):
            yield sounds.sound("".join(said[first:last]))


def _is_joined(part: str, heard: Heard) -> bool:
    """Return whether neighbours sound like a name in one word: three consonants of Burmese tell, more of others."""
    least = _LEAST_BONES + 1 if _WRITTEN_WITHOUT_SPACES.search(part) else _BONES_THAT_TELL + 1
    wanted = _sound(part)
    return len(_bones(wanted)) >= least and wanted in heard.joined


def _is_spelt_like(part: str, heard: Heard) -> bool:
    """Return whether a word has the same letters in another script: a name of few consonants has too few sounds."""
    wanted = _spelt(part)
    return len(wanted) > _LEAST_LETTERS_OF_A_PLACE and any(
        word == wanted
        or (word.startswith(wanted) and word.removeprefix(wanted) in w.ENDINGS)
        or (len(wanted) >= _LETTERS_OF_WHICH_ONE_MAY_BE_WRONG and _are_one_letter_apart(word, wanted))
        for word in heard.spelt
    )


def _are_one_letter_apart(word: str, wanted: str) -> bool:
    """Return whether one letter behind the first is another, too many, missing, or has changed places with the next."""
    same = next(
        (at for at, (a, b) in enumerate(zip(word, wanted, strict=False)) if a != b), min(len(word), len(wanted))
    )
    rest, other = word[same:], wanted[same:]
    return same > 0 and (
        rest[1:] == other[1:]
        or rest[1:] == other
        or rest == other[1:]
        or (rest[:2] == other[1::-1] and rest[2:] == other[2:])
    )


def _spelt(word: str) -> str:
    """Write a word in Latin letters of one spelling each; Bengali writes wa as o and ya."""
    letters = sounds.roman(re.sub("(?<=[\u09cb\u0993])\u09af\u09bc", "\u09f1", unicodedata.normalize("NFC", word)))
    said = _UNSAID.sub(r"\1", letters.replace("v", "w").replace("ee", "i").replace("oo", "u"))
    return re.sub(r"(.)\1", r"\1", said)


def _sounds_like(part: str, heard: Heard) -> bool:
    wanted = _sound(part)
    if len(wanted) < _LEAST_SOUNDS or len(_bones(wanted)) < _LEAST_BONES:
        return False
    bones = _bones(wanted)
    return (
        any(len(word) >= _LEAST_LETTERS for word in heard.words.get(wanted, ()))
        or any(
            said.startswith(wanted) and said.removeprefix(wanted) in w.HEARD_ENDINGS and _may_end(part, words)
            for said, words in heard.words.items()
        )
        or (
            len(bones) >= _BONES_THAT_TELL
            and any(
                said.startswith(bones) and said.removeprefix(bones) in w.BONES_OF_ENDINGS and _may_end(part, words)
                for said, words in heard.bones.items()
            )
        )
    )


def _sound(word: str) -> str:
    return sounds.sound(re.sub(r"[^a-z]", "", sounds.roman(word)))


def _bones(said: str) -> str:
    """Return the consonants but h, which is written here and not there."""
    return "".join(sign for sign in said if sign.isupper() and sign != "H")


def _may_end(part: str, words: Iterable[str]) -> bool:
    """Return whether one of the words may be the part with an ending: of another script, or long enough."""
    return any(not word.isascii() or len(part) > _LEAST_LETTERS_OF_A_PLACE for word in words)


def _words(text: str) -> tuple[str, ...]:
    """Split into words without case and Latin accents; the vowel signs of other scripts stay."""
    plain = _LATIN_ACCENTS.sub("", unicodedata.normalize("NFKD", text).casefold())
    return tuple("".join(sign if _is_of_a_word(sign) else " " for sign in plain).split())


def _is_of_a_word(sign: str) -> bool:
    return sign.isalnum() or unicodedata.category(sign).startswith("M") or sign in "\u200c\u200d"


_PIECES: Final = re.compile(
    r"[,;:/()\n।|\d]+|\.\s|\s[-\u2013\u2014]\s|\s(?:and|or|with|और|तथा|एवं|এবং|ও|আর|আৰু)\s|&", re.IGNORECASE
)
_WORDS: Final = re.compile(
    r"[^\W\d_](?:[^\W\d_]|[\u0900-\u0dff\u1000-\u109f'\u2019.](?=\S))*[\u0900-\u0dff\u1000-\u109f]*"
)
_LIKE_A_VERB: Final = re.compile(r"[a-z]{2,}(?:ed|ing)", re.IGNORECASE)
_LEAST_LETTERS_TOLD_NAMES: Final = 3
_MOST_WORDS_OF_A_NAME: Final = 3
_AFTER_A_RELATIVE: Final = 2


def names_told(text: str) -> tuple[str, ...]:
    """Read the names in an answer: words with a capital, what stands alone, what follows a word for a relative."""
    names = (name for piece in _PIECES.split(text) for name in _of_piece(_WORDS.findall(piece)))
    return tuple(dict.fromkeys(name for name in names if len(name) >= _LEAST_LETTERS_TOLD_NAMES or not name.isascii()))


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
