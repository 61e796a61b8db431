"""Which step of a workflow comes before which, and which certainly has."""

from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from engine.language.workflow import Join, JoinMode, Workflow


class Order:
    """The order of the steps of one workflow, worked out once."""

    def __init__(self, workflow: Workflow) -> None:
        self._workflow = workflow
        self.choice_of: dict[str, str] = {}
        for name, choice in workflow.choices.items():
            for target in (*(step for branch in choice.branches for step in branch.to), *choice.default):
                self.choice_of.setdefault(target, name)
        self.opened_by_breach = {
            target for step in workflow.steps.values() for time in step.time for target in time.on_breach
        }

    def join(self, key: str) -> Join:
        """Return what comes before a step: its own `after`, or that of the choice that leads to it."""
        choice = self.choice_of.get(key)
        return self._workflow.choices[choice].after if choice else self._workflow.steps[key].after

    def before(self, key: str) -> tuple[str, ...]:
        """Name the steps directly before a step."""
        return tuple(name for name in self.join(key).steps if name in self._workflow.steps)

    @cached_property
    def cycle(self) -> tuple[str, ...]:
        """The steps that wait for each other in a circle, first and last the same; empty when there is none."""
        return self._sorted[1]

    @cached_property
    def _sorted(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        try:
            graph = {key: self.before(key) for key in self._workflow.steps}
            return tuple(TopologicalSorter(graph).static_order()), ()
        except CycleError as error:
            return (), tuple(error.args[1])

    @cached_property
    def ancestors(self) -> dict[str, frozenset[str]]:
        """Every step that may come before a step; empty when there is a cycle."""
        found: dict[str, frozenset[str]] = {}
        for key in self._sorted[0]:
            before = self.before(key)
            found[key] = frozenset(before).union(*(found[name] for name in before))
        return found

    def descendants(self, key: str) -> frozenset[str]:
        """Every step that may come after a step."""
        return frozenset(name for name, before in self.ancestors.items() if key in before)

    def is_conditional(self, key: str) -> bool:
        """Return whether a step may be left out although what comes before it has ended."""
        step = self._workflow.steps[key]
        called = step.discretionary or key in self.opened_by_breach
        return called or step.when is not None or key in self.choice_of

    @cached_property
    def certain(self) -> dict[str, frozenset[str]]:
        """The steps that have certainly ended when a step opens.

        A step is certain when every way to the later step leads through it, or when whatever can leave it out would
        have left out the later step too. A `for_each` is taken to have at least one person.
        """
        found: dict[str, frozenset[str]] = {}
        for key in self._sorted[0]:
            before = self.before(key)
            ways = [found[name] | {name} for name in before]
            sure = frozenset.intersection(*ways) if ways else frozenset()
            if self.join(key).mode is JoinMode.ALL:
                for name in before:
                    if self.conditions_of(name) <= frozenset.intersection(*ways):
                        sure |= found[name] | {name}
            found[key] = sure
        return found

    def conditions_of(self, key: str) -> frozenset[str]:
        """Name the steps that may be left out, at or before a step."""
        return (self.ancestors.get(key, frozenset()) | {key}) & self._conditional

    @cached_property
    def _conditional(self) -> frozenset[str]:
        return frozenset(key for key in self._workflow.steps if self.is_conditional(key))
