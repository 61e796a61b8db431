"""What a case tells of the things on which a limit of the law depends: offence, sections, ages, sex, place."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError, model_validator

from engine.core.records import TELLS, Record, Scalar, path_of_person
from engine.core.state import CaseState

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


_BEFORE: Final = "told:"
"""Begins the names under which the report of a case keeps what was told in the case that it was split off from."""

_UNKNOWN = frozenset({"unknown", "unsure", "none", ""})
_PAPERS: Final[Mapping[str, AgeSource]] = {
    "school_record": AgeSource.SCHOOL,
    "birth_certificate": AgeSource.MUNICIPAL,
    "municipal_record": AgeSource.MUNICIPAL,
    "medical_test": AgeSource.MEDICAL,
}
VICTIM_ROLES: Final = frozenset({"victim", "possible_victim"})
"""The roles of those of whom a limit of the whole case may be."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What one ended step has told: `outputs` by their names, of one person (`element`) or of the whole case."""

    uses: str
    element: str
    ended_at: datetime
    outputs: Mapping[str, Scalar]

    def get(self, name: str) -> str:
        """Return what it tells under a name, as text; empty when it tells nothing, or that nobody knows."""
        value = str(self.outputs.get(f"{TELLS}{name}", "")).strip()
        return "" if value in _UNKNOWN else value


@dataclass(frozen=True, slots=True)
class LawFacts:
    """What is known where a limit is to be counted. Ages and sexes are those of the persons it may be about.

    `sections` are those of the report to the police, or of the charge sheet; `place` is the State of the case.
    """

    offence_on: date | None = None
    ages: tuple[AgeRange | None, ...] = (None,)
    sexes: tuple[str | None, ...] = (None,)
    district: str | None = None
    sources: Mapping[str, str] = field(default_factory=dict, hash=False)
    sections: frozenset[str] = frozenset()
    place: str | None = None


_TELLINGS = ("tellings",)
NOTHING = LawFacts()
"""What is known when nothing was told."""


def told_in(state: CaseState, element: str, *, zone: str) -> LawFacts:
    """Gather what a case tells of a person (`person:ID`), or of everybody in it for an empty element."""
    key = ("told", element, zone)
    found = state.worked_out.get(key)
    if not isinstance(found, LawFacts):
        found = state.worked_out[key] = _gathered_in(state, element, zone)
    return found


def _gathered_in(state: CaseState, element: str, zone: str) -> LawFacts:
    people = [
        path_of_person(person.person_id)
        for person in state.persons
        if person.removed_at is None and person.role.value in VICTIM_ROLES
    ]
    told = gathered(tellings_in(state), element, people=people, zone=zone)
    return replace(told, place=state.case.jurisdiction)


def tellings_in(state: CaseState) -> list[Telling]:
    """List what the ended steps of a case tell, and what was told before it was split off from another."""
    found = state.worked_out.get(_TELLINGS)
    if isinstance(found, list):
        return found
    tellings = [
        Telling(step.uses, step.base_path, step.ended_at, step.outputs)
        for step in state.steps.values()
        if step.tells and step.ended_at is not None
    ]
    found = state.worked_out[_TELLINGS] = [*told_before(state.report), *tellings]
    return found


def for_report(tellings: Iterable[Telling]) -> dict[str, Scalar]:
    """Write down what was told, for the report of a case that is split off; `told_before` reads it."""
    return {
        f"{_BEFORE}{number}": json.dumps({
            "uses": one.uses, "element": one.element, "ended_at": one.ended_at.isoformat(),
            "outputs": {name: str(value) for name, value in one.outputs.items() if name.startswith(TELLS)},
        })
        for number, one in enumerate(tellings, start=1)
    }  # fmt: skip


def told_before(report: Mapping[str, Scalar]) -> list[Telling]:
    """Read what the report of a case keeps of what was told before it was split off."""
    kept = [json.loads(str(value)) for name, value in report.items() if name.startswith(_BEFORE)]
    return [
        Telling(one["uses"], one["element"], datetime.fromisoformat(one["ended_at"]), one["outputs"]) for one in kept
    ]


