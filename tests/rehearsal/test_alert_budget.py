"""Nobody is drowned in messages: a shipped workflow keeps to its budget, and a louder ladder shows in it."""

from dataclasses import replace
from statistics import median

import pytest

from engine.language.ladders import LevelRepeat
from engine.language.limits import TimeLimit
from engine.rehearsal.many_cases import AlertBudget, alert_budget
from engine.rehearsal.simulated import SimulatedReport
from engine.rehearsal.simulator import simulate
from tests.acceptance.shipped_files import CASES, library, shipped
from tests.rehearsal.test_simulator import REPORT

pytestmark = pytest.mark.long

CASE_NAMES = sorted(path.stem for path in CASES.glob("*.yaml"))
MOST_A_DAY = 10


def budget(name: str, **more: int) -> AlertBudget:
    place = next(iter(shipped(name).workflow.jurisdictions), "IN")
    return alert_budget(shipped(name), library(), jurisdiction=place, **more)


@pytest.mark.parametrize("name", CASE_NAMES)
def test_a_shipped_workflow_gives_nobody_more_than_ten_messages_a_day_that_are_not_critical(name: str) -> None:
    found, *others = (budget(name, seed=seed) for seed in (1, 2, 3))
    assert found.open_cases == 200
    worst = median(one.sent.worst for one in (found, *others))
    assert 0 < worst <= MOST_A_DAY, found.rules
    assert median(one.in_app.worst for one in (found, *others)) <= MOST_A_DAY
    assert found.sent.median <= found.sent.p95 <= found.sent.worst
    assert list(found.rules.values()) == sorted(found.rules.values(), reverse=True)


def test_the_same_seed_gives_the_same_budget() -> None:
    assert budget("reported-concern", seed=3) == budget("reported-concern", seed=3)


def test_more_open_cases_mean_more_messages() -> None:
    few, many = budget("reported-concern", open_cases=50), budget("reported-concern", open_cases=1000)
    assert sum(few.rules.values()) < sum(many.rules.values())
    assert few.sent.worst < many.sent.worst


def test_a_ladder_that_repeats_shows_in_the_budget_under_its_name() -> None:
    name = "ladder standard, level 1"
    standard = library().ladders["standard"]
    nagging = standard.levels[0].model_copy(update={"repeat": LevelRepeat(every=TimeLimit("PT30M"), times=40)})
    levels = (nagging, *standard.levels[1:])
    ladders = {**library().ladders, "standard": standard.model_copy(update={"levels": levels})}
    louder = alert_budget(shipped("reported-concern"), replace(library(), ladders=ladders), jurisdiction="IN")
    assert louder.rules[name] > 3 * budget("reported-concern").rules[name]
    assert louder.sent.worst > MOST_A_DAY


def test_a_simulated_person_is_told_of_each_breach_of_their_step() -> None:
    report = SimulatedReport(REPORT.answers, REPORT.opened_at, REPORT.jurisdiction)
    done = simulate(shipped("reported-concern"), library(), report, seed=5, late=1.0)
    breached = [one.step for one in done.happenings if one.what == "breached"]
    assert breached
    assert sorted(breached) == sorted(one.rule.partition(",")[0] for one in done.told if one.rule.endswith("overdue"))
    on_time = simulate(shipped("reported-concern"), library(), report, seed=5, late=0.0)
    assert [one for one in on_time.told if one.rule.endswith("overdue")] == []
