"""Holds, seals, erasures, copies: what may happen to data at the end of its life, and who must agree. Pure."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple, Self
from uuid import UUID

from engine.core.records import Record, Step
from engine.errors import AlreadyEndedError

COOLING_OFF: Final = timedelta(days=7)
KEPT_SINCE: Final = "key_period"
"""The fact that says since when (UTC) the oldest period of keys runs: what was erased before is dead in any copy."""
QUIET_AFTER_DANGER: Final = timedelta(days=90)
ANSWER_OF_RECEIVERS: Final = timedelta(days=30)
ROWS_ALONE: Final = 50
"""How many rows a copy may have without a second person."""
MOST_ROWS: Final = 20_000
"""How many rows one copy may have at all."""
COPY_LIVES: Final = timedelta(hours=24)


class LegalHoldKind(StrEnum):
    """Why nothing of a case may be erased."""

    APPEAL = "appeal"
    CLAIM = "claim"
    COURT_ORDER = "court_order"
    INVESTIGATION = "investigation"
    COMPLAINT = "complaint"


HOLD_WORDS: Final[Mapping[str, str]] = {
    LegalHoldKind.APPEAL: "an appeal is open",
    LegalHoldKind.CLAIM: "a claim for compensation is open",
    LegalHoldKind.COURT_ORDER: "a court has ordered it to be kept",
    LegalHoldKind.INVESTIGATION: "an investigation needs it",
    LegalHoldKind.COMPLAINT: "there is a complaint about how the case was handled",
}
GROUNDS_TO_ERASE: Final[Mapping[str, str]] = {
    "consent_withdrawn": "The person no longer agrees to our keeping it",
    "no_longer_needed": "It is no longer needed for its purpose",
    "unlawful": "It should not have been recorded",
    "time_over": "The longest retention time is over",
}
GROUNDS_TO_RESTRICT: Final[Mapping[str, str]] = {
    "accuracy_contested": "The person says that it is wrong, and this is being looked into",
    "unlawful_but_kept": "It should not have been recorded, and the person wants it kept",
    "needed_for_claims": "We no longer need it, but the person does, for a claim",
    "objection": "The person objects, and this is being looked into",
    "minimum_runs": "It must no longer be used, and must not be erased yet",
}
PURPOSES_OF_COPIES: Final[Mapping[str, str]] = {
    "supervision": "To review the work of the unit",
    "report_to_authority": "To report to an authority",
    "court": "For a court",
    "audit": "For an audit",
    "planning": "To plan people and money",
}
ENDS_OF_ERASURES: Final[Mapping[str, str]] = {
    "identity_not_sure": "It is not certain that the person asked for it",
    "must_be_kept": "A law or a court requires it to be kept",
    "danger": "Someone might want to hide what was done",
    "changed_mind": "The person has changed their mind",
}


class _Liftable(Record):
    """What one person sets on a case, and is taken away only when a second one agrees (UTC)."""

    id: UUID
    case_id: UUID
    placed_by: UUID | None
    placed_at: datetime
    lifted_by: UUID | None = None
    lifted_at: datetime | None = None

    @property
    def is_live(self) -> bool:
        """Whether it still holds."""
        return self.lifted_at is None

    def require_live(self) -> None:
        """Refuse one that was lifted; raises `AlreadyEndedError`."""
        if not self.is_live:
            raise AlreadyEndedError(kind=_name(self))

    def lift(self, by: UUID, at: datetime) -> Self:
        """Give it lifted; raises `AlreadyEndedError`."""
        self.require_live()
        return self.model_copy(update={"lifted_by": by, "lifted_at": at})


class Hold(_Liftable):
    """Nothing of a case is erased; work goes on as before. Why is kept sealed, beside it."""

    kind: LegalHoldKind


class Restriction(_Liftable):
    """A case is kept and used for nothing: only its holder and the data-protection officer see it.

    Source: GDPR Art. 18; the deploying body's lawyer says where it applies.
    """

    ground_code: str
    holder_id: UUID


class ErasureStatus(StrEnum):
    """How far an erasure has come."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    DONE = "done"


class ErasureSource(StrEnum):
    """Who wants it: the person, heard by a safe contact; an officer; or the retention policy."""

    SUBJECT = "subject"
    OFFICER = "officer"
    RETENTION = "retention"


class Erasure(Record):
    """That what identifies a person is to be destroyed (all instants UTC).

    Two people agree who did not ask, each in another role. Then it cools off, and is done by the system, unless
    something stands against it by then. `keys_gone_at` is when the key of the period goes in which it was done: without
    it no copy in logs and backups opens.
    """

    id: UUID
    case_id: UUID
    person_id: UUID
    source: ErasureSource
    ground_code: str
    asked_by: UUID | None
    asked_at: datetime
    status: ErasureStatus = ErasureStatus.ASKED
    cooling_until: datetime | None = None
    ended_at: datetime | None = None
    ended_by: UUID | None = None
    ended_reason: str = ""
    keys_gone_at: datetime | None = None
    revision: int = 1

    @property
    def is_open(self) -> bool:
        """Whether it may still come to be done."""
        return self.status in {ErasureStatus.ASKED, ErasureStatus.APPROVED}

    def is_ripe(self, now: datetime) -> bool:
        """Whether it was agreed to, and has cooled off."""
        return self.status is ErasureStatus.APPROVED and self.cooling_until is not None and self.cooling_until <= now

    def cool_off(self, at: datetime) -> Self:
        """Say that those who must have agreed; raises `AlreadyEndedError`."""
        if self.status is not ErasureStatus.ASKED:
            raise AlreadyEndedError(kind="erasure")
        changes = {"status": ErasureStatus.APPROVED, "cooling_until": at + COOLING_OFF}
        return self.model_copy(update={**changes, "revision": self.revision + 1})

    def end(self, status: ErasureStatus, *, by: UUID | None, at: datetime, reason: str) -> Self:
        """Refuse it or take it back; raises `AlreadyEndedError` for one that is over."""
        if not self.is_open:
            raise AlreadyEndedError(kind="erasure")
        changes = {"status": status, "ended_by": by, "ended_at": at, "ended_reason": reason}
        return self.model_copy(update={**changes, "revision": self.revision + 1})

    def done(self, at: datetime, *, keys_gone_at: datetime) -> Self:
        """Say that it was carried out, and when the period ends."""
        changes = {"status": ErasureStatus.DONE, "ended_at": at, "keys_gone_at": keys_gone_at}
        return self.model_copy(update={**changes, "revision": self.revision + 1})


