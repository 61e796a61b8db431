"""The records of a case: what is true of it now."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, Self
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field

from engine.language.law import KeptUntil

Scalar = bool | int | float | str | datetime


class Record(BaseModel):
    """The base of every record: frozen, closed."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with other values for some fields, as pydantic does, in a third of its time."""
        if deep:
            return super().model_copy(update=update, deep=deep)
        changes = update or {}
        copied = object.__new__(type(self))
        set_on = object.__setattr__
        set_on(copied, "__dict__", {**self.__dict__, **changes})
        set_on(copied, "__pydantic_fields_set__", self.__pydantic_fields_set__ | changes.keys())
        set_on(copied, "__pydantic_extra__", None)
        set_on(copied, "__pydantic_private__", None)
        return copied


class StepStatus(StrEnum):
    """Where a step stands. A step that has not been reached has no record."""

    SCHEDULED = "scheduled"
    HELD = "held"
    READY = "ready"
    APPROVAL = "approval"
    ENDED = "ended"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


LIVE = frozenset({StepStatus.SCHEDULED, StepStatus.HELD, StepStatus.READY, StepStatus.APPROVAL})
"""The statuses of a step that still has something to be done."""

OPEN = frozenset({StepStatus.READY, StepStatus.APPROVAL})
"""The statuses of a step that somebody can work on now."""


class ItemStatus(StrEnum):
    """The statuses of a work item, as in WS-HumanTask."""

    READY = "ready"
    RESERVED = "reserved"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class RunStatus(StrEnum):
    """Whether a run goes on."""

    OPEN = "open"
    OVER = "over"
    ABORTED = "aborted"


class CaseStatus(StrEnum):
    """Whether a case goes on."""

    OPEN = "open"
    CLOSED = "closed"


class Purpose(StrEnum):
    """What a timer is for: a limit that somebody must keep, or the opening of a step at an appointed time."""

    LIMIT = "limit"
    APPROVAL = "approval"
    OPENING = "opening"


class DeadlineStatus(StrEnum):
    """Whether a deadline still runs; a breach is a fact beside it and never goes away."""

    OPEN = "open"
    MET = "met"
    ENDED = "ended"


class PersonRole(StrEnum):
    """What a person is in a case; one person can be several things, in several links."""

    VICTIM = "victim"
    POSSIBLE_VICTIM = "possible_victim"
    SUSPECT = "suspect"
    WITNESS = "witness"
    INFORMANT = "informant"
    GUARDIAN = "guardian"
    FAMILY = "family"


class RoleStatus(StrEnum):
    """How sure it is that a person is this in a case; a role that was disproved is over."""

    STATED = "stated"
    LIKELY = "likely"
    CONFIRMED = "confirmed"
    DISPROVED = "disproved"


def path_of_person(person_id: UUID) -> str:
    """Return the path of what is done for one person."""
    return f"person:{person_id}"


class CasePerson(Record):
    """The link between a person and a case. Names live elsewhere, sealed.

    `added_at` and `removed_at` are when the case was told (UTC); `from_on` and `until_on` are the days, in the zone of
    the case, from and until which the person was this, as far as anybody knows.
    """

    person_id: UUID
    role: PersonRole
    added_at: datetime
    removed_at: datetime | None = None
    status: RoleStatus = RoleStatus.STATED
    from_on: date | None = None
    until_on: date | None = None


class Origin(Record):
    """The line of a published definition that brought a step.

    It is the follow-up of this name, of the step of this key (of a step type, where the step stands in no file), or
    what that says of coming `again`.
    """

    definition: str
    step: str
    follow_up: str
    again: bool = False


class AddedStep(Record):
    """What a caseworker, or a level of a ladder, said of a step that the workflow did not foresee.

    A step that a level opened names the deadline it is for: it is called off when that deadline is over. One that the
    answer of a step brought is named by its `follow_up`; until `opens_at` (UTC) it waits, and keeps no run open.
    `origin` is where a follow-up is declared, also one that an act brought. Without either a person added it.
    A limit in working days counts by the calendar of `place`, a country or State, where one is named.
    """

    uses: str
    title: str
    from_at: datetime | None = None
    limit: str | None = None
    law: str | None = None
    ladder: str = "standard"
    exclude: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    for_deadline: UUID | None = None
    settings: Mapping[str, str] = Field(default_factory=dict)
    opens_at: datetime | None = None
    follow_up: str = ""
    origin: Origin | None = None
    place: str = ""


TELLS: Final = "tells:"
"""Begins the name under which a step keeps an answer on which a limit of the law depends; no declared output has it."""


