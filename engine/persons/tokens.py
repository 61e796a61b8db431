"""Fingerprints of persons, from names as they sound in any script; and who shares how rare ones."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, Final, NamedTuple
from uuid import UUID

import jellyfish
from anyascii import anyascii
from pydantic import JsonValue
from sqlalchemy import Connection, func, select, text

from engine.core.law.told import ages_of, strongest
from engine.core.matching import Agreement, Likeness
from engine.db.tables import TABLES
from engine.keys.vault import Vault
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

_PERSON, _UNIT = TABLES["person"], TABLES["unit"]
_TOKEN = TABLES["person_token"]
_EVIDENCE_ONLY: Final = ("name_part", "part_area", "part_born", "part_year", "route")
"""Kinds of token that too many persons have for anybody to be looked up by them, or that are of no person."""
_BESIDE: Final = ("part_home", "part_area", "part_parent", "part_born", "part_year", "phone")
_TOO_COMMON: Final = 2_000
_ABOUT_ALL = text("SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'person'::regclass")
WANTED: Final = """
    wanted AS MATERIALIZED (
        SELECT * FROM unnest(CAST(:numbers AS int[]), CAST(:kinds AS text[]), CAST(:tokens AS bytea[]))
        AS wanted (number, kind, token))
"""
"""What is looked for: each value has one number, and a token for each unit."""
_SHARING = """
    WITH {wanted},
    hit AS MATERIALIZED (
        SELECT DISTINCT other.person_id, other.kind, wanted.number
        FROM wanted JOIN person_token other USING (token, kind)
        WHERE other.person_id <> ALL(:persons) {of_unit}),
    common AS MATERIALIZED (SELECT number, count(*) AS others FROM hit GROUP BY number),
    candidate AS (
        SELECT DISTINCT hit.person_id FROM hit JOIN common USING (number)
        WHERE hit.kind <> ALL(:evidence) AND common.others < :too_common)
    SELECT hit.person_id, hit.kind, common.others
    FROM candidate JOIN hit USING (person_id) JOIN common USING (number)
