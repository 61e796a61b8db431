"""When a closed case is due, and what a store of retention gives."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from engine.core.time.counting import due_at
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