class Step(Record):
    """One occurrence of a step. `ended_at` is when it happened, `recorded_at` when it was told (both UTC)."""

    id: UUID
    run_id: UUID
    key: str
    path: str = ""
    uses: str
    automatic: bool = False
    status: StepStatus
    opened_at: datetime | None = None
    opens_at: datetime | None = None
    ended_at: datetime | None = None
    recorded_at: datetime | None = None
    outcome: str | None = None
    outputs: Mapping[str, Scalar] = Field(default_factory=dict)
    gate: str | None = None
    completed_by: UUID | None = None
    series_over: bool = False
    turn: int = 1
    revision: int = 1
    added: AddedStep | None = None

    @property
    def tells(self) -> bool:
        """Whether it has ended, and told something on which a limit of the law may depend."""
        return (
            self.status is StepStatus.ENDED
            and self.ended_at is not None
            and any(name[:6] == TELLS for name in self.outputs)
        )

    @property
    def base_path(self) -> str:
        """The path without the round of a repetition."""
        if "r:" not in self.path:
            return self.path
        return "/".join(part for part in self.path.split("/") if not part.startswith("r:"))

    @property
    def round(self) -> int:
        """Which repetition this is, from 1; 1 for a step that does not repeat."""
        if "r:" not in self.path:
            return 1
        return next((int(part[2:]) for part in self.path.split("/") if part.startswith("r:")), 1)


class StepInterval(Record):
    """A stretch of time recorded on a step that a limit may leave out (UTC).

    Where it led is sealed elsewhere; `has_place` says that it was told. A limit of the law leaves out only a stretch
    whose place was told.
    """

    step_id: UUID
    name: str
    start: datetime
    end: datetime | None = None
    has_place: bool = False


class Excluded(Record):
    """A stretch of time that a deadline does not count, such as a journey with both its ends (UTC)."""

    name: str
    start: datetime
    end: datetime


class DelayOwner(StrEnum):
    """Whose delay it is when a limit is not kept. Only `ours` counts in the measures of staff; all count in reports."""

    OURS = "ours"
    OTHER_BODY = "other_body"
    PERSONS_CHOICE = "persons_choice"
    FORCE_MAJEURE = "force_majeure"


class Pause(Record):
    """A time during which a limit of the programme stands still; it goes on by itself at `until` (UTC)."""

    start: datetime
    until: datetime
    reason_code: str
    by: UUID | None = None


class Extension(Record):
    """More time that somebody asked for; it counts once a second person has approved it (UTC)."""

    more: str
    reason_code: str
    asked_at: datetime
    asked_by: UUID | None = None
    answered_at: datetime | None = None
    answered_by: UUID | None = None
    is_approved: bool = False


class Owes(StrEnum):
    """Whose calendar and zone a time limit is counted by: that of whoever owes it, as far as is known."""

    PARTNER = "partner"
    STEP = "step"
    ADDED = "added"
    LAW = "law"
    UNIT = "unit"
    CASE = "case"


class CallOutcome(StrEnum):
    """What came of ringing someone once."""

    REACHED = "reached"
    ACKNOWLEDGED = "acknowledged"
    LEFT_MESSAGE = "left_message"
    NOT_REACHED = "not_reached"


class CallEnd(StrEnum):
    """Why someone need not be rung any more."""

    REACHED = "reached"
    ACKNOWLEDGED = "acknowledged"
    OVER = "over"
    HAS_IT = "has_it"
    BARRED = "barred"


class Asking(Record):
    """A level of a ladder, at one of its rounds, asks that someone is rung (UTC)."""

    level: int
    round: int = 1
    at: datetime


class Ringing(Record):
    """Someone rang, at `at`, and wrote it down at `noted_at` (UTC). What was said is sealed beside the event."""

    at: datetime
    outcome: CallOutcome
    by: UUID | None = None
    noted_at: datetime
    has_words: bool = False


class LateCall(Record):
    """One person of the network (`actor_id`), or one body outside it (`body`), who is to be rung about what is late.

    Whichever levels and rounds ask for it, it is one call. It ends when they were reached, when someone acknowledges or
    when the deadline ends; a level that asks again afterwards opens it again.
    """

    id: UUID
    actor_id: UUID | None = None
    body: str = ""
    askings: tuple[Asking, ...] = ()
    ringings: tuple[Ringing, ...] = ()
    ended_at: datetime | None = None
    ended: CallEnd | None = None


