"""Lint: facts, questions, approvals and assignments that would not work as they are written."""

from datetime import datetime

from engine.language.catalogue import ValueKind
from engine.language.lint.subject import Subject
from engine.language.names import RESERVED
from engine.language.workflow import FactSpec, Question
from engine.language.yaml_nodes import Path

_FEWEST_CHOICES = 2


def check_details(subject: Subject) -> None:
    """Find facts, questions, approvals and assignments that would not work."""
    for name, fact in subject.workflow.facts.items():
        _fact(subject, ("facts", name), fact)
    for key in subject.workflow.steps:
        _people(subject, key)
        _questions(subject, key)


def _fact(subject: Subject, path: Path, fact: FactSpec) -> None:
    if (fact.type is ValueKind.CHOICE) != bool(fact.choices):
        problem = 'A fact of type choice, and only such a fact, lists its "choices".'
        subject.error(path, "bad-fact", problem, of_key=True)
    if fact.default is not None and not _fits(fact):
        subject.error((*path, "default"), "bad-fact", f"The default does not fit the type {fact.type}.")


def _fits(fact: FactSpec) -> bool:
    match fact.type, fact.default:
        case ValueKind.CHOICE, str(value):
            return value in fact.choices
        case ValueKind.BOOL, bool():
            return True
        case ValueKind.NUMBER, int() | float() as value:
            return not isinstance(value, bool)
        case ValueKind.INSTANT, str(value):
            return _is_instant(value)
        case _:
            return False


def _is_instant(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _people(subject: Subject, key: str) -> None:
    step, info, path = subject.workflow.steps[key], subject.infos[key], ("steps", key)
    is_automatic = info is not None and info.automatic
    if is_automatic and (step.assign.role or step.assign.not_):
        subject.error(
            (*path, "assign"), "automatic-step", "A machine does this step, so nobody is assigned: take it out."
        )
    if is_automatic and step.approve:
        subject.error(
            (*path, "approve"), "automatic-step", "A machine does this step: approve it in a step of its own."
        )
    roles = set(step.assign.role or (info.roles if info else ()))
    if step.approve and len(roles) == 1 and roles == set(step.approve.role):
        message = (
            "The same single role does this step and approves it: name another role, so that two pairs of eyes see it."
        )
        subject.warn((*path, "approve", "role"), "same-role-approves", message)
    if step.approve and not step.approve.role:
        subject.error((*path, "approve", "role"), "unknown-role", "Name the role that approves.")


def _questions(subject: Subject, key: str) -> None:
    step, info = subject.workflow.steps[key], subject.infos[key]
    seen = set(info.field_names if info else ())
    for number, question in enumerate(step.questions):
        path: Path = ("steps", key, "questions", number)
        if question.id in RESERVED:
            subject.error(
                (*path, "id"), "reserved-word", f'"{question.id}" means something of its own: choose another id.'
            )
        elif question.id in seen:
            message = f'The form of this step already has a field "{question.id}": choose another id.'
            subject.error((*path, "id"), "question-clash", message)
        seen.add(question.id)
        _choices(subject, path, question)
    if step.questions and info is not None and info.automatic:
        subject.error(("steps", key, "questions"), "automatic-step", "A machine does this step, so nobody is asked.")


def _choices(subject: Subject, path: Path, question: Question) -> None:
    if (question.type == "choice") != bool(question.choices):
        subject.error(path, "bad-question", 'A question of type choice, and only such a question, lists its "choices".')
    elif question.type == "choice" and len(question.choices) < _FEWEST_CHOICES:
        subject.error((*path, "choices"), "bad-question", "A choice needs at least two answers.")
