"""Two versions of a workflow on the same invented cases: what is late, slow, told or never done in each."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import fmean, median

from engine.core import events as ev
from engine.core.compiled import CompiledWorkflow
from engine.core.library import Library
from engine.definitions.rehearsed import ComparisonAsked, Figures, RoleLoad, VersionsCompared
from engine.language.catalogue import Output
from engine.rehearsal.many_cases import report_by
from engine.rehearsal.simulated import SimulatedReport
from engine.rehearsal.simulator import Simulation, begun
from engine.rehearsal.staffed import Hub

_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


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
        return begun(self.workflow, self.library, report, seed=seed, rough=True, staff=hub)

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
