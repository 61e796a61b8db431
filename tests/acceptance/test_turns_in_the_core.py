"""What is learned on the way opens what it asks for, each by its own law and for each person alone."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from engine.core import commands as cm
from engine.core.records import Scalar, Step, StepStatus
from tests.acceptance.core_story import CoreCase
from tests.kit.shipped import shipped

OPENED = datetime(2026, 3, 7, 13, 10, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PLACES = {"led-from-nepal": "NP", "led-from-bangladesh": "BD", "led-from-myanmar": "MM"}
HOMES = {"home-to-bangladesh": "BD", "home-to-myanmar": "MM"}
WITH_A_TALK = ["child-labour", "forced-marriage", "adult-exploitation", "bonded-labour", *PLACES]
WITH_EVIDENCE = ["child-labour", "domestic-work-adult", "stopped-on-the-way", *PLACES]


def _case(name: str, *left: str, concern: str = "other", child: str = "yes", victims: int = 1) -> CoreCase:
    place = (PLACES | HOMES).get(name, "IN-AS")
    return CoreCase(
        workflow=shipped(name), opened_at=OPENED, jurisdiction=place, victims=victims,
        left=frozenset({"intake", "triage", *left}), report={"is_child_suspected": child, "concern": concern},
    )  # fmt: skip


def _end(case: CoreCase, key: str, step: Step | None = None, **answers: Scalar) -> datetime:
    step = step or case.reach(key)
    case.do(cm.CompleteStep(step.id, "done", case.now, outputs=answers))
    return case.now


def _is_open(case: CoreCase, key: str) -> bool:
    return key in {step.key for step in case.ready()}


def _limit(case: CoreCase, key: str) -> tuple[str | None, datetime]:
    """Return the law of a step's limit, and from when it counts."""
    found = next(one for one in case.state.deadlines.values() if one.key == key)
    return found.law, found.started_at


def _each(case: CoreCase, key: str) -> Mapping[str, Step]:
    """Give a step of each person, by the end of its path."""
    return {step.base_path: step for step in case.state.steps.values() if step.key == key}


@pytest.mark.parametrize("names", [True, False, None])
@pytest.mark.parametrize("name", WITH_A_TALK)
def test_whoever_is_named_only_in_the_talk_is_looked_at_from_then(name: str, *, names: bool | None) -> None:
    case = _case(name, "identify", "named")
    _end(case, "intake")
    _end(case, "triage", decision="rescue", risk_level="high")
    told_at = _end(case, "identify", **({} if names is None else {"names_more": names}))
    assert _is_open(case, "named") is bool(names)
    if names:
        assert _limit(case, "named") == (None, told_at)


@pytest.mark.parametrize("names", [True, False])
@pytest.mark.parametrize("name", WITH_EVIDENCE)
def test_whoever_only_the_evidence_names_is_looked_at_from_then(name: str, *, names: bool) -> None:
    case = _case(name, "evidence", "proof_names")
    _end(case, "intake")
    found_at = _end(case, "evidence", names_more=names)
    assert _is_open(case, "proof_names") is names
    if names:
        assert _limit(case, "proof_names") == (None, found_at)


@pytest.mark.parametrize(
    ("child", "law"), [("yes", "IN-POCSO-24H-MED"), ("unsure", "IN-POCSO-24H-MED"), ("no", "IN-MED-RAPE")]
)
def test_whoever_was_abused_in_person_too_sees_a_doctor_and_the_police_have_two_months(child: str, law: str) -> None:
    case = _case("online-abuse", "medical", "health", "fir", "chargesheet", child=child)
    _end(case, "intake")
    assert _limit(case, "health") == (None if child == "no" else "IN-POCSO-24H-MED", OPENED)
    _end(case, "triage", in_person=True)
    assert _limit(case, "medical") == (law, OPENED)
    registered = _end(case, "fir", refused=False)
    assert _limit(case, "chargesheet") == ("IN-INV-2M", registered)


def test_whoever_was_harmed_by_pictures_alone_is_not_examined_by_a_doctor_of_the_police() -> None:
    case = _case("online-abuse", "fir", "chargesheet")
    _end(case, "intake")
    _end(case, "triage", in_person=False)
    registered = _end(case, "fir", refused=False)
    assert not _is_open(case, "medical")
    assert _limit(case, "chargesheet") == ("IN-DEFAULT-BAIL", registered)


@pytest.mark.parametrize("child", ["yes", "no"])
def test_the_evidence_of_a_child_has_the_time_of_the_law_and_that_of_an_adult_has_ours(child: str) -> None:
    case = _case("online-abuse", "testimony", "interim", "payment", "cognizance", child=child)
    _end(case, "intake")
    _end(case, "triage")
    case.reach("testimony")
    assert _limit(case, "testimony")[0] == ("IN-POCSO-EVID-30D" if child == "yes" else None)
    paid_from = _end(case, "interim")
    assert _limit(case, "payment") == ("IN-POCSO-COMP-30D" if child == "yes" else None, paid_from)


@pytest.mark.parametrize("at_home", [True, False])
def test_a_child_whose_abuser_lives_with_them_is_out_and_before_the_committee_within_a_day(*, at_home: bool) -> None:
    at_home_alone = ("rescue", "production", "order", "sir", "decision", "support", "statement")
    case = _case("online-abuse", *(f"home_{step}" for step in at_home_alone), "support", "pocso_report")
    _end(case, "intake")
    case.until(case.now + HOUR / 2)
    _end(case, "triage", at_home=at_home)
    _end(case, "pocso_report")
    assert _is_open(case, "support") is not at_home  # the child has one person at their side, not two
    assert _is_open(case, "home_rescue") is at_home
    if not at_home:
        return
    case.until(case.now + HOUR)
    _end(case, "home_rescue")
    assert _limit(case, "home_production") == ("IN-POCSO-CWC-24H", OPENED)
    heard = _end(case, "home_production")
    assert _limit(case, "home_order") == ("IN-POCSO-CWC-3D", heard)
    assert _limit(case, "home_sir") == ("IN-JJ-SIR-15D", heard)
    assert _limit(case, "home_support") == (None, heard)
    _end(case, "home_sir")
    assert _limit(case, "home_decision") == ("IN-JJ-ORDER-4M", heard)


def test_what_has_come_out_is_looked_for_again_within_a_week() -> None:
    case = _case("online-abuse", "leak")
    _end(case, "intake")
    _end(case, "triage")
    leak = case.reach("leak")
    contained = _end(case, "leak", leak)
    case.do(cm.BringFollowUps(leak.id, {}))
    [again] = [one for one in case.state.steps.values() if one.uses == "press.leak" and one.added]
    case.until(contained + 6 * DAY + HOUR)
    assert case.deadline(again).due_at == contained + 7 * DAY


@pytest.mark.parametrize("as_child", [True, False, None])
def test_whoever_was_a_child_when_it_began_is_told_to_the_committee_from_the_report_to_the_police(
    *, as_child: bool | None
) -> None:
    case = _case("forced-marriage", "fir", "as_child", concern="early_marriage", child="no")
    _end(case, "intake")
    _end(case, "triage", decision="rescue", **({} if as_child is None else {"as_child": as_child}))
    registered = _end(case, "fir", refused=False)
    assert _is_open(case, "as_child") is bool(as_child)
    if as_child:
        assert _limit(case, "as_child") == ("IN-POCSO-24H-REPORT", registered)


def test_an_age_of_today_leaves_the_report_of_what_began_in_childhood_its_day() -> None:
    case = _case("forced-marriage", "fir", "as_child", concern="early_marriage", child="no")
    _end(case, "intake")
    _end(case, "triage", decision="rescue", as_child=True)
    registered = _end(case, "fir", refused=False, **{"tells:offence_day": "2026-03-01", "tells:age": 19})
    found = next(one for one in case.state.deadlines.values() if one.key == "as_child")
    assert (found.law, found.due_at) == (None, registered + DAY)


