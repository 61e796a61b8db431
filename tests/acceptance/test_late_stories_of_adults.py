"""What the stories of adults, and of a leak, say must happen when a limit is missed: held against the real system."""

from datetime import timedelta
from uuid import uuid4

import pytest

from engine.core.records import RunStatus, StepStatus
from engine.course.actions.steer import start_run
from engine.language.law import Force
from engine.language.limits import TimeLimit
from engine.rehearsal.answers import CANARY
from engine.rehearsal.story import StoryEvent
from engine.rehearsal.world import World
from tests.acceptance.conftest import NewWorld
from tests.acceptance.late_story import LateStory, local, open_late

pytestmark = pytest.mark.long

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


# CS-04: the partner does not answer a critical referral.

TRIAGED = local("2026-02-02T21:00+05:30")


def test_an_unanswered_critical_referral_is_offered_to_the_next_partner_and_telephoned(world: World) -> None:
    told = open_late(world, "cs-04", cut="consent", further=(_unanswered("reporting.refer"),), partners=("IN-MZ",))
    told.until(TRIAGED + 4 * HOUR + timedelta(minutes=5))
    [first] = told.ledger("refer")
    assert (first.fired_at - TRIAGED, first.recipients) == (4 * HOUR, ("Partnership manager IN-MZ",))
    assert "email" not in first.channels
    assert told.to_ring("refer") == {"Partnership manager IN-MZ"}
    [referral] = told.rows("SELECT * FROM referral WHERE case_id = %(case)s")
    [unit] = told.rows("SELECT jurisdiction FROM unit WHERE id = %(unit)s", unit=referral["to_unit_id"])
    assert (referral["status"], unit["jurisdiction"]) == ("offered", "IN-MZ")
    assert not [row for row in told.told("referred") if CANARY in row["subject"] + row["body"] + row["html"]]


def test_when_he_is_out_a_lawyer_is_asked_what_he_was_made_to_do_before_anybody_holds_it_against_him(
    world: World,
) -> None:
    told = open_late(world, "cs-04", cut="out", further=(_unanswered("core.ask"),))
    told.until(local("2026-02-19T21:30+06:30"))
    note, statement = told.step("non_punishment"), told.step("statement")
    assert note.status is StepStatus.READY
    assert statement is None
    [item] = told.rows("SELECT candidate_roles FROM work_item WHERE case_id = %(case)s AND step_key = 'non_punishment'")
    assert item["candidate_roles"] == ["lawyer"]
    health = told.step("health")
    assert health.status is StepStatus.READY


# CS-06: ten days in a home pass without release or order; the news comes on day 92.

PRODUCED_HER = local("2026-05-16T15:05+05:30")


def test_the_lawyer_hears_48_and_12_hours_before_the_custody_ends_and_petitions_when_it_does(world: World) -> None:
    told = open_late(world, "cs-06", cut="med", further=(_unanswered("prosecution.hearing"),))
    due = PRODUCED_HER + 10 * DAY
    told.until(due + HOUR)
    assert told.deadline("custody").due_at == due
    before = [line for line in told.ledger("custody") if line.fired_at <= due]
    assert [line.fired_at - due for line in before][:3] == [-48 * HOUR, -12 * HOUR, 0 * HOUR]
    assert {line.recipients for line in before} == {("Lawyer IN-NL",)}
    [petition] = told.added("core.release", "custody")
    assert petition.opened_at == due
    assert (petition.added.roles, "High Court" in petition.added.settings["to"]) == (("lawyer",), True)
    assert petition.added.limit is not None
    assert TimeLimit(petition.added.limit).about <= 12 * HOUR


@pytest.fixture(scope="module")
def no_news(new_world: NewWorld) -> LateStory:
    return open_late(new_world(), "cs-06").until(local("2026-08-17T00:00+05:30"))


DAY_90 = local("2026-05-16T02:05+05:30") + 90 * DAY


