"""What leaves a unit: consents, referrals, partners, messages and their deliveries, and what other hubs mirror."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Column, Field

from engine.core.case_links import Referral
from engine.core.matching import MatchAlert
from engine.db.tables.fields import Row, at, encrypted
from engine.hubs.records import HubMessage, Mirror, PeerHub
from engine.messages.records import ChannelSetting, NewMessage
from engine.sharing.records.consent import Consent
from engine.sharing.records.partners import Partner, PartnerLink, PartnerView


class ConsentRow(
    Row,
    of=Consent,
    without=("language", "read_aloud", "assent"),
    to={"case_id": "case", "unit_id": "unit", "person_id": "person"},
    index=("case_id",),
):
    """What a person agreed to share: with whom, for what, until when. Never deleted: an end is written beside it."""

    encrypted_answers: bytes | None = encrypted()
    __table_args__ = (
        Index(
            "consent_runs_out",
            "valid_until",
            postgresql_where=text("withdrawn_at IS NULL AND expired_at IS NULL AND valid_until IS NOT NULL"),
        ),
    )


class ReferralRow(
    Row,
    of=Referral,
    without=("to_name",),
    to={
        "case_id": "case",
        "unit_id": "unit",
        "to_unit_id": "unit",
        "consent_id": "consent",
        "after_id": "referral",
        "to_hub_id": "peer_hub",
    },
    index=("case_id", "to_unit_id", "deadline_id", "consent_id", "answer_step_id"),
    server_default=("keep_days", "to_kind", "purpose", "help", "urgency", "ground", "reason_code", "ended_reason"),
):
    """Something sent to another unit or partner, and what came back."""

    encrypted_note: bytes | None = encrypted()
    encrypted_to_name: bytes | None = encrypted()


class PartnerLinkRow(
    Row,
    of=PartnerLink,
    to={"referral_id": "referral", "case_id": "case", "unit_id": "unit"},
    index=("referral_id", "case_id"),
    unique=("token_hash",),
    server_default=("tries", "ended_reason"),
):
    """A link by which a partner without an account answers one referral; only hashes of link and code are kept."""


class PartnerViewRow(
    Row,
    of=PartnerView,
    to={"link_id": "partner_link", "case_id": "case", "unit_id": "unit"},
    index=("link_id", "case_id"),
    server_default=("count",),
):
    """One time that a partner's link was used, or tried."""


class MatchCheckRow(Row):
    """A person who must still be compared with those of other units: everybody who was written down gets a line."""

    person_id: UUID = Field(primary_key=True, foreign_key="person.id")
    asked_at: datetime = at(null=False)
    asked_by: UUID | None = None
    deferred_until: datetime | None = at()


class MatchAlertRow(
    Row,
    of=MatchAlert,
    to={"unit_id": "unit", "case_id": "case", "other_unit_id": "unit"},
    index=("unit_id", "case_id"),
    server_default=("is_question", "answer"),
):
    """A case of a unit may be about somebody whom another unit knows: whom to call, and nothing more.

    A question goes to the unit that knew them first; what it answers is an alert of the unit that asks.
    """

    __table_args__ = (UniqueConstraint("case_id", "other_unit_id", "is_question", name="match_alert_once"),)


class MatchProbeRow(Row):
    """How often in a day persons whom somebody of a unit wrote down were compared, and how many had to wait."""

    unit_id: UUID = Field(primary_key=True, foreign_key="unit.id")
    actor_id: UUID = Field(primary_key=True)
    day: date = Field(primary_key=True)
    compared: int = 0
    held: int = 0


class PartnerRow(
    Row, of=Partner, without=("name", "services", "areas", "languages", "hours"), server_default=("kind",)
):
    """A partner: how free they are, until when the agreement holds; who they are and what they offer is sealed."""

    encrypted_words: bytes | None = encrypted()


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


class PeerHubRow(Row, of=PeerHub, to={"unit_id": "unit"}, unique=("sign_key",), server_default=("wire_id",)):
    """A hub elsewhere, with its public keys and how its line stands."""


class MirrorRow(
    Row, of=Mirror, to={"hub_id": "peer_hub", "unit_id": "unit", "case_id": "case"}, index=("case_id", "unit_id")
):
    """A case that another hub helps in, or that it asks us to help in."""

    __table_args__ = (UniqueConstraint("hub_id", "ref"),)


class HubMessageRow(Row, of=HubMessage, to={"hub_id": "peer_hub", "case_id": "case"}, index=("case_id",)):
    """A message to or from a hub. `envelope` is one that came before its turn, as it came: sealed by its writer."""

    encrypted_body: bytes | None = encrypted()
    envelope: bytes | None = Field(default=None, sa_column=Column(LargeBinary(), nullable=True))
    __table_args__ = (
        UniqueConstraint("hub_id", "came_in", "number"),
        Index("hub_message_waits", "hub_id", "came_in", "number", postgresql_where=text("settled_at IS NULL")),
    )
