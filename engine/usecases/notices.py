"""What the use cases share: tell people that work was given to them, taken from them, sent back, or waits for approval.

Nobody is told of what they did themselves.
"""

from datetime import datetime
from typing import TypedDict
from uuid import UUID

from engine.adapters.sql.directory_store import DirectoryStore
from engine.adapters.sql.transaction import Transaction
from engine.assembly import Engine
from engine.domain.consequences import WorkItem
from engine.domain.records import DeadlineStatus
from engine.domain.state import CaseState
from engine.ports import ActorRecord
from engine.usecases.recipients import who_has_it
from engine.usecases.telling import EMAIL, IN_APP, add_delivery_job, tell, title_of_step


class _Times(TypedDict):
    due_at: datetime | None
    late_at: datetime | None


def tell_who_has_it_now(
    engine: Engine, tx: Transaction, state: CaseState, before: WorkItem, after: WorkItem, *, by: UUID, now: datetime
) -> None:
    """Tell who was given an item by somebody else, and who lost it to somebody else's decision."""
    if before.assignee_id == after.assignee_id:
        return
    gets = _others(tx, (after.assignee_id,), by)
    loses = _others(tx, (before.assignee_id,), by)
    _tell(engine, tx, state, after, "assigned", gets, (IN_APP, EMAIL), now)
    _tell(engine, tx, state, after, "reassigned", loses, (IN_APP, EMAIL), now)


def tell_of_return(
    engine: Engine,
    tx: Transaction,
    state: CaseState,
    item: WorkItem,
    answered_by: UUID | None,
    *,
    by: UUID,
    now: datetime,
) -> None:
    """Tell who had answered a step that a second person has sent it back; `item` is the one to be answered again."""
    _tell(engine, tx, state, item, "returned", _others(tx, (answered_by,), by), (IN_APP, EMAIL), now)


def tell_of_approval(
    engine: Engine, tx: Transaction, state: CaseState, item: WorkItem, *, by: UUID, now: datetime
) -> None:
    """Tell those who may approve a step that it waits for them, in-app only, since it is nobody's yet."""
    people = [person for person in who_has_it(tx, state, item, now=now) if person.id != by]
    _tell(engine, tx, state, item, "approval", people, (IN_APP,), now)


def _tell(
    engine: Engine,
    tx: Transaction,
    state: CaseState,
    item: WorkItem,
    kind: str,
    people: list[ActorRecord],
    channels: tuple[str, ...],
    now: datetime,
) -> None:
    if not people:
        return
    rule = f"{item.id}|{kind}|{item.revision}"
    must_send = tell(
        engine, tx, state, kind=kind, rule=rule, people=people, channels=channels, **_due(state, item),
        step_title=title_of_step(engine, state, state.steps[item.step_id]), link=f"/items/{item.id}", now=now,
    )  # fmt: skip
    if must_send:
        add_delivery_job(tx, state, rule=rule, critical=False, now=now)


def _others(tx: Transaction, ids: tuple[UUID | None, ...], by: UUID) -> list[ActorRecord]:
    found = (tx.of(DirectoryStore).actor(actor_id) for actor_id in ids if actor_id is not None and actor_id != by)
    return [person for person in found if person is not None and not person.disabled]


def _due(state: CaseState, item: WorkItem) -> _Times:
    """Give when the step of an item falls due next, and is late, if it has a limit that is running."""
    open_ones = (d for d in state.deadlines.values() if d.step_id == item.step_id and d.status is DeadlineStatus.OPEN)
    first = min(open_ones, key=lambda deadline: deadline.due_at, default=None)
    return {"due_at": first.due_at if first else None, "late_at": first.late_at if first else None}