@pytest.mark.parametrize("is_heard", [True, False])
def test_a_statement_counts_from_the_rescue_until_the_magistrate_has_heard_them(*, is_heard: bool) -> None:
    case = _case("forced-marriage", "rescue", "heard", "own_will", "statement", concern="early_marriage", child="no")
    _end(case, "intake")
    _end(case, "triage", decision="rescue")
    rescued = _end(case, "rescue")
    _end(case, "own_will", decision="yes")
    assert _is_open(case, "statement")
    assert _limit(case, "statement") == (None, rescued)
    if is_heard:
        case.until(case.now + 5 * HOUR)
        heard = _end(case, "heard")
        assert _limit(case, "statement") == (None, heard)


@pytest.mark.parametrize("let_go", [True, False])
@pytest.mark.parametrize("name", PLACES)
def test_no_bed_stays_open_for_whoever_has_travelled_on(name: str, *, let_go: bool) -> None:
    case = _case(name, "stop", "stop_bed", "stop_health", concern="stopped_on_the_way", child="no")
    _end(case, "intake")
    stop = case.reach("stop")
    case.do(cm.CompleteStep(stop.id, "done", case.now, outputs={}, facts={"let_go": let_go}))
    assert (_is_open(case, "stop_bed"), _is_open(case, "stop_health")) == (not let_go, not let_go)


@pytest.mark.parametrize("in_india", [True, False])
@pytest.mark.parametrize("name", PLACES)
def test_the_police_in_india_register_it_from_the_moment_somebody_there_is_asked(name: str, *, in_india: bool) -> None:
    left = ("stop", "travel_check", "checkin", "look_there", "fir_there", "rescue", "evidence")
    case = _case(name, *left, concern="stopped_on_the_way", child="no")
    _end(case, "intake")
    _end(case, "triage", decision="refer")
    _end(case, "stop")
    _end(case, "travel_check", goes_on=True)
    _end(case, "checkin", silent=True)
    asked = _end(case, "look_there", in_india=in_india)
    case.until(asked + HOUR)
    assert _is_open(case, "fir_there") is in_india
    if in_india:
        assert _limit(case, "fir_there") == ("IN-FIR-REG", asked)


@pytest.mark.parametrize("name", ["led-from-nepal", "led-from-bangladesh"])
def test_two_people_of_one_case_go_home_each_by_their_own_way(name: str) -> None:
    case = _case(name, "identify", "home_report", "decision", "travel", victims=2)
    _end(case, "intake")
    _end(case, "triage", decision="rescue")
    case.reach("identify")
    first, second = (step for step in case.ready() if step.key == "identify")
    identified = _end(case, "", first, home_here=True)
    _end(case, "", second, home_here=False)
    limits = {one.base_path: case.deadline(one) for one in _each(case, "home_report").values()}
    here, elsewhere = limits[first.base_path], limits[second.base_path]
    assert (here.limit, here.started_at, elsewhere.limit) == ("P15D", identified, "P30D")
    _end(case, "", _each(case, "home_report")[first.base_path], recommendation="safe")
    decision = _each(case, "decision")
    assert [path for path, step in decision.items() if step.status is StepStatus.READY] == [first.base_path]
    decided = _end(case, "", decision[first.base_path], decision="return", wishes_return="yes")
    ways = {path: case.deadline(step) for path, step in _each(case, "travel").items()}
    assert (ways[first.base_path].limit, ways[first.base_path].started_at) == ("P30D", decided)
    assert ways[second.base_path].limit == "P14D"


@pytest.mark.parametrize("child", ["yes", "no"])
def test_in_bangladesh_the_person_hears_of_their_rights_at_once_and_a_child_is_brought_before_the_court(
    child: str,
) -> None:
    case = _case("led-from-bangladesh", "identify", "support", "counsel", "tell_office", "before_court", child=child)
    _end(case, "intake")
    assert _is_open(case, "tell_office") is (child == "yes")
    _end(case, "triage", decision="rescue")
    case.reach("identify")
    assert _is_open(case, "before_court") is (child == "yes")
    known = _end(case, "identify")
    assert _limit(case, "support") == _limit(case, "counsel") == ("BD-RIGHTS-NOW", known)


@pytest.mark.parametrize("in_india", [True, False])
def test_a_child_found_in_india_is_before_the_committee_there_and_not_before_the_court_in_bangladesh(
    *, in_india: bool
) -> None:
    case = _case("led-from-bangladesh", "rescue", "production", "before_court")
    _end(case, "intake")
    _end(case, "triage", decision="rescue")
    _end(case, "rescue", in_india=in_india)
    ready = {step.key for step in case.ready()}
    assert ("production" in ready, "before_court" in ready) == (in_india, not in_india)


def test_a_child_of_a_bonded_group_goes_to_school_from_the_care_plan_on() -> None:
    case = _case("bonded-labour", "care_plan", "learning", concern="bonded_labour")
    _end(case, "intake")
    _end(case, "triage", decision="rescue", risk_level="high")
    planned = _end(case, "care_plan")
    assert _limit(case, "learning") == (None, planned)


@pytest.mark.parametrize("child", ["yes", "no"])
def test_whoever_was_stopped_can_learn_from_the_committee_or_the_talk_on(child: str) -> None:
    case = _case("stopped-on-the-way", "stop", "production", "identify", "learning", child=child)
    _end(case, "intake")
    _end(case, "triage")
    _end(case, "stop", someone_gone=False)
    since = _end(case, "production") if child == "yes" else None
    talked = _end(case, "identify")
    assert _limit(case, "learning") == (None, since or talked)


def test_whoever_thinks_of_leaving_agrees_first_is_offered_a_course_and_the_agent_is_reported() -> None:
    case = _case("unsafe-migration", "travel_check", "consent", "safety", "learning", "recruiter", "agent_reported")
    _end(case, "intake")
    _end(case, "triage")
    _end(case, "travel_check")
    for key in ("consent", "safety", "learning"):
        assert _limit(case, key) == (None, OPENED)
    looked_at = _end(case, "recruiter")
    assert _limit(case, "agent_reported") == (None, looked_at)


@pytest.mark.parametrize("name", ["stopped-on-the-way", "missing-child"])
def test_a_charge_sheet_counts_from_the_first_remand_once_it_is_known(name: str) -> None:
    case = _case(name, "identify", "fir", "chargesheet")
    _end(case, "intake")
    _end(case, "triage")
    case.answers = {"stop": {"someone_gone": False}}
    registered = _end(case, "fir", refused=False)
    if name == "missing-child":
        _end(case, "identify", exploited=True)
    assert _limit(case, "chargesheet") == ("IN-DEFAULT-BAIL", registered)
    remanded = registered + 20 * DAY
    case.do(cm.RecordFact("bail_counts_from", remanded))
    assert _limit(case, "chargesheet") == ("IN-DEFAULT-BAIL", remanded)


@pytest.mark.parametrize(("child", "law"), [("yes", "IN-POCSO-24H-MED"), ("no", "IN-MED-RAPE")])
def test_whoever_was_missing_has_a_bed_a_doctor_and_a_lawyer_when_the_talk_shows_abuse(child: str, law: str) -> None:
    name = "missing-child" if child == "yes" else "missing-adult"
    case = _case(name, "found", "health", "placement", "identify", "medical", "counsel", "routes", child=child)
    _end(case, "intake")
    found = _end(case, "found")
    assert (_limit(case, "health"), _limit(case, "placement")) == ((None, found), (None, found))
    talked = _end(case, "identify", exploited=True, abused=True)
    assert _limit(case, "medical") == (law, talked)
    assert (_limit(case, "counsel"), _limit(case, "routes")) == ((None, found), (None, found))


def test_whoever_was_missing_and_was_not_exploited_needs_no_lawyer() -> None:
    case = _case("missing-adult", "found", "identify", child="no")
    _end(case, "intake")
    _end(case, "found")
    _end(case, "identify", exploited=False, abused=False)
    assert not {"medical", "counsel", "routes"} & {step.key for step in case.ready()}


@pytest.mark.parametrize("child", ["yes", "no"])
def test_the_judgment_on_abuse_online_is_watched_for_as_long_as_the_law_gives_a_trial(child: str) -> None:
    case = _case("online-abuse", "cognizance", "judgment", child=child)
    _end(case, "intake")
    _end(case, "triage")
    taken_up = _end(case, "cognizance")
    assert _limit(case, "judgment") == ("IN-POCSO-TRIAL-1Y" if child == "yes" else None, taken_up)


