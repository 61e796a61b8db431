"""A line to Prefect's server that holds each call up for a while, and remembers what was asked."""

import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Final

from engine.orchestration.settings import PrefectAddress

_REQUEST: Final = re.compile(rb"(GET|POST|PATCH|PUT|DELETE) /api(/\S*) HTTP/1\.1\r\n")
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CHUNK: Final = 65536


@dataclass
class SlowLine:
    """Passes on what comes in at a port of its own; each request waits `seconds` first, also several at once."""

    server: PrefectAddress
    seconds: float = 0.0
    asked: list[str] = field(default_factory=list)
    _listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)), repr=False)

    @property
    def address(self) -> PrefectAddress:
        """The server's address by way of this line."""
        return replace(self.server, api_url=f"http://127.0.0.1:{self._listener.getsockname()[1]}/api")

    def calls(self, *but: str) -> Counter[str]:
        """Count the calls so far by method and path, ids left out, without those that contain one of `but`."""
        return Counter(call for call in self.asked if not any(part in call for part in but))

    def serve(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(caller,), daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _pass_on(self, caller: socket.socket) -> None:
        host, _, port = self.server.origin.removeprefix("http://").partition(":")
        try:
            server = socket.create_connection((host, int(port)), timeout=600)
        except OSError:
            caller.close()
            return
        threading.Thread(target=self._copy, args=(server, caller), daemon=True).start()
        self._copy(caller, server, is_asking=True)

    def _copy(self, source: socket.socket, target: socket.socket, *, is_asking: bool = False) -> None:
        with suppress(OSError):
            while some := source.recv(_CHUNK):
                if is_asking and (request := _REQUEST.match(some)):
                    path = _ID.sub("ID", request[2].decode().partition("?")[0])
                    self.asked.append(f"{request[1].decode()} {path}")
                    time.sleep(self.seconds)
                target.sendall(some)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@contextmanager
def slow_line(server: PrefectAddress, *, seconds: float = 0.0) -> Iterator[SlowLine]:
    """Return a line to a server for as long as a test needs it."""
    line = SlowLine(server, seconds)
    threading.Thread(target=line.serve, daemon=True).start()
    try:
        yield line
    finally:
        line.close()
