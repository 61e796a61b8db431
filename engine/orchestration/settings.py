"""The environment under which Prefect must be imported, and child processes that are started in it."""

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NoReturn, Self
from urllib.parse import urlsplit

from cryptography.fernet import Fernet

from engine.errors import SettingsError
from engine.settings import Settings

CALL_LIMIT_SECONDS: Final = 5.0
"""How long a call to Prefect may take where its answers are quick: a stopped server answers nothing for minutes."""
LONGEST_CALL_SECONDS: Final = 20.0
"""No call may take longer, however slow the answers were."""
OPEN_BATCHES: Final = 8
"""So many flow runs of cases are asked for at once."""

_ALWAYS: Final[Mapping[str, str]] = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_LOGGING_LOG_PRINTS": "false",
    "PREFECT_LOGGING_LEVEL": "ERROR",
    "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    "PREFECT_RESULTS_PERSIST_BY_DEFAULT": "false",
    "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
    "PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED": "true",
    "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "true",
    "PREFECT_API_REQUEST_TIMEOUT": str(LONGEST_CALL_SECONDS),
    "PREFECT_WORKER_HEARTBEAT_SECONDS": "30",
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
    "PREFECT_CLI_PROMPT": "false",
    # A lost flow run is found by its worker's end, sooner than by heartbeats of its own.
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "3600",
}
_SERVER_ONLY: Final[Mapping[str, str]] = {
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": "604800",
    "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "P1D",
    # It only calls a run late that waits; nothing of ours goes by that word.
    "PREFECT_SERVER_SERVICES_LATE_RUNS_LOOP_SECONDS": "60",
    # No flow run of ours is ever paused.
    "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_ENABLED": "false",
    # The worker itself ends what is cancelled, and marks as crashed what its own end left behind.
    "PREFECT_SERVER_SERVICES_CANCELLATION_CLEANUP_LOOP_SECONDS": "300",
    # Serves workers that start containers elsewhere and clean up after them.
    "PREFECT_SERVER_SERVICES_CLEANUP_RECONCILER_LOOP_SECONDS": "300",
    # A worker is called offline that was not heard of for a minute and a half; nobody waits for that word.
    "PREFECT_SERVER_SERVICES_FOREMAN_LOOP_SECONDS": "60",
    # A place at a way out that a killed worker held is free again when its lease is over, and this has seen it.
    "PREFECT_SERVER_SERVICES_REPOSSESSOR_LOOP_SECONDS": "60",
    # Schedules are looked at each minute; a deployment that has just been registered waits no longer than that.
    "PREFECT_SERVER_SERVICES_SCHEDULER_RECENT_DEPLOYMENTS_LOOP_SECONDS": "30",
    # How exact an admin's own automation is that waits for something not to happen.
    "PREFECT_SERVER_EVENTS_PROACTIVE_GRANULARITY": "PT1M",
    # How soon it is noticed that the line on which changes of automations are announced is gone.
    "PREFECT_SERVER_SERVICES_TRIGGERS_PG_NOTIFY_HEARTBEAT_INTERVAL_SECONDS": "60",
}


@dataclass(frozen=True)
class PrefectSecrets:
    """The password of Prefect's API and the key of its secrets."""

    auth: str = field(repr=False)
    encryption_key: str = field(repr=False)

    @classmethod
    def load_or_make(cls, folder: Path) -> Self:
        """Read the secrets from `folder`, or draw new ones there, readable by this user only."""
        path = make_private(folder) / "secrets.json"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return cls._read(path)
        made = cls(auth=f"icmc:{secrets.token_urlsafe(32)}", encryption_key=Fernet.generate_key().decode())
        with os.fdopen(descriptor, "w") as file:
            json.dump({"auth": made.auth, "encryption_key": made.encryption_key}, file)
        return made

    @classmethod
    def _read(cls, path: Path) -> Self:
        try:
            stored = json.loads(path.read_text())
            return cls(auth=stored["auth"], encryption_key=stored["encryption_key"])
        except (ValueError, KeyError) as error:
            raise SettingsError(
                problem="The file with Prefect's secrets cannot be read.",
                remedy=f"Delete {path} while ICMC is stopped: a new one is made, and nothing is lost.",
            ) from error