@pytest.mark.parametrize("child", ["yes", "no"])
def test_whoever_comes_home_has_a_lawyer_and_is_asked_for_a_statement(child: str) -> None:
    case = _case("coming-home", "reception", "production", "counsel", "statement", "support", child=child)
    _end(case, "intake")
    _end(case, "triage")
    received = _end(case, "reception")
    assert (_limit(case, "counsel"), _limit(case, "statement")) == ((None, received), (None, received))
    if child == "yes":
        produced = _end(case, "production")
        assert _limit(case, "support") == (None, produced)


@pytest.mark.parametrize("wants", ["yes", "no"])
@pytest.mark.parametrize("name", ["forced-marriage", "domestic-work-adult", "bonded-labour"])
def test_an_adult_who_wants_help_is_offered_counselling_and_may_learn(name: str, wants: str) -> None:
    case = _case(name, "own_will", "counselling", "needs", "learning", child="no")
    _end(case, "intake")
    _end(case, "triage", decision="rescue", risk_level="high")
    _end(case, "own_will", decision=wants)
    assert _is_open(case, "counselling") is (wants == "yes")
    if wants == "yes" and name != "bonded-labour":
        assessed = _end(case, "needs")
        assert _limit(case, "learning") == (None, assessed)


def _brought(case: CoreCase, step: Step, **computed: Scalar) -> list[Step]:
    case.do(cm.BringFollowUps(step.id, computed))
    return [one for one in case.state.steps.values() if one.added and one.status is StepStatus.READY]


@pytest.mark.parametrize("stage", ["refused", "registered"])
@pytest.mark.parametrize("name", ["child-labour", "forced-marriage", "bonded-labour", "online-abuse"])
def test_the_time_of_the_law_to_register_goes_on_after_a_refusal_and_news_is_owed(name: str, stage: str) -> None:
    case = _case(name, "fir", "news", "refusal")
    _end(case, "intake")
    _end(case, "triage", decision="rescue")
    fir = case.reach("fir")
    at = _end(case, "fir", fir, refused=stage == "refused", fir_datetime=case.now)
    limits = [case.deadline(one) for one in _brought(case, fir, stage=stage) if one.uses == "policing.fir"]
    assert [(one.law, one.started_at) for one in limits if one] == [("IN-FIR-REG", at)] * (stage == "refused")
    assert _is_open(case, "news"), "whoever registers it at last owes it, too"


@pytest.mark.parametrize("tells", [True, False, None])
@pytest.mark.parametrize("name", ["child-labour", "child-sexual-exploitation", "bonded-labour", "online-abuse"])
def test_the_police_have_their_day_from_a_written_report_that_is_the_first_they_hear(
    name: str, *, tells: bool | None
) -> None:
    report = {"child-labour": "notify", "bonded-labour": "notify"}.get(name, "pocso_report")
    case = _case(name, report, "fir", "rescue")
    _end(case, "intake")
    _end(case, "triage", decision="rescue")
    case.until(case.now + HOUR)
    told = _end(case, report, **({} if tells is None else {"tells_police": tells}))
    assert _limit(case, "fir") == ("IN-FIR-REG", told if tells else OPENED)


@pytest.mark.parametrize("tells", [True, False, None])
@pytest.mark.parametrize("name", ["child-labour", "bonded-labour"])
def test_whoever_is_bonded_is_out_two_days_after_the_magistrate_heard_of_it(name: str, *, tells: bool | None) -> None:
    case = _case(name, "notify", "plan", "rescue")
    _end(case, "intake")
    _end(case, "triage", decision="rescue")
    case.until(case.now + HOUR)
    told = _end(case, "notify", **({} if tells is None else {"tells_magistrate": tells}))
    _end(case, "plan")
    rescue = case.deadline(case.reach("rescue"))
    assert (rescue.law, rescue.due_at) == ("IN-BL-ENQ", (told if tells else OPENED) + 2 * DAY)


@pytest.mark.parametrize("tells", [True, False])
def test_of_a_child_online_the_police_tell_the_committee_and_ask_for_a_doctor_from_when_they_heard(
    *, tells: bool
) -> None:
    case = _case("online-abuse", "pocso_report", "told_on", "health")
    _end(case, "intake")
    _end(case, "triage")
    case.until(case.now + HOUR)
    told = _end(case, "pocso_report", tells_police=tells)
    assert _limit(case, "told_on") == ("IN-POCSO-24H-REPORT", told)
    assert _limit(case, "health") == ("IN-POCSO-24H-MED", told if tells else OPENED)


@pytest.mark.parametrize(("complaint", "answer"), [("leak", "takedown_first"), ("letter", "takedown")])
def test_a_platform_has_its_hours_from_the_complaint_to_it(complaint: str, answer: str) -> None:
    case = _case("online-abuse", "leak", "letter", "takedown", "takedown_first")
    _end(case, "intake")
    assert not {"takedown", "takedown_first"} & {step.key for step in case.ready()}
    case.until(case.now + HOUR / 2)
    complained = _end(case, complaint)
    assert _limit(case, answer) == ("IN-TAKEDOWN", complained)


@pytest.mark.parametrize("name", ["child-sexual-exploitation", "early-marriage"])
def test_the_evidence_of_an_abused_child_counts_from_when_the_court_takes_the_case_up(name: str) -> None:
    case = _case(name, "chargesheet", "rescue", "cognizance", "testimony")
    _end(case, "intake")
    _end(case, "triage", decision="rescue")
    _end(case, "rescue")
    charged = _end(case, "chargesheet")
    assert _limit(case, "testimony") == ("IN-POCSO-EVID-30D", charged)
    case.until(case.now + 5 * DAY)
    taken_up = _end(case, "cognizance")
    assert _limit(case, "testimony") == ("IN-POCSO-EVID-30D", taken_up)


@pytest.mark.parametrize("child", ["yes", "no"])
def test_the_law_of_the_committee_counts_for_a_child_who_was_stopped(child: str) -> None:
    case = _case("stopped-on-the-way", "stop", "identify", "production", "home_report", "decision", "age", child=child)
    _end(case, "intake")
    _end(case, "triage")
    _end(case, "stop", someone_gone=False, **{"from": "NP"})
    produced = _end(case, "production") if child == "yes" else None
    _end(case, "identify")
    case.reach("home_report")
    assert _is_open(case, "age") is (child == "yes")
    if produced is None:
        assert _limit(case, "home_report")[0] is None
        return
    assert (_limit(case, "age"), _limit(case, "home_report")) == (
        ("IN-JJ-AGE-15D", produced), ("IN-JJ-SIR-15D", produced),
    )  # fmt: skip
    _end(case, "home_report", recommendation="safe")
    assert _limit(case, "decision") == ("IN-JJ-ORDER-4M", produced)


def test_a_charge_sheet_of_what_is_registered_only_now_counts_from_the_first_remand() -> None:
    case = _case("compensation", "old_papers", "chargesheet", concern="compensation", child="no")
    _end(case, "intake", reported_before="not_yet")
    _end(case, "triage")
    registered = _end(case, "old_papers", refused=False)
    assert _limit(case, "chargesheet") == ("IN-DEFAULT-BAIL", registered)
    remanded = registered + 20 * DAY
    case.do(cm.RecordFact("bail_counts_from", remanded))
    assert _limit(case, "chargesheet") == ("IN-DEFAULT-BAIL", remanded)


def test_a_charge_sheet_of_whoever_was_found_exploited_counts_from_the_first_remand() -> None:
    case = _case("found-exploited", "lead", "rescue", "fir", "chargesheet", child="no")
    _end(case, "lead", at_work=True)
    _end(case, "rescue")
    registered = _end(case, "fir", refused=False)
    assert _limit(case, "chargesheet") == ("IN-DEFAULT-BAIL", registered)
    remanded = registered + 20 * DAY
    case.do(cm.RecordFact("bail_counts_from", remanded))
    assert _limit(case, "chargesheet") == ("IN-DEFAULT-BAIL", remanded)


