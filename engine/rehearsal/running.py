"""What the portal simulates for people: one case at once, and two versions of a workflow compared on the same cases."""

import os
import signal
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from statistics import fmean, median
from threading import Lock
from time import monotonic
from typing import Final
from uuid import UUID

from engine.builtin import REPORT
from engine.core import events as ev
from engine.core.compiled import CompiledWorkflow, compile_workflow
from engine.core.library import Library
from engine.definitions.rehearsed import (
    ComparedSoFar,
    ComparisonAsked,
    Figures,
    Rehearsed,
    ReportAsked,
    RoleLoad,
    VersionsCompared,
)
from engine.errors import BusyError
from engine.language.catalogue import Output, StepCatalogue
from engine.language.workflow import Workflow
from engine.rehearsal.budget import alert_budget
from engine.rehearsal.drawn import SimulatedReport
from engine.rehearsal.many_cases import Hub, is_taken, report_by
from engine.rehearsal.simulator import Simulation, begun, simulate

_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)

_AT_ONCE: Final = 2
_KEPT: Final = 20
_WAITS: Final = 1.5
"""Seconds for which whoever looks waits for the end."""
_UNWATCHED: Final = 60.0
"""Seconds after which a comparison stops at which nobody looks."""
_Asked = tuple[Workflow, Workflow, ComparisonAsked]


def compare(
    before: CompiledWorkflow,
    after: CompiledWorkflow,
    library: Library,
    asked: ComparisonAsked,
    *,
    report: Mapping[str, Output],
    jurisdiction: str,
    goes_on: Callable[[int], bool] = lambda _: True,
) -> VersionsCompared:
    """Let the same reports, that the new version takes, run in both versions: steps end alike in both.

    `goes_on` is told how many cases are over in both, and may stop there. The same seed always gives the same.
    """
    span = timedelta(weeks=asked.cases / asked.a_week) if asked.staff else None
    arrivals = []
    for number in range(asked.cases):
        one = asked.seed * 1_000_000 + number
        arrivals.append((one, report_by(one, after, report, jurisdiction, span)))
    make = _of_each if asked.staff else _one_by_one
    first = asked._replace(staff=()) if asked.is_of_staff else asked
    return make(_Version(before, library, first), _Version(after, library, asked), arrivals, goes_on)


@dataclass
class _Version:
    """One version, and what became of its cases that are over."""

    workflow: CompiledWorkflow
    library: Library
    asked: ComparisonAsked
    cases: int = 0
    closed: int = 0
    days: list[float] = field(default_factory=list)
    ended: Counter[str] = field(default_factory=Counter)
    late: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    took: dict[str, list[float]] = field(default_factory=dict)
    reached: set[str] = field(default_factory=set)

    def begun(self, seed: int, report: SimulatedReport, hub: Hub | None = None) -> Simulation:
        """Open a case."""
        return begun(self.workflow, self.library, report, seed=seed, rough=True, takes=hub.takes if hub else None)

    def add(self, run: Simulation) -> None:
        """Count what became of a case."""
        self.cases += 1
        self.closed += run.state.case.closed_at is not None
        self.days.append(((run.state.case.closed_at or run.now) - run.report.opened_at) / _DAY)
        self.late.update(run.name_of(one.deadline) for one in run.events if isinstance(one, ev.DeadlineBreached))
        self.told.update(one.role for one in run.told)
        for step in run.state.steps.values():
            self.reached |= {step.key} if step.opened_at else set()
            if step.ended_at is not None and step.opened_at is not None:
                self.ended[run.name_of(step)] += 1
                self.took.setdefault(run.name_of(step), []).append((step.ended_at - step.opened_at) / _DAY)

    def figures(
        self, waited: Mapping[str, list[timedelta]] | None = None, loads: Mapping[str, RoleLoad] | None = None
    ) -> Figures:
        """Sum up."""
        open_days = max(sum(self.days), 1.0)
        return Figures(
            version=self.workflow.workflow.version, cases=self.cases, closed=self.closed,
            days=round(median(self.days or [0.0]), 1), ended=dict(self.ended), late=dict(self.late),
            step_days={key: round(median(each), 2) for key, each in self.took.items()},
            a_day={role: round(number / open_days, 3) for role, number in self.told.items()},
            never=tuple(key for key in self.workflow.steps if key not in self.reached),
            waited={step: round(fmean(one / _HOUR for one in each), 1) for step, each in (waited or {}).items()},
            loads=loads or {},
        )  # fmt: skip


