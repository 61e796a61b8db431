"""The step types of re-integration."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from engine.plugin.answers import read_answers
from engine.plugin.context import StepContext
from pillars.reintegration.forms import CloseForm, LivelihoodForm, PlanForm, VisitForm
from pillars.reintegration.steps import (
    Close,
    Livelihood,
    Mediation,
    Plan,
    ScheduleSettings,
    Visit,
    schedule,
)
from pillars.reintegration.visits import milestones, missed, red_flag
from tests.kit.pillars import (
    FakeContext,
    conclude,
    example,
    prepare,
    problems,
    run,
)


@pytest.mark.parametrize(("form", "changes"), [
    (PlanForm, {"start": "2026-03-10", "review_on": "2026-03-09"}),
    (VisitForm, {"due_on": "2026-03-10", "next": "2026-03-09"}),
    (VisitForm, {"re_trafficking_sign": ["none", "debt"]}),
    (VisitForm, {"mode": "not_reached", "alone_with_person": True}),
    (LivelihoodForm, {"income_before": None}),
    (CloseForm, {"all_pillars_settled": True, "open_clocks": 1}),
])  # fmt: skip
def test_answers_that_contradict_each_other_are_refused(form: Any, changes: dict[str, Any]) -> None:
    assert problems(form, example(form, **changes)) == {"*"}


def test_a_case_with_open_limits_can_be_reviewed_as_not_settled() -> None:
    assert not problems(CloseForm, example(CloseForm, all_pillars_settled=False, open_clocks=1))


def test_a_visit_is_dated_by_when_it_was_but_may_not_have_been() -> None:
    assert Visit.step_type.event_time_field == "done_at"
    assert not next(spec for spec in Visit.step_type.fields if spec.name == "done_at").required


@pytest.mark.parametrize(("handed_over", "next_visit"), [
    ("2026-03-10T06:00:00+00:00", "2026-03-17"),
    ("2026-03-03T06:00:00+00:00", "2026-03-17"),
    ("2026-02-24T06:00:00+00:00", "2026-03-24"),
    ("2026-02-01T06:00:00+00:00", "2026-05-01"),
    ("2025-04-01T06:00:00+00:00", "2026-04-01"),
    ("2025-01-01T06:00:00+00:00", "2026-06-08"),
])  # fmt: skip
def test_visits_come_after_weeks_and_months_and_then_every_90_days(handed_over: str, next_visit: str) -> None:
    prefill = prepare(Visit, before={"repatriation.handover": {"at": handed_over}}).prefill
    assert prefill == {"due_on": "2026-03-10", "next": next_visit}


def test_a_visit_takes_over_the_day_that_was_planned_for_it() -> None:
    planned = FakeContext(before={"reintegration.visit": {"next": "2026-03-12"}})
    assert prepare(Visit, planned).prefill == {"due_on": "2026-03-12", "next": "2026-03-19"}


@pytest.mark.parametrize(
    ("mode", "alone", "counts"), [("phone", True, True), ("phone", False, False), ("not_reached", True, False)]
)
def test_a_visit_counts_only_when_the_person_was_spoken_to_alone(mode: str, *, alone: bool, counts: bool) -> None:
    answers = {"mode": mode, "alone_with_person": alone, "done_at": "2026-03-10T05:00:00+00:00"}
    concluded = conclude(Visit, answers)
    assert concluded.facts["was_seen_alone"] is counts
    assert bool(concluded.notes) is not counts


def test_the_plan_starts_today_and_is_looked_at_after_three_months() -> None:
    assert prepare(Plan).prefill == {"start": "2026-03-10", "review_on": "2026-06-10"}


def test_growing_income_is_a_fact_only_when_both_incomes_are_known() -> None:
    grown = conclude(Livelihood, {"income_before": "10", "income_after": "11"})
    assert grown.facts == {"income_has_grown": True}
    assert conclude(Livelihood, {"income_after": "11"}).facts == {}


def test_an_agreement_that_does_not_feel_safe_is_noted() -> None:
    assert conclude(Mediation, {"safe": False}).notes
    assert not conclude(Mediation, {"safe": True}).notes


def test_closing_needs_settled_pillars_and_no_open_limit() -> None:
    settled = {"all_pillars_settled": True, "open_clocks": 0}
    assert conclude(Close, settled).facts == {"may_close": True}
    assert conclude(Close, settled | {"open_clocks": 2}).facts == {"may_close": False}
    assert prepare(Close).notes
    assert not prepare(Close, before={"reintegration.visit": {"mode": "phone"}}).notes


def test_follow_up_is_at_the_same_local_time_after_weeks_and_calendar_months() -> None:
    before = {"repatriation.handover": {"at": "2026-08-31T20:00:00+00:00"}}
    done = run(schedule, before=before, zone="Asia/Dhaka", settings=ScheduleSettings())
    assert done.outputs == {
        "is_known": True,
        "after_2_weeks_at": datetime(2026, 9, 14, 20, tzinfo=UTC),
        "after_1_month_at": datetime(2026, 9, 30, 20, tzinfo=UTC),
        "after_3_months_at": datetime(2026, 11, 30, 20, tzinfo=UTC),
        "after_6_months_at": datetime(2027, 2, 28, 20, tzinfo=UTC),
        "after_12_months_at": datetime(2027, 8, 31, 20, tzinfo=UTC),
    }


def test_there_is_no_schedule_before_the_person_is_home() -> None:
    done = run(schedule, settings=ScheduleSettings())
    assert done.outputs == {"is_known": False}
    elsewhere = ScheduleSettings(from_step="rescue.production", from_field="produced_at")
    produced = {"rescue.production": {"produced_at": "2026-03-01T00:00:00+00:00"}}
    assert run(schedule, before=produced, settings=elsewhere).outputs["is_known"] is True


HANDED_OVER = "2026-01-01T06:00:00+00:00"
HOME_SINCE = datetime(2026, 1, 1, 6, tzinfo=UTC)


def _visit(day: str, mode: str = "home_visit") -> dict[str, Any]:
    return {"done_at": f"{day}T06:00:00+00:00", "mode": mode}


def test_each_visit_after_the_return_opens_three_days_before_its_day() -> None:
    before = {"repatriation.handover": {"at": "2026-03-09T06:00:00+00:00"}}
    watches = run(schedule, before=before, settings=ScheduleSettings()).follow_ups
    assert [(one.name, one.uses) for one in watches] == [
        (f"visit_{name}", "reintegration.visit")
        for name in ("1_week", "2_weeks", "1_month", "3_months", "6_months", "12_months")
    ]
    assert watches[1].due_at == datetime(2026, 3, 23, 18, 29, 59, tzinfo=UTC)
    assert watches[1].opens_at == datetime(2026, 3, 19, 18, 30, tzinfo=UTC)
    late = {"repatriation.handover": {"at": "2025-10-01T06:00:00+00:00"}}
    named = [one.name for one in run(schedule, before=late, settings=ScheduleSettings()).follow_ups]
    assert named == ["visit_3_months", "visit_6_months", "visit_12_months"], "of those that are gone, the last is due"


@pytest.mark.parametrize(("visits", "today", "gone"), [
    ([], date(2026, 1, 15), ()),
    ([], date(2026, 1, 16), ("1 week",)),
    ([_visit("2026-01-08")], date(2026, 2, 20), ("2 weeks", "1 month")),
    ([_visit("2026-01-08"), _visit("2026-01-13"), _visit("2026-02-03")], date(2026, 2, 20), ()),
    ([_visit("2026-01-05", "not_reached")], date(2026, 1, 16), ("1 week",)),
])  # fmt: skip
def test_a_visit_that_nobody_made_is_found(visits: Any, today: date, gone: tuple[str, ...]) -> None:
    assert missed(HOME_SINCE, [read_answers(VisitForm, one) for one in visits], _on(today)) == gone


def test_nothing_is_missed_before_the_person_is_home() -> None:
    assert missed(None, [], _on(date(2030, 1, 1))) == ()


def test_the_days_of_visits_are_those_of_the_calendar_at_home() -> None:
    days = milestones(datetime(2026, 1, 30, 20, tzinfo=UTC), FakeContext(zone="Asia/Dhaka"))
    assert days["1 month"] == date(2026, 2, 28)
    assert days["1 week"] == date(2026, 2, 7)


def test_missed_visits_are_said_at_the_next_one_and_at_the_closure() -> None:
    assert Visit.step_type.history == Close.step_type.history == ("reintegration.visit",)
    context = FakeContext(before={"repatriation.handover": {"at": HANDED_OVER}})
    said = "No one saw the person at the visit after: 1 week, 2 weeks, 1 month."
    assert said in prepare(Visit, context).notes
    assert said in prepare(Close, context).notes
    assert any("Two years" in note for note in prepare(Close, context).notes)


@pytest.mark.parametrize(("answers", "flag", "due"), [
    ({"safety": "in_danger"}, "danger", date(2026, 3, 11)),
    ({"safety": "safe", "re_trafficking_sign": ["missing"]}, "danger", date(2026, 3, 11)),
    ({"mode": "not_reached", "safety": "unknown"}, "not_reached", date(2026, 3, 12)),
    ({"safety": "some_worry", "re_trafficking_sign": ["none"]}, "sign", date(2026, 3, 17)),
    ({"safety": "safe", "re_trafficking_sign": ["debt"]}, "sign", date(2026, 3, 17)),
])  # fmt: skip
def test_a_red_flag_brings_the_next_visit_forward_and_tells_the_supervisor(answers: Any, flag: str, due: date) -> None:
    concluded = conclude(Visit, answers | {"next": "2026-06-10"})
    assert red_flag(read_answers(VisitForm, answers)) == flag
    again, told = concluded.follow_ups
    assert (again.name, again.due_at.date(), again.ladder) == ("visit_next", due, "high")
    assert (told.uses, told.roles[0], told.opens_at) == ("protection.safety", "supervisor", None)
    assert any("supervisor now" in note for note in concluded.notes) is (flag == "danger")


def test_a_visit_that_is_planned_sooner_than_a_flag_asks_for_keeps_its_day() -> None:
    answers = {"safety": "some_worry", "next": "2026-03-12"}
    due = conclude(Visit, answers).follow_ups[0].due_at
    assert due == datetime(2026, 3, 12, 18, 29, 59, tzinfo=UTC)


@pytest.mark.parametrize(("planned", "handed_over", "is_watched"), [
    ("2026-05-20", None, True), ("2026-05-20", HANDED_OVER, True), ("2026-04-02", HANDED_OVER, True),
    ("2026-03-10", None, False),
])  # fmt: skip
def test_the_planned_visit_is_watched_also_near_a_day_after_the_return(
    planned: str, handed_over: str | None, *, is_watched: bool
) -> None:
    before = {"repatriation.handover": {"at": handed_over}} if handed_over else {}
    answers = {"safety": "safe", "re_trafficking_sign": ["none"], "next": planned}
    watches = conclude(Visit, answers, before=before).follow_ups
    assert {one.name: one.is_over for one in watches} == {"red_flag": True, "visit_next": not is_watched}


@pytest.mark.parametrize(("visit", "met"), [
    (_visit("2026-01-04"), []),
    (_visit("2026-01-05"), ["visit_1_week"]),
    (_visit("2026-03-29", "phone"), ["visit_1_week", "visit_2_weeks", "visit_1_month", "visit_3_months"]),
    (_visit("2026-03-29", "not_reached"), []),
])  # fmt: skip
def test_a_visit_calls_off_those_after_the_return_whose_days_have_come(visit: Any, met: list[str]) -> None:
    before = {"repatriation.handover": {"at": HANDED_OVER}}
    watches = conclude(Visit, visit, before=before).follow_ups
    assert [one.name for one in watches if one.is_over and one.name not in {"red_flag", "visit_next"}] == met


def test_no_visit_after_the_return_is_opened_for_which_somebody_was_there_already() -> None:
    before = {"repatriation.handover": {"at": "2026-03-05T06:00:00+00:00"}}
    history = {"reintegration.visit": (_visit("2026-03-09", "phone"),)}
    done = run(schedule, before=before, history=history, settings=ScheduleSettings())
    assert schedule.history == ("reintegration.visit",)
    assert done.follow_ups[0].name == "visit_2_weeks"


def test_the_next_visit_takes_over_work_and_income_and_asks_about_the_worry() -> None:
    told = {"school_or_work": "work", "income": "3000", "safety": "some_worry"}
    prepared = prepare(Visit, before={"reintegration.visit": told})
    assert (prepared.prefill["school_or_work"], prepared.prefill["income"]) == ("work", "3000")
    assert prepared.notes[-1] == "Read what was written at the last visit first."


def test_the_plan_takes_over_the_home_report_and_is_looked_at_again() -> None:
    before = {"repatriation.hir": {"school_or_work_option": "a school"}}
    assert prepare(Plan, before=before).prefill["economic"] == "a school"
    (watch,) = conclude(Plan, {"review_on": "2026-06-10"}).follow_ups
    assert (watch.name, watch.uses) == ("plan_review", "reintegration.plan")
    assert not conclude(Plan, {"review_on": "2026-03-10"}).follow_ups


def test_help_to_earn_is_looked_at_until_it_is_known_what_it_brought() -> None:
    before = {"reintegration.visit": {"income": "1500"}}
    assert prepare(Livelihood, before=before).prefill == {"income_before": "1500"}
    (watch,) = conclude(Livelihood, {"income_before": "1500"}).follow_ups
    assert watch.due_at == datetime(2026, 6, 10, 18, 29, 59, tzinfo=UTC)
    (over,) = conclude(Livelihood, {"income_before": "1", "income_after": "2"}).follow_ups
    assert over.is_over


def test_mediation_begins_with_the_home_report_and_an_unsafe_agreement_opens_the_safety_plan() -> None:
    before = {"repatriation.hir": {"recommendation": "safe"}}
    assert len(prepare(Mediation, before=before).notes) == 2
    assert len(prepare(Mediation).notes) == 1
    (watch,) = conclude(Mediation, {"safe": False}).follow_ups
    assert watch.uses == "protection.safety"


def _on(day: date) -> StepContext:
    """Make a case at noon of a day."""
    return FakeContext(now=datetime.combine(day, time(6, 30), UTC))
