"""Answer the questions by which a workflow opens more as the story goes on."""

import re
from collections.abc import Collection, Iterable

from engine.core.compiled import CompiledStep, CompiledWorkflow
from engine.language.workflow import Question, StepSpec
from engine.ports import JsonValue
from engine.rehearsal.story import PROGRAMME, StoryEvent


def as_it_goes_on(
    compiled: CompiledWorkflow, step: str, questions: Iterable[Question], to_come: Collection[StoryEvent]
) -> dict[str, JsonValue]:
    """Return yes to each question that opens steps of which the story still tells, and no to those it does not need.

    What the workflow would ask for in any case says nothing. A question that opens nothing is not answered here; one
    that may stay open is None instead of a no.
    """
    answers: dict[str, JsonValue] = {}
    for question in questions:
        opened = _opened_by(compiled, step, question.id) if question.type == "bool" else []
        if opened:
            is_told = any(_tells_of(event, spec) for event in to_come for spec in opened)
            answers[question.id] = is_told if is_told or question.required else None
    return answers


def _opened_by(compiled: CompiledWorkflow, step: str, question: str) -> list[StepSpec]:
    """List the steps that open by the answer, or by a fact that it sets, and those that follow nothing else.

    Of these count those of a type that the workflow has nowhere else, if there are any.
    """
    answer = f"{step}.{question}"
    own = compiled.steps[step].spec if step in compiled.steps else None
    names = [answer, *(fact for fact, text in (own.sets if own else {}).items() if _names(text, answer))]
    steps = {key: one for key, one in compiled.steps.items() if not one.spec.discretionary}
    opened = {key for key, one in steps.items() if any(_names(one.spec.when or "", name) for name in names)}
    while more := {key for key, one in steps.items() if key not in opened and _follows_only(one, opened)}:
        opened |= more
    elsewhere = {one.spec.uses for key, one in steps.items() if key not in opened}
    specs = [steps[key].spec for key in opened]
    return [spec for spec in specs if spec.uses not in elsewhere] or specs


def _follows_only(step: CompiledStep, opened: Collection[str]) -> bool:
    return bool(step.after.steps) and set(step.after.steps) <= set(opened)


def _names(condition: str, name: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(name)}\b", condition) is not None


def _tells_of(event: StoryEvent, spec: StepSpec) -> bool:
    """Return whether an event is a step of a workflow: of its type and, where both name limits of the law, with one."""
    laws = {time.law for time in spec.time if time.law}
    clock = event.due_rule.clock if event.due_rule else PROGRAMME
    return event.step == spec.uses and (not laws or clock == PROGRAMME or clock in laws)
