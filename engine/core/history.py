"""What the chain of a case tells, read from its first event on; checkpoints, which say how far every chain had come."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from engine.core import events as ev
from engine.core.consequences import consequences
from engine.core.records import OPEN, CaseStatus, Deadline, ItemStatus, Record, StepStatus
from engine.core.state import CaseState, evolve

_ITEM_EVENTS: Final = frozenset({"WorkItemClaimed", "WorkItemDelegated", "WorkItemReleased"})
_OPEN: Final = frozenset({ItemStatus.READY, ItemStatus.RESERVED})


@dataclass(frozen=True, slots=True)
class ToldItem:
    """A work item as the history tells it; older events do not say to whom it is offered.

    `also` is how else it may stand, where an event leaves that open; `before` how it stood when its case came to rest;
    `raised` how often a level that was raised can have raised its priority.
    """

    id: UUID
    step_id: UUID
    step_key: str
    approval: bool
    roles: tuple[str, ...] | None
    excluded_ids: tuple[UUID, ...] | None
    status: ItemStatus = ItemStatus.READY
    assignee_id: UUID | None = None
    also: tuple[tuple[ItemStatus, UUID | None], ...] = ()
    raised: int = 0
    before: tuple[ItemStatus, UUID | None] | None = None

    def allows(self, status: str, assignee_id: UUID | None) -> bool:
        """Whether a row says of the item what the history does."""
        return (status, assignee_id) in {(self.status, self.assignee_id), *self.also}


@dataclass(slots=True)
class ToldCase:
    """A case as its events tell it, one after another. `jobs` are the kind, step and task of each by its id."""

    state: CaseState | None = None
    unit_id: UUID | None = None
    deadlines: dict[UUID, Deadline] = field(default_factory=dict)
    items: dict[UUID, ToldItem] = field(default_factory=dict)
    jobs: dict[UUID, tuple[str, UUID | None, str]] = field(default_factory=dict)
    opened: tuple[UUID | None, datetime | None] = (None, None)

    def take(
        self, event: ev.Event | None, type_: str, body: Mapping[str, Any], *, actor_id: UUID | None, at: datetime
    ) -> None:
        """Take the next event; `event` is None for one that changes no record of the case."""
        if event is None:
            self._note(type_, body)
            return
        if isinstance(event, ev.CaseOpened):
            self.state = CaseState(case=event.case, report=event.report)
            self.unit_id, self.opened = event.case.unit_id, (actor_id, at)
            return
        if self.state is None:
            message = "a case begins with CaseOpened"
            raise TypeError(message)
        if isinstance(event, ev.DEADLINE_EVENTS):
            self.deadlines[event.deadline.id] = event.deadline
        self.state = evolve(self.state, event)
        self._follow(event, body.get("offered"), actor_id, at)

    def waits(self, state: CaseState, step_id: UUID | None) -> bool:
        """Whether an automatic step is open still in a case that goes on."""
        step = state.steps.get(step_id) if step_id else None
        goes_on = state.case.status is CaseStatus.OPEN and state.case.merged_into is None
        return goes_on and step is not None and step.status is StepStatus.READY

    def _follow(self, event: ev.Event, offered: Mapping[str, Any] | None, actor_id: UUID | None, at: datetime) -> None:
        assert self.state is not None  # noqa: S101 - it was looked at before
        follows = consequences([event], self.state, {}, at)
        for step_id, status in follows.closed_steps.items():
            for item in [one for one in self.items.values() if one.step_id == step_id and one.status in _OPEN]:
                self.items[item.id] = _closed(item, status, actor_id)
        for new in follows.items:
            roles = tuple(offered["roles"]) if offered else None
            excluded = tuple(map(UUID, offered["but"])) if offered else None
            told = ToldItem(new.id, new.step_id, new.step_key, new.approval, roles, excluded)
            if actor_id is not None and self.opened == (
                actor_id,
                at,
            ):  # who reported may have it to complete the report
                told = replace(told, also=((ItemStatus.RESERVED, actor_id),))
            self.items.setdefault(new.id, told)
        if isinstance(event, ev.LevelRaised):
            self._raise(event.deadline.step_id)
        for job in follows.jobs:
            self.jobs.setdefault(job.id, (job.kind.value, job.step_id, job.task))
        if isinstance(event, ev.CaseMerged) and event.rests:
            self._each_open(_taken_off)
        if isinstance(event, ev.CaseUnmerged):
            steps = self.state.steps
            self.items = {
                id_: _given_back(item) if steps[item.step_id].status in OPEN else item
                for id_, item in self.items.items()
            }

    def _note(self, type_: str, body: Mapping[str, Any]) -> None:
        if type_ in _ITEM_EVENTS:
            item, who = self.items[UUID(body["item_id"])], body.get("assignee_id")
            assignee = UUID(who) if who else None
            status = ItemStatus.RESERVED if assignee else ItemStatus.READY
            self.items[item.id] = replace(item, status=status, assignee_id=assignee, also=())
        elif type_ == "CaseHandedOver":
            self.unit_id = UUID(body["to_unit_id"])
            self._each_open(_given_to_all)
        for id_ in body.get("released", ()):
            self.items[UUID(id_)] = _given_to_all(self.items[UUID(id_)])

    def _raise(self, step_id: UUID) -> None:
        for item in [one for one in self.items.values() if one.step_id == step_id and one.status in _OPEN]:
            self.items[item.id] = replace(item, raised=item.raised + 1)

    def _each_open(self, change: Callable[[ToldItem], ToldItem]) -> None:
        self.items = {id_: change(item) if item.status in _OPEN else item for id_, item in self.items.items()}


def _given_to_all(item: ToldItem) -> ToldItem:
    return replace(item, status=ItemStatus.READY, assignee_id=None, also=())


def _taken_off(item: ToldItem) -> ToldItem:
    return replace(
        item, status=ItemStatus.CANCELLED, also=_as(ItemStatus.CANCELLED, item), before=(item.status, item.assignee_id)
    )


def _given_back(item: ToldItem) -> ToldItem:
    """Offer an item again that was taken off: to who had it, while they are still here."""
    if item.before is None:
        return item
    status, assignee_id = item.before
    ready = (ItemStatus.READY, None)
    return replace(
        item, status=status, assignee_id=assignee_id, also=(ready, *_as(ItemStatus.RESERVED, item)), before=None
    )


def _closed(item: ToldItem, status: ItemStatus, actor_id: UUID | None) -> ToldItem:
    """End an item; one that nobody had claimed is that of whoever did it."""
    is_free = item.assignee_id is None
    doer = ((status, actor_id),) if is_free else ()
    return replace(item, status=status, also=(*doer, *_as(status, item)), before=None)


def _as(status: ItemStatus, item: ToldItem) -> tuple[tuple[ItemStatus, UUID | None], ...]:
    return tuple((status, who) for _, who in item.also if who is not None)


SIGNER_USED: Final = "SigningKeyUsed"
"""The event of the keys' chain that records the public half of a key before its first checkpoint."""
SIGNER_REPLACED: Final = "SigningKeyReplaced"
"""The event that records that a restore found another key than the one that had signed."""