"""
_OF_UNIT = (
    "AND EXISTS (SELECT FROM case_person link WHERE link.person_id = other.person_id AND link.unit_id = :unit_id)"
)
_BY_ALL = text(_SHARING.format(wanted=WANTED, of_unit=""))
_BY_UNIT = text(_SHARING.format(wanted=WANTED, of_unit=_OF_UNIT))
"""Whoever shares a token that is rare enough to be looked up by, with each token shared and how many others have it."""
_KNOWN = text(
    "SELECT DISTINCT person_id, kind FROM person_token WHERE person_id = ANY(:persons) AND kind = ANY(:kinds)"
)


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


class Compared(NamedTuple):
    """Who shares tokens with some persons, and how many persons there are about."""

    persons: int
    agreements: Mapping[UUID, Agreement]


class Value(NamedTuple):
    """Something that persons are found by: its kind, its token for all, and the id of the key that made it."""

    kind: str
    token: bytes
    key_id: str


def compare(
    connection: Connection, vault: Vault, person_ids: Sequence[UUID], *, unit_id: UUID | None = None
) -> Compared:
    """Find whoever shares tokens with these persons, who are taken for one.

    With a unit, only its own persons are looked at and counted, by its own tokens, so that nothing that others know
    shows in what is said.
    """
    values = {
        **wanted(connection, vault, values_of(connection, vault, person_ids, unit_id=unit_id), unit_id=unit_id),
        "persons": list(person_ids), "evidence": list(_EVIDENCE_ONLY), "too_common": _TOO_COMMON,
    }  # fmt: skip
    rows = connection.execute(*((_BY_ALL, values) if unit_id is None else (_BY_UNIT, values | {"unit_id": unit_id})))
    others: dict[UUID, dict[str, int]] = defaultdict(dict)
    parts: dict[UUID, list[int]] = defaultdict(list)
    for person, kind, count in rows:
        others[person][kind] = min(others[person].get(kind, count), count)
        if kind == "name_part":
            parts[person].append(count)
    if not others:
        return Compared(0, {})
    known = _known_of_both(connection, person_ids, list(others))
    found = {one: Agreement(kinds, known.get(one, frozenset()), tuple(parts[one])) for one, kinds in others.items()}
    return Compared(_persons(connection, unit_id), found)


def values_of(
    connection: Connection, vault: Vault, person_ids: Sequence[UUID], *, unit_id: UUID | None = None
) -> list[Value]:
    """Return what some persons are found by, each once; with a unit only what it has written down itself.

    Tokens by one key alone, which all have, so that nothing counts twice while others are made beside them. A token
    that says it is of another unit than its person is passed over: it was copied there.
    """
    query = (
        select(_TOKEN.c.kind, _TOKEN.c.token, _TOKEN.c.key_id, _TOKEN.c.unit_id)
        .join(_PERSON, _PERSON.c.id == _TOKEN.c.person_id)
        .where(_TOKEN.c.person_id.in_(person_ids), _TOKEN.c.unit_id == _PERSON.c.unit_id)
        .where(_TOKEN.c.key_id == vault.found_by)
    )
    if unit_id is not None:
        query = query.where(_TOKEN.c.unit_id == unit_id)
    groups: dict[tuple[str, UUID], list[tuple[str, bytes]]] = defaultdict(list)
    for kind, token, key_id, of in connection.execute(query):
        groups[key_id, of].append((kind, bytes(token)))
    found: dict[Value, None] = {}
    for (key_id, of), tokens in groups.items():
        plain = vault.from_unit(key_id, [token for _, token in tokens], of)
        found |= dict.fromkeys(Value(kind, one, key_id) for (kind, _), one in zip(tokens, plain, strict=bool(plain)))
    return list(found)


def wanted(
    connection: Connection, vault: Vault, values: Sequence[Value], *, unit_id: UUID | None = None
) -> dict[str, list[Any]]:
    """Return what is asked of the database for some values: by number, kind and what each unit, or one, keeps of it."""
    units = [unit_id] if unit_id else list(connection.execute(select(_UNIT.c.id)).scalars())
    rows = list(_for_units(vault, values, units))
    return {
        "numbers": [number for number, _, _ in rows], "kinds": [kind for _, kind, _ in rows],
        "tokens": [token for _, _, token in rows],
    }  # fmt: skip


def _for_units(vault: Vault, values: Sequence[Value], units: Iterable[UUID]) -> Iterator[tuple[int, str, bytes]]:
    by_key: dict[str, list[tuple[int, Value]]] = defaultdict(list)
    for number, value in enumerate(values):
        by_key[value.key_id].append((number, value))
    for unit in units:
        for key_id, mine in by_key.items():
            kept = vault.for_unit(key_id, [value.token for _, value in mine], unit)
            yield from ((number, value.kind, token) for (number, value), token in zip(mine, kept, strict=bool(kept)))


def _persons(connection: Connection, unit_id: UUID | None) -> int:
    """Count the persons whom a unit has written down, or about all there are."""
    if unit_id is None:
        return int(connection.execute(_ABOUT_ALL).scalar_one())
    written = select(func.count()).select_from(_PERSON).where(_PERSON.c.unit_id == unit_id)
    return int(connection.execute(written).scalar_one())


def _known_of_both(
    connection: Connection, person_ids: Sequence[UUID], found: list[UUID]
) -> Mapping[UUID, frozenset[str]]:
    """Say of each who was found which of what is known beside a name is known of both."""
    known: dict[UUID, set[str]] = defaultdict(set)
    for person, kind in connection.execute(_KNOWN, {"persons": [*person_ids, *found], "kinds": list(_BESIDE)}):
        known[person].add(kind)
    ours = set().union(*(known[one] for one in person_ids))
    return {one: frozenset(known[one] & ours) for one in found}
