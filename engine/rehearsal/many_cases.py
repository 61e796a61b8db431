"""Many rough cases of a workflow: how many close, what the others wait for, also where the same people do them all."""

import random
import signal
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import partial
from heapq import heappop, heappush
from itertools import count
from multiprocessing import get_context
from statistics import fmean
from typing import NamedTuple
from zoneinfo import ZoneInfo

from engine.core.compiled import CompiledWorkflow
from engine.core.library import Library
from engine.core.records import OPEN, Scalar, Step
from engine.definitions.rehearsed import WEEK_HOURS, ComparisonAsked, RoleLoad, Staff
from engine.language.catalogue import Output, ValueKind
from engine.language.conditions.evaluate import evaluate
from engine.language.conditions.values import UNKNOWN, Truth, Value
from engine.rehearsal.drawn import SimulatedReport
from engine.rehearsal.simulator import Simulation, Turn, simulate, turn_of

_FIRST = datetime(2026, 1, 1, 3, 30, tzinfo=UTC)
_TWO_YEARS, _MINUTE = timedelta(days=2 * 365), timedelta(minutes=1)
_MOST_VICTIMS, _TRIES = 3, 500
_WORTH_A_PROCESS = 10
"""So many cases are simulated by a process at a time; for fewer none is started."""

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_SHORTEST = timedelta(minutes=5)
_FIVE_DAYS = 5
_MOST_IN_FIVE_DAYS, _BEGINS = 60, 9


@dataclass(frozen=True)
class ManyCases:
    """How many cases closed; what the others waited for, each with a seed that shows it; what a gate kept undone.

    `laws` counts for each limit of the law how often it applied (`true`), did not (`false`), or might (`unknown`).
    """

    workflow: str
    cases: int
    closed: int
    stuck: Mapping[str, int] = field(default_factory=dict)
    called_off: Mapping[str, int] = field(default_factory=dict)
    longest_days: int = 0
    laws: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """Return the counts as they are printed with `--json`."""
        return asdict(self)


def simulate_many(
    workflow: CompiledWorkflow,
    library: Library,
    *,
    report: Mapping[str, Output],
    jurisdiction: str,
    cases: int,
    seed: int = 1,
    processes: int = 1,
) -> ManyCases:
    """Let cases run from reports that the workflow takes, at any hour of two years, with none to three victims.

    `report` names the open answers of a report. The same seed always gives the same, by however many `processes`; more
    than one are forked, so only a process without other threads may ask for them.
    """
    drawn = partial(_simulate_one, workflow, library, report, jurisdiction)
    seeds = range(seed * 1_000_000, seed * 1_000_000 + cases)
    if processes == 1 or cases < _WORTH_A_PROCESS * processes:
        return _counted(workflow, map(drawn, seeds), cases)
    forked = get_context("fork")  # the children have workflow and library as they are: neither travels
    with ProcessPoolExecutor(processes, mp_context=forked, initializer=_work_for, initargs=(drawn,)) as pool:
        return _counted(workflow, pool.map(_drawn_here, seeds, chunksize=_WORTH_A_PROCESS), cases)


class _OneCase(NamedTuple):
    """What became of one case; `days` is None where it did not close."""

    seed: int
    days: int | None
    waits_for: str
    called_off: tuple[str, ...]
    laws: Mapping[str, Mapping[str, int]]


def _simulate_one(
    workflow: CompiledWorkflow, library: Library, report: Mapping[str, Output], jurisdiction: str, seed: int
) -> _OneCase:
    arrived = report_by(seed, workflow, report, jurisdiction)
    done = simulate(workflow, library, arrived, seed=seed, rough=True)
    days = None if done.closed_at is None else (done.closed_at - arrived.opened_at).days
    return _OneCase(seed, days, "; ".join(done.waits_for), done.called_off, done.laws)


def _counted(workflow: CompiledWorkflow, outcomes: Iterable[_OneCase], cases: int) -> ManyCases:
    stuck: dict[str, int] = {}
    called_off: Counter[str] = Counter()
    laws: defaultdict[str, Counter[str]] = defaultdict(Counter)
    closed: list[int] = []
    for one in outcomes:
        called_off.update(one.called_off)
        for law, counts in one.laws.items():
            laws[law].update(counts)
        if one.days is None:
            stuck.setdefault(one.waits_for, one.seed)
        else:
            closed.append(one.days)
    by_law = {law: dict(sorted(counts.items())) for law, counts in sorted(laws.items())}
    return ManyCases(
        workflow.workflow.workflow, cases, len(closed), stuck, dict(called_off.most_common()),
        max(closed, default=0), by_law,
    )  # fmt: skip


