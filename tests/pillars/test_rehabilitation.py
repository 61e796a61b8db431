"""The step types of rehabilitation."""

from datetime import date
from typing import Any

import pytest

from engine.plugin.steps import StepType
from pillars.rehabilitation import PILLAR
from pillars.rehabilitation.forms import (
    AssessForm,
    CarePlanForm,
    CounselForm,
    EntitlementsForm,
    LearningForm,
    ProgressForm,
)
from pillars.rehabilitation.steps import (
    CARE_PLAN,
    COUNSEL,
    ENTITLEMENTS,
    PROGRESS,
    AgeingOutSettings,
    ageing_out,
)
from tests.pillars.support import (
    FakeContext,
    accepts_its_examples,
    example,
    has_only_open_outputs,
    keeps_the_catalogue,
    person,
    problems,
    refuses_gaps_and_strangers,
    render,
)

CATALOGUE = {
    "rehabilitation.assess": """
        domains:multi! individual_risk:longtext~! household_risk:longtext~! community_risk:longtext~!
        strengths:longtext! score:int! own_goals:longtext^!
    """,
    "rehabilitation.care_plan": """
        plan_type:multi! objectives:longtext! actions:longtext! responsible:multi! start:date! planned_end:date!
        form7:file child_view:longtext!
    """,
    "rehabilitation.counsel": """
        date:datetime! kind:choice! lang:lang! risk_now:choice~! next:date private_note:longtext^~
    """,
    "rehabilitation.learning": """
        track:choice! provider:org! start:date! stipend:money savings_account:bool attendance:int certificate:file
    """,
    "rehabilitation.entitlements": """
        scheme:multi! papers_missing:multi^! applied_on:date! ref_no:text granted_on:date amount:money bank_ready:bool!
    """,
    "rehabilitation.progress": """
        date:date! members:multi! domains_score:multi! decision:choice! next:date!
    """,
}
ASKED = [step for step in PILLAR.step_types if step.form]


@pytest.mark.parametrize("step", ASKED, ids=lambda step: step.key)
def test_a_form_asks_what_the_catalogue_says_and_takes_good_answers_only(step: StepType) -> None:
    keeps_the_catalogue(step, CATALOGUE[step.key])
    accepts_its_examples(step)
    refuses_gaps_and_strangers(step)
    has_only_open_outputs(step)


@pytest.mark.parametrize(
    ("form", "changes"),
    [
        (AssessForm, {"score": 11}),
        (CarePlanForm, {"start": "2026-03-10", "planned_end": "2026-03-09"}),
        (CounselForm, {"next": "2026-03-08"}),
        (LearningForm, {"attendance": 101}),
        (EntitlementsForm, {"applied_on": "2026-03-10", "granted_on": "2026-03-09"}),
        (EntitlementsForm, {"papers_missing": ["none", "photo"]}),
        (ProgressForm, {"next": "2026-03-08"}),
        (ProgressForm, {"domains_score": ["health_better", "health_worse"]}),
    ],
)
def test_answers_that_contradict_each_other_are_refused(form: Any, changes: dict[str, Any]) -> None:
    assert problems(form, example(form, **changes)) == {"*"}


def test_a_session_of_counselling_is_dated_by_when_it_took_place() -> None:
    assert COUNSEL.event_time_field == "date"


def test_the_care_plan_takes_over_the_needs_that_were_found() -> None:
    assert CARE_PLAN.prepare is not None
    found = CARE_PLAN.prepare(FakeContext(before={"rehabilitation.assess": {"domains": ["mind", "income"]}}))
    assert found.prefill == {"plan_type": ["mind", "income"], "start": "2026-03-10", "planned_end": "2026-09-10"}
    assert found.notes == ()
    nothing = CARE_PLAN.prepare(FakeContext())
    assert "plan_type" not in nothing.prefill
    assert nothing.notes == ("There is no needs assessment yet.",)


