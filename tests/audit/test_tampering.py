"""What a superuser of the database does behind the application's back is found and named: where, and what was done."""

from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.engine import make_url

from engine.audit.actions import make_checkpoint
from engine.audit.store import AnchorFiles, AuditLogStore
from engine.cases.actions.deciding import note_reading
from engine.core.history import read_line
from engine.db.embedded.backup import make_backup, restore_into
from engine.db.embedded.databases import create_database, drop_database
from engine.db.embedded.embedded import EmbeddedServer
from engine.errors import SettingsError
from engine.overview.records import AuditFault
from tests.kit.world import LOOKED, World


@dataclass
class Kept:
    """A world with two cases, readings and notes, and a second place for its checkpoints."""

    world: World
    folder: Path
    case: UUID
    number: str
    length: int
    other: UUID
    other_number: str

    def checkpoint(self) -> int | None:
        return make_checkpoint(self.world.engine)

    def faults(self, *, outside: bool = True) -> list[AuditFault]:
        return list(self.world.engine.faults([self.folder] if outside else []))

    def do(self, statements: str) -> None:
        """Do as a superuser would who knows the tables: no right and no key of another table is in the way."""
        quiet = "SET LOCAL session_replication_role = replica"
        self.world.rows(f"DO $$ BEGIN {quiet}; {self._filled(statements)}; END $$")

    def _filled(self, statement: str) -> str:
        return statement.replace(":case", f"'{self.case}'").replace(":other", f"'{self.other}'")


@pytest.fixture
def kept(world: World, tmp_path: Path) -> Kept:
    world.engine = replace(world.engine, anchors=AnchorFiles(tmp_path / "outside"))
    one, two = world.at_talk(), world.at_look()
    for _ in range(6):
        note_reading(world.engine, world.who("caseworker"), one.case_id, "case", ())
        with world.engine.transaction() as tx:
            tx.of(AuditLogStore).note("people", "Tried", {"share": 0.5}, actor_id=None, at=world.clock.now())
            tx.commit()
    made = Kept(
        world, tmp_path / "outside", one.case_id, one.case_number,
        world.state(one.case_id).case.chain_length, two.case_id, two.case_number,
    )  # fmt: skip
    assert made.checkpoint() == 1
    return made


def test_nothing_is_found_where_nothing_was_done(kept: Kept) -> None:
    assert kept.faults() == []
    kept.world.complete(kept.world.item(kept.other, "look"), by="caseworker", answers=LOOKED)
    assert kept.faults() == []
    assert kept.checkpoint() == 2
    assert kept.faults() == []


MOVE = "UPDATE event SET seq = {0} WHERE case_id = :case AND seq = {1}"
INSERTED = (
    "INSERT INTO event SELECT case_id, {0}, unit_id, at, actor_id, type, body, {1} FROM event"
    " WHERE case_id = :case AND seq = 2"
)
CLOSE_GAP = (
    "UPDATE event SET seq = -seq WHERE case_id = :case AND seq > 4;"
    "UPDATE event SET seq = -seq - 1 WHERE case_id = :case AND seq < 0"
)
OPEN_GAP = (
    "UPDATE event SET seq = -seq WHERE case_id = :case AND seq > 3;"
    "UPDATE event SET seq = 1 - seq WHERE case_id = :case AND seq < 0"
)


