"""The tables. Rows hold columns; records hold rules. Only this package touches rows."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import JSON, Text
from sqlmodel import Field, SQLModel

from engine.adapters.sql.columns import Sealed, instant, json_object, uuids


def _at(*, null: bool = True, index: bool = False) -> Any:  # noqa: ANN401 - stands as the default of a field
    return Field(default=None, sa_column=Column(instant(), nullable=null, index=index))


def _json(default: str = "{}") -> Any:  # noqa: ANN401
    return Field(
        default=None, sa_column=Column(json_object(), nullable=False, server_default=text(f"'{default}'::jsonb"))
    )


def _sealed() -> Any:  # noqa: ANN401
    return Field(default=None, sa_column=Column(Sealed(), nullable=True))


def _texts() -> Any:  # noqa: ANN401
    return Field(default=None, sa_column=Column(ARRAY(Text()), nullable=False, server_default=text("'{}'")))


def _ids() -> Any:  # noqa: ANN401
    return Field(default=None, sa_column=Column(uuids(), nullable=False, server_default=text("'{}'")))


class OrganisationRow(SQLModel, table=True):
    """A body of the network."""

    __tablename__ = "organisation"
    id: UUID = Field(primary_key=True)
    name: str
    kind: str = "ngo"
    in_network: bool = True


class UnitRow(SQLModel, table=True):
    """A part of an organisation that keeps its own cases."""

    __tablename__ = "unit"
    id: UUID = Field(primary_key=True)
    organisation_id: UUID = Field(foreign_key="organisation.id", index=True)
    name: str
    jurisdiction: str
    zone: str
    language: str = "en"
    contact: str = ""


class ActorRow(SQLModel, table=True):
    """A person or service that acts."""

    __tablename__ = "actor"
    id: UUID = Field(primary_key=True)
    name: str
    email: str = Field(unique=True)
    language: str = "en"
    password_hash: str | None = None
    disabled: bool = False
    is_service: bool = False
    supervisor_id: UUID | None = Field(default=None, foreign_key="actor.id")
    absent_until: datetime | None = _at()
    demo: bool = False


class MembershipRow(SQLModel, table=True):
    """A role of an actor in a unit."""

    __tablename__ = "membership"
    actor_id: UUID = Field(primary_key=True, foreign_key="actor.id")
    unit_id: UUID = Field(primary_key=True, foreign_key="unit.id")
    role: str = Field(primary_key=True)
    __table_args__ = (Index("membership_by_role", "unit_id", "role"),)


class CaseRow(SQLModel, table=True):
    """One matter. `facts` and `report` hold open values only."""

    __tablename__ = "case"
    id: UUID = Field(primary_key=True)
    number: str = Field(unique=True)
    unit_id: UUID = Field(foreign_key="unit.id", index=True)
    jurisdiction: str
    status: str
    opened_at: datetime = _at(null=False)
    closed_at: datetime | None = _at()
    revision: int = 0
    facts: dict[str, Any] = _json()
    report: dict[str, Any] = _json()
    chain_head: bytes = b""
    chain_length: int = 0
    __table_args__ = (Index("case_open_by_unit", "unit_id", "opened_at", postgresql_where=text("status = 'open'")),)


class ReportRow(SQLModel, table=True):
    """What arrived and opened a case; the words are sealed."""

    __tablename__ = "report"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    received_at: datetime = _at(null=False)
    recorded_at: datetime = _at(null=False)
    recorded_by: UUID | None = None
    sealed_answers: bytes | None = _sealed()


class PersonRow(SQLModel, table=True):
    """A person; who it is, is sealed under a key of its own."""

    __tablename__ = "person"
    id: UUID = Field(primary_key=True)
    unit_id: UUID = Field(foreign_key="unit.id", index=True)
    sealed_identity: bytes | None = _sealed()
    created_at: datetime = _at(null=False)


class PersonTokenRow(SQLModel, table=True):
    """A blind token by which a person can be found again: no value can be read from it."""

    __tablename__ = "person_token"
    person_id: UUID = Field(primary_key=True, foreign_key="person.id")
    kind: str = Field(primary_key=True)
    token: bytes = Field(primary_key=True)
    __table_args__ = (Index("person_token_by_token", "token", "kind"),)


class CasePersonRow(SQLModel, table=True):
    """A person in a case, in one role."""

    __tablename__ = "case_person"
    case_id: UUID = Field(primary_key=True, foreign_key="case.id")
    person_id: UUID = Field(primary_key=True, foreign_key="person.id", index=True)
    role: str = Field(primary_key=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    position: int = 1
    added_at: datetime = _at(null=False)
    removed_at: datetime | None = _at()


class DefinitionVersionRow(SQLModel, table=True):
    """A version of a definition: draft, published or retired. A published one never changes.

    `flattened` keeps the order of its keys, which is the order that people see.
    """

    __tablename__ = "definition_version"
    id: UUID = Field(primary_key=True)
    kind: str
    name: str
    version: int
    title: str
    status: str
    content_hash: str = Field(index=True)
    source: str
    flattened: dict[str, Any] = Field(default=None, sa_column=Column(JSON(), nullable=False))
    contract_hashes: dict[str, Any] = _json()
    author: str = ""
    approver: str = ""
    created_at: datetime = _at(null=False)
    published_at: datetime | None = _at()
    __table_args__ = (UniqueConstraint("kind", "name", "version"),)


class RunRow(SQLModel, table=True):
    """One passage of a case through a definition."""

    __tablename__ = "run"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    workflow: str = Field(index=True)
    version: int
    definition_hash: str = Field(index=True)
    status: str
    started_at: datetime = _at(null=False)
    zone: str
    calendar: str | None = None
    jurisdiction: str


class StepRow(SQLModel, table=True):
    """One occurrence of a step. Open answers are `outputs`; the others are sealed."""

    __tablename__ = "step"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    run_id: UUID = Field(foreign_key="run.id")
    key: str
    path: str = ""
    uses: str
    automatic: bool = False
    status: str
    opened_at: datetime | None = _at()
    opens_at: datetime | None = _at()
    ended_at: datetime | None = _at()
    recorded_at: datetime | None = _at()
    outcome: str | None = None
    outputs: dict[str, Any] = _json()
    gate: str | None = None
    completed_by: UUID | None = None
    series_over: bool = False
    turn: int = 1
    revision: int = 1
    added: dict[str, Any] | None = Field(default=None, sa_column=Column(json_object(), nullable=True))


class AnswerRow(SQLModel, table=True):
    """All answers of a step, sealed as one; the step's own open outputs are kept beside it in the step."""

    __tablename__ = "answer"
    step_id: UUID = Field(primary_key=True)
    turn: int = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    sealed_answers: bytes | None = _sealed()
    recorded_at: datetime = _at(null=False)


