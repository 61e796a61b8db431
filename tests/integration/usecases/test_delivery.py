"""Delivering e-mail through a real SMTP server: at least once, under one Message-ID, and never by a broken rule."""

import asyncio
import email
import ssl
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiosmtpd.controller import Controller

from engine.adapters.smtp import SmtpChannel
from engine.errors import DeliveryError
from engine.ports import Outgoing

ARRIVED = "250 OK"
WRITTEN = datetime(2026, 3, 7, 6, 0, tzinfo=UTC)


class Inbox:
    """Answers each message with the next of its answers, then with success; keeps what came."""

    def __init__(self) -> None:
        self.answers: list[str] = []
        self.came: list[Any] = []

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - the library's name
        self.came.append(email.message_from_bytes(envelope.content))
        answer = self.answers.pop(0) if self.answers else ARRIVED
        if answer == "die":
            server.transport.close()
            await asyncio.sleep(0)
        return answer


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, SmtpChannel]]:
    """Serve SMTP on a free port."""
    kept = Inbox()
    controller = _OnFreePort(kept, hostname="127.0.0.1", port=0)
    controller.start()
    yield kept, _channel(controller)
    controller.stop()


class _OnFreePort(Controller):
    """Learns the port that was free, instead of knocking at port 0."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def _channel(controller: Controller, security: str = "none") -> SmtpChannel:
    return SmtpChannel(host="127.0.0.1", port=controller.port, sender="icmc@example.org", security=security)


def _send(channel: SmtpChannel, message_id: str = "one", **more: str) -> None:
    words = {"to": "a@example.org", "subject": "Due", "body": "Look.\n", "html": "<p>Look.</p>"} | more
    with channel.open() as sending:
        sending.send(Outgoing(message_id=message_id, written_at=WRITTEN, **words))


def test_a_second_try_has_the_same_message_id_and_words(inbox: tuple[Inbox, SmtpChannel]) -> None:
    kept, channel = inbox
    kept.answers = ["451 later"]
    with pytest.raises(DeliveryError) as refused:
        _send(channel)
    assert not refused.value.permanent
    _send(channel)
    assert [message["Message-ID"] for message in kept.came] == ["<one@example.org>"] * 2
    assert kept.came[0].as_bytes() == kept.came[1].as_bytes()


def test_a_refusal_for_good_is_not_tried_again(inbox: tuple[Inbox, SmtpChannel]) -> None:
    kept, channel = inbox
    kept.answers = ["550 nobody here"]
    with pytest.raises(DeliveryError) as refused:
        _send(channel)
    assert refused.value.permanent


def test_a_connection_that_dies_after_the_words_were_sent_is_tried_again(inbox: tuple[Inbox, SmtpChannel]) -> None:
    kept, channel = inbox
    kept.answers = ["die"]
    with pytest.raises(DeliveryError) as refused:
        _send(channel)
    assert not refused.value.permanent


def test_a_line_break_in_a_subject_adds_no_header(inbox: tuple[Inbox, SmtpChannel]) -> None:
    kept, channel = inbox
    _send(channel, subject="Due\r\nBcc: b@example.org\nX: y")
    assert kept.came[0]["Bcc"] is None
    assert kept.came[0]["Subject"] == "Due Bcc: b@example.org X: y"


def test_an_address_with_a_line_break_is_refused_for_good(inbox: tuple[Inbox, SmtpChannel]) -> None:
    kept, channel = inbox
    with pytest.raises(DeliveryError) as refused:
        _send(channel, to="a@example.org\r\nBcc: b@example.org")
    assert refused.value.permanent
    assert kept.came == []


def test_a_server_that_proves_itself_to_nobody_gets_nothing(tmp_path: Path) -> None:
    key, certificate = tmp_path / "k.pem", tmp_path / "c.pem"
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
    kept = Inbox()
    controller = _OnFreePort(kept, hostname="127.0.0.1", port=0, tls_context=context)
    controller.start()
    try:
        with pytest.raises(DeliveryError) as refused:
            _send(_channel(controller, "starttls"), str(uuid4()))
    finally:
        controller.stop()
    assert refused.value.facts["reason"] == "SSLCertVerificationError"
    assert kept.came == []