@dataclass(frozen=True)
class PrefectAddress:
    """Where Prefect's API is, and what its callers need; `home` is Prefect's own folder on this machine."""

    home: Path
    api_url: str
    auth: str = field(repr=False)

    @classmethod
    def on_loopback(cls, home: Path, port: int, auth: str) -> Self:
        """Return the address of a server on this machine."""
        return cls(home=home, api_url=f"http://127.0.0.1:{port}/api", auth=auth)

    @classmethod
    def elsewhere(cls, settings: Settings) -> Self | None:
        """Return the address of the server that the settings name; None where they name none.

        Raise `SettingsError` for one that would be spoken to in the clear, or without a password.
        """
        if not settings.prefect_api_url:
            return None
        home = settings.data_folder / "prefect"
        parts = urlsplit(settings.prefect_api_url)
        is_here = parts.hostname in {"127.0.0.1", "::1", "localhost"}
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise SettingsError(
                problem="ICMC_PREFECT_API_URL is not the address of a Prefect server.",
                remedy="Write it like https://prefect.example.org/api.",
            )
        if parts.scheme == "http" and not (is_here or settings.prefect_tunnel):
            raise SettingsError(
                problem="ICMC_PREFECT_API_URL begins with http, so everybody on the way could read Prefect's password.",
                remedy="Use https, or the end of a tunnel on this machine (http://127.0.0.1:PORT/api). If the whole way"
                " is protected, as in WireGuard or between containers, say so: ICMC_PREFECT_TUNNEL=1.",
            )
        if settings.prefect_auth is None and not (home / "secrets.json").exists():
            raise SettingsError(
                problem="ICMC_PREFECT_API_URL is set, and there is no password for it.",
                remedy=f"Copy secrets.json from the folder prefect of the host with the server to {home} (mode 0600),"
                " or set ICMC_PREFECT_AUTH to NAME:PASSWORD.",
            )
        secret = settings.prefect_auth
        auth = secret.get_secret_value() if secret else PrefectSecrets.load_or_make(home).auth
        return cls(home=home, api_url=f"{settings.prefect_api_url.rstrip('/').removesuffix('/api')}/api", auth=auth)

    @property
    def origin(self) -> str:
        """Return the scheme, host and port."""
        return self.api_url.removesuffix("/api")


def client_environment(address: PrefectAddress) -> dict[str, str]:
    """Return the settings of a process that calls Prefect."""
    return {
        **_ALWAYS,
        "PREFECT_HOME": str(address.home),
        "PREFECT_PROFILES_PATH": str(address.home / "profiles.toml"),
        "PREFECT_API_URL": address.api_url,
        "PREFECT_API_AUTH_STRING": address.auth,
        "PREFECT_SERVER_API_AUTH_STRING": address.auth,
    }


def server_environment(
    address: PrefectAddress, *, database_url: str, encryption_key: str, with_ui: bool
) -> dict[str, str]:
    """Return the settings of Prefect's server; `database_url` names the driver asyncpg."""
    host, _, port = address.origin.removeprefix("http://").partition(":")
    return {
        **client_environment(address),
        **_SERVER_ONLY,
        "PREFECT_SERVER_API_HOST": host,
        "PREFECT_SERVER_API_PORT": port,
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": address.origin,
        "PREFECT_SERVER_UI_ENABLED": str(with_ui).lower(),
        "PREFECT_UI_ENABLED": str(with_ui).lower(),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": database_url,
        "PREFECT_SERVER_ENCRYPTION_KEY": encryption_key,
    }


def process_environment(prefect: Mapping[str, str], base: Mapping[str, str]) -> dict[str, str]:
    """Return `base` with no other settings of Prefect than these: a stray variable must not undo one."""
    return {name: value for name, value in base.items() if not name.startswith("PREFECT_")} | dict(prefect)


def make_private(folder: Path) -> Path:
    """Make a folder that only this user can enter, and return it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    return folder


STOP_SECONDS: Final = 20.0
ENDS_WITH_PARENT: Final = "--ends-with-parent"
_COMMAND: Final = (sys.executable, "-m", "engine.orchestration.service")


@dataclass
class WorkerChild:
    """A worker as a child process; it stops when this process ends, in whatever way."""

    _process: subprocess.Popen[bytes] = field(repr=False)

    @property
    def pid(self) -> int:
        """Return its process id."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Tell whether it has ended, of itself or not."""
        return self._process.poll() is not None

    def stop(self) -> int:
        """Let it finish what it does, for some seconds, and return its exit status."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait(STOP_SECONDS)
        finally:
            if self._process.stdin is not None:
                self._process.stdin.close()


def start_worker(address: PrefectAddress, *, environment: Mapping[str, str] | None = None) -> WorkerChild:
    """Start a worker of this installation; `environment` is that of this process unless given."""
    make_private(address.home)
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [*_COMMAND, ENDS_WITH_PARENT],
        env=_environment(address, os.environ if environment is None else environment),
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    return WorkerChild(process)


def become_worker(address: PrefectAddress) -> NoReturn:
    """Replace this process by a worker: what `icmc worker` does."""
    make_private(address.home)
    os.execve(_COMMAND[0], _COMMAND, _environment(address, os.environ))  # noqa: S606 - our own interpreter


def _environment(address: PrefectAddress, base: Mapping[str, str]) -> dict[str, str]:
    return process_environment(client_environment(address), base)


def end_with_parent(*, last_resort_seconds: float) -> None:
    """Send this process SIGTERM when the parent's end of standard input closes, and end it for good a while later."""
    threading.Thread(target=_watch, args=(last_resort_seconds,), name="icmc-parent-watch", daemon=True).start()


def _watch(last_resort_seconds: float) -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(last_resort_seconds)
    os._exit(1)
