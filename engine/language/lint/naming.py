"""Lint: every name that a workflow uses exists, and none is used for two things."""

from engine.language.lint.fields import places_of
from engine.language.lint.subject import Subject
from engine.language.names import RESERVED
from engine.language.nearest import meant, shown
from engine.language.yaml_nodes import Path


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
        _steps_named(subject, subject.join_path((*path, "after")), step.after.steps)
    _roles(subject, (*path, "assign", "role"), step.assign.role)
    if step.approve:
        _roles(subject, (*path, "approve", "role"), step.approve.role)
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


def _steps_named(subject: Subject, path: Path, names: tuple[str, ...]) -> None:
    steps = frozenset(subject.workflow.steps)
    for place, name in subject.each(path, names):
        if name in subject.workflow.choices:
            message = f'"{name}" is a choice, and its steps follow it by themselves: name a step.'
            subject.error(place, "unknown-step", message)
        elif name not in steps:
            subject.unknown(place, "unknown-step", "step", name, steps)


def _roles(subject: Subject, path: Path, roles: tuple[str, ...]) -> None:
    for place, role in subject.each(path, roles):
        if role not in subject.names.roles:
            subject.unknown(place, "unknown-role", "role", role, subject.names.roles)


def _ladder(subject: Subject, path: Path, ladder: str) -> None:
    if ladder not in subject.names.ladders:
        message = f"There is no ladder {shown(ladder)}. {meant(ladder, subject.names.ladders)}"
        subject.error(path, "unknown-ladder", message)