def test_whoever_was_missing_can_talk_with_the_family_through_us_and_learn() -> None:
    case = _case("missing-adult", "found", "identify", "own_will", "family_talk", "learning", child="no")
    _end(case, "intake")
    found = _end(case, "found")
    _end(case, "own_will", decision="no")
    assert _limit(case, "family_talk") == (None, found)
    talked = _end(case, "identify", exploited=False, abused=False)
    assert _limit(case, "learning") == (None, talked)


@pytest.mark.parametrize("decision", ["rescue", "protect"])
@pytest.mark.parametrize("name", PLACES)
def test_nobody_is_brought_out_of_a_neighbouring_country_without_a_plan(name: str, decision: str) -> None:
    case = _case(name, "plan", "rescue", "authority", "taken_charge", child="no")
    _end(case, "intake")
    decided = _end(case, "triage", decision=decision)
    assert _is_open(case, "plan") is (decision == "rescue")
    if decision == "rescue":
        assert _limit(case, "plan") == (None, decided)


def test_in_myanmar_the_way_home_is_decided_within_the_days_of_care() -> None:
    case = _case("led-from-myanmar", "identify", "placement", "home_report", "decision", child="yes")
    _end(case, "intake")
    _end(case, "triage", decision="rescue")
    _end(case, "identify")
    placed = _end(case, "placement")
    _end(case, "home_report", recommendation="safe")
    decision = case.deadline(case.reach("decision"))
    assert (decision.law, decision.due_at) == ("MM-SHELTER", placed + 14 * DAY)


@pytest.mark.parametrize("found", [0, 2, None])
@pytest.mark.parametrize("name", ["child-labour", "adult-exploitation", "bonded-labour", "led-from-nepal"])
def test_whoever_found_nobody_goes_again_in_the_time_that_there_was_for_the_first_rescue(
    name: str, found: int | None
) -> None:
    case = _case(name, "rescue", "first_needs", "safety")
    _end(case, "intake")
    _end(case, "triage", decision="rescue", risk_level="high")
    first = case.deadline(case.reach("rescue"))
    assert first is not None
    case.until(case.now + HOUR)
    tried = _end(case, "rescue", **({} if found is None else {"persons_found": found}))
    assert _is_open(case, "first_needs") is (found != 0)
    if found == 0:
        again = case.deadline(case.reach("rescue"))
        assert again is not None
        assert (again.law, again.started_at, again.due_at) == (first.law, first.started_at, first.due_at)
        case.until(case.now + HOUR)
        tried = _end(case, "rescue", persons_found=1)
    assert (_limit(case, "first_needs"), _limit(case, "safety")) == ((None, tried), (None, tried))


def test_a_lead_at_which_nobody_was_found_is_followed_again_within_the_two_days() -> None:
    case = _case("found-exploited", "lead", "rescue", "fir")
    led = _end(case, "lead", at_work=True)
    case.until(case.now + HOUR)
    _end(case, "rescue", persons_found=0)
    again = case.deadline(case.reach("rescue"))
    assert (again.law, again.due_at) == ("IN-BL-ENQ", led + 2 * DAY)
    assert not _is_open(case, "fir")


@pytest.mark.parametrize(
    ("name", "key", "law"),
    [
        ("child-labour", "news", "IN-VICTIM-90D"),
        ("child-labour", "chargesheet", "IN-DEFAULT-BAIL"),
        ("child-sexual-exploitation", "chargesheet", "IN-INV-2M"),
        ("early-marriage", "chargesheet", "IN-INV-2M"),
        ("forced-marriage", "chargesheet", "IN-DEFAULT-BAIL"),
        ("adult-exploitation", "news", "IN-VICTIM-90D"),
        ("adult-exploitation", "chargesheet", "IN-DEFAULT-BAIL"),
        ("bonded-labour", "news", "IN-VICTIM-90D"),
        ("online-abuse", "news", "IN-VICTIM-90D"),
        ("online-abuse", "chargesheet", "IN-DEFAULT-BAIL"),
        ("stopped-on-the-way", "news", "IN-VICTIM-90D"),
        ("stopped-on-the-way", "chargesheet", "IN-DEFAULT-BAIL"),
    ],
)
def test_news_and_charge_sheet_count_from_when_it_was_registered_after_all(name: str, key: str, law: str) -> None:
    case = _case(name, "stop", "fir", "refusal", key)
    _end(case, "intake")
    _end(case, "triage", decision="rescue")
    if name == "stopped-on-the-way":
        _end(case, "stop", someone_gone=False, **{"from": "IN"})
    refused = _end(case, "fir", refused=True)
    assert _limit(case, key) == (law, refused)
    registered = refused + 2 * DAY
    case.do(cm.RecordFact("registered_late_at", registered))
    assert _limit(case, key) == (law, registered)


@pytest.mark.parametrize("tells", [True, False, None])
def test_a_maid_who_could_be_bonded_is_told_to_the_magistrate_and_out_in_two_days(*, tells: bool | None) -> None:
    case = _case("domestic-work-adult", "inform", "rescue", child="no")
    _end(case, "intake")
    _end(case, "triage", decision="rescue")
    case.until(case.now + HOUR)
    told = _end(case, "inform", **({} if tells is None else {"tells_magistrate": tells}))
    rescue = case.deadline(case.reach("rescue"))
    law, since = ("IN-BL-ENQ", told) if tells else (None, OPENED)
    assert (rescue.law, rescue.due_at) == (law, since + 2 * DAY)


@pytest.mark.parametrize(
    ("crosses", "country", "law"), [("across", "BD", "BD-RIGHTS-NOW"), ("across", "NP", None), ("within", "IN", "")]
)
def test_whoever_is_bonded_far_from_home_has_what_crosses_the_border(crosses: str, country: str, law: str) -> None:
    there = ["rights", "nationality_request", "fir_there", "news_there"]
    case = _case("bonded-labour", "identify", "border", *there)
    _end(case, "intake")
    _end(case, "triage", decision="rescue")
    identified = _end(case, "identify")
    case.until(case.now + HOUR)
    looked = _end(case, "border", crosses=crosses, country=country)
    assert [_is_open(case, key) for key in there[:3]] == [crosses == "across"] * 3
    if crosses == "across":
        assert _limit(case, "rights") == (law, identified if law else looked)
        registered = _end(case, "fir_there", refused=False)
        assert _limit(case, "news_there") == ("BD-UPDATE-1M" if law else None, registered)


@pytest.mark.parametrize("on_trial", [True, False])
def test_a_leak_during_a_trial_is_told_to_the_court_and_a_threat_is_registered_within_a_day(*, on_trial: bool) -> None:
    asked = ("court", "before_court", "threat", "threat_fir", "protection_asked")
    case = _case("identity-leak", "find", "told", *asked, concern="identity_leak", child="no")
    _end(case, "intake")
    found_at = _end(case, "find", on_trial=on_trial)
    _end(case, "told")
    assert (_is_open(case, "court"), _is_open(case, "threat")) == (on_trial, on_trial)
    if not on_trial:
        return
    assert _limit(case, "court") == (None, found_at)
    heard_at = _end(case, "court")
    assert _limit(case, "before_court") == (None, heard_at)
    case.until(case.now + DAY)
    told_at = _end(case, "threat", threatened=True)
    assert _limit(case, "threat_fir") == ("IN-FIR-REG", told_at)
    assert _is_open(case, "protection_asked")


def test_nobody_is_reported_for_a_threat_of_which_nobody_knows() -> None:
    case = _case("identity-leak", "find", "told", "threat", "threat_fir", "protection_asked", concern="identity_leak")
    _end(case, "intake")
    _end(case, "find", on_trial=True)
    _end(case, "told")
    _end(case, "threat", threatened=False)
    assert not {"threat_fir", "protection_asked"} & case.live()


