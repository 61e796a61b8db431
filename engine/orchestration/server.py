"""Run Prefect's server as a child process of this one."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from engine.errors import ServiceError
from engine.orchestration.health import is_ready
from engine.orchestration.settings import (
    PrefectAddress,
    PrefectSecrets,
    make_private,
    process_environment,
    server_environment,
)
from engine.settings import Settings

START_SECONDS: Final = 90.0
STOP_SECONDS: Final = 10.0
_PORTS_TO_TRY: Final = 3


@dataclass
class PrefectServer:
    """A Prefect server of our own: on loopback, in a process group of its own, ending with this process.

    Takes a free port unless `port` is given. The child watches its standard input; when this process ends in whatever
    way, the pipe closes and the child stops.
    """

    home: Path
    database_url: str = field(repr=False)
    with_ui: bool = True
    port: int = 0
    address: PrefectAddress = field(init=False)
    _secrets: PrefectSecrets = field(init=False, repr=False)
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)
    _is_wanted: bool = field(default=False, init=False, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, init=False, repr=False)

    def __post_init__(self) -> None:
        """Read the secrets and choose a port."""
        self._secrets = PrefectSecrets.load_or_make(self.home)
        self.address = self._choose_address()

    @property
    def log(self) -> Path:
        """Return the file with the server's own log."""
        return self.home / "server.log"

    @property
    def pid(self) -> int | None:
        """Return the child's process id, or None when it does not run."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    def start(self) -> PrefectAddress:
        """Start the server and wait until it answers; raise ServiceError when it does not."""
        with self._lock:
            self._is_wanted = True
            for attempt in range(_PORTS_TO_TRY):
                self._spawn()
                if self._wait_until_ready():
                    write_address(self.address)
                    return self.address
                self._end_child()
                if attempt < _PORTS_TO_TRY - 1 and not self._port_was_taken():
                    break
                self.address = self._choose_address()
        raise ServiceError(
            service="Prefect",
            problem=f"its server did not answer within {START_SECONDS:.0f} seconds.",
            remedy=f"Its own log says why: {self.log}. People can go on working; automatic work waits.",
        )

    def restart_if_ended(self) -> bool:
        """Start the server again, on the same port, if its process has ended or never came up; tell whether so."""
        with self._lock:
            if not self._is_wanted or self.pid is not None:
                return False
            self._spawn()
            write_address(self.address)
            return True

    def stop(self) -> None:
        """Stop the server and wait for its end."""
        with self._lock:
            self._is_wanted = False
            self._end_child()

    def _end_child(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        if child.stdin is not None:
            with suppress(OSError):
                child.stdin.close()
        _signal_group(child, signal.SIGTERM)
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            _signal_group(child, signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):
                child.wait(STOP_SECONDS)

    def _choose_address(self) -> PrefectAddress:
        return PrefectAddress.on_loopback(self.home, self.port or _free_port(), self._secrets.auth)

    def _spawn(self) -> None:
        make_private(self.home)
        settings = server_environment(
            self.address,
            database_url=self.database_url,
            encryption_key=self._secrets.encryption_key,
            with_ui=self.with_ui,
        )
        descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "ab") as log:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "engine.orchestration.server_main"],
                env=process_environment(settings, os.environ),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _wait_until_ready(self) -> bool:
        deadline = time.monotonic() + START_SECONDS
        waiting = threading.Event()
        while time.monotonic() < deadline and self.pid is not None:
            if is_ready(self.address):
                return True
            waiting.wait(0.1)
        return False

    def _port_was_taken(self) -> bool:
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 2000))
            return b"address already in use" in log.read().lower()


def write_address(address: PrefectAddress) -> None:
    """Tell other processes of this installation where the server is."""
    draft = address.home / f"server.json.{os.getpid()}"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump({"api_url": address.api_url}, file)
    draft.replace(address.home / "server.json")


def find_server(settings: Settings) -> PrefectAddress:
    """Return the server that the settings name, else the one that a process on this machine started.

    Raise `SettingsError`, `ServiceError`.
    """
    return PrefectAddress.elsewhere(settings) or read_address(settings.data_folder / "prefect")


def read_address(home: Path) -> PrefectAddress:
    """Find the server that another process of this installation started; raise ServiceError when there is none."""
    try:
        api_url = json.loads((home / "server.json").read_text())["api_url"]
    except (OSError, ValueError, KeyError) as error:
        raise ServiceError(
            service="Prefect",
            problem="no server has been started in this data folder.",
            remedy="Start everything with `icmc up`, or name the address of another host's server in"
            " ICMC_PREFECT_API_URL.",
        ) from error
    return PrefectAddress(home=home, api_url=api_url, auth=PrefectSecrets.load_or_make(home).auth)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _signal_group(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, number)
