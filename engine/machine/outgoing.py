"""Lets a process speak to this machine and to hosts of a list, and to nobody else, whatever part of it wants to."""

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Any, Final

from engine.errors import HostRefusedError

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