_here: Callable[[int], _OneCase]
"""What a forked process simulates cases with."""


def _work_for(drawn: Callable[[int], _OneCase]) -> None:
    """Be a process that simulates cases; Ctrl-C is for the one that asked."""
    global _here  # noqa: PLW0603 - of a process that does nothing else
    _here = drawn
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _drawn_here(seed: int) -> _OneCase:
    return _here(seed)


def report_by(
    seed: int,
    workflow: CompiledWorkflow,
    outputs: Mapping[str, Output],
    jurisdiction: str,
    span: timedelta | None = None,
) -> SimulatedReport:
    """Draw the report that a seed stands for, within two years or a `span`."""
    return drawn_report(workflow, outputs, jurisdiction, random.Random(seed), span)  # noqa: S311 - nothing secret


def drawn_report(
    workflow: CompiledWorkflow,
    outputs: Mapping[str, Output],
    jurisdiction: str,
    chance: random.Random,
    span: timedelta | None = None,
) -> SimulatedReport:
    """Draw a report that opens the workflow, within two years or a `span`; after many tries, whatever was last."""
    opened_at = _FIRST + timedelta(minutes=chance.randrange(max(int((span or _TWO_YEARS) / _MINUTE), 1)))
    answers: dict[str, Scalar] = {}
    for _ in range(_TRIES):
        answers = {name: _drawn(output, opened_at, chance) for name, output in outputs.items()}
        if workflow.start_condition is None or is_taken(workflow, answers):
            break
    return SimulatedReport(answers, opened_at, jurisdiction, chance.randint(0, _MOST_VICTIMS))


def is_taken(workflow: CompiledWorkflow, answers: Mapping[str, Scalar]) -> bool:
    """Whether a workflow opens by itself on a report with these answers."""

    def seen(name: tuple[str, ...]) -> Value:
        return answers.get(name[-1], UNKNOWN)

    return workflow.start_condition is not None and evaluate(workflow.start_condition, seen) is Truth.TRUE


def _drawn(output: Output, now: datetime, chance: random.Random) -> Scalar:
    match output.kind:
        case ValueKind.BOOL:
            return chance.random() < 0.5  # noqa: PLR2004 - even
        case ValueKind.NUMBER:
            return chance.randint(0, 3)
        case ValueKind.INSTANT:
            return now
        case ValueKind.CHOICE:
            return chance.choice(output.choices)


@dataclass(frozen=True, order=True)
class _Waiting:
    """A step that waits for somebody: what is due first comes first, then what waited longest."""

    due_at: datetime
    number: int
    since: datetime = field(compare=False)
    run: Simulation = field(compare=False, repr=False)
    step: Step = field(compare=False, repr=False)
    turn: Turn = field(compare=False)
    ends_at: datetime = field(compare=False)

    def effort(self, usual: timedelta) -> timedelta:
        """Return how long somebody works on it."""
        return max(min(usual, (self.due_at - self.since) / 2), _SHORTEST)

    def is_over(self) -> bool:
        """Whether nobody has to do it any more: it was cancelled, or sent back meanwhile."""
        now = self.run.state.live.get(self.step.id)
        return now is None or now.status not in OPEN or turn_of(now) != self.turn


