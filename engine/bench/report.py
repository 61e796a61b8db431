"""The whole benchmark: every measure, one after the other, and the machine it ran on."""

import os
import platform
from dataclasses import dataclass
from statistics import quantiles

import psycopg

from engine.bench.crowd import fill
from engine.bench.floor import floor_steps_per_second
from engine.bench.people import next_item_seconds, steps_per_second
from engine.bench.workload import Bench, plain_address, scratch_bench

_WARM_UP = 2


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
        """Give the report as it is printed with `--json`."""
        figures = {figure.name: {"value": figure.value, "unit": figure.unit} for figure in self.figures}
        return {"machine": self.machine, "figures": figures}


def run_bench(*, open_cases: int, cases: int) -> BenchReport:
    """Measure in a scratch database: `cases` are worked through per client, beside `open_cases` that nobody touches."""
    with scratch_bench() as bench:
        steps_per_second(bench, clients=1, cases_each=_WARM_UP)
        floor = floor_steps_per_second(bench, cases=cases).per_second
        one = steps_per_second(bench, clients=1, cases_each=cases).per_second
        eight = steps_per_second(bench, clients=8, cases_each=max(1, cases // 4)).per_second
        fill(bench, cases=open_cases)
        cuts = quantiles(next_item_seconds(bench, cases=cases), n=20)
        return BenchReport(
            _machine(bench),
            (
                Figure("raw SQL, the same rows, one client", floor, "steps/s"),
                Figure("people's steps, one client", one, "steps/s"),
                Figure("people's steps, eight clients", eight, "steps/s"),
                Figure("raw SQL over one client", floor / one, "times"),
                Figure(f"complete to next item read, {open_cases} open cases, p50", cuts[9] * 1000, "ms"),
                Figure(f"complete to next item read, {open_cases} open cases, p95", cuts[18] * 1000, "ms"),
            ),
        )


def _machine(bench: Bench) -> dict[str, str]:
    with psycopg.connect(plain_address(bench.running.urls.app)) as connection:
        row = connection.execute("SHOW server_version").fetchone()
    return {
        "cores": str(os.cpu_count()),
        "load": f"{os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
        "postgresql": str(row[0]) if row else "",
    }
