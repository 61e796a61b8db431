"""Tables of time: deadlines, escalations, special days, signatures of law limits."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field

from engine.core.records import Deadline
from engine.db.tables.fields import Row, at, encrypted, json_value
from engine.definitions.records import OpenRecount, StoredSignature
from engine.ports import NewEscalation


class DeadlineRow(Row, of=Deadline, index=("step_id",), server_default=("critical", "kept_until", "counted_by")):
    """The instant at which a time limit of a step falls due, and what fires next of it."""

    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    failures: int = 0
    deferred_until: datetime | None = at()
    budget_seconds: int | None = Field(default=None, sa_type=BigInteger)
    consumed_seconds: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": text("0")})
    __table_args__ = (
        Index("deadline_next", "next_at", postgresql_where=text("status = 'open' AND next_at IS NOT NULL")),
        Index("deadline_next_critical", "next_at", postgresql_where=text("status = 'open' AND critical")),
        Index("deadline_open_by_unit", "unit_id", "due_at", postgresql_where=text("status = 'open'")),
        Index("deadline_discovered", "discovered_at", postgresql_where=text("discovered_at IS NOT NULL")),
        Index("deadline_aside", "failures", postgresql_where=text("status = 'open' AND failures >= 5")),
        Index("deadline_calls", "unit_id", postgresql_where=text("status = 'open' AND calls <> '[]'::jsonb")),
        Index("deadline_extended", "unit_id", postgresql_where=text("status = 'open' AND extensions <> '[]'::jsonb")),
    )


class EscalationRow(
    Row,
    of=NewEscalation,
    to={"case_id": "case", "deadline_id": "deadline"},
    index=("case_id",),
    server_default=("ladder", "ladder_version", "is_missed"),
):
    """A line of the ledger: planned, fired, to whom, acknowledged."""

    unit_id: UUID = Field(foreign_key="unit.id")
    round: int = 1
    acknowledged_at: datetime | None = at()
    acknowledged_by: UUID | None = None
    note: str = ""
    __table_args__ = (
        UniqueConstraint("deadline_id", "level", "round"),
        Index("escalation_fired", "fired_at"),
    )


class EscalationAuditRow(Row):
    """What one pass of the escalation auditor found."""

    id: UUID = Field(primary_key=True)
    at: datetime = at(null=False, index=True)
    checked: int = 0
    problems: list[dict[str, Any]] = json_value("[]")


class SpecialDayRow(Row):
    """A day that an administrator has added to a calendar, or taken out again: who, when and why.

    Its name and the reason were typed by somebody, and are sealed.
    """

    id: UUID = Field(primary_key=True)
    calendar: str = Field(index=True)
    day: date
    kind: str
    encrypted_words: bytes | None = encrypted()
    added_by: UUID | None = None
    added_at: datetime = at(null=False)
    removed_by: UUID | None = None
    removed_at: datetime | None = at()


class RecountRow(Row, of=OpenRecount):
    """A change after which open deadlines are counted again, and how far that has come."""

    asked_by: UUID | None = None
    asked_at: datetime = at(null=False)
    cases: int = 0
    moved: int = 0
    done_at: datetime | None = at()
    __table_args__ = (Index("recount_open", "asked_at", postgresql_where=text("done_at IS NULL")),)


class LawSignatureRow(Row, of=StoredSignature, to={"revoked_by": "actor", "signed_by": "actor"}, index=("limit_id",)):
    """A lawyer's word that a text of a limit is right: who, when, by which source; or that it was taken back.

    `place` is the jurisdiction of the unit for which it was signed. `source_read` names a published text.
    """

    __table_args__ = (
        Index("law_signature_live", "text_hash", unique=True, postgresql_where=text("revoked_at IS NULL")),
    )