@pytest.mark.parametrize(("change", "what", "seq"), [
    ("UPDATE event SET body = '{\"step_id\": \"x\"}' WHERE case_id = :case AND seq = 3", "edited", 3),
    ("UPDATE event SET at = at + interval '1 second' WHERE case_id = :case AND seq = 3", "edited", 3),
    ("UPDATE event SET actor_id = NULL WHERE case_id = :case AND seq = 1", "edited", 1),
    ("UPDATE event SET hash = '\\x00' WHERE case_id = :case AND seq = 4", "edited", 4),
    ("DELETE FROM event WHERE case_id = :case AND seq = 4", "deleted", 4),
    ("DELETE FROM event WHERE case_id = :case AND seq = 4;" + CLOSE_GAP, "deleted", 4),
    (OPEN_GAP + ";" + INSERTED.format(4, "'\\x01'::bytea"), "inserted", 4),
    (INSERTED.format(1000, "hash"), "inserted", 0),
    (";".join((MOVE.format(-1, 3), MOVE.format(3, 4), MOVE.format(4, -1))), "reordered", 3),
    (";".join((MOVE.format(-1, 3), MOVE.format(3, 6), MOVE.format(6, -1))), "reordered", 3),
    ("DELETE FROM event WHERE case_id = :case AND seq > 5", "truncated", 6),
    ("DELETE FROM event WHERE case_id = :case", "truncated", 1),
    ((
        "DELETE FROM event WHERE case_id = :case AND seq > 5;"
        'UPDATE "case" SET chain_length = 5, chain_head ='
        " (SELECT hash FROM event WHERE case_id = :case AND seq = 5) WHERE id = :case"
    ), "truncated", 6),
    ("UPDATE \"case\" SET chain_head = '\\x00' WHERE id = :case", "head", 0),
    ('DELETE FROM event WHERE case_id = :case;DELETE FROM "case" WHERE id = :case', "removed", 1),
])  # fmt: skip
def test_what_was_done_to_a_case_is_named_with_its_first_bad_event(
    kept: Kept, change: str, what: str, seq: int
) -> None:
    kept.do(change)
    found = kept.faults(outside=False)
    assert [(fault.what, fault.seq) for fault in found if fault.chain.startswith("Case")] == [
        (what, seq or kept.length + 1)
    ]
    assert (kept.number if what != "removed" else str(kept.case)) in found[0].in_words
    assert kept.other_number not in str(found)


@pytest.mark.parametrize("seq", [1, 3])
def test_rows_that_were_swapped_between_two_cases_are_named_in_both_with_where_they_belong(
    kept: Kept, seq: int
) -> None:
    kept.do(f"""
        UPDATE event SET seq = -1 WHERE case_id = :case AND seq = {seq};
        UPDATE event SET case_id = :case WHERE case_id = :other AND seq = {seq};
        UPDATE event SET case_id = :other, seq = {seq} WHERE case_id = :case AND seq = -1
    """)
    found = {fault.case_number: fault for fault in kept.faults()}
    assert set(found) == {kept.number, kept.other_number}
    assert {(fault.what, fault.seq) for fault in found.values()} == {("swapped", seq)}
    assert kept.other_number in found[kept.number].in_words


@pytest.mark.parametrize(("change", "chain", "what", "seq"), [
    ("UPDATE reading SET actor_id = NULL WHERE seq = 3", "Readings of case", "edited", 3),
    ("UPDATE reading SET classes = '{none}' WHERE seq = 3", "Readings of case", "edited", 3),
    ("DELETE FROM reading WHERE seq = 2", "Readings of case", "deleted", 2),
    ((
        "DELETE FROM reading WHERE seq > 3;UPDATE audit_chain SET length = 3, head ="
        " (SELECT hash FROM reading WHERE seq = 3) WHERE name LIKE 'readings:%'"
    ), "Readings of case", "truncated", 4),
    ("DELETE FROM audit_chain;DELETE FROM reading;DELETE FROM audit_event", "Readings of case", "removed", 1),
    ("UPDATE audit_event SET body = '{}' WHERE stream = 'people' AND seq = 5", "Stream people", "edited", 5),
    ("UPDATE audit_event SET seq = 99 WHERE stream = 'people' AND seq = 6", "Stream people", "deleted", 6),
])  # fmt: skip
def test_what_was_done_to_readings_and_streams_is_named_too(
    kept: Kept, change: str, chain: str, what: str, seq: int
) -> None:
    kept.do(change)
    found = [(fault.what, fault.seq) for fault in kept.faults(outside=False) if fault.chain.startswith(chain)]
    assert found == [(what, seq)]


@pytest.mark.parametrize(("change", "what", "number"), [
    ("UPDATE checkpoint SET links = links - 1 WHERE number = 2", "edited", 3),
    ("UPDATE checkpoint_head SET length = length - 1", "edited", 1),
    ("DELETE FROM checkpoint_head;DELETE FROM checkpoint WHERE number < 3", "deleted", 1),
    ("UPDATE checkpoint SET signature = '\\x00' WHERE number = 3", "edited", 3),
])  # fmt: skip
def test_checkpoints_that_were_changed_or_removed_in_the_database_are_named(
    kept: Kept, change: str, what: str, number: int
) -> None:
    kept.checkpoint()
    kept.checkpoint()
    kept.do(change)
    found = [fault for fault in kept.faults(outside=False) if fault.chain == "checkpoints"]
    assert [(fault.what, fault.seq) for fault in found] == [(what, number)]


