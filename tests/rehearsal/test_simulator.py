"""A simulation tells what stories tell, and goes from a report to the closing of its case."""

from collections import Counter
from collections.abc import Iterable
from cProfile import Profile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pstats import Stats
from random import Random
from typing import Any

import pytest

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.compiled import CompiledWorkflow, compile_workflow
from engine.core.origins import line_of_event, line_of_step
from engine.core.records import TELLS, AddedStep, Origin
from engine.language.workflow import Workflow
from engine.plugin.registry import RegistryCatalogue
from engine.rehearsal.drawn import Simulated, SimulatedFacts, SimulatedReport, drawn_facts
from engine.rehearsal.simulator import begun, simulate
from tests.kit.shipped import CASES, library, registry, shipped

REPORT = SimulatedReport(
    {"is_child_suspected": "yes", "immediate_danger": True}, datetime(2026, 3, 7, 13, 10, tzinfo=UTC), "IN-AS"
)
NAMES = sorted(path.stem for path in CASES.glob("*.yaml"))


@pytest.mark.long
@pytest.mark.parametrize("seeds", [range(2), pytest.param(range(2, 20), marks=pytest.mark.faults)])
@pytest.mark.parametrize("name", NAMES)
def test_a_simulated_case_closes_or_says_what_it_waits_for(name: str, seeds: range) -> None:
    for seed in seeds:
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