class WorkItemRow(SQLModel, table=True):
    """What a person must do."""

    __tablename__ = "work_item"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id")
    unit_id: UUID = Field(foreign_key="unit.id")
    run_id: UUID
    step_id: UUID
    step_key: str
    uses: str
    approval: bool = False
    status: str
    candidate_roles: list[str] = _texts()
    excluded_ids: list[UUID] = _ids()
    assignee_id: UUID | None = Field(default=None, foreign_key="actor.id")
    priority: int = 0
    opened_at: datetime = _at(null=False)
    ended_at: datetime | None = _at()
    revision: int = 1
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


class DraftRow(SQLModel, table=True):
    """What somebody has typed and not yet sent, and what preparing proposed: sealed."""

    __tablename__ = "draft"
    item_id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    sealed_answers: bytes | None = _sealed()
    sealed_proposals: bytes | None = _sealed()
    notes: list[str] = _texts()
    saved_at: datetime = _at(null=False)
    saved_by: UUID | None = None


class DeadlineRow(SQLModel, table=True):
    """The instant at which a time limit of a step falls due, and what fires next of it."""

    __tablename__ = "deadline"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    run_id: UUID
    step_id: UUID = Field(index=True)
    key: str
    path: str
    purpose: str
    limit: str
    law: str | None = None
    ladder: str
    zone: str
    calendar: str | None = None
    warn: list[str] = _texts()
    started_at: datetime = _at(null=False)
    due_at: datetime = _at(null=False)
    status: str
    breached_at: datetime | None = _at()
    ended_at: datetime | None = _at()
    fired: list[str] = _texts()
    next_at: datetime | None = _at()
    next_firing: str | None = None
    acknowledged_at: datetime | None = _at()
    failures: int = 0
    held_until: datetime | None = _at()
    pauses: list[dict[str, Any]] = _json("[]")
    extensions: list[dict[str, Any]] = _json("[]")
    raised: dict[str, Any] = _json()
    delay_owner: str | None = None
    critical: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    budget_seconds: int | None = Field(default=None, sa_type=BigInteger)
    consumed_seconds: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": text("0")})
    running_since: datetime | None = _at()
    discovered_at: datetime | None = _at()
    excluded: list[dict[str, Any]] = _json("[]")
    owner_named_at: datetime | None = _at()
    __table_args__ = (
        Index("deadline_next", "next_at", postgresql_where=text("status = 'open' AND next_at IS NOT NULL")),
        Index("deadline_next_critical", "next_at", postgresql_where=text("status = 'open' AND critical")),
        Index("deadline_open_by_unit", "unit_id", "due_at", postgresql_where=text("status = 'open'")),
        Index("deadline_discovered", "discovered_at", postgresql_where=text("discovered_at IS NOT NULL")),
        Index("deadline_aside", "failures", postgresql_where=text("status = 'open' AND failures >= 5")),
        Index("deadline_extended", "unit_id", postgresql_where=text("status = 'open' AND extensions <> '[]'::jsonb")),
    )


