"""Lint: names exist and mean one thing, details work as they are written, titles judge nobody."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from engine.language.catalogue import ValueKind
from engine.language.lint.fields import places_of
from engine.language.lint.subject import Subject
from engine.language.names import RESERVED, WITHOUT_WORK, in_running_words, meant, shown
from engine.language.short_forms import EVERYTHING
from engine.language.workflow import FactSpec, Question
from engine.language.yaml_files import Path


def check_names(subject: Subject) -> None:
    """Find names that do not exist, clash, or are reserved."""
    _ids(subject)
    _calendars(subject)
    for key in subject.workflow.steps:
        _step(subject, key)
    _choices(subject)
    for name, gate in subject.workflow.gates.items():
        _steps_named(subject, ("gates", name, "holds"), gate.holds)


def _ids(subject: Subject) -> None:
    workflow = subject.workflow
    seen: set[str] = set()
    groups = (("steps", workflow.steps), ("facts", workflow.facts), ("choices", workflow.choices))
    for group, named in groups:
        for name in named:
            path: Path = (group, name)
            if name in RESERVED:
                subject.error(
                    path, "reserved-word", f'"{name}" means something of its own here: choose another id.', of_key=True
                )
            elif name in seen:
                subject.error(
                    path, "name-twice", f'"{name}" already names a step or a fact: choose another id.', of_key=True
                )
            seen.add(name)


def _calendars(subject: Subject) -> None:
    known = subject.names.calendars
    for path, place in subject.each(("jurisdictions",), subject.workflow.jurisdictions):
        if not known & {place, place.partition("-")[0]}:
            message = f"No calendar covers {place}: add one, or name a place that has one. {meant(place, known)}"
            subject.error(path, "unknown-calendar", message)


def _step(subject: Subject, key: str) -> None:
    step, path = subject.workflow.steps[key], ("steps", key)
    if subject.infos[key] is None:
        known = frozenset(subject.catalogue.keys())
        subject.unknown((*path, "uses"), "unknown-step-type", "step type", step.uses, known)
    if key not in subject.order.choice_of or step.after.steps:
        _steps_named(
            subject, subject.join_path((*path, "after")), step.after.steps, {*subject.workflow.starts, EVERYTHING}
        )
    _roles(subject, (*path, "assign", "role"), step.assign.role)
    info = subject.infos[key]
    if info is not None and not info.automatic:
        _workers(subject, (*path, "assign", "role"), step.assign.role or info.roles, "do this step")
    if step.approve:
        _roles(subject, (*path, "approve", "role"), step.approve.role)
        if step.approve.role:
            _workers(subject, (*path, "approve", "role"), step.approve.role, "approve this step")
        _ladder(subject, (*path, "approve", "ladder"), step.approve.ladder)
    _steps_named(subject, (*path, "assign", "not"), step.assign.not_)
    if key in step.assign.not_:
        subject.error(
            (*path, "assign", "not"), "not-itself", "A step cannot exclude its own assignee: name an earlier step."
        )
    _places_told(subject, key)
    for place, time in subject.times(key):
        _ladder(subject, (*place, "ladder"), time.ladder)
        _steps_named(subject, (*place, "on_breach"), time.on_breach)
    for fact in step.sets:
        if fact not in subject.workflow.facts:
            known_facts = frozenset(subject.workflow.facts)
            subject.unknown((*path, "sets", fact), "unknown-fact", "declared fact", fact, known_facts)


def _places_told(subject: Subject, key: str) -> None:
    """Find answers that are to name the place of a step, and that cannot."""
    path: Path = ("steps", key, "assign", "unit_from")
    for place, name in subject.each(path, subject.workflow.steps[key].assign.unit_from):
        step, _, output = name.partition(".")
        if step not in subject.workflow.steps:
            subject.unknown(place, "unknown-step", "step", step, frozenset(subject.workflow.steps))
        elif subject.infos[step] is not None and not places_of(subject, name):
            subject.error(place, "unknown-field", f'"{step}" has no answer "{output}" that names a country or a State.')


def _choices(subject: Subject) -> None:
    targets: dict[str, str] = {}
    for name, choice in subject.workflow.choices.items():
        path: Path = ("choices", name)
        _steps_named(subject, subject.join_path((*path, "after")), choice.after.steps)
        places = [((*path, "branches", number, "to"), branch.to) for number, branch in enumerate(choice.branches)]
        for place, steps in (*places, ((*path, "default"), choice.default)):
            _steps_named(subject, place, steps)
            for where, step in subject.each(place, steps):
                if targets.setdefault(step, name) != name:
                    message = f'"{step}" is also reached by the choice "{targets[step]}": a step belongs to one choice.'
                    subject.error(where, "in-two-choices", message)
        if not choice.default:
            message = 'When no branch holds, nothing follows this choice: give it a "default", if only a decision.'
            subject.warn(path, "choice-without-default", message, of_key=True)
    for step, chosen_by in targets.items():
        if step in subject.workflow.steps and subject.workflow.steps[step].after.steps:
            message = f'What comes before "{step}" is said by the choice "{chosen_by}": take this "after" out.'
            subject.error(("steps", step, "after"), "after-and-choice", message)


def _steps_named(subject: Subject, path: Path, names: tuple[str, ...], starts: Iterable[str] = ()) -> None:
    steps = frozenset(subject.workflow.steps)
    for place, name in subject.each(path, names):
        if name in subject.workflow.choices:
            message = f'"{name}" is a choice, and its steps follow it by themselves: name a step.'
            subject.error(place, "unknown-step", message)
        elif name not in steps:
            subject.unknown(place, "unknown-step", "step", name, steps.union(starts))


def _roles(subject: Subject, path: Path, roles: tuple[str, ...]) -> None:
    for place, role in subject.each(path, roles):
        if role not in subject.names.roles:
            subject.unknown(place, "unknown-role", "role", role, subject.names.roles)


def _workers(subject: Subject, path: Path, roles: tuple[str, ...], what: str) -> None:
    """Find a step for which work would wait that nobody can ever be given."""
    if subject.names.roles.issuperset(roles) and WITHOUT_WORK.issuperset(roles):
        named = f"no work of a case can wait for the {' or the '.join(in_running_words(one) for one in roles)}"
        message = f"Nobody could {what}: {named if roles else 'it names no role'}. Name a role, such as caseworker."
        subject.error(path, "nobody-can", message)


def _ladder(subject: Subject, path: Path, ladder: str) -> None:
    if ladder not in subject.names.ladders:
        message = f"There is no ladder {shown(ladder)}. {meant(ladder, subject.names.ladders)}"
        subject.error(path, "unknown-ladder", message)


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
        remedy = "take them out" if fact.choices else "add them, like choices: [yes, no]"
        problem = f'A fact of type choice, and only such a fact, lists its "choices": {remedy}.'
        subject.error(path, "bad-fact", problem, of_key=True)
    if fact.default is not None and not _fits(fact):
        forms = _FORMS | {ValueKind.CHOICE: f"one of {', '.join(fact.choices)}"}
        message = f"The default does not fit the type {fact.type}: write {forms[fact.type]}."
        subject.error((*path, "default"), "bad-fact", message)


_FORMS = {
    ValueKind.BOOL: "true or false",
    ValueKind.NUMBER: "a number without quotes",
    ValueKind.INSTANT: "an instant with its zone, like 2026-01-31T09:00+05:30",
}


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
        _choices_of_question(subject, path, question)
    if step.questions and info is not None and info.automatic:
        subject.error(
            ("steps", key, "questions"), "automatic-step", "A machine does this step, so nobody is asked: take it out."
        )


def _choices_of_question(subject: Subject, path: Path, question: Question) -> None:
    if (question.type == "choice") != bool(question.choices):
        remedy = "take them out" if question.choices else 'add them, like choices: {yes: "Yes", no: "No"}'
        message = f'A question of type choice, and only such a question, lists its "choices": {remedy}.'
        subject.error(path, "bad-question", message)
    elif question.type == "choice" and len(question.choices) < _FEWEST_CHOICES:
        subject.error((*path, "choices"), "bad-question", "A choice needs at least two answers: add one.")


_COUNTRIES = {
    "india": "IN", "bangladesh": "BD", "nepal": "NP", "myanmar": "MM", "burma": "MM", "bhutan": "BT", "thailand": "TH",
    "laos": "LA", "cambodia": "KH", "china": "CN", "sri lanka": "LK", "malaysia": "MY", "pakistan": "PK",
}  # fmt: skip
_PEOPLES = (
    "indian", "bangladeshi", "nepali", "nepalese", "burmese", "rohingya", "bhutanese", "thai", "laotian", "cambodian",
    "chinese", "sri lankan", "malaysian", "pakistani", "foreigner", "refugee", "migrant",
)  # fmt: skip
_JUDGEMENTS = (
    "victim", "trafficker", "trafficked", "prostitute", "prostitution", "offender", "criminal", "illegal", "runaway",
)  # fmt: skip


def check_titles(subject: Subject) -> None:
    """Find titles that name a country, a people or a judgement about a person which nothing establishes."""
    workflow = subject.workflow
    for path, title, unit, peoples in _titles(subject):
        for word in _found(title, (*_JUDGEMENTS, *peoples)):
            _warn(subject, path, word)
        known = {unit[:2], *(place[:2] for place in workflow.jurisdictions)}
        is_begun_by_hand = workflow.start.on == "hand"
        for word in _found(title, _COUNTRIES):
            if not is_begun_by_hand and _COUNTRIES[word] not in known:
                _warn(subject, path, word)


def _titles(subject: Subject) -> Iterator[tuple[Path, str, str, tuple[str, ...]]]:
    """Return each title with the place of its step, and the names of peoples that it must not bear.

    A step may be named after a people: after its language, or after a body, such as the one for refugees.
    """
    workflow = subject.workflow
    yield ("title",), workflow.title, "", _PEOPLES
    for key, step in workflow.steps.items():
        if step.title:
            yield ("steps", key, "title"), step.title, step.assign.unit or "", ()


def _found(title: str, words: Iterable[str]) -> Iterator[str]:
    return (word for word in words if re.search(rf"\b{word}s?\b", title, re.IGNORECASE))


def _warn(subject: Subject, path: Path, word: str) -> None:
    message = (
        f'This title says "{word}", which a report does not establish: say what is reported, or what is done, '
        "and leave out what somebody is and where they come from."
    )
    subject.warn(path, "title-says-more", message)
