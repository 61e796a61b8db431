"""What ICMC asks of the machine: time, chance, memory, files that travel with it, drawing, whom it may speak to."""

import gc
import re
import secrets
import shutil
import socket
import subprocess
import sys
import sysconfig
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from html import escape
from ipaddress import ip_address
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar, Final, Protocol
from uuid import UUID

import engine
from engine.errors import ServiceError

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Clock(Protocol):
    """The source of the present time."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...

    def look_again(self) -> None:
        """Read again by how much the clock was moved, where it can be."""
        ...


class Entropy(Protocol):
    """The source of what must not be guessable."""

    def uuid(self) -> UUID:
        """Return a random id."""
        ...

    def token(self) -> str:
        """Return a secret of 256 bits, as text."""
        ...

    def case_number(self) -> str:
        """Return a case number that tells nothing: no place, no date, no sequence."""
        ...


@dataclass(frozen=True, slots=True)
class Uptime:
    """For how many seconds a machine has been up, sleep included: time that nobody sets.

    `boot` names the machine's start. Two of them can be compared only when they are of the same start.
    """

    boot: str
    seconds: float


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC)

    def look_again(self) -> None:
        """Do nothing: nobody else moves this clock."""


class SystemEntropy:
    """The random source of the operating system."""

    def uuid(self) -> UUID:
        """Return a random id."""
        return uuid.uuid4()

    def token(self) -> str:
        """Return a secret of 256 bits, as text."""
        return secrets.token_urlsafe(32)

    def case_number(self) -> str:
        """Return a case number of 8 letters and digits, about 10^12 of them: it tells nothing."""
        drawn = [secrets.choice(_ALPHABET) for _ in range(8)]
        return f"C-{''.join(drawn[:4])}-{''.join(drawn[4:])}"


def machine_uptime() -> Uptime:
    """Return how long this machine has been up, sleep included; where it does not tell, how long this process has."""
    boot = _boot_id()
    if boot is None:
        return Uptime(_process_id(), time.monotonic())
    return Uptime(boot, time.clock_gettime(time.CLOCK_BOOTTIME))


@cache
def _boot_id() -> str | None:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None


@cache
def _process_id() -> str:
    return f"process-{uuid.uuid4()}"


_LOOK_AGAIN_AFTER = 0.05


class DemoClock:
    """Adds the stored offset to the real time; looks the offset up again twenty times a second at most."""

    def __init__(self, real: Clock, offset: Callable[[], timedelta | None]) -> None:
        """Move `real` by what `offset` gives; None leaves it as it is, where the present one cannot be seen."""
        self._real = real
        self._read = offset
        self._offset = timedelta()
        self._looked_at = float("-inf")
        self._lock = Lock()

    def now(self) -> datetime:
        """Return the demo's present instant, aware, in UTC."""
        if time.monotonic() - self._looked_at > _LOOK_AGAIN_AFTER:
            self.look_again()
        return self._real.now() + self._offset

    def look_again(self) -> None:
        """Read the offset now."""
        with self._lock:
            read = self._read()
            self._offset = self._offset if read is None else read
            self._looked_at = time.monotonic()


_PACKAGE = Path(engine.__file__).parent


def data_folder(name: str) -> Path:
    """Return the folder `workflows` or `templates`: the repository's when run from one, else the installed one."""
    beside = _PACKAGE.parent / name
    return beside if beside.is_dir() else _PACKAGE / "_data" / name


def disk_space(folder: Path) -> tuple[int, int]:
    """Return how many bytes are free on the disk on which a folder is or will be, and how many it has."""
    used = shutil.disk_usage(next(place for place in (folder, *folder.absolute().parents) if place.exists()))
    return used.free, used.total


def shipped_sources() -> dict[str, str]:
    """Read every shipped definition file: name below `workflows/` and text, the workflows last."""
    folder = data_folder("workflows")
    files = [
        file
        for part in ("calendars", "ladders", "law", "retention", "cases")
        for file in sorted((folder / part).glob("*.yaml"))
    ]
    return {str(file.relative_to(folder.parent)): file.read_text(encoding="utf-8") for file in files}


def letters() -> frozenset[str]:
    """Name the letters and papers that there is a template for."""
    found = (data_folder("templates") / "documents").glob("[!_]*.html")
    return frozenset(file.stem for file in found)


_SECONDS = 20
_REMEDY = "Install the wheel graphviz-pure, or the package graphviz of this machine."


