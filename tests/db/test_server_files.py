"""Locks, passwords and lock files of the server that we start, and the databases that tests are given."""

import os
import stat
from pathlib import Path
from typing import Protocol

import psycopg
import pytest

from engine.db import locks as advisory_locks
from engine.db.embedded.cluster import read_postmaster
from engine.db.embedded.databases import connected
from engine.db.embedded.folder import PasswordFile, Share
from engine.db.embedded.roles import DatabaseUrls
from engine.errors import SettingsError


def test_no_two_purposes_share_a_lock() -> None:
    numbers = [number for number in vars(advisory_locks).values() if isinstance(number, int)]
    assert len(numbers) > 1
    assert len(set(numbers)) == len(numbers)


def test_only_the_last_user_to_leave_is_the_last(tmp_path: Path) -> None:
    path = tmp_path / "users.lock"
    first, second, third = Share.take(path), Share.take(path), Share.take(path)
    assert [second.leave(), first.leave(), third.leave()] == [False, False, True]


def test_leaving_twice_is_leaving_once(tmp_path: Path) -> None:
    path = tmp_path / "users.lock"
    first, second = Share.take(path), Share.take(path)
    assert [first.leave(), first.leave(), second.leave(), second.leave()] == [False, False, True, False]


def test_a_password_is_made_once_and_is_private(tmp_path: Path) -> None:
    passwords = PasswordFile(tmp_path / "passwords.json")
    first = passwords.get_or_make("icmc_app")
    second = passwords.get_or_make("icmc_owner")
    assert len(first) > 40
    assert first != second
    assert passwords.get_or_make("icmc_app") == passwords.get("icmc_app") == first
    assert stat.S_IMODE(passwords.path.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["passwords.json"]


@pytest.mark.parametrize(("content", "mode", "sentence"), [
    ("{}", 0o600, "is not in"),
    ("[1]", 0o600, "JSON object"),
    ("{", 0o600, "JSON object"),
    ('{"icmc_app": "x"}', 0o644, "others may read"),
])  # fmt: skip
def test_a_file_that_cannot_be_trusted_is_refused(tmp_path: Path, content: str, mode: int, sentence: str) -> None:
    passwords = PasswordFile(tmp_path / "passwords.json")
    passwords.path.write_text(content)
    passwords.path.chmod(mode)
    with pytest.raises(SettingsError, match=sentence):
        passwords.get("icmc_app")


@pytest.mark.parametrize("content", ["", "\n", "not a number\n", "\x00\x00\x00"])
def test_a_lock_file_that_names_no_process_is_no_server(tmp_path: Path, content: str) -> None:
    (tmp_path / "postmaster.pid").write_text(content)
    assert read_postmaster(tmp_path) is None


def test_no_lock_file_is_no_server(tmp_path: Path) -> None:
    assert read_postmaster(tmp_path) is None


def test_a_server_that_only_begins_to_start_has_no_address_yet(tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").write_text("4242\n/data\n1790000000\n5432\n")
    found = read_postmaster(tmp_path)
    assert (found.pid, found.socket_folder) == (4242, None)


def test_a_process_that_works_elsewhere_is_not_this_clusters_server(tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").write_text(f"{os.getpid()}\n/data\n1790000000\n5432\n/run/x\n127.0.0.1\n")
    found = read_postmaster(tmp_path)
    assert found.socket_folder == Path("/run/x")
    assert not found.is_alive()


class Database(Protocol):
    """What these tests use of the fixture `database`."""

    urls: DatabaseUrls


@pytest.mark.parametrize("turn", ["first", "second"])
def test_every_test_has_a_migrated_database_without_the_rows_of_another(database: Database, turn: str) -> None:
    with connected(database.urls.owner) as owner:
        tables = {row[0] for row in owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
        assert {"case", "event", "work_item"} <= tables
        owner.execute("CREATE TABLE left_by_a_test (turn text)")
        owner.execute("INSERT INTO left_by_a_test VALUES (%s)", (turn,))


def test_the_application_uses_the_tables_and_makes_none(database: Database) -> None:
    with connected(database.urls.app) as app:
        assert app.execute("SELECT count(*) FROM actor").fetchone() == (0,)
        for forbidden in ("CREATE TABLE mine (id int)", "DELETE FROM event", "UPDATE event SET case_id = NULL"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(forbidden)
