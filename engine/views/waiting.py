"""What waits for a second person."""

from datetime import datetime
from uuid import UUID

from engine.views.base import View


class WaitingView(View):
    """Something on the four-eyes list that one person asked for (UTC): ids, codes and counts, no content.

    `needed` people must agree and `agreed` have. `may_answer` is false for who asked or has agreed. `person` is a
    colleague whom it is about, with the `role` and the `unit` where it is about one. `waits_for` names those who may
    answer what belongs to no case.
    """

    id: UUID
    kind: str
    subject_id: UUID
    case_id: UUID | None
    case_number: str
    asked_by: str
    asked_at: datetime
    expires_at: datetime
    reason_code: str
    needed: int
    agreed: tuple[str, ...]
    rows: int | None
    is_mine: bool
    may_answer: bool
    person_id: UUID | None = None
    person: str = ""
    role: str = ""
    unit: str = ""
    waits_for: tuple[str, ...] = ()