def test_whoever_asks_for_work_beside_the_money_has_a_plan_at_once_and_work_before_the_award() -> None:
    life = ("needs", "life_plan", "papers", "livelihood", "visit", "payment")
    case = _case("compensation", *life, concern="compensation", child="no")
    _end(case, "intake", reported_before="earlier", immediate_danger=False)
    _end(case, "triage", for_life=True)
    assert _limit(case, "needs") == (None, OPENED)
    assessed_at = _end(case, "needs")
    assert _limit(case, "life_plan") == (None, assessed_at)
    planned_at = _end(case, "life_plan")
    assert (_limit(case, "papers"), _limit(case, "livelihood")) == ((None, planned_at), (None, planned_at))
    begun_at = _end(case, "livelihood")
    assert _limit(case, "visit") == (None, begun_at)
    assert "payment" not in {step.key for step in case.ready()}


@pytest.mark.parametrize("told", [{"for_life": False}, {}])
def test_whoever_asks_for_money_alone_has_the_work_and_the_visit_after_the_payment(told: Mapping[str, Scalar]) -> None:
    life = ("needs", "life_plan", "papers", "livelihood", "visit", "visit_later", "payment")
    case = _case("compensation", *life, concern="compensation", child="no")
    _end(case, "intake", reported_before="earlier", immediate_danger=False)
    _end(case, "triage", **told)
    assert _limit(case, "papers") == (None, OPENED)
    paid_at = _end(case, "payment")
    assert not {"needs", "life_plan"} & case.live()
    assert (_limit(case, "livelihood"), _limit(case, "visit")) == ((None, paid_at), (None, paid_at))
    seen = _each(case, "visit")
    assert [one.round for one in seen.values()] == [1]
    _end(case, "visit")
    assert _limit(case, "visit_later") == (None, paid_at)


@pytest.mark.parametrize("wants_help", [True, False])
def test_whoever_is_out_of_a_compound_has_a_bed_within_four_hours_if_they_want_it(*, wants_help: bool) -> None:
    case = _case("forced-scamming", "rescue", "own_will", "placement", concern="forced_criminality", child="no")
    _end(case, "intake", immediate_danger=False)
    _end(case, "triage", decision="rescue", risk_level="high")
    out_at = _end(case, "rescue")
    _end(case, "own_will", decision="yes" if wants_help else "no")
    assert _is_open(case, "placement") is wants_help
    if wants_help:
        assert _limit(case, "placement") == (None, out_at)


@pytest.mark.parametrize("told", [True, False, None])
def test_what_is_planned_where_somebody_lives_after_a_compound_follows_from_what_they_need(
    *, told: bool | None
) -> None:
    left = ("rescue", "own_will", "identify", "needs", "care_plan", "course", "safety", "safety_again")
    case = _case("forced-scamming", *left, concern="forced_criminality", child="no")
    _end(case, "intake", immediate_danger=False)
    _end(case, "triage", decision="rescue", risk_level="high")
    _end(case, "rescue")
    safe_at = _end(case, "safety", **({} if told is None else {"look_again": told}))
    _end(case, "own_will", decision="yes")
    known_at = _end(case, "identify")
    _end(case, "needs", **({} if told is None else {"plan_here": told}))
    assert (_is_open(case, "care_plan"), _is_open(case, "safety_again")) == (bool(told), bool(told))
    if told:
        assert (_limit(case, "care_plan"), _limit(case, "safety_again")) == ((None, known_at), (None, safe_at))
        planned_at = _end(case, "care_plan")
        assert _limit(case, "course") == (None, planned_at)


@pytest.mark.parametrize("name", ["coming-home", *HOMES])
@pytest.mark.parametrize("abroad", [True, False, None])
def test_the_way_home_counts_from_the_mission_where_one_has_to_say_who_they_are(
    name: str, *, abroad: bool | None
) -> None:
    left = ("safe_there", "nationality", "nationality_answer", "home_report", "decision", "reception")
    case = _case(name, *left, concern="coming_home", child="no")
    _end(case, "intake", immediate_danger=False)
    assert _limit(case, "safe_there") == (None, OPENED)
    _end(case, "triage", **({} if abroad is None else {"mission": abroad}))
    case.until(OPENED + 3 * DAY)
    asked_at = _end(case, "nationality")
    assert _limit(case, "home_report") == (None, asked_at if abroad else OPENED)
    assert _is_open(case, "nationality_answer") is bool(abroad)
    looked_at = _end(case, "home_report", recommendation="safe")
    if abroad:
        assert not _is_open(case, "decision")
        case.until(case.now + DAY)
        looked_at = _end(case, "nationality_answer", result="confirmed")
    assert _limit(case, "decision") == (None, looked_at)


def test_whoever_comes_home_to_bangladesh_hears_of_their_rights_and_of_the_case_by_the_law_there() -> None:
    left = ("fir", "progress", "reception", "identify", "counsel", "chargesheet")
    case = _case("home-to-bangladesh", *left, concern="coming_home", child="no")
    _end(case, "intake", immediate_danger=False)
    assert _limit(case, "progress") == ("BD-UPDATE-1M", OPENED)
    _end(case, "triage")
    registered_at = _end(case, "fir", refused=False)
    assert _limit(case, "chargesheet") == ("BD-INV-90WD", registered_at)
    _end(case, "reception")
    told_at = _end(case, "identify")
    assert _limit(case, "counsel") == ("BD-RIGHTS-NOW", told_at)
    assert not {one.law for one in case.state.deadlines.values() if one.law and one.law.startswith("IN-")}


@pytest.mark.parametrize(("danger", "length"), [(True, timedelta(hours=48)), (False, 7 * DAY)])
def test_those_who_lead_there_are_spoken_with_the_sooner_when_somebody_is_in_danger(
    *, danger: bool, length: timedelta
) -> None:
    case = _case("coming-home", "conference", concern="coming_home")
    _end(case, "intake", immediate_danger=danger)
    _end(case, "triage")
    found = next(one for one in case.state.deadlines.values() if one.key == "conference")
    assert found.due_at == OPENED + length


@pytest.mark.parametrize("pictures", [True, False, None])
def test_pictures_of_an_exploited_child_are_contained_and_taken_down_from_the_report_on(
    *, pictures: bool | None
) -> None:
    asked = ("leak", "letter", "takedown", "again_1d", "again")
    case = _case("child-sexual-exploitation", *asked, concern="sexual_exploitation")
    _end(case, "intake")
    _end(case, "triage", decision="police", **({} if pictures is None else {"pictures": pictures}))
    if not pictures:
        assert not set(asked) & case.live()
        return
    assert (_limit(case, "leak"), _limit(case, "letter")) == ((None, OPENED), (None, OPENED))
    sent_at = _end(case, "letter")
    assert (_limit(case, "takedown"), _limit(case, "again_1d")) == (("IN-TAKEDOWN", sent_at), (None, sent_at))
    _end(case, "again_1d")
    _end(case, "takedown")
    assert _limit(case, "again") == (None, sent_at)


@pytest.mark.parametrize("told", [True, False, None])
def test_what_the_committee_recommends_for_a_child_at_home_counts_from_when_it_names_someone_at_their_side(
    *, told: bool | None
) -> None:
    case = _case("online-abuse", "pocso_report", "support", "relief", "care_plan", concern="online_abuse")
    _end(case, "intake")
    reported_at = _end(case, "pocso_report")
    case.until(case.now + DAY)
    named_at = _end(case, "support", **({} if told is None else {"relief": told, "committee": told}))
    assert _is_open(case, "relief") is bool(told)
    assert _limit(case, "care_plan") == (None, named_at if told else reported_at)
    if told:
        assert _limit(case, "relief") == ("IN-POCSO-RELIEF-7D", named_at)


def test_the_platforms_are_asked_again_a_week_after_the_letter_however_late_it_is_gone() -> None:
    case = _case("online-abuse", "letter", "takedown", "again_1d", "again", concern="online_abuse")
    _end(case, "intake")
    sent_at = _end(case, "letter")
    _end(case, "again_1d")
    case.until(case.now + 2 * DAY)
    _end(case, "takedown")
    assert _limit(case, "again") == (None, sent_at)