def without_told(report: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """Return the answers of a report without what was told before."""
    return {name: value for name, value in report.items() if not name.startswith(_BEFORE)}


def gathered(tellings: Iterable[Telling], element: str, *, people: Iterable[str], zone: str) -> LawFacts:
    """Put tellings together; the latest counts, and of ages the one with the best source.

    What a step tells of no person in particular counts for each person of whom nothing else was told.
    """
    known = sorted(tellings, key=lambda one: one.ended_at)
    if not known:
        return NOTHING
    elements = [element] if element else list(dict.fromkeys(people)) or [""]
    sources: dict[str, str] = {}
    ages, sexes = [], []
    for one in elements:
        ages.append(_age(known, one, zone, sources))
        sexes.append(_latest(known, one, "sex", sources) or None)
    offence = _latest(known, element, "offence_day", sources)
    district = _latest(known, element, "district", sources)
    sections = frozenset(filter(None, _latest(known, element, "sections", sources).split(",")))
    return LawFacts(_day_told(offence), tuple(ages), tuple(sexes), district or None, sources, sections)


def age_of_band(band: str) -> tuple[int, int] | None:
    """Read the name of an age band: `under_6`, `12_to_17`, `60_and_over`, `25_or_more`; None for another name."""
    first, _, rest = band.partition("_")
    if first == "under" and rest.isdigit():
        return 0, int(rest) - 1
    if not first.isdigit():
        return None
    if rest in {"and_over", "or_more"}:
        return int(first), OLDEST
    last = rest.removeprefix("to_")
    return (int(first), int(last)) if rest.startswith("to_") and last.isdigit() else None


def _age(known: list[Telling], element: str, zone: str, sources: dict[str, str]) -> AgeRange | None:
    """Return the age that counts of a person: what was told of them alone goes before what was told of all.

    What a step of one kind tells by one source replaces what one of that kind told by it before.
    """
    for of in dict.fromkeys((element, "")):
        ages = [(one.uses, age) for one in known if one.element == of and (age := _age_in(one, zone))]
        found = {(uses, age.source): age for uses, age in ages}
        best = strongest(found.values())
        if best is not None:
            sources["age"] = next(uses for (uses, _), age in found.items() if age == best)
            return best
    return None


def _age_in(telling: Telling, zone: str) -> AgeRange | None:
    years, band = telling.get("age"), telling.get("age_band")
    as_of = telling.ended_at.astimezone(ZoneInfo(zone)).date()
    if years.isdigit() and int(years) <= OLDEST:
        source = _PAPERS.get(telling.get("age_paper"), AgeSource.STATED)
        return AgeRange(youngest=int(years), oldest=int(years), source=source, as_of=as_of)
    span = age_of_band(band)
    return AgeRange(youngest=span[0], oldest=span[1], source=AgeSource.APPEARANCE, as_of=as_of) if span else None


def newest_answer(tellings: Iterable[Telling], element: str, name: str) -> str:
    """Return the latest that was told under a name of a person, or else of nobody in particular; empty for nothing."""
    return _latest(sorted(tellings, key=lambda one: one.ended_at), element, name, {})


def facts_of_age(age: AgeRange) -> dict[str, str]:
    """Write an age by the names under which steps tell it; `gathered` reads it as it was, but for its day."""
    if age.source is AgeSource.APPEARANCE or age.youngest != age.oldest:
        last = "and_over" if age.oldest == OLDEST else f"to_{age.oldest}"
        return {"age_band": f"{age.youngest}_{last}"}
    paper = next((name for name, source in _PAPERS.items() if source is age.source), "")
    return {"age": str(age.youngest), "age_paper": paper}


def _latest(known: list[Telling], element: str, name: str, sources: dict[str, str]) -> str:
    """Return the latest answer under a name, of the person first; what was told of other persons is left aside."""
    for of in dict.fromkeys((element, "")):
        for one in reversed(known):
            if one.element == of and (value := one.get(name)):
                sources[name] = one.uses
                return value
    return ""


def _day_told(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
