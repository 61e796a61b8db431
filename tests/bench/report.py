"""The whole benchmark: every measure, one after the other, and the machine it ran on."""

import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import quantiles

import psycopg

from engine.builtin import REPORT
from engine.definitions.actions.publish import lint_source
from engine.plugin.registry import RegistryCatalogue
from engine.rehearsal.many_cases import simulate_many
from tests.bench.crowd import fill
from tests.bench.deadlines import fire_at_once, trickle_seconds
from tests.bench.deliveries import can_measure, measure_deliveries
from tests.bench.floor import floor_steps_per_second
from tests.bench.jobs import measure_jobs
from tests.bench.matching import MatchScore, measure_matching
from tests.bench.people import next_item_seconds, steps_per_second
from tests.bench.verifying import verify_rows
from tests.bench.workload import Bench, Scratch, plain_address, scratch_bench
from tests.kit.shipped import CASES, library, registry, shipped

_WARM_UP = 2
_SIMULATED = "reported-concern"
_CONNECTIONS = 4
_TRICKLE_A_SECOND = 5


@dataclass(frozen=True)
class Sizes:
    """How much is done to measure: `cases` are per client; `samples`, the starts of single jobs, are two at least."""

    open_cases: int
    cases: int
    samples: int
    jobs_at_once: int
    deadlines: int
    messages: int = 100
    open_deadlines: int = 100
    trickle: int = 3
    events: int = 200
    persons: int = 60
    planted: int = 20
    simulated: int = 2


@dataclass(frozen=True)
class Figure:
    """One measure: a name, a value, its unit."""

    name: str
    value: float
    unit: str


@dataclass(frozen=True)
class BenchReport:
    """What was measured, on what machine."""

    machine: dict[str, str]
    figures: tuple[Figure, ...]

    def as_json(self) -> dict[str, object]:
        """Return the report as it is printed with `--json`."""
        figures = {figure.name: {"value": figure.value, "unit": figure.unit} for figure in self.figures}
        return {"machine": self.machine, "figures": figures}


def run_bench(
    sizes: Sizes,
    *,
    with_prefect: bool = True,
    says: Callable[[str], None] = lambda _: None,
    scratch: Scratch = scratch_bench,
) -> BenchReport:
    """Measure, each part in a scratch database of its own; without Prefect, the times of jobs are left out.

    Before each part it `says` what that is. Raises ServiceError when Prefect does not come up, or does not do the work.
    """
    parts: dict[str, tuple[Callable[[Bench, Sizes], tuple[Figure, ...]], ...]] = {
        "People's steps": (_of_people,),
        **({"Automatic work": (_of_jobs,)} if with_prefect else {}),
        "Deadlines at one instant, and deliveries": (_of_deadlines, _of_deliveries),
        "Deadlines one after the other": (_of_trickle,),
        "Finding persons again": (_of_matching,),
        "Proving histories, checking texts, and simulating": (_of_histories, _of_lint, _of_simulation),
    }
    machine: dict[str, str] = {}
    figures: list[Figure] = []
    for what, measures in parts.items():
        says(what)
        with (scratch_bench if _of_jobs in measures else scratch)() as bench:
            machine = machine or machine_of(bench)
            for measure in measures:
                figures += measure(bench, sizes)
    return BenchReport(machine, tuple(figures))


