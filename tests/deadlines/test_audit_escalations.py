"""The escalation auditor finds every hole between deadlines, ledger, history and messages, and nothing else."""

from datetime import timedelta
from typing import Any

import pytest

from engine.deadlines.actions.clock import audit_escalations
from engine.overview.views.board import admin_board
from tests.kit.world import World
from tests.work.test_complete_work_item import at_once


@pytest.fixture
def fired(world: World) -> None:
    """Let the look of a case be so late that its breach and its first levels have fired."""
    world.at_look()
    world.later(hours=11)
    world.fire()
    world.later(minutes=3)


def found(world: World) -> set[tuple[str, str]]:
    return {(problem.code, problem.level) for problem in audit_escalations(world.engine)}


@pytest.mark.usefixtures("fired")
def test_a_healthy_system_has_no_problems_and_the_board_says_what_was_checked(world: World) -> None:
    assert found(world) == set()
    audit = world.engine.ask_board(admin_board, world.who("system_administrator")).firing.audit
    assert (audit.problems, audit.checked_at) == ((), world.clock.now())
    assert audit.checked > 0
    assert audit.in_words.startswith("Every level that was due was carried out.")


_AGAIN = "INSERT INTO event SELECT case_id, seq + 1000, unit_id, at, actor_id, type, body, hash FROM event"
_MISDATED = "jsonb_set(body, '{deadline,breached_at}', '\"2026-03-08T00:00:00Z\"')"
_ESCALATED = "SELECT id FROM message WHERE kind = 'escalated'"


@pytest.mark.usefixtures("fired")
@pytest.mark.parametrize(("change", "hole"), [
    ("DELETE FROM escalation WHERE level = 1", ("ledger_missing", "l:1")),
    ("UPDATE deadline SET fired = array_remove(fired, 'l:1') WHERE key = 'look'", ("not_noted", "l:1")),
    ("DELETE FROM event WHERE type = 'LevelRaised' AND body ->> 'level' = '2'", ("event_missing", "l:2")),
    ("DELETE FROM event WHERE type = 'DeadlineBreached'", ("event_missing", "breach")),
    (f"{_AGAIN} WHERE type = 'DeadlineBreached'", ("event_double", "breach")),
    (f"{_AGAIN} WHERE type = 'LevelRaised' AND body ->> 'level' = '1'", ("event_double", "l:1")),
    (f"UPDATE event SET body = {_MISDATED} WHERE type = 'DeadlineBreached'", ("misdated", "breach")),
    ("UPDATE deadline SET breached_at = NULL WHERE key = 'look'", ("not_noted", "breach")),
    (f"DELETE FROM delivery WHERE message_id IN ({_ESCALATED})", ("delivery_missing", "l:1")),
])  # fmt: skip
def test_each_kind_of_hole_is_found_and_named(world: World, change: str, hole: tuple[str, str]) -> None:
    world.rows(change)
    assert hole in found(world)


@pytest.mark.usefixtures("fired")
def test_a_message_that_is_gone_or_doubled_is_found(world: World) -> None:
    line = world.rows("SELECT escalation_id AS id FROM message WHERE kind = 'escalated' LIMIT 1")[0].id
    world.rows(
        "WITH twin AS (INSERT INTO message SELECT (jsonb_populate_record(m, jsonb_build_object("
        "'id', gen_random_uuid(), 'key', m.key || '|again', 'link_hash', NULL))).* FROM message m"
        " WHERE escalation_id = :id RETURNING id)"
        " INSERT INTO delivery (id, message_id, channel, status, attempt, next_at)"
        " SELECT gen_random_uuid(), id, 'in_app', 'delivered', 0, now() FROM twin",
        id=line,
    )
    assert {code for code, _ in found(world)} == {"message_double"}
    world.rows("DELETE FROM delivery WHERE message_id IN (SELECT id FROM message WHERE escalation_id = :id)", id=line)
    world.rows("DELETE FROM message WHERE escalation_id = :id", id=line)
    world.later(minutes=1)
    assert {code for code, _ in found(world)} == {"message_missing"}


def test_a_level_that_was_due_and_has_not_fired_is_found_after_two_minutes_even_when_nothing_is_planned(
    world: World,
) -> None:
    case_id = world.at_look().case_id
    world.later(hours=6)
    world.fire()
    world.rows("UPDATE deadline SET next_at = NULL WHERE key = 'look'")
    due = world.deadline(case_id, "look").due_at
    world.clock.move_to(due + timedelta(minutes=1))
    world.fire()
    assert found(world) == set()
    world.clock.move_to(due + timedelta(minutes=3))
    assert {("not_fired", "breach"), ("not_fired", "l:1")} <= found(world)


def test_a_deadline_that_was_set_aside_is_named_as_such(world: World) -> None:
    case_id = world.at_look().case_id
    world.rows("UPDATE run SET status = 'nonsense' WHERE case_id = :case", case=case_id)
    world.later(hours=11)
    world.fire()
    world.later(minutes=3)
    assert ("aside", "breach") in found(world)


def test_firing_at_the_same_time_is_no_problem(world: World) -> None:
    for _ in range(5):
        world.at_look()
    world.later(hours=11)
    problems: list[Any] = []

    def audit() -> None:
        for _ in range(5):
            problems.extend(p for p in audit_escalations(world.engine) if p.code != "not_fired")

    at_once(world.fire, audit)
    world.later(minutes=3)
    assert problems == []
    assert found(world) == set()
