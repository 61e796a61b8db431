"""What comes next in a case: its steps laid out in lanes, and what can be added."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from uuid import UUID

from engine.core.compiled import CompiledWorkflow
from engine.core.records import LIVE, Scalar, path_of_person
from engine.core.values import COLLECTIONS, person_in, round_in
from engine.language.catalogue import ValueKind
from engine.language.names import in_plain_words
from engine.overview.records import CaseView, StepView
from engine.plugin.registry import Pillar, Registry
from engine.plugin.steps import StepType
from engine.web.languages import say
from engine.web.times import from_input

_LIVE = frozenset({"scheduled", "held", "ready", "approval"})
_GROUPS = (("R", "for the person"), ("P", "around the person"), ("", "In every workflow"))


@dataclass(frozen=True, slots=True)
class PillarLane:
    """One pillar with its steps, live ones first."""

    key: str
    name: str
    steps: tuple[StepView, ...]
    live: int
    is_late: bool

    @property
    def tone(self) -> str:
        """The colour of the lane: late, live or empty."""
        if self.is_late:
            return "late"
        return "live" if self.live else ("quiet" if self.steps else "empty")

    @property
    def in_words(self) -> str:
        """The same in a word or two."""
        if self.live:
            return say("late") if self.is_late else f"{self.live} open"
        return say("done") if self.steps else say("none")


@dataclass(frozen=True, slots=True)
class LaneGroup:
    """The lanes of one letter of the Impulse Model: P, R, or none for what every workflow can use."""

    letter: str
    title: str
    lanes: tuple[PillarLane, ...]


def lane_groups(pillars: Iterable[Pillar], steps: Iterable[StepView]) -> tuple[LaneGroup, ...]:
    """Return every pillar its lane; a pillar without letter has one only when the case has steps of it."""
    known = list(pillars)
    by_pillar: dict[str, list[StepView]] = {pillar.key: [] for pillar in known}
    for step in steps:
        by_pillar.setdefault(step.pillar, []).append(step)
    names = {pillar.key: pillar for pillar in known}
    groups = []
    for letter, title in _GROUPS:
        lanes = tuple(
            _lane(key, names[key].name if key in names else key.capitalize(), found)
            for key, found in by_pillar.items()
            if (names[key].letter if key in names else "") == letter and (letter or found)
        )
        if lanes:
            groups.append(LaneGroup(letter, title, lanes))
    return tuple(groups)


def what_waits(steps: Iterable[StepView]) -> list[StepView]:
    """Return the steps that wait for a person, the first due first; those without a due time come last."""
    waiting = [step for step in steps if step.status in {"ready", "approval"} and step.item_id]
    due = [(step.deadline.due_at if step.deadline else None, step) for step in waiting]
    timed = sorted(((at, step) for at, step in due if at is not None), key=itemgetter(0))
    return [step for _, step in timed] + [step for at, step in due if at is None]


def _lane(key: str, name: str, steps: list[StepView]) -> PillarLane:
    ordered = sorted(steps, key=lambda step: step.status not in _LIVE)
    late = any(step.deadline is not None and step.deadline.state == "overdue" for step in steps)
    return PillarLane(key, name, tuple(ordered), sum(step.status in _LIVE for step in steps), late)


@dataclass(frozen=True, slots=True)
class DeclaredFact:
    """A fact that one of the case's workflows declares."""

    name: str
    title: str
    kind: str
    choices: tuple[tuple[str, str], ...]
    now: str


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that can be chosen."""

    value: str
    text: str
    purpose: str = ""
    fits: bool = True


@dataclass(frozen=True, slots=True)
class OfferGroup:
    """The step types of one pillar."""

    title: str
    offers: tuple[Offer, ...]

    @property
    def fitting(self) -> int:
        """How many of them fit what was sought."""
        return sum(offer.fits for offer in self.offers)


def declared_facts(case: CaseView, definitions: Mapping[str, CompiledWorkflow]) -> tuple[DeclaredFact, ...]:
    """List the facts that the open runs of a case declare, each once."""
    found: dict[str, DeclaredFact] = {}
    for run in case.runs:
        compiled = definitions[run.definition_hash] if run.status == "open" else None
        for name, output in compiled.facts.items() if compiled else ():
            spec = compiled.workflow.facts.get(name) if compiled else None
            title = (spec.title if spec else "") or in_plain_words(name)
            choices = tuple((choice, in_plain_words(choice)) for choice in output.choices)
            found.setdefault(name, DeclaredFact(name, title, output.kind.value, choices, case.facts.get(name, "")))
    return tuple(found.values())


def read_fact(fact: DeclaredFact, given: str, zone: str) -> Scalar | None:
    """Read the value of a fact from what was posted; None for what cannot be one."""
    match ValueKind(fact.kind):
        case ValueKind.BOOL:
            return {"yes": True, "no": False}.get(given)
        case ValueKind.NUMBER:
            return int(given) if given.isascii() and given.isdigit() and len(given) < len("1000000000") else None
        case ValueKind.INSTANT:
            instant = from_input(given, zone)
            return instant.isoformat() if instant else None
        case ValueKind.CHOICE:
            return given if given in dict(fact.choices) else None


def callable_steps(
    case: CaseView, definitions: Mapping[str, CompiledWorkflow], step_types: Mapping[str, StepType]
) -> tuple[Offer, ...]:
    """List the steps that the case's workflows keep ready to be called, once for each person they are done for.

    One that is open now is not among them; one that was called and is over can be called once more. A workflow that
    was over goes on with such a step.
    """
    stands = {(step.run_id, step.key, person_in(step.path)): step.status in LIVE for step in _by_round(case)}
    return tuple(
        Offer(
            f"{run.id}:{step.key}:{path_of_person(who) if who else ''}",
            _words(step.title, label, again="" if is_open is None else "once more"),
            step.spec.help or (step_types[step.spec.uses].purpose if step.spec.uses in step_types else ""),
        )
        for run in case.runs
        if run.status in {"open", "over"}
        for step in definitions[run.definition_hash].steps.values()
        if step.spec.discretionary
        for who, label in _elements(case, step.spec.for_each)
        if not (is_open := stands.get((run.id, step.key, who)))
    )


def read_call(value: str) -> tuple[UUID, str, str] | None:
    """Read the run, the key and the path of a step that is called; None for what no offer says."""
    run, _, named = value.partition(":")
    key, _, path = named.partition(":")
    try:
        return (UUID(run), key, path) if key else None
    except ValueError:
        return None


def offered_step_types(registry: Registry, sought: str = "") -> tuple[OfferGroup, ...]:
    """List every installed step type, by pillar; one fits when its pillar, title and purpose have all words sought."""
    words = sought.casefold().split()

    def offer(pillar: Pillar, step: StepType) -> Offer:
        said = " ".join(say(text) for text in (pillar.name, step.title, step.purpose)).casefold()
        return Offer(step.key, step.title, step.purpose, all(word in said for word in words))

    return tuple(
        OfferGroup(one.pillar.name, tuple(offer(one.pillar, step) for step in one.pillar.step_types))
        for one in registry.installed
    )


def interval_names(step_type: StepType | None) -> tuple[Offer, ...]:
    """List the stretches of time that a step can leave out; a journey where its form names none."""
    named = [spec.excluded_time for spec in step_type.fields if spec.excluded_time] if step_type else []
    return tuple(Offer(name, in_plain_words(name)) for name in dict.fromkeys(named or ["journey"]))


def _by_round(case: CaseView) -> list[StepView]:
    return sorted(case.steps, key=lambda step: round_in(step.path))


def _elements(case: CaseView, over: str | None) -> tuple[tuple[UUID | None, str], ...]:
    """List the persons for whom a step is called, each once and with what pages call them; or nobody."""
    if over is None:
        return ((None, ""),)
    found = {person.id: person.label for person in case.persons if person.role in COLLECTIONS[over]}
    return tuple(found.items())


def _words(title: str, label: str, *, again: str) -> str:
    """Say what is called, for whom, and whether it was there before."""
    return ", ".join(say(words) for words in (title, label, again) if words)
