"""Messages, deliveries and the gateways they go through."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from engine.db.tables.fields import Row, at, encrypted
from engine.messages.records import ChannelSetting
from engine.ports import NewMessage


class MessageRow(
    Row,
    of=NewMessage,
    without=("channel", "send_at", "deferred_for"),
    to={"case_id": "case", "recipient_id": "actor"},
    index=("case_id", "escalation_id"),
    unique=("key", "link_hash"),
    server_default=("html",),
):
    """A message to one recipient; no personal data by construction. In-app messages are read here.

    `code_of` is the hash of a sign-in that waits, `link_hash` that of the link by which a level is acknowledged: when
    they are sent, the words get that code, or that link in place of the message's id.
    """

    id: UUID = Field(primary_key=True)
    unit_id: UUID | None = Field(default=None, foreign_key="unit.id")
    link: str = ""
    critical: bool = False
    created_at: datetime = at(null=False)
    read_at: datetime | None = at()
    digest_id: UUID | None = Field(default=None, index=True)
    __table_args__ = (Index("message_inbox", "recipient_id", "created_at"),)


class DeliveryRow(Row):
    """One sending of a message by one channel."""

    id: UUID = Field(primary_key=True)
    message_id: UUID = Field(foreign_key="message.id", index=True)
    case_id: UUID | None = Field(default=None, foreign_key="case.id", index=True)
    unit_id: UUID | None = Field(default=None, foreign_key="unit.id")
    channel: str
    status: str = "waiting"
    attempt: int = 0
    next_at: datetime = at(null=False)
    sent_at: datetime | None = at()
    error_code: str | None = None
    lane: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    first_tried_at: datetime | None = at()
    tried_at: datetime | None = at()
    dropped_by: UUID | None = None
    drop_reason: str = Field(default="", sa_column_kwargs={"server_default": ""})
    second_of: UUID | None = Field(default=None, index=True)
    __table_args__ = (
        Index("delivery_waiting", "channel", "next_at", postgresql_where=text("status = 'waiting'")),
        Index("delivery_dead", "case_id", postgresql_where=text("status = 'dead'")),
        Index("delivery_held", "status", "message_id", postgresql_where=text("status IN ('storm', 'digest')")),
    )


class ChannelSettingRow(Row, of=ChannelSetting, without=("url",)):
    """A gateway that an administrator has set up for an organisation; its address with credentials is sealed."""

    organisation_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    encrypted_url: bytes | None = encrypted()
    changed_by: UUID | None = None
    changed_at: datetime = at(null=False)
    __table_args__ = (UniqueConstraint("organisation_id", "channel"),)


class ChannelChangeRow(Row):
    """A line that says who set up, changed, disabled or tried a gateway; never its address."""

    id: UUID = Field(primary_key=True)
    setting_id: UUID = Field(index=True)
    act: str
    host: str
    rate_per_minute: int
    changed_by: UUID | None = None
    changed_at: datetime = at(null=False)
