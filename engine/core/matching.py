"""When two units know the same person: what agrees, how much it says, and what each of them is told.

How much is said is counted in bits: a name that one person in a thousand has says ten of them, a home that agrees
some more, years of birth that differ take some away. Across units only blind tokens are compared, so whoever compares
knows which tokens are equal and how many persons have each, and nothing else.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from math import log2, prod
from typing import Final, NamedTuple
from uuid import UUID

from engine.core.records import Record

_WORTH_OPENING: Final = 8.0
"""So many bits less than enough: from there on a unit opens what it knows itself to look closer."""
_ENOUGH: Final = 13.2
_FOR_TWICE_AS_MANY: Final = 2.3
"""So many bits more are asked for among twice as many persons."""
_AS_IF: Final = 20_000
"""So many more persons are counted in, so that a name is not taken for a common one where few persons are known."""
_AS_IF_NAMED: Final = 200
"""So many of those have a part of the name as well."""
_NAMES: Final[Mapping[str, float]] = {
    "name_sound": 0.0, "name": 1.0, "name_run": 1.0, "name_near": 2.5, "name_two": 3.0, "name_word": 4.0,
    "name_part": 6.0,
}  # fmt: skip
"""What is taken off for each way in which names agree: the looser the more."""
STRONG_FACTS: Final[Mapping[str, frozenset[str]]] = {
    "name": frozenset({"name_sound", "name", "name_run", "name_near", "name_two", "name_word"}),
    "phone": frozenset({"phone"}),
    "handle": frozenset({"handle"}),
    "account": frozenset({"account"}),
    "vehicle": frozenset({"vehicle"}),
    "home": frozenset({"part_home"}),
    "parent": frozenset({"part_parent"}),
    "year of birth": frozenset({"part_year"}),
}
"""What is a strong fact about a person, with the kinds of token by which it agrees. A part of a name is none."""
FACTS_NEEDED: Final = 2
"""So many different strong facts must agree before another unit hears of it: one alone is a question, not a match."""
PROBES_A_DAY: Final[Mapping[str, int]] = {"person": 40, "unit": 200}
"""So often a day persons whom one member of staff, or one unit, wrote down are compared with those of other units."""
PATTERN_KINDS: Final = ("route", "phone", "handle", "vehicle", "account", "name_sound")
PROBES_KEPT: Final = timedelta(days=90)
"""How long it is kept how often somebody's persons were compared; the limits count single days."""
PATTERN_DAYS: Final = timedelta(days=90)
_STAGES: Final = (3, 5, 10, 20, 50)
_NUMBERS: Final[Mapping[str, float]] = {"phone": 16.0, "handle": 16.0, "account": 16.0, "vehicle": 14.0}
_WHOLE_NAMES: Final = frozenset({"name_sound", "name", "name_run"})
_NAMED_ALIKE: Final = 4.0
"""So many times as often as by chance parts of a name come together: they are of one people."""
_RAREST: Final = 0.25
_LEAST, _SAME_AREA, _OTHER_AREA = 0.5, 1.5, -1.0
"""What is counted at least where something agrees, and for the area of a village that agrees: the same, another."""
_OTHER_HOME, _OTHER_PLACE, _OTHER_PARENT, _OTHER_YEARS, _YEARS_BESIDE, _OTHER_PHONE = -4.0, -5.0, -4.0, -6.0, -4.0, -1.0
"""What is taken off where something is known of both beside the name, and differs: a village in the same area, village
and area, a parent, years of birth far apart and a little apart, a number, which many share and change."""
_NEARLY_THE_SAME: Final = 0.9
_BITS_A_LIKENESS: Final = 25.0
_HOME: Final = ((0.0, -3.0), (1.0, 7.0))
_AREA: Final = ((0.0, -3.0), (1.0, 3.5))
_PARENT: Final = ((0.0, -4.0), (0.7, -4.0), (0.85, 4.0), (1.0, 10.0))
_YEARS: Final = ((0.0, 3.0), (1.0, 2.0), (4.0, -6.0), (10.0, -12.0))
_SCORES: Final = ((0.0, 0.0), (_ENOUGH, 60.0), (30.0, 100.0))
"""Lines from point to point: what is said by a home, a parent, years of birth that are apart, and what people read."""