_Arrivals = list[tuple[int, SimulatedReport]]


def _one_by_one(
    before: _Version, after: _Version, arrivals: _Arrivals, goes_on: Callable[[int], bool]
) -> VersionsCompared:
    """Let each case run to its end in both versions: with people enough, none waits for another."""
    for seed, report in arrivals:
        for version in (before, after):
            run = version.begun(seed, report)
            run.go()
            version.add(run)
        if not goes_on(after.cases):
            break
    return VersionsCompared(before.figures(), after.figures())


def _of_each(
    before: _Version, after: _Version, arrivals: _Arrivals, goes_on: Callable[[int], bool]
) -> VersionsCompared:
    """Let the cases of both versions arrive at the same people; where it stops, both have come to the same instant."""
    versions, zone = (before, after), before.library.calendar(arrivals[0][1].jurisdiction).zone
    hubs = [Hub(one.asked, zone) for one in versions]
    arrivals = sorted(arrivals, key=lambda one: (one[1].opened_at, one[0]))
    first, last, over = arrivals[0][1].opened_at, arrivals[-1][1].opened_at, 0
    at: datetime | None = first
    while at is not None and goes_on(over):
        come = [one for one in arrivals if one[1].opened_at < at + _DAY]
        arrivals = arrivals[len(come) :]
        for version, hub in zip(versions, hubs, strict=True):
            for seed, report in come:
                hub.run_until(report.opened_at)
                hub.admit(version.begun(seed, report, hub))
            hub.run_until(at + _DAY)
            for run in hub.over:
                version.add(run)
            hub.over.clear()
        over = min(one.cases for one in versions)
        upcoming = [hub.next_at() for hub in hubs] + [one.opened_at for _, one in arrivals[:1]]
        at = min((one for one in upcoming if one is not None), default=None)
    found = [
        version.figures(hub.waited, hub.loads(min(at or last, last), first))
        for version, hub in zip(versions, hubs, strict=True)
    ]
    return VersionsCompared(*found)


_WORDS: Mapping[str, str] = {
    "closed": "cases closed", "days": "days of a case (median)", "late": "times late", "step_days": "days (median)",
    "waited": "hours until someone had time",
    "a_day": "messages a day of a case", "ended": "times done",
}  # fmt: skip
_WIDTH = 20


def compared_lines(found: VersionsCompared) -> Iterator[str]:
    """Say in lines what differs, each with its bars; and what no case comes to in the new version."""
    first = "people enough" if found.after.loads and not found.before.loads else f"version {found.before.version}"
    yield f"{found.after.cases} cases, {first} and version {found.after.version}:"
    differences = found.differences()
    most = {what: max(max(one.before, one.after) for one in differences if one.what == what) for what in _WORDS if
            any(one.what == what for one in differences)}  # fmt: skip
    for one in differences:
        bars = (_bar(each, most[one.what]) for each in (one.before, one.after))
        yield f"  {one.of or 'all cases':32} {_WORDS[one.what]:26} {one.before:g} -> {one.after:g}  {' | '.join(bars)}"
    if not differences:
        yield "  Nothing differs."
    for role, load in found.after.loads.items():
        yield (
            f"  {role}: {load.taken} steps, busy {load.busy:.0%}; waiting {load.mean_hours:g} hours, the"
            f" longest {load.longest_hours:g}."
        )
    if found.after.never:
        yield f"  No case came to: {', '.join(found.after.never)}."


def _bar(value: float, most: float) -> str:
    return "#" * round(_WIDTH * value / most) if most else ""


