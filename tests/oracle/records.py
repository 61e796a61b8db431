"""What the oracle speaks of: who asks, a case, a planted value."""

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
