"""Messages, deliveries, gateways and wishes."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class ClaimedDelivery(NamedTuple):
    """A delivery that this job tries now: nobody else does until its lease is over.

    `last_code` is of the try before. `address` is that of an e-mail, empty for other ways. `code_of` is the hash of the
    sign-in whose code is put into the words, which lack it; `link_hash` that of the link by which it is acknowledged.
    """

    id: UUID
    message_id: UUID
    case_id: UUID | None
    unit_id: UUID | None
    recipient_id: UUID
    channel: str
    address: str
    subject: str
    body: str
    html: str
    critical: bool
    written_at: datetime
    first_tried_at: datetime
    attempt: int
    last_code: str | None
    lane: int
    code_of: bytes | None
    link_hash: str | None = None


class DeliveryScope(NamedTuple):
    """Which deliveries a job takes along: a channel's, of one organisation or of all, the critical ones or all.

    With `critical_only` those of `case_id` come too.
    """

    channel: str
    organisation_id: UUID | None = None
    critical_only: bool = False
    case_id: UUID | None = None


class ChannelSetting(NamedTuple):
    """A gateway of an organisation; `url` holds credentials and is never shown."""

    id: UUID
    organisation_id: UUID
    channel: str
    url: str
    host: str
    enabled: bool
    rate_per_minute: int


class Recent(NamedTuple):
    """A message that somebody was written a moment ago."""

    kind: str
    is_held: bool


class HeldBack(NamedTuple):
    """How many messages to somebody by a channel wait for one that stands for them all."""

    recipient_id: UUID
    channel: str
    critical: bool
    size: int
    first_at: datetime