def _chance(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - nothing secret


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
    told = facts.told_by(info, "person:1", _chance(1))
    assert {name.removeprefix(TELLS) for name in told} == set(info.tells)
    assert all(told[f"{TELLS}{name}"] in choices for name, choices in info.tells.items() if choices)
    assert told == facts.told_by(info, "person:1", _chance(2))


def test_a_rough_case_tells_only_most_of_it() -> None:
    info = RegistryCatalogue(registry()).find("policing.fir")
    facts = _drawn("yes", rough=True)
    counts = Counter(name for seed in range(200) for name in facts.told_by(info, "", _chance(seed)))
    assert all(120 < counts[f"{TELLS}{name}"] < 200 for name in info.tells)


@pytest.mark.parametrize(("child", "never"), [("yes", "false"), ("no", "true")])
def test_the_law_on_children_holds_for_those_who_are_children(child: str, never: str) -> None:
    reports = [SimulatedReport({"is_child_suspected": child}, AT, "IN-AS")] * 30
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


BY_ITSELF = (
    cm.StartRun, cm.CompleteStep, cm.ApproveStep, cm.BringFollowUps, cm.FireDeadline, cm.RecordFact
)  # fmt: skip
FOLLOWED = ("trafficking-base", "missing-adult", "compensation")


def _rough(workflow: CompiledWorkflow, seed: int) -> Simulated:
    return simulate(workflow, library(), _report("unsure"), seed=seed, rough=True)


def _without_follow_ups(name: str) -> CompiledWorkflow:
    whole = shipped(name).workflow.model_copy(update={"is_whole": True})
    return compile_workflow(whole, RegistryCatalogue(registry()))


@pytest.mark.parametrize("name", FOLLOWED)
def test_what_answers_bring_is_simulated_under_the_name_of_its_line(name: str) -> None:
    workflow = shipped(name)
    brought = {one.step for seed in range(6) for one in _rough(workflow, seed).happenings if " of " in one.step}
    assert len(brought) > 5
    for line in brought:
        follow_up, _, step = line.partition(" of ")
        declared = workflow.steps[step].follow_ups if step in workflow.steps else workflow.follow_ups[step]
        assert follow_up in {one.name for one in declared}
    assert not any(" of " in one.step for one in _rough(_without_follow_ups(name), 1).happenings)


@pytest.mark.long
@pytest.mark.parametrize("name", FOLLOWED)
def test_what_follows_multiplies_the_work_of_a_simulation_by_no_more_than_four(name: str) -> None:
    plain, whole = (_calls(one) for one in (_without_follow_ups(name), shipped(name)))
    assert plain < whole < 4 * plain, "calls of Python"


def _calls(workflow: CompiledWorkflow) -> int:
    _rough(workflow, 0)
    with Profile() as counted:
        for seed in range(4):
            _rough(workflow, seed)
    return int(Stats(counted).total_calls)  # type: ignore[attr-defined]


BROUGHT = (
    ev.StepOpened, ev.StepHeld, ev.StepScheduled, ev.StepSkipped, ev.DeadlineSet, ev.DeadlineMoved, ev.DeadlineWarned,
    ev.DeadlineBreached, ev.LevelRaised, ev.LevelMissed,
)  # fmt: skip
PEOPLES = (cm.AddStep, cm.CancelStep, cm.AddPerson)


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_each_step_limit_and_level_of_a_simulated_case_is_a_line_of_its_definition(name: str) -> None:
    """A person adds a step that the workflow may have, or calls one off: nothing else comes from nowhere."""
    for seed in (3, 4):
        run = begun(shipped(name), library(), _report("unsure"), seed=seed, rough=True)
        run.go()
        definitions = {run.workflow.content_hash: run.workflow}
        events = [one for one in run.events if isinstance(one, BROUGHT)]
        lines = {str(line_of_event(one, run.state, definitions, library())) for one in events}
        assert "None" not in lines
        about = {str(one.deadline.id) for one in events if isinstance(one, ev.DEADLINE_EVENTS)}
        assert {one.about or one.rule for one in run.told} <= about | {f"{key}, approval" for key in run.workflow.steps}
        assert any("follow_ups" in one for one in lines) or len(lines) < 40
        assert {type(one) for _, one in run.commands} <= {*PEOPLES, *BY_ITSELF}


def test_a_step_that_nobody_declares_has_no_line() -> None:
    run = begun(shipped("training"), library(), _report("unsure"), seed=3)
    definitions = {run.workflow.content_hash: run.workflow}
    [first, *_] = run.state.steps.values()
    line = line_of_step(first, run.state, definitions, library())
    assert line is not None
    assert line.place == f"steps.{first.key}"
    origin = Origin(definition=run.workflow.content_hash, step=first.key, follow_up="nothing_of_the_sort")
    added = AddedStep(uses="core.ask", title="Ask", origin=origin)
    for brought in (added, added.model_copy(update={"origin": None})):
        step = first.model_copy(update={"added": brought})
        assert line_of_step(step, run.state, definitions, library()) is None


def _small(again: dict[str, Any], **last: Any) -> CompiledWorkflow:
    steps = {
        "talk": {"uses": "core.ask", "follow_ups": {"again": again}},
        "last": {"uses": "core.ask", "after": "talk", "time": {"limit": "P300D"}, **last},
    }
    said = {"workflow": "small", "version": 1, "title": "Small", "steps": steps, "is_whole": True}
    said["follow_ups"] = {"core.ask": {"again": again}}
    return compile_workflow(Workflow.model_validate(said), RegistryCatalogue(registry()))


def test_a_series_that_never_ends_by_itself_is_ended_by_people_and_with_its_case() -> None:
    for seed in range(8):
        done = simulate(_small({"uses": "core.ask", "limit": "P1D"}), library(), REPORT, seed=seed)
        rounds = [one for one in done.happenings if one.what == "ended" and one.step.startswith("again of")]
        assert done.closed_at is not None
        assert 0 < len(rounds) <= 3


def test_a_case_ends_every_other_step_alike_when_one_limit_is_another() -> None:
    talk = {"uses": "core.ask", "limit": "P1D"}
    one, other = (
        simulate(_small(talk, time={"limit": length}), library(), REPORT, seed=5) for length in ("P300D", "P200D")
    )
    first, second = ([line for line in done.happenings if line.step != "last" and line.step] for done in (one, other))
    assert first == second
    assert one.closed_at != other.closed_at
