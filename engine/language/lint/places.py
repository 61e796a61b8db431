"""Every condition of a workflow: where it stands, for whom it is answered, and what may be known then."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from engine.language.follow_ups import Changes
from engine.language.lint.subject import Subject
from engine.language.workflow import StepSpec
from engine.language.yaml_nodes import Path


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


def _of_step(subject: Subject, key: str, step: StepSpec) -> Iterator[ConditionPlace]:
    path: Path = ("steps", key)
    if step.when:
        yield ConditionPlace((*path, "when"), step.when, Use.OPENS, (key,))
    for place, time in subject.times(key):
        if time.when:
            yield ConditionPlace((*place, "when"), time.when, Use.TIME, (key,))
    if step.repeat and step.repeat.until:
        yield ConditionPlace((*path, "repeat", "until"), step.repeat.until, Use.AFTERWARDS, (key,))
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
