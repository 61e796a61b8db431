"""Delivering e-mail through a real SMTP server: at least once, under one Message-ID, and never by a broken rule."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import Message
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiosmtpd.smtp import AuthResult
from pydantic import SecretStr

from engine.errors import DeliveryError
from engine.messages.mail import SmtpChannel
from engine.ports import Outgoing
from tests.kit.servers import DEFERS, DIES, DIES_EARLY, TAKES, Mail, mail_server, self_signed

WRITTEN = datetime(2026, 3, 7, 6, 0, tzinfo=UTC)


@pytest.fixture
def mail() -> Iterator[Mail]:
    """Serve SMTP on a free port."""
    with mail_server() as served:
        yield served


def _outgoing(message_id: str = "one", **more: str) -> Outgoing:
    words = {"to": "a@example.org", "subject": "Due", "body": "Look.\n", "html": "<p>Look.</p>"} | more
    return Outgoing(message_id=message_id, written_at=WRITTEN, **words)


def _send(channel: SmtpChannel, message_id: str = "one", **more: str) -> None:
    with channel.open() as sending:
        sending.send(_outgoing(message_id, **more))


def _refused(channel: SmtpChannel, **more: str) -> DeliveryError:
    with pytest.raises(DeliveryError) as refused:
        _send(channel, **more)
    return refused.value


def _parts(message: Message) -> dict[str, Any]:
    return {
        part.get_content_type(): part.get_payload(decode=True) for part in message.walk() if not part.is_multipart()
    }


def test_a_second_try_has_the_same_message_id_and_the_same_bytes(mail: Mail) -> None:
    mail.mood = DEFERS
    assert not _refused(mail.channel()).permanent
    mail.mood = TAKES
    _send(mail.channel())
    assert [message["Message-ID"] for message in mail.seen] == ["<one@example.org>"] * 2
    assert mail.seen[0].as_bytes() == mail.seen[1].as_bytes()


def test_a_message_says_when_it_was_written_and_that_no_person_wrote_it_in_text_and_html(mail: Mail) -> None:
    _send(mail.channel())
    (message,) = mail.taken
    assert message["Date"] == "Sat, 07 Mar 2026 06:00:00 +0000"
    assert message["Auto-Submitted"] == "auto-generated"
    assert {kind: words.strip() for kind, words in _parts(message).items()} == {
        "text/plain": b"Look.", "text/html": b"<p>Look.</p>",
    }  # fmt: skip
    assert {name.lower() for name in message} <= {
        "from", "to", "subject", "date", "message-id", "auto-submitted", "mime-version", "content-type", "x-peer",
        "x-mailfrom", "x-rcptto",
    }  # fmt: skip


def test_a_message_without_html_is_plain_text_alone(mail: Mail) -> None:
    _send(mail.channel(), html="")
    assert mail.taken[0].get_content_type() == "text/plain"


def test_a_refusal_for_good_is_not_tried_again(mail: Mail) -> None:
    mail.answers = {"a@example.org": "550 nobody here"}
    assert _refused(mail.channel()).permanent


@pytest.mark.parametrize("mood", [DIES, DIES_EARLY])
def test_a_connection_that_dies_is_opened_again_for_the_next_message(mail: Mail, mood: str) -> None:
    with mail.channel().open() as sending:
        mail.mood = mood
        with pytest.raises(DeliveryError) as refused:
            sending.send(_outgoing("one"))
        mail.mood = TAKES
        sending.send(_outgoing("two"))
        sending.send(_outgoing("three"))
    assert (refused.value.permanent, refused.value.away) == (False, False)
    assert mail.ids() == ["<two@example.org>", "<three@example.org>"]
    assert mail.connections == 2


def test_a_server_that_is_not_there_is_away_whatever_the_message(mail: Mail) -> None:
    channel = mail.channel()
    mail.refuse()
    assert _refused(channel).away


def test_a_line_break_in_a_subject_adds_no_header(mail: Mail) -> None:
    _send(mail.channel(), subject="Due\r\nBcc: b@example.org\nX: y")
    assert mail.taken[0]["Bcc"] is None
    assert mail.taken[0]["Subject"] == "Due Bcc: b@example.org X: y"


@pytest.mark.parametrize("to", ["a@example.org\r\nBcc: b@example.org", "a@example.org, b@example.org", "", "nobody"])
def test_an_address_that_is_more_or_less_than_one_address_is_refused_for_good(mail: Mail, to: str) -> None:
    assert _refused(mail.channel(), to=to).permanent
    assert mail.seen == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_that_proves_itself_to_nobody_gets_nothing(mail: Mail, security: str, tmp_path: Path) -> None:
    context, _ = self_signed(tmp_path)
    with _server(context, security) as secure:
        refused = _refused(secure.channel(security=security), message_id=str(uuid4()))
    assert (refused.reason, refused.away, secure.seen) == ("SSLCertVerificationError", True, [])
    assert mail.seen == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_whose_certificate_is_trusted_gets_the_message_and_the_password(security: str, tmp_path: Path) -> None:
    context, certificate = self_signed(tmp_path)
    given: list[bytes] = []

    def known(_server: Any, _session: Any, _envelope: Any, _mechanism: str, login: Any) -> AuthResult:
        given.append(login.password)
        return AuthResult(success=True)

    with _server(context, security, authenticator=known) as secure:
        trust = ssl.create_default_context(cafile=str(certificate))
        _send(secure.channel(security=security, trust=trust, user="icmc", password=SecretStr("sesame")))
    assert secure.ids() == ["<one@example.org>"]
    assert given == [b"sesame"]


def test_a_server_that_offers_no_encryption_gets_nothing(mail: Mail) -> None:
    assert _refused(mail.channel(security="starttls")).away
    assert mail.seen == []


def _server(context: ssl.SSLContext, security: str, **more: Any) -> Any:
    if security == "tls":
        return mail_server(wrap=context, more={"auth_require_tls": False} | more)
    return mail_server(tls=context, more=more)
