"""How many e-mails are delivered in a second, each recorded by itself, to a mail server on this machine."""

import importlib.util
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Final
from uuid import UUID, uuid4

from engine.assembly import Engine
from engine.errors import ServiceError
from engine.messages.actions.delivering import MOST_DELIVERIES, deliver_due
from engine.messages.mail import SmtpChannel
from engine.messages.records import DeliveryError, DeliveryScope, NewMessage
from engine.messages.store import MessageStore
from tests.bench.people import Rate
from tests.bench.workload import Bench, open_one

_EMAIL: Final = "email"
_TRIES: Final = 100
_A_WHILE: Final = 0.1
_PAUSE: Final = threading.Event()


def can_measure() -> bool:
    """Return whether a mail server to send to is installed; it comes with what developers install."""
    return importlib.util.find_spec("aiosmtpd") is not None


def measure_deliveries(bench: Bench, *, messages: int, cases: int, at_once: int) -> Rate:
    """Deliver `messages` of several cases by `at_once` connections; nothing but deliveries is timed.

    Raises ServiceError when the mail server does not start or takes less than all.
    """
    with _mail_server() as port:
        channel = SmtpChannel(host="127.0.0.1", port=port, sender="icmc@example.org", security="none")
        engine = replace(bench.engine, channels={_EMAIL: channel})
        write_messages(bench, messages, [open_one(bench)[0] for _ in range(cases)])
        begun = time.perf_counter()
        with ThreadPoolExecutor(at_once) as pool:
            taken = sum(pool.map(lambda _: _deliver_all(engine), range(at_once)))
        seconds = time.perf_counter() - begun
    if taken != messages:
        raise ServiceError(service="Mail", problem=f"{taken} of {messages} were taken.", remedy="Measure again.")
    return Rate(taken, seconds)


def _deliver_all(engine: Engine) -> int:
    taken = 0
    while True:
        passed = deliver_due(engine, engine.channels[_EMAIL], DeliveryScope(_EMAIL), most=MOST_DELIVERIES)
        taken += passed.taken
        if passed.taken == 0:
            return taken


def write_messages(bench: Bench, count: int, cases: list[UUID]) -> None:
    """Let so many e-mails about some cases wait; a tenth of them are critical."""
    now = bench.engine.clock.now()
    with bench.engine.transaction() as tx:
        for number in range(count):
            case_id = cases[number % len(cases)]
            message = NewMessage(
                key=f"{case_id}|bench{number}|{uuid4()}|{_EMAIL}", case_id=case_id, kind="overdue",
                recipient_id=bench.viewer.actor_id, channel=_EMAIL, subject="Overdue: C-1", body="Look at C-1.\n",
                link="/", critical=number % 10 == 0, html="<p>Look at C-1.</p>",
            )  # fmt: skip
            tx.of(MessageStore).add(message, unit_id=bench.unit_id, at=now)
        tx.commit()


@contextmanager
def _mail_server() -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "aiosmtpd", "-n", "-l", f"127.0.0.1:{port}", "-c", "aiosmtpd.handlers.Sink"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield port
    finally:
        server.terminate()
        server.wait()


def _wait_for(port: int) -> None:
    for _ in range(_TRIES):
        try:
            with SmtpChannel(host="127.0.0.1", port=port, sender="icmc@example.org", security="none").open():
                return
        except DeliveryError:
            _PAUSE.wait(_A_WHILE)
    raise ServiceError(service="Mail", problem="the mail server did not start.", remedy="Measure again.")
