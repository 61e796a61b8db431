"""Keys in the database: whose wraps which, destroyed for every process, wrapped anew in batches."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from engine.cases.housekeeping import HousekeepingStore
from engine.core.keys import place_key
from engine.db.store import Within
from engine.errors import KeyMissingError
from engine.keys.data_keys import SqlWrappedKeys
from engine.keys.key_file import KeyFile
from engine.keys.periods import KeyRing
from engine.keys.store import KeyStore
from engine.keys.vault import LOOK_AGAIN, Vault
from engine.persons.store import PersonStore
from tests.conftest import writer_of
from tests.kit.world import World

FILE = KeyFile(current="k", keys={"k": b"k" * 32}, chain=b"c" * 32, blind=b"b" * 32)
LATER = replace(FILE, current="n", keys={"k": b"k" * 32, "n": b"n" * 32})
ROW = uuid4()


class Process:
    """The vault of another process over the same database, whose sense of time tests move on."""

    def __init__(self, world: World, file: KeyFile = FILE) -> None:
        self.at = 0.0
        self.sql = writer_of(world.urls)
        self.vault = Vault(KeyRing(file), SqlWrappedKeys(self.sql, world.clock), ticks=lambda: self.at)

    def encrypt(self, owner: UUID, value: str = "Kamala") -> bytes:
        return self.vault.encrypt(value, key_of=owner, table="answer", row=ROW, column="words")

    def decrypt(self, encrypted: bytes) -> object:
        return self.vault.decrypt(encrypted, table="answer", row=ROW, column="words")


@pytest.fixture
def processes(world: World) -> Iterator[tuple[Process, Process]]:
    made = Process(world), Process(world)
    yield made
    for process in made:
        process.sql.dispose()


def destroy(world: World, owner: UUID) -> bool:
    with world.engine.transaction() as tx:
        destroyed = tx.of(KeyStore).destroy(owner, world.clock.now())
        tx.commit()
    return destroyed


def test_a_case_and_its_persons_are_wrapped_by_their_organisation_and_that_by_the_key_file(world: World) -> None:
    opened = world.at_talk()
    organisation = world.rows("SELECT organisation_id FROM unit WHERE id = :u", u=world.unit)[0][0]
    by = dict(world.rows("SELECT owner_id, wrapped_by FROM data_key"))
    assert by[opened.case_id] == f"{organisation}/1"
    assert "/" not in by[organisation]


def test_the_second_process_uses_the_key_that_the_first_one_made(processes: tuple[Process, Process]) -> None:
    one, two = processes
    owner = uuid4()
    assert two.decrypt(one.encrypt(owner)) == "Kamala"
    assert one.decrypt(two.encrypt(owner)) == "Kamala"


def test_a_key_that_one_process_destroys_is_forgotten_by_the_others_within_a_second(
    world: World, processes: tuple[Process, Process]
) -> None:
    owner, another = uuid4(), uuid4()
    encrypted = processes[0].encrypt(owner)
    kept = processes[0].encrypt(another)
    for process in processes:
        assert process.decrypt(encrypted) == "Kamala"
    assert destroy(world, owner)
    for process in processes:
        process.at += LOOK_AGAIN
        with pytest.raises(KeyMissingError):
            process.decrypt(encrypted)
        with pytest.raises(KeyMissingError):
            process.encrypt(owner)
        assert process.decrypt(kept) == "Kamala"


def test_nothing_is_ever_sealed_for_an_owner_destroyed_before_it_had_a_key(
    world: World, processes: tuple[Process, Process]
) -> None:
    owner = uuid4()
    assert not destroy(world, owner)
    with pytest.raises(KeyMissingError):
        processes[0].encrypt(owner)
    assert not destroy(world, owner)


def test_the_tokens_of_a_person_go_with_their_key(world: World) -> None:
    person = uuid4()
    with world.engine.transaction() as tx:
        tx.of(PersonStore).add(person, {"name": "Kamala"}, (("name", "KML"),), unit_id=world.unit, at=world.clock.now())
        tx.commit()
    assert world.rows("SELECT 1 FROM person_token WHERE person_id = :p", p=person)
    destroy(world, person)
    assert not world.rows("SELECT 1 FROM person_token WHERE person_id = :p", p=person)
    assert not world.rows("SELECT 1 FROM data_key WHERE owner_id = :p AND wrapped IS NOT NULL", p=person)


def test_the_places_of_a_case_can_be_destroyed_while_the_case_stays_readable(world: World) -> None:
    opened = world.at_talk()
    destroy(world, place_key(opened.case_id))
    assert world.of(HousekeepingStore).report_of(opened.case_id)


def test_every_key_is_wrapped_anew_in_batches_and_keys_without_a_home_find_it(
    world: World, processes: tuple[Process, Process]
) -> None:
    ours, theirs = world.open().case_id, world.open().case_id
    world.rows("DELETE FROM data_key")
    stray = [processes[0].encrypt(uuid4(), str(number)) for number in range(5)]
    encrypted = processes[0].encrypt(ours)
    organisation = world.rows("SELECT organisation_id FROM unit WHERE id = :u", u=world.unit)[0][0]
    process = Process(world, LATER)
    early = process.vault._wrap(theirs, 1, b"d" * 32, None)  # a key made before its case was stored
    process.vault._keys.keep(theirs, early)
    assert rewrap_all(process, most=2) > 3
    by = dict(world.rows("SELECT owner_id, wrapped_by FROM data_key WHERE wrapped IS NOT NULL"))
    assert (by[organisation], by[ours], by[theirs]) == ("n", f"{organisation}/1", f"{organisation}/1")
    assert set(by.values()) == {"n", f"{organisation}/1"}
    alone = Process(world, replace(LATER, keys={"n": b"n" * 32}))
    assert [alone.decrypt(value) for value in (*stray, encrypted)] == [*"01234", "Kamala"]
    for other in (alone, process):
        other.sql.dispose()


def test_a_case_that_goes_to_another_organisation_is_wrapped_by_that_ones_key(
    world: World, processes: tuple[Process, Process]
) -> None:
    case_id = world.open().case_id
    world.rows("DELETE FROM data_key")
    encrypted = processes[0].encrypt(case_id)
    world.rows('UPDATE "case" SET unit_id = :other WHERE id = :case', other=world.other_unit, case=case_id)
    world.rows("UPDATE unit SET organisation_id = :new WHERE id = :unit", new=new_one(world), unit=world.other_unit)
    process = Process(world, LATER)
    rewrap_all(process, most=100)
    query = "SELECT u.organisation_id || '/1' FROM unit u WHERE id = :unit"
    wanted = world.rows(query, unit=world.other_unit)[0][0]
    assert world.rows("SELECT wrapped_by FROM data_key WHERE owner_id = :c", c=case_id)[0][0] == wanted
    assert process.decrypt(encrypted) == "Kamala"
    process.sql.dispose()


def new_one(world: World) -> UUID:
    made = uuid4()
    world.rows("INSERT INTO organisation (id, name, kind, in_network) VALUES (:id, 'Another', 'ngo', true)", id=made)
    return made


def rewrap_all(process: Process, *, most: int) -> int:
    """Wrap everything anew as `process` does; gives in how many rounds."""
    rounds, after = 0, None
    while True:
        with process.sql.begin() as connection:
            store = KeyStore(Within(connection, process.vault))
            done = store.rewrap_some(current="n", periods=(), after=after, most=most)
            left = store.unfinished(current="n", periods=())
        rounds, after = rounds + 1, done.last
        if not done.done:
            assert left == 0
            return rounds


def test_a_process_reads_the_database_alone_for_what_it_counts(world: World) -> None:
    world.at_talk()
    counts = world.of(KeyStore).counts()
    assert counts.cases == 1
    assert counts.organisations >= 1
    assert sum(counts.by_file.values()) >= counts.organisations
    sql = writer_of(world.urls)
    with sql.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM data_key WHERE wrapped IS NULL")).scalar() == 0
    sql.dispose()


def test_an_organisation_finds_its_own_persons_and_nothing_tells_that_another_knows_them_too(world: World) -> None:
    theirs = new_one(world)
    world.rows("UPDATE unit SET organisation_id = :new WHERE id = :unit", new=theirs, unit=world.other_unit)
    ours = world.rows("SELECT organisation_id FROM unit WHERE id = :u", u=world.unit)[0][0]
    person, same, tokens = uuid4(), uuid4(), (("name", "KML"), ("phone", "9876543210"))
    with world.engine.transaction() as tx:
        tx.of(PersonStore).add(person, {"name": "Kamala"}, tokens, unit_id=world.unit, at=world.clock.now())
        tx.of(PersonStore).add(same, {"name": "Kamala"}, tokens, unit_id=world.other_unit, at=world.clock.now())
        assert tx.of(PersonStore).known_by(ours, tokens[:1]) == (person,)
        assert tx.of(PersonStore).known_by(theirs, tokens) == (same,)
        assert tx.of(PersonStore).known_by(ours, (*tokens, ("name", "RJ"))) == ()
        assert tx.of(PersonStore).known_by(ours, ()) == ()
        tx.commit()
    kept = world.rows("SELECT person_id, token FROM search_token")
    assert len({bytes(row[1]) for row in kept}) == len(kept) == 4
    with world.engine.transaction() as tx:
        tx.of(PersonStore).change(person, {"name": "Rina"}, (("name", "RN"),))
        assert tx.of(PersonStore).known_by(ours, tokens[:1]) == ()
        assert tx.of(PersonStore).known_by(ours, (("name", "RN"),)) == (person,)
        tx.commit()
    destroy(world, person)
    assert not world.rows("SELECT 1 FROM search_token WHERE person_id = :p", p=person)
