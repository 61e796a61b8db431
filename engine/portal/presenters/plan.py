"""What can be added to a case: steps, facts, stretches of time."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from engine.domain.compiled import CompiledWorkflow
from engine.domain.paths import path_of_person, person_in, round_in
from engine.domain.records import LIVE, Scalar
from engine.domain.values import COLLECTIONS
from engine.plugin.registry import Registry
from engine.plugin.steps import StepType
from engine.portal.presenters.times import from_input
from engine.spec.catalogue import ValueKind
from engine.spec.plain_words import in_plain_words
from engine.views import CaseView, StepView


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


@dataclass(frozen=True, slots=True)
class OfferGroup:
    """The step types of one pillar."""

    title: str
    offers: tuple[Offer, ...]


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


def callable_steps(case: CaseView, definitions: Mapping[str, CompiledWorkflow]) -> tuple[Offer, ...]:
    """List the steps that the case's workflows keep ready to be called, once for each person they are done for.

    One that is open now is not among them; one that was called and is over can be called once more. A workflow that
    was over goes on with such a step.
    """
    stands = {(step.run_id, step.key, person_in(step.path)): step.status in LIVE for step in _by_round(case)}
    return tuple(
        Offer(
            f"{run.id}:{step.key}:{path_of_person(who) if who else ''}",
            _words(step.title, label, again="" if is_open is None else "once more"),
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


def offered_step_types(registry: Registry) -> tuple[OfferGroup, ...]:
    """List every installed step type, by pillar."""
    return tuple(
        OfferGroup(
            installed.pillar.name,
            tuple(Offer(step.key, step.title) for step in installed.pillar.step_types),
        )
        for installed in registry.installed
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
    return ", ".join(filter(None, (title, label, again)))
