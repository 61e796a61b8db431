"""What the audit tells: who looked, what happened to the person, break-glass, and what was told in confidence."""

from datetime import datetime
from uuid import UUID

from engine.views.base import View


class AuditLine(View):
    """One line of the audit (UTC): who, when, of which class and in which case; never content."""

    at: datetime
    actor: str
    actor_id: UUID | None
    what: str
    classes: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    case_number: str = ""


class ReaderLine(View):
    """Who looked at a case, on which day of the case's zone, how often, and at what."""

    day: str
    actor: str
    roles: tuple[str, ...]
    times: int
    what: tuple[str, ...]
    last_at: datetime


class AccountLine(View):
    """What happened in a case as the person may read it (UTC): by which role, never by whom."""

    at: datetime
    role: str
    text: str


class GlassLine(View):
    """A request of one's own to see a case in an emergency (UTC): the same whether there is such a case or not."""

    number: str
    reason_code: str
    asked_at: datetime
    ends_at: datetime


class GlassView(View):
    """A case of one's unit that somebody opened in an emergency (UTC); `answer` is empty while nobody has confirmed."""

    id: UUID
    case_id: UUID
    case_number: str
    actor: str
    actor_unit: str
    is_mine: bool
    reason_code: str
    words: str
    asked_at: datetime
    ends_at: datetime
    answer_by: datetime
    answered_by: str
    answer: str


class ConcernLine(View):
    """What was told in confidence (UTC), to who told it and to whom it was told."""

    id: UUID
    kind: str
    about: str
    status: str
    raised_at: datetime
    is_mine: bool


class ConcernView(ConcernLine):
    """The same, with its words."""

    words: str
    answer: str
    answered_at: datetime | None
    case_number: str
    raised_by: str
