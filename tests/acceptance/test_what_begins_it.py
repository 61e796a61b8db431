"""A limit counts from what began it, in whichever order things come, and what a later answer brings opens again."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.core import commands as cm
from engine.core.records import Scalar, StepStatus
from tests.acceptance.core_story import CoreCase
from tests.kit.shipped import shipped

OPENED = datetime(2026, 3, 7, 13, 10, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def _case(workflow: str, *left: str, child: str = "yes") -> CoreCase:
    """Open a case in which the team leaves some steps alone, and the intake to begin with."""
    place = "NP" if workflow == "led-from-nepal" else "IN-AS"
    return CoreCase(
        workflow=shipped(workflow), opened_at=OPENED, jurisdiction=place, left=frozenset({"intake", *left}),
        report={"is_child_suspected": child, "concern": "child_labour"},
    )  # fmt: skip


def _end(case: CoreCase, key: str, **answers: Scalar) -> None:
    case.do(cm.CompleteStep(case.reach(key).id, "done", case.now, outputs=answers))


def _law_and_time(case: CoreCase, key: str) -> tuple[str | None, timedelta]:
    """Return the law of a step's limit, and when it is due, from the report."""
    found = next(one for one in case.state.deadlines.values() if one.key == key)
    return found.law, found.due_at - OPENED


CARE = ["child-labour", "child-sexual-exploitation", "adult-exploitation", "bonded-labour", "led-from-nepal"]


@pytest.mark.parametrize("name", [*CARE, "stopped-on-the-way"])
@pytest.mark.parametrize("at_hand", [True, False, None])
def test_whoever_is_in_care_has_first_needs_from_the_report_and_once(name: str, *, at_hand: bool | None) -> None:
    case = _case(name, "triage", "in_care", "stop")
    case.until(OPENED + HOUR / 4)
    _end(case, "intake", **({} if at_hand is None else {"at_hand": at_hand}), immediate_danger=False)
    ready = {step.key for step in case.ready()}
    assert ("in_care" in ready) is bool(at_hand)
    if not at_hand:
        return
    assert _law_and_time(case, "in_care") == (None, 2 * HOUR)
    _end(case, "in_care")
    _end(case, "triage", decision="protect", risk_level="high")
    assert {"taken_charge", "rescue"}.isdisjoint({step.key for step in case.ready()})


@pytest.mark.parametrize(("at_hand", "danger", "hours"), [
    (True, False, 4), (True, True, 1), (False, False, 1), (None, False, 1),
])  # fmt: skip
def test_a_child_at_work_is_decided_on_in_an_hour_unless_they_are_in_care(
    *, at_hand: bool | None, danger: bool, hours: int
) -> None:
    case = _case("child-labour", "triage")
    _end(case, "intake", **({} if at_hand is None else {"at_hand": at_hand}), immediate_danger=danger)
    assert _law_and_time(case, "triage") == (None, hours * HOUR)


def test_nobody_is_rescued_who_is_in_care_but_those_who_are_still_there_are() -> None:
    case = _case("child-labour", "triage", "rescue")
    _end(case, "intake", at_hand=True, immediate_danger=False)
    _end(case, "fir", refused=False)
    assert "rescue" not in {step.key for step in case.ready()}, "the report to the police alone opens no rescue"
    _end(case, "triage", decision="rescue", risk_level="high")
    assert "rescue" in {step.key for step in case.ready()}
    assert _law_and_time(case, "rescue") == ("IN-BL-ENQ", 48 * HOUR)


def test_the_day_of_the_police_counts_from_the_talk_that_shows_the_crime() -> None:
    case = _case("child-labour", "triage", "fir", "identify")
    _end(case, "intake", at_hand=True, immediate_danger=False)
    assert _law_and_time(case, "fir") == ("IN-FIR-REG", 24 * HOUR)
    _end(case, "triage", decision="protect", risk_level="high", talk_first=True)
    assert not any(one.key == "fir" for one in case.state.deadlines.values()), "nothing is known to register yet"
    case.until(OPENED + 50 * HOUR)
    _end(case, "identify", status="actual")
    assert _law_and_time(case, "fir") == ("IN-FIR-REG", 74 * HOUR)


@pytest.mark.parametrize("told", [True, False, None])
def test_what_a_child_tells_in_counselling_is_reported_from_then(*, told: bool | None) -> None:
    at_once, then = ("later_report", "later_medical"), ("later_support", "later_statement")
    case = _case("child-labour", "counselling", "chargesheet", *at_once, *then)
    _end(case, "intake", immediate_danger=True)
    case.reach("counselling")
    _end(case, "counselling", **({} if told is None else {"told_more": told}))
    assert {step.key for step in case.ready()} & {*at_once, *then} == (set(at_once) if told else set())
    if not told:
        return
    since = case.now - OPENED
    laws = [("IN-POCSO-24H-REPORT", since + DAY), ("IN-POCSO-24H-MED", since + DAY), *[(None, since + 7 * DAY)] * 2]
    assert [_law_and_time(case, key) for key in (*at_once, *then)] == laws
    _end(case, "later_report")
    assert set(then) <= {step.key for step in case.ready()}
    assert _law_and_time(case, "chargesheet")[0] == "IN-INV-2M"


