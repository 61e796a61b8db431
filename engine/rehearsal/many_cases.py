"""Many rough cases of a workflow, and how many messages they bring each person a day."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from math import ceil
from statistics import fmean, median
from zoneinfo import ZoneInfo

from engine.builtin import REPORT
from engine.core.compiled import CompiledWorkflow, compile_workflow
from engine.core.library import Library
from engine.core.records import Scalar
from engine.definitions.records import Rehearsed
from engine.language.catalogue import Output, StepCatalogue, ValueKind
from engine.language.conditions.evaluate import evaluate
from engine.language.conditions.values import UNKNOWN, Truth, Value
from engine.language.names import Role
from engine.language.workflow import Workflow
from engine.rehearsal.simulated import SimulatedMessage, SimulatedReport
from engine.rehearsal.simulator import simulate

_FIRST = datetime(2026, 1, 1, 3, 30, tzinfo=UTC)
_MOST_VICTIMS, _TRIES = 3, 500


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
) -> ManyCases:
    """Let cases run from reports that the workflow takes, at any hour of two years, with none to three victims.

    `report` names the open answers of a report. The same seed always gives the same.
    """
    stuck: dict[str, int] = {}
    called_off: Counter[str] = Counter()
    laws: dict[str, Counter[str]] = {}
    closed, longest = 0, timedelta()
    for number in range(cases):
        one = seed * 1_000_000 + number
        arrived = _report(workflow, report, jurisdiction, random.Random(one))  # noqa: S311 - nothing secret
        done = simulate(workflow, library, arrived, seed=one, rough=True)
        called_off.update(done.called_off)
        for law, counts in done.laws.items():
            laws.setdefault(law, Counter()).update(counts)
        if done.closed_at is not None:
            closed += 1
            longest = max(longest, done.closed_at - arrived.opened_at)
        else:
            stuck.setdefault("; ".join(done.waits_for), one)
    counted = {law: dict(sorted(counts.items())) for law, counts in sorted(laws.items())}
    return ManyCases(
        workflow.workflow.workflow, cases, closed, stuck, dict(called_off.most_common()), longest.days, counted
    )


def rehearsal_of(catalogue: StepCatalogue, library: Callable[[], Library]) -> Callable[[Workflow, int], Rehearsed]:
    """Return what lets one case of a workflow run, drawn by a number: the same gives the same, and no trace is left."""

    def rehearse(workflow: Workflow, seed: int) -> Rehearsed:
        compiled = compile_workflow(workflow, catalogue)
        asked = catalogue.find(REPORT)
        place = next(iter(workflow.jurisdictions), "IN")
        chance = random.Random(seed)  # noqa: S311 - nothing secret
        arrived = _report(compiled, asked.outputs if asked else {}, place, chance)
        done = simulate(compiled, library(), arrived, seed=seed)
        lines = tuple((one.at, one.what, one.step, one.detail) for one in done.happenings)
        return Rehearsed(arrived.opened_at, lines, done.messages, done.closed_at, done.waits_for)

    return rehearse


def _report(
    workflow: CompiledWorkflow, outputs: Mapping[str, Output], jurisdiction: str, chance: random.Random
) -> SimulatedReport:
    """Draw a report that opens the workflow; after many tries, whatever was drawn last."""
    opened_at = _FIRST + timedelta(minutes=chance.randrange(2 * 365 * 24 * 60))
    answers: dict[str, Scalar] = {}
    for _ in range(_TRIES):
        answers = {name: _drawn(output, opened_at, chance) for name, output in outputs.items()}
        if workflow.start_condition is None or _is_taken(workflow, answers):
            break
    return SimulatedReport(answers, opened_at, jurisdiction, chance.randint(0, _MOST_VICTIMS))


def _is_taken(workflow: CompiledWorkflow, answers: Mapping[str, Scalar]) -> bool:
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


SAMPLES = 42
CASELOAD = 20
"""How many open cases one person of a role that does the work has; those who lead are one for all."""
_LEADING = frozenset(
    {
        Role.SUPERVISOR, Role.NODAL_OFFICER, Role.SAFEGUARDING_LEAD, Role.SYSTEM_ADMINISTRATOR, Role.LAWYER,
        Role.DATA_PROTECTION_OFFICER, Role.FINANCE_OFFICER, Role.PARTNERSHIP_MANAGER, "on_call",
    },
)  # fmt: skip
_MONDAY = datetime(2026, 3, 2, 3, 30, tzinfo=UTC)
_WINDOW = 56
_LONGEST = 400
_A_WEEK = 7


@dataclass(frozen=True)
class Load:
    """Messages a person gets a day: of half the days at most `median`, of 95 in 100 at most `p95`, at most `worst`."""

    median: float
    p95: int
    worst: int
    worst_person: str


@dataclass(frozen=True)
class AlertBudget:
    """What a workflow brings people a day: what leaves by e-mail, and in-app notices; critical ones apart."""

    workflow: str
    open_cases: int
    sent: Load
    in_app: Load
    critical: Load
    rules: Mapping[str, float]

    def as_json(self) -> dict[str, object]:
        """Return the budget as it is printed with `--json`."""
        return asdict(self)


@dataclass(frozen=True)
class _Sample:
    """A case that was simulated: how long it was open, and whom it told what, after how long."""

    weekday: int
    opened_at: datetime
    days: float
    told: tuple[SimulatedMessage, ...]


def alert_budget(
    workflow: CompiledWorkflow, library: Library, *, jurisdiction: str, open_cases: int = 200, seed: int = 1
) -> AlertBudget:
    """Let `open_cases` cases be open at a time, arriving evenly, one step in ten late; the same seed gives the same."""
    samples = [_sample(workflow, library, jurisdiction, number, seed) for number in range(SAMPLES)]
    arrivals = list(_arrivals(samples, open_cases))
    zone = ZoneInfo(library.calendar(jurisdiction).zone)
    days = [(_MONDAY + timedelta(days=_LONGEST + number)).astimezone(zone).date() for number in range(_WINDOW)]
    counted = _Count(days, zone, max(1, ceil(open_cases / CASELOAD)))
    for number, (at, sample) in enumerate(arrivals):
        counted.add(number, at - sample.opened_at, sample.told)
    return AlertBudget(
        workflow=workflow.workflow.workflow,
        open_cases=open_cases,
        sent=counted.load("sent"),
        in_app=counted.load("in_app"),
        critical=counted.load("critical"),
        rules=counted.rules(),
    )


def _sample(workflow: CompiledWorkflow, library: Library, jurisdiction: str, number: int, seed: int) -> _Sample:
    opened_at = _MONDAY + timedelta(days=number % _A_WEEK, hours=number % 8)
    report = SimulatedReport({}, opened_at, jurisdiction)
    done = simulate(workflow, library, report, seed=seed * 1000 + number, late=0.1)
    last = done.closed_at or max((one.at for one in done.happenings), default=opened_at)
    days = min((last - opened_at) / timedelta(days=1), _LONGEST)
    return _Sample(number % _A_WEEK, opened_at, max(days, 0.5), done.told)


def _arrivals(samples: Sequence[_Sample], open_cases: int) -> Iterator[tuple[datetime, _Sample]]:
    """Return when each case arrives: as many a day as keep so many open at a time."""
    by_weekday = defaultdict(list)
    for sample in samples:
        by_weekday[sample.weekday].append(sample)
    a_day = open_cases / fmean(sample.days for sample in samples)
    number, due = 0, 0.0
    for day in range(_LONGEST + _WINDOW):
        due += a_day
        while due >= 1:
            due -= 1
            fitting = by_weekday[day % _A_WEEK]
            sample = fitting[number % len(fitting)]
            number += 1
            weeks = timedelta(days=day - sample.weekday)
            yield sample.opened_at + weeks, sample


class _Count:
    """Counts the messages of each person on each day of a window."""

    def __init__(self, days: Sequence[date], zone: ZoneInfo, people: int) -> None:
        self._days, self._zone, self._people = days, zone, people
        self._counts: dict[str, Counter[tuple[str, date]]] = defaultdict(Counter)
        self._persons: dict[str, set[str]] = defaultdict(set)
        self._by_rule: Counter[str] = Counter()

    def add(self, number: int, later: timedelta, told: Iterable[SimulatedMessage]) -> None:
        """Count what one case tells, so much later than it was simulated."""
        first, last = self._days[0], self._days[-1]
        for one in told:
            day = (one.at + later).astimezone(self._zone).date()
            if not first <= day <= last:
                continue
            person = one.role if one.role in _LEADING else f"{one.role} {number % self._people + 1}"
            for way in ("sent", "in_app") if one.is_sent else ("in_app",):
                kind = "critical" if one.critical and way == "sent" else way
                self._persons[kind].add(person)
                if kind == "critical" or not one.critical:
                    self._counts[kind][person, day] += 1
            if one.is_sent and not one.critical:
                self._by_rule[one.rule] += 1

    def load(self, kind: str) -> Load:
        """Sum up over all persons and days, quiet days included."""
        counts = self._counts[kind]
        values = sorted(counts[person, day] for person in self._persons[kind] for day in self._days) or [0]
        worst = max(counts.items(), key=lambda one: (one[1], one[0][0]), default=(("nobody", None), 0))
        return Load(median(values), values[min(len(values) - 1, int(len(values) * 0.95))], worst[1], worst[0][0])

    def rules(self) -> dict[str, float]:
        """Return how many messages a day each rule sends to all people together, the most first."""
        return {rule: round(count / len(self._days), 2) for rule, count in self._by_rule.most_common()}
