"""Fingerprints of persons, from names as they sound in any script, and how alike two persons are."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import combinations
from typing import Final

import jellyfish
from anyascii import anyascii
from pydantic import JsonValue

from engine.core.law.told import ages_of, strongest
from engine.core.matching import Likeness
from engine.language.scripts import roman, skeleton, sound
from engine.persons.records import Asked, findable, names_of

_NOT_A_LETTER = re.compile(r"[^a-z]+")
_TITLES = frozenset({"mr", "mrs", "ms", "miss", "md", "mohd", "mohammad", "mst", "shri", "smt", "sri", "begum"})
_TITLES_IN_FRONT = frozenset({"u", "daw", "ma", "ko", "maung", "mg"})
_OFTEN_LEFT_OUT = frozenset({"kumar", "kumari", "devi", "bibi", "lal", "nath"})
_LEFT_OUT = _TITLES | _TITLES_IN_FRONT | _OFTEN_LEFT_OUT
_BURMESE_TITLES = re.compile(r"^(ဦး|ဒေါ်|ကို|မောင်|မ(?=[က-အ][^်]))\s*(?=\S)")
_SHORTEST_PHONE, _SHORTEST_PLACE, _SHORTEST_RUN = 7, 3, 4
_MOST_NAMES, _MOST_PARTS = 10, 5
_MOST_PLACES = 6
_NOT_PLACES: Final = frozenset(
    skeleton(word)
    for word in ("bus", "train", "road", "from", "then", "with", "over", "station", "stand", "border", "express", "car")
)
_MOST_WORDS: Final = 6
_BETWEEN_WORDS = re.compile(r"[\s,;/|]+")
_YEARS_A_BAND: Final = 4
_MISSING_PART: Final = 0.04


class NameTokens:
    """Gives the tokens of a person, and says how alike two persons are who were opened.

    Of names: parts, the whole in any order, the whole in one word, the whole but for one consonant, two parts of
    several. A home, a parent's name and the years of birth stand in a token only together with a part of the name, or
    with the whole in one word, so that no token is common.
    """

    def tokens(self, identity: Mapping[str, JsonValue]) -> tuple[tuple[str, str], ...]:
        """Return (kind, value) pairs; two spellings of one name in two scripts mostly share them.

        Those of all whom the person may be are among them, until they are ruled out.
        """
        return tuple(dict.fromkeys(token for one in findable(identity) for token in _tokens(one)))

    def asked(self, words: str) -> Asked:
        """Return the ways to have each word: as a part of a name, or as a home; digits are one telephone number.

        Titles, initials and what holds digits beside letters are left out, where anything else was typed.
        """
        typed = [word for word in _BETWEEN_WORDS.split(_BURMESE_TITLES.sub("", words.strip())) if word]
        number = "".join(re.sub(r"\D", "", anyascii(word)) for word in typed if not any(map(str.isalpha, word)))
        named = [word for word in typed if any(map(str.isalpha, word)) and not any(map(str.isdigit, word))]
        telling = [word for word in named if len(latin := _latin(word)) > 1 and latin not in _LEFT_OUT] or named
        phone = (((("phone", number[-10:]),),),) if len(number) >= _SHORTEST_PHONE else ()
        return (*phone, *filter(None, map(_ways_to_have, telling[:_MOST_WORDS])))

    def likeness(self, one: Mapping[str, JsonValue], other: Mapping[str, JsonValue]) -> Likeness:
        """Say how alike what is known of two persons is, for those who may open both."""
        names = [
            _alike(left, right)
            for a in findable(one)
            for b in findable(other)
            for left in _names(a)
            for right in _names(b)
        ]
        return Likeness(
            name=max(names, default=0.0),
            home=_share(_places(one)[0], _places(other)[0]),
            area=_share(_places(one)[1], _places(other)[1]),
            parent=_share_a_name(_texts(one.get("parents")), _texts(other.get("parents"))),
            years_apart=_years_apart(_born(one), _born(other)),
        )


def _tokens(identity: Mapping[str, JsonValue]) -> Iterator[tuple[str, str]]:
    names = _names(identity)
    for parts in names:
        yield from _of_name(parts)
    heads = dict.fromkeys(key for parts in names for key in (*map(_key, parts), f"={_key(''.join(parts))}"))
    village, area = _places(identity)
    parents = [" ".join(sorted(map(_key, _parts(parent)))) for parent in _texts(identity.get("parents"))]
    born = _born(identity)
    beside = (
        ("part_home", village), ("part_area", area), ("part_parent", parents),
        ("part_born", _bands(born)), ("part_year", _years(born)),
    )  # fmt: skip
    for head in heads:
        yield from ((kind, f"{head}|{value}") for kind, values in beside for value in values)
    yield from (("home_word", word) for word in dict.fromkeys((*village, *area)))
    yield from _of_numbers(identity)
    yield from (("route", way) for text in _texts(identity.get("routes")) for way in _ways(text))


def _ways_to_have(word: str) -> tuple[tuple[tuple[str, str], ...], ...]:
    name = tuple(("name_part", _key(part)) for part in _parts(word))
    home = tuple(("home_word", place) for place in _place_words(word))
    return tuple(way for way in (name, home) if way)


def _ways(text: str) -> Iterator[str]:
    """Return a way by each two of the places on it, in whichever direction."""
    places = [word for word in _place_words(text, most=_MOST_PLACES) if word not in _NOT_PLACES]
    yield from (" ".join(sorted(pair)) for pair in combinations(places, 2))


def _of_name(parts: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    keys = [_key(part) for part in parts]
    run = _key("".join(parts))
    yield from (("name_part", key) for key in keys)
    if len(parts) == 1:
        yield "name_word", f"={run}"
    if len(run) >= _SHORTEST_RUN:
        yield "name_run", f"={run}"
        yield from (("name_near", f"={near}") for near in _one_less(run))
    if len(parts) > 1:
        yield "name", " ".join(sorted(keys))
        yield "name_sound", " ".join(sorted(sound(part) or part for part in parts))
        yield from (("name_two", " ".join(sorted(pair))) for pair in combinations(keys, 2))
        for index, key in enumerate(keys):
            others = " ".join(sorted(keys[:index] + keys[index + 1 :]))
            yield from (("name_near", f"{others}|{near}") for near in _one_less(key))


def _of_numbers(identity: Mapping[str, JsonValue]) -> Iterator[tuple[str, str]]:
    for said in _texts(identity.get("phone")):
        digits = re.sub(r"\D", "", anyascii(said))
        if len(digits) >= _SHORTEST_PHONE:
            yield "phone", digits[-10:]
    for kind, field in (("handle", "handles"), ("vehicle", "vehicles"), ("account", "accounts")):
        for said in _texts(identity.get(field)):
            plain = re.sub(r"[^a-z0-9]", "", anyascii(said).casefold())
            if len(plain) >= _SHORTEST_PLACE:
                yield kind, plain


def _one_less(key: str) -> tuple[str, ...]:
    """Return a key and all that it becomes when one sign of it is left out."""
    return tuple(dict.fromkeys((key, *(key[:index] + key[index + 1 :] for index in range(len(key))))))


def _key(part: str) -> str:
    """Return the consonants of a part of a name."""
    return skeleton(part) or part


def _names(identity: Mapping[str, JsonValue]) -> tuple[tuple[str, ...], ...]:
    """List the names of a person, each in its parts, without titles and initials."""
    found = (_parts(name) for name in names_of(identity)[:_MOST_NAMES])
    return tuple(dict.fromkeys(parts for parts in found if parts))


def _parts(name: str) -> tuple[str, ...]:
    words = [word for word in _NOT_A_LETTER.split(_latin(_BURMESE_TITLES.sub("", name.strip()), between=" ")) if word]
    while len(words) > 1 and words[0] in _TITLES_IN_FRONT:
        words = words[1:]
    for dropped in (_TITLES, _OFTEN_LEFT_OUT):
        kept = [word for word in words if word not in dropped]
        words = kept if len(kept) > 1 or (kept and dropped is _TITLES) else words
    long = [word for word in words if len(word) > 1]
    return tuple((long or words)[:_MOST_PARTS])


def _latin(text: str, *, between: str = "") -> str:
    return anyascii(roman(text, between=between)).lower()


def _places(identity: Mapping[str, JsonValue]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """List the words of where a person is at home, by sound: of the village, and of all that comes after a comma."""
    village, _, area = ", ".join(_texts(identity.get("home"))).partition(",")
    return _place_words(village), _place_words(area)


def _place_words(text: str, *, most: int = _MOST_PARTS) -> tuple[str, ...]:
    words = (word for word in _NOT_A_LETTER.split(_latin(text)) if len(word) >= _SHORTEST_PLACE)
    return tuple(dict.fromkeys(_key(word) for word in words))[:most]


def _born(identity: Mapping[str, JsonValue]) -> tuple[int, int] | None:
    """Return the years in which a person may have been born, the earliest and the latest; None when nobody knows."""
    age = strongest(ages_of(identity))
    return (age.as_of.year - age.oldest - 1, age.as_of.year - age.youngest) if age and age.as_of else None


def _bands(born: tuple[int, int] | None) -> tuple[int, ...]:
    if born is None:
        return ()
    return tuple(range((born[0] - 1) // _YEARS_A_BAND, (born[1] + 1) // _YEARS_A_BAND + 1))[:_MOST_PARTS]


def _years(born: tuple[int, int] | None) -> tuple[int, ...]:
    """Return each of the years, for a few: beside a wider span they would say nothing that its bands do not."""
    years = tuple(range(born[0], born[1] + 1)) if born else ()
    return years if len(years) <= _MOST_PARTS else ()


def _texts(value: JsonValue | None) -> tuple[str, ...]:
    listed = value if isinstance(value, list | tuple) else (value,)
    return tuple(str(one) for one in listed if isinstance(one, str | int) and str(one).strip())


def _alike(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    """Say from 0 to 1 how alike two names sound: part by part in any order, or written in one word."""
    together = jellyfish.jaro_winkler_similarity(sound("".join(one)).lower(), sound("".join(other)).lower())
    few, many = sorted((one, other), key=len)
    left, total, weight = [sound(part).lower() for part in many], 0.0, 0
    for part in (sound(part).lower() for part in few):
        best = max(left, key=lambda known, part=part: jellyfish.jaro_winkler_similarity(part, known))  # type: ignore[misc]
        left.remove(best)
        size = max(len(part), len(best), 1)
        total, weight = total + size * jellyfish.jaro_winkler_similarity(part, best), weight + size
    return float(max(together, total / weight - _MISSING_PART * len(left)))


def _share(one: Collection[str], other: Collection[str]) -> float | None:
    """Say which part of the fewer words is among the others too, from 0 to 1."""
    if not one or not other:
        return None
    few, many = sorted((one, other), key=len)
    return sum(any(_is_near(word, known) for known in many) for word in few) / len(few)


def _share_a_name(one: Iterable[str], other: Iterable[str]) -> float | None:
    alike = [_alike(a, b) for a in map(_parts, one) for b in map(_parts, other) if a and b]
    return max(alike, default=None)


def _is_near(one: str, other: str) -> bool:
    most = 1 if max(len(one), len(other)) > _SHORTEST_PLACE else 0
    return jellyfish.damerau_levenshtein_distance(one, other) <= most


def _years_apart(one: tuple[int, int] | None, other: tuple[int, int] | None) -> int | None:
    """Return how many years are between two ranges of years; 0 where they meet, None where one is not known."""
    if one is None or other is None:
        return None
    return max(0, one[0] - other[1], other[0] - one[1])
