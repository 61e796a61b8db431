"""Holds, seals, erasures and copies."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from engine.domain.keeping import CaseOfPerson, Erasure, ExportCopy, Hold, Restriction, Tombstone
from engine.domain.retention import Proposed
from engine.ports import JsonValue


class ClosedCase(NamedTuple):
    """A closed case, as a retention policy looks at it (UTC)."""

    id: UUID
    unit_id: UUID
    jurisdiction: str
    zone: str
    closed_at: datetime


class RetentionProposal(NamedTuple):
    """What a retention policy proposes for a case (UTC); `decision` is empty until a person has decided."""

    id: UUID
    case_id: UUID
    act: str
    policy: str
    due_at: datetime
    kept_until: datetime | None
    proposed_at: datetime
    decision: str
    decided_at: datetime | None


class ErasureNotice(NamedTuple):
    """That a unit which was given something of a case is asked to erase its copy (UTC)."""

    id: UUID
    erasure_id: UUID
    case_id: UUID
    unit_id: UUID
    sent_at: datetime
    due_at: datetime
    answered_by: UUID | None = None
    answered_at: datetime | None = None
    answer: str = ""
    case_number: str = ""


class Correction(NamedTuple):
    """That what is known of a person was corrected or remarked upon (UTC); the words are sealed."""

    id: UUID
    case_id: UUID
    person_id: UUID
    kind: str
    reason_code: str
    made_by: UUID | None
    made_at: datetime


class Keeping(Protocol):
    """How long data is kept: holds, seals, erasures, what retention proposes, corrections, copies."""

    def add_hold(self, hold: Hold, *, reason: str) -> None:
        """Write a hold, its reason sealed."""
        ...

    def hold(self, hold_id: UUID) -> Hold | None:
        """Load a hold, and keep others from changing it until the transaction ends."""
        ...

    def reason_of(self, hold: Hold) -> str:
        """Open why a case is held."""
        ...

    def save_hold(self, hold: Hold) -> None:
        """Write a hold as it is now."""
        ...

    def add_restriction(self, restriction: Restriction) -> bool:
        """Seal a case; gives whether it was not sealed already."""
        ...

    def restriction_of(self, case_id: UUID) -> Restriction | None:
        """Load the seal that holds for a case now, and keep others from changing it until the transaction ends."""
        ...

    def seals_of(self, holder_id: UUID) -> tuple[Restriction, ...]:
        """List the seals that hold now and whose holder somebody is."""
        ...

    def save_restriction(self, restriction: Restriction) -> None:
        """Write a seal as it is now."""
        ...

    def add_erasure(self, erasure: Erasure) -> bool:
        """Write that somebody is to be erased; gives False when that was asked for already and is not over."""
        ...

    def erasure(self, erasure_id: UUID) -> Erasure | None:
        """Load an erasure with who agreed, and keep others from changing it until the transaction ends."""
        ...

    def save_erasure(self, erasure: Erasure) -> None:
        """Write an erasure over the revision before it; raises `ConflictError` when somebody else was first."""
        ...

    def ripe(self, *, now: datetime, most: int) -> tuple[UUID, ...]:
        """List the erasures that were agreed to and have cooled off, the earliest first."""
        ...

    def is_erased(self, person_id: UUID) -> bool:
        """Say whether a person was erased."""
        ...

    def cases_of(self, person_ids: Sequence[UUID]) -> tuple[CaseOfPerson, ...]:
        """Load what must be known of every case of a person, under all of their ids, those too that they have left."""
        ...

    def receivers_of(self, case_ids: Sequence[UUID]) -> tuple[tuple[UUID, UUID], ...]:
        """List which other units were given something of cases, ever: case and unit."""
        ...

    def bury(self, tombstone: Tombstone) -> None:
        """Write what was erased, once."""
        ...

    def tombstones(self) -> tuple[Tombstone, ...]:
        """Load all tombstones, the earliest first."""
        ...

    def wipe(self, tombstone: Tombstone) -> None:
        """Delete what a person could be found by, their files, and what waits unsent of cases nobody is left in."""
        ...

    def add_notice(self, notice: ErasureNotice) -> bool:
        """Write that a unit is asked to erase its copy, once."""
        ...

    def notice(self, notice_id: UUID) -> ErasureNotice | None:
        """Load such a request."""
        ...

    def answer_notice(self, notice_id: UUID, *, answer: str, by: UUID, at: datetime) -> bool:
        """Write what a unit did with its copy; gives whether it had not answered yet."""
        ...

    def closed_cases(self, *, after: UUID | None, most: int) -> tuple[ClosedCase, ...]:
        """List closed cases by id in which somebody is still known, those after one that was looked at already."""
        ...

    def propose(
        self,
        proposal_id: UUID,
        case: ClosedCase,
        proposed: Proposed,
        *,
        policy: str,
        version: int,
        at: datetime,
    ) -> bool:
        """Write that a case is due, unless that waits for a decision or was decided in the same way since it closed."""
        ...

    def drop_proposals(self, case_id: UUID, *, by: UUID | None, at: datetime) -> None:
        """Let what waits for a decision about a case be off, since it goes on."""
        ...

    def proposal(self, proposal_id: UUID) -> RetentionProposal | None:
        """Load what is proposed, and keep others from deciding it until the transaction ends."""
        ...

    def decide(self, proposal_id: UUID, *, decision: str, by: UUID, at: datetime) -> None:
        """Write what somebody decided about what is proposed."""
        ...

    def add_correction(
        self, correction: Correction, *, before: Mapping[str, JsonValue], words: Mapping[str, JsonValue]
    ) -> None:
        """Write a correction or a remark; what was known before and what is said now are sealed for the person."""
        ...

    def add_copy(self, copy: ExportCopy) -> ExportCopy:
        """Write that a copy is wanted; gives it with its number, which nobody else has."""
        ...

    def count_copies(self, asked_by: UUID, *, since: datetime) -> int:
        """Count how many copies somebody has asked for after an instant."""
        ...

    def copy(self, copy_id: UUID) -> ExportCopy | None:
        """Load a copy, and keep others from changing it until the transaction ends."""
        ...

    def save_copy(self, copy: ExportCopy) -> None:
        """Write a copy over the revision before it; raises `ConflictError` when somebody else was first."""
        ...

    def expire_copies(self, *, now: datetime) -> int:
        """End the copies that nobody fetched or answered in time; gives how many."""
        ...
