"""A case led from a neighbour asks for what is done in India when the person is there, and for nothing else."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from engine.core import commands as cm
from engine.core.records import Scalar, Step, StepStatus
from tests.acceptance.core_story import CoreCase
from tests.kit.shipped import shipped

OPENED = datetime(2026, 3, 7, 13, 10, tzinfo=UTC)
NAMES = {"led-from-nepal": "NP", "led-from-bangladesh": "BD", "led-from-myanmar": "MM"}
LOOKED = {StepStatus.SKIPPED, StepStatus.CANCELLED}
FOR_ANYBODY = {"fir_there", "chargesheet_there", "news_there", "claim_there", "statement_there", "testimony"}
FOR_A_CHILD = {"production", "showed"}
FOR_AN_ADULT = {"heard"}
_ON_THE_WAY = {"stop_bed", "stop_health", "checkin"}
IN_INDIA = FOR_ANYBODY | FOR_A_CHILD | FOR_AN_ADULT | {"medical", "custody", "interim", "award_there", "refusal_there"}


def _case(name: str, *left: str, child: str = "yes", concern: str = "sexual_exploitation") -> CoreCase:
    return CoreCase(
        workflow=shipped(name), opened_at=OPENED, jurisdiction=NAMES[name], left=frozenset({"triage", "rescue", *left}),
        report={"is_child_suspected": child, "concern": concern},
    )  # fmt: skip


def _end(case: CoreCase, key: str, **answers: Scalar) -> Step:
    step = case.reach(key)
    case.do(cm.CompleteStep(step.id, "done", case.now, outputs=answers))
    return step


def _there(case: CoreCase) -> set[str]:
    """Name what is to be done in India, or was."""
    return {one.key for one in case.state.steps.values() if one.key in IN_INDIA and one.status not in LOOKED}


def _limits(case: CoreCase, *keys: str) -> Mapping[str, tuple[str | None, datetime]]:
    return {one.key: (one.law, one.due_at) for one in case.state.deadlines.values() if one.key in keys}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("told", [{}, {"in_india": False}])
def test_of_whoever_is_not_in_india_nothing_is_asked_there(name: str, told: dict[str, Scalar]) -> None:
    case = _case(name)
    _end(case, "triage", decision="rescue", **told)
    assert _there(case) == set()
    _end(case, "rescue", **told)
    case.until(case.now + timedelta(days=60))
    assert _there(case) == set()
    assert not {one.law for one in case.state.deadlines.values() if one.law and one.law.startswith("IN-")}


@pytest.mark.parametrize("name", NAMES)
def test_whoever_is_in_care_at_home_already_is_not_waited_for_elsewhere(name: str) -> None:
    case = _case(name, "intake")
    _end(case, "intake", at_hand=True, immediate_danger=False)
    _end(case, "triage", decision="protect")
    assert "place_known" not in case.live()
    assert _there(case) == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_child_found_in_india_has_the_committee_and_what_the_law_for_children_asks(name: str) -> None:
    case = _case(name, "production", "medical", "showed")
    _end(case, "triage", decision="rescue", in_india=True)
    _end(case, "rescue", in_india=True)
    out = case.now
    assert FOR_A_CHILD | {"medical"} <= _there(case)
    assert not FOR_AN_ADULT & _there(case)
    assert _limits(case, "production", "medical", "showed") == {
        "production": ("IN-JJ-PROD-24H", out + timedelta(days=1)),
        "medical": ("IN-POCSO-24H-MED", out + timedelta(days=1)),
        "showed": ("IN-POCSO-24H-REPORT", out + timedelta(days=1)),
    }


@pytest.mark.parametrize("name", NAMES)
def test_an_adult_found_in_india_is_heard_by_the_magistrate_and_free_after_ten_days(name: str) -> None:
    case = _case(name, "heard", "medical", "custody", child="no")
    _end(case, "triage", decision="rescue", in_india=True)
    _end(case, "rescue", in_india=True)
    out = case.now
    assert not FOR_A_CHILD & _there(case)
    assert _limits(case, "heard", "medical") == {
        "heard": ("IN-ITPA-FORTHWITH", out + timedelta(days=1)), "medical": ("IN-MED-RAPE", out + timedelta(days=1)),
    }  # fmt: skip
    _end(case, "heard", order_type="interim_custody")
    heard = case.now
    assert _limits(case, "custody") == {"custody": ("IN-ITPA-10D", heard + timedelta(days=10))}
    _end(case, "custody", inquiry=True)
    assert _limits(case, "custody_inquiry") == {"custody_inquiry": ("IN-ITPA-3W", case.now + timedelta(days=21))}


@pytest.mark.parametrize("abused", [True, False])
def test_whoever_worked_at_a_kiln_in_india_sees_a_doctor_of_the_police_only_if_they_could_be_abused(
    *, abused: bool
) -> None:
    case = _case("led-from-nepal", "medical", concern="forced_labour", child="no")
    _end(case, "triage", decision="rescue", in_india=True)
    _end(case, "rescue", in_india=True, abused=abused)
    assert ({"medical", "heard"} <= _there(case)) is abused
    assert "fir_there" in _there(case)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("first", ["rescue", "taken_charge"])
def test_whoever_flees_alone_is_out_by_themselves_or_taken_charge_of(name: str, first: str) -> None:
    case = _case(name, "intake", "taken_charge")
    _end(case, "intake", at_hand=False, immediate_danger=True)
    _end(case, "triage", decision="protect")
    assert {"rescue", "taken_charge"} <= {step.key for step in case.ready()}
    _end(case, first)
    case.until(case.now + timedelta(hours=1))
    assert not {"rescue", "taken_charge"} & {step.key for step in case.ready()}
    assert _limits(case, "identify") == {"identify": (None, case.now + timedelta(hours=71))}


@pytest.mark.parametrize("decision", ["return", "stay", "third_option"])
def test_whoever_goes_to_another_safe_place_is_handed_over_there(decision: str) -> None:
    case = _case("led-from-myanmar", "home_report", "decision", "handover")
    _end(case, "triage", decision="rescue")
    _end(case, "rescue")
    _end(case, "home_report", recommendation="unsafe")
    _end(case, "decision", decision=decision, wishes_return="no")
    assert ("handover" in {step.key for step in case.ready()}) is (decision == "third_option")


@pytest.mark.parametrize(("child", "law"), [("yes", "NP-STATEMENT"), ("no", None)])
def test_a_child_stopped_in_nepal_is_heard_a_day_after_that(child: str, law: str | None) -> None:
    case = _case("led-from-nepal", "intake", "stop", "fir", "statement", child=child, concern="stopped_on_the_way")
    _end(case, "intake")
    limits = _limits(case, "statement")
    assert limits == ({"statement": (law, OPENED + timedelta(days=1))} if law else {})


def test_a_child_of_nepal_found_in_india_has_help_and_is_heard_within_a_week_of_the_committee() -> None:
    case = _case("led-from-nepal", "production", "support", "statement_there")
    _end(case, "triage", decision="rescue", in_india=True)
    _end(case, "rescue", in_india=True)
    _end(case, "production")
    a_week = (None, case.now + timedelta(days=7))
    case.until(case.now + timedelta(days=4))
    assert _limits(case, "support", "statement_there") == {"support": a_week, "statement_there": a_week}


def test_who_is_found_in_india_though_nobody_had_thought_so_is_reported_there_from_the_rescue() -> None:
    case = _case("led-from-nepal", "fir_there")
    _end(case, "triage", decision="rescue")
    assert "fir_there" not in _there(case)
    _end(case, "rescue", in_india=True)
    assert _limits(case, "fir_there") == {"fir_there": ("IN-FIR-REG", case.now + timedelta(days=1))}


def test_what_shows_a_place_in_india_begins_the_time_of_the_police_there_before_anybody_is_out() -> None:
    case = _case("led-from-bangladesh", "fir_there", "evidence")
    _end(case, "triage", decision="rescue")
    _end(case, "evidence", in_india=True)
    shown = case.now
    case.until(shown + timedelta(hours=1))
    assert "fir_there" in {step.key for step in case.ready()}
    assert _limits(case, "fir_there") == {"fir_there": ("IN-FIR-REG", shown + timedelta(days=1))}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("concern", "is_bonded"), [("bonded_labour", True), ("domestic_work", False)])
def test_whoever_is_in_bonded_labour_in_india_is_out_two_days_after_the_plan_and_has_a_certificate_a_day_later(
    name: str, concern: str, *, is_bonded: bool
) -> None:
    case = _case(name, "plan", "certificate_there", child="no", concern=concern)
    _end(case, "triage", decision="rescue", in_india=True)
    _end(case, "plan")
    planned_at = case.now
    asked = ("IN-BL-ENQ", planned_at + timedelta(days=2)) if is_bonded else (None, OPENED + timedelta(days=14))
    assert _limits(case, "rescue") == {"rescue": asked}
    case.until(case.now + timedelta(hours=1))
    _end(case, "rescue", in_india=True)
    wanted = {"certificate_there": ("IN-BL-ORDER", case.now + timedelta(days=1))} if is_bonded else {}
    assert _limits(case, "certificate_there") == wanted


@pytest.mark.parametrize("shown_before", [True, False])
def test_the_statement_there_counts_from_the_report_there_unless_that_came_before_the_rescue(
    *, shown_before: bool
) -> None:
    case = _case("led-from-nepal", "evidence", "fir_there", "statement_there", child="no", concern="domestic_work")
    _end(case, "triage", decision="rescue", in_india=True)
    _end(case, "evidence", in_india=shown_before)
    _end(case, "rescue", in_india=True)
    out = case.now
    case.until(out + timedelta(hours=3))
    _end(case, "fir_there", refused=False)
    due_at = out + timedelta(days=14) if shown_before else case.now + timedelta(days=7)
    assert _limits(case, "statement_there") == {"statement_there": (None, due_at)}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("risk", "hours"), [("critical", 4), ("high", 24), ("medium", 72)])
def test_whoever_can_reach_the_person_is_asked_the_sooner_the_greater_the_danger_is(
    name: str, risk: str, hours: int
) -> None:
    case = _case(name, "refer")
    _end(case, "triage", decision="rescue", risk_level=risk)
    assert _limits(case, "refer") == {"refer": (None, case.now + timedelta(hours=hours))}


@pytest.mark.parametrize("asked", [True, False])
def test_an_embassy_that_is_asked_who_somebody_from_nepal_is_has_sixty_days_and_the_way_waits(*, asked: bool) -> None:
    left = ("identify", "nationality_request", "nationality_answer", "home_report", "decision")
    case = _case("led-from-nepal", *left, child="no", concern="domestic_work")
    _end(case, "triage", decision="rescue", in_india=True)
    _end(case, "rescue", in_india=True)
    out = case.now
    _end(case, "identify", papers_asked=asked)
    if not asked:
        assert "nationality_request" not in case.live()
        assert _limits(case, "home_report") == {"home_report": (None, out + timedelta(days=30))}
        return
    _end(case, "nationality_request")
    asked_at = case.now
    assert _limits(case, "home_report", "nationality_answer") == {
        "home_report": (None, asked_at + timedelta(days=30)),
        "nationality_answer": (None, asked_at + timedelta(days=60)),
    }
    _end(case, "home_report", recommendation="safe")
    assert "decision" not in {step.key for step in case.ready()}
    _end(case, "nationality_answer", result="confirmed")
    assert _limits(case, "decision") == {"decision": (None, case.now + timedelta(days=7))}


def test_the_month_of_the_next_news_begins_with_the_last_news() -> None:
    case = _case("led-from-bangladesh", "news", "news_monthly")
    case.until(OPENED + timedelta(days=3))
    _end(case, "news")
    told = case.now
    assert _limits(case, "news_monthly") == {"news_monthly": ("BD-UPDATE-1M", told.replace(month=told.month + 1))}


@pytest.mark.parametrize("name", NAMES)
def test_whoever_is_met_on_the_way_is_cared_for_from_the_talk_on_and_checks_in_if_they_travel_on(name: str) -> None:
    case = _case(name, "stop", "travel_check", "stop_bed", "stop_health", "checkin", concern="stopped_on_the_way")
    case.until(OPENED + timedelta(hours=1))
    _end(case, "stop")
    talked_at = case.now
    _end(case, "travel_check", goes_on=True)
    found = {one.key: one.due_at - talked_at for one in case.state.deadlines.values() if one.key in _ON_THE_WAY}
    assert found == {"stop_bed": timedelta(hours=4), "stop_health": timedelta(hours=24), "checkin": timedelta(days=7)}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("told", "is_looked_for"), [({"silent": True}, True), ({"silent": False}, False), ({}, False)])
def test_whoever_does_not_check_in_well_is_looked_for_within_four_hours(
    name: str, told: dict[str, Scalar], *, is_looked_for: bool
) -> None:
    case = _case(name, "stop", "travel_check", "checkin", "look_there", concern="stopped_on_the_way")
    _end(case, "stop")
    _end(case, "travel_check", goes_on=True)
    _end(case, "checkin", **told)
    asked_at = case.now
    found = [one.due_at - asked_at for one in case.state.deadlines.values() if one.key == "look_there"]
    assert found == ([timedelta(hours=4)] if is_looked_for else [])


@pytest.mark.parametrize("name", NAMES)
def test_nobody_is_met_on_the_way_where_the_report_is_about_something_else(name: str) -> None:
    case = _case(name)
    _end(case, "triage", decision="rescue")
    case.until(case.now + timedelta(days=20))
    met = {"stop", "travel_check", *_ON_THE_WAY}
    assert {one.status for one in case.state.steps.values() if one.key in met} <= {StepStatus.SKIPPED}
