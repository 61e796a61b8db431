"""What one person alone may not do: a second one must agree first."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from engine.domain.policy import Action, Viewer
from engine.domain.records import Record
from engine.errors import AlreadyEndedError, OwnApprovalError

FOUR_EYES: Final[frozenset[Action]] = frozenset(
    {Action.GIVE_TIME, Action.LIFT_DENIAL, Action.MERGE_CASES, Action.CONFIRM_GLASS}
)
"""The actions that take effect only when a second person, who may do them too, agrees."""


class ApprovalRequest(Record):
    """What one person asks for and a second one answers (UTC). `subject` holds ids, codes and counts only."""

    id: UUID
    kind: str
    case_id: UUID | None = None
    unit_id: UUID | None = None
    subject: Mapping[str, Any] = {}
    asked_by: UUID
    asked_at: datetime
    reason_code: str
    answered_by: UUID | None = None
    answered_at: datetime | None = None
    approved: bool | None = None
    expires_at: datetime


def require_other(first_actor_id: UUID | None, second: Viewer) -> None:
    """Refuse the one who asked; raises `OwnApprovalError`, which is a `NotAllowedError`."""
    if first_actor_id is not None and first_actor_id == second.actor_id:
        raise OwnApprovalError


def require_answerable(request: ApprovalRequest, second: Viewer, *, now: datetime) -> None:
    """Refuse the one who asked, and what was answered or has run out.

    Raises `OwnApprovalError`, `AlreadyEndedError`.
    """
    require_other(request.asked_by, second)
    if request.answered_at is not None or request.expires_at <= now:
        raise AlreadyEndedError(kind="request for approval")