class Hub:
    """A place with its cases and the people who work on them."""

    def __init__(self, asked: ComparisonAsked, zone: str) -> None:
        """Nobody has anything to do yet; days are those of `zone`."""
        self._effort, self._zone = timedelta(hours=asked.effort), ZoneInfo(zone)
        self._staff = {one.role: one for one in asked.staff if one.people > 0 and one.hours > 0}
        self._free: dict[str, list[datetime]] = {}
        self._lines: Mapping[str, list[_Waiting]] = defaultdict(list)
        self._taken: Mapping[str, list[tuple[datetime, _Waiting]]] = defaultdict(list)
        self._numbers = count()
        self._stops: list[tuple[datetime, int, Simulation]] = []
        self._next_of: dict[int, int] = {}
        self.waited: Mapping[str, list[timedelta]] = defaultdict(list)
        self.over: list[Simulation] = []

    def takes(self, run: Simulation, step: Step, due_at: datetime, ends_at: datetime) -> bool:
        """Put a step in the line of one of its roles, the shortest; False where people of its roles are enough."""
        roles = [role for role in run.roles_of(step) if role in self._staff]
        if not roles:
            return False
        role = min(roles, key=lambda one: len(self._lines[one]) / self._staff[one].people)
        number = next(self._numbers)
        heappush(self._lines[role], _Waiting(due_at, number, run.now, run, step, turn_of(step), ends_at))
        return True

    def admit(self, run: Simulation) -> None:
        """Let a case begin, as it was opened."""
        for one in self._staff.values():
            self._free.setdefault(one.role, [run.now] * one.people)
        self._go_on(run)
        self._serve(run.now)

    def run_until(self, until: datetime | None = None) -> None:
        """Let all happen that happens before an instant, or what happens next."""
        while (at := self.next_at()) is not None and (until is None or at < until):
            free_at = self._free_at()
            if free_at is not None and free_at <= at:
                self._serve(free_at)
            else:
                _, number, run = heappop(self._stops)
                if self._next_of.get(id(run)) == number:
                    del self._next_of[id(run)]
                    if run.advance(run.next_stop()):
                        self._go_on(run)
                    else:
                        self.over.append(run)
                    self._serve(at)
            if until is None:
                return

    def next_at(self) -> datetime | None:
        """Return when something happens next: in a case, or because somebody is free."""
        found = [at for at in (self._free_at(), self._stops[0][0] if self._stops else None) if at is not None]
        return min(found, default=None)

    def loads(self, until: datetime, since: datetime) -> dict[str, RoleLoad]:
        """Say of each role what waited for it, and how busy it was while cases arrived."""
        weeks = max((until - since) / (7 * _DAY), 1.0)
        found = {}
        for role, one in self._staff.items():
            taken = self._taken[role]
            left = (max(until - each.since, timedelta()) for each in self._lines[role] if not each.is_over())
            waits = [*(at - each.since for at, each in taken), *left] or [timedelta()]
            work = sum((each.effort(self._effort) for at, each in taken if at <= until), timedelta())
            found[role] = RoleLoad(
                len(taken), round(fmean(each / _HOUR for each in waits), 1), round(max(waits) / _HOUR, 1),
                round(min(work / _HOUR / (one.people * one.hours * weeks), 1.0), 2),
            )  # fmt: skip
        return found

    def _go_on(self, run: Simulation) -> None:
        """Note when a case goes on; where nothing happens in it and nothing waits for people, they move it on."""
        while (stop := run.next_stop()) is None:
            if any(run.ends.get(turn_of(one), run.now) is None for one in run.state.live.values()):
                return
            if not run.advance(None):
                self.over.append(run)
                return
        self._note(run, stop[0])

    def _note(self, run: Simulation, at: datetime) -> None:
        self._next_of[id(run)] = number = next(self._numbers)
        heappush(self._stops, (at, number, run))

    def _free_at(self) -> datetime | None:
        waited_for = (self._free[role][0] for role, line in self._lines.items() if line)
        return min(waited_for, default=None)

    def _serve(self, now: datetime) -> None:
        """Let everybody who is free take what is due first."""
        for role, line in self._lines.items():
            while line and self._free[role][0] <= now:
                one = heappop(line)
                if one.is_over():
                    continue
                heappop(self._free[role])
                begun_at = max(now, one.since)
                done_at = worked(begun_at, one.effort(self._effort), self._staff[role], self._zone)
                heappush(self._free[role], done_at)
                one.run.ends[one.turn] = max(one.ends_at, done_at)
                self._taken[role].append((begun_at, one))
                self.waited[one.run.name_of(one.step)].append(begun_at - one.since)
                stop = one.run.next_stop()
                self._note(one.run, stop[0] if stop else done_at)


def worked(start: datetime, effort: timedelta, staff: Staff, zone: ZoneInfo) -> datetime:
    """Return when somebody has worked so long from an instant on, in the hours of their days (UTC)."""
    days = _FIVE_DAYS if staff.hours <= _MOST_IN_FIVE_DAYS else 7
    length = timedelta(hours=min(staff.hours, WEEK_HOURS) / days)
    begins = min(_BEGINS * _HOUR, _DAY - length)
    day = start.astimezone(zone).date()
    while True:
        opens = datetime.combine(day, time(), zone) + begins
        if day.weekday() < days and opens + length > start:
            begun = max(start.astimezone(zone), opens)
            left = opens + length - begun
            if left >= effort:
                return (begun + effort).astimezone(UTC)
            effort -= left
        day += _DAY
