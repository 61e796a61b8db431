"""Claim, release and delegate work items, and keep what has been typed until it is sent."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from uuid import UUID

from engine.assembly import Engine
from engine.cases.actions.deciding import require_member
from engine.cases.answers import refuse_copies
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.core import consequences as verbs
from engine.core.consequences import WorkItem
from engine.core.policy import Viewer, roles_in
from engine.core.retention import key_of_step
from engine.db.transaction import Transaction
from engine.deadlines.actions.acknowledge import end_calls_to
from engine.errors import ConflictError, NotAllowedError, NotFoundError
from engine.messages.actions.recipients import notify_who_has_it_now
from engine.people.store import DirectoryStore
from engine.plugin.copies import kept_of
from engine.ports import JsonValue
from engine.work.actions.answers import mind_copies, told_apart
from engine.work.records import BESIDE
from engine.work.store import ItemStore

_MAY_DELEGATE = ("supervisor", "case_manager")


def claim_work_item(engine: Engine, item_id: UUID, *, viewer: Viewer, command_id: UUID) -> None:
    """Reserve a work item for the viewer; raises `NotACandidateError`, `ConflictError`, `AlreadyEndedError`."""

    def change(_work: Transaction, item: WorkItem, unit_id: UUID) -> WorkItem:
        verbs.require_candidate(item, actor_id=viewer.actor_id, roles=roles_in(viewer, unit_id), name=viewer.name)
        return verbs.claim(item, actor_id=viewer.actor_id)

    _change(engine, item_id, change, "WorkItemClaimed", viewer=viewer, command_id=command_id)


def release_work_item(engine: Engine, item_id: UUID, *, viewer: Viewer, command_id: UUID) -> None:
    """Give a work item back to all its candidates; only its assignee or a supervisor may."""

    def change(_work: Transaction, item: WorkItem, unit_id: UUID) -> WorkItem:
        if item.assignee_id not in {None, viewer.actor_id} and not _may_delegate(viewer, unit_id):
            raise NotAllowedError(actor=viewer.name, action="release someone else's work item")
        return verbs.release(item)

    _change(engine, item_id, change, "WorkItemReleased", viewer=viewer, command_id=command_id)


def delegate_work_item(engine: Engine, item_id: UUID, *, to: UUID, viewer: Viewer, command_id: UUID) -> None:
    """Give a work item to somebody else of the unit who may do it; its assignee, a supervisor or a case manager may."""

    def change(tx: Transaction, item: WorkItem, unit_id: UUID) -> WorkItem:
        if item.assignee_id != viewer.actor_id and not _may_delegate(viewer, unit_id):
            raise NotAllowedError(actor=viewer.name, action="delegate someone else's work item")
        other = tx.of(DirectoryStore).actor(to)
        if other is None or other.disabled or unit_id not in other.unit_ids:
            raise NotFoundError(kind="person")
        holders = tx.of(DirectoryStore).holders(roles=tuple(item.candidate_roles), unit_id=unit_id)
        roles = item.candidate_roles if other.id in {holder.id for holder in holders} else ()
        verbs.require_candidate(item, actor_id=other.id, roles=roles, name=other.name)
        return verbs.give_to(item, actor_id=other.id)

    _change(engine, item_id, change, "WorkItemDelegated", viewer=viewer, command_id=command_id)


def _change(
    engine: Engine,
    item_id: UUID,
    change: Callable[[Transaction, WorkItem, UUID], WorkItem],
    event: str,
    *,
    viewer: Viewer,
    command_id: UUID,
) -> None:
    now = engine.clock.now()
    with engine.transaction() as tx:
        state, item, known, _ = tx.of(CaseStore).lock_item(item_id, command_id)
        require_member(viewer, state, kind="work item")
        if known is not None:
            return
        tx.writes.hold()
        changed = change(tx, item, state.case.unit_id)
        answer: Mapping[str, JsonValue] = {"item_id": str(item_id), "status": changed.status.value}
        if changed is not item:
            tx.of(ItemStore).save(changed)
            body = {"item_id": str(item_id), "step_key": item.step_key, "assignee_id": _text(changed.assignee_id)}
            after = tx.of(CaseStore).note(state, event, body, actor_id=viewer.actor_id, at=now)
            notify_who_has_it_now(engine, tx, after, item, changed, by=viewer.actor_id, now=now)
            if changed.assignee_id == viewer.actor_id:  # who has taken it themselves need not be rung about it
                end_calls_to(engine, tx, after, viewer.actor_id, step_id=item.step_id, now=now)
        tx.of(HousekeepingStore).remember(command_id, answer, case_id=state.case.id, at=now)
        tx.commit()


def _may_delegate(viewer: Viewer, unit_id: UUID) -> bool:
    return viewer.is_system or not roles_in(viewer, unit_id).isdisjoint(_MAY_DELEGATE)


def _text(value: UUID | None) -> str | None:
    return str(value) if value else None


_LONGEST = 200_000


def save_draft(
    engine: Engine,
    item_id: UUID,
    *,
    viewer: Viewer,
    answers: Mapping[str, JsonValue],
    beside: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Keep a draft, sealed; what is longer than any answer may be is left out.

    A file or a hash is not kept, even in a draft, before the form may take one. `beside` is what was typed beside the
    questions: when it happened, why it is late or cannot be done. Of a person who does not allow that it is written
    down, nothing is kept but what is kept all the same. Raises `AlreadyEndedError` for an item that is over,
    `ConflictError` for one that another has, `NotACandidateError`, `InvalidAnswersError` for such a file or hash.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        item = tx.of(ItemStore).get(item_id)
        state = tx.of(CaseStore).lock(item.case_id)
        require_member(viewer, state, kind="work item")
        verbs.require_open(item)
        if item.assignee_id not in {None, viewer.actor_id}:
            raise ConflictError(kind="work item")
        verbs.require_candidate(
            item, actor_id=viewer.actor_id, roles=roles_in(viewer, state.case.unit_id), name=viewer.name
        )
        state = mind_copies(engine, tx, state, item, answers, by=viewer.actor_id, now=now)
        refuse_copies(engine.registry.step_types.get(item.uses), answers)
        said = {f"{BESIDE}{name}": words for name, words in beside.items() if words}
        whole, step_type = {**answers, **said}, engine.registry.step_types.get(item.uses)
        kept = kept_of(step_type, whole) if step_type else whole
        typed = {name: value for name, value in kept.items() if len(str(value)) < _LONGEST}
        step = state.steps.get(item.step_id)
        tx.of(ItemStore).save_draft(
            item, typed, unit_id=state.case.unit_id, by=viewer.actor_id, at=now,
            key_of=key_of_step(step) if step else None, apart=told_apart(engine, item.uses),
        )  # fmt: skip
        tx.commit()
