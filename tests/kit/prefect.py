"""Lines to Prefect's API: plain HTTP as an admin's script would, and one that holds each call up."""

import base64
import json
import re
import socket
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.request import Request, urlopen

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


@dataclass(frozen=True)
class PlainApi:
    """Requests with the password and a token against forged requests."""

    address: PrefectAddress

    def request(self, method: str, path: str, body: object = None) -> Any:
        client = str(uuid.uuid4())
        headers = {} if method == "GET" else {"Prefect-Csrf-Client": client, "Prefect-Csrf-Token": self._token(client)}
        return self._send(method, path, body, headers)

    def _token(self, client: str) -> str:
        return str(self._send("GET", f"/csrf-token?client={client}", None, {})["token"])

    def _send(self, method: str, path: str, body: object, headers: dict[str, str]) -> Any:
        request = Request(self.address.api_url + path, method=method, headers=headers)  # noqa: S310 - on loopback
        request.add_header("Authorization", "Basic " + base64.b64encode(self.address.auth.encode()).decode())
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        with urlopen(request, timeout=20) as response:  # noqa: S310 - on loopback
            text = response.read()
        return json.loads(text) if text else None

    def flow_runs(self, *, tag: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.request(
            "POST", "/flow_runs/filter", {"flow_runs": {"tags": {"all_": [tag]}}}
        )
        return found

    def flow_run(self, run_id: object) -> dict[str, Any]:
        found: dict[str, Any] = self.request("GET", f"/flow_runs/{run_id}")
        return found

    def task_runs(self, run_id: object) -> list[dict[str, Any]]:
        wanted = {"flow_runs": {"id": {"any_": [str(run_id)]}}}
        found: list[dict[str, Any]] = self.request("POST", "/task_runs/filter", wanted)
        return found

    def set_state(self, run_id: object, type_: str, *, name: str | None = None) -> None:
        self.request(
            "POST", f"/flow_runs/{run_id}/set_state", {"state": {"type": type_, "name": name or type_.title()}}
        )

    def pause_pool(self, name: str, *, paused: bool) -> None:
        self.request("PATCH", f"/work_pools/{name}", {"is_paused": paused})

    def deployments(self) -> dict[str, dict[str, Any]]:
        return {found["name"]: found for found in self.request("POST", "/deployments/filter", {})}
