"""Start, share and stop the PostgreSQL server that ICMC brings along."""

import os
import shutil
import socket
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psycopg

from engine.db.embedded.cluster import (
    SUPERUSER,
    Cluster,
    find_or_make_cluster,
    read_postmaster,
    retire_stale_file,
    wait_a_moment,
)
from engine.db.embedded.folder import (
    PasswordFile,
    Share,
    make_socket_folder,
    one_at_a_time,
    require_private,
    write_private,
)
from engine.errors import ServiceError

_START_ATTEMPTS: Final = 25
_ANSWER_ATTEMPTS: Final = 600
_START_LOG: Final = "start.log"


@dataclass(frozen=True)
class _Address:
    socket_folder: Path
    port: int


@dataclass(frozen=True)
class EmbeddedServer:
    """A running server, and this user's share of it."""

    data_folder: Path
    socket_folder: Path
    port: int
    cluster: Cluster = field(repr=False)
    passwords: PasswordFile = field(repr=False)
    share: Share = field(repr=False)

    def url(self, database: str, role: str = SUPERUSER) -> str:
        """Return the SQLAlchemy address of a database over the Unix socket, with the role's password in it."""
        credentials = f"{role}:{quote(self.passwords.get(role), safe='')}"
        return f"postgresql+psycopg://{credentials}@/{database}?host={quote(str(self.socket_folder))}&port={self.port}"

    def tcp_url(self, database: str, role: str, *, driver: str) -> str:
        """Return the SQLAlchemy address of a database over 127.0.0.1, with the role's password in it."""
        credentials = f"{role}:{quote(self.passwords.get(role), safe='')}"
        return f"postgresql+{driver}://{credentials}@127.0.0.1:{self.port}/{database}"


def start_embedded(data_folder: Path, *, durable: bool = True) -> EmbeddedServer:
    """Start the server of a data folder, made when missing, or join the one that runs there already.

    `durable=False` is for tests: data then survive the end of any process, but not a loss of power.

    Raises SettingsError when the folder cannot be used, ServiceError when the server does not start or answer.
    """
    data_folder = _make_folder(data_folder)
    passwords = PasswordFile(data_folder / "passwords.json")
    with one_at_a_time(data_folder / "start.lock"), ExitStack() as undo:
        cluster = find_or_make_cluster(data_folder, passwords, durable=durable)
        share = Share.take(data_folder / "users.lock")
        undo.callback(share.leave)
        address = _join_or_start(cluster, passwords, durable=durable)
        undo.pop_all()
    return EmbeddedServer(data_folder, address.socket_folder, address.port, cluster, passwords, share)


def stop_embedded(server: EmbeddedServer) -> bool:
    """Give up this user's share of the server; stop it when nobody else has one, and say whether it was stopped."""
    with one_at_a_time(server.data_folder / "start.lock"):
        if not server.share.leave() or not _running(server.cluster, server.passwords):
            return False
        status, output = server.cluster.run("pg_ctl", "stop", "--mode=fast", "--wait", "--timeout=120", "--silent")
        if status != 0:
            raise ServiceError(service="PostgreSQL", problem=f"it did not stop: {output.strip()}", remedy="")
        shutil.rmtree(server.socket_folder, ignore_errors=True)
    return True


def _running(cluster: Cluster, passwords: PasswordFile) -> _Address | None:
    """Return where this cluster's server answers; wait for one that is still starting or recovering."""
    for _ in range(_ANSWER_ATTEMPTS):
        postmaster = read_postmaster(cluster.folder)
        if postmaster is None:
            return None
        if postmaster.socket_folder is not None and postmaster.socket_folder.exists():
            require_private(postmaster.socket_folder, cluster.account)
            address = _Address(postmaster.socket_folder, postmaster.port)
            if _answers(address, cluster, passwords):
                return address
        if not postmaster.is_alive():
            return None
        wait_a_moment()
    raise ServiceError(
        service="PostgreSQL",
        problem=f"the server of {cluster.folder} is there but does not answer.",
        remedy=f"Look at {cluster.folder / 'log'}; if it hangs, end its process and start again.",
    )


def _answers(address: _Address, cluster: Cluster, passwords: PasswordFile) -> bool:
    try:
        with psycopg.connect(
            host=str(address.socket_folder),
            port=address.port,
            dbname="postgres",
            user=SUPERUSER,
            password=passwords.get(SUPERUSER),
            connect_timeout=5,
        ) as connection:
            answer = connection.execute("SELECT current_setting('data_directory')").fetchone()
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            raise ServiceError(
                service="PostgreSQL",
                problem=f"the password in {passwords.path} is not the one of {cluster.folder}.",
                remedy="Put the file back from a backup.",
            ) from error
        return False
    return answer is not None and Path(answer[0]) == cluster.folder


def _join_or_start(cluster: Cluster, passwords: PasswordFile, *, durable: bool) -> _Address:
    """Return where the server answers, started if it does not run.

    A port taken meanwhile and the last helpers of a killed server are worth another attempt; the server that a killed
    process was starting is as good as ours.
    """
    remembered = cluster.folder.with_name("port")
    log = cluster.folder / _START_LOG
    for _ in range(_START_ATTEMPTS):
        if running := _running(cluster, passwords):
            return running
        port = _free_port(remembered)
        socket_folder = make_socket_folder(cluster.folder.parent, cluster.account)
        _empty(socket_folder)
        cluster.configure(port=port, socket_folder=socket_folder, durable=durable)
        retire_stale_file(cluster.folder, cluster.account)
        log.unlink(missing_ok=True)
        cluster.run("pg_ctl", "start", "--wait", "--timeout=600", "--silent", f"--log={_START_LOG}")
        if running := _running(cluster, passwords):
            write_private(remembered, str(running.port))
            return running
        wait_a_moment()
    raise ServiceError(
        service="PostgreSQL",
        problem=f"it did not start: {_last_line(log)}",
        remedy=f"The whole story is in {log} and {cluster.folder / 'log'}.",
    )


def _free_port(remembered: Path) -> int:
    """Return the port of the last time when it is free, else any free one."""
    text = remembered.read_text("utf-8", errors="replace") if remembered.exists() else ""
    last = int(text) if text.isdecimal() else 0
    for wanted in (last, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", wanted))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ServiceError(service="PostgreSQL", problem="no port of 127.0.0.1 is free.", remedy="Close other programs.")


def _make_folder(data_folder: Path) -> Path:
    missing = [folder for folder in (data_folder, *data_folder.parents) if not folder.exists()]
    data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if os.geteuid() == 0:
        for folder in missing:
            folder.chmod(0o711)
    return data_folder.resolve()


def _empty(folder: Path) -> None:
    for left_over in folder.iterdir():
        left_over.unlink()


def _last_line(log: Path) -> str:
    lines = log.read_text("utf-8", errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1] if lines else "it said nothing."
