"""Cases: reports, persons, runs, steps, answers, work items, papers, events, deadlines, days that do not count."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field

from engine.core.consequences import WorkItem
from engine.core.records import Case, Deadline, Run, Step, StepInterval
from engine.course.records import BulkMove
from engine.db.tables.fields import Row, at, encrypted, json_value
from engine.deadlines.records import NewEscalation
from engine.definitions.records import OpenRecount, StoredSignature


class CaseRow(
    Row,
    of=Case,
    to={"unit_id": "unit", "merged_into": "case"},
    index=("unit_id", "merged_into"),
    unique=("number",),
    server_default=("rests",),
):
    """One matter. What it is about is beside its sealed report, since lists and counts of cases go by it."""

    concern: str | None = None
    encrypted_facts: bytes | None = encrypted()
    encrypted_report: bytes | None = encrypted()
    chain_head: bytes = b""
    __table_args__ = (Index("case_open_by_unit", "unit_id", "opened_at", postgresql_where=text("status = 'open'")),)


class ReportRow(Row):
    """What arrived and opened a case; the words are sealed."""

    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    received_at: datetime = at(null=False)
    recorded_at: datetime = at(null=False)
    recorded_by: UUID | None = None
    encrypted_answers: bytes | None = encrypted()

    __table_args__ = (Index("report_by_actor", "recorded_by", "recorded_at"),)


class SenderRow(Row):
    """To which case a number wrote or rang last, by a blind token of the number; forgotten after a week."""

    token: bytes = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    seen_at: datetime = at(null=False)


class RunRow(Row, of=Run, index=("workflow", "definition_hash")):
    """One passage of a case through a definition."""

    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")


class StepRow(Row, of=Step, without=("outputs",), to={"run_id": "run"}):
    """One occurrence of a step. What workflows decide on is sealed by itself, as is a title that was typed."""

    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    encrypted_outputs: bytes | None = encrypted()
    encrypted_title: bytes | None = encrypted()


class AnswerRow(Row):
    """All answers of a step, sealed as one; those on which workflows decide are sealed once more in the step."""

    step_id: UUID = Field(primary_key=True)
    turn: int = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    encrypted_answers: bytes | None = encrypted()
    recorded_at: datetime = at(null=False)


class WorkItemRow(Row, of=WorkItem, to={"case_id": "case", "assignee_id": "actor"}):
    """What a person must do."""

    unit_id: UUID = Field(foreign_key="unit.id")
    __table_args__ = (
        Index("work_item_open_by_case", "case_id", postgresql_where=text("status IN ('ready', 'reserved')")),
        Index("work_item_open_by_step", "step_id", postgresql_where=text("status IN ('ready', 'reserved')")),
        Index(
            "work_item_ready_by_unit", "unit_id", "opened_at", postgresql_where=text("status IN ('ready', 'reserved')")
        ),
        Index("work_item_by_assignee", "assignee_id", postgresql_where=text("status = 'reserved'")),
        Index(
            "work_item_ready_by_role",
            "candidate_roles",
            postgresql_using="gin",
            postgresql_where=text("status = 'ready'"),
        ),
    )


class DraftRow(Row):
    """What somebody has typed and not yet sent, what preparing proposed, and what was noted: sealed."""

    item_id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    encrypted_answers: bytes | None = encrypted()
    encrypted_proposals: bytes | None = encrypted()
    encrypted_notes: bytes | None = encrypted()
    saved_at: datetime = at(null=False)
    saved_by: UUID | None = None


class IntervalRow(Row, of=StepInterval, key=("step_id", "name", "start"), server_default=("has_place",)):
    """A stretch of time that a limit may leave out."""

    encrypted_place: bytes | None = encrypted()
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")


class DocumentRow(Row):
    """A paper made for a case: sealed, numbered, hashed."""

    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    step_id: UUID | None = Field(default=None, index=True)
    name: str
    title: str
    number: str
    version: int = 1
    sha256: str
    encrypted_html: bytes | None = encrypted()
    made_at: datetime = at(null=False)
    released_by: UUID | None = None
    released_at: datetime | None = at()
    __table_args__ = (UniqueConstraint("case_id", "step_id", "name", "version"),)


class EventRow(Row):
    """A link of a case's chain. The application may add rows; nobody may change or remove them.

    `encrypted_body` is what the body leaves out; the body has its digest. It may be sealed again under a newer key.
    """

    case_id: UUID = Field(primary_key=True, foreign_key="case.id")
    seq: int = Field(primary_key=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    at: datetime = at(null=False, index=True)
    actor_id: UUID | None = None
    type: str
    body: dict[str, Any] = json_value()
    hash: bytes
    encrypted_body: bytes | None = encrypted()


class EventWordsRow(Row):
    """The words in which somebody said why, beside an event of a case."""

    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id")
    seq: int
    encrypted_words: bytes | None = encrypted()
    __table_args__ = (UniqueConstraint("case_id", "seq"),)


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


class BulkMoveRow(Row, of=BulkMove):
    """A move of all cases of a workflow to another version, and how far that has come."""

    __table_args__ = (Index("bulk_move_open", "asked_at", postgresql_where=text("done_at IS NULL")),)


class LawSignatureRow(Row, of=StoredSignature, to={"revoked_by": "actor", "signed_by": "actor"}, index=("limit_id",)):
    """A lawyer's word that a text of a limit is right: who, when, by which source; or that it was taken back.

    `place` is the jurisdiction of the unit for which it was signed. `source_read` names a published text.
    """

    __table_args__ = (
        Index("law_signature_live", "text_hash", unique=True, postgresql_where=text("revoked_at IS NULL")),
    )
