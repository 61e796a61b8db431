"""Lint: conditions can be read, name what exists, and are asked when there is an answer."""

from engine.errors import ConditionSyntaxError
from engine.language.conditions.check import ConditionProblem, ProblemCode, ValueType, check_condition
from engine.language.conditions.parse import parse_condition
from engine.language.conditions.tree import Condition, FieldRef
from engine.language.lint.answers import can_be_true, left_open_by
from engine.language.lint.fields import Fields, fields_for, is_restricted
from engine.language.lint.places import ConditionPlace, Use, conditions
from engine.language.lint.subject import Subject

_CODES = {
    ProblemCode.UNKNOWN_FIELD: "unknown-field",
    ProblemCode.TYPE: "condition-type",
    ProblemCode.UNKNOWN_CHOICE: "unknown-choice",
    ProblemCode.NOT_BOOL: "condition-type",
}


def check_conditions(subject: Subject) -> None:
    """Find conditions that cannot be read or answered, and facts that nothing asks for."""
    used: set[str] = set()
    for place in conditions(subject):
        try:
            condition = parse_condition(place.text)
        except ConditionSyntaxError as error:
            at = (int(str(error.facts["line"])), int(str(error.facts["column"])))
            subject.error_inside(place.path, at, "condition-syntax", str(error.facts["problem"]).capitalize())
            continue
        used |= {mention.path[0] for mention in condition.fields}
        _check(subject, place, condition)
    _facts(subject, used)


def _check(subject: Subject, place: ConditionPlace, condition: Condition) -> None:
    types = fields_for(subject, place, condition)
    problems = check_condition(condition, types)
    for problem in problems:
        _note(subject, place, condition, problem)
    if problems or subject.order.cycle:
        return
    too_late = _never_known(subject, place, condition)
    if place.use is Use.GATE:
        _gate(subject, place, condition, types)
    elif too_late:
        mention = next(mention for mention in condition.fields if mention.path in too_late)
        at = (mention.line, mention.column)
        message = f"{'.'.join(mention.path)} is not known yet when this is asked: name a step that comes before."
        subject.error_inside(place.path, at, "condition-too-early", message)
    elif not can_be_true(condition, types):
        subject.error(place.path, "never-true", "No answers make this condition true: check its parts.")
    else:
        _branches(subject, place, condition)
        _undecided(subject, place, condition, types)


def _note(subject: Subject, place: ConditionPlace, condition: Condition, problem: ConditionProblem) -> None:
    code, message = _CODES[problem.code], problem.message
    for mention in condition.fields:
        if (mention.line, mention.column) == (problem.line, problem.column) and is_restricted(subject, mention.path):
            code = "sealed-field"
            message = (
                f"{'.'.join(mention.path)} is identifying, sensitive or free text, so no condition may use it: "
                "ask an open question beside it."
            )
    subject.error_inside(place.path, (problem.line, problem.column), code, message)


def _never_known(subject: Subject, place: ConditionPlace, condition: Condition) -> set[tuple[str, ...]]:
    """List the fields that certainly have no answer when the condition is asked."""
    steps = {mention.path[0] for mention in condition.fields if mention.path[0] in subject.workflow.steps}
    if place.use is Use.START:
        late = steps
    elif place.use in {Use.OPENS, Use.TIME}:
        late = {
            step for step in steps if any(step == key or key in subject.order.ancestors[step] for key in place.steps)
        }
    else:
        late = set()
    return {mention.path for mention in condition.fields if mention.path[0] in late}


def _gate(subject: Subject, place: ConditionPlace, condition: Condition, types: Fields) -> None:
    held = set(place.steps).union(*(subject.order.descendants(key) for key in place.steps))
    behind = {mention.path for mention in condition.fields if mention.path[0] in held}
    if can_be_true(condition, types, never_known=behind):
        for key in place.steps:
            _may_wait(subject, place, condition, key, "may-wait-for-ever")
        return
    if behind:
        names = ", ".join(sorted(".".join(path) for path in behind))
        message = f"Nothing can open this gate: it waits for {names}, which comes after what it holds."
    else:
        message = "Nothing can open this gate: no answers make its condition true."
    subject.error(place.path, "gate-never-opens", message)


def _branches(subject: Subject, place: ConditionPlace, condition: Condition) -> None:
    if place.use not in {Use.OPENS, Use.TIME}:
        return
    for key in place.steps:
        before = subject.order.ancestors[key]
        for mention in _steps_of(subject, condition):
            if mention.path[0] not in before:
                message = (
                    f'"{mention.path[0]}" need not come before "{key}": add it to "after", or ask of a step before.'
                )
                subject.warn(place.path, "condition-not-before", message)
                break
        else:
            if place.use is Use.OPENS:
                _may_wait(subject, place, condition, key, "may-wait-for-ever")


_LEFT_OPEN = {
    Use.START: "no case opens in this workflow",
    Use.OPENS: "what it decides waits",
    Use.TIME: "this time limit does not count",
}


def _undecided(subject: Subject, place: ConditionPlace, condition: Condition, types: Fields) -> None:
    """Warn of what no answer decides when a yes-or-no question is answered with *Not known*."""
    if place.use not in _LEFT_OPEN:
        return
    for path in dict.fromkeys(mention.path for mention in condition.fields):
        if (
            types[path].kind is ValueType.BOOL
            and _asks_a_person(subject, path)
            and left_open_by(condition, types, path)
        ):
            name = ".".join(path)
            message = (
                f"{name} can be answered with Not known, and then {_LEFT_OPEN[place.use]}: "
                f"say with has({name}) what Not known counts as."
            )
            subject.warn(place.path, "undecided", message)
            return


def _asks_a_person(subject: Subject, path: tuple[str, ...]) -> bool:
    if path[0] == "report":
        return True
    info = subject.infos.get(path[0])
    return info is not None and not info.automatic


def _may_wait(subject: Subject, place: ConditionPlace, condition: Condition, key: str, code: str) -> None:
    """Warn of a step that may be left out, so that its answer never comes and the case could not close."""
    guarded = {mention.path for mention in condition.fields if mention.tested}
    certain = subject.order.certain[key]
    for mention in _steps_of(subject, condition):
        if mention.path in guarded or mention.path[0] in certain:
            continue
        if not subject.order.conditions_of(mention.path[0]) - certain:
            continue
        message = (
            f'"{mention.path[0]}" may be left out, and then this stays unanswered and "{key}" waits for ever: '
            f"ask has({'.'.join(mention.path)}) too."
        )
        subject.warn(place.path, code, message)
        return


def _steps_of(subject: Subject, condition: Condition) -> list[FieldRef]:
    return [mention for mention in condition.fields if mention.path[0] in subject.workflow.steps]


def _facts(subject: Subject, used: set[str]) -> None:
    starts = {time.from_.partition(".")[0] for step in subject.workflow.steps.values() for time in step.time}
    for name in subject.workflow.facts:
        if name not in used | starts:
            message = f'No condition and no time asks for the fact "{name}": take it out, or use it.'
            subject.warn(("facts", name), "unused-fact", message, of_key=True)
    for key, step in subject.workflow.steps.items():
        for fact in step.sets:
            declared = subject.workflow.facts.get(fact)
            if declared is not None and declared.type.value != "bool":
                message = f'A condition sets true or false, but the fact "{fact}" is of type {declared.type}.'
                subject.error(("steps", key, "sets", fact), "bad-fact", message, of_key=True)
