"""What is true in a simulated case of the things on which limits of the law depend, and what its steps tell of it."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from engine.core.law.told import TELLS, age_of_band
from engine.core.records import Scalar
from engine.language.catalogue import StepTypeInfo

_RECENT, _LONG_AGO = 60, 4 * 365
_AGES: Mapping[object, tuple[int, int]] = {"yes": (4, 17), "no": (18, 60)}
_PERHAPS = (12, 25)
_SEXES = ("female", "female", "male", "transgender")
_GAPS = 0.15


@dataclass(frozen=True)
class SimulatedPerson:
    """A person of a simulated case: completed years, and a sex as forms name it."""

    age: int
    sex: str


@dataclass
class SimulatedFacts:
    """The day of the offence (at the place), the persons by their element, and how often a step is silent.

    Persons are named as steps are done for them, `person:ID`; what a step of the whole case tells is of the first.
    """

    offence_on: date
    people: Mapping[str, SimulatedPerson]
    chance: random.Random
    gaps: float = 0.0
    chosen: dict[str, str] = field(default_factory=dict)

    def told_by(self, info: StepTypeInfo, element: str) -> dict[str, Scalar]:
        """Give what a step of a type tells when it is done, of one person or of the whole case."""
        told = {name: self._of(name, choices, element) for name, choices in info.tells.items()}
        return {f"{TELLS}{name}": value for name, value in told.items() if value and self.chance.random() >= self.gaps}

    def _of(self, name: str, choices: tuple[str, ...], element: str) -> str:
        person = self.people.get(element) or next(iter(self.people.values()), None)
        match name:
            case "offence_day":
                return self.offence_on.isoformat()
            case "age":
                return str(person.age) if person else ""
            case "age_band":
                return next(_bands_of(person.age, choices), "") if person else ""
            case "sex":
                return person.sex if person and person.sex in choices else ""
            case _:
                return self._choice(name, choices, element)

    def _choice(self, name: str, choices: tuple[str, ...], element: str) -> str:
        """Choose once: a district does not change, nor what shows the age of a person."""
        if not choices:
            return ""
        return self.chosen.setdefault(f"{name}/{element}", self.chance.choice(choices))


def drawn_facts(
    answers: Mapping[str, Scalar], elements: tuple[str, ...], opened_at: datetime, *, seed: int, rough: bool
) -> SimulatedFacts:
    """Draw what is true in a case that was reported at an instant (aware), fitting to what the report says of the age.

    The offence was some days or up to four years before. A `rough` case tells only most of it. The same seed always
    gives the same.
    """
    chance = random.Random(f"facts/{seed}")  # noqa: S311 - nothing secret
    youngest, oldest = _AGES.get(answers.get("is_child_suspected"), _PERHAPS)
    days = chance.randint(0, chance.choice((_RECENT, _LONG_AGO)))
    people = {one: SimulatedPerson(chance.randint(youngest, oldest), chance.choice(_SEXES)) for one in elements}
    offence_on = (opened_at.astimezone(UTC) - timedelta(days=days)).date()
    return SimulatedFacts(offence_on, people, chance, _GAPS if rough else 0.0)


def _bands_of(age: int, choices: tuple[str, ...]) -> Iterator[str]:
    for band in choices:
        span = age_of_band(band)
        if span and span[0] <= age <= span[1]:
            yield band