class CaseOfPerson(Record):
    """What must be known of a case before a person of it is erased (UTC)."""

    case_id: UUID
    number: str
    unit_id: UUID
    jurisdiction: str
    zone: str
    closed_at: datetime | None
    is_last: bool
    """Whether nobody else of the case is still known."""
    danger_at: datetime | None
    """When a critical limit of it was breached last."""
    holds: tuple[LegalHoldKind, ...] = ()


class Tombstone(Record):
    """What was erased, by random ids only (UTC): enough to erase it again in a backup that is restored."""

    id: UUID
    person_id: UUID
    case_ids: tuple[UUID, ...]
    key_owners: tuple[UUID, ...]
    approved_by: tuple[UUID, ...]
    source: str
    erased_at: datetime


def reasons_against(cases: Iterable[CaseOfPerson], *, kept: Collection[str], now: datetime) -> tuple[str, ...]:
    """Say why a person cannot be erased now, in words without names; empty when nothing stands against it.

    `kept` names the classes of data whose shortest time still runs, by the policy of the place.
    """
    found: dict[str, None] = {}
    cases = tuple(cases)
    for case in cases:
        if case.closed_at is None:
            found["a case of theirs is open"] = None
        for kind in case.holds:
            found[HOLD_WORDS[kind]] = None
        if case.danger_at is not None and case.danger_at > now - QUIET_AFTER_DANGER:
            found["life was in danger in the last 90 days"] = None
    if kept and not any(case.closed_at is None for case in cases):
        found[f"the shortest retention time still runs for: {', '.join(sorted(kept))}"] = None
    return tuple(found)


class CopyStatus(StrEnum):
    """How far a copy has come: asked for, ready to be fetched once, fetched, refused, or never fetched in time."""

    ASKED = "asked"
    READY = "ready"
    FETCHED = "fetched"
    REFUSED = "refused"
    EXPIRED = "expired"


class ExportCopy(Record):
    """A copy in a spreadsheet (UTC). Its content is made when it is fetched, and kept nowhere."""

    id: UUID
    number: int
    asked_by: UUID
    unit_id: UUID | None
    asked_at: datetime
    what: str
    purpose_code: str
    chosen: Mapping[str, Any] = {}
    counted: int
    status: CopyStatus
    answered_by: UUID | None = None
    answered_at: datetime | None = None
    token_hash: bytes | None = None
    expires_at: datetime
    fetched_at: datetime | None = None
    rows: int | None = None
    sha256: str = ""
    revision: int = 1

    def answer(self, by: UUID, at: datetime, *, agreed: bool) -> Self:
        """Say what a second person answered; raises `AlreadyEndedError`."""
        if self.status is not CopyStatus.ASKED or self.expires_at <= at:
            raise AlreadyEndedError(kind="copy")
        status = CopyStatus.READY if agreed else CopyStatus.REFUSED
        changes = {"status": status, "answered_by": by, "answered_at": at, "expires_at": at + COPY_LIVES}
        return self.model_copy(update={**changes, "revision": self.revision + 1})

    def fetch(self, at: datetime, *, rows: int, sha256: str) -> Self:
        """Say that it was fetched; a second time raises `AlreadyEndedError`."""
        if self.status is not CopyStatus.READY or self.expires_at <= at:
            raise AlreadyEndedError(kind="copy")
        changes = {"status": CopyStatus.FETCHED, "fetched_at": at, "rows": rows, "sha256": sha256, "token_hash": None}
        return self.model_copy(update={**changes, "revision": self.revision + 1})


class CopyMark(NamedTuple):
    """What stands in every copy: its number, for whom it was made, when (in the words of their zone), and for what."""

    number: int
    name: str
    at: str
    purpose: str

    @property
    def sentence(self) -> str:
        """Say it in one line."""
        return f"Copy {self.number}, made for {self.name} on {self.at}: {self.purpose}. Do not pass it on."


def key_of_step(step: Step) -> UUID | None:
    """Return the person whose key seals what a step tells; None for a step of the whole case, whose key it is then."""
    for part in step.path.split("/"):
        kind, _, value = part.partition(":")
        if kind == "person":
            return UUID(value)
    return None


def needs_second_person(rows: int) -> bool:
    """Return whether a copy of so many rows needs a second person."""
    return rows > ROWS_ALONE


def _name(liftable: _Liftable) -> str:
    return "hold" if isinstance(liftable, Hold) else "seal"
