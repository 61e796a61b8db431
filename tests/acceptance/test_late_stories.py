"""What the stories say must happen when a limit is missed, held against the real system: one test an expectation."""

from datetime import timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from engine.core.records import DelayOwner, Step, StepStatus
from engine.course.actions.steer import record_interval
from engine.deadlines.views.lists import delays
from engine.language.limits import TimeLimit
from engine.rehearsal.answers import CANARY
from engine.rehearsal.world import World
from engine.sharing.actions.referrals import accept_referral, offer_referral
from tests.acceptance.conftest import NewWorld
from tests.acceptance.late_story import LateStory, Row, local, note_at, open_late

pytestmark = pytest.mark.long

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


# CS-01: the child is produced 27 hours after the rescue, and nobody has opened the case in between.

RESCUED = local("2026-03-07T22:40+05:30")
PRODUCTION_DUE = RESCUED + 24 * HOUR
PRODUCED_LATE = {"cwc": RESCUED + 27 * HOUR}


@pytest.fixture(scope="module")
def not_produced(new_world: NewWorld) -> LateStory:
    return open_late(new_world(), "cs-01", moved=PRODUCED_LATE).until(PRODUCTION_DUE + 2 * HOUR - timedelta(seconds=1))


def test_a_child_not_produced_is_a_breach_dated_and_recorded_at_the_due_time(not_produced: LateStory) -> None:
    deadline = not_produced.deadline("production")
    assert (deadline.due_at, deadline.breached_at) == (PRODUCTION_DUE, PRODUCTION_DUE)
    [written] = not_produced.rows(
        "SELECT at FROM event WHERE case_id = %(case)s AND type = 'DeadlineBreached' AND body::text LIKE %(key)s",
        key="%production%",
    )
    assert written["at"] == PRODUCTION_DUE


def test_case_manager_then_supervisor_then_the_child_protection_unit_each_in_their_time(
    not_produced: LateStory,
) -> None:
    lines = not_produced.ledger("production")
    assert [(line.level, line.round, line.fired_at - PRODUCTION_DUE) for line in lines] == [
        (1, 1, -4 * HOUR),
        (2, 1, 0 * HOUR),
        (3, 1, HOUR / 2),
        (4, 1, 1 * HOUR),
    ]
    assert all(line.planned_at == line.fired_at for line in lines)
    assert [line.recipients for line in lines[1:]] == [
        ("Case manager IN-AS",),
        ("Supervisor IN-AS",),
        ("Case manager IN-AS",),
    ]


def test_the_alert_is_critical_and_reaches_each_by_e_mail_too(not_produced: LateStory) -> None:
    alerts = [row for row in not_produced.told("escalated") if row["critical"]]
    assert {"Case manager IN-AS", "Supervisor IN-AS"} <= {row["reader"] for row in alerts}
    assert any(to.startswith("case_manager.") for to, *_ in not_produced.sent())
    assert any(to.startswith("supervisor.") for to, *_ in not_produced.sent())


def test_the_letter_to_the_child_protection_unit_waits_for_its_case_manager_and_a_call_is_asked_for(
    not_produced: LateStory,
) -> None:
    [letter] = not_produced.added("core.release", "production")
    assert letter.status is StepStatus.READY
    assert letter.added.roles == ("case_manager",)
    assert letter.added.settings["to"] == "District Child Protection Unit"
    assert not not_produced.added("core.call", "production")
    assert not_produced.to_ring("production") == {"Supervisor IN-AS", "District Child Protection Unit"}


def test_nothing_leaves_the_network_by_itself(not_produced: LateStory) -> None:
    assert not_produced.sent()
    assert {to.partition("@")[2] for to, *_ in not_produced.sent()} == {"example.org"}


def test_a_step_that_was_missed_stays_open_and_must_still_be_done(not_produced: LateStory) -> None:
    step = not_produced.step("production")
    assert step.status is StepStatus.READY


@pytest.mark.parametrize(
    ("has_ended", "place", "later"),
    [(True, "the way to the Committee", HOUR), (True, "", 0 * HOUR), (False, "the way to the Committee", 0 * HOUR)],
)
def test_a_journey_of_an_hour_moves_the_due_time_only_with_its_start_end_and_place(
    world: World, place: str, *, has_ended: bool, later: timedelta
) -> None:
    told = open_late(world, "cs-01", moved=PRODUCED_LATE, cut="health").until(RESCUED + 5 * HOUR)
    step = told.step("production")
    start = RESCUED + 2 * HOUR
    record_interval(
        world.engine, step.id, case_id=told.play.case_id, viewer=told.play.people["caseworker"], command_id=uuid4(),
        name="journey", start=start, end=start + HOUR if has_ended else None, place=place,
    )  # fmt: skip
    assert told.deadline("production").due_at == PRODUCTION_DUE + later


