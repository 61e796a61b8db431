"""How old a person is, as far as anybody knows: ranges with their sources, and child until shown otherwise."""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum

from pydantic import Field, ValidationError, model_validator

from engine.core.records import Record

OF_AGE = 18
"""Years; section 2(12) of the Juvenile Justice (Care and Protection of Children) Act, 2015."""
OLDEST = 120


class AgeSource(StrEnum):
    """What an age was taken from, in the order in which it counts.

    The order is that of section 94 of the Juvenile Justice Act, 2015: the certificate of a school or of an examination
    board, then the birth certificate of a municipal body, then a medical test. What somebody says, and how the person
    looks, come after them.
    """

    SCHOOL = "school"
    MUNICIPAL = "municipal"
    MEDICAL = "medical"
    STATED = "stated"
    APPEARANCE = "appearance"


_RANK = {source: rank for rank, source in enumerate(AgeSource)}


class AgeRange(Record):
    """An age from `youngest` to `oldest` completed years, on the day `as_of`; without that day it never grows."""

    youngest: int = Field(ge=0, le=OLDEST)
    oldest: int = Field(ge=0, le=OLDEST)
    source: AgeSource = AgeSource.STATED
    as_of: date | None = None

    @model_validator(mode="after")
    def _is_in_order(self) -> "AgeRange":
        if self.oldest < self.youngest:
            message = "the range ends before it begins"
            raise ValueError(message)
        return self


def is_child(age: AgeRange | None, on: date) -> bool:
    """Return whether a person counts as a child on a day: unless the youngest that they can be is of age.

    Nobody is of age of whom nothing is known.
    """
    return age is None or youngest_on(age, on) < OF_AGE


def youngest_on(age: AgeRange, on: date) -> int:
    """Return the fewest completed years that a person can have on a day."""
    return max(0, age.youngest + _years_between(age.as_of, on))


def oldest_on(age: AgeRange, on: date) -> int:
    """Return the most completed years that a person can have on a day: a birthday may have come since."""
    passed = _years_between(age.as_of, on)
    is_same_day = age.as_of is None or _in_year(age.as_of, age.as_of.year + passed) == on
    return max(0, age.oldest + passed + (0 if is_same_day else 1))


def strongest(ages: Iterable[AgeRange]) -> AgeRange | None:
    """Choose the age that counts: of the best source, the latest one; the younger of two that are alike."""
    return min(ages, key=lambda age: (_RANK[age.source], -_day(age), age.youngest), default=None)


def ages_of(identity: Mapping[str, object]) -> tuple[AgeRange, ...]:
    """Read the ages out of what is known of a person: those with their sources, and a bare number as stated."""
    found = [_read(entry) for entry in _entries(identity.get("ages"))]
    bare = identity.get("age")
    if isinstance(bare, int) and not isinstance(bare, bool) and 0 <= bare <= OLDEST:
        found.append(AgeRange(youngest=bare, oldest=bare))
    return tuple(age for age in found if age is not None)


def in_words(age: AgeRange, on: date) -> str:
    """Write how old a person is on a day: `15` or `15 to 17`."""
    youngest, oldest = youngest_on(age, on), oldest_on(age, on)
    return str(youngest) if youngest == oldest else f"{youngest} to {oldest}"


def _entries(value: object) -> Iterable[object]:
    return value if isinstance(value, list) else ()


def _read(entry: object) -> AgeRange | None:
    try:
        return AgeRange.model_validate(entry)
    except ValidationError:
        return None


def _day(age: AgeRange) -> int:
    return age.as_of.toordinal() if age.as_of else 0


def _years_between(start: date | None, on: date) -> int:
    """Count the whole years from a day to another; below zero for a day before it."""
    if start is None:
        return 0
    years = on.year - start.year
    return years - 1 if on < _in_year(start, on.year) else years


def _in_year(day: date, year: int) -> date:
    """Return the same day of another year; 29 February is 1 March where there is none, so that nobody ages early."""
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 3, 1)
