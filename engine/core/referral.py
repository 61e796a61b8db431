"""A referral: work that is offered to another unit or partner, which accepts or declines it."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from engine.core.records import Record
from engine.errors import AlreadyEndedError

KIND: Final = "referral"
"""How the table of what was sent names an offer of work without more."""


class ReferralKind(StrEnum):
    """What the other side is asked for."""

    REFERRAL = "referral"
    TRANSFER = "transfer"
    CONSULTATION = "consultation"


class ReferralStatus(StrEnum):
    """How far a referral has come.

    One that is held waits for who may release it, and one that was dropped was called back before: nobody was told.
    """

    HELD = "held"
    DROPPED = "dropped"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    RECALLED = "recalled"
    ENDED = "ended"


AWAIT: Final = "core.await_answer"
"""The step in which a case waits for an answer."""
ANSWER_WITHIN: Final = {"critical": timedelta(hours=4), "high": timedelta(hours=24), "other": timedelta(days=3)}
"""How long the other side has for its answer, by how urgent it is."""

UNSEEN: Final = frozenset({ReferralStatus.HELD, ReferralStatus.DROPPED})
"""What the other side never heard of."""

_OPEN: Final = frozenset({ReferralStatus.HELD, ReferralStatus.OFFERED})


class Referral(Record):
    """Work of a case, offered to another unit or partner (all instants UTC).

    `fields` is what the other side is shown once it has accepted, named as in a grant; before, it sees the purpose, the
    help that is needed, how urgent it is and the number of the case. Fields leave on a consent or a ground in law, and
    only of the `persons` of the case for whom that holds: who has consented, or those who were chosen.
    `asked_by` is who wanted it, `released_by` the one who answers for it and `second_by` the second person, where two
    are needed; nobody of them, when a level of a ladder made the offer. `due_at` is when the answer is due, and
    `answer_step_id` the step that waits for it; without one it is due when the step is that it is for. `after_id` is
    the referral that this one follows, which was declined or called back. `keep_days` is how long the old unit may
    still look at a case that it has handed over. A partner outside the network has a name instead of a unit.
    """

    id: UUID
    case_id: UUID
    unit_id: UUID
    to_unit_id: UUID | None = None
    to_name: str = ""
    to_kind: str = ""
    step_id: UUID | None = None
    deadline_id: UUID | None = None
    kind: ReferralKind = ReferralKind.REFERRAL
    status: ReferralStatus = ReferralStatus.OFFERED
    purpose: str = ""
    help: str = ""
    urgency: str = ""
    fields: tuple[str, ...] = ()
    persons: tuple[UUID, ...] = ()
    consent_id: UUID | None = None
    ground: str = ""
    sent_at: datetime
    due_at: datetime | None = None
    answered_at: datetime | None = None
    asked_by: UUID | None = None
    released_by: UUID | None = None
    second_by: UUID | None = None
    answered_by: UUID | None = None
    answer_step_id: UUID | None = None
    after_id: UUID | None = None
    keep_days: int = 0
    reason_code: str = ""
    ended_at: datetime | None = None
    ended_reason: str = ""

    @property
    def is_open(self) -> bool:
        """Return whether it still waits: for its release, or for an answer."""
        return self.status in _OPEN

    @property
    def is_live(self) -> bool:
        """Return whether it can still be called back: it waits, or it was accepted and has not ended."""
        return self.is_open or self.status is ReferralStatus.ACCEPTED

    @property
    def is_transfer(self) -> bool:
        """Return whether acceptance changes who owns the case."""
        return self.kind is ReferralKind.TRANSFER


def require_unanswered(referral: Referral) -> None:
    """Refuse a referral that was answered, called back, or not yet released."""
    if referral.status is not ReferralStatus.OFFERED:
        raise AlreadyEndedError(kind="referral")


def require_live(referral: Referral) -> None:
    """Refuse a referral that is over."""
    if not referral.is_live:
        raise AlreadyEndedError(kind="referral")
