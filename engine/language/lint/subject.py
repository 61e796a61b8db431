"""The workflow that is being linted: the names around it, the order of its steps, and what was found."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Self

from engine.language.catalogue import Output, StepCatalogue, StepTypeInfo
from engine.language.conditions.check import FieldType
from engine.language.findings import Finding, Severity
from engine.language.law import LawPack
from engine.language.merged import Merged
from engine.language.names import Role, meant, shown
from engine.language.workflow import Join, JoinMode, TimeSpec, Workflow
from engine.language.yaml_files import Path


class Order:
    """The order of the steps of one workflow, worked out once."""

    def __init__(self, workflow: Workflow) -> None:
        self._workflow = workflow
        self.choice_of: dict[str, str] = {}
        for name, choice in workflow.choices.items():
            for target in (*(step for branch in choice.branches for step in branch.to), *choice.default):
                self.choice_of.setdefault(target, name)
        self.opened_by_breach = opened_by_others(workflow)

    def join(self, key: str) -> Join:
        """Return what comes before a step: its own `after`, or that of the choice that leads to it."""
        choice = self.choice_of.get(key)
        return self._workflow.choices[choice].after if choice else self._workflow.steps[key].after

    def before(self, key: str) -> tuple[str, ...]:
        """Name the steps directly before a step."""
        return tuple(name for name in self.join(key).steps if name in self._workflow.steps)

    @cached_property
    def loops(self) -> dict[str, str]:
        """The steps that are done again when a later one goes back, each with the step that goes back."""
        found: dict[str, str] = {}
        for key, step in self._workflow.steps.items():
            if step.back is not None and key in self.ancestors:
                around = {step.back.to, *self.descendants(step.back.to)} & {key, *self.ancestors[key]}
                found |= dict.fromkeys(around, key)
        return found

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

    @cached_property
    def surely_before(self) -> dict[str, frozenset[str]]:
        """Every step that always comes before a step: where one of several is enough, what all of these ways share."""
        found: dict[str, frozenset[str]] = {}
        for key in self._sorted[0]:
            ways = [found[name] | {name} for name in self.before(key)]
            is_all = self.join(key).mode is JoinMode.ALL
            found[key] = frozenset().union(*ways) if is_all or not ways else frozenset.intersection(*ways)
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


def opened_by_others(workflow: Workflow) -> frozenset[str]:
    """Name the steps that open only when a limit is missed, or when what they undo was called off."""
    by_breach = {target for step in workflow.steps.values() for time in step.time for target in time.on_breach}
    return frozenset(by_breach.union(*(one.undo.values() for one in workflow.cancels.values())))


@dataclass(frozen=True, slots=True)
class KnownLaw:
    """A limit of the law as workflows see it: its options by name, whether it counts time, where it holds.

    `options` are those that every version of it has; `in_some` are those of some version only.
    """

    options: frozenset[str] = frozenset()
    in_some: frozenset[str] = frozenset()
    is_timed: bool = True
    jurisdiction: str = "*"


@dataclass(frozen=True, slots=True)
class KnownNames:
    """Roles, ladders, limits of the law, calendars; outputs of a report, letters, places (empty: not checked)."""

    roles: frozenset[str] = frozenset(role.value for role in Role)
    ladders: frozenset[str] = frozenset()
    laws: Mapping[str, KnownLaw] = field(default_factory=dict)
    calendars: frozenset[str] = frozenset()
    workflows: frozenset[str] = frozenset()
    report: Mapping[str, Output] = field(default_factory=dict)
    letters: frozenset[str] = frozenset()
    holiday_places: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        *,
        ladders: Iterable[str],
        packs: Iterable[LawPack],
        calendars: Iterable[str],
        workflows: Iterable[str] = (),
        report: Mapping[str, Output] | None = None,
        letters: Iterable[str] = (),
        holiday_places: Iterable[str] = (),
    ) -> Self:
        """Gather the names of definitions at hand."""
        laws: dict[str, KnownLaw] = {}
        for limit in (limit for pack in packs for limit in pack.limits):
            own = frozenset(alternative.option for alternative in limit.alternatives)
            earlier = laws.get(limit.id, KnownLaw(own, is_timed=False))
            options = earlier.options & own
            in_some = (earlier.options | earlier.in_some | own) - options
            timed = earlier.is_timed or limit.counted_limit is not None
            laws[limit.id] = KnownLaw(options, in_some, timed, limit.jurisdiction)
        return cls(
            ladders=frozenset(ladders),
            laws=laws,
            calendars=frozenset(calendars),
            workflows=frozenset(workflows),
            report=report or {},
            letters=frozenset(letters),
            holiday_places=frozenset(holiday_places),
        )


class Subject:
    """One workflow under the linter."""

    def __init__(self, workflow: Workflow, merged: Merged, catalogue: StepCatalogue, names: KnownNames) -> None:
        self.workflow = workflow
        self.merged = merged
        self.catalogue = catalogue
        self.names = names
        self.findings: list[Finding] = []
        self.infos: dict[str, StepTypeInfo | None] = {key: catalogue.find(s.uses) for key, s in workflow.steps.items()}
        self.fields: dict[bool, Mapping[tuple[str, ...], FieldType]] = {}
        """What conditions may name, by whether they are asked for each person: gathered when first needed."""

    @cached_property
    def order(self) -> Order:
        """Which step comes before which."""
        return Order(self.workflow)

    def error(self, path: Path, code: str, message: str, *, of_key: bool = False) -> None:
        """Record what keeps the workflow from being used."""
        self.findings.append(self.merged.finding(path, code, message, of_key=of_key))

    def warn(self, path: Path, code: str, message: str, *, of_key: bool = False) -> None:
        """Record what deserves a second look."""
        self.findings.append(self.merged.finding(path, code, message, of_key=of_key, severity=Severity.WARNING))

    def error_inside(self, path: Path, at: tuple[int, int], code: str, message: str) -> None:
        """Record what is wrong at a line and column within a text."""
        self.findings.append(self.merged.finding_inside(path, at, code, message))

    def unknown(self, path: Path, code: str, what: str, name: str, known: frozenset[str] | set[str]) -> None:
        """Record a name that does not exist, with the nearest that does."""
        self.error(path, code, f"There is no {what} {shown(name)}. {meant(name, known)}")

    def each(self, path: Path, values: tuple[str, ...]) -> list[tuple[Path, str]]:
        """Return the place of each entry of a list; an entry may be written without its list."""
        if (*path, 0) in self.merged.owners:
            return [((*path, index), value) for index, value in enumerate(values)]
        return [(path, value) for value in values]

    def times(self, key: str) -> list[tuple[Path, TimeSpec]]:
        """Return the time limits that the file itself writes for a step, each with its place."""
        path: Path = ("steps", key, "time")
        times = self.workflow.steps[key].time
        if (*path, 0) in self.merged.owners:
            return [((*path, index), time) for index, time in enumerate(times)]
        return [(path, time) for time in times]

    def join_path(self, path: Path) -> Path:
        """Return the place of the steps that an `after` lists, however it is written."""
        return next(
            (found for word in ("all", "any", "of", "steps") if (found := (*path, word)) in self.merged.owners), path
        )


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
                f"This step follows only steps that may never open ({', '.join(called)}), so it may not open either: "
                "let it follow one that does, or make it discretionary too."
            )
            subject.warn(("steps", key, "after"), "after-optional-steps", message)


def _waits_to_be_called(subject: Subject, key: str) -> bool:
    return subject.workflow.steps[key].discretionary or key in subject.order.opened_by_breach
