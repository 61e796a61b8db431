"""Two whole cases in the pure core: every due time, breach and escalation that the shipped workflows must give."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.core import commands as cm
from engine.core import events as ev
from engine.core.consequences import consequences
from engine.core.records import Scalar, StepInterval, StepStatus
from engine.core.time.counting import warn_at
from engine.language.limits import WarningPoint
from engine.language.names import Role
from pillars.restitution.forms import EligibilityForm
from tests.acceptance.core_story import (
    INTAKE_OFFICER,
    RUN,
    VICTIM,
    CoreCase,
    CoreStory,
    open_story,
)
from tests.kit.shipped import Story, library, shipped, story

WORKFLOWS = {"cs-01": "child-labour", "cs-02": "child-sexual-exploitation"}
Answers = Mapping[str, Mapping[str, Scalar]]
Left = frozenset[str]
NOTHING: Left = frozenset()
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture(scope="module", params=sorted(WORKFLOWS))
def whole(request: pytest.FixtureRequest) -> CoreStory:
    """A story told to its end."""
    told = open_story(story(request.param), WORKFLOWS[request.param])
    told.tell()
    return told


def _opened(name: str, until: str, *, answers: Answers | None = None, left: Left = NOTHING) -> CoreStory:
    told = open_story(story(name), WORKFLOWS[name], answers=answers, left=left)
    told.tell(until=until)
    return told


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_the_workflow_foresees_every_event_of_the_story(whole: CoreStory) -> None:
    assert whole.not_foreseen == []
    assert len(whole.foreseen) == len(whole.told.events)


def test_every_due_time_is_exactly_the_storys(whole: CoreStory) -> None:
    expected = {event.label: event.due for event in whole.told.events if event.due is not None}
    assert {label: whole.due.get(label) for label in expected} == expected


def test_what_was_late_has_one_breach_dated_at_its_due_time_and_nothing_else_has_any(whole: CoreStory) -> None:
    late = {event.label: event.due for event in whole.told.events if event.on_time is False}
    assert whole.case.breaches() == [(whole.done[label].key, due) for label, due in late.items()]


def test_the_case_closes_when_the_rest_is_done_and_nothing_is_stuck(whole: CoreStory) -> None:
    whole.case.finish()
    assert whole.case.live() == set()
    assert whole.case.state.deadlines == {}
    assert whole.case.is_closed()


# The child is produced 27 hours after the rescue.


RESCUED = _at("2026-03-07T22:40+05:30")
PRODUCTION_DUE = RESCUED + 24 * HOUR


def _late_production(*, left: Left = NOTHING) -> CoreStory:
    told = open_story(_produced_late(story("cs-01")), "child-labour", left=left)
    told.tell(until="cwc")
    return told


def _produced_late(told: Story) -> Story:
    late = {"cwc": RESCUED + 27 * HOUR}
    moved = (replace(e, at=late[e.label], journey=None) if e.label in late else e for e in told.events)
    return replace(told, events=tuple(sorted(moved, key=lambda event: event.at)))


def test_a_missed_production_is_dated_at_its_due_time_however_late_it_is_discovered() -> None:
    told = _opened("cs-01", "rescue")
    step = told.case.ready("rescue.production")[0]
    deadline = told.case.deadline(step)
    told.case.now = PRODUCTION_DUE + 3 * DAY
    told.case.do(cm.FireDeadline(deadline.id))
    assert ("production", PRODUCTION_DUE) in told.case.breaches()


def test_a_production_that_is_told_late_is_a_breach_though_nobody_watched() -> None:
    told = _opened("cs-01", "rescue")
    step = told.case.ready("rescue.production")[0]
    told.case.now = PRODUCTION_DUE + 3 * DAY
    told.case.complete(step, at=RESCUED + 27 * HOUR)
    assert told.case.breaches().count(("production", PRODUCTION_DUE)) == 1


@pytest.mark.parametrize(("has_ended", "later"), [(True, HOUR), (False, timedelta(0))])
def test_a_journey_moves_the_due_time_only_when_its_end_is_entered(*, has_ended: bool, later: timedelta) -> None:
    told = _opened("cs-01", "rescue")
    step = told.case.ready("rescue.production")[0]
    end = RESCUED + 3 * HOUR if has_ended else None
    start = RESCUED + 2 * HOUR
    journey = StepInterval(step_id=step.id, name="journey", start=start, end=end, has_place=True)
    told.case.do(cm.RecordInterval(journey))
    deadline = told.case.deadline(step)
    assert deadline.due_at == PRODUCTION_DUE + later


def test_case_manager_then_supervisor_then_child_protection_unit_hear_of_a_child_not_produced() -> None:
    told = _late_production()
    raised = [(level, at - PRODUCTION_DUE) for level, at in told.case.levels("production")]
    assert raised == [(1, -4 * HOUR), (2, 0 * HOUR), (3, HOUR / 2), (4, HOUR)]
    by_level = {level.level: level for level in library().ladders["child-not-produced"].levels}
    assert by_level[2].to.role is Role.CASE_MANAGER
    assert by_level[2].needs_acknowledgement
    assert by_level[3].to.person == "supervisor"
    assert by_level[4].to.law_route == "District Child Protection Unit"


def test_after_a_breach_the_production_stays_open_and_must_still_be_done() -> None:
    told = _opened("cs-01", "rescue")
    told.case.until(PRODUCTION_DUE + HOUR)
    step = told.case.step("production")
    assert step.status is StepStatus.READY


def test_the_case_cannot_close_until_the_signed_delay_note_exists() -> None:
    told = _late_production(left=frozenset({"delay_note"}))
    told.tell()
    told.case.finish()
    assert told.case.live() == {"delay_note"}
    assert not told.case.is_closed()
    note = told.case.step("delay_note")
    assert note.opened_at == PRODUCTION_DUE
    told.case.complete(note)
    told.case.finish()
    assert told.case.is_closed()


def test_no_delay_note_is_asked_for_when_the_child_was_produced_in_time() -> None:
    assert _opened("cs-01", "cwc").case.step("delay_note") is None


# The home report does not come.


def _no_home_report() -> CoreStory:
    told = _opened("cs-01", "ident", left=frozenset({"home_report"}))
    told.case.until(_at("2026-03-08T13:40+05:30") + 20 * DAY)
    return told


def test_the_partner_is_reminded_on_days_10_and_14_and_the_manager_offers_a_second_worker_on_day_16() -> None:
    produced = _at("2026-03-08T13:40+05:30")
    told = _no_home_report()
    assert [(level, (at - produced).days) for level, at in told.case.levels("home_report")][:3] == [
        (1, 10),
        (2, 14),
        (3, 16),
    ]
    levels = {level.level: level for level in library().ladders["partner-silent"].levels}
    assert [levels[number].to.partner for number in (1, 2)] == [Role.CASEWORKER, Role.CASEWORKER]
    assert (levels[3].to.role, levels[3].offer_next_partner) == (Role.PARTNERSHIP_MANAGER, True)


def test_no_decision_can_be_made_while_the_home_report_is_missing() -> None:
    assert _no_home_report().case.step("decision") is None


# The other State does not answer on the nationality.


def _no_nationality() -> CoreStory:
    told = _opened("cs-02", "evid", left=frozenset({"nationality_answer"}))
    told.case.until(ASKED + 130 * DAY)
    return told


ASKED = _at("2026-02-03T16:10+05:30")


def test_an_answer_on_the_nationality_is_amber_after_60_days_and_red_after_120() -> None:
    told = _no_nationality()
    assert ("nationality_answer", ASKED + 60 * DAY) in told.case.breaches()
    days = {level: (at - ASKED).days for level, at in told.case.levels("nationality_answer")}
    assert (days[2], days[4]) == (60, 120)
    levels = {level.level: level for level in library().ladders["nationality-delay"].levels}
    assert "Task Force focal points" in (levels[2].to.law_route or "")
    red = levels[4].to.law_route or ""
    assert "State and central nodal officers" in red
    assert "National Human Rights Commission" in red


def test_the_delay_of_the_other_state_is_never_held_against_the_caseworker() -> None:
    told = _no_nationality()
    raised = {level for level, _ in told.case.levels("nationality_answer")}
    ladder = library().ladders["nationality-delay"]
    assert not [level.level for level in ladder.levels if level.level in raised and level.to.person == "assignee"]
    assert "outside authority is responsible for the delay" in next(
        level.note for level in ladder.levels if level.level == 2
    )


def test_a_longer_stay_brings_school_and_a_second_review_of_the_care_plan() -> None:
    told = _opened("cs-02", "evid", left=frozenset({"nationality_answer", "care_review", "school"}))
    opened = {key: step.opened_at for key in ("care_review", "school") if (step := told.case.step(key))}
    assert opened == dict.fromkeys(("care_review", "school"), ASKED + 60 * DAY)


def test_the_partner_in_dhaka_is_reminded_on_a_working_day_of_bangladesh() -> None:
    told = _opened("cs-02", "natreq")
    [news] = [step for step in told.case.ready("policing.update") if step.key == "family_news"]
    deadline = told.case.deadline(news)
    told.case.left = frozenset({"family_news"})
    told.case.until(deadline.due_at)
    [reminded] = told.case.warnings("family_news")
    assert f"{reminded.astimezone(ZoneInfo('Asia/Dhaka')):%A %d %B}" == "Sunday 01 March"
    in_india = warn_at(
        deadline.started_at, deadline.due_at, WarningPoint("P2WD"), zone="Asia/Kolkata",
        calendar=library().calendars["IN"],
    )  # fmt: skip
    assert in_india is not None
    assert f"{in_india:%A}" == "Friday"


# What is never done to a person.


def test_the_route_of_nalsa_is_not_offered_and_the_reason_is_asked_for() -> None:
    workflow = shipped("child-sexual-exploitation").workflow
    assert not [key for key, step in workflow.steps.items() if step.uses in {"restitution.claim", "restitution.award"}]
    assert "NALSA" in (workflow.steps["eligibility"].title or "")
    answers = {"routes": ["POCSO33_8"], "excluded": ["NALSA"], "limit_date": "2029-01-29"}
    assert EligibilityForm.model_validate(answers).excluded == ("NALSA",)


UNSAFE: Answers = {"home_report": {"recommendation": "unsafe"}}


def test_no_decision_against_the_home_report_until_a_life_elsewhere_is_planned() -> None:
    told = _opened("cs-01", "sir", answers=UNSAFE)
    decision = told.case.step("decision")
    assert (decision.status, decision.gate) == (StepStatus.HELD, "decision-needs-home-report")
    told.case.do(cm.AddStep(RUN, "other_plan", path=f"person:{VICTIM}"))
    told.case.complete(told.case.ready("core.decide")[0])
    assert told.case.ready("repatriation.decision")


def test_no_decision_on_a_return_that_the_child_has_refused() -> None:
    told = _opened("cs-01", "ident", answers={"new_will": {"decision": "no"}})
    told.case.do(cm.AddStep(RUN, "new_will", path=f"person:{VICTIM}"))
    told.case.complete(told.case.ready("core.decide")[0])
    told.tell(until="sir")
    decision = told.case.step("decision")
    assert (decision.status, decision.gate) == (StepStatus.HELD, "decision-needs-own-will")


@pytest.mark.parametrize("wish", ["no", "unsure"])
def test_nobody_is_handed_over_against_their_own_will(wish: str) -> None:
    told = _opened("cs-01", "order", answers={"decision": {"decision": "return", "wishes_return": wish}})
    handover = told.case.step("handover")
    assert (handover.status, handover.gate) == (StepStatus.HELD, "return-by-own-will")


def test_a_child_who_stays_is_not_handed_over_and_the_case_still_closes() -> None:
    told = _opened("cs-01", "order", answers={"decision": {"decision": "stay", "wishes_return": "no"}})
    told.case.finish()
    handover = told.case.step("handover")
    assert handover.status is StepStatus.SKIPPED
    assert told.case.is_closed()


@pytest.mark.parametrize(("live", "leave", "gate"), [
    (False, "yes", "share-abroad-with-consent"),
    (True, "no", "share-abroad-with-leave"),
    (True, "yes", None),
])  # fmt: skip
def test_nothing_goes_to_the_police_abroad_without_consent_and_leave(
    *, live: bool, leave: str, gate: str | None
) -> None:
    told = _opened("cs-02", "natreq", answers={"leave_to_share": {"decision": leave}}, left=frozenset({"consent"}))
    case, path = told.case, f"person:{VICTIM}"
    with_consent = {"protection.consent_check": {"live": live, "covers_sharing": live}}
    case.worked_out = with_consent
    case.complete(case.ready("protection.consent")[0])
    case.do(cm.AddStep(RUN, "leave_to_share", path=path))
    case.complete(case.ready("core.decide")[0])
    case.do(cm.AddStep(RUN, "share_abroad", path=path))
    sharing = case.step("share_abroad")
    assert (sharing.status, sharing.gate) == (StepStatus.HELD if gate else StepStatus.READY, gate)


# Four eyes.


@pytest.mark.parametrize("workflow", [
    "child-labour", "child-sexual-exploitation", "cross-border-child", "reported-concern", "trafficking-base",
])  # fmt: skip
def test_who_took_the_report_down_may_not_judge_it(workflow: str) -> None:
    case = CoreCase(workflow=shipped(workflow), opened_at=_at("2026-03-07T18:40+05:30"), jurisdiction="IN-AS")
    intake = case.ready("reporting.intake")[0]
    before = len(case.events)
    case.complete(intake, by=INTAKE_OFFICER)
    follows = consequences(case.events[before:], case.state, {case.workflow.content_hash: case.workflow}, case.now)
    [triage] = [item for item in follows.items if item.uses == "reporting.triage"]
    assert triage.candidate_roles == ("supervisor",)
    assert triage.excluded_ids == (INTAKE_OFFICER,)


def test_a_concern_stays_open_while_steps_are_added_and_closes_when_a_supervisor_says_so() -> None:
    case = CoreCase(workflow=shipped("reported-concern"), opened_at=_at("2026-03-07T18:40+05:30"), jurisdiction="IN-NL")
    case.complete(case.ready("reporting.intake")[0], by=INTAKE_OFFICER)
    case.complete(case.ready("reporting.triage")[0])
    case.do(cm.AddStep(RUN, "safety", path=f"person:{VICTIM}"))
    case.complete(case.ready("reintegration.close")[0])
    assert case.live() == {"safety"}
    case.complete(case.ready("protection.safety")[0])
    assert isinstance(case.events[-1], ev.CaseClosed)
