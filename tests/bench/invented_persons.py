"""Invented persons of a network, and the same persons once more as somebody else would write them down."""

from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any, Final, NamedTuple

from tests.bench.invented_names import BURMESE, FIRST, HILLS_FIRST, HILLS_LAST, LAST, PLACES, Pair, in_bengali

Identity = dict[str, Any]
_SCRIPTS: Final = ("bengali", "assamese", "nepali", "burmese", "latin")
_THIS_YEAR: Final = 2026
_SPELLINGS: Final = (
    ("ee", "i"), ("i", "ee"), ("oo", "u"), ("u", "oo"), ("a", "o"), ("sh", "s"), ("v", "b"), ("b", "v"), ("w", "v"),
    ("ch", "chh"), ("k", "kh"), ("t", "th"), ("z", "j"), ("j", "z"), ("ou", "au"), ("au", "ow"), ("y", "i"),
    ("ph", "f"), ("f", "ph"), ("an", "un"), ("dh", "d"), ("gh", "g"), ("aa", "a"), ("ai", "oi"), ("ksh", "x"),
)  # fmt: skip
_LETTERS: Final = "abcdefghijklmnoprstuvy"


class InventedPerson(NamedTuple):
    """A person as written in Latin letters, with every word of the name in the script of the place beside it."""

    name: tuple[Pair, ...]
    script: str
    parent: tuple[Pair, ...]
    home: tuple[Pair, ...]
    born: int
    phone: str


class Variant(NamedTuple):
    """How a known person was written down once more; `of` is the position of the person, `how` what was changed."""

    of: int
    how: str
    identity: Identity


def invent(count: int, *, seed: int) -> tuple[InventedPerson, ...]:
    """Invent so many persons; the same seed gives the same ones."""
    random = Random(seed)  # noqa: S311 - invented persons, no secret
    return tuple(_person(random) for _ in range(count))


def identity_of(person: InventedPerson, random: Random, *, alias: str = "") -> Identity:
    """Write a person down as a caseworker does at first: not all is known of everybody."""
    script = person.script if random.random() < 0.4 else "latin"
    identity: Identity = {"name": _written(person.name, script)}
    if alias:
        identity["aliases"] = [alias]
    return identity | _beside(person, random)


def variants(persons: tuple[InventedPerson, ...], count: int, *, seed: int) -> Iterator[Variant]:
    """Write some persons down once more, each changed in one way or in two."""
    random = Random(seed)  # noqa: S311 - invented persons, no secret
    ways = tuple(_WAYS)
    for position in random.sample(range(len(persons)), count):
        person = persons[position]
        possible = [way for way in ways if way != "script" or person.script != "latin"]
        chosen = random.sample(possible, k=random.choice((1, 1, 2)))
        identity: Identity = {"name": _written(person.name, "latin")}
        for way in sorted(chosen, key=ways.index):
            identity = _WAYS[way](person, identity, random)
        yield Variant(position, "+".join(sorted(chosen)), identity | _beside(person, random))


def _person(random: Random) -> InventedPerson:
    script = random.choices(_SCRIPTS, weights=(30, 20, 22, 13, 15))[0]
    return InventedPerson(
        _name(script, random), script, _name(script, random)[:2], (_home(random), random.choice(PLACES)),
        random.randint(1975, 2018), str(random.randint(6_000_000_000, 9_999_999_999)),
    )  # fmt: skip


def _name(script: str, random: Random) -> tuple[Pair, ...]:
    if script == "burmese":
        return tuple(random.sample(BURMESE, k=random.choice((2, 3, 3, 4))))
    if script == "latin":
        return (
            random.choice(HILLS_FIRST),
            *random.choices(HILLS_FIRST, k=random.choice((0, 1))),
            random.choice(HILLS_LAST),
        )
    given = random.sample(FIRST, k=random.choice((1, 1, 2)))
    return (*given, random.choice(LAST))


def _home(random: Random) -> Pair:
    """Return a village: two words run into one, as many are called."""
    (one, in_script), (two, also) = (
        random.choice(FIRST),
        random.choice((("gaon", "गाँव"), ("para", "पारा"), ("bari", "बाड़ी"), ("tola", "टोला"))),
    )
    return one + two, in_script + also


def _beside(person: InventedPerson, random: Random) -> Identity:
    """Say what is known beside the name: an age nearly always, a village and a parent mostly, a number at times."""
    found: Identity = {}
    if random.random() < 0.92:
        age = _THIS_YEAR - person.born + random.choice((-1, 0, 0, 0, 1))
        known = {"youngest": max(0, age), "oldest": max(0, age), "source": "stated", "as_of": f"{_THIS_YEAR}-06-30"}
        found["ages"] = [known]
    if random.random() < 0.85:
        found["home"] = ", ".join(_spelled(latin, random) for latin, _ in person.home)
    if random.random() < 0.75:
        found["parents"] = [" ".join(_spelled(latin, random) for latin, _ in person.parent)]
    if random.random() < 0.4:
        found["phone"] = f"+91 {person.phone[:5]} {person.phone[5:]}"
    return found


def _written(name: tuple[Pair, ...], script: str) -> str:
    if script in {"bengali", "assamese"}:
        return " ".join(in_bengali(other, is_assamese=script == "assamese") for _, other in name)
    words = [other if script != "latin" else latin for latin, other in name]
    return ("" if script == "burmese" else " ").join(words)


def _spelled(latin: str, random: Random) -> str:
    """Spell a word as another person may hear it."""
    word = latin.lower()
    possible = [change for change in _SPELLINGS if change[0] in word[1:]]
    if possible and random.random() < 0.5:
        old, new = random.choice(possible)
        word = word[:1] + word[1:].replace(old, new, 1)
    return word.capitalize()


def _by_spelling(_person: InventedPerson, identity: Identity, random: Random) -> Identity:
    return identity | {"name": " ".join(_spelled(word, random) for word in str(identity["name"]).split())}


def _by_script(person: InventedPerson, identity: Identity, _random: Random) -> Identity:
    return identity | {"name": _written(person.name, person.script)}


def _by_order(_person: InventedPerson, identity: Identity, _random: Random) -> Identity:
    words = str(identity["name"]).split()
    return identity | {"name": " ".join((words[-1], *words[:-1]))}


def _by_typing(_person: InventedPerson, identity: Identity, random: Random) -> Identity:
    name = str(identity["name"])
    at = random.randrange(1, len(name))
    made = random.choice(
        (
            name[:at] + name[at + 1 :],
            name[:at] + random.choice(_LETTERS) + name[at:],
            name[:at] + random.choice(_LETTERS) + name[at + 1 :],
            name[: at - 1] + name[at : at + 1] + name[at - 1 : at] + name[at + 1 :],
        )
    )
    return identity | {"name": made.strip() or name}


def _by_alias(_person: InventedPerson, identity: Identity, random: Random) -> Identity:
    other = " ".join(latin for latin, _ in _name("bengali", random))
    return identity | {"name": other, "aliases": [identity["name"]]}


_WAYS: Mapping[str, Callable[[InventedPerson, Identity, Random], Identity]] = {
    "script": _by_script, "spelling": _by_spelling, "order": _by_order, "typing": _by_typing, "alias": _by_alias,
}  # fmt: skip