class SharedPerson(NamedTuple):
    """A case of the unit that knew a person first, and one of the unit that asks, with the kinds that agree."""

    case_id: UUID
    unit_id: UUID
    other_case_id: UUID
    other_unit_id: UUID
    kinds: tuple[str, ...]
    bits: float = 0.0


class Likeness(NamedTuple):
    """How alike two persons are who were opened, from 0 to 1, and their years of birth; None where not known."""

    name: float
    home: float | None = None
    area: float | None = None
    parent: float | None = None
    years_apart: int | None = None


class Agreement(NamedTuple):
    """What agrees of two persons: by kind the fewest others who have such a token; and what is known of both.

    `parts` says how many others have each part of a name that agrees.
    """

    others: Mapping[str, int]
    known_of_both: Collection[str] = ()
    parts: Sequence[int] = ()


class Pattern(NamedTuple):
    """A way, a number or a suspect's name that several cases share: the token, and each case with its unit.

    `asking` is the case, with its unit, of whoever was written down last. Of cases of other units only those are here
    in which two strong facts agree with that one; a way is of no person and needs none.
    """

    kind: str
    token: bytes
    asking: tuple[UUID, UUID]
    cases: tuple[tuple[UUID, UUID], ...]


class MatchAlert(Record):
    """What the leads of a unit are told (UTC): their own case, and the other unit; nothing of its case.

    With `is_question` theirs is the unit that knew the person first: they may answer, say no, or say nothing, and only
    a yes is told to the unit that asks, as an alert of its own that names whom to call. `about_case_id` is the case of
    the unit that asks; it is shown to nobody.
    """

    id: UUID
    unit_id: UUID
    case_id: UUID
    other_unit_id: UUID
    kinds: tuple[str, ...] = ()
    found_at: datetime
    seen_by: UUID | None = None
    seen_at: datetime | None = None
    is_question: bool = False
    about_case_id: UUID | None = None
    answer: str = ""
    answered_by: UUID | None = None
    answered_at: datetime | None = None


class ComparedPerson(NamedTuple):
    """A person who waits to be compared: the unit that wrote them down, and which of its people did it last."""

    person_id: UUID
    unit_id: UUID
    by: UUID | None


def stage_of(cases: int) -> int:
    """Return the stage that so many cases have reached, 0 for none: a pattern is told when it reaches one."""
    return max((stage for stage in _STAGES if stage <= cases), default=0)


def is_worth_telling(bits: float, *, persons: int) -> bool:
    """Return whether what agrees is enough: a whole name where few are known, a number; a part of a name is not.

    Among many persons more is asked for, since the pairs that agree by chance grow with the square of their number.
    """
    return bits >= _enough(persons)


def facts_of(agreement: Agreement) -> frozenset[str]:
    """Name the strong facts that agree."""
    return frozenset(fact for fact, kinds in STRONG_FACTS.items() if not kinds.isdisjoint(agreement.others))


def is_worth_asking(agreement: Agreement, *, persons: int) -> bool:
    """Whether another unit hears of it: enough agrees, and it is two strong and different facts."""
    is_enough = is_worth_telling(bits_of(agreement, persons=persons), persons=persons)
    return is_enough and len(facts_of(agreement)) >= FACTS_NEEDED


def is_worth_opening(bits: float, *, persons: int) -> bool:
    """Return whether a unit should open what it has written itself, to look closer."""
    return bits >= _enough(persons) - _WORTH_OPENING


def bits_of(agreement: Agreement, *, persons: int) -> float:
    """Count what agrees by blind tokens, among so many persons."""
    others = agreement.others
    return _of_name(agreement, persons) + _of_numbers(others) + sum(_of_what_is_beside(agreement))


def bits_when_opened(agreement: Agreement, likeness: Likeness, *, persons: int) -> float:
    """Count what agrees of two persons who were opened: names by how alike they are, the rest as it is written."""
    return (
        _of_name(agreement, persons)
        + (likeness.name - _NEARLY_THE_SAME) * _BITS_A_LIKENESS
        + _of_numbers(agreement.others)
        + _on_line(_HOME, likeness.home)
        + _on_line(_AREA, likeness.area)
        + _on_line(_PARENT, likeness.parent)
        + _on_line(_YEARS, likeness.years_apart)
    )