@pytest.mark.faults
def test_the_case_cannot_close_until_the_signed_delay_note_exists(world: World) -> None:
    signed_at = local("2028-01-10T10:00+05:30")
    told = open_late(world, "cs-01", moved=PRODUCED_LATE, further=(note_at(signed_at),))
    told.until(signed_at - DAY)
    assert told.live() - {step for step in told.live() if step.startswith(("release_", "call_"))} == {"delay_note"}
    assert told.page.status == "open"
    told.until(signed_at + 5 * DAY)  # the visit that is due in these days is made first
    assert told.page.status == "closed"
    assert told.play.differences == []


# CS-01: the home report has not come on day 15.

PRODUCED = local("2026-03-08T13:40+05:30")


@pytest.fixture(scope="module")
def no_home_report(new_world: NewWorld) -> LateStory:
    told = open_late(new_world(), "cs-01", moved={"sir": PRODUCED + 40 * DAY}, cut="sir", partners=("IN-ML",))
    told.until(PRODUCED + 2 * DAY)
    step = told.step("home_report")
    offered = offer_referral(
        told.world.engine, told.play.case_id, viewer=told.people["IN-AS"]["case_manager"], command_id=uuid4(),
        to_unit_id=_unit(told, "IN-ML"), step_id=step.id,
    )  # fmt: skip
    accept_referral(told.world.engine, offered, viewer=told.people["IN-ML"]["partnership_manager"], command_id=uuid4())
    return told.until(PRODUCED + 16 * DAY + HOUR)


def test_the_partner_in_meghalaya_is_reminded_on_days_10_and_14(no_home_report: LateStory) -> None:
    first, second, *_ = no_home_report.ledger("home_report")
    assert [(line.fired_at - PRODUCED).days for line in (first, second)] == [10, 14]
    assert first.recipients == second.recipients == ("Caseworker IN-ML",)


def test_on_day_16_the_partnership_manager_hears_and_a_second_worker_in_the_same_place_is_offered_the_work(
    no_home_report: LateStory,
) -> None:
    third = no_home_report.ledger("home_report")[2]
    assert ((third.fired_at - PRODUCED).days, third.recipients) == (16, ("Partnership manager IN-AS",))
    first, second = no_home_report.rows("SELECT * FROM referral WHERE case_id = %(case)s ORDER BY sent_at")
    assert (first["status"], second["status"]) == ("accepted", "offered")
    assert second["deadline_id"] == no_home_report.deadline("home_report").id
    assert first["to_unit_id"] != second["to_unit_id"]
    assert _place(no_home_report, second) == "IN-ML"


def test_the_offer_to_the_second_worker_holds_no_personal_data(no_home_report: LateStory) -> None:
    offers = no_home_report.told("referred")
    assert {row["reader"] for row in offers} == {"Partnership manager IN-ML"}
    assert not [row for row in offers if CANARY in row["subject"] + row["body"] + row["html"]]


def test_no_decision_on_the_return_opens_while_the_home_report_is_missing(no_home_report: LateStory) -> None:
    decision = no_home_report.step("decision")
    assert decision is None or decision.status is StepStatus.HELD


# CS-02: the other State does not answer on the nationality.

ASKED = local("2026-02-03T16:10+05:30")


@pytest.fixture(scope="module")
def no_nationality(new_world: NewWorld) -> LateStory:
    told = open_late(new_world(), "cs-02", moved={"natok": ASKED + 200 * DAY}, cut="natok")
    return told.until(ASKED + 121 * DAY)


def test_amber_after_60_days_is_a_letter_to_the_task_force(no_nationality: LateStory) -> None:
    assert no_nationality.deadline("nationality_answer").breached_at == ASKED + 60 * DAY
    amber = next(line for line in no_nationality.ledger("nationality_answer") if line.level == 2)
    assert ((amber.fired_at - ASKED).days, amber.recipients) == (60, ("Repatriation coordinator IN-TR",))
    letters = no_nationality.added("core.release", "nationality_answer")
    assert "Task Force focal points" in _settings(letters, level="2")["to"]


def test_red_after_120_days_goes_to_the_nodal_officers_with_a_copy_to_the_commission(
    no_nationality: LateStory,
) -> None:
    red = next(line for line in no_nationality.ledger("nationality_answer") if line.level == 4)
    assert ((red.fired_at - ASKED).days, red.recipients) == (120, ("Nodal officer IN-TR",))
    to = _settings(no_nationality.added("core.release", "nationality_answer"), level="4")["to"]
    assert "State and central nodal officers" in to
    assert "National Human Rights Commission" in to


