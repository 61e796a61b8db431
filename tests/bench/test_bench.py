"""The benchmark runs, and says on what machine; no test asks how quick it was."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench import growth
from tests.bench.deadlines import fire_at_once
from tests.bench.report import BenchReport, Sizes, run_bench
from tests.bench.workload import Scratch

pytestmark = pytest.mark.long

FEW = Sizes(open_cases=20, cases=1, samples=2, jobs_at_once=3, deadlines=4)
PEOPLE = ["steps/s"] * 3 + ["times", "times", "ms", "ms"]
FIRING = ["s", "messages/s", "s", "s", *(["%", "%", "ms", "ms"] * 2), "rows/s", "ms", "s"]


@pytest.mark.faults
@pytest.mark.parametrize(
    ("with_prefect", "units"),
    [(False, [*PEOPLE, *FIRING]), (True, [*PEOPLE, "s", "s", "tasks/s", *FIRING])],
)
def test_the_benchmark_gives_every_figure_and_the_machine(
    quick_bench: Scratch, *, with_prefect: bool, units: list[str]
) -> None:
    report = run_bench(FEW, with_prefect=with_prefect, scratch=quick_bench)
    assert set(report.machine) == {"cores", "load", "python", "postgresql"}
    assert all(figure.value > 0 for figure in report.figures)
    assert [figure.unit for figure in report.figures] == units
    assert _is_all_done(report, with_prefect=with_prefect)


def test_the_growth_curves_are_drawn_with_each_point(
    quick_bench: Scratch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    growth.main(tmp_path / "growth.svg", sizes=((3, 5), (10, 20), (1, 2)), scratch=quick_bench)
    told = json.loads(capsys.readouterr().out)
    assert [[x for x, _ in curve["points"]] for curve in told["curves"]] == [[1, 2], [10, 20], [3, 5]]
    assert (tmp_path / "growth.svg").read_text(encoding="utf-8").count("<circle") == 6


def test_every_deadline_that_is_due_at_one_instant_is_recorded_and_escalated(quick_bench: Scratch) -> None:
    with quick_bench() as bench:
        assert fire_at_once(bench, deadlines=7).count == 7


def test_the_command_takes_the_options_that_the_page_of_measures_tells_of() -> None:
    root = Path(__file__).parents[2]
    page = (root / "docs" / "reference" / "measures.md").read_text(encoding="utf-8")
    help_text = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--help"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    options = set(re.findall(r"--[a-z][a-z-]+", help_text)) - {"--help"}
    assert options == set(re.findall(r"^\| `(--[a-z-]+)", page, re.MULTILINE))


def _is_all_done(report: BenchReport, *, with_prefect: bool) -> bool:
    names = [figure.name for figure in report.figures]
    jobs = f"Prefect tasks, {FEW.jobs_at_once} jobs due at once"
    return f"{FEW.deadlines} deadlines due at one instant, recorded and escalated" in names and (
        jobs in names or not with_prefect
    )
