"""The step types of re-integration."""

from datetime import UTC, datetime
from typing import Any

import pytest

from engine.plugin.steps import StepType
from pillars.reintegration import PILLAR
from pillars.reintegration.forms import CloseForm, PlanForm, VisitForm
from pillars.reintegration.steps import (
    CLOSE,
    LIVELIHOOD,
    MEDIATION,
    PLAN,
    VISIT,
    ScheduleSettings,
    schedule,
)
from tests.pillars.support import (
    FakeContext,
    accepts_its_examples,
    example,
    has_only_open_outputs,
    keeps_the_catalogue,
    problems,
    refuses_gaps_and_strangers,
    render,
)

CATALOGUE = {
    "reintegration.plan": """
        economic:longtext! social:longtext! psychosocial:longtext~! owner:person! budget:money start:date!
        review_on:date!
    """,
    "reintegration.visit": """
        due_on:date! done_at:datetime mode:choice! alone_with_person:bool! safety:choice~! school_or_work:choice!
        income:money re_trafficking_sign:multi~! needs:longtext next:date!
    """,
    "reintegration.livelihood": """
        kind:choice! amount:money! assets:longtext mentor:person income_before:money income_after:money
    """,
    "reintegration.mediation": """
        parties:text^! issue:longtext! agreement:longtext safe:bool!
    """,
    "reintegration.close": """
        all_pillars_settled:bool! open_clocks:int! survivor_view:longtext! reason:choice! data_keep_until:date!
        reopen_rule:longtext!
    """,
}
CHANGES: dict[str, dict[str, Any]] = {"reintegration.close": {"open_clocks": 0}}
ASKED = [step for step in PILLAR.step_types if step.form]


@pytest.mark.parametrize("step", ASKED, ids=lambda step: step.key)
def test_a_form_asks_what_the_catalogue_says_and_takes_good_answers_only(step: StepType) -> None:
    changes = CHANGES.get(step.key, {})
    keeps_the_catalogue(step, CATALOGUE[step.key])
    accepts_its_examples(step, **changes)
    refuses_gaps_and_strangers(step, **changes)
    has_only_open_outputs(step)


@pytest.mark.parametrize(
    ("form", "changes"),
    [
        (PlanForm, {"start": "2026-03-10", "review_on": "2026-03-09"}),
        (VisitForm, {"due_on": "2026-03-10", "next": "2026-03-09"}),
        (VisitForm, {"re_trafficking_sign": ["none", "debt"]}),
        (CloseForm, {"all_pillars_settled": True, "open_clocks": 1}),
    ],
)
def test_answers_that_contradict_each_other_are_refused(form: Any, changes: dict[str, Any]) -> None:
    assert problems(form, example(form, **changes)) == {"*"}


def test_a_case_with_open_limits_can_be_reviewed_as_not_settled() -> None:
    assert not problems(CloseForm, example(CloseForm, all_pillars_settled=False, open_clocks=1))


def test_a_visit_is_dated_by_when_it_was_but_may_not_have_been() -> None:
    assert VISIT.event_time_field == "done_at"
    assert not next(spec for spec in VISIT.fields if spec.name == "done_at").required


@pytest.mark.parametrize(
    ("handed_over", "next_visit"),
    [
        ("2026-03-10T06:00:00+00:00", "2026-03-17"),
        ("2026-03-03T06:00:00+00:00", "2026-04-02"),
        ("2026-02-01T06:00:00+00:00", "2026-05-02"),
        ("2025-01-01T06:00:00+00:00", "2026-06-08"),
    ],
)
def test_visits_come_after_7_30_and_90_days_and_then_every_90(handed_over: str, next_visit: str) -> None:
    assert VISIT.prepare is not None
    prefill = VISIT.prepare(FakeContext(before={"repatriation.handover": {"at": handed_over}})).prefill
    assert prefill == {"due_on": "2026-03-10", "next": next_visit}


def test_a_visit_takes_over_the_day_that_was_planned_for_it() -> None:
    assert VISIT.prepare is not None
    planned = FakeContext(before={"reintegration.visit": {"next": "2026-03-12"}})
    assert VISIT.prepare(planned).prefill == {"due_on": "2026-03-12", "next": "2026-03-19"}


