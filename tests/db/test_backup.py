"""A backup is proved when it is made, and a restore happens wholly or not at all."""

import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from engine.db.embedded.backup import count_rows, make_backup, restore_backup
from engine.db.embedded.databases import connected, create_database, drop_database
from engine.db.embedded.embedded import EmbeddedServer, start_embedded, stop_embedded
from engine.db.embedded.folder import checksum_file, sha256_of, write_checksum
from engine.db.embedded.roles import urls_from
from engine.db.locks import FIRE_DEADLINES
from engine.errors import DamagedError, ServiceError, SettingsError


@pytest.fixture
def source(postgres: EmbeddedServer) -> Iterator[str]:
    """Name a database with a few rows, a grant and a sequence in it."""
    name = f"source_{uuid4().hex[:8]}"
    create_database(postgres.url("postgres"), name)
    with connected(postgres.url(name, "icmc_owner")) as owner:
        owner.execute("CREATE TABLE event (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text UNIQUE)")
        owner.execute("CREATE TABLE empty (id int)")
        owner.execute("GRANT SELECT, INSERT ON event TO icmc_app")
        owner.execute("INSERT INTO event (body) SELECT 'body ' || n FROM generate_series(1, 1000) AS n")
    yield name
    drop_all(postgres, name)


@pytest.fixture
def target(postgres: EmbeddedServer) -> Iterator[str]:
    """Name an empty database."""
    name = f"target_{uuid4().hex[:8]}"
    create_database(postgres.url("postgres"), name)
    yield name
    drop_all(postgres, name)


def drop_all(postgres: EmbeddedServer, prefix: str) -> None:
    for name in databases(postgres, prefix):
        drop_database(postgres.url("postgres"), name)


def databases(postgres: EmbeddedServer, prefix: str) -> list[str]:
    with connected(postgres.url("postgres")) as connection:
        found = connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", (prefix,))
        return [row[0] for row in found.fetchall()]


def test_a_backup_is_made_while_a_worker_fires_deadlines_and_neither_waits_for_the_other(
    postgres: EmbeddedServer, source: str, tmp_path: Path
) -> None:
    with connected(postgres.url(source)) as worker:
        assert worker.execute("SELECT pg_try_advisory_lock(%s)", (FIRE_DEADLINES,)).fetchone() == (True,)
        assert make_backup(postgres.url(source), tmp_path / "icmc.dump").size > 0


def test_a_backup_brings_back_rows_owners_and_grants(
    postgres: EmbeddedServer, source: str, target: str, tmp_path: Path
) -> None:
    report = make_backup(postgres.url(source), tmp_path / "icmc.dump")
    assert report.rows == {"public.event": 1000, "public.empty": 0}
    assert report.sha256 == sha256_of(report.file)
    assert report.size == report.file.stat().st_size
    assert sorted(p.name for p in tmp_path.iterdir()) == ["icmc.dump", "icmc.dump.sha256"]
    assert [stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()] == [0o600, 0o600]
    assert subprocess.run(["sha256sum", "-c", checksum_file(report.file)], cwd=tmp_path, check=False).returncode == 0
    assert databases(postgres, source) == [source]

    assert restore_backup(report.file, postgres.url(target)).kept_as is None
    with connected(postgres.url(target)) as restored:
        assert count_rows(restored) == report.rows
    with connected(postgres.url(target, "icmc_app")) as app:
        app.execute("INSERT INTO event (body) VALUES ('new')")
        assert app.execute("SELECT max(id) FROM event").fetchone() == (1001,)
        assert app.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'event'").fetchone() == ("icmc_owner",)
        assert app.execute("SELECT has_table_privilege('event', 'DELETE')").fetchone() == (False,)


@pytest.mark.parametrize("place", [0, 200, -10], ids=["head", "middle", "end"])
def test_a_damaged_backup_is_refused(
    postgres: EmbeddedServer, source: str, target: str, tmp_path: Path, place: int
) -> None:
    file = make_backup(postgres.url(source), tmp_path / "icmc.dump").file
    content = bytearray(file.read_bytes())
    content[place] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(DamagedError):
        restore_backup(file, postgres.url(target))
    with connected(postgres.url(target)) as connection:
        assert count_rows(connection) == {}


def test_a_backup_cut_short_changes_nothing_even_when_its_checksum_was_made_after(
    postgres: EmbeddedServer, source: str, target: str, tmp_path: Path
) -> None:
    file = make_backup(postgres.url(source), tmp_path / "icmc.dump").file
    file.write_bytes(file.read_bytes()[:-500])
    write_checksum(file, sha256_of(file))
    with pytest.raises((DamagedError, ServiceError)) as caught:
        restore_backup(file, postgres.url(target))
    assert "body" not in str(caught.value)
    with connected(postgres.url(target)) as connection:
        assert count_rows(connection) == {}


