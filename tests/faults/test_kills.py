"""Whatever is killed at whatever moment: what was acknowledged is there once, and what was due happened once."""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import SQLAlchemyError

from engine.deadlines.actions.clock import audit_escalations
from engine.deadlines.store import DeadlineStore
from engine.errors import BusyError
from engine.rehearsal.world import people_of
from tests.faults.tree import SERVER, WORKER, Person, Tree
from tests.kit.installation import Installation, installed, until

pytestmark = pytest.mark.long

BEGIN = datetime(2026, 3, 7, 13, 10, tzinfo=UTC)
PARTS = (WORKER, SERVER, "portal", "tree")
_SETTLED_WITHIN = 240.0


def test_kills_of_each_part_lose_nothing_and_repeat_nothing() -> None:
    _kill_at_moments(_chance("one of each"), PARTS)


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(3))
def test_many_kills_lose_nothing_and_repeat_nothing(seed: int) -> None:
    chance = _chance(str(seed))
    _kill_at_moments(chance, chance.choices(PARTS, k=10))


def _chance(seed: str) -> random.Random:
    return random.Random(seed)  # noqa: S311 - moments, not secrets


def _kill_at_moments(chance: random.Random, parts: tuple[str, ...] | list[str]) -> None:
    with installed(with_prefect=False) as site:
        site.move_to(BEGIN)
        _, people = people_of(site.engine, jurisdiction="IN-AS", label="Faults")
        tree = Tree(site)
        try:
            with _people_at_work(tree, [people["intake_officer"].actor_id, people["case_manager"].actor_id]) as working:
                for part in parts:
                    threading.Event().wait(chance.uniform(0.2, 2.5))
                    _let_time_pass(site, timedelta(minutes=chance.randint(20, 60)))
                    tree.kill(part)
            _let_time_pass(site, timedelta(minutes=5))
            settled_at = _settle(site)
            tree.stop()
            _prove(site, working, settled_at)
        finally:
            tree.stop()


@contextmanager
def _people_at_work(tree: Tree, actor_ids: list[Any]) -> Iterator[list[Person]]:
    stop = threading.Event()
    working = [Person(tree.origin, actor_id, stop) for actor_id in actor_ids]
    for person in working:
        person.start()
    try:
        yield working
    finally:
        stop.set()
        for person in working:
            person.join(60)
    assert not [person for person in working if person.is_alive()]


def _let_time_pass(site: Installation, by: timedelta) -> None:
    until(lambda: _moved(site, by), seconds=90)


def _moved(site: Installation, by: timedelta) -> bool:
    try:
        site.move_to(site.engine.clock.now() + by)
    except (SQLAlchemyError, BusyError):
        return False
    return True


def _settle(site: Installation) -> datetime:
    """Wait until nothing is due and no job is left; give the instant at which that was so, since time goes on."""
    found: list[datetime] = []
    until(lambda: _is_settled(site, found), seconds=_SETTLED_WITHIN)
    return found[-1]


def _is_settled(site: Installation, found: list[datetime]) -> bool:
    try:
        now = site.engine.clock.now()
        with site.engine.transaction() as tx:
            if tx.of(DeadlineStore).due(now=now, most=1):
                return False
        found.append(now)
        return site.are_all_jobs_over()
    except (psycopg.Error, SQLAlchemyError, BusyError):
        return False


def _prove(site: Installation, working: list[Person], settled_at: datetime) -> None:
    reports = {command: page.removeprefix("/cases/") for person in working for command, page in person.reports.items()}
    completed = {item for person in working for item in person.completed}
    assert len(reports) >= len(PARTS)
    assert completed
    assert {str(row["id"]) for row in site.rows('SELECT id FROM "case"')} == set(reports.values())
    assert len(set(reports.values())) == len(reports)
    _prove_items(site, completed)
    _prove_deadlines(site, settled_at)
    _prove_jobs(site, settled_at)
    assert not list(site.engine.broken_chains())


def _prove_items(site: Installation, completed: set[str]) -> None:
    items = {str(row["id"]): row for row in site.rows("SELECT * FROM work_item")}
    assert {items[item]["status"] for item in completed} == {"completed"}
    done = {items[item]["step_id"] for item in completed}
    answers = Counter(row["step_id"] for row in site.rows("SELECT step_id FROM answer"))
    assert {answers[step] for step in done} == {1}
    ended = Counter(row["of"] for row in site.rows(_EVENTS.format(what="step"), type="StepEnded"))
    assert set(ended.values()) == {1}
    assert {ended[str(step)] for step in done} == {1}


def _prove_deadlines(site: Installation, settled_at: datetime) -> None:
    breached = site.rows("SELECT id, due_at, breached_at FROM deadline WHERE breached_at IS NOT NULL")
    assert breached
    assert all(row["due_at"] == row["breached_at"] for row in breached)
    told = Counter(row["of"] for row in site.rows(_EVENTS.format(what="deadline"), type="DeadlineBreached"))
    assert told == Counter({str(row["id"]): 1 for row in breached})
    overdue = site.rows(
        "SELECT id FROM deadline WHERE status = 'open' AND breached_at IS NULL AND due_at < %(now)s",
        now=settled_at,
    )
    assert not overdue
    assert [problem for problem in audit_escalations(site.engine) if problem.code != "not_fired"] == []


def _prove_jobs(site: Installation, settled_at: datetime) -> None:
    jobs = site.rows("SELECT * FROM job WHERE created_at < %(now)s", now=settled_at)
    assert {job["status"] for job in jobs} == {"done"}
    assert all(job["finished_at"] and job["done_by"] in {"prefect", "fallback"} for job in jobs)
    repeated = "SELECT key FROM message GROUP BY key HAVING count(*) > 1"
    assert not site.rows(repeated)
    twice = Counter((job["step_id"], job["kind"], str(job["payload"])) for job in jobs if job["step_id"])
    assert set(twice.values()) == {1}


_EVENTS = "SELECT body->'{what}'->>'id' AS of FROM event WHERE type = %(type)s"
