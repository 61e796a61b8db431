"""Keeping the keys: rotated while people work and after a kill, retired when unused, exported and proved."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from engine.app import build_engine
from engine.assembly import Engine
from engine.cases.housekeeping import HousekeepingStore
from engine.core.files import FileKind
from engine.db.embedded.roles import DatabaseUrls
from engine.documents.actions.attachments import Arrival
from engine.documents.store import FileStore
from engine.errors import DamagedError, KeyMissingError, NotAllowedError, SettingsError
from engine.keys.actions.keys import (
    KeyInUseError,
    export_keys,
    key_state,
    keys_are_proved,
    prove_export,
    reencrypt_case,
    retire_key,
    rotate_keys,
    rotate_organisation,
)
from engine.keys.key_changes import KeyExportError
from engine.keys.key_file import read_key_file
from engine.settings import Settings
from engine.web.terminal import SYSTEM
from tests.kit.fixtures import Filled
from tests.kit.world import World

PASSPHRASE = "seven words that nobody would guess"
ROW = uuid4()


@dataclass
class Installation:
    """An engine with a key file of its own, over a database without keys."""

    engine: Engine
    path: Path
    urls: DatabaseUrls

    def encrypt(self, owner: UUID, value: str) -> bytes:
        return self.engine.vault.encrypt(value, key_of=owner, table="answer", row=ROW, column="words")

    def decrypt(self, encrypted: bytes) -> object:
        return self.engine.vault.decrypt(encrypted, table="answer", row=ROW, column="words")


def another(installed: Installation, filled: Filled, world: World) -> Installation:
    """Return another process of the same installation."""
    settings = Settings(data_folder=installed.path.parent, key_file=installed.path)
    made = build_engine(settings, installed.urls, registry=filled.registry, clock=world.clock)
    return Installation(made, installed.path, installed.urls)


@pytest.fixture
def installed(world: World, filled: Filled, tmp_path: Path) -> Iterator[Installation]:
    world.rows("DELETE FROM data_key")
    made = another(Installation(world.engine, tmp_path / "keys.json", world.urls), filled, world)
    yield made
    made.engine.dispose()


def test_everything_stays_readable_through_a_rotation_and_the_old_key_can_go(
    installed: Installation, world: World, filled: Filled
) -> None:
    old = installed.engine.key_keeper.current
    reader = another(installed, filled, world)
    encrypted = {str(number): installed.encrypt(uuid4(), str(number)) for number in range(7)}
    assert reader.decrypt(encrypted["0"]) == "0"
    done = rotate_keys(installed.engine, viewer=SYSTEM, batch=2)
    assert (done.wrapped, done.went_on) == (7, False)
    assert all(reader.decrypt(value) == name for name, value in encrypted.items())
    with pytest.raises(KeyInUseError, match="minute"):
        retire_key(installed.engine, old, viewer=SYSTEM)
    make_it_long_ago(world)
    retire_key(installed.engine, old, viewer=SYSTEM)
    assert set(read_key_file(installed.path).keys) == {done.key_id}
    later = another(installed, filled, world)
    assert all(later.decrypt(value) == name for name, value in encrypted.items())
    for process in (reader, later):
        process.engine.dispose()


def test_a_key_that_still_wraps_something_or_is_current_does_not_go(installed: Installation) -> None:
    installed.encrypt(uuid4(), "Kamala")
    old = installed.engine.key_keeper.current
    new = installed.engine.key_keeper.add()
    with pytest.raises(KeyInUseError, match="1 keys"):
        retire_key(installed.engine, old, viewer=SYSTEM)
    with pytest.raises(SettingsError):
        retire_key(installed.engine, new, viewer=SYSTEM)
    with pytest.raises(KeyMissingError):
        retire_key(installed.engine, "no-such-key", viewer=SYSTEM)
    assert set(read_key_file(installed.path).keys) == {old, new}


def test_a_rotation_that_was_killed_is_gone_on_with_and_nothing_is_lost(installed: Installation, world: World) -> None:
    encrypted = {str(number): installed.encrypt(uuid4(), str(number)) for number in range(60)}
    before = set(read_key_file(installed.path).keys)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.keys.rotating_process", str(installed.path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    process.stdin.write(f"{json.dumps(asdict(installed.urls))}\n")
    process.stdin.flush()
    for _ in range(3):
        process.stdout.readline()
    process.kill()
    process.communicate()
    made = set(read_key_file(installed.path).keys) - before
    left = key_state(installed.engine, viewer=SYSTEM).unfinished
    assert len(made) == 1
    assert 0 < left < len(encrypted)
    assert all(installed.decrypt(value) == name for name, value in encrypted.items())
    done = rotate_keys(installed.engine, viewer=SYSTEM)
    assert (done.went_on, {done.key_id}, done.wrapped) == (True, made, left)
    assert key_state(installed.engine, viewer=SYSTEM).unfinished == 0
    make_it_long_ago(world)
    for old in before:
        retire_key(installed.engine, old, viewer=SYSTEM)
    installed.engine.vault.forget()  # type: ignore[attr-defined]
    assert all(installed.decrypt(value) == name for name, value in encrypted.items())


def test_a_new_key_of_an_organisation_opens_nothing_for_who_copied_the_old_one(
    installed: Installation, world: World
) -> None:
    world.rows(
        "UPDATE organisation SET name = 'Ours' FROM unit u WHERE u.organisation_id = organisation.id AND u.id = :u",
        u=world.unit,
    )
    name, organisation = world.rows(
        "SELECT o.name, o.id FROM organisation o JOIN unit u ON u.organisation_id = o.id WHERE u.id = :u", u=world.unit
    )[0]
    cases = [world.open().case_id for _ in range(3)]
    world.rows("DELETE FROM data_key")
    encrypted = [installed.encrypt(case, str(case)) for case in cases]
    done = rotate_organisation(installed.engine, name, viewer=SYSTEM, batch=2)
    assert (done.key_id, done.went_on) == (f"{organisation}/2", False)
    wrapped = world.rows("SELECT wrapped_by FROM data_key WHERE owner_id = ANY(:cases)", cases=cases)
    assert {row[0] for row in wrapped} == {f"{organisation}/2"}
    make_it_long_ago(world)
    retire_key(installed.engine, f"{organisation}/1", viewer=SYSTEM)
    installed.engine.vault.forget()  # type: ignore[attr-defined]
    assert [installed.decrypt(value) for value in encrypted] == [str(case) for case in cases]
    assert world.rows("SELECT 1 FROM data_key WHERE version = 1 AND owner_id = :o AND wrapped IS NULL", o=organisation)


def test_an_export_is_proved_by_opening_a_known_value_with_nothing_but_its_keys(installed: Installation) -> None:
    assert not keys_are_proved(installed.engine)
    export = export_keys(installed.engine, viewer=SYSTEM, passphrase=PASSPHRASE)
    assert not keys_are_proved(installed.engine)
    prove_export(installed.engine, export, viewer=SYSTEM, passphrase=PASSPHRASE)
    assert keys_are_proved(installed.engine)
    rotate_keys(installed.engine, viewer=SYSTEM)
    assert not keys_are_proved(installed.engine)
    with pytest.raises(KeyExportError, match="other keys"):
        prove_export(installed.engine, export, viewer=SYSTEM, passphrase=PASSPHRASE)


def test_an_export_shows_no_key_and_opens_with_its_passphrase_only(installed: Installation) -> None:
    export = export_keys(installed.engine, viewer=SYSTEM, passphrase=PASSPHRASE)
    content = installed.path.read_bytes()
    assert all(part not in export for part in content.split(b'"') if len(part) > len("keys-of-32-bytes"))
    with pytest.raises(KeyExportError, match="passphrase"):
        prove_export(installed.engine, export, viewer=SYSTEM, passphrase=PASSPHRASE + "!")
    for changed in (b"", b"{}", b"[]", export[:-40], export.replace(b'"r": 8', b'"r": 9'), b"\xff" + export):
        with pytest.raises(KeyExportError):
            prove_export(installed.engine, changed, viewer=SYSTEM, passphrase=PASSPHRASE)
    assert not keys_are_proved(installed.engine)


def test_an_export_that_does_not_open_what_the_database_holds_is_not_proved(
    installed: Installation, world: World
) -> None:
    export = export_keys(installed.engine, viewer=SYSTEM, passphrase=PASSPHRASE)
    world.rows("UPDATE data_key SET wrapped = set_byte(wrapped, 29, get_byte(wrapped, 29) # 1)")
    with pytest.raises(DamagedError):
        prove_export(installed.engine, export, viewer=SYSTEM, passphrase=PASSPHRASE)
    assert not keys_are_proved(installed.engine)


def test_a_short_passphrase_is_refused(installed: Installation) -> None:
    with pytest.raises(KeyExportError, match="15 characters"):
        export_keys(installed.engine, viewer=SYSTEM, passphrase="only fourteen.")


def test_nobody_who_works_on_cases_keeps_keys(installed: Installation, world: World) -> None:
    attempts = (
        partial(rotate_keys, installed.engine),
        partial(retire_key, installed.engine, "x"),
        partial(export_keys, installed.engine, passphrase=PASSPHRASE),
        partial(prove_export, installed.engine, b"", passphrase=PASSPHRASE),
        partial(key_state, installed.engine),
    )
    for role in ("caseworker", "supervisor", "intake_officer"):
        for attempt in attempts:
            with pytest.raises(NotAllowedError):
                attempt(viewer=world.who(role))


def test_what_was_done_with_keys_is_in_their_chain_without_any_key(installed: Installation, world: World) -> None:
    export_keys(installed.engine, viewer=SYSTEM, passphrase=PASSPHRASE)
    rotate_keys(installed.engine, viewer=SYSTEM)
    kept = world.rows("SELECT type, body::text FROM audit_event WHERE stream LIKE '%keys' ORDER BY seq")
    assert [row[0] for row in kept] == ["KeysExported", "KeyMade"]
    secrets = installed.path.read_text().split('"')
    assert not [part for part in secrets if len(part) == len("A" * 44) and part in str(kept)]


def make_it_long_ago(world: World) -> None:
    """Let the last rotation have ended two minutes earlier than it did."""
    world.rows(
        "UPDATE installation SET value = jsonb_set(value, '{at}', to_jsonb("
        "to_char((value ->> 'at')::timestamptz - :ago, 'YYYY-MM-DD\"T\"HH24:MI:SSOF')))"
        " WHERE key = 'keys_rotated'",
        ago=timedelta(minutes=2),
    )  # fmt: skip


def test_the_values_of_a_case_are_sealed_anew_and_the_old_keys_are_dropped_a_minute_later(
    world: World,
) -> None:
    opened = world.at_talk()
    other = world.at_talk()
    file_id = a_file(world, opened.case_id)
    before = encrypted_of(world, opened.case_id)
    untouched = encrypted_of(world, other.case_id)
    first = reencrypt_case(world.engine, opened.case_number, viewer=SYSTEM, batch=2)
    assert (first.are_dropped, first.values >= len(before)) == (False, True)
    after = encrypted_of(world, opened.case_id)
    assert not set(before) & set(after)
    assert encrypted_of(world, other.case_id) == untouched
    world.later(minutes=2)
    second = reencrypt_case(world.engine, opened.case_number, viewer=SYSTEM)
    assert second == (0, True, 0)
    whole = "SELECT version FROM data_key WHERE owner_id = :c AND wrapped IS NOT NULL"
    assert [row[0] for row in world.rows(whole, c=opened.case_id)] == [2]
    world.engine.vault.forget()  # type: ignore[attr-defined]
    with world.engine.transaction() as tx:
        assert tx.of(HousekeepingStore).report_of(opened.case_id)
        assert tx.of(FileStore).part(file_id, copy_of="original", number=0) == b"some words"
    copied = next(value for value in before if value.startswith(b"v2|\x01" + opened.case_id.bytes))
    with pytest.raises(KeyMissingError):
        world.engine.vault.decrypt(copied, table="report", row=ROW, column="encrypted_answers")
    assert list(world.engine.broken_chains()) == []


def a_file(world: World, case_id: UUID) -> UUID:
    arrival = Arrival(
        world.engine, case_id, viewer=world.who("caseworker"), name="a.txt", kind=FileKind.OTHER, child_shown="no"
    )
    arrival.take(b"some words")
    return arrival.finish()


def encrypted_of(world: World, case_id: UUID) -> list[bytes]:
    """Return every sealed value of a case."""
    queries = (
        "SELECT encrypted_answers FROM report WHERE case_id = :c",
        "SELECT encrypted_answers FROM answer WHERE case_id = :c",
        "SELECT encrypted_answers FROM draft WHERE case_id = :c AND encrypted_answers IS NOT NULL",
        "SELECT encrypted_name FROM attachment WHERE case_id = :c",
        (
            "SELECT encrypted_content FROM attachment_part p"
            " JOIN attachment a ON a.id = p.attachment_id WHERE a.case_id = :c"
        ),
    )  # fmt: skip
    return sorted(bytes(row[0]) for query in queries for row in world.rows(query, c=case_id))
