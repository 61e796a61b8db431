"""What a simulation is given and says, what is true in its case, and how its people behave."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from engine.core import commands as cm
from engine.core.compiled import CompiledGate, CompiledWorkflow
from engine.core.law.told import TELLS, age_of_band
from engine.core.records import CaseStatus, PersonRole, Scalar, Step, StepStatus
from engine.core.state import CaseState
from engine.core.values import path_of_person
from engine.language.catalogue import StepTypeInfo, ValueKind


@dataclass(frozen=True)
class SimulatedReport:
    """What arrives: its open answers, where, and when (aware)."""

    answers: Mapping[str, Scalar]
    opened_at: datetime
    jurisdiction: str
    victims: int = 1


@dataclass(frozen=True, order=True)
class Happening:
    """One thing that happened in the simulation, at an instant in UTC."""

    at: datetime
    what: str
    step: str
    detail: str = ""


@dataclass(frozen=True)
class SimulatedMessage:
    """One message of the simulation: to whom by role, by which rule, and whether it leaves by e-mail too."""

    at: datetime
    role: str
    rule: str
    is_sent: bool
    critical: bool


@dataclass(frozen=True)
class Simulated:
    """What would happen, in order; `waits_for` says what keeps the case open.

    `laws` counts, for each limit of the law that a step ended under, whether it applied: `true`, `false`, `unknown`.
    """

    workflow: str
    seed: int
    happenings: tuple[Happening, ...]
    messages: Mapping[str, int]
    closed_at: datetime | None
    waits_for: tuple[str, ...] = ()
    told: tuple[SimulatedMessage, ...] = ()
    called_off: tuple[str, ...] = ()
    laws: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Return the outcome as it is printed with `--json`."""
        return asdict(self)


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
        """Return what a step of a type tells when it is done, of one person or of the whole case."""
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


_DONE, _LEAVES_GAPS, _APPROVED, _ADDS = 0.8, 0.15, 0.8, 0.05
CALLED_OFF = "called_off"


@dataclass
class People:
    """Whoever works on a simulated case; `called_off` names the steps that were given up because a gate held them."""

    workflow: CompiledWorkflow
    chance: random.Random
    called_off: list[str] = field(default_factory=list)

    def end(
        self, info: StepTypeInfo, answers: Mapping[str, Scalar], *, keep: Mapping[str, Scalar]
    ) -> tuple[str, dict[str, Scalar]]:
        """Choose how a step ends, and which of its answers were given."""
        others = [outcome for outcome in info.outcomes if outcome != "done"]
        if others and self.chance.random() > _DONE and not keep:
            return self.chance.choice(others), {}
        return "done", {
            name: value for name, value in answers.items() if name in keep or self.chance.random() > _LEAVES_GAPS
        }

    def approves(self) -> bool:
        """Choose whether the second person approves or sends back."""
        return self.chance.random() < _APPROVED

    def add_something(self, state: CaseState, run_id: UUID) -> cm.Command | None:
        """Now and then, add a step that may be added."""
        if self.chance.random() > _ADDS or state.case.status is not CaseStatus.OPEN:
            return None
        possible = list(self._addable(state, run_id, self.workflow.steps))
        return self.chance.choice(possible) if possible else None

    def move_on(self, state: CaseState, run_id: UUID) -> cm.Command | None:
        """Do what the gate of a held step asks for: add a step, say how things are; else call off what it holds."""
        held = [step for step in state.steps.values() if step.status is StepStatus.HELD]
        for step in held:
            gate = self.workflow.gates[step.gate or ""]
            asked = [command for command in self._asked(state, run_id, gate) if _fits(command, step)]
            if asked:
                return asked[0]
        for step in held:
            if fact := self._fact(state, self.workflow.gates[step.gate or ""]):
                return fact
        if held:
            self.called_off.append(held[0].key)
            return cm.CancelStep(held[0].id, CALLED_OFF)
        return None

    def _asked(self, state: CaseState, run_id: UUID, gate: CompiledGate) -> Iterator[cm.AddStep]:
        names = {one.path[0] for one in gate.condition.fields}
        setting = {key for key, step in self.workflow.steps.items() if names & set(step.sets)}
        wanted = [key for key in self.workflow.steps if key in names | setting]
        yield from self._addable(state, run_id, wanted)

    def _fact(self, state: CaseState, gate: CompiledGate) -> cm.Command | None:
        """Say that a fact for which a gate asks is again as it was at first."""
        for name in sorted({one.path[0] for one in gate.condition.fields} & set(self.workflow.workflow.facts)):
            spec = self.workflow.workflow.facts[name]
            usual = spec.default is True
            if spec.type is ValueKind.BOOL and state.facts.get(name, usual) != usual:
                return cm.RecordFact(name, usual, "person")
        return None

    def _addable(self, state: CaseState, run_id: UUID, keys: Mapping[str, object] | list[str]) -> Iterator[cm.AddStep]:
        known = {(step.key, step.path) for step in state.steps.values()}
        victims = [one for one in state.persons if one.role is PersonRole.VICTIM]
        for key in keys:
            compiled = self.workflow.steps[key]
            if not compiled.spec.discretionary:
                continue
            each = compiled.spec.for_each
            paths = [path_of_person(one.person_id) for one in victims] if each else [""]
            yield from (cm.AddStep(run_id, key, None, path) for path in paths if (key, path) not in known)


def _fits(command: cm.AddStep, held: Step) -> bool:
    """Return whether a step helps what is held: the same person's, or one of the whole case."""
    return not held.path or not command.path or command.path == held.path
