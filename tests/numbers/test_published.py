"""Survivors are counted once, in the quarter in which they were written down; what is published stays as it is."""

import csv
import io
from datetime import datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from engine.core.records import PersonRole
from engine.course.actions.steer import add_person
from engine.errors import NotAllowedError, NotFoundError
from engine.numbers.actions import publish_numbers
from engine.numbers.records import OTHERS, added_up, period_of
from engine.numbers.suppression import WHOLE
from engine.numbers.views.counting import count_period
from engine.numbers.views.figures import published
from engine.sharing.actions.referrals import accept_referral, decline_referral
from tests.kit.portal import Portal
from tests.kit.world import INTAKE, World
from tests.sharing.test_sharing import agree, share

Q1 = period_of("2026-Q1")
assert Q1 is not None


def test_survivors_are_counted_once_by_what_is_known_of_them_and_not_by_cases(world: World) -> None:
    case_id = world.at_look().case_id
    ages = [{"age": 14}, {"age": 30}, {"age": 30}, {}]
    people = [_add(world, case_id, identity) for identity in ages]
    _add(world, case_id, {"age": 40}, role=PersonRole.SUSPECT)
    counts = world.engine.ask_all(count_period, Q1).counts
    before = counts[WHOLE, "survivors"]
    assert {key: counts[WHOLE, f"age/{key}"] for key in ("12_to_17", "25_and_over")} == {
        "12_to_17": 1, "25_and_over": 2,
    }  # fmt: skip
    assert counts[WHOLE, "age/not_known"] == before - 3
    assert counts[WHOLE, "form/forced_labour"] == before
    world.rows(
        "INSERT INTO person_merge "
        "(id, primary_id, secondary_id, case_id, other_case_id, unit_id, reason_code, merged_at) "
        "VALUES (:id, :one, :other, :case, :case, :unit, 'same', now())",
        id=uuid4(), one=people[1], other=people[2], case=case_id, unit=world.unit,
    )  # fmt: skip
    again = world.engine.ask_all(count_period, Q1).counts
    assert again[WHOLE, "survivors"] == before - 1
    theirs = {unit: number for (unit, what), number in again.items() if what == "survivors"}
    assert theirs[str(world.unit)] == theirs[WHOLE]
    assert theirs[str(world.other_unit)] == 0


def test_a_quarter_is_published_once_two_weeks_after_its_end_and_stays(world: World) -> None:
    case_id = world.at_look().case_id
    for _ in range(25):
        _add(world, case_id, {"age": 30})
    assert publish_numbers(world.engine) == 0
    world.clock.move_to(datetime.fromisoformat("2026-04-14T00:00:00+00:00"))
    assert publish_numbers(world.engine) == 0, "what comes late is waited for"
    world.clock.move_to(datetime.fromisoformat("2026-04-16T00:00:00+00:00"))
    assert publish_numbers(world.engine) == 1
    world.clock.move_to(datetime.fromisoformat("2026-04-20T00:00:00+00:00"))
    assert publish_numbers(world.engine) == 0
    found = world.engine.ask(published, world.who("supervisor"))
    assert found.periods == ("2026-Q1",)
    assert found.survivors is not None
    assert found.survivors.number == 25
    by_age = next(table for table in found.tables if table.title == "By age")
    assert {line.number for line in by_age.lines} == {None}, "nobody learns that all were of one age"
    assert world.rows("SELECT count(*) FROM number_sheet WHERE figures::text LIKE '%26%'")[0][0] == 0


def test_the_numbers_of_a_unit_are_seen_by_its_own_people_only(world: World) -> None:
    world.at_look()
    world.clock.move_to(datetime.fromisoformat("2026-05-01T00:00:00+00:00"))
    publish_numbers(world.engine)
    mine = world.who("supervisor")
    assert world.engine.ask(published, mine, unit_id=world.unit).survivors is not None
    with pytest.raises(NotFoundError):
        world.engine.ask(published, mine, unit_id=world.other_unit)
    with pytest.raises(NotAllowedError):
        world.engine.ask(published, world.who("system_administrator"))
    with world.engine.reading(mine) as reading:
        seen = {row["unit_id"] for row in reading.rows(text("SELECT unit_id FROM number_sheet"))}
    assert seen == {None, world.unit}, "the database itself keeps other units' figures back"


def test_help_limits_and_times_are_counted_where_they_happened(world: World) -> None:
    opened = world.at_talk()
    _add(world, opened.case_id, {"age": 30})
    counts = world.engine.ask_all(count_period, Q1)
    assert counts.counts[WHOLE, "pillar/reporting"] == counts.counts[WHOLE, "survivors"]
    assert (
        counts.counts[WHOLE, "limits"]
        == world.rows(
            "SELECT count(*) FROM deadline WHERE purpose <> 'opening' AND (status = 'met' OR breached_at IS NOT NULL)"
        )[0][0]
    )
    assert not counts.medians, "no time is told of fewer than eleven"


