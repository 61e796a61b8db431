"""Lint: conditions can be read, name what exists, are asked when there is an answer, and can be true."""

from collections.abc import Collection, Iterator, Mapping
from itertools import product
from math import prod

from engine.language.conditions.check import ConditionProblem, ProblemCode, check_condition
from engine.language.conditions.evaluate import evaluate
from engine.language.conditions.parse import parse_condition
from engine.language.conditions.tree import Condition, ConditionSyntaxError, FieldRef, Node, NumberLiteral, children
from engine.language.conditions.values import UNKNOWN, ConditionTypeError, Truth, Value, ValueType
from engine.language.lint.fields import ConditionPlace, Fields, Use, conditions, fields_for, is_restricted
from engine.language.lint.subject import Subject
from engine.language.names import nearest

MOST_COMBINATIONS = 4096

FieldPath = tuple[str, ...]


def can_be_true(condition: Condition, types: Fields, *, never_known: Collection[FieldPath] = ()) -> bool:
    """Return whether some answers make the condition true; also true when there are too many answers to try.

    Fields in `never_known` have no answer when the condition is asked.
    """
    domains: dict[FieldPath, tuple[Value, ...]] = {}
    tested = {mention.path for mention in condition.fields if mention.tested}
    for path in dict.fromkeys(mention.path for mention in condition.fields):
        domain = (UNKNOWN,) if path in never_known else _domain(condition, types, path)
        if domain is None:
            return True
        domains[path] = (*domain, UNKNOWN) if path in tested else domain
    if prod(len(domain) for domain in domains.values()) > MOST_COMBINATIONS:
        return True
    try:
        return any(
            _is_true(condition, dict(zip(domains, values, strict=True))) for values in product(*domains.values())
        )
    except ConditionTypeError:
        return True


def left_open_by(condition: Condition, types: Fields, path: FieldPath) -> bool:
    """Whether a condition can stay unknown because an answer of a step that was done is *Not known*."""
    return _can_be_unknown(condition, types, {path: (UNKNOWN,), (path[0], "outcome"): ("done",)})


def _can_be_unknown(condition: Condition, types: Fields, given: Mapping[FieldPath, tuple[Value, ...]]) -> bool:
    """Whether no answer decides a condition, with some answers as `given`; false when they are too many to try."""
    domains = dict(given)
    for other in dict.fromkeys(mention.path for mention in condition.fields):
        domain = domains.get(other) or _domain(condition, types, other)
        if domain is None:
            return False
        domains[other] = domain
    if prod(len(domain) for domain in domains.values()) > MOST_COMBINATIONS:
        return False
    tries = (dict(zip(domains, values, strict=True)) for values in product(*domains.values()))
    try:
        return any(_answer(condition, tried) is Truth.UNKNOWN for tried in tries)
    except ConditionTypeError:
        return False


def _answer(condition: Condition, answers: dict[FieldPath, Value]) -> Truth:
    return evaluate(condition, lambda path: answers.get(path, UNKNOWN))


def _is_true(condition: Condition, answers: dict[FieldPath, Value]) -> bool:
    return _answer(condition, answers) is Truth.TRUE


def _domain(condition: Condition, types: Fields, path: FieldPath) -> tuple[Value, ...] | None:
    """List the answers to try for a field; None when they cannot be listed."""
    known = types.get(path)
    if known is None:
        return None
    match known.kind:
        case ValueType.BOOL:
            return (True, False)
        case ValueType.STRING if known.choices:
            return known.choices
        case ValueType.NUMBER:
            numbers = {number + step for number in _numbers(condition.tree) for step in (-1, -0.5, 0, 0.5, 1)}
            return tuple(sorted(numbers)) or (0,)
        case _:
            return None


def _numbers(node: Node) -> Iterator[int | float]:
    if isinstance(node, NumberLiteral):
        yield node.value
    for child in children(node):
        yield from _numbers(child)


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
        _branches(subject, place, condition, types)
        _undecided(subject, place, condition, types)


def _note(subject: Subject, place: ConditionPlace, condition: Condition, problem: ConditionProblem) -> None:
    code, message = _CODES[problem.code], problem.message
    for mention in condition.fields:
        if (mention.line, mention.column) != (problem.line, problem.column):
            continue
        name = ".".join(mention.path)
        if problem.code is ProblemCode.UNKNOWN_FIELD and (near := nearest(name, subject.workflow.conditions)):
            message = f"There is no {name}; did you mean the named condition {near}?"
        if is_restricted(subject, mention.path):
            code = "sealed-field"
            message = (
                f"{name} is identifying, sensitive or free text, so no condition may use it: "
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
        why = f"Nothing can open this gate: it waits for {names}, which comes after what it holds."
        message = f"{why} Ask for a step before that."
    else:
        message = "Nothing can open this gate: no answers make its condition true. Check its parts."
    subject.error(place.path, "gate-never-opens", message)


def _branches(subject: Subject, place: ConditionPlace, condition: Condition, types: Fields) -> None:
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
                _may_stay_open(subject, place, condition, key, types)


_LEFT_OPEN = {
    Use.START: "no case opens in this workflow",
    Use.OPENS: "what it decides waits",
    Use.TIME: "this time limit does not count",
}


def _undecided(subject: Subject, place: ConditionPlace, condition: Condition, types: Fields) -> None:
    """Warn of what no answer decides when a yes-or-no question, or one for a number, is answered with *Not known*."""
    if place.use not in _LEFT_OPEN:
        return
    for path in dict.fromkeys(mention.path for mention in condition.fields):
        if (
            types[path].kind in {ValueType.BOOL, ValueType.NUMBER}
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


def _may_stay_open(subject: Subject, place: ConditionPlace, condition: Condition, key: str, types: Fields) -> None:
    """Warn of an answer that does not come where a step ends in another way than done, or leaves it out."""
    for name in dict.fromkeys(mention.path[0] for mention in _steps_of(subject, condition)):
        info = subject.infos[name]
        paths = {mention.path for mention in condition.fields if mention.path[0] == name}
        if info is None or info.automatic or name == key:
            continue
        bare = {
            path
            for path in paths
            if path[-1] in info.outputs
            and info.outputs[path[-1]].default is None
            and types[path].kind is not ValueType.STRINGS
        }
        others = tuple(outcome for outcome in info.outcomes if outcome != "done")
        left_out = {path for path in bare if path[-1] not in info.contract.get("required", info.outputs)}
        tries = [(bare, others, "may end without being done")]
        tries += [({path}, ("done",), "may be done without this answer") for path in sorted(left_out)]
        for unknown, outcomes, why in tries:
            given: dict[FieldPath, tuple[Value, ...]] = dict.fromkeys(unknown, (UNKNOWN,))
            if given and outcomes and _can_be_unknown(condition, types, {**given, (name, "outcome"): outcomes}):
                message = (
                    f'"{name}" {why}, and then "{key}" waits for ever: ask has({".".join(min(unknown))}) too, '
                    f"or say with {name}.outcome what follows."
                )
                subject.warn(place.path, "may-wait-for-ever", message)
                return


def _steps_of(subject: Subject, condition: Condition) -> list[FieldRef]:
    return [mention for mention in condition.fields if mention.path[0] in subject.workflow.steps]


def _facts(subject: Subject, used: set[str]) -> None:
    named = (time for step in subject.workflow.steps.values() for time in (*step.time, step.not_before) if time)
    starts = {time.from_.partition(".")[0] for time in named}
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
