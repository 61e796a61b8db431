"""What leaves a unit: consents, referrals."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field, SQLModel

from engine.adapters.sql.tables.fields import at, sealed, texts


class ConsentRow(SQLModel, table=True):
    """What a person agreed to share: with whom, for what, until when."""

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


class ReferralRow(SQLModel, table=True):
    """Something sent to another unit, and what came back."""

    __tablename__ = "referral"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    to_unit_id: UUID | None = Field(default=None, foreign_key="unit.id", index=True)
    step_id: UUID | None = None
    kind: str
    status: str
    fields: list[str] = texts()
    sealed_note: bytes | None = sealed()
    sent_at: datetime = at(null=False)
    due_at: datetime | None = at()
    answered_at: datetime | None = at()
    released_by: UUID | None = None
    answered_by: UUID | None = None
    reason_code: str = Field(default="", sa_column_kwargs={"server_default": ""})
    deadline_id: UUID | None = Field(default=None, index=True)