def test_each_limit_counts_once_as_kept_or_missed_and_each_referral_by_its_partner_and_answer(world: World) -> None:
    cases = [world.at_look().case_id for _ in range(4)]
    world.open()
    offered = [share(world, one, consent_id=agree(world, one), urgency="critical") for one in cases]
    outside = {"to_name": "House of Hope", "to_kind": "shelter"}
    share(world, cases[0], consent_id=agree(world, cases[0], recipients=("kind:shelter",)), **outside)
    for referral in offered[:2]:
        world.act(accept_referral, referral, by=world.other("case_manager"))
    world.later(hours=9)
    world.fire()
    world.act(decline_referral, offered[2], by=world.other("case_manager"), reason_code="no_capacity")
    counts = world.engine.ask_all(count_period, Q1).counts
    there = world.rows("SELECT name FROM unit WHERE id = :id", id=world.other_unit)[0][0]
    answers = ("in_time", "late", "none")
    assert [counts[WHOLE, f"partner/{there}{end}"] for end in ("", *(f"/{one}" for one in answers))] == [4, 2, 1, 1]
    assert [counts[WHOLE, f"partner/{OTHERS}{end}"] for end in ("", *(f"/{one}" for one in answers))] == [1, 0, 0, 1]
    assert [counts[WHOLE, f"answer/{one}"] for one in answers] == [2, 1, 2]
    assert counts[str(world.unit), "referrals"] == 5
    assert counts[str(world.other_unit), "referrals"] == 0
    assert counts[WHOLE, "limits/promise/missed"] == 1 + 2, "the report that nobody completed, and two answers"
    assert counts[WHOLE, "limits/promise/kept"] == 4 + 2, "four reports in time, and two answers"
    assert (counts[WHOLE, "limits/law/kept"], counts[WHOLE, "limits/law/missed"]) == (0, 0)


def test_the_time_to_a_step_is_that_of_the_case_in_the_middle(world: World) -> None:
    opened = [world.open().case_id for _ in range(11)]
    for case_id in opened:
        now = world.later(hours=2)
        answers = INTAKE | {"received_at": now.isoformat()}
        world.complete(world.item(case_id, "intake"), by="intake_officer", answers=answers)
    assert world.engine.ask_all(count_period, Q1).medians[WHOLE]["reporting.intake"] == 12.0


def test_a_year_is_the_sum_of_what_was_published_and_says_what_is_missing() -> None:
    sheets = [{"survivors": 30, "sex/male": None}, {"survivors": 25, "sex/male": 15}, {"sex/male": None}]
    assert added_up(sheets) == {"survivors": (55, False), "sex/male": (15, True)}
    assert added_up([{"a": None}]) == {"a": (None, False)}


def test_the_page_and_the_table_show_what_was_published(portal: Portal) -> None:
    manager = portal.as_role("case_manager")
    assert "Nothing is published yet" in manager.get("/numbers").text
    portal.rows(
        "INSERT INTO number_sheet (id, period, published_at, figures, medians) VALUES (:id, '2025-Q4', now(), "
        """'{"survivors": 40, "age/12_to_17": 25, "age/under_12": null, "pillar/rescue": 15, """
        """"partner/=Unit/none": 20}', """
        """'{"rescue.plan": 30.5}')""",
        id=uuid4(),
    )
    page = manager.get("/numbers").text
    assert "Survivors: 40" in page
    assert '<th scope="row">12 to 17</th><td>25</td>' in page
    assert '<th scope="row">Under 12</th><td><span aria-hidden="true">' in page
    assert "Rescue" in manager.get("/numbers", params={"show": "help"}).text
    assert "1 day 6 h" in manager.get("/numbers", params={"show": "times", "period": "2025"}).text
    rows = list(csv.reader(io.StringIO(manager.get("/numbers.csv", params={"period": "2025-Q4"}).text)))
    assert ["By age", "Under 12", "", ""] in rows
    assert ["Survivors", "Survivors", "40", ""] in rows
    assert any(row[1].startswith("'=Unit") for row in rows)
    assert portal.as_role("system_administrator").get("/numbers").status_code == 403


def _add(world: World, case_id: UUID, identity: dict[str, int], *, role: PersonRole = PersonRole.VICTIM) -> UUID:
    return world.act(add_person, case_id, by="case_manager", role=role, identity=identity)