class IntervalRow(SQLModel, table=True):
    """A stretch of time that a limit may leave out."""

    __tablename__ = "interval"
    step_id: UUID = Field(primary_key=True)
    name: str = Field(primary_key=True)
    start: datetime = Field(default=None, sa_column=Column(instant(), primary_key=True))
    end: datetime | None = _at()
    has_place: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    sealed_place: bytes | None = _sealed()
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")


class JobRow(SQLModel, table=True):
    """An automatic piece of work in the outbox. `token` fences off a worker that lost it."""

    __tablename__ = "job"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    run_id: UUID | None = None
    step_id: UUID | None = Field(default=None, index=True)
    kind: str
    task: str
    payload: dict[str, Any] = _json()
    status: str = "ready"
    ready_at: datetime = _at(null=False)
    retries: int = 3
    retry_delay: str = "PT5S"
    timeout: str = "PT1M"
    attempt: int = 0
    token: int = 0
    lease_until: datetime | None = _at()
    worker: str | None = None
    batch_id: UUID | None = None
    held_by: UUID | None = None
    critical: bool = False
    gateway: str = ""
    announces: list[str] = _texts()
    flow_run_id: UUID | None = None
    task_run_id: UUID | None = None
    done_by: str | None = None
    error_code: str | None = None
    created_at: datetime = _at(null=False)
    finished_at: datetime | None = _at()
    __table_args__ = (
        Index("job_ready", "ready_at", postgresql_where=text("status = 'ready'")),
        Index("job_claimed", "lease_until", postgresql_where=text("status = 'claimed'")),
        Index("job_waiting_by_case", "case_id", postgresql_where=text("status IN ('ready', 'claimed')")),
        Index("job_failed", "case_id", postgresql_where=text("status IN ('aside', 'failed')")),
        Index("job_by_flow_run", "finished_at", postgresql_where=text("flow_run_id IS NOT NULL")),
    )


class DispatchRow(SQLModel, table=True):
    """Which batch serves a case at the moment."""

    __tablename__ = "dispatch"
    case_id: UUID = Field(primary_key=True, foreign_key="case.id")
    workflow: str
    batch_id: UUID | None = Field(default=None, index=True)


class BatchRow(SQLModel, table=True):
    """Cases handed to one flow run of one deployment."""

    __tablename__ = "batch"
    id: UUID = Field(primary_key=True)
    workflow: str
    case_ids: list[UUID] = _ids()
    case_numbers: list[str] = _texts()
    flow_run_id: UUID | None = None
    opened_at: datetime = _at(null=False)
    closed_at: datetime | None = _at()
    __table_args__ = (Index("batch_open", "opened_at", postgresql_where=text("closed_at IS NULL")),)


