"""Several machines, each with a data folder of its own: one PostgreSQL, one Prefect, reached through TLS."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from uuid import uuid4

import psycopg
import pytest

from engine.app import build_engine, ship
from engine.cases.actions.open import open_case
from engine.db.embedded.cluster import SUPERUSER
from engine.db.embedded.embedded import start_embedded, stop_embedded
from engine.db.embedded.roles import urls_from
from engine.db.migrate import migrate
from engine.errors import SettingsError
from engine.orchestration.deployments import _has_ended_here
from engine.orchestration.runtime import this_place
from engine.orchestration.server import find_server
from engine.orchestration.settings import PrefectSecrets
from engine.rehearsal.world import people_of
from engine.settings import Settings
from tests.deadlines.test_time_commands import TOLD
from tests.kit.installation import until
from tests.kit.prefect import PlainApi
from tests.kit.servers import self_signed

ICMC = Path(sys.executable).with_name("icmc")
SHARED = ("keys", "checkpoints")


@dataclass
class Machine:
    """A machine of the installation: its own data folder, and what runs on it."""

    folder: Path
    environment: dict[str, str]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *words: str, **more: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{words[0]}-{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                [ICMC, *words], env=self.environment | more, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def lose_power(self) -> None:
        """Kill all that runs on it, and its children."""
        for process in self.processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@dataclass
class Hub:
    """The database, which no machine of the others has on itself, and the machines."""

    root: Path
    database_url: str = field(repr=False)
    machines: dict[str, Machine] = field(default_factory=dict)

    def machine(self, name: str, **settings: str) -> Machine:
        folder = self.root / name
        folder.mkdir()
        for shared in SHARED:
            (self.root / shared).mkdir(exist_ok=True, mode=0o700)
            (folder / shared).symlink_to(self.root / shared)
        passwords = self.root / "first" / "passwords.json"
        if name != "first":
            (folder / "passwords.json").write_bytes(passwords.read_bytes())
            (folder / "passwords.json").chmod(0o600)
        environment = os.environ | {"ICMC_DATA_FOLDER": str(folder), "ICMC_DATABASE_URL": self.database_url}
        made = Machine(folder, environment | {"ICMC_PORTAL_PORT": str(_free_port())} | settings)
        self.machines[name] = made
        return made

    def rows(self, query: str) -> list[Any]:
        with psycopg.connect(self.database_url.replace("+psycopg", "").replace("/postgres", "/icmc")) as connection:
            return connection.execute(query).fetchall()

    def jobs(self, status: str) -> int:
        return int(self.rows(f"SELECT count(*) FROM job WHERE status = '{status}'")[0][0])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _tls_before(port: int, context: ssl.SSLContext) -> Iterator[str]:
    """Be the proxy that speaks TLS before a port of this machine; yield its address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def serve() -> None:
        with suppress(OSError):
            while True:
                plain, _ = listener.accept()
                try:
                    outer = context.wrap_socket(plain, server_side=True)
                    inner = socket.create_connection(("127.0.0.1", port))
                except OSError:
                    plain.close()
                    continue
                threading.Thread(target=pump, args=(outer, inner), daemon=True).start()
                threading.Thread(target=pump, args=(inner, outer), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"https://127.0.0.1:{listener.getsockname()[1]}/api"
    finally:
        listener.close()


@pytest.fixture
def hub() -> Iterator[Hub]:
    with tempfile.TemporaryDirectory(prefix="icmc-several-", ignore_cleanup_errors=True) as name:
        root = Path(name)
        root.chmod(0o711)
        server = start_embedded(root / "postgresql", durable=False)
        made = Hub(root, server.tcp_url("postgres", SUPERUSER, driver="psycopg"))
        try:
            yield made
        finally:
            for machine in made.machines.values():
                machine.lose_power()
            stop_embedded(server)


def _answers(machine: Machine) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{machine.environment['ICMC_PORTAL_PORT']}/sign-in", timeout=5) as page:
            return bool(page.status == 200)
    except OSError:
        return False


@pytest.mark.faults
def test_two_portals_and_three_workers_share_the_work_and_none_of_them_is_needed(hub: Hub, tmp_path: Path) -> None:
    port = _free_port()
    first = hub.machine("first", ICMC_PREFECT_PORT=str(port))
    urls = urls_from(hub.database_url, first.folder / "passwords.json")
    migrate(urls.owner)
    engine = build_engine(Settings(data_folder=first.folder), urls)
    ship(engine)
    unit, people = people_of(engine, jurisdiction="IN-AS", label="Demo")
    main = first.start("up")
    until(lambda: _answers(first), seconds=120)
    context, certificate = self_signed(tmp_path)
    with _tls_before(port, context) as address:
        elsewhere = {"ICMC_PREFECT_API_URL": address, "SSL_CERT_FILE": str(certificate)}
        second, third = hub.machine("second", **elsewhere), hub.machine("third", **elsewhere)
        for machine in (second, third):
            (machine.folder / "prefect").mkdir(mode=0o700)
            (machine.folder / "prefect" / "secrets.json").write_bytes(
                (first.folder / "prefect" / "secrets.json").read_bytes()
            )
        second.start("portal")
        second.start("worker")
        third.start("worker")
        until(lambda: _answers(second), seconds=120)
        until((first.folder / "prefect" / "server.json").exists, seconds=120)
        until(lambda: len(hub.rows("SELECT 1 FROM service WHERE name LIKE 'fallback:%'")) == 3, seconds=120)

        def report(count: int) -> None:
            for _ in range(count):
                open_case(engine, answers=TOLD, unit_id=unit, viewer=people["case_manager"], command_id=uuid4())

        api = PlainApi(find_server(Settings(data_folder=first.folder)))
        until(lambda: "deadlines" in api.deployments(), seconds=120)
        until(lambda: len(api.request("POST", "/work_pools/icmc/workers/filter", {})) == 3, seconds=120)
        api.pause_pool("icmc", paused=True)
        report(35)
        assert hub.jobs("ready") >= 35
        api.pause_pool("icmc", paused=False)
        until(lambda: hub.jobs("claimed") > 0)
        working = hub.rows("SELECT worker FROM job WHERE status = 'claimed' LIMIT 1")[0][0]
        os.kill(int(working.split("-")[-2]), signal.SIGKILL)
        until(lambda: hub.jobs("ready") + hub.jobs("claimed") == 0, seconds=30)
        assert hub.rows("SELECT 1 FROM job WHERE status = 'done' AND worker <> '" + working + "'")
        os.killpg(main.pid, signal.SIGKILL)
        main.wait()
        assert _answers(second)
        report(5)
        first.start("up")
        until(lambda: hub.jobs("ready") + hub.jobs("claimed") == 0, seconds=180)
        assert hub.jobs("done") == hub.rows("SELECT count(*) FROM job")[0][0]
        opened = "SELECT 1 FROM event WHERE type = 'StepOpened' GROUP BY case_id, body -> 'step' ->> 'id'"
        assert not hub.rows(f"{opened} HAVING count(*) > 1")
    engine.dispose()


def _settings(folder: Path, **more: Any) -> Settings:
    return Settings(data_folder=folder, **more)


def test_the_server_of_another_host_is_reached_by_its_address_and_the_copied_password(tmp_path: Path) -> None:
    secrets = PrefectSecrets.load_or_make(tmp_path / "prefect")
    found = find_server(_settings(tmp_path, prefect_api_url="https://prefect.example.org/"))
    assert (found.api_url, found.auth) == ("https://prefect.example.org/api", secrets.auth)
    named = find_server(_settings(tmp_path, prefect_api_url="http://127.0.0.1:4200/api", prefect_auth="icmc:word"))
    assert (named.api_url, named.auth) == ("http://127.0.0.1:4200/api", "icmc:word")


@pytest.mark.parametrize(("more", "told"), [
    ({"prefect_api_url": "http://10.0.0.7:4200/api", "prefect_auth": "icmc:word"}, "ICMC_PREFECT_TUNNEL=1"),
    ({"prefect_api_url": "prefect.example.org", "prefect_auth": "icmc:word"}, "https://prefect.example.org/api"),
    ({"prefect_api_url": "https://prefect.example.org/api"}, "secrets.json"),
])  # fmt: skip
def test_a_way_in_the_clear_and_a_server_without_a_password_are_refused(
    tmp_path: Path, more: dict[str, str], told: str
) -> None:
    with pytest.raises(SettingsError, match=told):
        find_server(_settings(tmp_path, **more))
    assert not (tmp_path / "prefect" / "secrets.json").exists()


def test_a_way_that_is_declared_as_protected_is_taken(tmp_path: Path) -> None:
    more = {"prefect_api_url": "http://prefect:4200/api", "prefect_auth": "icmc:word", "prefect_tunnel": True}
    assert find_server(_settings(tmp_path, **more)).api_url == "http://prefect:4200/api"


def test_a_worker_of_another_container_is_not_judged_by_the_process_ids_of_this_one() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert _has_ended_here(f"icmc-{this_place()}-{ended.pid}-abcdef")
    assert not _has_ended_here(f"icmc-{socket.gethostname()}.4711-{ended.pid}-abcdef")
