"""Many rough cases of a workflow: how many close, and what the others wait for."""

import random
import signal
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from typing import NamedTuple

from engine.core.compiled import CompiledWorkflow
from engine.core.library import Library
from engine.core.records import Scalar
from engine.language.catalogue import Output, ValueKind
from engine.language.conditions.evaluate import evaluate
from engine.language.conditions.values import UNKNOWN, Truth, Value
from engine.rehearsal.simulated import SimulatedReport
from engine.rehearsal.simulator import simulate

_FIRST = datetime(2026, 1, 1, 3, 30, tzinfo=UTC)
_TWO_YEARS, _MINUTE = timedelta(days=2 * 365), timedelta(minutes=1)
_MOST_VICTIMS, _TRIES = 3, 500
_WORTH_A_PROCESS = 10
"""So many cases are simulated by a process at a time; for fewer none is started."""


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
