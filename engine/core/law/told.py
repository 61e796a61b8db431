"""What a case tells of the things on which a limit of the law depends: offence, sections, age, sex, place."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from engine.core.law.ages import OLDEST, AgeRange, AgeSource, strongest
from engine.core.records import Scalar, StepStatus
from engine.core.state import CaseState
from engine.core.values import path_of_person

TELLS: Final = "tells:"
"""Begins the name under which a step keeps an answer that tells one of these things; no declared output has it."""

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
    sources: Mapping[str, str] = field(default_factory=dict)
    sections: frozenset[str] = frozenset()
    place: str | None = None


NOTHING = LawFacts()
"""What is known when nothing was told."""


def told_in(state: CaseState, element: str, *, zone: str) -> LawFacts:
    """Gather what a case tells of a person (`person:ID`), or of everybody in it for an empty element."""
    people = [
        path_of_person(person.person_id)
        for person in state.persons
        if person.removed_at is None and person.role.value in VICTIM_ROLES
    ]
    told = gathered(tellings_in(state), element, people=people, zone=zone)
    return replace(told, place=state.case.jurisdiction)


def tellings_in(state: CaseState) -> list[Telling]:
    """List what the ended steps of a case tell, and what was told before it was split off from another."""
    tellings = [
        Telling(step.uses, step.base_path, step.ended_at, step.outputs)
        for step in state.steps.values()
        if step.status is StepStatus.ENDED
        and step.ended_at is not None
        and any(key[:6] == TELLS for key in step.outputs)
    ]
    return [*told_before(state.report), *tellings]


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
    return LawFacts(_day(offence), tuple(ages), tuple(sexes), district or None, sources, sections)


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


def _latest(known: list[Telling], element: str, name: str, sources: dict[str, str]) -> str:
    """Return the latest answer under a name, of the person first; what was told of other persons is left aside."""
    for of in dict.fromkeys((element, "")):
        for one in reversed(known):
            if one.element == of and (value := one.get(name)):
                sources[name] = one.uses
                return value
    return ""


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None
