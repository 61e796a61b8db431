"""What no child goes without: the ways, gates and series of the workflows for children, in the pure core."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from engine.core import commands as cm
from engine.core.records import Scalar, Step, StepStatus
from tests.acceptance.core_story import ACROSS, RUN, VICTIM, CoreCase
from tests.kit.shipped import shipped

OPENED = datetime(2026, 3, 7, 13, 10, tzinfo=UTC)
PATH = f"person:{VICTIM}"
Answers = Mapping[str, Mapping[str, Scalar]]
UNSAFE: Answers = {"home_report": {"recommendation": "unsafe"}}
PROTECT: Answers = {"triage": {"decision": "protect", "risk_level": "high"}}
FOR_A_CHILD = ("trafficking-base", "child-labour", "cross-border-child", "child-sexual-exploitation")


def _case(workflow: str, *left: str, answers: Answers | None = None, victims: int = 1) -> CoreCase:
    return CoreCase(
        workflow=shipped(workflow), opened_at=OPENED, jurisdiction="IN-AS", answers=answers or {}, victims=victims,
        left=frozenset(left),
    )  # fmt: skip


def _reach(case: CoreCase, key: str) -> Step:
    """Let the team work until a step that they leave has been reached."""
    for _ in range(500):
        if (step := case.step(key)) is not None:
            return step
        stops = [stop[0] for stop in case._stops()]
        undated = [step for step in case.undated() if step.key not in case.left]
        if undated:
            case.complete(undated[0])
        else:
            case.until(max(case.now, min(stops)))
    raise AssertionError(key)


def _end(
    case: CoreCase,
    key: str,
    outcome: str = "done",
    *,
    path: str | None = None,
    answers: Mapping[str, Scalar] | None = None,
) -> None:
    found = [one for one in case.ready() if one.key == key and path in {None, one.base_path}]
    case.do(cm.CompleteStep(found[0].id, outcome, case.now, outputs=answers or {}))


def _add(case: CoreCase, key: str, **outputs: Scalar) -> None:
    """Add a step for the child and do it."""
    case.do(cm.AddStep(RUN, key, path=PATH))
    _end(case, key, answers=outputs)


def _status(case: CoreCase, key: str) -> StepStatus | None:
    step = case.step(key)
    return step.status if step else None


# Nobody is taken to an unsafe home.


def test_a_plan_that_was_refused_opens_no_way() -> None:
    case = _case("missing-child", "handover", "elsewhere", answers=UNSAFE)
    assert _reach(case, "handover").gate == "handover-to-safe-home"
    _add(case, "other_plan", decision="no")
    case.do(cm.AddStep(RUN, "elsewhere", path=PATH))
    assert (_status(case, "handover"), _status(case, "elsewhere")) == (StepStatus.HELD, StepStatus.HELD)


def test_a_safe_life_elsewhere_opens_the_way_there_and_never_the_one_to_the_unsafe_home() -> None:
    case = _case("missing-child", "handover", "elsewhere", "visits", answers=UNSAFE)
    handover = _reach(case, "handover")
    _add(case, "other_plan", decision="yes")
    case.do(cm.AddStep(RUN, "elsewhere", path=PATH))
    assert (_status(case, "handover"), _status(case, "elsewhere")) == (StepStatus.HELD, StepStatus.READY)
    case.do(cm.CancelStep(handover.id, "called_off"))
    _end(case, "elsewhere", answers={"at": case.now})
    assert _status(case, "visits") is StepStatus.READY
    assert _status(case, "life_plan") is StepStatus.READY


def test_who_does_not_want_to_go_home_is_not_taken_there_by_a_plan_for_elsewhere() -> None:
    case = _case("missing-child", "handover")
    _reach(case, "identify")
    _add(case, "new_will", decision="no")
    assert _reach(case, "handover").gate == "handover-by-own-will"
    _add(case, "other_plan", decision="yes")
    assert _status(case, "handover") is StepStatus.HELD


@pytest.mark.parametrize("name", FOR_A_CHILD)
@pytest.mark.parametrize(("answer", "status"), [("no", StepStatus.HELD), ("yes", StepStatus.READY)])
def test_a_decision_against_the_home_report_needs_a_plan_that_was_agreed(
    name: str, answer: str, status: StepStatus
) -> None:
    case = _case(name, "decision", answers=UNSAFE)
    assert _reach(case, "decision").gate == "decision-needs-home-report"
    _add(case, "other_plan", decision=answer)
    assert _status(case, "decision") is status


@pytest.mark.parametrize(("answer", "status"), [("no", StepStatus.HELD), ("yes", StepStatus.READY)])
def test_a_decision_against_the_childs_will_needs_a_plan_that_was_agreed(answer: str, status: StepStatus) -> None:
    case = _case("trafficking-base", "decision")
    _reach(case, "safety")
    _add(case, "new_will", decision="no")
    assert _reach(case, "decision").gate == "decision-needs-own-will"
    _add(case, "other_plan", decision=answer)
    assert _status(case, "decision") is status


# A series goes on until nothing more is needed.


@pytest.mark.parametrize("outcome", ["blocked_by_other_body", "refused_by_person"])
@pytest.mark.parametrize(("name", "series"), [
    ("trafficking-base", "visits"), ("cross-border-child", "visits"), ("missing-child", "visits"),
    ("missing-child", "family"), ("cross-border-child", "family_news"),
])  # fmt: skip
def test_one_time_that_was_blocked_or_refused_ends_no_series_for_a_child(name: str, series: str, outcome: str) -> None:
    case = _case(name, series, "found", answers=ACROSS)
    if series == "visits":
        case.left = frozenset({"visits"})
    _reach(case, series)
    _end(case, series, outcome)
    assert _status(case, series) is StepStatus.SCHEDULED
    case.until(case.now + timedelta(days=32))
    _end(case, series, "not_needed")
    assert _status(case, series) is StepStatus.ENDED


def test_the_reports_of_the_unit_go_on_when_one_was_blocked() -> None:
    case = _case("missing-child", "found", "unit_report")
    _reach(case, "unit_report")
    _end(case, "unit_report", "blocked_by_other_body")
    assert _status(case, "unit_report") is StepStatus.SCHEDULED


@pytest.mark.parametrize(("outcome", "goes_on"), [
    ("blocked_by_other_body", True), ("refused_by_person", False), ("not_needed", False),
])  # fmt: skip
def test_an_adult_ends_the_visits_by_refusing_them_and_nobody_else_does(outcome: str, *, goes_on: bool) -> None:
    case = _case("adult-base", "visits")
    _reach(case, "visits")
    _end(case, "visits", outcome)
    assert (_status(case, "visits") is StepStatus.SCHEDULED) is goes_on


# Whoever is out already is taken charge of.


@pytest.mark.parametrize("name", FOR_A_CHILD)
def test_a_child_who_is_out_already_is_produced_within_a_day_of_being_taken_charge_of(name: str) -> None:
    case = _case(name, "taken_charge", "production", answers=PROTECT)
    _reach(case, "taken_charge")
    taken_at = case.now + timedelta(hours=1)
    case.until(taken_at)
    _end(case, "taken_charge")
    production = case.step("production")
    assert production is not None
    deadline = case.deadline(production)
    assert (deadline.law, deadline.started_at) == ("IN-JJ-PROD-24H", taken_at)
    assert deadline.due_at == taken_at + timedelta(hours=24)
    assert {"health", "safety", "consent", "identify"} <= case.live()
    for key in ("health", "safety", "consent", "identify"):
        step = case.step(key)
        assert step is not None
        limit = case.deadline(step)
        assert limit.started_at == taken_at


@pytest.mark.parametrize("name", [*FOR_A_CHILD, "adult-base", "adult-exploitation", "forced-scamming"])
def test_a_case_of_somebody_who_is_out_already_leaves_nothing_out_and_closes(name: str) -> None:
    case = _case(name, answers=PROTECT)
    case.finish()
    assert case.is_closed()
    assert _status(case, "rescue") in {StepStatus.SKIPPED, StepStatus.ENDED}
    for key in ("taken_charge", "health", "safety", "consent", "identify"):
        assert _status(case, key) is StepStatus.ENDED, key


def test_the_police_and_the_court_hear_of_a_child_who_is_out_already_within_a_day() -> None:
    case = _case("child-sexual-exploitation", "taken_charge", "notify", "medical", answers=PROTECT)
    _reach(case, "taken_charge")
    _end(case, "taken_charge")
    for key, law in (("notify", "IN-POCSO-24H-REPORT"), ("medical", "IN-POCSO-24H-MED")):
        step = case.step(key)
        assert step is not None
        deadline = case.deadline(step)
        assert (deadline.law, deadline.due_at) == (law, case.now + timedelta(hours=24))


@pytest.mark.parametrize("answers", [{}, PROTECT], ids=["rescue", "out already"])
def test_the_report_of_a_sexual_offence_runs_from_the_information_and_waits_for_no_rescue(answers: Answers) -> None:
    case = _case("child-sexual-exploitation", "pocso_report", "rescue", "taken_charge", answers=answers)
    deadline = case.deadline(_reach(case, "pocso_report"))
    assert (deadline.law, deadline.started_at) == ("IN-POCSO-24H-REPORT", OPENED)
    case.until(OPENED + timedelta(days=2))
    assert ("pocso_report", OPENED + timedelta(hours=24)) in case.breaches()


def test_the_time_of_a_child_who_is_out_does_not_wait_for_a_rescue_that_was_begun_before() -> None:
    case = _case("trafficking-base", "triage", "rescue", "taken_charge", "production", answers=PROTECT)
    _reach(case, "rescue")
    _end(case, "triage", answers=PROTECT["triage"])
    _end(case, "taken_charge")
    taken_at = case.now
    case.until(taken_at + timedelta(hours=5))
    _end(case, "rescue", "not_needed")
    production = case.step("production")
    assert production is not None
    deadline = case.deadline(production)
    assert deadline.due_at == taken_at + timedelta(hours=24)


# Each missing child has a search of their own.


def test_finding_one_child_ends_no_search_for_another() -> None:
    case = _case("missing-child", "production", "found", "out_lead", victims=2)
    _reach(case, "found")
    _end(case, "found", path=PATH)
    assert {step.base_path for step in case.ready() if step.key == "production"} == {PATH}
    searched = [one for one in case.state.deadlines.values() if one.key == "found"]
    assert [(one.law, one.path == PATH) for one in searched] == [("IN-MISS-4M", False)]
    [other] = [one.path for one in searched]
    case.until(case.now + timedelta(days=150))
    for key in ("transfer", "legal_aid", "unit_report"):
        opened = [step for step in case.state.steps.values() if step.key == key]
        assert {step.base_path for step in opened} == {other}, key
    family = {step.base_path: step for step in case.state.steps.values() if step.key == "family"}
    assert family[PATH].series_over
    assert not family[other].series_over
    assert _status(case, "closure") is None


def test_the_photo_of_the_child_who_was_found_is_taken_back_while_another_is_still_missing() -> None:
    answers: Answers = {"appeal": {"kind": "missing_appeal"}}
    case = _case("missing-child", "found", "take_back", victims=2, answers=answers)
    _reach(case, "found")
    _end(case, "appeal", answers=answers["appeal"])
    _end(case, "found", path=PATH)
    assert [step.base_path for step in case.ready() if step.key == "take_back"] == [PATH]


# The police refuse the report.


@pytest.mark.parametrize("name", ["missing-child", "identity-leak", "trafficking-base", "adult-base"])
def test_a_refusal_by_the_police_starts_the_way_to_the_superintendent_at_once(name: str) -> None:
    case = _case(name, "fir", "refusal")
    _reach(case, "fir")
    refused_at = case.now
    _end(case, "fir", answers={"refused": True})
    refusal = case.step("refusal")
    assert refusal is not None, "the work item stands in the same commit"
    assert refusal.status is StepStatus.READY
    deadline = case.deadline(refusal)
    assert (deadline.law, deadline.started_at, deadline.ladder) == ("IN-FIR-SP", refused_at, "police-refusal")
    case.until(refused_at + timedelta(hours=5))
    assert case.levels("refusal")[:2] == [(1, refused_at), (2, refused_at + timedelta(hours=4))]


# A platform had a time to take a leak down before 20 February 2026, too.


def test_a_leak_before_the_rules_changed_has_a_deadline_too() -> None:
    case = CoreCase(
        workflow=shipped("identity-leak"), opened_at=datetime(2026, 1, 10, 6, tzinfo=UTC), jurisdiction="IN-AS",
        report={"concern": "identity_leak"}, left=frozenset({"gone"}),
    )  # fmt: skip
    gone = _reach(case, "gone")
    deadline = case.deadline(gone)
    assert (deadline.law, deadline.limit) == ("IN-TAKEDOWN", "PT72H")
    case.until(deadline.due_at)
    assert case.breaches() == [("gone", deadline.due_at)]


def test_the_evidence_of_a_child_abused_online_counts_from_the_charge_sheet_until_the_court_takes_it_up() -> None:
    case = _case("online-abuse", "chargesheet", "cognizance", "testimony")
    _reach(case, "chargesheet")
    _end(case, "chargesheet")
    testimony = _reach(case, "testimony")
    deadline = case.deadline(testimony)
    assert deadline is not None
    assert (deadline.law, deadline.started_at) == ("IN-POCSO-EVID-30D", case.now)
    case.until(case.now + timedelta(days=10))
    _end(case, "cognizance")
    later = case.deadline(testimony)
    assert later is not None
    assert (later.law, later.started_at) == ("IN-POCSO-EVID-30D", case.now)
