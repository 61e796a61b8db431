"""`icmc bench`: what this machine does, measured in a scratch database."""

from typing import Annotated

import typer

from engine.bench.report import BenchReport, run_bench
from engine.cli.common import in_words, show

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Cases = Annotated[int, typer.Option(min=1, help="How many other cases are open while the waiting time is measured.")]
Quick = Annotated[bool, typer.Option("--quick", help="Only to see that it works: few cases, rough figures.")]
_QUICK_OPEN, _QUICK_CASES, _CASES = 500, 3, 25


@in_words
def bench(as_json: Json = False, cases: Cases = 10_000, quick: Quick = False) -> None:  # noqa: FBT002 - flags
    """Measure people's steps a second, and the time until the next item can be read, against raw SQL."""
    report = run_bench(open_cases=_QUICK_OPEN if quick else cases, cases=_QUICK_CASES if quick else _CASES)
    show(report.as_json(), as_json=as_json, words=lambda: _words(report))


def _words(report: BenchReport) -> str:
    facts = ", ".join(f"{name} {value}" for name, value in report.machine.items())
    return "\n".join([facts, *(f"{one.value:10.1f} {one.unit:8} {one.name}" for one in report.figures)])