def test_the_next_session_is_proposed_in_a_week() -> None:
    assert COUNSEL.prepare is not None
    assert COUNSEL.prepare(FakeContext()).prefill == {"next": "2026-03-17"}


def test_granted_help_that_cannot_be_paid_is_noted() -> None:
    assert ENTITLEMENTS.prepare is not None
    assert ENTITLEMENTS.conclude is not None
    assert ENTITLEMENTS.prepare(FakeContext()).prefill == {"applied_on": "2026-03-10"}
    stuck = ENTITLEMENTS.conclude(FakeContext(answers={"granted_on": "2026-03-10", "bank_ready": False}))
    assert stuck.facts == {"help_was_granted": True}
    assert stuck.notes
    asked_only = ENTITLEMENTS.conclude(FakeContext(answers={"bank_ready": False}))
    assert asked_only.facts == {"help_was_granted": False}
    assert not asked_only.notes


def test_the_review_says_when_the_plan_is_over_and_proposes_the_next() -> None:
    assert PROGRESS.prepare is not None
    assert PROGRESS.conclude is not None
    over = PROGRESS.prepare(FakeContext(before={"rehabilitation.care_plan": {"planned_end": "2026-03-09"}}))
    assert over.prefill == {"date": "2026-03-10", "next": "2026-06-08"}
    assert over.notes
    assert not PROGRESS.prepare(FakeContext()).notes
    ready = PROGRESS.conclude(FakeContext(answers={"decision": "ready_to_leave_care"}))
    assert ready.facts == {"is_ready_to_leave_care": True}


def test_a_child_of_seventeen_should_have_a_plan_for_after_care() -> None:
    assert ageing_out.run is not None
    done = ageing_out.run(FakeContext(persons=(person(age=17), person(age=9)), settings=AgeingOutSettings()))
    assert done.outputs == {"is_known": True, "plan_now": True, "days_at_least": 0, "days_at_most": 365}
    assert done.notes


def test_the_days_until_eighteen_are_a_span_because_ages_are_known_in_years() -> None:
    assert ageing_out.run is not None
    done = ageing_out.run(FakeContext(persons=(person(age=15),), settings=AgeingOutSettings()))
    at_least, at_most = date(2028, 3, 10) - date(2026, 3, 10), date(2029, 3, 10) - date(2026, 3, 10)
    assert done.outputs == {
        "is_known": True,
        "plan_now": False,
        "days_at_least": at_least.days,
        "days_at_most": at_most.days,
    }


def test_a_workflow_may_plan_earlier_for_leaving_care() -> None:
    assert ageing_out.run is not None
    settings = AgeingOutSettings(plan_days_before=800)
    assert ageing_out.run(FakeContext(persons=(person(age=15),), settings=settings)).outputs["plan_now"] is True


@pytest.mark.parametrize(
    ("persons", "is_known"), [((), False), ((person(age=None),), False), ((person(age=30),), True)]
)
def test_nothing_is_counted_without_a_child_whose_age_is_known(persons: Any, *, is_known: bool) -> None:
    assert ageing_out.run is not None
    done = ageing_out.run(FakeContext(persons=persons, settings=AgeingOutSettings()))
    assert done.outputs == {"is_known": is_known, "plan_now": False}


def test_a_suspects_age_does_not_count() -> None:
    assert ageing_out.run is not None
    persons = (person(role="suspect", age=17),)
    assert ageing_out.run(FakeContext(persons=persons, settings=AgeingOutSettings())).outputs["is_known"] is False


@pytest.mark.parametrize("full", [True, False], ids=["full", "minimal"])
def test_the_care_plan_prints_with_full_and_with_minimal_answers(*, full: bool) -> None:
    assert "a longer text" in render("care-plan", CARE_PLAN, example(CarePlanForm, full=full))
    assert "not recorded" in render("care-plan", CARE_PLAN, {})