class MessageRow(SQLModel, table=True):
    """A message to one recipient; no personal data by construction. In-app messages are read here."""

    __tablename__ = "message"
    id: UUID = Field(primary_key=True)
    key: str = Field(unique=True)
    case_id: UUID | None = Field(default=None, foreign_key="case.id", index=True)
    unit_id: UUID | None = Field(default=None, foreign_key="unit.id")
    escalation_id: UUID | None = Field(default=None, index=True)
    kind: str
    recipient_id: UUID = Field(foreign_key="actor.id")
    subject: str
    body: str
    link: str = ""
    critical: bool = False
    created_at: datetime = _at(null=False)
    read_at: datetime | None = _at()
    html: str = Field(default="", sa_column_kwargs={"server_default": ""})
    digest_id: UUID | None = Field(default=None, index=True)
    token: str | None = Field(default=None, unique=True)
    __table_args__ = (Index("message_inbox", "recipient_id", "created_at"),)


class DeliveryRow(SQLModel, table=True):
    """One sending of a message by one channel."""

    __tablename__ = "delivery"
    id: UUID = Field(primary_key=True)
    message_id: UUID = Field(foreign_key="message.id", index=True)
    case_id: UUID | None = Field(default=None, foreign_key="case.id", index=True)
    unit_id: UUID | None = Field(default=None, foreign_key="unit.id")
    channel: str
    address: str
    status: str = "waiting"
    attempt: int = 0
    next_at: datetime = _at(null=False)
    sent_at: datetime | None = _at()
    error_code: str | None = None
    lane: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    first_tried_at: datetime | None = _at()
    tried_at: datetime | None = _at()
    dropped_by: UUID | None = None
    drop_reason: str = Field(default="", sa_column_kwargs={"server_default": ""})
    second_of: UUID | None = Field(default=None, index=True)
    __table_args__ = (
        Index("delivery_waiting", "channel", "next_at", postgresql_where=text("status = 'waiting'")),
        Index("delivery_dead", "case_id", postgresql_where=text("status = 'dead'")),
        Index("delivery_held", "status", "message_id", postgresql_where=text("status IN ('storm', 'digest')")),
    )


class EscalationRow(SQLModel, table=True):
    """A line of the ledger: planned, fired, to whom, acknowledged."""

    __tablename__ = "escalation"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    deadline_id: UUID = Field(foreign_key="deadline.id")
    level: int
    round: int = 1
    planned_at: datetime = _at(null=False)
    fired_at: datetime = _at(null=False)
    recipient_ids: list[UUID] = _ids()
    channels: list[str] = _texts()
    acknowledged_at: datetime | None = _at()
    acknowledged_by: UUID | None = None
    note: str = ""
    ladder: str = Field(default="", sa_column_kwargs={"server_default": ""})
    ladder_version: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})
    is_missed: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    step_id: UUID | None = None
    __table_args__ = (
        UniqueConstraint("deadline_id", "level", "round"),
        Index("escalation_fired", "fired_at"),
    )


class DocumentRow(SQLModel, table=True):
    """A paper made for a case: sealed, numbered, hashed."""

    __tablename__ = "document"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    step_id: UUID | None = Field(default=None, index=True)
    name: str
    title: str
    number: str
    version: int = 1
    sha256: str
    sealed_html: bytes | None = _sealed()
    made_at: datetime = _at(null=False)
    released_by: UUID | None = None
    released_at: datetime | None = _at()
    __table_args__ = (UniqueConstraint("case_id", "step_id", "name", "version"),)


class AttachmentRow(SQLModel, table=True):
    """A file that somebody added: sealed and hashed."""

    __tablename__ = "attachment"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    step_id: UUID | None = None
    media_type: str
    size: int
    sha256: str
    sealed_name: bytes | None = _sealed()
    sealed_content: bytes | None = _sealed()
    added_at: datetime = _at(null=False)
    added_by: UUID | None = None