@pytest.mark.parametrize("child", ["yes", "no"])
def test_whoever_of_a_group_is_from_abroad_goes_home_by_the_answer_of_the_mission(child: str) -> None:
    abroad = ("nationality_request", "home_abroad", "nationality_answer", "decision", "news_there")
    case = _case("bonded-labour", "production", "border", *abroad, concern="bonded_labour", child=child)
    _end(case, "intake")
    _end(case, "triage", decision="rescue")
    produced = _end(case, "production") if child == "yes" else None
    _end(case, "border", crosses="across", country="BD")
    asked = _end(case, "nationality_request")
    assert (_limit(case, "home_abroad"), _limit(case, "news_there")) == ((None, asked), ("BD-UPDATE-1M", asked))
    _end(case, "home_abroad", recommendation="safe")
    case.until(case.now + 20 * DAY)
    assert not _is_open(case, "decision")
    answered = _end(case, "nationality_answer", result="confirmed")
    case.reach("decision")
    assert _limit(case, "decision") == (("IN-JJ-ORDER-4M", produced) if produced else (None, answered))


@pytest.mark.parametrize("recommendation", ["unsafe", "safe_with_conditions"])
@pytest.mark.parametrize("report", ["home_report", "home_abroad"])
def test_nobody_of_a_group_travels_to_a_home_that_a_report_calls_unsafe(report: str, recommendation: str) -> None:
    case = _case("bonded-labour", "heard", report, "journey", concern="bonded_labour")
    case.answers = {"border": {"crosses": "across", "country": "BD"}}
    _end(case, "intake")
    _end(case, "triage", decision="rescue")
    _end(case, "heard", look_first=True)
    _end(case, report, recommendation=recommendation)
    case.until(case.now + 200 * DAY)
    assert _is_open(case, "journey") is (recommendation != "unsafe")


@pytest.mark.parametrize("is_heard", [True, False])
def test_a_statement_of_whoever_was_bonded_counts_from_the_hearing_by_the_magistrate(*, is_heard: bool) -> None:
    case = _case("bonded-labour", "rescue", "heard", "statement", concern="bonded_labour", child="no")
    _end(case, "intake")
    _end(case, "triage", decision="rescue")
    rescued = _end(case, "rescue")
    case.until(case.now + HOUR)
    heard = _end(case, "heard") if is_heard else rescued
    assert _limit(case, "statement") == (None, heard)


def test_a_child_of_a_bonded_group_has_someone_at_their_side_and_is_heard_within_a_week_of_the_committee() -> None:
    case = _case("bonded-labour", "rescue", "heard", "production", "support", "statement", concern="bonded_labour")
    _end(case, "intake")
    _end(case, "triage", decision="rescue")
    _end(case, "rescue")
    produced = _end(case, "production")
    case.until(case.now + HOUR)
    _end(case, "heard")
    assert [_limit(case, key) for key in ("support", "statement")] == [(None, produced)] * 2


@pytest.mark.parametrize("asked", [True, False, None])
@pytest.mark.parametrize("name", ["bonded-labour", "adult-exploitation"])
def test_an_adult_from_nepal_goes_home_without_proof_of_nationality_unless_the_embassy_asks(
    name: str, *, asked: bool | None
) -> None:
    home = "journey" if name == "bonded-labour" else "handover"
    left = ("border", "nationality_request", "home_abroad", "decision", home, "statement_home")
    case = _case(name, *left, concern="other", child="no")
    case.answers = {"own_will": {"decision": "yes"}}
    _end(case, "intake")
    _end(case, "triage", decision="rescue")
    looked = _end(case, "border", crosses="across", country="NP", **({} if asked is None else {"papers_asked": asked}))
    assert _is_open(case, "nationality_request") is bool(asked)
    if asked:
        looked = _end(case, "nationality_request")
    assert _limit(case, "home_abroad") == (None, looked)
    seen = _end(case, "home_abroad", recommendation="safe")
    if not asked:
        decision = case.reach("decision")
        assert _limit(case, "decision") == (None, seen)
        case.do(cm.CompleteStep(decision.id, "done", case.now, outputs={"decision": "return", "wishes_return": "yes"}))
        at_home = _end(case, home)
        assert _limit(case, "statement_home") == ("NP-STATEMENT", at_home)


def test_someone_in_danger_in_a_marriage_is_safe_within_a_day_of_the_report() -> None:
    case = _case("forced-marriage", "safe_now", concern="early_marriage", child="no")
    reported = _end(case, "intake")
    assert case.deadline(case.reach("safe_now")).due_at == OPENED + DAY > reported


@pytest.mark.parametrize("abused", [True, False, None])
@pytest.mark.parametrize("name", ["child-labour", "domestic-work"])
def test_a_child_who_was_abused_at_work_has_what_the_law_on_abuse_gives(name: str, *, abused: bool | None) -> None:
    given = ("abuse_report", "medical", "relief", "production", "chargesheet", "cognizance", "testimony")
    case = _case(name, "fir", "rescue", *given, concern="child_labour")
    _end(case, "intake")
    _end(case, "triage", decision="rescue", risk_level="high", **({} if abused is None else {"abused": abused}))
    assert _is_open(case, "abuse_report") is bool(abused)
    registered = _end(case, "fir", refused=False)
    rescued = _end(case, "rescue")
    produced = _end(case, "production")
    assert _limit(case, "chargesheet") == ("IN-INV-2M" if abused else "IN-DEFAULT-BAIL", registered)
    if not abused:
        assert not {"medical", "relief"} & case.live()
        return
    assert _limit(case, "abuse_report") == ("IN-POCSO-24H-REPORT", OPENED)
    assert _limit(case, "medical") == ("IN-POCSO-24H-MED", rescued)
    assert _limit(case, "relief") == ("IN-POCSO-RELIEF-7D", produced)
    charged = _end(case, "chargesheet")
    assert _limit(case, "testimony") == ("IN-POCSO-EVID-30D", charged)
    taken_up = _end(case, "cognizance")
    assert _limit(case, "testimony") == ("IN-POCSO-EVID-30D", taken_up)


@pytest.mark.parametrize("not_yet", [True, False, None])
@pytest.mark.parametrize("name", ["adult-exploitation", "domestic-work-adult", "organ-removal"])
def test_the_day_of_the_police_begins_when_an_adult_who_waited_is_referred_to_them(
    name: str, *, not_yet: bool | None
) -> None:
    case = _case(name, "consent", "refer", "fir", "medical", concern="sexual_exploitation", child="no")
    _end(case, "intake", immediate_danger=False)
    assert _limit(case, "fir") == ("IN-FIR-REG", OPENED)
    _end(case, "triage", decision="refer")
    _end(case, "consent", **({} if not_yet is None else {"not_yet": not_yet}))
    is_counted = any(one.key == "fir" for one in case.state.deadlines.values())
    assert is_counted is not bool(not_yet), "nothing counts before the person wants the police"
    case.until(case.now + DAY)
    referred = _end(case, "refer")
    assert _limit(case, "fir") == ("IN-FIR-REG", referred if not_yet else OPENED)
    if name == "adult-exploitation":
        assert _limit(case, "medical") == ("IN-MED-RAPE", referred if not_yet else OPENED)


@pytest.mark.parametrize("not_yet", [True, False])
def test_whoever_wanted_time_is_asked_after_it_and_the_police_have_their_day_from_then(*, not_yet: bool) -> None:
    asked = ("consent", "refer", "rescue", "identify", "border", "reflection", "fir")
    case = _case("adult-exploitation", *asked, concern="sexual_exploitation", child="no")
    case.answers = {"own_will": {"decision": "yes"}}
    _end(case, "intake", immediate_danger=False)
    _end(case, "triage", decision="rescue")
    _end(case, "consent", not_yet=not_yet)
    _end(case, "rescue")
    known = _end(case, "identify")
    _end(case, "border", crosses="within")
    assert _is_open(case, "reflection") is not_yet
    if not_yet:
        assert _limit(case, "reflection") == ("INT-REFLECT", known)
        wanted = _end(case, "reflection")
        assert _limit(case, "fir") == ("IN-FIR-REG", wanted)


