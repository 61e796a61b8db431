"""Who may see a case, by which way and until when; and who must not."""

from datetime import datetime
from uuid import UUID

from engine.views.base import View


class GrantView(View):
    """A unit, or one person of it, that may see a case of another unit: for what, which fields, until when."""

    id: UUID
    unit: str
    actor: str | None
    kind: str
    purpose: str
    fields: tuple[str, ...]
    granted_at: datetime
    granted_by: str | None
    second_by: str | None
    until: datetime | None
    ended_at: datetime | None
    ended_reason: str
    is_live: bool
    may_add_files: bool = False


class RecusalView(View):
    """Somebody who has no part in a case; with a request to end that, if one waits for a second person."""

    id: UUID
    whom: str
    kind: str
    reason: str
    reason_code: str
    set_at: datetime
    set_by: str | None
    ended_at: datetime | None
    request_id: UUID | None
    asked_by: str | None
    is_asked_by_viewer: bool


class AccessView(View):
    """Everybody who may see a case, and everybody who must not.

    Who is in conflict of interest is only counted, in `conflicts`, for who may recuse nobody.
    """

    unit: str
    grants: tuple[GrantView, ...]
    recusals: tuple[RecusalView, ...]
    conflicts: int
    may_recuse: bool
