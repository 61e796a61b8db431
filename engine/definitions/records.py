"""Definitions, added days and recounts: as kept, and as people see them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from engine.core.policy import View
from engine.deadlines.records import DeadlineView, ExplanationView, ReasonView
from engine.errors import IcmcError, NotPossibleError


class StoredDefinition(NamedTuple):
    """A version of a definition as it is stored; `flattened` is what is compiled.

    It is the hub's, and everybody's, or that of one unit for its own cases: `owner_unit_id`.
    """

    id: UUID
    kind: str
    name: str
    version: int
    title: str
    status: str
    content_hash: str
    source: str
    flattened: Mapping[str, Any]
    author: str = ""
    published_at: datetime | None = None
    owner_unit_id: UUID | None = None

    def serves(self, unit_id: UUID) -> bool:
        """Whether it is for the cases of a unit."""
        return self.owner_unit_id is None or self.owner_unit_id == unit_id


class StoredDay(NamedTuple):
    """A day that somebody has added to a calendar: `kind` is `holiday` or `working`; `who` is their name."""

    id: UUID
    calendar: str
    day: date
    kind: str
    name: str
    reason: str
    added_by: UUID | None
    added_at: datetime
    who: str = ""


class StoredSignature(NamedTuple):
    """A lawyer's signature under one text of a limit; `place` is the jurisdiction of the unit that they signed for."""

    id: UUID
    limit_id: str
    text_hash: str
    name: str
    place: str
    signed_by: UUID
    signed_on: date
    signed_at: datetime
    source_read: str
    revoked_by: UUID | None = None
    revoked_at: datetime | None = None
    revoked_for: str = ""


class StoredDraft(NamedTuple):
    """The text of a definition as its author saved it; `number` counts what they saved, so that it can be undone.

    `base_hash` is the mark of what ran when the draft was begun, empty where nothing did.
    """

    id: UUID
    kind: str
    name: str
    author_id: UUID
    number: int
    source: str
    base_hash: str
    saved_at: datetime


class OpenRecount(NamedTuple):
    """A change after which deadlines are counted again, and the last case that was looked at."""

    id: UUID
    kind: str
    name: str
    after_case_id: UUID | None


class DefinitionView(View):
    """A published definition; `owner` is the unit whose own cases it is for, empty for what is everybody's."""

    kind: str
    name: str
    version: int
    title: str
    content_hash: str
    status: str
    author: str
    published_at: datetime | None
    owner: str = ""
    approver: str = ""
    source: str
    differs_from_file: bool = False


class RetirementView(View):
    """That a definition is to be retired, or was: by whom, why, and with whose agreement (UTC)."""

    kind: str
    name: str
    reason: str
    asked_by: str
    asked_at: datetime
    agreed_by: str = ""
    retired_at: datetime | None = None
    request_id: UUID


class MovedDeadline(View):
    """A deadline that a change would move, set or end.

    `effect` is one of: would_breach, stays_breached, moves, told_at_another_time, begins, ends. `told_before` and
    `told_after` are when something fires of it next.
    """

    case_id: UUID
    case_number: str
    step_key: str
    step_title: str
    zone: str
    effect: str
    before: datetime | None
    after: datetime | None
    told_before: datetime | None
    told_after: datetime | None


class WorkflowChange(View):
    """One thing that a new version of a workflow changes, as a sentence; `is_loss` as in a comparison."""

    workflow: str
    words: str
    is_loss: bool


class PreviewView(View):
    """What a change would do to the open cases that the viewer sees: of those of others nothing is told."""

    lines: tuple[MovedDeadline, ...]
    looked_at: int
    left_out: int
    changes: tuple[WorkflowChange, ...] = ()


class PointsToView(View):
    """What the answers point to under one definition of trafficking (`palermo`, `bns143`); never a finding of law.

    `truth` is one of: true, false, unknown. No reason names an answer that is masked.
    """

    person_label: str
    law: str
    truth: str
    words: str
    reasons: tuple[str, ...]
    missing: tuple[str, ...]


class LawOfCaseView(View):
    """The answer to "does this limit count here?".

    `applies` is one of: yes, no, unknown; what is unknown counts. `missing` names what has to be known for a final
    answer, `treated` how the limit is treated until then. `followed_by` are the deadlines of the case that follow it;
    where there is none, `would_be` says line by line when it would fall due (`would_be_due`, UTC), if its start is
    known. `others` names the versions of the limit that do not count here, with why.
    """

    case_id: UUID
    case_number: str
    limit_id: str
    what: str
    source: str
    term: str
    force: str
    confidence: str
    signed: str
    applies: str
    is_used: bool
    reasons: tuple[ReasonView, ...]
    missing: tuple[str, ...]
    treated: str
    followed_by: tuple[DeadlineView, ...]
    would_be: tuple[ReasonView, ...]
    would_be_due: datetime | None
    others: tuple[str, ...]


class LawExplanationView(LawOfCaseView):
    """The same with each of its deadlines explained: why it falls when it falls, and who is told when."""

    deadlines: tuple[ExplanationView, ...]


class UnknownLawLimitError(IcmcError):
    """Raised when a definition names a law limit that no published pack has."""

    code = "unknown-law-limit"
    sentence = "No published law pack has the limit {limit_id}."


class RetirementError(NotPossibleError):
    """Raised when a definition cannot be retired, since something that runs refers to it."""

    code = "still-in-use"
    sentence = "{refused} {problem}"


class SignatureError(NotPossibleError):
    """Raised when somebody cannot sign a limit of the law, or take a signature back, as they want."""

    code = "signature"
    sentence = "{limit_id} cannot be signed like that: {problem}"


class SpecialDayError(IcmcError):
    """Raised when a day cannot be added to a calendar, or taken back."""

    code = "special-day"
    sentence = "{day} in the calendar {calendar}: {problem}"