class Deadline(Record):
    """The instant at which one time limit of one step falls due. All instants are UTC.

    `budget_seconds` is the running time that the limit leaves, from start to due time without what is `excluded` and
    without pauses; `consumed_seconds` is what has passed of it at `running_since`, the end of the last such stretch (or
    the start). A limit that stands still has a `running_since` that is still to come, and in every case
    `due_at == running_since + budget - consumed`.

    `raised` keeps when each level was told, under the names of `fired`, and under `m:1` that nobody could be told of
    level 1. `calls` are whom its levels ask to ring. A limit of the law in days is kept beyond its due time, which
    warns, until `late_at`: the end of its last day or whatever `kept_until` says; only from then on it is breached,
    and the breach is still dated at `due_at`.
    `owner_named_at` is when a person said whose delay it is; until then `delay_owner` is what the ladder says.
    """

    id: UUID
    run_id: UUID
    step_id: UUID
    key: str
    path: str
    purpose: Purpose = Purpose.LIMIT
    limit: str
    law: str | None
    ladder: str
    zone: str
    calendar: str | None
    warn: tuple[str, ...]
    started_at: datetime
    due_at: datetime
    status: DeadlineStatus = DeadlineStatus.OPEN
    breached_at: datetime | None = None
    ended_at: datetime | None = None
    fired: tuple[str, ...] = ()
    next_at: datetime | None = None
    next_firing: str | None = None
    acknowledged_at: datetime | None = None
    pauses: tuple[Pause, ...] = ()
    extensions: tuple[Extension, ...] = ()
    raised: Mapping[str, datetime] = Field(default_factory=dict)
    delay_owner: DelayOwner | None = None
    critical: bool = False
    budget_seconds: int | None = None
    consumed_seconds: int = 0
    running_since: datetime | None = None
    discovered_at: datetime | None = None
    excluded: tuple[Excluded, ...] = ()
    owner_named_at: datetime | None = None
    kept_until: KeptUntil = KeptUntil.INSTANT
    late_at: datetime | None = None
    counted_by: Owes = Owes.CASE
    calls: tuple[LateCall, ...] = ()

    @property
    def escalating_since(self) -> datetime | None:
        """When its escalation began: it was breached, or a level was told before that (UTC); None while it has not."""
        told = (at for name, at in self.raised.items() if name.startswith("l:"))
        return min((at for at in (self.breached_at, *told) if at is not None), default=None)

    @property
    def late_from(self) -> datetime:
        """From when on it is late: its due time, or the end of its last day (UTC)."""
        return self.late_at or self.due_at

    @property
    def leaves_traces(self) -> bool:
        """Return whether it must be known of after it has ended, in case it begins to run again."""
        return bool(self.fired or self.pauses or self.extensions or self.delay_owner)


class Run(Record):
    """One passage of a case through a definition; pinned to the definition's content hash."""

    id: UUID
    workflow: str
    version: int
    definition_hash: str
    status: RunStatus = RunStatus.OPEN
    started_at: datetime
    zone: str
    calendar: str | None
    jurisdiction: str


class Case(Record):
    """One matter, from report to closure.

    A case that was `merged_into` another is a stub: what was open in it goes on, but nothing new is begun in it. One
    that also `rests` does nothing at all until it is unmerged.
    """

    id: UUID
    number: str
    unit_id: UUID
    jurisdiction: str
    status: CaseStatus = CaseStatus.OPEN
    opened_at: datetime
    closed_at: datetime | None = None
    revision: int = 0
    chain_head: bytes = b""
    chain_length: int = 0
    merged_into: UUID | None = None
    rests: bool = False


_NAMED: Final = 4096
"""How many names are kept: those of a case are asked for again and again while it is decided what follows."""


@lru_cache(_NAMED)
def step_id(run_id: UUID, key: str, path: str) -> UUID:
    """Name an occurrence of a step: the same run, key and path have the same id for ever."""
    return uuid5(run_id, f"{key}|{path}")


@lru_cache(_NAMED)
def deadline_id(of_step: UUID, purpose: Purpose, *, turn: int = 1) -> UUID:
    """Name the deadline that one occurrence of a step has for one purpose, at each turn."""
    return uuid5(of_step, f"deadline|{purpose}" if turn == 1 else f"deadline|{purpose}|{turn}")


def call_id(of_step: UUID, whom: UUID | str) -> UUID:
    """Name the call to an actor, or to a body by its name, about what is late of a step."""
    return uuid5(of_step, f"call|{whom}")


@lru_cache(_NAMED)
def item_id(of_step: UUID, *, turn: int, approval: bool) -> UUID:
    """Name a work item: of the answer or of its approval, at each turn."""
    return uuid5(of_step, f"{'approval' if approval else 'answer'}|{turn}")