def test_something_that_is_no_backup_or_has_no_checksum_is_refused(
    postgres: EmbeddedServer, target: str, tmp_path: Path
) -> None:
    file = tmp_path / "holiday.dump"
    with pytest.raises(SettingsError, match="There is no file"):
        restore_backup(file, postgres.url(target))
    file.write_text("wish you were here")
    with pytest.raises(SettingsError, match=r"holiday\.dump\.sha256"):
        restore_backup(file, postgres.url(target))
    write_checksum(file, sha256_of(file))
    with pytest.raises(DamagedError):
        restore_backup(file, postgres.url(target))


def test_a_database_that_is_not_empty_is_left_as_it_is(postgres: EmbeddedServer, source: str, tmp_path: Path) -> None:
    file = make_backup(postgres.url(source), tmp_path / "icmc.dump").file
    with connected(postgres.url(source)) as connection:
        connection.execute("DELETE FROM event WHERE id > 10")
    with pytest.raises(SettingsError, match="is not empty"):
        restore_backup(file, postgres.url(source))
    with connected(postgres.url(source)) as connection:
        assert count_rows(connection) == {"public.event": 10, "public.empty": 0}


def test_replacing_a_database_keeps_the_old_one_under_another_name(
    postgres: EmbeddedServer, source: str, tmp_path: Path
) -> None:
    file = make_backup(postgres.url(source), tmp_path / "icmc.dump").file
    with connected(postgres.url(source)) as connection:
        connection.execute("DELETE FROM event WHERE id > 10")
        with pytest.raises(SettingsError, match="Somebody is connected"):
            restore_backup(file, postgres.url(source), into_empty_only=False)
    kept = restore_backup(file, postgres.url(source), into_empty_only=False).kept_as
    assert kept is not None
    assert sorted(databases(postgres, source)) == sorted([source, kept])
    with connected(postgres.url(source, "icmc_app")) as app, connected(postgres.url(kept)) as old:
        assert app.execute("SELECT count(*) FROM event").fetchone() == (1000,)
        assert count_rows(old)["public.event"] == 10


def test_a_failed_replacement_leaves_the_old_database_and_nothing_else(
    postgres: EmbeddedServer, source: str, tmp_path: Path
) -> None:
    file = make_backup(postgres.url(source), tmp_path / "icmc.dump").file
    file.write_bytes(file.read_bytes()[:-500])
    write_checksum(file, sha256_of(file))
    with pytest.raises((DamagedError, ServiceError)):
        restore_backup(file, postgres.url(source), into_empty_only=False)
    assert databases(postgres, source) == [source]
    with connected(postgres.url(source)) as connection:
        assert count_rows(connection)["public.event"] == 1000


def test_a_backup_never_overwrites_and_leaves_nothing_when_it_fails(
    postgres: EmbeddedServer, source: str, tmp_path: Path
) -> None:
    (tmp_path / "icmc.dump").write_text("the last good one")
    with pytest.raises(SettingsError, match="is there already"):
        make_backup(postgres.url(source), tmp_path / "icmc.dump")
    with pytest.raises(ServiceError):
        make_backup(postgres.url("no_such_database"), tmp_path / "other.dump")
    assert [p.name for p in tmp_path.iterdir()] == ["icmc.dump"]
    assert (tmp_path / "icmc.dump").read_text() == "the last good one"


def test_the_scratch_copy_of_a_killed_backup_is_dropped_by_the_next_one(
    postgres: EmbeddedServer, source: str, tmp_path: Path
) -> None:
    create_database(postgres.url("postgres"), f"{source}_check_killed")
    make_backup(postgres.url(source), tmp_path / "icmc.dump")
    assert databases(postgres, source) == [source]


def test_an_administrator_who_is_no_superuser_moves_the_cases_to_another_server(
    postgres: EmbeddedServer, source: str, data_folder: Path, tmp_path: Path
) -> None:
    report = make_backup(postgres.url(source), tmp_path / "icmc.dump")
    own = start_embedded(data_folder, durable=False)
    with connected(own.url("postgres")) as connection:
        connection.execute("CREATE ROLE dba LOGIN CREATEROLE CREATEDB PASSWORD 'p@ss/word'")
    urls = urls_from(f"postgresql://dba:p%40ss%2Fword@127.0.0.1:{own.port}/postgres", tmp_path / "own.json")
    restore_backup(report.file, urls.admin)
    assert make_backup(urls.admin, tmp_path / "again.dump").rows == report.rows
    assert restore_backup(report.file, urls.admin, into_empty_only=False).kept_as is not None
    with connected(urls.app) as app:
        assert app.execute("SELECT count(*) FROM event").fetchone() == (1000,)
    stop_embedded(own)
