"""The step types of rehabilitation."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from engine.core.commands import Following
from pillars.rehabilitation.forms import (
    AgeingOutSettings,
    AssessForm,
    CarePlanForm,
    CarePlanSettings,
    CounselForm,
    EntitlementsForm,
    LearningForm,
    ProgressForm,
)
from pillars.rehabilitation.steps import (
    Assess,
    CarePlan,
    Counsel,
    Entitlements,
    Learning,
    Progress,
    ageing_out,
)
from tests.kit.pillars import (
    FakeContext,
    conclude,
    example,
    person,
    prepare,
    problems,
    render,
    run,
)


@pytest.mark.parametrize(("form", "changes"), [
    (AssessForm, {"score": 11}),
    (CarePlanForm, {"start": "2026-03-10", "planned_end": "2026-03-09"}),
    (CounselForm, {"next": "2026-03-08"}),
    (LearningForm, {"attendance": 101}),
    (EntitlementsForm, {"applied_on": "2026-03-10", "granted_on": "2026-03-09"}),
    (EntitlementsForm, {"papers_missing": ["none", "photo"]}),
    (ProgressForm, {"next": "2026-03-08"}),
    (ProgressForm, {"domains_score": ["health_better", "health_worse"]}),
])  # fmt: skip
def test_answers_that_contradict_each_other_are_refused(form: Any, changes: dict[str, Any]) -> None:
    assert problems(form, example(form, **changes)) == {"*"}


def test_a_session_of_counselling_is_dated_by_when_it_took_place() -> None:
    assert Counsel.step_type.event_time_field == "date"


def test_the_care_plan_takes_over_the_needs_that_were_found() -> None:
    found = prepare(CarePlan, before={"rehabilitation.assess": {"domains": ["mind", "income"]}})
    assert found.prefill == {"plan_type": ["mind", "income"], "start": "2026-03-10", "planned_end": "2026-09-10"}
    assert found.notes == ()
    nothing = prepare(CarePlan)
    assert "plan_type" not in nothing.prefill
    assert nothing.notes == ("There is no needs assessment yet.",)


def test_the_next_session_is_proposed_in_a_week() -> None:
    assert prepare(Counsel).prefill == {"next": "2026-03-17"}


def test_granted_help_that_cannot_be_paid_is_noted() -> None:
    assert prepare(Entitlements).prefill == {"applied_on": "2026-03-10"}
    stuck = conclude(Entitlements, {"granted_on": "2026-03-10", "bank_ready": False})
    assert stuck.facts == {"help_was_granted": True}
    assert stuck.notes
    asked_only = conclude(Entitlements, {"bank_ready": False})
    assert asked_only.facts == {"help_was_granted": False}
    assert not asked_only.notes


def test_the_review_says_when_the_plan_is_over_and_proposes_the_next() -> None:
    over = prepare(Progress, before={"rehabilitation.care_plan": {"planned_end": "2026-03-09"}})
    assert over.prefill == {"date": "2026-03-10", "next": "2026-06-08"}
    assert over.notes
    assert not prepare(Progress).notes
    ready = conclude(Progress, {"decision": "ready_to_leave_care"})
    assert ready.facts == {"is_ready_to_leave_care": True, "is_worse": False}
    assert all(one.is_over for one in ready.follow_ups)


def test_a_child_of_seventeen_should_have_a_plan_for_after_care() -> None:
    done = run(ageing_out, persons=(person(age=17), person(age=9)), settings=AgeingOutSettings())
    assert done.outputs == {"is_known": True, "plan_now": True, "days_at_least": 0, "days_at_most": 365}
    assert done.notes


def test_the_days_until_eighteen_are_a_span_because_ages_are_known_in_years() -> None:
    done = run(ageing_out, persons=(person(age=15),), settings=AgeingOutSettings())
    at_least, at_most = date(2028, 3, 10) - date(2026, 3, 10), date(2029, 3, 10) - date(2026, 3, 10)
    assert done.outputs == {
        "is_known": True,
        "plan_now": False,
        "days_at_least": at_least.days,
        "days_at_most": at_most.days,
    }


def test_a_workflow_may_plan_earlier_for_leaving_care() -> None:
    settings = AgeingOutSettings(plan_days_before=800)
    assert run(ageing_out, persons=(person(age=15),), settings=settings).outputs["plan_now"] is True


@pytest.mark.parametrize(
    ("persons", "is_known"), [((), False), ((person(age=None),), False), ((person(age=30),), True)]
)
def test_nothing_is_counted_without_a_child_whose_age_is_known(persons: Any, *, is_known: bool) -> None:
    done = run(ageing_out, persons=persons, settings=AgeingOutSettings())
    assert done.outputs == {"is_known": is_known, "plan_now": False}


def test_a_suspects_age_does_not_count() -> None:
    persons = (person(role="suspect", age=17),)
    assert run(ageing_out, persons=persons, settings=AgeingOutSettings()).outputs["is_known"] is False


def _days(watches: tuple[Following, ...]) -> dict[str, date | None]:
    return {one.name: one.due_at.date() if one.due_at else None for one in watches}


def test_needs_are_looked_at_again_sooner_when_the_person_does_badly() -> None:
    well = conclude(Assess, {"score": 4, "domains": ["mind"]})
    badly = conclude(Assess, {"score": 3, "domains": ["mind"]})
    assert _days(well.follow_ups) == {"needs_review": date(2026, 6, 8)}
    assert _days(badly.follow_ups) == {"needs_review": date(2026, 4, 9)}
    assert (well.facts["doing_badly"], badly.facts["doing_badly"]) == (False, True)
    assert badly.notes
    before = {"rehabilitation.assess": {"domains": ["mind", "papers"], "score": 2, "own_goals": "a wish"}}
    assert prepare(Assess, before=before).prefill == {"domains": ["mind", "papers"]}


def test_a_need_that_is_closed_is_said() -> None:
    before = {"rehabilitation.assess": {"domains": ["mind", "papers"]}}
    closed = conclude(Assess, {"score": 5, "domains": ["mind"]}, before=before)
    assert closed.notes == ("Settled since the last time: papers.",)


def test_a_care_plan_is_reviewed_after_a_month_and_says_which_needs_it_leaves_out() -> None:
    before = {"rehabilitation.assess": {"domains": ["mind", "papers"]}}
    answers = {"start": "2026-03-10", "plan_type": ["mind"]}
    settings = CarePlanSettings()
    concluded = conclude(CarePlan, answers, before=before, settings=settings)
    assert _days(concluded.follow_ups)["care_plan_review"] == date(2026, 4, 10)
    assert concluded.notes == ("The plan does not cover needs that were found: papers.",)
    over = [one.name for one in concluded.follow_ups if one.is_over]
    assert over == ["leaving_care_plan", "turns_18"]


@pytest.mark.parametrize(("age", "opens", "due", "turns"), [
    (15, datetime(2027, 3, 10, 18, 30, tzinfo=UTC), date(2027, 4, 10), date(2028, 3, 10)),
    (16, datetime(2026, 3, 9, 18, 30, tzinfo=UTC), date(2026, 4, 9), date(2027, 3, 10)),
    (17, datetime(2026, 3, 9, 18, 30, tzinfo=UTC), date(2026, 4, 9), None),
])  # fmt: skip
def test_the_plan_for_leaving_care_opens_a_year_before_a_child_may_turn_18(
    age: int, opens: datetime, due: date, turns: date | None
) -> None:
    context = FakeContext(answers={"start": "2026-03-10"}, persons=(person(age=age),), settings=CarePlanSettings())
    watches = {one.name: one for one in conclude(CarePlan, context).follow_ups}
    plan = watches["leaving_care_plan"]
    assert (plan.uses, plan.settings) == ("rehabilitation.care_plan", {"leaving_care": "yes"})
    assert (plan.opens_at, plan.due_at and plan.due_at.date()) == (opens, due)
    assert (_days(tuple(watches.values())).get("turns_18")) == turns


def test_the_plan_for_leaving_care_asks_for_no_other_one() -> None:
    settings = CarePlanSettings(leaving_care="yes")
    context = FakeContext(answers={"start": "2026-03-10"}, persons=(person(age=17),), settings=settings)
    assert list(_days(conclude(CarePlan, context).follow_ups)) == ["care_plan_review"]
    assert any("the day the person is 18" in note for note in prepare(CarePlan, context).notes)


def test_a_day_of_birth_that_a_step_knows_comes_before_the_age() -> None:
    settings = AgeingOutSettings(from_step="core.ask", from_field="born_on")
    before = {"core.ask": {"born_on": "2009-02-28"}}
    context = FakeContext(before=before, persons=(person(age=12),), settings=settings)
    done = run(ageing_out, context)
    days = (date(2027, 2, 28) - date(2026, 3, 10)).days
    assert done.outputs == {"is_known": True, "plan_now": True, "days_at_least": days, "days_at_most": days}
    assert _days(done.follow_ups)["turns_18"] == date(2027, 2, 28)
    adult = run(ageing_out, before={"core.ask": {"born_on": "2008-03-10"}}, settings=settings)
    assert adult.outputs == {"is_known": True, "plan_now": False}
    told = run(ageing_out, before={"rescue.identify": {"date_of_birth": "2009-02-28"}}, persons=(person(age=12),))
    assert told.outputs == done.outputs, "without a setting it is the day that the identification interview found"


@pytest.mark.parametrize(("offered", "wanted", "declined", "is_fine"), [
    (("school", "work"), ("school",), ("work",), True),
    (("school", "work"), (), (), True),
    (("school",), ("work",), (), False),
    (("school",), (), ("work",), False),
    (("school",), ("school",), ("school",), False),
])  # fmt: skip
def test_what_is_wanted_or_declined_was_offered(
    offered: tuple[str, ...], wanted: tuple[str, ...], declined: tuple[str, ...], *, is_fine: bool
) -> None:
    told = {"services_offered": offered, "services_accepted": wanted, "services_declined": declined}
    found = problems(CarePlanForm, example(CarePlanForm, **{name: list(codes) for name, codes in told.items()}))
    assert found == (set() if is_fine else {"*"})


def test_reviews_are_monthly_for_three_months_and_then_every_90_days() -> None:
    new = {"rehabilitation.care_plan": {"start": "2025-12-11", "planned_end": "2026-12-01"}}
    old = {"rehabilitation.care_plan": {"start": "2025-12-10", "planned_end": "2026-12-01"}}
    assert prepare(Progress, before=new).prefill["next"] == "2026-04-10"
    assert prepare(Progress, before=old).prefill["next"] == "2026-06-08"
    assert prepare(Progress, persons=(person(age=17),)).notes


@pytest.mark.parametrize(("decision", "named"), [
    ("continue", ["progress_review"]),
    ("change_plan", ["progress_review", "plan_change"]),
    ("more_support", ["progress_review", "plan_change"]),
    ("ready_to_leave_care", []),
    ("end_plan", []),
])  # fmt: skip
def test_a_review_opens_what_it_decided(decision: str, named: list[str]) -> None:
    answers = {"decision": decision, "next": "2026-04-10", "domains_score": ["mind_worse", "health_better"]}
    concluded = conclude(Progress, answers)
    assert [one.name for one in concluded.follow_ups if not one.is_over] == named
    assert concluded.facts["is_worse"] is True
    assert concluded.notes == ("Worse than before: mind.",)


def test_the_next_session_opens_in_time_and_says_nothing_of_the_risk() -> None:
    calm, acute = (conclude(Counsel, {"next": "2026-03-17", "risk_now": risk}) for risk in ("none", "acute"))
    assert calm == acute
    assert _days(calm.follow_ups) == {"next_session": date(2026, 3, 17)}
    assert conclude(Counsel, {}).follow_ups[0].is_over
    before = {"rehabilitation.counsel": {"lang": "kha", "risk_now": "acute"}}
    prepared = prepare(Counsel, before=before)
    assert prepared.prefill == {"next": "2026-03-17", "lang": "kha"}
    assert prepared.notes == ()


@pytest.mark.parametrize(("answers", "due", "said"), [
    ({"attendance": 60}, date(2026, 6, 8), 0),
    ({"attendance": 59}, date(2026, 4, 9), 1),
    ({"stipend": "100", "savings_account": False}, date(2026, 6, 8), 1),
    ({"certificate": "file-1"}, None, 0),
])  # fmt: skip
def test_learning_is_followed_until_there_is_a_certificate(
    answers: dict[str, Any], due: date | None, said: int
) -> None:
    concluded = conclude(Learning, answers)
    assert _days(concluded.follow_ups) == {"learning_review": due}
    assert len(concluded.notes) == said
    assert concluded.facts["has_certificate"] is (due is None)


def test_enrolment_takes_over_what_was_told() -> None:
    assert prepare(Learning).prefill == {"start": "2026-03-10"}
    before = {"rehabilitation.learning": {"track": "school", "attendance": 40}}
    assert prepare(Learning, before=before).prefill == {"track": "school"}


@pytest.mark.parametrize(("answers", "before", "due"), [
    ({"scheme": ["pension"]}, {}, date(2026, 4, 9)),
    ({"scheme": ["bonded_labour_cash"]}, {}, date(2026, 3, 11)),
    ({"scheme": ["bonded_labour_cash"]}, {"scheme": ["bonded_labour_cash"]}, date(2026, 4, 9)),
    ({"granted_on": "2026-03-10"}, {}, None),
])  # fmt: skip
def test_help_from_the_state_is_asked_for_again_until_it_is_granted(
    answers: dict[str, Any], before: dict[str, Any], due: date | None
) -> None:
    context = FakeContext(answers=answers, before={"rehabilitation.entitlements": before})
    assert _days(conclude(Entitlements, context).follow_ups) == {"entitlement": due}


@pytest.mark.parametrize("full", [True, False], ids=["full", "minimal"])
def test_the_care_plan_prints_with_full_and_with_minimal_answers(*, full: bool) -> None:
    assert "a longer text" in render("care-plan", CarePlan.step_type, example(CarePlanForm, full=full))
    assert "not recorded" in render("care-plan", CarePlan.step_type, {})
