"""Growth curves: what a completion takes beside many cases, in a long case, and with many clients (`python -m`).

Prints every point as JSON, and draws them into an SVG file: `python -m tests.bench.growth docs/explanation/growth.svg`.
"""

import json
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Final

from tests.bench.crowd import fill, lengthen
from tests.bench.people import steps_per_second
from tests.bench.report import machine_of
from tests.bench.workload import Bench, Scratch, complete, open_one, scratch_bench

_OPEN_CASES: Final = (10, 100, 1_000, 10_000, 100_000)
_EVENTS: Final = (10, 100, 1_000, 5_000)
_CLIENTS: Final = (1, 2, 4, 8, 16)
_CASES: Final = 6
_STEPS: Final = 8
_WIDTH, _HEIGHT, _LEFT, _TOP, _BETWEEN = 220, 150, 46, 34, 70


@dataclass(frozen=True)
class Curve:
    """What was measured against what: a title, the unit of the value, and the points (x, value)."""

    title: str
    unit: str
    points: tuple[tuple[int, float], ...]


def main(
    file: Path,
    sizes: tuple[Sequence[int], Sequence[int], Sequence[int]] = (_OPEN_CASES, _EVENTS, _CLIENTS),
    scratch: Scratch = scratch_bench,
) -> None:
    """Measure all three curves, print them and the machine, and draw them."""
    open_cases, events, clients = sizes
    with scratch() as bench:
        steps_per_second(bench, clients=1, cases_each=2)
        facts = machine_of(bench)
        curves = [Curve("clients", "steps/s", _measured(clients, lambda many: _rate(bench, many)))]
        curves.append(Curve("events in the case", "ms a step", _measured(events, lambda many: _in_long(bench, many))))
        more = (many - fewer for fewer, many in pairwise((0, *open_cases)))
        beside = tuple((many, _beside(bench, next(more))) for many in open_cases)
        curves.append(Curve("open cases", "ms a step", beside))
    print(json.dumps({"machine": facts, "curves": [vars(curve) for curve in curves]}, indent=1))  # noqa: T201
    file.write_text(drawn(curves, ", ".join(f"{name} {value}" for name, value in facts.items())), encoding="utf-8")


def drawn(curves: Sequence[Curve], below: str) -> str:
    """Draw curves beside each other, the horizontal axis by powers of ten, and a line of text below them."""
    width = _LEFT + len(curves) * (_WIDTH + _BETWEEN)
    height = _TOP + _HEIGHT + 60
    parts = [_panel(curve, _LEFT + number * (_WIDTH + _BETWEEN)) for number, curve in enumerate(curves)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-size="11">'
        f'{"".join(parts)}<text x="{_LEFT}" y="{height - 8}">{below}</text></svg>\n'
    )


def _panel(curve: Curve, left: int) -> str:
    most = max(value for _, value in curve.points) or 1.0
    logs = [math.log10(x) for x, _ in curve.points]
    span = (logs[-1] - logs[0]) or 1.0
    places = [
        (left + (log - logs[0]) / span * _WIDTH, _TOP + _HEIGHT * (1 - value / most))
        for log, (_, value) in zip(logs, curve.points, strict=True)
    ]
    floor = _TOP + _HEIGHT
    marks = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
        f'<text x="{x:.1f}" y="{y - 7:.1f}" text-anchor="middle">{value:.3g}</text>'
        f'<text x="{x:.1f}" y="{floor + 14}" text-anchor="middle">{many:,}</text>'
        for (x, y), (many, value) in zip(places, curve.points, strict=True)
    )
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return (
        f'<text x="{left}" y="14">{curve.unit}, by {curve.title}</text>'
        f'<path d="M{left} {_TOP}V{floor}H{left + _WIDTH}" fill="none" stroke="#888"/>'
        f'<polyline points="{line}" fill="none" stroke="#1d70b8" stroke-width="2"/>{marks}'
    )


def _measured(sizes: Sequence[int], measure: Callable[[int], float]) -> tuple[tuple[int, float], ...]:
    return tuple((many, measure(many)) for many in sizes)


def _rate(bench: Bench, clients: int) -> float:
    steps_per_second(bench, clients=clients, cases_each=1)  # each connection prepares its statements once
    return steps_per_second(bench, clients=clients, cases_each=max(2, _CASES * 8 // clients)).per_second


def _in_long(bench: Bench, events: int) -> float:
    return median(_milliseconds(bench, events=events) for _ in range(_CASES))


def _beside(bench: Bench, more_cases: int) -> float:
    fill(bench, cases=more_cases)
    return median(_milliseconds(bench, events=0) for _ in range(_CASES))


def _milliseconds(bench: Bench, *, events: int) -> float:
    """Take the median of the completions of one case, which looks back on so many more events."""
    case_id, item = open_one(bench)
    (item,) = complete(bench, item).next_item_ids
    if events:
        lengthen(bench, case_id, events=events)
    taken = []
    for _ in range(_STEPS):
        began = time.perf_counter()
        (item,) = complete(bench, item).next_item_ids
        taken.append((time.perf_counter() - began) * 1000)
    return median(taken)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