def score_of(bits: float) -> int:
    """Return bits as a number from 0 to 100, as people are told it."""
    return round(_on_line(_SCORES, bits))


def kind_of(agreement: Agreement) -> str:
    """Name what two persons share: a number before a name, since it says the most."""
    return next((kind for kind in _NUMBERS if kind in agreement.others), "person")


def _enough(persons: int) -> float:
    return _ENOUGH + _FOR_TWICE_AS_MANY * log2((persons + _AS_IF) / _AS_IF)


def _of_name(agreement: Agreement, persons: int) -> float:
    among = persons + _AS_IF
    known = (
        log2(among / _sharing(kind, agreement, among)) - _NAMES[kind] for kind in _NAMES if kind in agreement.others
    )
    return max(known, default=0.0)


def _sharing(kind: str, agreement: Agreement, among: int) -> float:
    """Estimate how many share such a name by chance: whoever else does, and who would by how common its parts are."""
    sharing = max(1, agreement.others[kind])
    if kind not in _WHOLE_NAMES or len(agreement.parts) <= 1:
        return sharing
    part = (_NAMED_ALIKE * among, *((one + _AS_IF_NAMED * _AS_IF / among) / among for one in agreement.parts))
    return max(_RAREST, min(sharing, sharing - 1 + prod(part)))


def _of_numbers(others: Mapping[str, int]) -> float:
    return sum(bits for kind, bits in _NUMBERS.items() if kind in others)


def _of_what_is_beside(agreement: Agreement) -> Iterator[float]:
    """Count a home, a parent and the years of birth, where a part of the name agrees or the whole in one word."""
    if {"name_part", "name_run"} & agreement.others.keys():
        yield _of_home(agreement)
        yield _of_parent(agreement)
        yield _of_years(agreement)
        yield _OTHER_PHONE if _differs("phone", agreement) else 0.0


def _of_home(agreement: Agreement) -> float:
    """Count the village, and the area beside it little: whoever shares a village mostly shares that too."""
    others = agreement.others
    if "part_home" in others:
        return _rarity("part_home", agreement) + _of_area_of_village(agreement)
    if "part_area" in others:
        return _rarity("part_area", agreement) + (_OTHER_HOME if _differs("part_home", agreement) else 0.0)
    return _OTHER_PLACE if _differs("part_home", agreement) or _differs("part_area", agreement) else 0.0


def _of_area_of_village(agreement: Agreement) -> float:
    if "part_area" in agreement.others:
        return _SAME_AREA
    return _OTHER_AREA if _differs("part_area", agreement) else 0.0


def _of_parent(agreement: Agreement) -> float:
    if "part_parent" in agreement.others:
        return _rarity("part_parent", agreement)
    return _OTHER_PARENT if _differs("part_parent", agreement) else 0.0


def _of_years(agreement: Agreement) -> float:
    """Count years of birth: the same says much, a few years apart nearly nothing, more speaks against."""
    if "part_year" in agreement.others:
        return _rarity("part_year", agreement)
    if "part_born" in agreement.others:
        less = _YEARS_BESIDE if _differs("part_year", agreement) else 0.0
        return max(_LEAST, _rarity("part_born", agreement) + less)
    return _OTHER_YEARS if _differs("part_born", agreement) else 0.0


def _rarity(kind: str, agreement: Agreement) -> float:
    """Count by how few of those with that part of the name something is shared."""
    named = agreement.others.get("name_part", agreement.others.get("name_run", 0))
    return max(_LEAST, log2((named + _AS_IF_NAMED) / (agreement.others[kind] + 1)))


def _differs(kind: str, agreement: Agreement) -> bool:
    return kind in agreement.known_of_both and kind not in agreement.others


def _on_line(points: Sequence[tuple[float, float]], value: float | None) -> float:
    """Return what belongs to a value on a line from point to point; nothing for what is not known."""
    if value is None:
        return 0.0
    for (low, from_bits), (high, to_bits) in pairwise(points):
        if value <= high:
            return from_bits + (max(value, low) - low) / (high - low) * (to_bits - from_bits)
    return points[-1][1]
