"""Tables of sharing: consents, referrals, partners and their links."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from engine.core.matching import MatchAlert
from engine.core.referral import Referral
from engine.db.tables.fields import Row, at, encrypted
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
    to={"case_id": "case", "unit_id": "unit", "to_unit_id": "unit", "consent_id": "consent", "after_id": "referral"},
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
