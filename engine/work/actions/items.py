"""Claim, release and delegate work items, keep what has been typed, and count a person's list each morning."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from pydantic import JsonValue

from engine.access.store import AccessStore
from engine.assembly import Engine
from engine.cases.actions.deciding import require_member
from engine.cases.answers import refuse_copies
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.core import consequences as verbs
from engine.core.consequences import WorkItem
from engine.core.policy import Action, Viewer, can, roles_in
from engine.core.retention import key_of_step
from engine.db.transaction import Transaction
from engine.deadlines.actions.acknowledge import end_calls_to
from engine.errors import ConflictError, NotAllowedError, NotFoundError
from engine.messages.actions.recipients import notify_who_has_it_now
from engine.messages.actions.writing import UnaddressedMessage, reachable, unit_of, write
from engine.messages.channel_store import PreferenceStore
from engine.messages.records import DIGEST, EMAIL, IN_APP, Deferred, Preference, digest_day, ways_for
from engine.messages.store import BundleStore
from engine.people.records import ActorRecord
from engine.people.store import DirectoryStore
from engine.people.viewer import as_viewer
from engine.plugin.copies import kept_of
from engine.work.actions.answers import mind_copies, told_apart
from engine.work.records import BESIDE, WorkCounts
from engine.work.store import ItemStore
from engine.work.views.worklist import work_counts


def claim_work_item(engine: Engine, item_id: UUID, *, viewer: Viewer, command_id: UUID) -> None:
    """Reserve a work item for the viewer; raises `NotACandidateError`, `ConflictError`, `AlreadyEndedError`."""

    def change(_work: Transaction, item: WorkItem, unit_id: UUID) -> WorkItem:
        verbs.require_candidate(item, actor_id=viewer.actor_id, roles=roles_in(viewer, unit_id), name=viewer.name)
        return verbs.claim(item, actor_id=viewer.actor_id)

    change_item(engine, item_id, change, "WorkItemClaimed", viewer=viewer, command_id=command_id)


def release_work_item(engine: Engine, item_id: UUID, *, viewer: Viewer, command_id: UUID) -> None:
    """Give a work item back to all its candidates; only its assignee or a supervisor may."""

    def change(_work: Transaction, item: WorkItem, unit_id: UUID) -> WorkItem:
        if item.assignee_id not in {None, viewer.actor_id} and not may_delegate(viewer, unit_id):
            raise NotAllowedError(actor=viewer.name, action="release someone else's work item")
        return verbs.release(item)

    change_item(engine, item_id, change, "WorkItemReleased", viewer=viewer, command_id=command_id)


def delegate_work_item(engine: Engine, item_id: UUID, *, to: UUID, viewer: Viewer, command_id: UUID) -> None:
    """Give a work item to somebody else of the unit who may do it; its assignee, a supervisor or a case manager may."""

    def change(tx: Transaction, item: WorkItem, unit_id: UUID) -> WorkItem:
        if item.assignee_id != viewer.actor_id and not may_delegate(viewer, unit_id):
            raise NotAllowedError(actor=viewer.name, action="delegate someone else's work item")
        return given_to(tx, item, to, unit_id=unit_id)

    change_item(engine, item_id, change, "WorkItemDelegated", viewer=viewer, command_id=command_id)


def given_to(tx: Transaction, item: WorkItem, actor_id: UUID, *, unit_id: UUID) -> WorkItem:
    """Return an item as it is once somebody else has it; raises for who may not do it or must not see its case."""
    other = tx.of(DirectoryStore).actor(actor_id)
    if other is None or other.disabled or unit_id not in other.unit_ids:
        raise NotFoundError(kind="person")
    if tx.of(AccessStore).is_denied(item.case_id, actor_id=actor_id, unit_ids=other.unit_ids):
        raise NotAllowedError(actor=other.name, action="do this work")
    holders = tx.of(DirectoryStore).holders(roles=tuple(item.candidate_roles), unit_id=unit_id)
    roles = item.candidate_roles if other.id in {holder.id for holder in holders} else ()
    verbs.require_candidate(item, actor_id=other.id, roles=roles, name=other.name)
    return verbs.give_to(item, actor_id=other.id)


def change_item(
    engine: Engine,
    item_id: UUID,
    change: Callable[[Transaction, WorkItem, UUID], WorkItem],
    event: str,
    *,
    viewer: Viewer,
    command_id: UUID,
    is_told: bool = True,
) -> UUID | None:
    """Change who has an item, once for a command, and return who had it before; `is_told` says it to both of them."""
    now = engine.clock.now()
    with engine.transaction() as tx:
        state, item, known, _ = tx.of(CaseStore).lock_item(item_id, command_id)
        require_member(viewer, state, kind="work item")
        if known is not None:
            return None
        tx.writes.hold()
        changed = change(tx, item, state.case.unit_id)
        answer: Mapping[str, JsonValue] = {"item_id": str(item_id), "status": changed.status.value}
        if changed is not item:
            tx.of(ItemStore).save(changed)
            body = {"item_id": str(item_id), "step_key": item.step_key, "assignee_id": _text(changed.assignee_id)}
            by = viewer.acting_id
            after = tx.of(CaseStore).note(state, event, body, actor_id=by, at=now)
            if is_told:
                notify_who_has_it_now(engine, tx, after, item, changed, by=viewer.actor_id, now=now)
            if changed.assignee_id == viewer.actor_id:  # who has taken it themselves need not be rung about it
                end_calls_to(engine, tx, after, viewer.actor_id, step_id=item.step_id, now=now)
        tx.of(HousekeepingStore).remember(command_id, answer, case_id=state.case.id, at=now)
        tx.commit()
        return item.assignee_id


def may_delegate(viewer: Viewer, unit_id: UUID) -> bool:
    """Return whether somebody may give the work of others in a unit to somebody else."""
    return can(viewer, Action.DELEGATE, unit_id=unit_id)


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


log = logging.getLogger(__name__)

WORK_PAGE: Final = "/worklist"


def send_digests(engine: Engine) -> int:
    """Write the digests that are due; returns how many were written.

    Who wants one a day gets it once their local 08:00 has passed; everybody, when what is kept back for one is due: by
    e-mail, and in-app for what waits there. Who has nothing to do, and for whom nothing waits, gets none. A person
    whose digest cannot be written is logged by id, and the others get theirs.
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        wanting = _wanting(tx, now)
    written = 0
    for preference in wanting:
        try:
            written += _send(engine, preference, now)
        except Exception:  # noqa: BLE001 - whatever is wrong with one, the others must go on
            log.error("digest_could_not_be_written", extra={"actor_id": str(preference.actor_id)})  # noqa: TRY400
    return written


