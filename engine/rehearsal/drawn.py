"""What is true in a simulated case: what it is given, what it says, how its people do their steps, drawn by a seed."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from engine.builtin import REPORT
from engine.core import commands as cm
from engine.core.compiled import CompiledGate, CompiledWorkflow
from engine.core.follow_ups import at_once_for, declared_for, is_asked_again, own_step
from engine.core.law.told import age_of_band
from engine.core.records import TELLS, CaseStatus, Scalar, Step, StepStatus, path_of_person
from engine.core.state import CaseState
from engine.core.values import COLLECTIONS
from engine.language.catalogue import Output, StepTypeInfo, ValueKind
from engine.plugin.steps import BECAUSE

_RECENT, _LONG_AGO = 60, 4 * 365
_AGES: Mapping[object, tuple[int, int]] = {"yes": (4, 17), "no": (18, 60)}
_PERHAPS = (12, 25)
_SEXES = ("female", "female", "male", "transgender")
_GAPS = 0.15


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
    """One message of the simulation: to whom by role, by which rule, and whether it leaves by e-mail too.

    `follows_at` is given of late work: what follows then if nobody acts. `about` names the step that it is about, and
    `alike` what else of the case it can come with in one message: warnings, or breaches, of one due time.
    """

    at: datetime
    role: str
    rule: str
    is_sent: bool
    critical: bool
    follows_at: datetime | None = None
    about: str = ""
    is_warning: bool = False
    alike: str = ""


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
    seed: int
    gaps: float = 0.0

    def told_by(self, info: StepTypeInfo, element: str, chance: random.Random) -> dict[str, Scalar]:
        """Return what a step of a type tells when it is done, of one person or of the whole case."""
        told = {name: self._of(name, choices, element) for name, choices in info.tells.items()}
        return {f"{TELLS}{name}": value for name, value in told.items() if value and chance.random() >= self.gaps}

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
        """Choose, always the same: a district does not change, nor what shows the age of a person."""
        return _chance(self.seed, name, element).choice(choices) if choices else ""


def drawn_facts(
    answers: Mapping[str, Scalar], elements: tuple[str, ...], opened_at: datetime, *, seed: int, rough: bool
) -> SimulatedFacts:
    """Draw what is true in a case that was reported at an instant (aware), fitting to what the report says of the age.

    The offence was some days or up to four years before. A `rough` case tells only most of it. The same seed always
    gives the same.
    """
    chance = _chance(seed, "facts")
    youngest, oldest = _AGES.get(answers.get("is_child_suspected"), _PERHAPS)
    days = chance.randint(0, chance.choice((_RECENT, _LONG_AGO)))
    people = {one: SimulatedPerson(chance.randint(youngest, oldest), chance.choice(_SEXES)) for one in elements}
    offence_on = (opened_at.astimezone(UTC) - timedelta(days=days)).date()
    return SimulatedFacts(offence_on, people, seed, _GAPS if rough else 0.0)


def _chance(seed: int, *of: object) -> random.Random:
    return random.Random(f"{seed}/{'/'.join(map(str, of))}")  # noqa: S311 - nothing secret


def _bands_of(age: int, choices: tuple[str, ...]) -> Iterator[str]:
    for band in choices:
        span = age_of_band(band)
        if span and span[0] <= age <= span[1]:
            yield band


_DONE, _LEAVES_GAPS, _APPROVED, _ADDS = 0.8, 0.15, 0.8, 0.05
_EVEN, _ENDS_A_SERIES = 0.5, 0.75
"""How often a yes-or-no question is answered with yes: one on which a series ends, such as a review, mostly."""
_EARLIEST, _LATEST, _VERY_LATE = 0.2, 1.1, 1.5
_SOON = timedelta(days=60)
_OFTEN_ENOUGH = 2
"""How often people do one follow-up for one person before they answer that it is not needed any more."""
_NOT_NEEDED = "not_needed"
CALLED_OFF = "called_off"


@dataclass
class People:
    """Whoever works on a simulated case; `called_off` names the steps that were given up because a gate held them.

    How and when a step ends hangs on the seed and the step alone, so that it ends alike in another version of its
    workflow. `late` is the share of steps that are finished after they are due; `is_rough` is as in life.
    """

    workflow: CompiledWorkflow
    facts: SimulatedFacts
    report: Mapping[str, Scalar]
    late: float | None
    is_rough: bool
    called_off: list[str] = field(default_factory=list)

    def share(self, step: Step) -> float:
        """Choose what share of the time until it is due a step takes."""
        chance = self._chance("ends", step)
        if self.late is None:
            return chance.uniform(_EARLIEST, _LATEST)
        is_late = chance.random() < self.late
        return chance.uniform(1.0, _VERY_LATE) if is_late else chance.uniform(_EARLIEST, 1.0)

    def complete(self, step: Step, state: CaseState, now: datetime) -> cm.CompleteStep:
        """Answer the questions of a step: each output is chosen among what its step type declares."""
        chance, info = self._chance("answers", step), self._info(step)
        if info is None:
            return cm.CompleteStep(step.id, "done", now)
        compiled = own_step(self.workflow, step)
        first = compiled is not None and step.uses == REPORT
        told = {name: value for name, value in self.report.items() if first and name in info.outputs}
        asked = {one.path for one in compiled.until.fields} if compiled and compiled.until else set()
        chances = {name: _ENDS_A_SERIES if (step.key, name) in asked else _EVEN for name in info.outputs}
        answers = {name: _answer(one, chances[name], now, chance) for name, one in info.outputs.items()} | told
        if _NOT_NEEDED in info.outcomes and _is_enough(step, state):
            return cm.CompleteStep(step.id, _NOT_NEEDED, now)
        if self.is_rough and not info.automatic:
            outcome, answers = _roughly(info, answers, told, chance)
            if outcome != "done":
                return cm.CompleteStep(step.id, outcome, now, outputs=answers)
        answers |= self.facts.told_by(info, step.base_path, chance)
        return cm.CompleteStep(step.id, "done", now, outputs=answers)

    def approve(self, step: Step) -> cm.ApproveStep:
        """Choose whether the second person approves or sends back."""
        is_approved = not self.is_rough or self._chance("approves", step).random() < _APPROVED
        return cm.ApproveStep(step.id, approved=is_approved)

    def duties_at_once(self, step: Step, answers: cm.CompleteStep) -> cm.BringFollowUps | None:
        """Bring what comes with the answers themselves, before the step is done; nothing where it brings nothing."""
        declared = at_once_for(self.workflow, step) if answers.outcome == "done" else ()
        return cm.BringFollowUps(step.id, dict(answers.outputs), at_once=True) if declared else None

    def follow(self, step: Step, state: CaseState, now: datetime) -> cm.BringFollowUps | None:
        """Bring what follows from a step that has ended: the days that its follow-ups ask for lie ahead.

        Nothing where its definition brings nothing. An automatic step tells nothing more once it was done often enough.
        """
        info, chance = self._info(step), self._chance("follows", step)
        declared = declared_for(self.workflow, step)
        if info is None or not (declared or is_asked_again(step)):
            return None
        ahead = {name for one in declared for name in (one.spec.due, one.spec.opens) if name}
        told: dict[str, cm.Told] = {}
        is_told = not (info.automatic and _is_enough(step, state))
        for name in info.moments if is_told else ():
            if name not in info.outputs:
                told[name] = now + chance.random() * _SOON if name in ahead else now
        for name, one in info.computes.items() if is_told else ():
            is_day = one.kind is ValueKind.INSTANT
            answer = now + chance.random() * _SOON if is_day and name in ahead else _answer(one, _EVEN, now, chance)
            told |= {name: answer} if not is_day or chance.random() < _EVEN else {}
        return cm.BringFollowUps(step.id, told)

    def _info(self, step: Step) -> StepTypeInfo | None:
        compiled = own_step(self.workflow, step)
        return compiled.info if compiled else self.workflow.brought.get(step.uses)

    def _chance(self, what: str, step: Step) -> random.Random:
        return _chance(self.facts.seed, what, step.key, step.path, step.turn, step.status is StepStatus.APPROVAL)

    def add_something(self, state: CaseState, run_id: UUID, after: UUID) -> cm.Command | None:
        """Now and then, after a step, add one that may be added."""
        chance = _chance(self.facts.seed, "adds", after)
        if not self.is_rough or chance.random() > _ADDS or state.case.status is not CaseStatus.OPEN:
            return None
        possible = list(self._addable(state, run_id, self.workflow.steps))
        return chance.choice(possible) if possible else None

    def move_on(self, state: CaseState, run_id: UUID) -> cm.Command | None:
        """Do what the gate of a held step asks for: add a step, say how things are; else call off what it holds."""
        if not self.is_rough:
            return None
        held = [step for step in state.live.values() if step.gate in self.workflow.gates]
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
        victims = [one for one in state.persons if one.role in COLLECTIONS["case.victims"]]
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


def _roughly(
    info: StepTypeInfo, answers: Mapping[str, Scalar], keep: Mapping[str, Scalar], chance: random.Random
) -> tuple[str, dict[str, Scalar]]:
    """Choose how a step ends as in life, and which of its answers were given."""
    others = [outcome for outcome in info.outcomes if outcome != "done"]
    if others and chance.random() > _DONE and not keep:
        reasons = info.outputs.get(BECAUSE)
        return chance.choice(others), {BECAUSE: chance.choice(reasons.choices)} if reasons else {}
    return "done", {
        name: value
        for name, value in answers.items()
        if name in keep or (name != BECAUSE and chance.random() > _LEAVES_GAPS)
    }


def _answer(output: Output, of_yes: float, now: datetime, chance: random.Random) -> Scalar:
    match output.kind:
        case ValueKind.BOOL:
            return chance.random() < of_yes
        case ValueKind.NUMBER:
            return chance.randint(0, 3)
        case ValueKind.INSTANT:
            return now
        case ValueKind.CHOICE:
            return chance.choice(output.choices) if output.choices else ""


def _is_enough(step: Step, state: CaseState) -> bool:
    """Whether people end what recurs: a follow-up that was done often enough, or once nothing else is left to do."""
    if step.added is None or step.added.origin is None:
        return False
    if all(one.added is not None for one in state.live.values()):
        return True
    name = step.added.origin.follow_up
    alike = (one for one in state.steps.values() if one.added is not None and one.base_path == step.base_path)
    known = [one for one in alike if one.added and one.added.origin and one.added.origin.follow_up == name]
    return sum(one.status is StepStatus.ENDED for one in known) >= _OFTEN_ENOUGH