def dot_to_svg(dot: str, *, title: str) -> str:
    """Return one `<svg>` element with `title` as its accessible name; no script, no style sheet, no outside font.

    Raises `ServiceError` when no Graphviz is there, or when it does not answer within 20 seconds.
    """
    try:
        done = subprocess.run(  # noqa: S603 - a program of the installation, with arguments that are ours
            [_program(), "-Kdot", "-Tsvg"], input=dot.encode(), capture_output=True, timeout=_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        problem = f"the diagram could not be drawn ({type(error).__name__})."
        raise ServiceError(service="Graphviz", problem=problem, remedy=_REMEDY) from error
    return _cleaned(done.stdout.decode(), title)


def _program() -> str:
    """Find the program that the wheel graphviz-pure put beside Python's own, or else the machine's."""
    name = "graphviz-pure"
    return shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name) or "dot"


def _cleaned(svg: str, title: str) -> str:
    """Keep the element alone, so that it can stand inside a page, and give it its name."""
    element = svg[svg.index("<svg") :]
    without_comments = re.sub(r"<!--.*?-->\n?", "", element, flags=re.DOTALL)
    named = re.sub(r"<title>cluster_([a-z0-9_]+)</title>", r"<title>\1</title>", without_comments)
    return named.replace("<svg", f'<svg role="img" aria-label="{escape(title)}"', 1)


_LOOKED_UP: Final = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})
_CONNECTED: Final = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_COUNTS_FOR: Final = 60.0
"""Seconds for which a thread may connect to what it has looked up."""


class KnownHosts:
    """What a process may look up and connect to. This machine is always allowed, by its address or its socket files.

    Python asks it before each look-up and each connection (an audit hook), also those of libraries. An address in
    figures is looked up too before it is connected to, so it passes only when it is in the list itself.
    """

    def __init__(self, hosts: Iterable[str], *, ticks: Callable[[], float] = time.monotonic) -> None:
        """Allow these hosts; `ticks` gives seconds that only go forward."""
        self._hosts = frozenset(host.lower().rstrip(".") for host in hosts if host)
        self._ticks = ticks
        self._own = socket.gethostname().lower()
        self._thread = threading.local()

    def heed(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Refuse what is not allowed; raise `HostRefusedError`, which senders treat as a server that is not there."""
        if event in _LOOKED_UP:
            self._look_up(arguments[0])
        elif event in _CONNECTED:
            self._connect(arguments[1])

    def _look_up(self, host: object) -> None:
        name = _plain(host)
        if name in self._hosts:
            self._thread.until = self._ticks() + _COUNTS_FOR
        elif name != self._own and not _is_this_machine(name):
            raise HostRefusedError(name)

    def _connect(self, address: object) -> None:
        if not isinstance(address, tuple):
            return  # a socket file of this machine, or one that is connected already
        name = _plain(address[0])
        is_looked_up = self._ticks() < getattr(self._thread, "until", 0.0)
        if not (_is_this_machine(name) or name in self._hosts or is_looked_up):
            raise HostRefusedError(name)


def speak_only_to(hosts: Iterable[str]) -> None:
    """Hold this process to a list of hosts from now until its end; nothing in it can undo that."""
    sys.addaudithook(KnownHosts(hosts).heed)


def _plain(host: object) -> str:
    if isinstance(host, bytes | bytearray):
        host = host.decode("ascii", "replace")
    return str(host or "").lower().rstrip(".").partition("%")[0]


def _is_this_machine(name: str) -> bool:
    if name in {"", "localhost", "localhost.localdomain"}:
        return True
    try:
        return ip_address(name).is_loopback or ip_address(name).is_unspecified
    except ValueError:
        return False


class HostRefusedError(PermissionError):
    """Raised where a process would speak to a host that no setting names; senders take it for one that is not there."""

    REMEDY: ClassVar[str] = "Name it in ICMC_PILLAR_HOSTS if a pillar needs it, or in the setting of what sends."

    def __init__(self, host: str) -> None:
        super().__init__(f"ICMC does not let this process speak to {host}. {self.REMEDY}")


def was_refused(error: BaseException) -> bool:
    """Whether an error goes back to a host that may not be spoken to, whatever a library made of it."""
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, HostRefusedError):
        seen = seen.__cause__ or seen.__context__
    return seen is not None


_THRESHOLDS: Final = (10_000, 20, 20)


def look_for_garbage_rarely() -> None:
    """Leave out what is loaded by now, which is never garbage, and look after so many more objects than Python does.

    Hardly anything that a request, a job or a test makes is garbage in a circle, and each look at all of hundreds of
    thousands of objects takes half a second: looking took up to two thirds of the processor's time.
    """
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
