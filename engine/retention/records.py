"""How long data is kept: when a closed case is due, and what people see of holds, erasures, proposals, copies."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from engine.core.policy import View
from engine.core.time.counting import due_at
from engine.errors import NotPossibleError
from engine.language.limits import TimeLimit
from engine.language.retention import AtTheEnd, RetentionPolicy, RetentionRule


class Act(StrEnum):
    """What is proposed to a person."""

    ERASE = "erase"
    RESTRICT = "seal"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Proposed:
    """That a case is due: since when, and until when something else forbids to erase it (both UTC)."""

    act: Act
    due_at: datetime
    kept_until: datetime | None


def proposed(policy: RetentionPolicy, *, closed_at: datetime | None, zone: str, now: datetime) -> Proposed | None:
    """Say what is due for a case that closed at an instant; None for an open case and for one that is not due yet.

    It is due when the longest time of any class is over. Until the shortest time of every class is over it can only be
    sealed: kept, and used for nothing. `zone` is that of the case, by whose days months and years are counted.
    """
    if closed_at is None:
        return None
    rules = [rule for rule in policy.rules if rule.data.is_of_a_case]
    over = [(_after(closed_at, rule.at_most, zone), rule) for rule in rules]
    due = [(at, rule) for at, rule in over if at <= now]
    if not due:
        return None
    first = min(at for at, _ in due)
    kept_until = max(_after(closed_at, rule.at_least, zone) for rule in rules)
    if kept_until > now:
        return Proposed(Act.RESTRICT, first, kept_until)
    return Proposed(_act(rule for _, rule in due), first, None)


def still_kept(
    policy: RetentionPolicy, *, closed_at: datetime | None, zone: str, now: datetime
) -> tuple[RetentionRule, ...]:
    """List the rules whose shortest time still runs for a case, so that it is kept; all of them while it is open."""
    rules = tuple(rule for rule in policy.rules if rule.data.is_of_a_case)
    if closed_at is None:
        return rules
    return tuple(rule for rule in rules if _after(closed_at, rule.at_least, zone) > now)


def _act(rules: Iterable[RetentionRule]) -> Act:
    return Act.REVIEW if any(rule.then is AtTheEnd.REVIEW for rule in rules) else Act.ERASE


def _after(start: datetime, limit: TimeLimit, zone: str) -> datetime:
    return due_at(start, limit, zone=zone)


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
    decision: str = ""
    decided_at: datetime | None = None


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


class Revived(NamedTuple):
    """How much of each kind was ended or suspended after a restore."""

    sessions: int
    keys: int
    invitations: int
    partner_links: int
    grants: int
    requests: int


class RevivedPerson(NamedTuple):
    """Somebody who could act at the time of the backup, with their roles as `role of unit`."""

    id: UUID
    name: str
    email: str
    roles: tuple[str, ...]


class RevivedGrant(NamedTuple):
    """A grant that is suspended: of which case, to which unit, given when (UTC)."""

    case_number: str
    unit: str
    granted_at: datetime


class RevivedOffer(NamedTuple):
    """An offer that waits for an answer: of which case, to which unit, sent when (UTC); None is a partner outside."""

    case_number: str
    unit: str | None
    sent_at: datetime


class LegalHoldView(View):
    """Why nothing of a case may be erased; the words are left out."""

    id: UUID
    case_id: UUID
    case_number: str
    kind: str
    words: str
    placed_at: datetime
    placed_by: str
    lift_asked_by_id: UUID | None
    lift_asked_by: str
    lifted_at: datetime | None


class RestrictionView(View):
    """That a case is kept and used for nothing, and who holds it."""

    case_id: UUID
    case_number: str
    ground: str
    placed_at: datetime
    placed_by: str
    holder_id: UUID
    holder: str
    lift_asked_by_id: UUID | None
    lift_asked_by: str


class ErasureView(View):
    """That what identifies a person is to be destroyed, or was. `agreed` names role and person of who agreed.

    `copies` says of those in logs and backups whether they are `dead`, will be at `keys_gone_at` (`later`), or should
    be and are not (`late`).
    """

    id: UUID
    case_id: UUID
    case_number: str
    person_label: str
    status: str
    source: str
    ground: str
    asked_at: datetime
    asked_by: str
    asked_by_id: UUID | None
    agreed: tuple[str, ...]
    agreed_ids: tuple[UUID, ...]
    cooling_until: datetime | None
    ended_at: datetime | None
    ended_reason: str
    keys_gone_at: datetime | None
    copies: str


class ProposalView(View):
    """What a retention policy proposes for a case."""

    id: UUID
    case_id: UUID
    case_number: str
    act: str
    policy: str
    due_at: datetime
    kept_until: datetime | None


class EraseCopyView(View):
    """That our unit is asked to erase its copy of what was erased elsewhere."""

    id: UUID
    case_number: str
    unit: str
    sent_at: datetime
    due_at: datetime
    answered_at: datetime | None
    answer: str


class RetentionView(View):
    """All that waits or holds in the viewer's units."""

    erasures: tuple[ErasureView, ...]
    proposals: tuple[ProposalView, ...]
    holds: tuple[LegalHoldView, ...]
    restrictions: tuple[RestrictionView, ...]
    to_erase: tuple[EraseCopyView, ...]


class SheetView(View):
    """Lines of a copy as they go into a spreadsheet: only what everybody of the unit sees, nobody's name."""

    what: str
    header: tuple[str, ...]
    lines: tuple[tuple[str | int | datetime | None, ...], ...]


class ExportCopyView(View):
    """A copy that was asked for; `is_mine` for who asked."""

    id: UUID
    number: int
    asked_by: str
    is_mine: bool
    asked_at: datetime
    what: str
    purpose: str
    counted: int
    status: str
    answered_by: str
    expires_at: datetime
    fetched_at: datetime | None
    rows: int | None


class SubjectLine(View):
    """One thing that is held about a person."""

    label: str
    text: str


class SubjectSection(View):
    """What one step of a case holds about a person."""

    title: str
    at: datetime | None
    lines: tuple[SubjectLine, ...]
    is_unreadable: bool = False


class CorrectionView(View):
    """What was corrected or remarked upon, by whom, and why."""

    made_at: datetime
    made_by: str
    kind: str
    reason: str
    words: Mapping[str, str]


class SubjectView(View):
    """All that is held about a person in a case, for them to see."""

    case_id: UUID
    case_number: str
    person_id: UUID
    label: str
    roles: tuple[str, ...]
    unit: str
    contact: str
    zone: str
    since: datetime
    identity: tuple[SubjectLine, ...]
    sections: tuple[SubjectSection, ...]
    papers: tuple[SubjectLine, ...]
    consents: tuple[SubjectLine, ...]
    shared: tuple[SubjectLine, ...]
    coming: tuple[SubjectLine, ...]
    corrections: tuple[CorrectionView, ...]


class RetentionError(NotPossibleError):
    """Raised when data cannot be held, sealed, erased or copied as somebody wants."""

    code = "keeping"
    sentence = "{problem}"


class HeldError(RetentionError):
    """Raised when something must not be erased now; `reasons` says why, in words without names."""

    code = "held"
    sentence = "This cannot be erased now: {reasons}."
