"""Real servers on this machine for tests of channels: one for e-mail that has moods, one for a gateway over HTTP."""

import email
import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import uvicorn
from aiosmtpd.controller import Controller

from engine.messages.mail import SmtpChannel
from tests.kit.installation import until


@contextmanager
def served(app: Any) -> Iterator[int]:
    """Serve an application by its real server, and return the port: the client of other tests decodes by itself."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


TAKES, DIES, DEFERS, DIES_EARLY = "takes", "dies", "defers", "dies early"
ARRIVED = "250 OK"


@dataclass
class Mail:
    """A mail server. `mood` says what it does with a message; `refuse` takes it off its port."""

    port: int = 0
    mood: str = TAKES
    seen: list[Message] = field(default_factory=list)
    taken: list[Message] = field(default_factory=list)
    connections: int = 0
    answers: dict[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    wrap: ssl.SSLContext | None = None
    more: dict[str, Any] = field(default_factory=dict)
    _controller: Controller | None = None

    def serve(self) -> None:
        """Listen, on the port of before if there was one."""
        if self._controller is None:
            self._controller = _OnPort(
                self, hostname="127.0.0.1", port=self.port, tls_context=self.tls, ssl_context=self.wrap, **self.more
            )
            self._controller.start()
            self.port = self._controller.port

    def refuse(self) -> None:
        """Listen no longer."""
        if self._controller is not None:
            self._controller.stop()
        self._controller = None

    def channel(self, **more: Any) -> SmtpChannel:
        """Return a channel to this server."""
        wanted = {"host": "127.0.0.1", "port": self.port, "sender": "icmc@example.org", "security": "none"} | more
        return SmtpChannel(**wanted)

    def ids(self) -> list[str]:
        """Return the Message-IDs of what was taken, in order."""
        return [str(message["Message-ID"]) for message in self.taken]

    async def handle_EHLO(  # noqa: N802 - the library's name
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        """Count who comes."""
        session.host_name = hostname
        self.connections += 1
        return responses

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        """Take a recipient, or end the connection before the words are sent."""
        if self.mood == DIES_EARLY:
            server.transport.abort()
        envelope.rcpt_tos.append(address)
        return self.answers.get(address, ARRIVED)

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - the library's name
        """Take the words, or not."""
        message = email.message_from_bytes(envelope.content)
        self.seen.append(message)
        if self.mood == DEFERS:
            return "451 later"
        if self.mood == DIES:
            server.transport.abort()
            return ARRIVED
        self.taken.append(message)
        return ARRIVED


class _OnPort(Controller):
    """Learns the port that was free, instead of knocking at port 0; takes one that was just given up."""

    def _create_server(self) -> Any:
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((self.hostname, self.port))
        return self.loop.create_server(self._factory_invoker, sock=self.sock, ssl=self.ssl_context)

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        if self.ssl_context is None:
            super()._trigger_server()
            return
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection((self.hostname, self.port), 5) as plain, trusting.wrap_socket(plain) as encrypted:
            encrypted.recv(1024)


@contextmanager
def mail_server(**more: Any) -> Iterator[Mail]:
    """Serve e-mail on a free port."""
    mail = Mail(**more)
    mail.serve()
    try:
        yield mail
    finally:
        mail.refuse()


def self_signed(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Make a certificate for this machine that nobody has signed; returns the server's side, and the file."""
    key, certificate = folder / "k.pem", folder / "c.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out",
            str(certificate),
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context, certificate


@dataclass
class Gateway:
    """A gateway over HTTP. `status` is what it answers; `location` is where it sends those whom it redirects."""

    port: int = 0
    status: int = 200
    location: str = ""
    came: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def url(self, path: str = "/send") -> str:
        """Return the address as an administrator would enter it."""
        return f"json://user:sesame@127.0.0.1:{self.port}{path}"


@contextmanager
def http_gateway() -> Iterator[Gateway]:
    """Serve HTTP on a free port."""
    gateway = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            gateway.came.append((self.path, body))
            self.send_response(gateway.status)
            if gateway.location:
                self.send_header("Location", gateway.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    gateway.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