class Head(NamedTuple):
    """How far a chain has come: its name, how many links it has, and the hash of the last one."""

    chain: str
    length: int
    head: bytes


class Checkpoint(Record):
    """What is signed (UTC). `chains` and `links` count all there are; `heads_hash` is over those that had moved."""

    number: int
    at: datetime
    key_id: str
    previous: bytes
    chains: int
    links: int
    heads_hash: bytes
    signature: bytes = b""

    @property
    def signed_text(self) -> bytes:
        """Return the bytes that the signature is over."""
        return _text(self).encode()

    @property
    def digest(self) -> bytes:
        """Return what the next checkpoint says of this one."""
        return hashlib.sha256(self.signed_text + self.signature).digest()


class Written(NamedTuple):
    """A checkpoint with the heads of the chains that had moved."""

    checkpoint: Checkpoint
    heads: tuple[Head, ...]


def hash_of(heads: Iterable[Head]) -> bytes:
    """Return the hash over heads, whatever their order."""
    made = hashlib.sha256()
    for head in sorted(heads):
        made.update(f"{head.chain} {head.length} {head.head.hex()}\n".encode())
    return made.digest()


def to_line(written: Written) -> str:
    """Return a checkpoint as the line that is kept outside of the database."""
    heads = [[head.chain, head.length, head.head.hex()] for head in sorted(written.heads)]
    parts = json.loads(_text(written.checkpoint)) | {"heads": heads, "signature": written.checkpoint.signature.hex()}
    return json.dumps(parts, sort_keys=True, separators=(",", ":"))


def read_line(line: str) -> Written | None:
    """Read such a line; None for one that is none, such as the torn last line of a machine that lost its power."""
    try:
        parts = json.loads(line)
        made = Checkpoint(
            number=parts["number"], at=datetime.fromisoformat(parts["at"]), key_id=parts["key"],
            previous=bytes.fromhex(parts["previous"]), chains=parts["chains"], links=parts["links"],
            heads_hash=bytes.fromhex(parts["heads_hash"]), signature=bytes.fromhex(parts["signature"]),
        )  # fmt: skip
        heads = tuple(Head(str(chain), int(length), bytes.fromhex(head)) for chain, length, head in parts["heads"])
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return Written(made, heads)


def _text(checkpoint: Checkpoint) -> str:
    parts = {
        "number": checkpoint.number,
        "at": checkpoint.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "key": checkpoint.key_id,
        "previous": checkpoint.previous.hex(),
        "chains": checkpoint.chains,
        "links": checkpoint.links,
        "heads_hash": checkpoint.heads_hash.hex(),
    }
    return json.dumps(parts, sort_keys=True, separators=(",", ":"))
