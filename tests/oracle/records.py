"""What the oracle speaks of: who asks, a case, and planted values that tell of which case and thing they are."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True)
class Persona:
    """Somebody who asks: roles by unit, and the units' organisations."""

    name: str
    roles: Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Matter:
    """A case: its unit, what was granted to which unit, to whom it is denied, and which unit took work of it on.

    `whom` are those of its two persons for whom every grant holds.
    """

    name: str
    unit: str
    granted: Mapping[str, frozenset[str]] = field(default_factory=dict)
    granted_to_person: Mapping[str, frozenset[str]] = field(default_factory=dict)
    denied: frozenset[str] = frozenset()
    asked: str = ""
    whom: frozenset[str] = frozenset({"first"})


class Thing(NamedTuple):
    """A planted value: the right that it takes on each page that shows it, and the names that must all be shown.

    `whom` are the persons whom it may tell of: a grant must hold for all of them.
    """

    where: Mapping[str, str]
    names: tuple[str, ...] = ()
    own: bool = False
    whom: frozenset[str] = frozenset()


_SHAPES = re.compile(
    r"[Zz]q\d{5}q|C-[0-9A-Z]{4}-[0-9A-Z]{4}|\b[0-9a-f]{64}\b|\+99 70000 \d{5}|\b\d\d [A-Z][a-z]{2} 20[4-9]\d\b"
    r"|\b7\d{5}\b|\b97\d{7}\b"
)


@dataclass
class Planted:
    """All planted values, by value: the case and the thing."""

    of: dict[str, tuple[str, str]] = field(default_factory=dict)

    def add(self, matter: str, values: Mapping[str, str]) -> None:
        """Note what was planted in a case."""
        for thing, value in values.items():
            assert _SHAPES.fullmatch(value), (thing, value)
            assert value not in self.of, value
            self.of[value] = (matter, thing)

    def forget(self, matter: str) -> None:
        """Know no more of a case that was made for one test."""
        self.of = {value: found for value, found in self.of.items() if found[0] != matter}

    def within(self, body: str) -> dict[str, set[str]]:
        """Return by case which planted things a text holds."""
        found: dict[str, set[str]] = {}
        for value in set(_SHAPES.findall(body)):
            if value in self.of:
                matter, thing = self.of[value]
                found.setdefault(matter, set()).add(thing)
        return found