@pytest.mark.parametrize("shows", [True, False])
def test_whoever_is_stopped_is_told_to_the_police_from_the_report_or_from_the_talk(*, shows: bool) -> None:
    case = _case("stopped-on-the-way", "stop", "fir")
    _end(case, "intake")
    case.until(OPENED + 5 * HOUR)
    _end(case, "stop", shows=shows, someone_gone=False)
    assert _law_and_time(case, "fir") == ("IN-FIR-REG", (29 if shows else 24) * HOUR)


@pytest.mark.parametrize("country", ["IN", "NP"])
def test_the_home_of_an_adult_within_the_country_is_looked_at_in_two_weeks(country: str) -> None:
    case = _case("stopped-on-the-way", "stop", "home_report", child="no")
    _end(case, "intake")
    case.answers = {"stop": {"from": country}}
    _end(case, "stop", shows=False, someone_gone=False, **{"from": country})
    stopped = case.now - OPENED
    case.reach("home_report")
    _, due = _law_and_time(case, "home_report")
    assert (due == stopped + 15 * DAY) is (country == "IN")


@pytest.mark.parametrize("look", [True, False])
def test_each_bonded_labourer_is_heard_and_says_whether_a_home_is_looked_at_first(*, look: bool) -> None:
    case = _case("bonded-labour", "heard", "certificate", "home_report")
    _end(case, "intake")
    case.reach("heard")
    rescued = _law_and_time(case, "heard")[1] - DAY
    assert _law_and_time(case, "certificate") == ("IN-BL-ORDER", rescued + DAY)
    case.until(OPENED + rescued + 6 * HOUR)
    _end(case, "heard", look_first=look, signs_later=True)
    assert _law_and_time(case, "certificate") == ("IN-BL-ORDER", rescued + 30 * HOUR)


@pytest.mark.parametrize("crosses", ["across", "within", "not_known"])
def test_an_adult_is_taken_home_within_the_country_too_by_one_decision(crosses: str) -> None:
    case = _case("forced-marriage", "border", "home_within", "nationality_request")
    case.report = {"is_child_suspected": "no", "concern": "early_marriage"}
    _end(case, "intake")
    _end(case, "border", crosses=crosses)
    ready = {step.key for step in case.ready()}
    assert ("home_within" in ready, "nationality_request" in ready) == (crosses != "across", crosses == "across")


@pytest.mark.parametrize("abused", [True, False])
def test_whoever_is_found_abused_sees_a_doctor_and_the_police_there_register_it(*, abused: bool) -> None:
    case = _case("missing-child", "out_lead", "out_rescue", "out_medical", "out_fir", "out_showed", "out_chargesheet")
    _end(case, "intake")
    _end(case, "out_lead", at_work=False, abused=abused)
    _end(case, "out_rescue")
    rescued = case.now - OPENED
    assert _law_and_time(case, "out_fir") == ("IN-FIR-REG", rescued + DAY)
    ready = {step.key for step in case.ready()}
    assert {"out_medical", "out_showed"} & ready == ({"out_medical", "out_showed"} if abused else set())
    _end(case, "out_fir", refused=False)
    assert _law_and_time(case, "out_chargesheet")[0] == ("IN-INV-2M" if abused else "IN-DEFAULT-BAIL")


@pytest.mark.parametrize("goes_on", [True, False])
def test_a_further_charge_sheet_follows_where_the_investigation_goes_on(*, goes_on: bool) -> None:
    case = _case("child-labour", "chargesheet", "further_charges")
    _end(case, "intake")
    _end(case, "chargesheet", goes_on=goes_on)
    further = case.step("further_charges")
    assert further is not None
    assert (further.status is StepStatus.READY) is goes_on


@pytest.mark.parametrize("before", [True, False])
def test_whoever_agreed_before_they_were_out_is_asked_again_once_they_are_safe(*, before: bool) -> None:
    case = _case("forced-marriage", "consent", "consent_again")
    case.report = {"is_child_suspected": "no", "concern": "early_marriage"}
    _end(case, "intake")
    assert "consent" in {step.key for step in case.ready()}
    if before:
        _end(case, "consent")
    case.reach("identify")
    assert ("consent_again" in {step.key for step in case.ready()}) is before


@pytest.mark.parametrize("examined", [True, False])
@pytest.mark.parametrize("name", ["forced-marriage", "adult-exploitation"])
def test_whoever_was_examined_after_a_rape_has_an_investigation_of_two_months(name: str, *, examined: bool) -> None:
    case = _case(name, "medical", "chargesheet")
    case.report = {"is_child_suspected": "no", "concern": "early_marriage"}
    _end(case, "intake")
    _end(case, "fir", refused=False)
    medical = case.reach("medical")
    case.do(cm.CompleteStep(medical.id, "done" if examined else "refused_by_person", case.now, outputs={}))
    assert _law_and_time(case, "chargesheet")[0] == ("IN-INV-2M" if examined else "IN-DEFAULT-BAIL")


@pytest.mark.parametrize("asks", [True, False])
def test_a_child_in_care_elsewhere_has_the_times_of_the_committee_that_asks(*, asks: bool) -> None:
    case = _case("coming-home", "home_report", "production")
    case.report = {"is_child_suspected": "yes", "concern": "coming_home"}
    _end(case, "intake", committee_asks=asks)
    law, due = _law_and_time(case, "home_report")
    assert (law, due) == ("IN-JJ-SIR-15D" if asks else None, 15 * DAY)
    _end(case, "home_report", recommendation="safe")
    case.reach("production")
    assert _law_and_time(case, "production")[0] == ("IN-JJ-PROD-24H" if asks else None)