def test_the_delay_is_that_of_another_body_and_is_counted_as_such_only(no_nationality: LateStory) -> None:
    assert no_nationality.deadline("nationality_answer").delay_owner is DelayOwner.OTHER_BODY
    told = {row["reader"] for row in no_nationality.told("overdue") if "ationality" in row["body"]}
    assert "Caseworker IN-TR" not in told
    lines = no_nationality.world.engine.ask_board(delays, no_nationality.play.people["supervisor"])
    assert sum(line.late.get("other_body", 0) for line in lines) == 1


def test_a_longer_stay_asks_for_school_and_a_new_review_of_the_care_plan(no_nationality: LateStory) -> None:
    for key in ("care_review", "school"):
        step = no_nationality.step(key)
        assert step.opened_at == ASKED + 60 * DAY


def test_no_warning_of_the_monthly_news_reaches_dhaka_on_a_friday_or_saturday(no_nationality: LateStory) -> None:
    warned = no_nationality.rows(
        "SELECT at FROM event WHERE case_id = %(case)s AND type = 'DeadlineWarned' AND body::text LIKE %(key)s"
        " AND body->>'firing' <> 'w:due'",
        key='%"family_news"%',
    )
    days = [f"{row['at'].astimezone(ZoneInfo('Asia/Dhaka')):%A}" for row in warned]
    assert len(days) >= 3
    assert not {"Friday", "Saturday"} & set(days)


# CS-07: the boy is not found; or he is, and his photo stays online.

REGISTERED = local("2026-06-19T18:20+05:30")
FOUND = local("2026-06-28T18:20+05:30")


@pytest.fixture(scope="module")
def not_found(new_world: NewWorld) -> LateStory:
    told = open_late(new_world(), "cs-07", cut="found", moved={"found": REGISTERED + 400 * DAY})
    return told.until(local("2026-10-20T18:20+05:30"))


def test_after_four_months_the_unit_gets_the_search_and_legal_services_are_told(not_found: LateStory) -> None:
    four_months = local("2026-10-19T18:20+05:30")
    assert not_found.deadline("found").breached_at == four_months
    assert not_found.deadline("found").law == "IN-MISS-4M"
    for key in ("transfer", "legal_aid", "unit_report"):
        step = not_found.step(key)
        assert (step.status, step.opened_at) == (StepStatus.READY, four_months)


def test_the_unit_reports_every_three_months_from_then(not_found: LateStory) -> None:
    report = not_found.state.runs[next(iter(not_found.state.runs))]
    compiled = not_found.world.engine.definitions[report.definition_hash].steps["unit_report"]
    assert compiled.waits == (TimeLimit("P3M"),)


def test_the_family_is_still_told_and_nothing_has_become_less_urgent(not_found: LateStory) -> None:
    family = not_found.step("family")
    assert family.status in {StepStatus.READY, StepStatus.SCHEDULED}
    assert family.round > 5
    priorities = not_found.rows(
        "SELECT w.priority FROM work_item w WHERE w.case_id = %(case)s AND w.step_key = 'found'"
    )
    assert all(row["priority"] >= 0 for row in priorities)
    found = not_found.step("found")
    assert found.status is StepStatus.READY


def test_a_photo_that_is_online_six_hours_after_the_finding_opens_its_takedown(world: World) -> None:
    told = open_late(world, "cs-07", cut="stop", moved={"stop": FOUND + 30 * HOUR})
    told.until(FOUND + 5 * HOUR)
    assert told.step("still_online") is None
    told.until(FOUND + 6.5 * HOUR)
    takedown = told.step("still_online")
    assert (takedown.uses, takedown.status) == ("press.takedown", StepStatus.READY)
    assert takedown.opened_at == FOUND + 6 * HOUR


def test_no_story_goes_wrong_because_of_a_delay(not_produced: LateStory, not_found: LateStory) -> None:
    assert not_produced.play.differences + not_found.play.differences == []


def _unit(told: LateStory, name: str) -> UUID:
    return told.people[name]["case_manager"].unit_ids[0]


def _place(told: LateStory, referral: Row) -> str:
    [unit] = told.rows("SELECT jurisdiction FROM unit WHERE id = %(unit)s", unit=referral["to_unit_id"])
    return str(unit["jurisdiction"])


def _settings(steps: list[Step], *, level: str) -> dict[str, str]:
    found = [dict(step.added.settings) for step in steps if step.added]
    return next(settings for settings in found if settings["level"] == level)
