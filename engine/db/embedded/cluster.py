"""A cluster of PostgreSQL, and the server process that runs it."""

import os
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.db.embedded.accounts import Account, require_entry, run_as, server_account
from engine.db.embedded.databases import major_version, server_programs
from engine.db.embedded.folder import PasswordFile, sync_path, write_private
from engine.errors import ServiceError

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
        """Return whether the process is a PostgreSQL server of this cluster, and not another with the same number."""
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


SUPERUSER: Final = "icmc_super"
_CONFIGURATION: Final = "icmc.conf"
_UNFINISHED: Final = "cluster.new."
"""Each attempt has its own name: the initdb of one that was killed may still be writing."""
_SETTINGS: Final = """\
# Written by ICMC at every start: changes here are lost.
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{socket_folder}'
unix_socket_permissions = 0700
password_encryption = 'scram-sha-256'
max_connections = 120
shared_buffers = 128MB
jit = off
random_page_cost = 1.1
fsync = {durable}
full_page_writes = {durable}
synchronous_commit = on
timezone = 'UTC'
# The log never holds data: no statements, no parameters, no errors of statements, no details.
log_timezone = 'UTC'
log_statement = 'none'
log_min_duration_statement = -1
log_min_messages = 'log'
log_min_error_statement = 'panic'
log_error_verbosity = 'terse'
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
# A file for each day of the week, each written anew after a week.
logging_collector = on
log_directory = 'log'
log_filename = 'postgresql-%a.log'
log_file_mode = 0600
log_rotation_age = 1d
log_rotation_size = 0
log_truncate_on_rotation = on
"""


@dataclass(frozen=True)
class Cluster:
    """A complete cluster: its folder, the programs that serve it and the system user who runs them."""

    folder: Path
    account: Account
    programs: Path

    def run(self, program: str, *arguments: str) -> tuple[int, str]:
        """Run a server program in the cluster's folder; return its exit status and what it wrote."""
        return run_as(self.account, [self.programs / program, *arguments], folder=self.folder, PGDATA=str(self.folder))

    def configure(self, *, port: int, socket_folder: Path, durable: bool) -> None:
        """Write the settings that ICMC decides."""
        path = str(socket_folder).replace("'", "''")
        text = _SETTINGS.format(port=port, socket_folder=path, durable="on" if durable else "off")
        _write_as(self.account, self.folder / _CONFIGURATION, text)


def find_or_make_cluster(data_folder: Path, passwords: PasswordFile, *, durable: bool) -> Cluster:
    """Return the cluster in `data_folder`, made when there is none. The caller holds the folder's lock.

    A cluster is made under another name and renamed when it is complete: one that was cut short is made again, and a
    complete one is never touched.

    Raises ServiceError when a cluster is there but damaged, of another version of PostgreSQL, or another user's.
    """
    folder = data_folder / "cluster"
    account = server_account(folder)
    if account.is_another:
        data_folder.chmod(data_folder.stat().st_mode & 0o777 | 0o011)
    require_entry(data_folder, account)
    cluster = Cluster(folder, account, server_programs(account, copy_into=data_folder))
    if not folder.exists():
        _make(cluster, passwords.get_or_make(SUPERUSER), durable=durable)
    _require_same_version(cluster)
    return cluster


def _make(cluster: Cluster, password: str, *, durable: bool) -> None:
    for cut_short in cluster.folder.parent.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(cut_short, ignore_errors=True)
    unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=cluster.folder.parent))
    os.chown(unfinished, cluster.account.uid, cluster.account.gid)
    password_file = cluster.folder.with_name("initdb.password")
    _write_as(cluster.account, password_file, password)
    try:
        _initialise(cluster, unfinished, password_file, durable=durable)
    finally:
        password_file.unlink(missing_ok=True)
    with (unfinished / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(f"include '{_CONFIGURATION}'\n")
        os.fsync(file.fileno())
    unfinished.rename(cluster.folder)
    sync_path(cluster.folder.parent)


def _initialise(cluster: Cluster, folder: Path, password_file: Path, *, durable: bool) -> None:
    command: list[str | Path] = [
        cluster.programs / "initdb",
        f"--pgdata={folder}",
        f"--username={SUPERUSER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--data-checksums",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-instructions",
    ]
    command += [] if durable else ["--no-sync"]
    status, output = run_as(cluster.account, command, folder=folder)
    if status != 0:
        raise ServiceError(
            service="PostgreSQL",
            problem=f"initdb could not make the database in {folder}: {output.strip().splitlines()[-1:]}",
            remedy="Look at free space and permissions there, then start again.",
        )


def _require_same_version(cluster: Cluster) -> None:
    try:
        found = int((cluster.folder / "PG_VERSION").read_text("ascii"))
    except (OSError, ValueError) as error:
        raise ServiceError(
            service="PostgreSQL",
            problem=f"{cluster.folder} is there, but it is not a whole database.",
            remedy="Move it aside and restore a backup. It is never replaced by itself.",
        ) from error
    installed = major_version(cluster.programs)
    if found != installed:
        raise ServiceError(
            service="PostgreSQL",
            problem=f"{cluster.folder} was made by PostgreSQL {found}, and {installed} is installed.",
            remedy="Make a backup with the ICMC release that used it, then restore it into a new data folder.",
        )


def _write_as(account: Account, path: Path, text: str) -> None:
    if account.is_another:
        write_private(path, text, owner=account.uid, group=account.gid)
    else:
        write_private(path, text)
