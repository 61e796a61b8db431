"""The benchmark runs, and says on what machine; no test asks how quick it was."""

from engine.bench.report import run_bench


def test_the_benchmark_gives_every_figure_and_the_machine() -> None:
    report = run_bench(open_cases=20, cases=1)
    assert {"cores", "load", "python", "postgresql"} == set(report.machine)
    assert all(figure.value > 0 for figure in report.figures)
    assert [figure.unit for figure in report.figures] == ["steps/s"] * 3 + ["times", "ms", "ms"]
