"""The workflow that is being linted, with the names around it, and the findings so far."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

from engine.language.catalogue import Output, StepCatalogue, StepTypeInfo
from engine.language.findings import Finding, Severity
from engine.language.law import LawPack
from engine.language.lint.order import Order
from engine.language.merged import Merged
from engine.language.names import Role, meant, shown
from engine.language.workflow import TimeSpec, Workflow
from engine.language.yaml_nodes import Path


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
