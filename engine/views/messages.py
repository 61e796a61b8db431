"""What comes in for people, what leaves, by which channels, and what was given up."""

from datetime import datetime
from uuid import UUID

from engine.views.base import View


class NoticeView(View):
    """A message in somebody's in-app inbox."""

    id: UUID
    kind: str
    case_id: UUID | None
    case_number: str
    text: str
    created_at: datetime
    read_at: datetime | None
    critical: bool
    link: str


class MailView(View):
    """A message in the demo mailbox, as it would have left."""

    id: UUID
    to: str
    channel: str
    subject: str
    body: str
    status: str
    sent_at: datetime | None
    case_number: str


class SentView(View):
    """What left a case, or waits to: the Transmit page. `is_ours` says that the viewer's unit has the case now."""

    id: UUID
    case_id: UUID
    case_number: str
    to: str
    kind: str
    status: str
    due_at: datetime | None
    sent_at: datetime | None
    answered_at: datetime | None
    is_ours: bool = False


class OfferView(View):
    """Work that another unit has offered, without any personal data. `status` as of the referral."""

    id: UUID
    case_number: str
    from_unit: str
    contact: str
    to_unit: str
    what: str
    jurisdiction: str
    status: str
    sent_at: datetime
    due_at: datetime | None
    answered_at: datetime | None
    kind: str = "referral"
    purpose: str = ""
    help: str = ""
    urgency: str = ""
    case_id: UUID | None = None


class DeadLetterView(View):
    """A sending that was given up: work for a person. No words of the message are shown."""

    id: UUID
    case_id: UUID | None
    case_number: str
    kind: str
    channel: str
    recipient: str
    attempts: int
    written_at: datetime
    error_code: str | None
    critical: bool


class ChannelView(View):
    """A gateway that is set up; its address with credentials is never shown."""

    organisation: str
    channel: str
    host: str
    enabled: bool
    rate_per_minute: int
    changed_at: datetime
    waiting: int


class ContactView(View):
    """By which channels a person is reached; the address itself stays sealed."""

    channel: str
    changed_at: datetime
