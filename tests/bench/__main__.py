"""`make bench`: what this machine does, measured in scratch databases."""

from dataclasses import replace
from typing import Annotated

import typer

from engine.web.terminal import in_words, show
from tests.bench.report import BenchReport, Sizes, run_bench

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Cases = Annotated[int, typer.Option(min=1, help="How many other cases are open while the waiting time is measured.")]
Quick = Annotated[bool, typer.Option("--quick", help="Only to see that it works: few cases, rough figures.")]
Whole = Annotated[bool, typer.Option("--whole", help="A million open deadlines and 50,000 persons: 15 minutes.")]
NoPrefect = Annotated[bool, typer.Option("--no-prefect", help="Leave out how soon and how fast Prefect does jobs.")]
_QUICK = Sizes(
    open_cases=500, cases=3, samples=3, jobs_at_once=20, deadlines=50, messages=200, open_deadlines=10_000, trickle=20,
    persons=2_000, planted=200, events=5_000, simulated=100,
)  # fmt: skip
_USUAL = Sizes(
    open_cases=10_000, cases=25, samples=10, jobs_at_once=200, deadlines=10_000, messages=2_000,
    open_deadlines=200_000, trickle=100, persons=10_000, planted=400, events=50_000,
    simulated=1_000,
)  # fmt: skip
_WHOLE = replace(
    _USUAL, samples=20, open_deadlines=1_000_000, trickle=200, persons=50_000, planted=1_000, events=200_000
)


@in_words
def bench(
    as_json: Json = False,  # noqa: FBT002 - flags
    cases: Cases = _USUAL.open_cases,
    quick: Quick = False,  # noqa: FBT002 - flags
    whole: Whole = False,  # noqa: FBT002 - flags
    no_prefect: NoPrefect = False,  # noqa: FBT002 - flags
) -> None:
    """Measure people's steps against raw SQL, how soon automatic work begins, how late deadlines fire, who is found."""
    sizes = _QUICK if quick else replace(_WHOLE if whole else _USUAL, open_cases=cases)
    report = run_bench(sizes, with_prefect=not no_prefect, says=lambda what: typer.echo(f"{what} …", err=True))
    show(report.as_json(), as_json=as_json, words=lambda: _words(report))


def _words(report: BenchReport) -> str:
    facts = ", ".join(f"{name} {value}" for name, value in report.machine.items())
    return "\n".join([facts, *(f"{one.value:10.2f} {one.unit:8} {one.name}" for one in report.figures)])


if __name__ == "__main__":
    typer.run(bench)
