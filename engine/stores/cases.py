"""Cases, their work items, and how cases are tied to each other."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from engine.domain import events as ev
from engine.domain.case_links import CaseLink
from engine.domain.consequences import Job, WorkItem
from engine.domain.records import Case, Interval, Scalar
from engine.domain.state import CaseState
from engine.ports import JsonValue


class Cases(Protocol):
    """Cases."""

    def read(self, case_id: UUID) -> CaseState:
        """Load a case as it is now, and let others change it; raises `NotFoundError`."""
        ...

    def lock(self, case_id: UUID) -> CaseState:
        """Load a case and keep others from changing it until the transaction ends; raises `NotFoundError`."""
        ...

    def add(self, case: Case, report: Mapping[str, Scalar]) -> CaseState:
        """Write a new case, before its first event."""
        ...

    def record(
        self, before: CaseState, events: Sequence[ev.Event], *, actor_id: UUID | None, at: datetime
    ) -> CaseState:
        """Write events, the records they change, the items and jobs that follow, and the links of the chain."""
        ...

    def note(
        self, state: CaseState, type_: str, body: Mapping[str, Any], *, actor_id: UUID | None, at: datetime
    ) -> CaseState:
        """Write an event that changes no record of the case: a claim, a reading, a delivery."""
        ...

    def keep_place(self, state: CaseState, interval: Interval, *, place: str, evidence: str = "") -> None:
        """Seal where a recorded stretch of time led, and what shows it."""
        ...

    def keep_title(self, case: Case, step_id: UUID, title: str, *, shown: str) -> None:
        """Seal what somebody calls a step that they added; lists show another title, which nobody typed."""
        ...

    def keep_words(self, case: Case, seq: int, words: str) -> None:
        """Seal the words beside an event of a case; raises `KeyMissingError` when its key is gone."""
        ...

    def words_of(self, case_id: UUID) -> Mapping[int, str]:
        """Open the words of a case by the number of their event; those whose key is gone are left out."""
        ...

    def sources_of_facts(self, case_id: UUID) -> Mapping[str, str]:
        """Give the step or other source that each fact of a case comes from as it stands, by the fact's name."""
        ...

    def typed_titles(self) -> Sequence[tuple[UUID, UUID, str, str]]:
        """List case, step, step type and title of the steps that somebody added and whose title was never sealed."""
        ...

    def add_jobs(self, state: CaseState, jobs: Sequence[Job], *, at: datetime, **more: object) -> None:
        """Write jobs into the outbox, and make sure that somebody is told of them."""
        ...


class TypedSoFar(NamedTuple):
    """What was typed into the form of a work item so far, and what was proposed for it."""

    answers: Mapping[str, JsonValue]
    proposals: Mapping[str, JsonValue]


class WorkItems(Protocol):
    """Work items."""

    def get(self, item_id: UUID) -> WorkItem:
        """Load a work item; raises `NotFoundError`."""
        ...

    def open_of_step(self, step_id: UUID) -> WorkItem | None:
        """Load the open item of a step, if there is one."""
        ...

    def open_of_case(self, case_id: UUID) -> tuple[WorkItem, ...]:
        """Load every open item of a case."""
        ...

    def save(self, item: WorkItem) -> None:
        """Save an item over the revision before it; raises `ConflictError` when somebody else was first."""
        ...

    def done_by(self, item_id: UUID, actor_id: UUID) -> None:
        """Write who did an item that nobody had claimed."""
        ...

    def keep_answers(
        self,
        answers: Mapping[str, JsonValue],
        *,
        case_id: UUID,
        unit_id: UUID,
        step_id: UUID,
        turn: int,
        at: datetime,
        key_of: UUID | None = None,
        apart: Collection[str] = (),
    ) -> bytes:
        """Seal the answers of a step, under the key of its person if it has one, else of the case.

        Gives the sealed bytes, of which the chain keeps a hash.
        """
        ...

    def answers(self, step_id: UUID, *, turn: int | None = None) -> Mapping[str, JsonValue]:
        """Open the answers of a step, of its latest turn unless one is named; empty when there are none."""
        ...

    def save_draft(
        self,
        item: WorkItem,
        answers: Mapping[str, JsonValue],
        *,
        unit_id: UUID,
        by: UUID,
        at: datetime,
        key_of: UUID | None = None,
        apart: Collection[str] = (),
    ) -> None:
        """Keep what has been typed, sealed under the key of the step's person if it has one."""
        ...

    def save_proposals(
        self,
        item: WorkItem,
        proposals: Mapping[str, JsonValue],
        notes: Sequence[str],
        *,
        unit_id: UUID,
        at: datetime,
        key_of: UUID | None = None,
        apart: Collection[str] = (),
    ) -> None:
        """Keep what preparing the step proposed, sealed under the key of the step's person if it has one."""
        ...

    def draft(self, item_id: UUID) -> TypedSoFar:
        """Open what was typed into an item so far, and what was proposed for it; empty where there is none."""
        ...

    def drop_draft(self, item_id: UUID) -> None:
        """Forget what was typed, once it has been sent."""
        ...


class Links(Protocol):
    """How cases belong together."""

    def add(self, link: CaseLink) -> None:
        """Write a link."""
        ...

    def save(self, link: CaseLink) -> None:
        """Write what became of a link."""
        ...

    def get(self, link_id: UUID) -> CaseLink | None:
        """Load a link, and keep others from answering or ending it until the transaction ends."""
        ...

    def live_of(self, case_id: UUID) -> tuple[CaseLink, ...]:
        """Load the links of a case that hold or wait for an answer, from either side, the earliest first."""
        ...
