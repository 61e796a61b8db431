"""The chains of events, and the seals in the tables: what is changed behind the application's back is found."""

from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from engine.course.actions.steer import add_step
from engine.errors import DamagedError, KeyMissingError
from engine.work.store import ItemStore
from tests.conftest import writer_of
from tests.kit.world import World


def test_whole_chains_verify(world: World) -> None:
    world.at_talk()
    world.at_look()
    assert list(world.engine.broken_chains()) == []


@pytest.mark.parametrize(
    ("change", "first_bad"),
    [
        ("UPDATE event SET body = '{}' WHERE case_id = :case AND seq = 3", 3),
        ("UPDATE event SET body = '{\"a\": 123456789012345678901234567890}' WHERE case_id = :case AND seq = 3", 3),
        ("UPDATE event SET actor_id = NULL, at = at + interval '1 second' WHERE case_id = :case AND seq = 2", 2),
        ("UPDATE event SET type = 'CaseClosed' WHERE case_id = :case AND seq = 4", 4),
        ("DELETE FROM event WHERE case_id = :case AND seq = 3", 3),
        ("DELETE FROM event WHERE case_id = :case AND seq > 4", 5),
        ("DELETE FROM event WHERE case_id = :case", 1),
        (("UPDATE event SET seq = -seq WHERE case_id = :case AND seq IN (2, 3);"
         "UPDATE event SET seq = 5 + seq WHERE case_id = :case AND seq < 0"), 2),
        (("INSERT INTO event SELECT case_id, 1000, unit_id, at, actor_id, type, body, hash FROM event"
         " WHERE case_id = :case AND seq = 1"), None),
        ("UPDATE \"case\" SET chain_head = '\\x00' WHERE id = :case", None),
    ],
)  # fmt: skip
def test_what_was_changed_in_a_chain_is_found_at_its_first_bad_link(
    world: World, change: str, first_bad: int | None
) -> None:
    broken, whole = world.at_talk(), world.at_look()
    length = world.state(broken.case_id).case.chain_length
    for statement in change.split(";"):
        world.rows(statement, case=broken.case_id)
    found = [tuple(chain) for chain in world.engine.broken_chains()]
    assert found == [(broken.case_number, first_bad or length + 1)]
    assert whole.case_number not in str(found)


def test_rows_swapped_between_two_cases_are_found_in_both(world: World) -> None:
    one, two = world.at_talk(), world.at_talk()
    bodies = {case: _event(world, case, 3) for case in (one.case_id, two.case_id)}
    for case, other in ((one.case_id, two.case_id), (two.case_id, one.case_id)):
        world.rows(
            "UPDATE event SET body = (SELECT CAST(:body AS jsonb)), hash = :hash WHERE case_id = :case AND seq = 3",
            case=case, body=bodies[other][0], hash=bodies[other][1],
        )  # fmt: skip
    assert sorted(tuple(chain) for chain in world.engine.broken_chains()) == sorted(
        [(one.case_number, 3), (two.case_number, 3)]
    )


@pytest.mark.parametrize("statement", ["UPDATE event SET type = 'x'", "DELETE FROM event", "TRUNCATE event"])
def test_the_application_may_not_change_or_remove_an_event(world: World, statement: str) -> None:
    world.open()
    sql = writer_of(world.urls)
    with sql.begin() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(text(statement))
    sql.dispose()


def test_sealed_answers_swapped_between_two_cases_do_not_open(world: World) -> None:
    one, two = world.at_talk(), world.at_talk()
    steps = [_look(world, case) for case in (one.case_id, two.case_id)]
    encrypted = [world.rows("SELECT encrypted_answers FROM answer WHERE step_id = :s", s=step)[0][0] for step in steps]
    for step, other in zip(steps, reversed(encrypted), strict=True):
        world.rows(
            "UPDATE answer SET encrypted_answers = :encrypted WHERE step_id = :s", s=step, encrypted=bytes(other)
        )
    for step in steps:
        with world.engine.transaction() as tx, pytest.raises(DamagedError):
            tx.of(ItemStore).answers(step)


def test_once_a_cases_key_is_destroyed_its_answers_are_gone_and_nothing_more_is_sealed_for_it(world: World) -> None:
    opened = world.at_talk()
    world.rows("UPDATE data_key SET wrapped = NULL, destroyed_at = now() WHERE owner_id = :case", case=opened.case_id)
    world.engine.vault.forget()  # type: ignore[attr-defined]
    with world.engine.transaction() as tx, pytest.raises(KeyMissingError):
        tx.of(ItemStore).answers(_look(world, opened.case_id))
    with pytest.raises(KeyMissingError):
        world.engine.vault.encrypt("x", key_of=opened.case_id, table="t", row=opened.case_id, column="c")


def _look(world: World, case_id: UUID) -> UUID:
    return next(step.id for step in world.state(case_id).steps.values() if step.key == "look")


def _event(world: World, case_id: UUID, seq: int) -> tuple[str, bytes]:
    row = world.rows("SELECT body::text, hash FROM event WHERE case_id = :case AND seq = :seq", case=case_id, seq=seq)[
        0
    ]
    return row[0], bytes(row[1])


def test_the_chain_keeps_nothing_that_somebody_typed(world: World) -> None:
    opened, canary = world.at_talk(), "KANARIENVOGEL"
    world.act(add_step, opened.case_id, by="case_manager", uses="trial.talk", title=f"Bring {canary} home")
    bodies = world.rows("SELECT type, body::text FROM event WHERE case_id = :case", case=opened.case_id)
    assert any('"added"' in row.body for row in bodies)
    assert canary not in str(bodies)
    assert list(world.engine.broken_chains()) == []
