"""E-mail by SMTP, with verified TLS and the same bytes each time; and the mailbox of the demo."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.charset import SHORTEST, Charset
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.policy import Compat32
from email.quoprimime import body_encode
from email.utils import format_datetime
from functools import lru_cache

from pydantic import SecretStr

from engine.messages.records import Channel, DeliveryError, Outgoing

_TIMEOUT = 20.0
_PERMANENT = 500
_CLOSING = 421
_EMAIL = "email"
_UTF_8 = Charset("utf-8")
_UTF_8.header_encoding = SHORTEST  # whatever another library has registered
_SHORT = 76


_CRLF = Compat32(linesep="\r\n")


class SmtpChannel:
    """Sends through one SMTP server. `security` is `starttls`, `tls` or `none` (loopback only)."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        sender: str,
        security: str,
        user: str = "",
        password: SecretStr | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """Say where to send through; `trust` replaces the certificate authorities of this machine."""
        self._host = host
        self._port = port
        self._sender = sender
        self._security = security
        self._user = user
        self._password = password
        self._trust = trust or ssl.create_default_context()

    @contextmanager
    def open(self) -> Iterator["SmtpSending"]:
        """Connect, and send over that connection; raises `DeliveryError` with `away` when the server is not there."""
        sending = SmtpSending(self)
        sending.connect()
        try:
            yield sending
        finally:
            sending.close()

    def connect(self) -> smtplib.SMTP:
        """Open a connection on which messages can be sent; raises `DeliveryError` with `away`."""
        server: smtplib.SMTP | None = None
        try:
            server = self._greeted()
            if self._user and self._password:
                server.login(self._user, self._password.get_secret_value())
        except (OSError, smtplib.SMTPException, ValueError) as error:
            if server is not None:
                server.close()
            raise DeliveryError(channel=_EMAIL, reason=_reason(error), away=True) from None
        return server

    def written(self, message: Outgoing) -> bytes:
        """Make the e-mail; raises `DeliveryError` for an address or subject that would break a header."""
        try:
            return self._write(message)
        except (ValueError, IndexError, MessageError) as error:
            raise DeliveryError(channel=_EMAIL, reason=type(error).__name__, permanent=True) from None

    @property
    def sender(self) -> str:
        """The address that messages come from."""
        return self._sender

    def _greeted(self) -> smtplib.SMTP:
        if self._security == "tls":
            return smtplib.SMTP_SSL(self._host, self._port, timeout=_TIMEOUT, context=self._trust)
        server = smtplib.SMTP(self._host, self._port, timeout=_TIMEOUT)
        if self._security == "starttls":
            try:
                server.starttls(context=self._trust)
            except (OSError, smtplib.SMTPException):
                server.close()
                raise
        return server

    def _write(self, message: Outgoing) -> bytes:
        """Put the e-mail together here: the standard library takes five times as long for the same bytes."""
        subject = " ".join(message.subject.split())
        domain = self._sender.rpartition("@")[2] or "icmc.invalid"
        headers = _headers(
            ("From", self._sender),
            ("To", _checked(message.to)),
            ("Subject", Header(subject, None if subject.isascii() else _UTF_8, header_name="Subject").encode()),
            ("Date", format_datetime(message.written_at)),
            ("Message-ID", f"<{message.message_id}@{domain}>"),
            ("Auto-Submitted", "auto-generated"),
        )
        kind, body = _text(message.body, "plain")
        if not message.html:
            return b"".join((kind, headers, b"\r\n", body))
        boundary = f"icmc-{message.message_id}"
        whole = f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\nMIME-Version: 1.0\r\n'
        begins, other = f"\r\n--{boundary}".encode(), _text(message.html, "html")
        parts = (begins, b"\r\n", kind, b"\r\n", body, begins, b"\r\n", other[0], b"\r\n", other[1], begins, b"--\r\n")
        return b"".join((whole.encode(), headers, *parts))


class SmtpSending:
    """One connection, opened again after it broke: each message is sent by a transaction of its own."""

    def __init__(self, channel: SmtpChannel) -> None:
        """Send for a channel; nothing is opened yet."""
        self._channel = channel
        self._server: smtplib.SMTP | None = None

    def connect(self) -> smtplib.SMTP:
        """Return the connection, opened if need be; raises `DeliveryError` with `away`."""
        if self._server is None:
            self._server = self._channel.connect()
        return self._server

    def close(self) -> None:
        """End politely, if there is a connection."""
        if self._server is not None:
            with suppress(OSError, smtplib.SMTPException):
                self._server.quit()
            self._server.close()
        self._server = None

    def send(self, message: Outgoing) -> None:
        """Send one message, or raise `DeliveryError`. A connection that dies leaves open whether it arrived."""
        written = self._channel.written(message)
        server = self.connect()
        try:
            server.sendmail(self._channel.sender, [message.to], written)
        except smtplib.SMTPRecipientsRefused as error:
            raise self._refused(next(iter(error.recipients.values()))[0]) from None
        except smtplib.SMTPResponseException as error:
            raise self._refused(error.smtp_code) from None
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            raise DeliveryError(channel=_EMAIL, reason=_reason(error)) from None
        except ValueError as error:
            raise DeliveryError(channel=_EMAIL, reason=type(error).__name__, permanent=True) from None

    def _refused(self, code: int) -> DeliveryError:
        if code == _CLOSING:
            self._drop()
        return DeliveryError(
            channel=_EMAIL, reason=f"answer-{code}", permanent=code >= _PERMANENT, away=code == _CLOSING
        )

    def _drop(self) -> None:
        if self._server is not None:
            self._server.close()
        self._server = None


@lru_cache(256)
def _checked(address: str) -> str:
    """Return an address as a header has it; raises for one that would break it."""
    return Address(addr_spec=address).addr_spec


def _headers(*headers: tuple[str, str]) -> bytes:
    """Write headers; one that fits on a line needs no folding."""
    lines = []
    for name, value in headers:
        line = f"{name}: {value}"
        is_short = len(line) <= _SHORT and line.isascii() and line.isprintable()
        lines.append(f"{line}\r\n".encode() if is_short else _CRLF.fold_binary(name, value))
    return b"".join(lines)


def _text(words: str, kind: str) -> tuple[bytes, bytes]:
    """Return the headers and the body of a text, as `MIMEText` would make them."""
    headers = f'Content-Type: text/{kind}; charset="utf-8"\r\nMIME-Version: 1.0\r\n'
    body = body_encode(words.encode().decode("latin-1"))
    return (
        f"{headers}Content-Transfer-Encoding: quoted-printable\r\n".encode(),
        body.replace("\n", "\r\n").encode(),
    )


def _reason(error: Exception) -> str:
    """Say what went wrong without the server's words, which may hold an address."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"answer-{error.smtp_code}"
    return type(error).__name__


class DemoMailbox:
    """Takes every message; it can be read in the demo mailbox, which shows the rows themselves."""

    @contextmanager
    def open(self) -> Iterator["DemoMailbox"]:
        """Begin to take messages."""
        yield self

    def send(self, message: Outgoing) -> None:
        """Take a message."""


class DemoGateways:
    """Makes a demo mailbox of every address, so that nothing leaves a demo."""

    def channel(self, name: str, url: str) -> Channel:  # noqa: ARG002 - the protocol's words
        """Return a mailbox."""
        return DemoMailbox()

    def host(self, name: str, url: str) -> str:  # noqa: ARG002 - the protocol's words
        """Say that nothing is spoken to."""
        return "demo"