def _wanting(tx: Transaction, now: datetime) -> tuple[Preference, ...]:
    """Load who wants a digest each day, and for whom messages wait for one that is due."""
    daily = {preference.actor_id: preference for preference in tx.of(PreferenceStore).with_daily_digest()}
    due = {held.recipient_id for held in tx.of(BundleStore).held_back(DIGEST) if held.due_at <= now}
    left = tuple(due - set(daily))
    chosen = tx.of(PreferenceStore).of(left)
    return (*daily.values(), *(chosen.get(actor_id, Preference(actor_id=actor_id)) for actor_id in left))


def _send(engine: Engine, preference: Preference, now: datetime) -> bool:
    with engine.transaction() as tx:
        person = tx.of(DirectoryStore).actor(preference.actor_id)
        if person is None or person.disabled:
            return False
        channel = _channel(engine, tx, person, preference)
    viewer = engine.ask_all(as_viewer, person.id)
    zone = preference.zone or viewer.zone
    day = digest_day(now, zone) if preference.is_daily else now.isoformat()
    counts = engine.ask(work_counts, viewer, zone=zone)
    written = False
    with engine.transaction() as tx:
        waiting = tx.of(BundleStore).held_back(DIGEST, recipient_id=person.id)
        notices = [held for held in waiting if held.channel == IN_APP and held.due_at <= now]
        others = [held for held in waiting if held.channel != IN_APP]
        if notices:
            written |= _write(engine, tx, person, preference, IN_APP, now.isoformat(), notices, counts, now)
        if channel and day and (others or (preference.is_daily and any(counts.model_dump().values()))):
            written |= _write(engine, tx, person, preference, channel, day, others, counts, now)
        tx.commit()
    return written


def _write(
    engine: Engine,
    tx: Transaction,
    person: ActorRecord,
    preference: Preference,
    channel: str,
    about: str,
    held: Sequence[Deferred],
    counts: WorkCounts,
    now: datetime,
) -> bool:
    """Write the digest by one way, once for what it is `about`, and let it stand for what is held back."""
    unit = unit_of(tx, person)
    note = UnaddressedMessage(f"-|{DIGEST}|{about}", DIGEST, WORK_PAGE, False, counts.shown, unit=unit)
    is_new = write(engine, tx, note, person, preference, channel, now=now) or channel == IN_APP
    for one in held:
        tx.of(BundleStore).bundle(one, deferred_for=DIGEST, by=note.id(person.id, channel))
    return is_new


def _channel(engine: Engine, tx: Transaction, person: ActorRecord, preference: Preference) -> str:
    """Give the way by which somebody gets their digest: e-mail, unless they chose others; empty when there is none."""
    can = reachable(engine, tx, person, (EMAIL, *preference.channels), unit_of(tx, person))
    ways = ways_for((EMAIL,), preference=preference, reachable=can, critical=False)
    return ways[0] if ways else ""
