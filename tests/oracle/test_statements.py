"""How many statements each page takes: few, and as many for twenty of what it lists as for one."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from typing import Any, Final
from uuid import uuid4

import psycopg
import pytest

from engine.core.records import PersonRole
from engine.course.actions.steer import add_person, add_step
from engine.db import trips
from engine.db.embedded.embedded import EmbeddedServer
from engine.definitions import cache
from engine.keys import vault
from engine.people.store import DirectoryStore
from tests.kit.portal import report_case
from tests.oracle.asking import ask
from tests.oracle.objects import do
from tests.oracle.people import MATTERS, OWNER, PERSONAS
from tests.oracle.records import Persona
from tests.oracle.routes import RULES
from tests.oracle.world import OracleWorld, made_world

pytestmark = pytest.mark.long

MOST: Final = 6
"""Of a page, with the one that finds out who is signed in; what binds a transaction to its viewer comes with BEGIN."""
MORE: Final[Mapping[str, int]] = {
    "GET /cases/{case_id}/files": 7,
    "GET /cases/{case_id}/law": 9,
    "GET /law/{limit_id}": 7,
    "GET /people/{actor_id}": 8,
}
"""The pages that take more, and how many: it can only become less."""
ASKED: Final = tuple(one for one in PERSONAS if one.name in {"worker", "lead", "admin"})
_MANY: Final = 20


@dataclass
class Sent:
    """What reached the database: questions and changes, and apart from them what begins and ends transactions."""

    statements: list[str] = field(default_factory=list)
    control: Counter[str] = field(default_factory=Counter)


@contextmanager
def counted() -> Iterator[Sent]:
    """Count what the driver sends."""
    sent = Sent()
    execute, travel, commit, rollback = (
        psycopg.Cursor.execute, trips.travel, psycopg.Connection.commit, psycopg.Connection.rollback
    )  # fmt: skip

    def noted(name: str, done: Any) -> Any:
        def do(*given: Any, **more: Any) -> Any:
            sent.control[name] += 1
            return done(*given, **more)

        return do

    def executed(cursor: Any, query: Any, *given: Any, **more: Any) -> Any:
        sent.statements.append(str(query))
        return execute(cursor, query, *given, **more)

    def travelled(connection: Any, asked: Any) -> Any:
        texts = [statement.text.decode() for statement, _ in asked]
        entered = [text for text in texts if "icmc_enter" in text]
        sent.control["begin for somebody"] += len(entered)
        sent.statements += [text for text in texts if text not in entered]
        return travel(connection, asked)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", executed)
        patch.setattr(trips, "travel", travelled)
        patch.setattr(psycopg.Connection, "commit", noted("commit", commit))
        patch.setattr(psycopg.Connection, "rollback", noted("rollback", rollback))
        yield sent


@pytest.fixture(scope="module")
def world(postgres: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OracleWorld]:
    """Return the world of the oracle with one of its cases, where keys and what is published are read once.

    They are looked at again once in a second, on whichever page is opened then: on a slow machine on each.
    """
    with (
        made_world(postgres, tmp_path_factory.mktemp("statements"), matters=MATTERS[:1]) as made,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(cache, "_LOOK_AGAIN_AFTER", inf)
        patch.setattr(vault, "LOOK_AGAIN", inf)
        yield made


@pytest.fixture(scope="module")
def pages(world: OracleWorld) -> Mapping[tuple[str, str], Sent]:
    """Return what each page sends that is shown to one of those who ask."""
    return _pages(world)


def test_no_page_takes_many_statements(pages: Mapping[tuple[str, str], Sent]) -> None:
    assert len({address for address, _ in pages}) > 70
    most: Counter[str] = Counter()
    for (address, who), sent in pages.items():
        print(f"{len(sent.statements):3} {sum(sent.control.values()):3} {address} ({who})")  # noqa: T201 - with pytest -s
        most[address] = max(most[address], len(sent.statements))
    assert {address: number for address, number in most.items() if number > MOST} == MORE


def test_a_page_takes_as_many_statements_for_twenty_as_for_one(
    world: OracleWorld, pages: Mapping[tuple[str, str], Sent]
) -> None:
    _grow(world)
    now = _pages(world)
    assert set(now) == set(pages)
    more = {page: (pages[page].statements, sent.statements) for page, sent in now.items()}
    assert not {page: after for page, (before, after) in more.items() if len(after) > len(before)}


def _pages(world: OracleWorld) -> Mapping[tuple[str, str], Sent]:
    """Open every page, and then count: what never changes has been read then.

    The least of three times counts where one is not as the other: a sign-in may have been noted meanwhile. What is
    printed is opened by one of those who ask.
    """
    found: dict[tuple[str, str], Sent] = {}
    for address in RULES:
        asking = () if not address.startswith("GET ") else ASKED[:1] if address.endswith("/pdf") else ASKED
        for persona in asking:
            if ask(world, persona, address, world.objects["own"]).status_code == 200:
                times = [_sent(world, persona, address) for _ in range(2)]
                if len(times[0].statements) != len(times[1].statements):
                    times.append(_sent(world, persona, address))
                found[address, persona.name] = min(times, key=lambda one: len(one.statements))
    return found


def _sent(world: OracleWorld, persona: Persona, address: str) -> Sent:
    with counted() as sent:
        ask(world, persona, address, world.objects["own"])
    return sent


def _grow(world: OracleWorld) -> None:
    """Add twenty of what pages list: people, cases, and in one case persons and steps."""
    staff, case_id = world.staff[OWNER], world.objects["own"].ids["case_id"]
    with world.engine.transaction() as tx:
        for number in range(_MANY):
            actor = uuid4()
            tx.of(DirectoryStore).add_actor(actor, name=f"Another {number}", email=f"{actor}@example.org", demo=True)
            tx.of(DirectoryStore).add_role(actor, unit_id=staff.unit_id, role="caseworker")
        tx.commit()
    for _ in range(_MANY):
        report_case(world.clients["intake"])
        do(
            add_person, case_id, by=staff.first, engine=world.engine, role=PersonRole.SUSPECT, identity={"name": "X"}
        )  # fmt: skip
        do(add_step, case_id, by=staff.first, engine=world.engine, uses="protection.health", title="One more")
