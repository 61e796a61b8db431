"""Child processes and how they end; imports no Prefect, which needs their environment to be imported under."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NoReturn

from engine.orchestration.settings import PrefectAddress, client_environment, make_private, process_environment

STOP_SECONDS: Final = 20.0
ENDS_WITH_PARENT: Final = "--ends-with-parent"
_COMMAND: Final = (sys.executable, "-m", "engine.orchestration.worker_main")


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