def _of_people(bench: Bench, sizes: Sizes) -> tuple[Figure, ...]:
    cases, open_cases = sizes.cases, sizes.open_cases
    steps_per_second(bench, clients=1, cases_each=_WARM_UP)
    steps_per_second(bench, clients=8, cases_each=1)  # each connection prepares its statements once
    floor = floor_steps_per_second(bench, cases=cases).per_second
    one = steps_per_second(bench, clients=1, cases_each=cases).per_second
    eight = steps_per_second(bench, clients=8, cases_each=max(1, cases // 4)).per_second
    fill(bench, cases=open_cases)
    median, slow = _cuts(next_item_seconds(bench, cases=cases))
    return (
        Figure("raw SQL, the same rows, one client", floor, "steps/s"),
        Figure("people's steps, one client", one, "steps/s"),
        Figure("people's steps, eight clients", eight, "steps/s"),
        Figure("raw SQL over one client", floor / one, "times"),
        Figure("eight clients over one client", eight / one, "times"),
        Figure(f"complete to next item read, {open_cases} open cases, p50", median * 1000, "ms"),
        Figure(f"complete to next item read, {open_cases} open cases, p95", slow * 1000, "ms"),
    )


def _of_histories(bench: Bench, sizes: Sizes) -> tuple[Figure, ...]:
    rate = verify_rows(bench, rows=sizes.events)
    return (Figure(f"{rate.count} events of cases, proved", rate.per_second, "rows/s"),)


def _of_lint(bench: Bench, _sizes: Sizes) -> tuple[Figure, ...]:
    """Measure the check that the editor of a text asks for while somebody types, over every shipped workflow."""
    seconds = []
    for file in sorted(CASES.glob("*.yaml")):
        text = file.read_text(encoding="utf-8")
        began = time.perf_counter()
        lint_source(bench.engine, text)
        seconds.append(time.perf_counter() - began)
    _, slow = _cuts(seconds)
    return (Figure("checking the text of a workflow, p95", slow * 1000, "ms"),)


def _of_simulation(_bench: Bench, sizes: Sizes) -> tuple[Figure, ...]:
    compiled, report = shipped(_SIMULATED), RegistryCatalogue(registry()).find(REPORT)
    assert report is not None
    began = time.process_time()
    simulate_many(compiled, library(), report=report.outputs, jurisdiction="IN-AS", cases=sizes.simulated)
    what = f"{sizes.simulated} simulated cases of a workflow of {len(compiled.steps)} steps, of processor time"
    return (Figure(what, time.process_time() - began, "s"),)


def _of_jobs(bench: Bench, sizes: Sizes) -> tuple[Figure, ...]:
    times = measure_jobs(bench, samples=sizes.samples, at_once=sizes.jobs_at_once)
    median, slow = _cuts(times.seconds_to_start)
    return (
        Figure("commit to start of the Prefect task, idle, p50", median, "s"),
        Figure("commit to start of the Prefect task, idle, p95", slow, "s"),
        Figure(f"Prefect tasks, {times.under_load.count} jobs due at once", times.under_load.per_second, "tasks/s"),
    )


def _of_deadlines(bench: Bench, sizes: Sizes) -> tuple[Figure, ...]:
    rate = fire_at_once(bench, deadlines=sizes.deadlines)
    return (Figure(f"{rate.count} deadlines due at one instant, recorded and escalated", rate.seconds, "s"),)


def _of_trickle(bench: Bench, sizes: Sizes) -> tuple[Figure, ...]:
    late = trickle_seconds(
        bench, open_deadlines=sizes.open_deadlines, deadlines=sizes.trickle, a_second=_TRICKLE_A_SECOND
    )
    cuts = quantiles(late, n=100, method="inclusive")
    beside = f"{_TRICKLE_A_SECOND} deadlines a second beside {sizes.open_deadlines} open ones, due to committed"
    return (Figure(f"{beside}, p50", cuts[49], "s"), Figure(f"{beside}, p99", cuts[98], "s"))


def _of_deliveries(bench: Bench, sizes: Sizes) -> tuple[Figure, ...]:
    if not can_measure():
        return ()
    rate = measure_deliveries(bench, messages=sizes.messages, cases=sizes.cases, at_once=_CONNECTIONS)
    name = f"{rate.count} e-mails waiting, delivered over {_CONNECTIONS} connections"
    return (Figure(name, rate.per_second, "messages/s"),)


def _of_matching(bench: Bench, sizes: Sizes) -> tuple[Figure, ...]:
    found = measure_matching(bench, persons=sizes.persons, planted=sizes.planted)
    return (
        *_of_found(f"{sizes.persons} persons, within a unit", found.within, found.seconds_within),
        *_of_found(f"{sizes.persons} persons, across units by tokens", found.across, found.seconds_across),
    )


def _of_found(among: str, found: MatchScore, seconds: Sequence[float]) -> tuple[Figure, ...]:
    median, slow = _cuts(seconds)
    return (
        Figure(f"{found.planted} written down once more among {among}: found", found.recall * 100, "%"),
        Figure(f"of whoever was found among {among}: right", found.precision * 100, "%"),
        Figure(f"looking one up among {among}, p50", median * 1000, "ms"),
        Figure(f"looking one up among {among}, p95", slow * 1000, "ms"),
    )


def _cuts(measured: Sequence[float]) -> tuple[float, float]:
    """Return the median and the 95th of 100."""
    cuts = quantiles(measured, n=20, method="inclusive")
    return cuts[9], cuts[18]


def machine_of(bench: Bench) -> dict[str, str]:
    """Return the machine and what runs on it: figures mean nothing without."""
    with psycopg.connect(plain_address(bench.running.urls.owner)) as connection:
        row = connection.execute("SHOW server_version").fetchone()
    return {
        "cores": str(os.cpu_count()),
        "load": f"{os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
        "postgresql": str(row[0]) if row else "",
    }