def test_a_limit_of_the_procedure_code_is_advisory_in_nagaland_and_its_breach_is_dated_on_day_90(
    no_news: LateStory,
) -> None:
    [late] = [one for one in no_news.page.deadlines if one.law == "IN-VICTIM-90D"]
    assert late.breached_at == DAY_90
    limit = no_news.world.engine.library().law("IN-VICTIM-90D", on=no_news.play.story.opened_at.date())
    assert (limit.force_in("IN-NL"), limit.force_in("IN-AS")) == (Force.ADVISORY, Force.BINDING)
    assert late.force != "binding"
    assert no_news.play.differences == []


def test_on_day_90_she_is_told_what_is_known_though_the_police_have_said_nothing(no_news: LateStory) -> None:
    told = no_news.step("known_so_far")
    assert (told.opened_at, told.status) == (DAY_90, StepStatus.ENDED)
    assert told.ended_at == DAY_90 + DAY
    assert [one.step_key for one in no_news.page.deadlines if one.breached_at] == ["news"]


# CS-09: the check after a day comes two hours late; the survivor hears of it after ten hours.

FOUND = local("2026-07-26T08:25+05:30")


def test_a_late_check_is_one_late_mark_and_the_next_check_keeps_its_own_time(world: World) -> None:
    told = open_late(world, "cs-09").until(local("2026-08-03T00:00+05:30"))
    checks = {one.step_key: one for one in told.page.deadlines if one.step_key.startswith("again_")}
    assert {key: one.due_at - FOUND for key, one in checks.items()} == {
        "again_1d": DAY,
        "again_3d": 3 * DAY,
        "again_7d": 7 * DAY,
    }
    assert [key for key, one in checks.items() if one.breached_at] == ["again_1d"]
    assert told.play.differences == []


@pytest.fixture(scope="module")
def told_late(new_world: NewWorld) -> LateStory:
    return open_late(new_world(), "cs-09", moved={"told": FOUND + 10 * HOUR}).until(FOUND + 11 * HOUR)


def test_a_survivor_who_hears_of_it_after_ten_hours_is_a_critical_breach_and_gets_an_apology(
    told_late: LateStory,
) -> None:
    late = told_late.deadline("told")
    assert (late.breached_at, late.ladder) == (FOUND + 4 * HOUR, "critical")
    assert ("Supervisor IN-ML",) in [line.recipients for line in told_late.ledger("told")]
    apology = told_late.step("apology")
    assert (apology.opened_at, apology.status) == (FOUND + 4 * HOUR, StepStatus.READY)
    [item] = told_late.rows("SELECT candidate_roles FROM work_item WHERE case_id = %(case)s AND step_key = 'apology'")
    assert item["candidate_roles"] == ["supervisor"]


def test_what_was_leaked_stands_in_no_message(told_late: LateStory) -> None:
    texts = told_late.rows("SELECT subject, body, html FROM message WHERE case_id = %(case)s")
    assert texts
    assert not [row for row in texts if CANARY in row["subject"] + row["body"] + row["html"]]


# A leak beside a rescue that is under way.


def test_a_leak_runs_beside_a_rescue_asks_nothing_twice_and_ends_by_itself(world: World) -> None:
    told = open_late(world, "cs-01").until(local("2026-03-08T09:00+05:30"))
    due = told.deadline("production").due_at
    start_run(
        world.engine, told.play.case_id, viewer=told.play.people["case_manager"], command_id=uuid4(),
        workflow="identity-leak",
    )  # fmt: skip
    begun = world.now()
    leak = next(run.id for run in told.state.runs.values() if run.started_at == begun)
    opened = {step.key: step.status for step in told.state.steps.values() if step.run_id == leak}
    assert opened["find"] is StepStatus.READY
    assert opened["intake"] is StepStatus.SKIPPED
    assert told.deadline("production").due_at == due
    told.until(local("2026-06-17T00:00+05:30"))
    assert told.play.differences == []
    assert told.state.runs[leak].status is RunStatus.OVER
    assert told.page.status == "open"


def _unanswered(step_type: str) -> StoryEvent:
    """Tell of a step that is not done for years, so that the team leaves it alone."""
    return StoryEvent(label="never", at=local("2029-01-01T10:00+05:30"), step=step_type, on_time=True)