@pytest.mark.parametrize("crosses", ["across", "within"])
def test_whoever_crossed_a_border_is_asked_after_thirty_days_about_the_police(crosses: str) -> None:
    case = _case("adult-exploitation", "rescue", "own_will", "border", "reflection", child="no")
    _end(case, "intake")
    _end(case, "triage", decision="rescue")
    rescued = _end(case, "rescue")
    _end(case, "own_will", decision="yes")
    _end(case, "border", crosses=crosses, country="MM")
    assert _is_open(case, "reflection") is (crosses == "across")
    if crosses == "across":
        assert _limit(case, "reflection") == ("INT-REFLECT", rescued)


@pytest.mark.parametrize("before", [True, False, None])
def test_what_is_known_before_anyone_is_stopped_waits_for_nobody(*, before: bool | None) -> None:
    told = ("notify", "fir", "evidence", "safety")
    case = _case("stopped-on-the-way", "stop", *told, concern="stopped_on_the_way")
    _end(case, "intake", immediate_danger=False)
    assert not set(told) & {step.key for step in case.ready()}
    _end(case, "triage", **({} if before is None else {"before": before}))
    assert set(told) <= {step.key for step in case.ready()}
    if before:
        assert _limit(case, "safety") == (None, OPENED)
        return
    stopped = _end(case, "stop", someone_gone=False, **{"from": "IN"})
    assert _limit(case, "safety") == (None, stopped)


@pytest.mark.parametrize("outcome", ["done", "blocked_by_other_body"])
def test_whoever_paid_an_agent_claims_it_back_and_is_paid_what_is_awarded(outcome: str) -> None:
    case = _case("stopped-on-the-way", "stop", "fir", "claim", "award", "payment", child="no")
    _end(case, "intake")
    _end(case, "triage")
    _end(case, "stop", someone_gone=False, **{"from": "IN"})
    registered = _end(case, "fir", refused=False)
    assert _limit(case, "claim") == (None, registered)
    claimed = _end(case, "claim")
    assert _limit(case, "award") == (None, claimed)
    case.do(cm.CompleteStep(case.reach("award").id, outcome, case.now))
    assert _is_open(case, "payment") is (outcome == "done")


@pytest.mark.parametrize("child", ["yes", "no"])
def test_a_home_within_the_country_is_looked_at_in_the_time_of_the_law_for_a_child(child: str) -> None:
    case = _case("stopped-on-the-way", "stop", "production", "home_report", child=child)
    _end(case, "intake")
    _end(case, "triage")
    stopped = _end(case, "stop", someone_gone=False, **{"from": "IN"})
    expected = (None, stopped)
    if child == "yes":
        case.until(case.now + HOUR)
        expected = ("IN-JJ-SIR-15D", _end(case, "production"))
    case.reach("home_report")
    assert _limit(case, "home_report") == expected


@pytest.mark.parametrize("missing", [True, False])
def test_a_bride_whom_nobody_can_find_is_searched_for_as_a_missing_child(*, missing: bool) -> None:
    case = _case("early-marriage", "fir", "track", concern="early_marriage")
    _end(case, "intake")
    _end(case, "triage", is_missing=missing)
    registered = _end(case, "fir")
    assert _is_open(case, "track") is missing
    if missing:
        assert _limit(case, "track") == ("IN-MISS-RISK", registered)


@pytest.mark.parametrize("shelter", [True, False])
def test_home_in_myanmar_can_have_two_halves_the_border_with_its_shelter_and_the_family(*, shelter: bool) -> None:
    left = ("reception", "identify", "placement", "home", "first_visit", "visit_month")
    case = _case("home-to-myanmar", *left, concern="coming_home", child="no")
    _end(case, "intake", immediate_danger=False)
    _end(case, "triage")
    received = _end(case, "reception")
    known = _end(case, "identify")
    assert _limit(case, "placement") == ("MM-SHELTER", known)
    case.until(case.now + HOUR)
    case.do(cm.CompleteStep(case.reach("placement").id, "done" if shelter else "not_needed", case.now))
    assert _is_open(case, "home") is shelter
    back = received
    if shelter:
        assert _limit(case, "home") == ("MM-SHELTER", known)
        case.until(case.now + DAY)
        back = _end(case, "home")
    assert (_limit(case, "first_visit"), _limit(case, "visit_month")) == ((None, back), (None, back))
    assert not {one.law for one in case.state.deadlines.values() if one.law and one.law.startswith("IN-")}


@pytest.mark.parametrize(
    ("name", "hours"), [("domestic-work", 48), ("trafficking-base", 48), ("adult-exploitation", 24)]
)
def test_where_the_police_look_for_the_place_first_the_time_of_the_rescue_begins_with_the_plan(
    name: str, hours: int
) -> None:
    case = _case(name, "plan", "rescue", child="no" if name == "adult-exploitation" else "yes")
    _end(case, "intake")
    _end(case, "triage", decision="police")
    assert _limit(case, "plan") == (None, OPENED)
    case.until(OPENED + 5 * DAY)
    assert _is_open(case, "rescue")
    assert not [one for one in case.state.deadlines.values() if one.key == "rescue" and one.due_at < case.now]
    _end(case, "plan")
    due = [one.due_at for one in case.state.deadlines.values() if one.key == "rescue" and one.breached_at is None]
    assert due == [case.now + hours * HOUR]


@pytest.mark.parametrize("name", ["trafficking-base", "adult-exploitation", "child-labour", "domestic-work-adult"])
def test_a_rescue_that_the_police_opened_keeps_its_time_limit_where_the_plan_is_cancelled(name: str) -> None:
    case = _case(name, "plan", "rescue", "fir", child="no" if "adult" in name else "yes")
    _end(case, "intake")
    _end(case, "triage", decision="police")
    _end(case, "fir")
    assert not [one for one in case.state.deadlines.values() if one.key == "rescue"]
    case.do(cm.CancelStep(case.reach("plan").id, "called_off"))
    assert _is_open(case, "rescue")
    assert _limit(case, "rescue")[1] == OPENED


def test_the_enquiry_into_bonded_labour_is_made_too_where_triage_goes_to_the_police_first() -> None:
    case = _case("bonded-labour", "plan", "rescue")
    _end(case, "intake")
    _end(case, "triage", decision="police")
    assert (_is_open(case, "plan"), _limit(case, "plan")) == (True, ("IN-BL-ENQ", OPENED))
    _end(case, "plan")
    assert (_is_open(case, "rescue"), _limit(case, "rescue")) == (True, ("IN-BL-ENQ", OPENED))


@pytest.mark.parametrize("name", [*PLACES, "forced-scamming"])
def test_whoever_is_still_inside_is_brought_out_although_another_fled_alone(name: str) -> None:
    case = _case(name, "taken_charge", "rescue", "refer", "fir", victims=2)
    _end(case, "intake", at_hand=False, immediate_danger=True)
    _end(case, "triage", decision="protect", risk_level="critical")
    _end(case, "fir")
    one, other = _each(case, "taken_charge").values()
    _end(case, "taken_charge", one)
    assert _is_open(case, "rescue")
    assert _is_open(case, "taken_charge")
    if name == "forced-scamming":
        _end(case, "taken_charge", other)
    else:
        _end(case, "rescue")
    assert not _is_open(case, "rescue")
    assert not _is_open(case, "taken_charge")


@pytest.mark.parametrize("look", [True, False])
def test_an_adult_out_of_bondage_has_their_home_looked_at_and_decides_before_they_travel(*, look: bool) -> None:
    case = _case("bonded-labour", "heard", "home_within", "decision", "journey", child="no", concern="bonded_labour")
    _end(case, "intake")
    _end(case, "triage", decision="rescue", risk_level="high")
    heard_at = _end(case, "heard", look_first=look)
    if look:
        assert _limit(case, "home_within") == (None, heard_at)
        looked_at = _end(case, "home_within", recommendation="safe")
        assert _limit(case, "decision") == (None, looked_at)
        decided_at = _end(case, "decision", decision="return", wishes_return="yes")
        assert _limit(case, "journey") == (None, decided_at)
    else:
        case.reach("journey")
        assert {one.status for one in _each(case, "decision").values()} <= {StepStatus.SKIPPED}


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("unpaid", [True, False])
def test_cash_and_grant_count_from_the_hearing_at_which_the_certificates_are_signed(
    *, signed: bool, unpaid: bool
) -> None:
    cash = "cash_later" if unpaid else "cash"
    case = _case(
        "bonded-labour", "heard", "certificate", "cash", "cash_later", "grant", child="no", concern="bonded_labour"
    )
    _end(case, "intake")
    _end(case, "triage", decision="rescue", risk_level="high")
    case.reach("heard")
    safe_at = next(one.started_at for one in case.state.deadlines.values() if one.key == "heard")
    heard_at = _end(case, "heard", signs_now=signed)
    case.until(heard_at + 2 * HOUR)
    certified_at = _end(case, "certificate", unpaid=unpaid)
    otherwise = certified_at if unpaid else safe_at
    assert _limit(case, cash) == ("IN-BL-CASH", heard_at if signed else otherwise)
    assert _limit(case, "grant") == ("IN-BL-REHAB", heard_at if signed else certified_at)


