"""However many fire the same deadlines at once: one breach, one escalation a level, one message a key."""

import random
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID

import pytest

from engine.deadlines.actions.clock import audit_escalations
from engine.deadlines.actions.firing import fire_deadlines
from tests.kit.world import START, World

RACERS = 8
LATEST = timedelta(days=4)
"""By then the breach and all levels of the ladder are due."""


def race(world: World, *, rounds: int, seed: str) -> list[UUID]:
    """Open a case a round, and let eight fire what is due of it, at instants that are drawn; returns the cases."""
    chance = random.Random(seed)  # noqa: S311 - moments, not secrets
    cases = []
    for _ in range(rounds):
        cases.append(world.at_look().case_id)
        world.later(seconds=chance.randrange(1, int(LATEST.total_seconds())))
        fire_together(world)
    world.later(seconds=LATEST.total_seconds())
    fire_together(world)
    while world.fire():
        continue
    return cases


def fire_together(world: World) -> None:
    """Let eight begin a pass at the same moment, each over connections of its own."""
    barrier = Barrier(RACERS)

    def fire() -> int:
        barrier.wait()
        return fire_deadlines(world.engine).count

    with ThreadPoolExecutor(RACERS) as pool:
        for running in [pool.submit(fire) for _ in range(RACERS)]:
            running.result()


def prove(world: World, cases: Iterable[UUID]) -> None:
    looks = {row.id for row in world.rows("SELECT id FROM deadline WHERE key = 'look'")}
    assert len(looks) == len(set(cases))
    events = world.rows(
        "SELECT CAST(body -> 'deadline' ->> 'id' AS uuid) AS deadline, type, body ->> 'level' AS level,"
        " coalesce(body ->> 'round', '1') AS round FROM event WHERE type IN ('DeadlineBreached', 'LevelRaised')"
    )
    breaches = Counter(event.deadline for event in events if event.type == "DeadlineBreached")
    raised = Counter((event.deadline, event.level, event.round) for event in events if event.type == "LevelRaised")
    assert {breaches[look] for look in looks} == {1}
    assert {level for look, level, _ in raised if look in looks} >= {"1", "2", "3", "4"}
    assert set(breaches.values()) == set(raised.values()) == {1}
    ledger = world.rows("SELECT deadline_id, level, round FROM escalation")
    assert Counter((line.deadline_id, str(line.level), str(line.round)) for line in ledger) == raised
    told = world.rows(
        "SELECT count(*) AS many FROM message WHERE kind = 'escalated' AND escalation_id IN"
        " (SELECT id FROM escalation WHERE deadline_id = ANY(:looks)) GROUP BY case_id",
        looks=list(looks),
    )
    assert len({row.many for row in told}) == 1
    assert not world.rows("SELECT 1 FROM deadline WHERE failures > 0")
    world.later(minutes=3)
    assert audit_escalations(world.engine) == ()
    assert not list(world.engine.broken_chains())


def test_eight_who_fire_at_once_do_what_one_does(world: World) -> None:
    assert world.clock.now() == START
    prove(world, race(world, rounds=40, seed="short"))


@pytest.mark.faults
@pytest.mark.parametrize("seed", ["a", "b", "c", "d"])
def test_in_a_thousand_rounds_eight_who_fire_at_once_do_what_one_does(world: World, seed: str) -> None:
    prove(world, race(world, rounds=250, seed=seed))