class ConsentRow(SQLModel, table=True):
    """What a person agreed to share: with whom, for what, until when."""

    __tablename__ = "consent"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    person_id: UUID = Field(foreign_key="person.id")
    step_id: UUID | None = None
    kind: str
    purposes: list[str] = _texts()
    fields: list[str] = _texts()
    valid_until: datetime | None = _at()
    withdrawn_at: datetime | None = _at()
    recorded_at: datetime = _at(null=False)


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
    fields: list[str] = _texts()
    sealed_note: bytes | None = _sealed()
    sent_at: datetime = _at(null=False)
    due_at: datetime | None = _at()
    answered_at: datetime | None = _at()
    released_by: UUID | None = None
    answered_by: UUID | None = None
    reason_code: str = Field(default="", sa_column_kwargs={"server_default": ""})
    deadline_id: UUID | None = Field(default=None, index=True)


class GrantRow(SQLModel, table=True):
    """A unit that may see a case of another one, for a purpose, until an instant."""

    __tablename__ = "grant"
    id: UUID = Field(primary_key=True)
    case_id: UUID = Field(foreign_key="case.id", index=True)
    unit_id: UUID = Field(foreign_key="unit.id", index=True)
    purpose: str
    fields: list[str] = _texts()
    valid_until: datetime | None = _at()
    ended_at: datetime | None = _at()
    granted_at: datetime = _at(null=False)
    granted_by: UUID | None = None