def test_a_tail_cut_off_together_with_its_checkpoints_is_found_by_the_outside(kept: Kept) -> None:
    kept.checkpoint()
    kept.do("DELETE FROM checkpoint_head;DELETE FROM checkpoint")
    kept.do(
        "DELETE FROM event WHERE case_id = :case AND seq > 5;"
        'UPDATE "case" SET chain_length = 5, chain_head ='
        " (SELECT hash FROM event WHERE case_id = :case AND seq = 5) WHERE id = :case"
    )
    assert kept.faults(outside=False) == []
    found = [(fault.what, fault.seq, fault.case_number) for fault in kept.faults()]
    assert found == [("rolled_back", 1, ""), ("truncated", 6, kept.number)]


def test_a_database_that_was_put_back_to_an_older_state_is_found_by_the_outside(
    kept: Kept, postgres: EmbeddedServer, tmp_path: Path
) -> None:
    make_backup(kept.world.super_url, tmp_path / "older.backup")
    kept.world.complete(kept.world.item(kept.other, "look"), by="caseworker", answers=LOOKED)
    assert kept.checkpoint() == 2
    _put_back(kept.world, postgres, tmp_path / "older.backup")
    assert kept.faults(outside=False) == []
    found = kept.faults()
    assert (found[0].what, found[0].seq) == ("rolled_back", 2)
    assert [(fault.what, fault.case_number) for fault in found[1:]] == [("truncated", kept.other_number)]


def test_work_that_goes_on_after_a_database_was_put_back_does_not_hide_it(
    kept: Kept, postgres: EmbeddedServer, tmp_path: Path
) -> None:
    make_backup(kept.world.super_url, tmp_path / "older.backup")
    kept.world.complete(kept.world.item(kept.other, "look"), by="caseworker", answers=LOOKED)
    kept.checkpoint()
    _put_back(kept.world, postgres, tmp_path / "older.backup")
    kept.world.later(minutes=9)
    kept.world.complete(kept.world.item(kept.other, "look"), by="caseworker", answers=LOOKED)
    assert kept.checkpoint() == 2
    found = kept.faults()
    assert (found[0].what, found[0].seq) == ("rolled_back", 2)
    assert [(fault.what, fault.case_number) for fault in found[1:]] == [("rewritten", kept.other_number)]


def test_a_line_that_was_changed_outside_is_named_and_one_that_was_torn_off_is_no_finding(kept: Kept) -> None:
    file = next(kept.folder.glob("*.jsonl"))
    whole = file.read_text()
    file.write_text(whole.replace('"links":', '"links":1'))
    assert [(fault.what, fault.seq) for fault in kept.faults()] == [("edited", 1)]
    file.write_text(whole[:-40])
    assert kept.faults() == []
    assert kept.checkpoint() == 2
    assert [read_line(line) is not None for line in file.read_text().splitlines()] == [False, True, True]


def test_what_could_not_be_written_outside_is_written_with_the_next_checkpoint(kept: Kept) -> None:
    moved = kept.folder.rename(kept.folder.with_name("away"))
    kept.folder.write_text("a file where the folder should be")
    with pytest.raises(SettingsError, match="ICMC_CHECKPOINTS"):
        kept.checkpoint()
    kept.folder.unlink()
    moved.rename(kept.folder)
    assert kept.checkpoint() == 3
    lines = [read_line(line) for file in kept.folder.glob("*.jsonl") for line in file.read_text().splitlines()]
    assert [line.checkpoint.number for line in lines if line] == [1, 2, 3]


def test_a_checkpoint_names_only_the_chains_that_have_moved(kept: Kept) -> None:
    kept.world.complete(kept.world.item(kept.other, "look"), by="caseworker", answers=LOOKED)
    kept.checkpoint()
    kept.checkpoint()
    lines = [read_line(line) for file in kept.folder.glob("*.jsonl") for line in file.read_text().splitlines()]
    moved = [[head.chain for head in line.heads] for line in lines if line]
    assert len(moved[0]) == 6
    assert {"stream:keys", "stream:rows"} <= set(moved[0])
    assert moved[1:] == [[f"case:{kept.other}"], []]


def _put_back(world: World, postgres: EmbeddedServer, file: Path) -> None:
    name = str(make_url(world.super_url).database)
    world.engine.dispose()
    drop_database(postgres.url("postgres"), name)
    create_database(postgres.url("postgres"), name)
    restore_into(postgres.url("postgres"), name, file)
