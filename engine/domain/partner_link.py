"""A link by which a partner without an account answers one referral: opened by a code that comes by another way."""

from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Final, Self
from uuid import UUID

from engine.domain.records import Record

LONGEST: Final = timedelta(days=7)
"""How long a link lives at most."""
MOST_TRIES: Final = 5
"""How many wrong codes kill a link."""
SITTING: Final = timedelta(minutes=15)
"""How long a link that was opened by its code stays open in one browser."""


class PartnerLink(Record):
    """A link to one referral (UTC); `session_hash` is that of the browser in which its code was given.

    It is opened once. It dies at `expires_at`, after five wrong codes, when the referral is answered and that sitting
    is over, or when somebody ends it.
    """

    id: UUID
    referral_id: UUID
    case_id: UUID
    unit_id: UUID
    token_hash: bytes
    code_hash: str
    tries: int = 0
    made_by: UUID | None = None
    made_at: datetime
    expires_at: datetime
    opened_at: datetime | None = None
    session_hash: bytes | None = None
    session_until: datetime | None = None
    ended_at: datetime | None = None
    ended_reason: str = ""

    def takes_code(self, now: datetime) -> bool:
        """Say whether a code can still open it."""
        return self.ended_at is None and self.opened_at is None and now < self.expires_at and self.tries < MOST_TRIES

    def is_open_in(self, session_hash: bytes, now: datetime) -> bool:
        """Say whether it is open in a browser now."""
        until = self.session_until
        is_here = self.session_hash is not None and compare_digest(self.session_hash, session_hash)
        return self.ended_at is None and is_here and until is not None and now < min(until, self.expires_at)

    def opened(self, session_hash: bytes, now: datetime) -> Self:
        """Give the link opened in a browser."""
        changes = {"opened_at": now, "session_hash": session_hash, "session_until": now + SITTING}
        return self.model_copy(update=changes)

    def missed(self, now: datetime) -> Self:
        """Give the link after a wrong code; the fifth one ends it."""
        tries = self.tries + 1
        over = {"ended_at": now, "ended_reason": "too_many_codes"} if tries >= MOST_TRIES else {}
        return self.model_copy(update={"tries": tries, **over})

    def ended(self, now: datetime, reason: str) -> Self:
        """Give the link when nothing can be opened by it any more."""
        return self if self.ended_at else self.model_copy(update={"ended_at": now, "ended_reason": reason})


class PartnerView(Record):
    """One time that a link was used: `what` is asked, wrong_code, opened, read, accepted or declined (UTC)."""

    id: UUID
    link_id: UUID
    case_id: UUID
    unit_id: UUID
    at: datetime
    what: str
    count: int = 0
