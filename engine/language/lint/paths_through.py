"""Lint: every step can be reached, and nothing waits for itself."""

from engine.language.lint.subject import Subject
from engine.language.workflow import Join, JoinMode
from engine.language.yaml_nodes import Path


def check_paths(subject: Subject) -> None:
    """Find circles, joins that can never be fulfilled, steps that are never reached."""
    _cycle(subject)
    for key, step in subject.workflow.steps.items():
        _join(subject, ("steps", key, "after"), step.after)
    for name, choice in subject.workflow.choices.items():
        _join(subject, ("choices", name, "after"), choice.after)
    if not subject.order.cycle:
        _reachable(subject)


def _cycle(subject: Subject) -> None:
    cycle = tuple(reversed(subject.order.cycle))
    if not cycle:
        return
    path: Path = ("steps", cycle[0], "after")
    if cycle[0] in subject.order.choice_of:
        path = ("choices", subject.order.choice_of[cycle[0]], "after")
    message = f'{" waits for ".join(cycle)}: steps in a circle never begin. To do a step again, use "repeat".'
    subject.error(path, "cycle", message)


def _join(subject: Subject, path: Path, join: Join) -> None:
    if join.mode is JoinMode.N and not 1 <= join.n <= len(join.steps):
        message = f"{join.n} of {len(join.steps)} steps can never be: write a number from 1 to {len(join.steps)}."
        subject.error((*path, "n"), "join-impossible", message)
    if len(set(join.steps)) < len(join.steps):
        subject.error(path, "join-impossible", "The same step stands here twice: name each once.")


def _reachable(subject: Subject) -> None:
    order, steps = subject.order, subject.workflow.steps
    first = [key for key in steps if not order.before(key) and not _waits_to_be_called(subject, key)]
    if not first:
        message = 'No step opens by itself: leave one without "after" that is not discretionary.'
        subject.error(("steps",), "no-first-step", message, of_key=True)
    for key in steps:
        before = order.before(key)
        called = [name for name in before if _waits_to_be_called(subject, name)]
        if before and len(called) == len(before) and not _waits_to_be_called(subject, key):
            message = (
                f"This step follows only steps that may never open ({', '.join(called)}): it may never open either."
            )
            subject.warn(("steps", key, "after"), "after-optional-steps", message)


def _waits_to_be_called(subject: Subject, key: str) -> bool:
    return subject.workflow.steps[key].discretionary or key in subject.order.opened_by_breach
