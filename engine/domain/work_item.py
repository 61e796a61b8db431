"""The verbs of a work item: claim, release, delegate; and who may answer it."""

from collections.abc import Collection
from uuid import UUID

from engine.domain.consequences import WorkItem
from engine.domain.records import ItemStatus
from engine.errors import AlreadyEndedError, ConflictError, NotACandidateError, NotAllowedError

OPEN_ITEM = frozenset({ItemStatus.READY, ItemStatus.RESERVED})


def require_candidate(item: WorkItem, *, actor_id: UUID, roles: Collection[str], name: str) -> None:
    """Refuse an actor who has none of the candidate roles, or whom four eyes exclude."""
    if actor_id in item.excluded_ids:
        raise NotAllowedError(actor=name, action="do this too: it needs a second person")
    if not set(roles) & set(item.candidate_roles):
        raise NotACandidateError(actor=name, candidate_role=", ".join(item.candidate_roles))


def require_open(item: WorkItem) -> None:
    """Refuse an item that is over."""
    if item.status not in OPEN_ITEM:
        raise AlreadyEndedError(kind="work item")


def claim(item: WorkItem, *, actor_id: UUID) -> WorkItem:
    """Reserve an item for an actor; claiming one's own item again changes nothing."""
    require_open(item)
    if item.assignee_id == actor_id:
        return item
    if item.status is ItemStatus.RESERVED:
        raise ConflictError(kind="work item")
    return _changed(item, status=ItemStatus.RESERVED, assignee_id=actor_id)


def release(item: WorkItem) -> WorkItem:
    """Give an item back to all its candidates."""
    require_open(item)
    if item.status is ItemStatus.READY:
        return item
    return _changed(item, status=ItemStatus.READY, assignee_id=None)


def give_to(item: WorkItem, *, actor_id: UUID) -> WorkItem:
    """Reserve an item for another actor, whoever had it."""
    require_open(item)
    return _changed(item, status=ItemStatus.RESERVED, assignee_id=actor_id)


def raise_priority(item: WorkItem) -> WorkItem:
    """Put an item nearer to the top of the worklists."""
    return _changed(item, priority=item.priority + 1)


def _changed(item: WorkItem, **changes: object) -> WorkItem:
    return item.model_copy(update={**changes, "revision": item.revision + 1})