@pytest.mark.parametrize("told", ["intake", "triage", "never"])
def test_a_child_in_a_household_of_whom_nobody_knows_where_is_searched_for(told: str) -> None:
    case = _case("domestic-work", "fir", "missing", "appeal", "take_back", concern="domestic_work")
    _end(case, "intake", is_missing=told == "intake")
    if told == "intake":
        assert _limit(case, "missing") == (None, OPENED)
        _end(case, "missing")
    _end(case, "triage", decision="rescue", risk_level="critical", is_missing=told == "triage")
    reported_at = _end(case, "fir", refused=False)
    assert _is_open(case, "appeal") is (told != "never")
    if told != "never":
        assert _limit(case, "appeal") == (None, reported_at)
        _end(case, "appeal", kind="missing_appeal")
    found_at = _end(case, "rescue", persons_found=1)
    assert _is_open(case, "take_back") is (told != "never")
    if told != "never":
        assert _limit(case, "take_back") == (None, found_at)


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("home", ["unsafe", "safe"])
def test_where_home_is_not_safe_another_place_is_looked_at_before_anyone_decides(name: str, home: str) -> None:
    case = _case(name, "home_report", "home_elsewhere", "decision", "placement", child="no")
    _end(case, "intake", at_hand=True)
    _end(case, "triage", decision="protect")
    looked_at = _end(case, "home_report", recommendation=home)
    assert _is_open(case, "home_elsewhere") is (home == "unsafe")
    if home == "unsafe":
        assert _limit(case, "home_elsewhere") == (None, looked_at)
        assert not _is_open(case, "decision")
        case.now += DAY
        looked_at = _end(case, "home_elsewhere", recommendation="safe")
    case.reach("placement")
    case.do(cm.CompleteStep(case.reach("placement").id, "not_needed", case.now))
    case.reach("decision")
    assert _limit(case, "decision") == (None, looked_at)


@pytest.mark.parametrize("decided", ["return", "third_option"])
def test_whoever_goes_to_another_place_in_myanmar_travels_by_the_decision_and_is_seen_in_a_week(decided: str) -> None:
    case = _case("led-from-myanmar", "identify", "decision", "handover", "first_visit", child="no")
    _end(case, "intake", at_hand=True)
    _end(case, "triage", decision="protect")
    known_at = _end(case, "identify")
    decided_at = _end(case, "decision", decision=decided, wishes_return="yes")
    assert _limit(case, "handover") == (None, decided_at if decided == "third_option" else known_at)
    handed_at = _end(case, "handover")
    due = next(one.due_at for one in case.state.deadlines.values() if one.key == "first_visit")
    assert (due - handed_at < 8 * DAY) is (decided == "third_option")


@pytest.mark.parametrize(("child", "law"), [("yes", "IN-POCSO-COMP-30D"), ("no", None)])
def test_a_claim_for_abuse_online_is_decided_and_paid_whatever_the_judgment(child: str, law: str | None) -> None:
    case = _case("online-abuse", "claim", "award", "award_paid", child=child)
    _end(case, "intake")
    _end(case, "triage")
    claimed_at = _end(case, "claim")
    assert _limit(case, "award") == ("IN-COMP-60D", claimed_at)
    awarded_at = _end(case, "award")
    assert _limit(case, "award_paid") == (law, awarded_at)


def test_whoever_is_to_come_home_to_bangladesh_is_told_their_rights_before_they_travel() -> None:
    case = _case(
        "home-to-bangladesh", "identify", "counsel", "counselling", "routes", "reception", "family_talk", child="no"
    )
    _end(case, "intake")
    assert not {"counsel", "counselling", "routes"} & {step.key for step in case.ready()}
    asked_at = _end(case, "identify")
    assert _limit(case, "counsel") == ("BD-RIGHTS-NOW", asked_at)
    assert {"counselling", "routes"} <= {step.key for step in case.ready()}
    _end(case, "triage")
    _end(case, "reception")
    assert _limit(case, "family_talk") == (None, case.now)


@pytest.mark.parametrize("crosses", ["across_not_asked", "across", "within", "not_known"])
def test_of_a_child_who_fears_their_country_nobody_there_is_asked_but_the_refugee_agency(crosses: str) -> None:
    case = _case("child-labour", "border", "asylum", "nationality_request")
    _end(case, "intake")
    _end(case, "triage", decision="rescue", risk_level="high")
    case.reach("border")
    produced_at = next(one.started_at for one in case.state.deadlines.values() if one.key == "border")
    _end(case, "border", crosses=crosses, country="MM")
    is_open = {key: _is_open(case, key) for key in ("asylum", "nationality_request")}
    assert is_open == {"asylum": crosses == "across_not_asked", "nationality_request": crosses == "across"}
    if is_open["asylum"]:
        assert _limit(case, "asylum") == (None, produced_at)


@pytest.mark.parametrize("not_yet", [True, False])
def test_whoever_wanted_no_police_yet_is_asked_after_a_month_what_they_agree_to(*, not_yet: bool) -> None:
    case = _case("forced-marriage", "consent", "consent_after", child="no", concern="early_marriage")
    _end(case, "intake")
    _end(case, "consent", not_yet=not_yet)
    _end(case, "triage", decision="protect")
    case.reach("counsel_at_law")
    known_at = _end(case, "identify")
    assert _is_open(case, "consent_after") is not_yet
    if not_yet:
        assert _limit(case, "consent_after") == ("INT-REFLECT", known_at)


@pytest.mark.parametrize("decided", ["third_option", "return"])
@pytest.mark.parametrize("looked", [True, False])
def test_a_child_who_fears_return_goes_to_another_place_once_a_lawyer_has_looked(*, decided: str, looked: bool) -> None:
    case = _case("early-marriage", "border", "asylum", "home_report", "decision", "travel", "handover", "first_visit")
    _end(case, "intake")
    _end(case, "triage", decision="rescue", risk_level="critical")
    _end(case, "border", crosses="across_not_asked", country="MM")
    case.do(cm.CompleteStep(case.reach("asylum").id, "done" if looked else "blocked_by_other_body", case.now))
    _end(case, "home_report", recommendation="unsafe")
    case.until(case.now + DAY)
    assert _is_open(case, "decision") is looked
    if looked:
        decided_at = _end(case, "decision", decision=decided, wishes_return="no")
        assert _is_open(case, "travel")
        _end(case, "travel")
        assert _is_open(case, "handover") is (decided == "third_option")
        assert _limit(case, "handover") == (None, decided_at)


@pytest.mark.parametrize("decided", ["third_option", "return", "stay"])
@pytest.mark.parametrize(("name", "way"), [("forced-marriage", "handover"), ("coming-home", "reception")])
def test_whoever_goes_to_another_safe_place_is_taken_or_received_there(name: str, way: str, decided: str) -> None:
    home = "home_within" if way == "handover" else "home_report"
    case = _case(name, home, "decision", "travel", way, child="no", concern="early_marriage")
    _end(case, "intake")
    _end(case, "triage", decision="rescue")
    _end(case, home, recommendation="unsafe")
    decided_at = _end(case, "decision", decision=decided, wishes_return="no")
    assert _is_open(case, "travel") is (decided != "stay")
    if decided != "stay":
        _end(case, "travel")
    assert _is_open(case, way) is (decided == "third_option")
    if decided == "third_option":
        assert _limit(case, way) == (None, decided_at)
