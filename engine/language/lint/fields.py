"""Every condition of a workflow: where it stands, what may be known then, and what its fields can hold."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from engine.language.catalogue import Changes, Output, StepTypeInfo, ValueKind
from engine.language.conditions.check import FieldType
from engine.language.conditions.tree import Condition
from engine.language.conditions.values import ValueType
from engine.language.lint.subject import Subject
from engine.language.names import LEFT_OUT, OF_PERSONS, PERSON
from engine.language.workflow import StepSpec
from engine.language.yaml_files import Path


class Use(StrEnum):
    """What hangs on the answer of a condition."""

    START = "start"
    OPENS = "opens"
    TIME = "time"
    GATE = "gate"
    AFTERWARDS = "afterwards"
    QUESTION = "question"
    FOLLOW_UP = "follow_up"


@dataclass(frozen=True, slots=True)
class ConditionPlace:
    """One condition: its place in the file, its text, its use, and the steps that it decides about."""

    path: Path
    text: str
    use: Use
    steps: tuple[str, ...] = ()


def conditions(subject: Subject) -> Iterator[ConditionPlace]:
    """Yield every condition of the workflow, in the order in which people read it."""
    workflow = subject.workflow
    if workflow.start.when:
        yield ConditionPlace(("start", "when"), workflow.start.when, Use.START)
    for key, step in workflow.steps.items():
        yield from _of_step(subject, key, step)
    for uses, said in workflow.follow_ups.items():
        yield from _of_follow_ups(("follow_ups", uses), said)
    for name, choice in workflow.choices.items():
        for number, branch in enumerate(choice.branches):
            known = tuple(step for step in branch.to if step in workflow.steps)
            yield ConditionPlace(("choices", name, "branches", number, "when"), branch.when, Use.OPENS, known)
    for name, gate in workflow.gates.items():
        known = tuple(step for step in gate.holds if step in workflow.steps)
        yield ConditionPlace(("gates", name, "until"), gate.until, Use.GATE, known)
    for name, one in workflow.cancels.items():
        known = tuple(step for step in one.steps if step in workflow.steps)
        yield ConditionPlace(("cancels", name, "when"), one.when, Use.AFTERWARDS, known)
    if workflow.close.abort:
        yield ConditionPlace(("close", "abort"), workflow.close.abort, Use.AFTERWARDS)


def _of_step(subject: Subject, key: str, step: StepSpec) -> Iterator[ConditionPlace]:
    path: Path = ("steps", key)
    if step.when:
        yield ConditionPlace((*path, "when"), step.when, Use.OPENS, (key,))
    for place, time in subject.times(key):
        if time.when:
            yield ConditionPlace((*place, "when"), time.when, Use.TIME, (key,))
    if step.repeat and step.repeat.until:
        yield ConditionPlace((*path, "repeat", "until"), step.repeat.until, Use.AFTERWARDS, (key,))
    if step.back:
        yield ConditionPlace((*path, "back", "when"), step.back.when, Use.AFTERWARDS, (key,))
    if step.wait:
        yield ConditionPlace((*path, "wait", "until"), step.wait.until, Use.AFTERWARDS, (key,))
    for number, question in enumerate(step.questions):
        if question.when:
            yield ConditionPlace((*path, "questions", number, "when"), question.when, Use.QUESTION, (key,))
    for fact, text in step.sets.items():
        yield ConditionPlace((*path, "sets", fact), text, Use.AFTERWARDS, (key,))
    yield from _of_follow_ups((*path, "follow_ups"), step.follow_ups, (key,))


def _of_follow_ups(path: Path, said: Changes, steps: tuple[str, ...] = ()) -> Iterator[ConditionPlace]:
    for name, one in said.items():
        if one is not None and one.when:
            yield ConditionPlace((*path, name, "when"), one.when, Use.FOLLOW_UP, steps)


Fields = Mapping[tuple[str, ...], FieldType]

_KINDS = {
    ValueKind.BOOL: ValueType.BOOL,
    ValueKind.NUMBER: ValueType.NUMBER,
    ValueKind.INSTANT: ValueType.INSTANT,
    ValueKind.CHOICE: ValueType.STRING,
}
_QUESTIONS = {
    "bool": ValueKind.BOOL,
    "choice": ValueKind.CHOICE,
    "number": ValueKind.NUMBER,
    "instant": ValueKind.INSTANT,
}


def fields_for(subject: Subject, place: ConditionPlace, condition: Condition) -> Fields:
    """Return the type of every field that a condition may name at its place."""
    inside = any(subject.workflow.steps[key].for_each for key in place.steps)
    if inside not in subject.fields:
        subject.fields[inside] = _fields_of_all(subject, inside=inside)
    found = dict(subject.fields[inside])
    if place.use is Use.QUESTION:
        own = subject.workflow.steps[place.steps[0]]
        found |= {(name,): _type(output) for name, output in outputs_of(own, subject.infos[place.steps[0]])}
    if place.use is Use.FOLLOW_UP:
        key = str(place.path[1])
        info = subject.infos[key] if place.steps else subject.catalogue.find(key)
        found |= fields_of_type(info) if info else {}
        found |= {mention.path: FieldType(ValueType.ANY) for mention in condition.fields if info is None}
    for mention in condition.fields:
        if is_unchecked(subject, mention.path):
            found[mention.path] = FieldType(ValueType.ANY)
    return found


def _fields_of_all(subject: Subject, *, inside: bool) -> Fields:
    """Return the types of facts, of the report and of all steps; `inside` a step that is done for each person."""
    found: dict[tuple[str, ...], FieldType] = {
        (name,): _type(fact.output) for name, fact in subject.workflow.facts.items()
    }
    for name, output in subject.names.report.items():
        found["report", name] = _type(output)
    if inside:
        found |= {(PERSON, name): FieldType(ValueType.BOOL) for name in OF_PERSONS}
    for key, step in subject.workflow.steps.items():
        for name, output in outputs_of(step, subject.infos[key]):
            kind = _type(output)
            is_list = step.for_each is not None and not inside
            found[key, name] = FieldType(ValueType.STRINGS, kind.choices) if is_list else kind
    return found


def fields_of_type(info: StepTypeInfo) -> Fields:
    """Return what a condition of a follow-up may ask of the step that brings it, and of the case around it."""
    own = {**info.outputs, **info.computes}
    own.setdefault("outcome", Output(kind=ValueKind.CHOICE, choices=info.outcomes))
    found: dict[tuple[str, ...], FieldType] = {
        ("case", "country"): FieldType(ValueType.STRING), ("case", "now"): FieldType(ValueType.INSTANT),
    }  # fmt: skip
    found |= {("this", name): FieldType(ValueType.INSTANT) for name in info.moments}
    return found | {("this", name): _type(output) for name, output in own.items()}


def places_of(subject: Subject, name: str) -> tuple[str, ...]:
    """List the countries and States that an answer, as `step.output`, can name; empty when it names none."""
    key, _, output = name.partition(".")
    step = subject.workflow.steps.get(key)
    known = dict(outputs_of(step, subject.infos.get(key))).get(output) if step else None
    return tuple(choice for choice in (known.choices if known else ()) if re.fullmatch(_A_PLACE, choice))


_A_PLACE = r"[A-Z]{2}(-[A-Z0-9]{1,3})?"


def outputs_of(step: StepSpec, info: StepTypeInfo | None) -> Iterator[tuple[str, Output]]:
    """Yield what conditions may ask of a step: its outcome, its outputs, and open questions of the workflow."""
    if info is None:
        return
    yield from info.outputs.items()
    yield "outcome", Output(kind=ValueKind.CHOICE, choices=(*info.outcomes, *LEFT_OUT))
    for question in step.questions:
        kind = _QUESTIONS.get(question.type)
        if kind is not None and question.sensitivity == "open":
            yield question.id, Output(kind=kind, choices=tuple(question.choices))


def is_unchecked(subject: Subject, path: tuple[str, ...]) -> bool:
    """Return whether nothing is known of a field: its step type is unknown, or nobody said what a report holds."""
    head = path[0]
    if head == "report":
        return not subject.names.report
    return head in subject.infos and subject.infos[head] is None


def is_restricted(subject: Subject, path: tuple[str, ...]) -> bool:
    """Return whether a field exists but is kept from conditions, since it may hold what only people may see."""
    if len(path) < 2 or path[0] not in subject.workflow.steps:  # noqa: PLR2004 - a step and its field
        return False
    step, info = subject.workflow.steps[path[0]], subject.infos[path[0]]
    named = {*(info.field_names if info else ()), *(question.id for question in step.questions)}
    return path[-1] in named and path[-1] not in dict(outputs_of(step, info))


def _type(output: Output) -> FieldType:
    return FieldType(_KINDS[output.kind], output.choices)
