"""Lint: ways that are not straight on lead somewhere: back, at a time, at an event, standing by, called off."""

from engine.errors import ConditionSyntaxError
from engine.language.conditions.parse import parse_condition
from engine.language.limits import TimeLimit
from engine.language.lint.subject import Subject
from engine.language.lint.timing import is_readable
from engine.language.workflow import StepSpec
from engine.language.yaml_files import Path


def check_ways(subject: Subject) -> None:
    """Find loops that cannot be gone back to, waits that never end, and what follows a step that never does."""
    for key, step in subject.workflow.steps.items():
        if step.back is not None:
            _back(subject, key, step.back.to)
        if step.wait is not None:
            _wait(subject, key, step)
        if step.standing:
            _standing(subject, key, step)
    _cancels(subject)


def _back(subject: Subject, key: str, to: str) -> None:
    path: Path = ("steps", key, "back", "to")
    steps, order = subject.workflow.steps, subject.order
    if to not in steps:
        subject.unknown(path, "unknown-step", "step", to, frozenset(steps))
        return
    if to != key and to not in order.ancestors.get(key, ()):
        message = f'"{to}" does not come before "{key}", so there is no way back: name a step that leads here.'
        subject.error(path, "loop-crossed", message)
        return
    around = {one for one, of in order.loops.items() if of == key} | {key}
    mine = steps[key]
    for one in sorted(around):
        step = steps[one]
        if step.back is not None and one != key:
            message = f'"{one}" goes back itself: a step is done again by one loop only. Let one of them begin later.'
        elif step.repeat or step.standing:
            message = (
                f'"{one}" has rounds of its own: leave it out of the loop, or take its "repeat" or "standing" out.'
            )
        elif step.for_each != mine.for_each:
            message = f'"{one}" is done for others than "{key}": write the same "for_each", or go back to a later step.'
        else:
            continue
        subject.error(path, "loop-crossed", message)
        return


def _wait(subject: Subject, key: str, step: StepSpec) -> None:
    path: Path = ("steps", key, "wait")
    info = subject.infos[key]
    if info is not None and not info.automatic:
        message = f'{info.key} asks a person, but this step ends by itself: write "uses: core.wait".'
        subject.error(path, "wait-asks", message, of_key=True)
    if step.wait is not None and step.wait.event is not None:
        _event(subject, (*path, "event"), key, step.wait.event, step.wait.until)
    if step.wait is not None and step.wait.time_out is None:
        message = 'If it never happens, this step waits for ever: say how long with "time_out", like P30D.'
        subject.warn(path, "wait-without-end", message, of_key=True)
    elif step.wait is not None:
        is_readable(subject, (*path, "time_out"), "bad-limit", TimeLimit, step.wait.time_out or "")


def _event(subject: Subject, path: Path, key: str, event: str, until: str) -> None:
    """Find an event that is no other step, or whose answers the condition does not tell apart."""
    steps = subject.workflow.steps
    try:
        asked = {mention.path[0] for mention in parse_condition(until).fields}
    except ConditionSyntaxError:
        return  # found where conditions are read
    if event not in steps or event == key:
        subject.unknown(path, "unknown-step", "step", event, frozenset(steps) - {key})
        return
    if event not in asked:
        message = (
            f'"until" does not ask for an answer of "{event}": compare it, like {event}.receipt == letter.receipt.'
        )
        subject.error(path, "event-not-asked", message)
    elif asked == {event}:
        message = (
            f'Any answer of "{event}" can end this: compare it with one of another step, such as a receipt number.'
        )
        subject.warn(path, "event-not-matched", message)


def _standing(subject: Subject, key: str, step: StepSpec) -> None:
    path: Path = ("steps", key, "standing")
    followers = [one for one in subject.workflow.steps if key in subject.order.before(one)]
    if followers:
        message = f'"{key}" is there as long as the case is, so "{followers[0]}" would never begin: name another step.'
        subject.error(("steps", followers[0], "after"), "after-standing", message)
    if step.repeat or step.discretionary:
        message = 'A standing step is there all the time: take its "repeat" or "discretionary" out.'
        subject.error(path, "after-standing", message, of_key=True)


def _cancels(subject: Subject) -> None:
    steps = frozenset(subject.workflow.steps)
    for name, one in subject.workflow.cancels.items():
        path: Path = ("cancels", name)
        for place, key in subject.each((*path, "steps"), one.steps):
            if key not in steps:
                subject.unknown(place, "unknown-step", "step", key, steps)
        for key, undo in one.undo.items():
            if key not in one.steps:
                message = f'"{key}" is not called off here, so nothing undoes it: add it to "steps".'
                subject.error((*path, "undo", key), "undo-of-nothing", message, of_key=True)
            if undo not in steps:
                subject.unknown((*path, "undo", key), "unknown-step", "step", undo, steps)
