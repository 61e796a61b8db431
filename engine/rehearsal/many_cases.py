"""Let many rough cases of a workflow run, each with another seed, and count how they end."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta

from engine.core.compiled import CompiledWorkflow
from engine.core.library import Library
from engine.core.records import Scalar
from engine.language.catalogue import Output, ValueKind
from engine.language.conditions.evaluate import evaluate
from engine.language.conditions.values import UNKNOWN, Truth, Value
from engine.rehearsal.simulated import SimulatedReport
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
        """Give the counts as they are printed with `--json`."""
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