@pytest.mark.parametrize(
    ("mode", "alone", "counts"), [("phone", True, True), ("phone", False, False), ("not_reached", True, False)]
)
def test_a_visit_counts_only_when_the_person_was_spoken_to_alone(mode: str, *, alone: bool, counts: bool) -> None:
    assert VISIT.conclude is not None
    concluded = VISIT.conclude(FakeContext(answers={"mode": mode, "alone_with_person": alone}))
    assert concluded.facts == {"was_seen_alone": counts}
    assert bool(concluded.notes) is not counts


def test_the_plan_starts_today_and_is_looked_at_after_three_months() -> None:
    assert PLAN.prepare is not None
    assert PLAN.prepare(FakeContext()).prefill == {"start": "2026-03-10", "review_on": "2026-06-10"}


def test_growing_income_is_a_fact_only_when_both_incomes_are_known() -> None:
    assert LIVELIHOOD.conclude is not None
    grown = LIVELIHOOD.conclude(FakeContext(answers={"income_before": "10", "income_after": "11"}))
    assert grown.facts == {"income_has_grown": True}
    assert LIVELIHOOD.conclude(FakeContext(answers={"income_after": "11"})).facts == {}


def test_an_agreement_that_does_not_feel_safe_is_noted() -> None:
    assert MEDIATION.conclude is not None
    assert MEDIATION.conclude(FakeContext(answers={"safe": False})).notes
    assert not MEDIATION.conclude(FakeContext(answers={"safe": True})).notes


def test_closing_needs_settled_pillars_and_no_open_limit() -> None:
    assert CLOSE.conclude is not None
    assert CLOSE.prepare is not None
    settled = {"all_pillars_settled": True, "open_clocks": 0}
    assert CLOSE.conclude(FakeContext(answers=settled)).facts == {"may_close": True}
    assert CLOSE.conclude(FakeContext(answers=settled | {"open_clocks": 2})).facts == {"may_close": False}
    assert CLOSE.prepare(FakeContext()).notes
    assert not CLOSE.prepare(FakeContext(before={"reintegration.visit": {"mode": "phone"}})).notes


def test_follow_up_is_at_the_same_local_time_after_weeks_and_calendar_months() -> None:
    assert schedule.run is not None
    before = {"repatriation.handover": {"at": "2026-08-31T20:00:00+00:00"}}
    done = schedule.run(FakeContext(before=before, zone="Asia/Dhaka", settings=ScheduleSettings()))
    assert done.outputs == {
        "is_known": True,
        "after_2_weeks_at": datetime(2026, 9, 14, 20, tzinfo=UTC),
        "after_1_month_at": datetime(2026, 9, 30, 20, tzinfo=UTC),
        "after_3_months_at": datetime(2026, 11, 30, 20, tzinfo=UTC),
        "after_6_months_at": datetime(2027, 2, 28, 20, tzinfo=UTC),
        "after_12_months_at": datetime(2027, 8, 31, 20, tzinfo=UTC),
    }


def test_there_is_no_schedule_before_the_person_is_home() -> None:
    assert schedule.run is not None
    done = schedule.run(FakeContext(settings=ScheduleSettings()))
    assert done.outputs == {"is_known": False}
    elsewhere = ScheduleSettings(from_step="rescue.production", from_field="produced_at")
    produced = {"rescue.production": {"produced_at": "2026-03-01T00:00:00+00:00"}}
    assert schedule.run(FakeContext(before=produced, settings=elsewhere)).outputs["is_known"] is True


@pytest.mark.parametrize("full", [True, False], ids=["full", "minimal"])
def test_papers_print_with_full_and_with_minimal_answers(*, full: bool) -> None:
    for step in (VISIT, CLOSE):
        assert step.form is not None
        page = render(step.documents[0].name, step, example(step.form, full=full, **CHANGES.get(step.key, {})))
        assert "C-2026-0001" in page
        assert "not recorded" in render(step.documents[0].name, step, {})
