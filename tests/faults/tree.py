"""The process tree of `icmc up`, of which a test kills parts, and people who go on working meanwhile."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import httpx

from engine.cases.housekeeping import HousekeepingStore
from engine.rehearsal.demo import FILLED
from tests.kit.installation import Installation, until
from tests.kit.portal import REPORT, hidden

WORKER: Final = "engine.orchestration.service"
SERVER: Final = "engine.orchestration.server_main"
_REST_OF_THE_FORM: Final = {
    "a-language": "as", "a-channel": "walk_in", "a-informant_relation": "neighbour", "a-informant_anonymous": "yes",
    "a-interpreter_needed": "no", "a-received_at": "2026-03-07T18:30",
}  # fmt: skip
_PAUSE: Final = 0.2
_BETWEEN_CASES: Final = 1.5


@dataclass
class Tree:
    """`icmc up` and its children, started again after every kill."""

    site: Installation
    port: int = field(init=False)
    up: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        """Choose a port, and start without the cases of the demo: they live now, and the clock is moved."""
        with self.site.engine.transaction() as tx:
            tx.of(HousekeepingStore).set_installation(FILLED, {})
            tx.commit()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = "from engine.cli.main import main; main()"
        with (self.site.logs / "up.log").open("ab") as log:
            self.up = subprocess.Popen(
                [sys.executable, "-c", command, "up", "--demo", "--port", str(self.port)], env=self.site.environment,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        until(self._answers, seconds=90)

    def pid(self, module: str) -> int | None:
        return next((pid for pid in _children(self.up.pid) if module in _command(pid)), None)

    def kill(self, what: str) -> None:
        """Kill a part at once; what `up` does not start again itself is started again here."""
        if what in {WORKER, SERVER}:
            until(lambda: self.pid(what) is not None, seconds=90)
            pid = self.pid(what)
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            until(lambda: self.pid(what) not in {None, pid}, seconds=150)
            return
        victims = [self.up.pid] if what == "portal" else [self.up.pid, *_children(self.up.pid), self._postmaster()]
        for pid in victims:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.up.wait()
        self.start()

    def stop(self) -> None:
        self.up.send_signal(signal.SIGINT)
        try:
            self.up.wait(60)
        except subprocess.TimeoutExpired:
            self.up.kill()
            self.up.wait()

    def _answers(self) -> bool:
        assert self.up.poll() is None, (self.site.logs / "up.log").read_text()
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self.origin}/sign-in", timeout=5).status_code == httpx.codes.OK
        return False

    def _postmaster(self) -> int:
        [file] = (self.site.folder / "postgresql").rglob("postmaster.pid")
        return int(file.read_text().split()[0])


@dataclass
class Person(threading.Thread):
    """Somebody who reports cases and completes their first item, and asks again until each is acknowledged."""

    origin: str
    actor_id: UUID
    stop: threading.Event
    reports: dict[str, str] = field(default_factory=dict)
    """The addresses of the cases, by the command that opened each."""
    completed: dict[str, str] = field(default_factory=dict)
    """The commands that were acknowledged, by the item that each completed."""
    tries: int = 0

    def __post_init__(self) -> None:
        """Take a browser."""
        super().__init__(daemon=True)
        self._client = httpx.Client(base_url=self.origin, timeout=20, follow_redirects=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        while not self.stop.is_set():
            self._one_case()
            self.stop.wait(_BETWEEN_CASES)

    def _one_case(self) -> None:
        command = str(uuid4())
        saved = self._post("/report", REPORT | {"command_id": command})
        page, item = _link(saved.text, "cases"), _link(saved.text, "items")
        self.reports[command] = page
        form = self._get(item).text
        keys = {name: hidden(form, name) for name in ("command_id", "revision")}
        done = self._post(item, REPORT | _REST_OF_THE_FORM | keys | {"action": "complete"})
        assert done.url.path.endswith("/done"), done.text
        self.completed[item.removeprefix("/items/")] = keys["command_id"]

    def _post(self, path: str, data: dict[str, str]) -> httpx.Response:
        return self._ask("POST", path, data)

    def _get(self, path: str) -> httpx.Response:
        return self._ask("GET", path, None)

    def _ask(self, method: str, path: str, data: dict[str, str] | None) -> httpx.Response:
        """Ask again, with the same command, until there is an answer that is not a failure of the system."""
        while True:
            self.tries += 1
            with suppress(httpx.HTTPError):
                answer = self._client.request(method, path, data=data)
                if answer.url.path == "/sign-in":
                    self._client.post("/become", data={"actor_id": str(self.actor_id)})
                elif answer.is_success:
                    return answer
                else:
                    assert answer.is_server_error, answer.text
            threading.Event().wait(_PAUSE)


def _link(page: str, kind: str) -> str:
    found = re.search(rf'href="(/{kind}/[0-9a-f-]+)"', page)
    assert found, page
    return found.group(1)


def _children(pid: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError):
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(folder.name))
    return found


def _command(pid: int) -> str:
    with suppress(OSError):
        return (Path("/proc") / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""
