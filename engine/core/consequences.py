"""What storage must hold after a decision: work items, jobs; and the verbs of a work item."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid5

from engine.core import events as ev
from engine.core.compiled import CompiledStep, CompiledWorkflow
from engine.core.records import ItemStatus, Record, Step, StepStatus, item_id
from engine.core.state import CaseState
from engine.errors import AlreadyEndedError, ConflictError, IcmcError, NotAllowedError
from engine.language.workflow import Attempts

_RETRIES, _RETRY_DELAY, _TIMEOUT = 3, "PT5S", "PT1M"
"""How a job is tried whose step type is not installed here."""


class JobKind(StrEnum):
    """The sorts of automatic work."""

    PREPARE = "prepare"
    CONCLUDE = "conclude"
    RUN = "run"
    DELIVER = "deliver"
    ESCALATE = "escalate"


class WorkItem(Record):
    """What a person must do for a step: answer it, or approve what another answered."""

    id: UUID
    case_id: UUID
    run_id: UUID
    step_id: UUID
    step_key: str
    uses: str
    approval: bool = False
    status: ItemStatus = ItemStatus.READY
    candidate_roles: tuple[str, ...]
    excluded_ids: tuple[UUID, ...] = ()
    assignee_id: UUID | None = None
    priority: int = 0
    opened_at: datetime
    ended_at: datetime | None = None
    revision: int = 1


class Job(Record):
    """An automatic piece of work in the outbox."""

    id: UUID
    case_id: UUID
    run_id: UUID | None
    step_id: UUID | None
    kind: JobKind
    task: str
    ready_at: datetime
    retries: int = 3
    retry_delay: str = "PT5S"
    timeout: str = "PT1M"
    announces: tuple[str, ...] = ()


class Consequences(Record):
    """All that follows from events beside the records that they carry. `closed_steps` lose their open items."""

    items: tuple[WorkItem, ...] = ()
    closed_steps: Mapping[UUID, ItemStatus] = {}
    jobs: tuple[Job, ...] = ()


def consequences(
    events: Iterable[ev.Event], state: CaseState, definitions: Mapping[str, CompiledWorkflow], now: datetime
) -> Consequences:
    """Work out items and jobs from events; `state` is the one after them."""
    items: list[WorkItem] = []
    closed: dict[UUID, ItemStatus] = {}
    jobs: list[Job] = []
    for event in events:
        match event:
            case ev.StepOpened() | ev.StepReturned():
                _opened(event.step, state, definitions, now, items, jobs)
                if isinstance(event, ev.StepReturned):
                    closed[event.step.id] = ItemStatus.COMPLETED
            case ev.StepSubmitted():
                closed[event.step.id] = ItemStatus.COMPLETED
                items.append(_approval(event.step, state, definitions, now))
            case ev.StepEnded():
                closed[event.step.id] = ItemStatus.COMPLETED
                if not event.step.automatic:
                    jobs.append(_job(event.step, state, definitions, JobKind.CONCLUDE, now))
            case ev.StepCancelled():
                closed[event.step.id] = ItemStatus.CANCELLED
                items = [item for item in items if item.step_id != event.step.id]
            case _:
                pass
    return Consequences(items=tuple(items), closed_steps=closed, jobs=tuple(jobs))


def _opened(
    step: Step,
    state: CaseState,
    definitions: Mapping[str, CompiledWorkflow],
    now: datetime,
    items: list[WorkItem],
    jobs: list[Job],
) -> None:
    if step.automatic:
        jobs.append(_job(step, state, definitions, JobKind.RUN, now))
        return
    items.append(_answer(step, state, definitions, now))
    jobs.append(_job(step, state, definitions, JobKind.PREPARE, now))


def _answer(step: Step, state: CaseState, definitions: Mapping[str, CompiledWorkflow], now: datetime) -> WorkItem:
    compiled = compiled_step(step, state, definitions)
    roles = compiled.roles if compiled else (step.added.roles if step.added else ())
    others = compiled.spec.assign.not_ if compiled else ()
    return WorkItem(
        id=item_id(step.id, turn=step.turn, approval=False),
        case_id=state.case.id,
        run_id=step.run_id,
        step_id=step.id,
        step_key=step.key,
        uses=step.uses,
        candidate_roles=roles,
        excluded_ids=_who_did(others, step, state),
        opened_at=now,
    )


def _approval(step: Step, state: CaseState, definitions: Mapping[str, CompiledWorkflow], now: datetime) -> WorkItem:
    compiled = compiled_step(step, state, definitions)
    approve = compiled.spec.approve if compiled else None
    return WorkItem(
        id=item_id(step.id, turn=step.turn, approval=True),
        case_id=state.case.id,
        run_id=step.run_id,
        step_id=step.id,
        step_key=step.key,
        uses=step.uses,
        approval=True,
        candidate_roles=approve.role if approve else (),
        excluded_ids=(step.completed_by,) if step.completed_by else (),
        opened_at=now,
    )


def _who_did(keys: tuple[str, ...], step: Step, state: CaseState) -> tuple[UUID, ...]:
    """Name who did these steps of the same run: they may not do this one too."""
    done = {
        other.completed_by
        for other in (state.steps.values() if keys else ())
        if other.key in keys and other.run_id == step.run_id and other.status is StepStatus.ENDED and other.completed_by
    }
    return tuple(sorted(done))


def _job(
    step: Step, state: CaseState, definitions: Mapping[str, CompiledWorkflow], kind: JobKind, now: datetime
) -> Job:
    compiled = compiled_step(step, state, definitions)
    info = compiled.info if compiled else None
    wanted = (compiled.spec.attempts if compiled else None) or Attempts()
    retries = info.retries if info else _RETRIES
    return Job(
        id=uuid5(step.id, f"job|{kind}|{step.turn}"),
        case_id=state.case.id,
        run_id=step.run_id,
        step_id=step.id,
        kind=kind,
        task=step.uses,
        ready_at=now,
        retries=retries if wanted.retries is None else wanted.retries,
        retry_delay=wanted.delay or (info.retry_delay if info else _RETRY_DELAY),
        timeout=wanted.timeout or (info.timeout if info else _TIMEOUT),
        announces=() if kind is JobKind.PREPARE else ("icmc.step.ended",),
    )


def compiled_step(step: Step, state: CaseState, definitions: Mapping[str, CompiledWorkflow]) -> CompiledStep | None:
    """Find what the definition says of a step; None for one that a caseworker added."""
    if step.added is not None:
        return None
    compiled = definitions.get(state.runs[step.run_id].definition_hash)
    return compiled.steps.get(step.key) if compiled else None


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


class NotACandidateError(IcmcError):
    """Raised when an actor has none of the roles that may claim a work item."""

    code = "not-a-candidate"
    sentence = "{actor} is not among those who may take this work item (it is for: {candidate_role})."
