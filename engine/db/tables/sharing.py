"""Tables of sharing: consents, referrals, partners and their links."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, false, text
from sqlmodel import Field, SQLModel

from engine.db.tables.fields import at, encrypted, ids, texts

_EMPTY = {"server_default": ""}


class ConsentRow(SQLModel, table=True):
    """What a person agreed to share: with whom, for what, until when. Never deleted: an end is written beside it."""

    __tablename__ = "consent"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    person_id: UUID = Field(foreign_key="person.id")
    step_id: UUID | None = None
    kind: str
    purposes: list[str] = texts()
    fields: list[str] = texts()
    valid_until: datetime | None = at()
    withdrawn_at: datetime | None = at()
    recorded_at: datetime = at(null=False)
    recipients: list[str] = texts()
    encrypted_answers: bytes | None = encrypted()
    recorded_by: UUID | None = None
    withdrawn_by: UUID | None = None
    expired_at: datetime | None = at()
    __table_args__ = (
        Index(
            "consent_runs_out",
            "valid_until",
            postgresql_where=text("withdrawn_at IS NULL AND expired_at IS NULL AND valid_until IS NOT NULL"),
        ),
    )


class ReferralRow(SQLModel, table=True):
    """Something sent to another unit or partner, and what came back."""

    __tablename__ = "referral"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    to_unit_id: UUID | None = Field(default=None, foreign_key="unit.id", index=True)
    step_id: UUID | None = None
    kind: str
    status: str
    fields: list[str] = texts()
    persons: list[UUID] = ids()
    encrypted_note: bytes | None = encrypted()
    sent_at: datetime = at(null=False)
    due_at: datetime | None = at()
    answered_at: datetime | None = at()
    released_by: UUID | None = None
    answered_by: UUID | None = None
    reason_code: str = Field(default="", sa_column_kwargs=_EMPTY)
    deadline_id: UUID | None = Field(default=None, index=True)
    encrypted_to_name: bytes | None = encrypted()
    to_kind: str = Field(default="", sa_column_kwargs=_EMPTY)
    purpose: str = Field(default="", sa_column_kwargs=_EMPTY)
    help: str = Field(default="", sa_column_kwargs=_EMPTY)
    urgency: str = Field(default="", sa_column_kwargs=_EMPTY)
    consent_id: UUID | None = Field(default=None, foreign_key="consent.id", index=True)
    ground: str = Field(default="", sa_column_kwargs=_EMPTY)
    asked_by: UUID | None = None
    second_by: UUID | None = None
    answer_step_id: UUID | None = Field(default=None, index=True)
    after_id: UUID | None = Field(default=None, foreign_key="referral.id")
    keep_days: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    ended_at: datetime | None = at()
    ended_reason: str = Field(default="", sa_column_kwargs=_EMPTY)


class PartnerLinkRow(SQLModel, table=True):
    """A link by which a partner without an account answers one referral; only hashes of link and code are kept."""

    __tablename__ = "partner_link"
    id: UUID = Field(primary_key=True)
    referral_id: UUID = Field(foreign_key="referral.id", index=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    token_hash: bytes = Field(unique=True)
    code_hash: str
    tries: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    made_by: UUID | None = None
    made_at: datetime = at(null=False)
    expires_at: datetime = at(null=False)
    opened_at: datetime | None = at()
    session_hash: bytes | None = None
    session_until: datetime | None = at()
    ended_at: datetime | None = at()
    ended_reason: str = Field(default="", sa_column_kwargs=_EMPTY)


class PartnerViewRow(SQLModel, table=True):
    """One time that a partner's link was used, or tried."""

    __tablename__ = "partner_view"
    id: UUID = Field(primary_key=True)
    link_id: UUID = Field(foreign_key="partner_link.id", index=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    at: datetime = at(null=False)
    what: str
    count: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class MatchCheckRow(SQLModel, table=True):
    """A person who must still be compared with those of other units: everybody who was written down gets a line."""

    __tablename__ = "match_check"
    person_id: UUID = Field(primary_key=True, foreign_key="person.id")
    asked_at: datetime = at(null=False)
    asked_by: UUID | None = None
    deferred_until: datetime | None = at()


class MatchAlertRow(SQLModel, table=True):
    """A case of a unit may be about somebody whom another unit knows: whom to call, and nothing more.

    A question goes to the unit that knew them first; what it answers is an alert of the unit that asks.
    """

    __tablename__ = "match_alert"
    id: UUID = Field(primary_key=True)
    unit_id: UUID = Field(foreign_key="unit.id", index=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    other_unit_id: UUID = Field(foreign_key="unit.id")
    kinds: list[str] = texts()
    found_at: datetime = at(null=False)
    seen_by: UUID | None = None
    seen_at: datetime | None = at()
    is_question: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    about_case_id: UUID | None = None
    answer: str = Field(default="", sa_column_kwargs=_EMPTY)
    answered_by: UUID | None = None
    answered_at: datetime | None = at()
    __table_args__ = (UniqueConstraint("case_id", "other_unit_id", "is_question", name="match_alert_once"),)


class MatchProbeRow(SQLModel, table=True):
    """How often in a day persons whom somebody of a unit wrote down were compared, and how many had to wait."""

    __tablename__ = "match_probe"
    unit_id: UUID = Field(primary_key=True, foreign_key="unit.id")
    actor_id: UUID = Field(primary_key=True)
    day: date = Field(primary_key=True)
    compared: int = 0
    held: int = 0


class PartnerRow(SQLModel, table=True):
    """A partner: how free they are, until when the agreement holds; who they are and what they offer is sealed."""

    __tablename__ = "partner"
    id: UUID = Field(primary_key=True)
    kind: str = Field(default="", sa_column_kwargs=_EMPTY)
    encrypted_words: bytes | None = encrypted()
    takes_men: bool | None = None
    takes_children: bool | None = None
    takes_foreigners: bool | None = None
    capacity_free: int | None = None
    valid_until: datetime | None = at()
    agreement_until: date | None = None
    updated_at: datetime = at(null=False)
