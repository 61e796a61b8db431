"""Firing deadlines: each by itself, each once, and the right people are told."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from engine.core.records import item_id
from engine.deadlines.actions.acknowledge import acknowledge
from engine.deadlines.actions.firing import IN_ONE_COMMIT, fire_deadlines, retry_deadlines
from engine.deadlines.store import DeadlineStore
from engine.definitions.actions.publish import publish_shipped
from engine.overview.views.board import admin_board
from engine.work.actions.items import claim_work_item
from tests.kit.world import INTAKE, START, World
from tests.work.test_complete_work_item import at_once


def test_a_poisoned_deadline_between_good_ones_is_set_aside_and_the_others_fire(world: World) -> None:
    cases = [world.at_look().case_id for _ in range(3)]
    poisoned = world.deadline(cases[1], "look").id
    world.rows(
        "UPDATE deadline SET ladder = 'nowhere', calendar = 'nowhere', \"limit\" = 'x' WHERE id = :id", id=poisoned
    )
    world.rows("UPDATE run SET status = 'nonsense' WHERE case_id = :case", case=cases[1])
    world.later(hours=11)
    world.fire()
    breached = {row.case_id for row in world.rows("SELECT case_id FROM deadline WHERE breached_at IS NOT NULL")}
    assert breached == {cases[0], cases[2]}
    held = world.rows("SELECT id, failures, deferred_until FROM deadline WHERE failures > 0")
    assert [(row.id, row.failures) for row in held] == [(poisoned, 1)]
    assert held[0].deferred_until == world.clock.now() + timedelta(minutes=5)


def test_the_next_pass_is_due_when_what_was_set_aside_is_tried_again(world: World) -> None:
    case_id = world.at_look().case_id
    world.rows("UPDATE run SET status = 'nonsense' WHERE case_id = :case", case=case_id)
    world.later(hours=11)
    report = fire_deadlines(world.engine)
    assert report.next_due_at == world.clock.now() + timedelta(minutes=5)


def test_a_deadline_that_fails_again_and_again_waits_longer_each_time_and_becomes_work_for_a_person(
    world: World,
) -> None:
    case_id = world.at_look().case_id
    poisoned = world.deadline(case_id, "look").id
    world.rows("UPDATE run SET status = 'nonsense' WHERE case_id = :case", case=case_id)
    world.later(hours=11)
    waits: list[float] = []
    admin = world.who("system_administrator")
    for _ in range(8):
        assert len(world.engine.ask_board(admin_board, admin).firing.aside) == (len(waits) >= 5)
        world.fire()
        held = world.rows("SELECT deferred_until FROM deadline WHERE id = :id", id=poisoned)[0].deferred_until
        waits.append((held - world.clock.now()).total_seconds() / 60)
        world.clock.move_to(held)
    assert waits == [5, 10, 20, 40, 80, 160, 320, 360]
    [aside] = world.engine.ask_board(admin_board, admin).firing.aside
    assert (aside.id, aside.case_id, aside.failures) == (poisoned, case_id, 8)


def test_when_the_cause_is_mended_what_was_set_aside_can_be_tried_again_at_once(world: World) -> None:
    case_id = world.at_look().case_id
    world.rows("UPDATE run SET status = 'nonsense' WHERE case_id = :case", case=case_id)
    world.later(hours=11)
    world.fire()
    world.rows("UPDATE run SET status = 'open' WHERE case_id = :case", case=case_id)
    assert world.fire() == 0
    assert retry_deadlines(world.engine, viewer=world.who("system_administrator")) == 1
    assert world.fire() == 1
    kept = world.rows("SELECT failures, deferred_until FROM deadline WHERE key = 'look'")[0]
    assert (kept.failures, kept.deferred_until) == (0, None)


def test_after_an_outage_the_critical_ones_come_first_and_then_the_oldest(world: World) -> None:
    cases = []
    for _ in range(6):
        cases.append(world.at_look().case_id)
        world.later(minutes=1)
    world.rows("UPDATE deadline SET critical = true WHERE case_id = ANY(:cases)", cases=[cases[4], cases[2]])
    world.later(hours=11)
    with world.engine.transaction() as tx:
        found = [due.case_id for due in tx.of(DeadlineStore).due(now=world.clock.now(), most=6)]
        one = tx.of(DeadlineStore).due(now=world.clock.now(), most=1)
    assert found == [cases[number] for number in (2, 4, 0, 1, 3, 5)]
    assert [due.case_id for due in one] == [cases[2]]


def test_a_critical_one_that_falls_due_during_a_backlog_is_looked_for_before_each_batch(world: World) -> None:
    cases = [world.at_look().case_id for _ in range(IN_ONE_COMMIT + 2)]
    world.later(hours=11)
    fire_deadlines(world.engine, limit=IN_ONE_COMMIT)
    late = [
        row.case_id for row in world.rows("SELECT case_id FROM deadline WHERE key = 'look' AND breached_at IS NULL")
    ]
    assert len(late) == 2
    world.rows("UPDATE deadline SET critical = true WHERE case_id = :case", case=late[1])
    fire_deadlines(world.engine, limit=1)
    left = world.rows("SELECT case_id FROM deadline WHERE key = 'look' AND breached_at IS NULL")
    assert [row.case_id for row in left] == [late[0]]
    assert set(late) < set(cases)


def test_a_deadline_that_is_due_for_nothing_is_set_aside_instead_of_being_due_for_ever(world: World) -> None:
    case_id = world.at_look().case_id
    world.rows("UPDATE deadline SET next_at = started_at + interval '1 second' WHERE case_id = :case", case=case_id)
    world.later(minutes=1)
    report = fire_deadlines(world.engine)
    assert report.next_due_at is not None
    assert report.next_due_at > world.clock.now()


def test_two_who_fire_at_once_fire_each_deadline_once(world: World) -> None:
    for _ in range(4):
        world.at_look()
    world.later(hours=11)
    at_once(world.fire, world.fire)
    world.fire()
    assert len(world.rows("SELECT 1 FROM event WHERE type = 'DeadlineBreached'")) == 4
    assert len(world.rows("SELECT 1 FROM escalation WHERE level = 1")) == 4


def test_who_has_the_item_is_warned_and_told_of_the_breach_once_by_the_level_that_names_them(world: World) -> None:
    case_id = _claimed(world)
    world.later(hours=6)
    world.fire()
    both = {("caseworker", "in_app"), ("caseworker", "email")}
    assert _told(world, case_id, "due_soon") == both
    world.later(hours=4)
    world.fire()
    assert (_told(world, case_id, "escalated"), _told(world, case_id, "overdue")) == (both, set())


def test_who_has_two_steps_of_a_case_that_are_due_at_once_is_warned_of_both_in_one_message(world: World) -> None:
    step = "{uses: trial.talk, title: %s, after: [intake], time: {limit: PT4H, warn: [50%%]}}"
    steps = f"steps:\n  intake: {{uses: reporting.intake}}\n  one: {step % 'First'}\n  two: {step % 'Second'}\n"
    publish_shipped(world.engine, {"both.yaml": f"workflow: both\nversion: 1\ntitle: Both\n{steps}"})
    case_id = world.open(workflow="both").case_id
    world.complete(world.item(case_id, "intake"), by="intake_officer", answers=INTAKE)
    for key in ("one", "two"):
        world.act(claim_work_item, world.item(case_id, key).id, by="supervisor")
    world.later(hours=2)
    assert world.fire() == 2
    messages = world.rows("SELECT body, link FROM message WHERE kind = 'due_soon'")
    assert [row.link for row in messages] == [f"/cases/{case_id}"] * 2
    assert all("First; Second in case" in row.body or "Second; First in case" in row.body for row in messages)


def test_whoever_may_take_the_item_is_told_of_the_breach_once(world: World) -> None:
    case_id = world.at_look().case_id
    world.later(hours=10)
    world.fire()
    named = {(who, "in_app") for people in _levels(world, case_id).values() for who in people}
    told = _told(world, case_id, "overdue")
    assert ("caseworker", "in_app") in told | named
    assert not told & named


def test_each_level_tells_whom_it_names_at_its_time(world: World) -> None:
    case_id = _claimed(world)
    world.later(hours=10)
    world.fire()
    assert _levels(world, case_id) == {1: {"caseworker"}}
    world.later(hours=1)
    world.fire()
    assert _levels(world, case_id) == {1: {"caseworker"}, 2: {"supervisor"}}


def test_a_pass_that_comes_late_raises_all_levels_that_are_due_with_their_planned_instants(world: World) -> None:
    case_id = _claimed(world)
    due = world.deadline(case_id, "look").due_at
    world.later(days=5)
    world.fire()
    rows = world.rows("SELECT level, planned_at, fired_at FROM escalation ORDER BY level")
    assert [(row.level, row.planned_at - due) for row in rows] == [
        (1, timedelta()), (2, timedelta(hours=1)), (3, timedelta(hours=5)), (4, timedelta(days=2)),
    ]  # fmt: skip
    assert {row.fired_at for row in rows} == {world.clock.now()}
    assert world.rows("SELECT breached_at FROM deadline WHERE key = 'look'")[0].breached_at == due


def test_when_nobody_is_there_the_next_level_comes_at_once_and_the_ledger_says_why(world: World) -> None:
    case_id = _claimed(world)
    world.change_actor(world.who("supervisor"), disabled=True)
    world.later(hours=11)
    world.fire()
    rows = world.rows("SELECT level, is_missed, note FROM escalation ORDER BY level")
    assert [(row.level, row.is_missed) for row in rows] == [(1, False), (2, True), (3, False)]
    assert "their account is deactivated. The next level came at once." in rows[1].note
    assert _levels(world, case_id) == {1: {"caseworker"}, 2: set(), 3: {"case_manager"}}


def test_when_nobody_at_all_is_there_the_ledger_says_that_a_person_must_look(world: World) -> None:
    case_id = _claimed(world)
    everybody = ("supervisor", "nodal_officer", "safeguarding_lead", "case_manager", "system_administrator")
    for role in everybody:
        world.change_actor(world.who(role), disabled=True)
    world.change_actor(world.other("system_administrator"), disabled=True)
    world.later(hours=11)
    world.fire()
    rows = world.rows("SELECT level, recipient_ids, note FROM escalation WHERE is_missed ORDER BY level")
    assert [(row.level, row.recipient_ids) for row in rows] == [(2, []), (3, []), (4, [])]
    assert "No one at the next levels can be notified either: a person must look at this." in rows[-1].note
    assert _levels(world, case_id)[1] == {"caseworker"}


def test_who_is_absent_is_passed_over_and_the_next_level_comes_at_once(world: World) -> None:
    case_id = _claimed(world)
    world.rows(
        "INSERT INTO absence (id, actor_id, starts_at, ends_at, noted_at) VALUES (:id, :who, :at, :until, :at)",
        id=uuid4(), who=world.who("caseworker").actor_id, at=START, until=START + timedelta(days=30),
    )  # fmt: skip
    world.later(hours=10)
    world.fire()
    assert _levels(world, case_id) == {1: set(), 2: {"supervisor"}}
    assert _told(world, case_id, "overdue") == {("case_manager", "in_app"), ("case_manager", "email")}


def test_a_level_raises_the_priority_and_another_gives_the_item_to_somebody_who_may_do_it(world: World) -> None:
    case_id = _claimed(world)
    world.later(hours=10)
    world.fire()
    item = world.item(case_id, "look")
    assert item.priority == 1
    assert item.assignee_id == world.who("caseworker").actor_id
    world.later(hours=5)
    world.fire()
    assert world.item(case_id, "look").assignee_id == world.who("case_manager").actor_id


def test_an_item_is_not_given_to_somebody_who_may_not_do_it(world: World) -> None:
    case_id = _claimed(world)
    world.rows("UPDATE work_item SET candidate_roles = ARRAY['caseworker'] WHERE step_key = 'look'")
    world.later(hours=15)
    world.fire()
    assert world.item(case_id, "look").assignee_id == world.who("caseworker").actor_id


def test_a_body_outside_is_not_written_to_and_the_ledger_says_that_a_letter_waits(world: World) -> None:
    case_id = _claimed(world)
    world.later(days=3)
    world.fire()
    world.do_jobs()
    row = world.rows("SELECT note FROM escalation WHERE level = 4")[0]
    assert "A letter to District Magistrate is waiting to be released by a named person" in row.note
    assert _levels(world, case_id)[4] == {"nodal_officer"}
    assert {to.partition(".")[0] for to, *_ in world.channel.sent} <= {
        "caseworker", "supervisor", "case_manager", "nodal_officer",
    }  # fmt: skip


def test_one_person_gets_one_message_for_one_rule_by_one_channel(world: World) -> None:
    _claimed(world)
    world.later(days=3)
    world.fire()
    world.rows("UPDATE deadline SET fired = '{}', next_at = due_at, breached_at = NULL WHERE key = 'look'")
    world.fire()
    keys = [row.key for row in world.rows("SELECT key FROM message")]
    assert len(keys) == len(set(keys))
    assert len(world.rows("SELECT 1 FROM escalation")) == 4


def test_seeing_an_escalation_is_written_into_the_ledger_and_the_history(world: World) -> None:
    case_id = _claimed(world)
    deadline = world.deadline(case_id, "look")
    world.later(hours=11)
    world.fire()
    boss = world.who("supervisor")
    world.act(acknowledge, deadline.id, case_id=case_id, by=boss)
    row = world.rows("SELECT acknowledged_at, acknowledged_by FROM escalation WHERE level = 2")[0]
    assert (row.acknowledged_at, row.acknowledged_by) == (world.clock.now(), boss.actor_id)
    assert len(world.rows("SELECT 1 FROM event WHERE type = 'DeadlineAcknowledged'")) == 1


def test_completing_ends_what_would_have_fired(world: World) -> None:
    case_id = world.at_talk().case_id
    world.later(days=3)
    world.fire()
    step = next(step for step in world.state(case_id).steps.values() if step.key == "look")
    assert world.rows("SELECT 1 FROM escalation e JOIN deadline d ON d.id = e.deadline_id WHERE d.key = 'look'") == []
    assert world.load(item_id(step.id, turn=1, approval=False)).status.value == "completed"


def _claimed(world: World) -> UUID:
    """Bring a case to the look, which the caseworker has claimed."""
    case_id = world.at_look().case_id
    item = world.item(case_id, "look")
    world.act(claim_work_item, item.id, by="caseworker")
    return case_id


def _names(world: World) -> dict[Any, str]:
    return {viewer.actor_id: role for role, viewer in world.staff.people.items()}


def _levels(world: World, case_id: UUID) -> dict[int, set[str]]:
    rows = world.rows(
        "SELECT e.level, e.recipient_ids FROM escalation e JOIN deadline d ON d.id = e.deadline_id"
        " WHERE e.case_id = :case AND d.key = 'look'",
        case=case_id,
    )
    return {row.level: {_names(world)[who] for who in row.recipient_ids} for row in rows}


def _told(world: World, case_id: UUID, kind: str) -> set[tuple[str, str]]:
    rows = world.rows(
        "SELECT m.recipient_id, d.channel FROM message m JOIN delivery d ON d.message_id = m.id"
        " WHERE m.case_id = :case AND m.kind = :kind",
        case=case_id, kind=kind,
    )  # fmt: skip
    return {(_names(world)[row.recipient_id], row.channel) for row in rows}


def test_how_late_breaches_and_levels_came_is_counted_by_seconds_for_a_day(world: World) -> None:
    late = {3: 1, 40: 2, 4000: 1}
    for seconds, times in late.items():
        cases = [world.open().case_id for _ in range(times)]
        world.clock.move_to(world.deadline(cases[0], "intake").due_at + timedelta(seconds=seconds))
        world.fire()
    lag = {
        one.at_most_seconds: one
        for one in world.engine.ask_board(admin_board, world.who("system_administrator")).firing.lag
    }
    wanted = {5: 1, 120: 2, None: 1}
    assert {end: one.breaches for end, one in lag.items() if one.breaches} == wanted
    assert {end: one.levels for end, one in lag.items() if one.levels} == wanted
    world.later(hours=25)
    gone = world.engine.ask_board(admin_board, world.who("system_administrator")).firing.lag
    assert not [one for one in gone if one.breaches or one.levels]