class Rehearsals:
    """Simulates for everybody at one portal."""

    def __init__(self, catalogue: StepCatalogue, library: Callable[[], Library]) -> None:
        """Simulate with the step types and definitions that are there."""
        self._catalogue, self._library = catalogue, library
        self._running: OrderedDict[UUID, _Comparison] = OrderedDict()
        self._lock = Lock()

    def one(self, workflow: Workflow, seed: int, given: ReportAsked) -> Rehearsed:
        """Let one case of a workflow run from a report as it is `given`, the rest drawn by a number."""
        asked, compiled = self._catalogue.find(REPORT), compile_workflow(workflow, self._catalogue)
        place = given.jurisdiction or _place_of(workflow)
        drawn = report_by(seed, compiled, asked.outputs if asked else {}, place)
        answers, victims = {**drawn.answers, **given.answers}, drawn.victims if given.victims is None else given.victims
        arrived = replace(drawn, answers=answers, victims=victims)
        done = simulate(compiled, self._library(), arrived, seed=seed)
        lines = tuple((one.at, one.what, one.step, one.detail) for one in done.happenings)
        takes = compiled.start_condition is None or is_taken(compiled, answers)
        return Rehearsed(
            arrived.opened_at, lines, done.messages, done.closed_at, done.waits_for,
            ReportAsked(answers, victims, place), takes,
        )  # fmt: skip

    def compared(
        self, who: UUID, before: Workflow, after: Workflow, asked: ComparisonAsked, *, stop: bool = False
    ) -> ComparedSoFar:
        """Begin a comparison, or look how far it has come; raises `BusyError`."""
        with self._lock:
            known = self._running.get(who)
            if known is None or known.asked != (before, after, asked):
                if known is not None:
                    known.process.terminate()
                others = (one for name, one in self._running.items() if name != who)
                if sum(one.process.is_alive() for one in others) >= _AT_ONCE:
                    raise BusyError(waited_for="the comparisons that others have asked for")
                known = self._running[who] = self._begun(before, after, asked)
                while len(self._running) > _KEPT:
                    self._running.popitem(last=False)[1].process.terminate()
        so_far = known.look(stop=stop)
        if known.is_broken:
            with self._lock:
                self._running.pop(who, None)
            raise BusyError(waited_for="the simulation, which was ended from outside")
        return so_far

    def _begun(self, before: Workflow, after: Workflow, asked: ComparisonAsked) -> "_Comparison":
        found = self._catalogue.find(REPORT)
        compiled = [compile_workflow(one, self._catalogue) for one in (before, after)]
        ours, theirs = get_context("spawn").Pipe()
        more = {"report": found.outputs if found else {}, "jurisdiction": _place_of(after)}
        process = get_context("spawn").Process(
            target=_compare, args=(theirs, (*compiled, replace(self._library()), asked), more), daemon=True
        )
        process.start()
        theirs.close()
        return _Comparison((before, after, asked), process, ours, Lock(), ComparedSoFar(0))


def _place_of(workflow: Workflow) -> str:
    return next(iter(workflow.jurisdictions), "IN")


@dataclass
class _Comparison:
    """One comparison in its process, and what is known of it."""

    asked: _Asked
    process: SpawnProcess
    pipe: Connection
    lock: Lock
    so_far: ComparedSoFar
    is_broken: bool = False

    def look(self, *, stop: bool) -> ComparedSoFar:
        """Hear what it says, and tell it that somebody looks, or to stop; wait a moment for its end."""
        with self.lock:
            until = monotonic() + (10 * _WAITS if stop else _WAITS)
            if self.so_far.found is None:
                with suppress(OSError):
                    self.pipe.send(stop)
            try:
                while self.so_far.found is None and self.pipe.poll(max(until - monotonic(), 0)):
                    said = self.pipe.recv()
                    is_over = isinstance(said, VersionsCompared)
                    self.so_far = ComparedSoFar(said.after.cases, said) if is_over else ComparedSoFar(said)
            except (EOFError, OSError):
                self.is_broken = True
            return self.so_far


def _compare(pipe: Connection, given: tuple, more: dict) -> None:  # type: ignore[type-arg]
    """Compare in a process of its own, which lets others go first; say how far it is, and what was found.

    What each person gets is counted last, unless it was stopped.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(10)
    looked_at = said_at = monotonic()

    def goes_on(done: int) -> bool:
        nonlocal looked_at, said_at
        while pipe.poll():
            if pipe.recv():
                return False
            looked_at = monotonic()
        if monotonic() - said_at > _WAITS / 3:
            said_at = monotonic()
            pipe.send(done)
        return monotonic() - looked_at < _UNWATCHED

    with suppress(EOFError, OSError):
        found, (before, after, library, asked) = compare(*given, **more, goes_on=goes_on), given
        if found.after.cases == asked.cases:
            first, then = (alert_budget(one, library, jurisdiction=more["jurisdiction"]) for one in (before, after))
            found = VersionsCompared(replace(found.before, a_person=first), replace(found.after, a_person=then))
        pipe.send(found)


def rehearsal_of(catalogue: StepCatalogue, library: Callable[[], Library]) -> Rehearsals:
    """Return what simulates with these step types and definitions."""
    return Rehearsals(catalogue, library)
