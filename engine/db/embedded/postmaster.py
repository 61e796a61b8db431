"""Read what a PostgreSQL server says of itself in its lock file, and doubt it."""

import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.db.embedded.accounts import Account
from engine.db.embedded.files import write_private

_NAME: Final = "postmaster.pid"
_NOBODY: Final = 2**31 - 2
"""A process number that no system gives out."""
_LINES: Final = 5
_PROCESSES: Final = Path("/proc")


@dataclass(frozen=True)
class Postmaster:
    """The server that a lock file names: maybe alive, maybe long gone."""

    pid: int
    cluster: Path
    port: int
    socket_folder: Path | None
    """None while the server has only begun to start."""

    def is_alive(self) -> bool:
        """Say whether the process is a PostgreSQL server of this cluster, and not another with the same number."""
        return _working_folder(self.pid) == self.cluster


def read_postmaster(cluster: Path) -> Postmaster | None:
    """Return the server that the lock file names, or None when there is no such file or it names none."""
    try:
        lines = (cluster / _NAME).read_text("utf-8").splitlines()
        if len(lines) < _LINES or not lines[4]:
            return Postmaster(int(lines[0]), cluster, port=0, socket_folder=None)
        return Postmaster(int(lines[0]), cluster, int(lines[3]), Path(lines[4]))
    except (OSError, ValueError, IndexError):
        return None


def retire_stale_file(cluster: Path, account: Account) -> None:
    """Make the lock file of a dead server name no process; leave that of a living one.

    The system may have given its number to another program, and PostgreSQL would then refuse to start. The file is kept
    and not deleted: by its other lines PostgreSQL sees whether helpers of the dead server still hold its memory.
    """
    path = cluster / _NAME
    postmaster = read_postmaster(cluster)
    if postmaster is None or postmaster.is_alive():
        return
    lines = path.read_text("utf-8", errors="replace").splitlines()[1:]
    owner, group = (account.uid, account.gid) if account.is_another else (-1, -1)
    write_private(path, "\n".join([str(_NOBODY), *lines]) + "\n", owner=owner, group=group)


def wait_a_moment() -> None:
    """Let a tenth of a second pass."""
    threading.Event().wait(0.1)


def _working_folder(pid: int) -> Path | None:
    """Return where a process works, or None when it is not there or is another user's. PostgreSQL works in its cluster.

    Linux tells in /proc, other systems through `lsof`.
    """
    try:
        if _PROCESSES.is_dir():
            return (_PROCESSES / str(pid) / "cwd").readlink()
        shown = subprocess.run(
            ["/usr/sbin/lsof", "-a", "-p", str(pid), "-d", "cwd", "-Fn"],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    return next((Path(line[1:]) for line in shown.splitlines() if line.startswith("n")), None)
