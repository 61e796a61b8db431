"""The real clock, and the real source of what must not be guessable."""

import secrets
import uuid
from datetime import UTC, datetime
from uuid import UUID

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Give the present instant, aware, in UTC."""
        return datetime.now(UTC)

    def look_again(self) -> None:
        """Do nothing: nobody else moves this clock."""


class SystemEntropy:
    """The random source of the operating system."""

    def uuid(self) -> UUID:
        """Give a random id."""
        return uuid.uuid4()

    def token(self) -> str:
        """Give a secret of 256 bits, as text."""
        return secrets.token_urlsafe(32)

    def case_number(self) -> str:
        """Give a case number of 8 letters and digits, about 10^12 of them: it tells nothing."""
        drawn = [secrets.choice(_ALPHABET) for _ in range(8)]
        return f"C-{''.join(drawn[:4])}-{''.join(drawn[4:])}"
