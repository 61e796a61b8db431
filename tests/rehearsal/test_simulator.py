"""A simulation tells what stories tell, and goes from a report to the closing of its case."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from engine.core.law.told import TELLS
from engine.definitions.catalogue import RegistryCatalogue
from engine.rehearsal.simulated import SimulatedFacts, SimulatedReport, drawn_facts
from engine.rehearsal.simulator import simulate
from tests.kit.shipped import CASES, library, registry, shipped

REPORT = SimulatedReport(
    {"is_child_suspected": "yes", "immediate_danger": True}, datetime(2026, 3, 7, 13, 10, tzinfo=UTC), "IN-AS"
)
NAMES = sorted(path.stem for path in CASES.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_a_simulated_case_closes_or_says_what_it_waits_for(name: str) -> None:
    for seed in range(20):
        done = simulate(shipped(name), library(), REPORT, seed=seed)
        assert (done.closed_at is None) == bool(done.waits_for)
        assert list(done.happenings) == sorted(done.happenings, key=lambda one: one.at)


def test_the_same_seed_gives_the_same_simulation() -> None:
    first, second = (simulate(shipped("reported-concern"), library(), REPORT, seed=7) for _ in range(2))
    assert first == second


def test_a_breach_is_told_for_each_step_that_ends_after_its_due_time() -> None:
    found = [
        one
        for seed in range(20)
        for one in simulate(shipped("reported-concern"), library(), REPORT, seed=seed).happenings
    ]
    assert {"opened", "due", "ended", "breached", "level", "closed"} <= {one.what for one in found}
    assert max(one.at for one in found) - REPORT.opened_at < timedelta(days=5 * 366)


AT = datetime(2026, 3, 7, 13, 10, tzinfo=UTC)
CODES_CHANGED = date(2024, 7, 1)
TELLING = sorted(
    key for key in registry().step_types if (info := RegistryCatalogue(registry()).find(key)) and info.tells
)


def _drawn(child: str, seed: int = 3, *, rough: bool = False) -> SimulatedFacts:
    return drawn_facts({"is_child_suspected": child}, ("person:1", "person:2"), AT, seed=seed, rough=rough)


def _judged(law: str, reports: Iterable[SimulatedReport], workflow: str = "trafficking-base") -> Counter[str]:
    counts: Counter[str] = Counter()
    for seed, report in enumerate(reports):
        counts.update(simulate(shipped(workflow), library(), report, seed=seed).laws.get(law, {}))
    return counts


@pytest.mark.parametrize(("child", "youngest", "oldest"), [("yes", 4, 17), ("no", 18, 60), ("unsure", 12, 25)])
def test_the_ages_fit_what_the_report_says(child: str, youngest: int, oldest: int) -> None:
    ages = {person.age for seed in range(60) for person in _drawn(child, seed).people.values()}
    assert min(ages) >= youngest
    assert max(ages) <= oldest
    assert len(ages) > 5


def test_the_offence_was_before_the_report_under_either_code() -> None:
    days = [_drawn("yes", seed).offence_on for seed in range(80)]
    assert max(days) <= AT.date()
    assert min(days) < CODES_CHANGED < max(days)


@pytest.mark.parametrize("key", TELLING)
def test_whatever_a_step_type_may_tell_is_told_and_is_one_of_its_choices(key: str) -> None:
    info = RegistryCatalogue(registry()).find(key)
    facts = replace(_drawn("yes"), people={"person:1": replace(_drawn("yes").people["person:1"], sex="female")})
    told = facts.told_by(info, "person:1")
    assert {name.removeprefix(TELLS) for name in told} == set(info.tells)
    assert all(told[f"{TELLS}{name}"] in choices for name, choices in info.tells.items() if choices)
    assert told == facts.told_by(info, "person:1")


def test_a_rough_case_tells_only_most_of_it() -> None:
    info = RegistryCatalogue(registry()).find("policing.fir")
    facts = _drawn("yes", rough=True)
    counts = Counter(name for _ in range(200) for name in facts.told_by(info, ""))
    assert all(120 < counts[f"{TELLS}{name}"] < 200 for name in info.tells)


@pytest.mark.parametrize(("child", "never"), [("yes", "false"), ("no", "true")])
def test_the_law_on_children_holds_for_those_who_are_children(child: str, never: str) -> None:
    reports = [SimulatedReport({"is_child_suspected": child}, AT, "IN-AS")] * 12
    counts = _judged("IN-JJ-PROD-24H", reports)
    assert counts[never] == 0
    assert counts["true" if never == "false" else "false"] > 0


def test_the_production_of_somebody_of_age_has_no_limit_by_the_law_on_children() -> None:
    found = {"yes": 0, "no": 0}
    for child in found:
        for seed in range(12):
            done = simulate(shipped("trafficking-base"), library(), _report(child), seed=seed)
            ends = {one.step: one.at for one in done.happenings if one.what == "ended"}
            out = [ends[key] for key in ("rescue", "taken_charge") if key in ends]
            if "production" in ends and ends["triage"] < min(out):
                is_due = any((one.what, one.step) == ("due", "production") for one in done.happenings)
                assert is_due == (child == "yes")
                found[child] += 1
    assert min(found.values()) > 0


def test_an_offence_before_the_new_code_leaves_out_what_only_the_new_code_has() -> None:
    told: set[bool] = set()
    for seed in range(30):
        report = _report("yes")
        is_new = drawn_facts(report.answers, (), AT, seed=seed, rough=False).offence_on >= CODES_CHANGED
        judged = simulate(shipped("trafficking-base"), library(), report, seed=seed).laws["IN-VICTIM-90D"]
        assert judged == {"true" if is_new else "false": 1}
        told.add(is_new)
    assert told == {True, False}


def _report(child: str) -> SimulatedReport:
    return SimulatedReport({"is_child_suspected": child}, AT, "IN-AS")