class EventRow(SQLModel, table=True):
    """A link of a case's chain. The application may add rows; nobody may change or remove them."""

    __tablename__ = "event"
    case_id: UUID = Field(primary_key=True, foreign_key="case.id")
    seq: int = Field(primary_key=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    at: datetime = _at(null=False, index=True)
    actor_id: UUID | None = None
    type: str
    body: dict[str, Any] = _json()
    hash: bytes


class AbsenceRow(SQLModel, table=True):
    """A time during which an actor is away; a deputy, if one is named, is told instead."""

    __tablename__ = "absence"
    id: UUID = Field(primary_key=True)
    actor_id: UUID = Field(foreign_key="actor.id", index=True)
    deputy_id: UUID | None = Field(default=None, foreign_key="actor.id")
    starts_at: datetime = _at(null=False)
    ends_at: datetime = _at(null=False)
    noted_by: UUID | None = None
    noted_at: datetime = _at(null=False)
    cancelled_at: datetime | None = _at()


class ShiftRow(SQLModel, table=True):
    """Who is on call for a unit between two instants; a hand-over ends one shift and begins the next."""

    __tablename__ = "shift"
    id: UUID = Field(primary_key=True)
    unit_id: UUID = Field(foreign_key="unit.id")
    actor_id: UUID = Field(foreign_key="actor.id")
    starts_at: datetime = _at(null=False)
    ends_at: datetime = _at(null=False)
    taken_from: UUID | None = None
    noted_by: UUID | None = None
    noted_at: datetime = _at(null=False)
    cancelled_at: datetime | None = _at()
    __table_args__ = (Index("shift_by_unit", "unit_id", "starts_at"),)


class ConflictRow(SQLModel, table=True):
    """Somebody who must not be told of a case, since they may be part of what it is about."""

    __tablename__ = "conflict"
    case_id: UUID = Field(primary_key=True, foreign_key="case.id")
    actor_id: UUID = Field(primary_key=True, foreign_key="actor.id")
    reason_code: str
    noted_by: UUID | None = None
    noted_at: datetime = _at(null=False)
    ended_at: datetime | None = _at()


class PreferenceRow(SQLModel, table=True):
    """By which ways and at which hours a person wants to be told what is not critical."""

    __tablename__ = "preference"
    actor_id: UUID = Field(primary_key=True, foreign_key="actor.id")
    channels: list[str] = _texts()
    digest: str = "none"
    quiet_from: str = ""
    quiet_until: str = ""
    zone: str = ""
    changed_at: datetime = _at(null=False)


class ContactRow(SQLModel, table=True):
    """Where a person is reached by a channel; the address is sealed."""

    __tablename__ = "contact"
    actor_id: UUID = Field(primary_key=True, foreign_key="actor.id")
    channel: str = Field(primary_key=True)
    sealed_address: bytes | None = _sealed()
    changed_at: datetime = _at(null=False)


class ChannelSettingRow(SQLModel, table=True):
    """A gateway that an administrator has set up for an organisation; its address with credentials is sealed."""

    __tablename__ = "channel_setting"
    id: UUID = Field(primary_key=True)
    organisation_id: UUID | None = Field(default=None, foreign_key="organisation.id")
    channel: str
    sealed_url: bytes | None = _sealed()
    host: str
    enabled: bool = True
    rate_per_minute: int = 60
    changed_by: UUID | None = None
    changed_at: datetime = _at(null=False)
    __table_args__ = (UniqueConstraint("organisation_id", "channel"),)


class ChannelChangeRow(SQLModel, table=True):
    """A line that says who set up, changed, disabled or tried a gateway; never its address."""

    __tablename__ = "channel_change"
    id: UUID = Field(primary_key=True)
    setting_id: UUID = Field(index=True)
    act: str
    host: str
    rate_per_minute: int
    changed_by: UUID | None = None
    changed_at: datetime = _at(null=False)


class SpecialDayRow(SQLModel, table=True):
    """A day that an administrator has added to a calendar, or taken out again: who, when and why."""

    __tablename__ = "special_day"
    id: UUID = Field(primary_key=True)
    calendar: str = Field(index=True)
    day: date
    kind: str
    name: str
    reason: str = ""
    added_by: UUID | None = None
    added_at: datetime = _at(null=False)
    removed_by: UUID | None = None
    removed_at: datetime | None = _at()


class RecountRow(SQLModel, table=True):
    """A change after which open deadlines are counted again, and how far that has come."""

    __tablename__ = "recount"
    id: UUID = Field(primary_key=True)
    kind: str
    name: str
    asked_by: UUID | None = None
    asked_at: datetime = _at(null=False)
    after_case_id: UUID | None = None
    cases: int = 0
    moved: int = 0
    done_at: datetime | None = _at()
    __table_args__ = (Index("recount_open", "asked_at", postgresql_where=text("done_at IS NULL")),)


class EscalationAuditRow(SQLModel, table=True):
    """What one pass of the escalation auditor found."""

    __tablename__ = "escalation_audit"
    id: UUID = Field(primary_key=True)
    at: datetime = _at(null=False, index=True)
    checked: int = 0
    problems: list[dict[str, Any]] = _json("[]")


class CommandRow(SQLModel, table=True):
    """A command that was carried out, with its answer: the same command gets the same answer again."""

    __tablename__ = "command"
    id: UUID = Field(primary_key=True)
    case_id: UUID | None = None
    answer: dict[str, Any] = _json()
    at: datetime = _at(null=False, index=True)


class SessionRow(SQLModel, table=True):
    """A sign-in; only the hash of its token is kept."""

    __tablename__ = "session"
    token_hash: bytes = Field(primary_key=True)
    actor_id: UUID = Field(foreign_key="actor.id", index=True)
    created_at: datetime = _at(null=False)
    seen_at: datetime = _at(null=False)
    ended_at: datetime | None = _at()


class ApiKeyRow(SQLModel, table=True):
    """A key of a service account; only its hash is kept."""

    __tablename__ = "api_key"
    id: UUID = Field(primary_key=True)
    actor_id: UUID = Field(foreign_key="actor.id", index=True)
    key_hash: bytes = Field(unique=True)
    scopes: list[str] = _texts()
    valid_until: datetime | None = _at()
    created_at: datetime = _at(null=False)


class DataKeyRow(SQLModel, table=True):
    """The key of a case or a person, wrapped by the key file; destroying it makes its values unreadable for ever."""

    __tablename__ = "data_key"
    owner_id: UUID = Field(primary_key=True)
    version: int = Field(default=1, primary_key=True)
    wrapped: bytes | None = None
    wrapped_by: str
    created_at: datetime = _at(null=False)
    destroyed_at: datetime | None = _at()


class ServiceRow(SQLModel, table=True):
    """What a service last said of itself."""

    __tablename__ = "service"
    name: str = Field(primary_key=True)
    state: str
    since: datetime = _at(null=False)
    noted_at: datetime = _at(null=False)


class InstallationRow(SQLModel, table=True):
    """Facts of this installation: whether it is a demo, and how far its demo clock was moved."""

    __tablename__ = "installation"
    key: str = Field(primary_key=True)
    value: dict[str, Any] = _json()
