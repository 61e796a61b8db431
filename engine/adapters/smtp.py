"""E-mail by SMTP: plain text, verified TLS, and a Message-ID that is the same at every try."""

import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTP

from pydantic import SecretStr

from engine.errors import DeliveryError

_TIMEOUT = 20.0
_PERMANENT = 500


class SmtpChannel:
    """Sends through one SMTP server. `security` is `starttls`, `tls` or `none` (loopback only)."""

    def __init__(
        self, *, host: str, port: int, sender: str, security: str, user: str = "", password: SecretStr | None = None
    ) -> None:
        """Say where to send through; nothing is opened before the first message."""
        self._host = host
        self._port = port
        self._sender = sender
        self._security = security
        self._user = user
        self._password = password

    def send(self, *, to: str, subject: str, body: str, message_id: str) -> None:
        """Send one message, or raise `DeliveryError`; a refusal for good is permanent."""
        try:
            message = self._message(to, subject, body, message_id)
        except ValueError as error:
            raise DeliveryError(channel="email", reason=type(error).__name__, permanent=True) from None
        try:
            with self._connect() as server:
                if self._user and self._password:
                    server.login(self._user, self._password.get_secret_value())
                server.send_message(message, from_addr=self._sender, to_addrs=[to])
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()))[0]
            raise DeliveryError(channel="email", reason=f"refused-{code}", permanent=code >= _PERMANENT) from None
        except smtplib.SMTPResponseException as error:
            permanent = error.smtp_code >= _PERMANENT and not isinstance(error, smtplib.SMTPAuthenticationError)
            raise DeliveryError(channel="email", reason=f"answer-{error.smtp_code}", permanent=permanent) from None
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise DeliveryError(channel="email", reason=type(error).__name__) from None

    def _message(self, to: str, subject: str, body: str, message_id: str) -> EmailMessage:
        message = EmailMessage(policy=SMTP)
        message["From"] = self._sender
        message["To"] = to
        message["Subject"] = " ".join(subject.split())
        message["Message-ID"] = f"<{message_id}@{self._sender.rpartition('@')[2] or 'icmc.invalid'}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(body)
        return message

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._security == "tls":
            return smtplib.SMTP_SSL(self._host, self._port, timeout=_TIMEOUT, context=context)
        server = smtplib.SMTP(self._host, self._port, timeout=_TIMEOUT)
        if self._security == "starttls":
            server.starttls(context=context)
        return server


class DemoMailbox:
    """The channel of the demo: nothing leaves; what would have been sent stays to be looked at."""

    def send(self, *, to: str, subject: str, body: str, message_id: str) -> None:
        """Take a message; it can be read in the demo mailbox."""
