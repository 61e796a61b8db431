"""Load a case under its lock, and write what was decided: every record, work item, job and event at once."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from pydantic import JsonValue
from sqlalchemy import func, insert, select, update

from engine.cases.encrypted import EncryptedCell, encrypt_body, encrypt_values, facts_of, outputs_of, report_of
from engine.cases.loading import LockedItem, lock_case, lock_case_for, lock_free_cases, lock_item, read_case
from engine.core import events as ev
from engine.core.consequences import Job, WorkItem, consequences
from engine.core.keys import place_key
from engine.core.records import Case, Scalar, Step, StepInterval
from engine.core.state import CaseState
from engine.db.encrypted_columns import place_id
from engine.db.row_history import link
from engine.db.store import Store, Within
from engine.db.tables import TABLES
from engine.db.writing import NEW_JOB, Closed, SavedCase, plain, written
from engine.errors import KeyMissingError, NotFoundError

CASE, ITEM, EVENT = TABLES["case"], TABLES["work_item"], TABLES["event"]
EVENT_WORDS, INTERVAL, STEP = TABLES["event_words"], TABLES["interval"], TABLES["step"]
NOTE_MADE = "NoteMade"
"""The event of a note in the diary; its words are beside it."""
CONCERN = "concern"
"""The answer of a report that says what a case is about: lists show it, and cases are counted by it."""
_TYPED = frozenset({"title", "settings"})
"""What a caseworker types of a step that they add."""


class CaseStore(Store):
    """Cases in PostgreSQL, within one transaction."""

    def __init__(self, within: Within) -> None:
        """Work inside a transaction."""
        super().__init__(within)
        self.on_items_changed: Callable[[], None] = _nothing_more
        self.offered: tuple[WorkItem, ...] = ()

    def lock(self, case_id: UUID) -> CaseState:
        """Load a case and keep others from changing it until the transaction ends; raises `NotFoundError`."""
        return _found(lock_case(self._writes, self._vault, case_id))

    def lock_for(self, case_id: UUID, command_id: UUID) -> tuple[CaseState, dict[str, Any] | None]:
        """Load a case and lock it, with the first answer to a command; raises `NotFoundError`."""
        found = lock_case_for(self._writes, self._vault, case_id, command_id)
        if found is None:
            raise NotFoundError(kind="case")
        self._stamps.append(found.library)
        return found.state, found.answer

    def lock_item(self, item_id: UUID, command_id: UUID) -> LockedItem:
        """Load a work item and lock its case, with the first answer to a command; raises `NotFoundError`."""
        found = lock_item(self._writes, self._vault, item_id, command_id)
        if found is None:
            raise NotFoundError(kind="work item")
        self._stamps.append(found.library)
        return found

    def lock_free(self, case_ids: Collection[UUID]) -> Mapping[UUID, CaseState]:
        """Lock and load those of these cases that nobody else is changing; what others hold is left to them."""
        return lock_free_cases(self._writes, self._vault, case_ids)

    def read(self, case_id: UUID) -> CaseState:
        """Load a case as it is now, and let others change it; raises `NotFoundError`."""
        return _found(read_case(self._writes, self._vault, case_id))

    def add(self, case: Case, report: Mapping[str, Scalar]) -> CaseState:
        """Write a new case, before its first event."""
        concern = report.get(CONCERN)
        row = plain(case) | {
            "concern": concern if isinstance(concern, str) else None,
            "encrypted_report": written(self._encrypted(report, report_of(case.id), case)),
            "encrypted_facts": None, "chain_head": written(case.chain_head),
        }  # fmt: skip
        self._writes.add({"case": [row]})
        return CaseState(case=case, report=report)

    def record(
        self, before: CaseState, events: Sequence[ev.Event], after: CaseState, *, actor_id: UUID | None, at: datetime
    ) -> CaseState:
        """Write events, the records they change, the items and jobs that follow, and the links of the chain.

        `after` is the state that the events lead to.
        """
        follows = consequences(events, after, self._definitions, at)
        unit = before.case.unit_id
        rows = self._changed_rows(before, after, events) | {
            "work_item": [plain(item) | {"unit_id": unit} for item in follows.items],
            **_job_rows(after, follows.jobs, at=at, asked_by=actor_id),
        }
        bodies = [(event.type, _body(event) | _offered(event, follows.items)) for event in events]
        links, saved = self._chain(after, bodies, actor_id=actor_id, at=at)
        closed = [Closed(step, status, at) for step, status in follows.closed_steps.items()]
        self._writes.add(
            {**rows, "event": links},
            case=SavedCase.of(before, saved, self._changed_facts(before, saved)),
            closed=closed,
        )
        self.offered += tuple(follows.items)
        if closed or follows.items:
            self.on_items_changed()
        return saved

    def note(
        self, state: CaseState, type_: str, body: Mapping[str, Any], *, actor_id: UUID | None, at: datetime
    ) -> CaseState:
        """Write an event that changes no record of the case: a claim, a reading, a delivery."""
        links, saved = self._chain(state, [(type_, dict(body))], actor_id=actor_id, at=at)
        self._writes.add({"event": links}, case=SavedCase.of(state, saved))
        return saved

    def keep_place(self, state: CaseState, interval: StepInterval, *, place: str, evidence: str = "") -> None:
        """Seal where a recorded stretch of time led, and what shows it."""
        row = place_id(interval.step_id, interval.name, interval.start)
        told: JsonValue = {"place": place, "evidence": evidence} if evidence else place
        key, unit = place_key(state.case.id), state.case.unit_id
        encrypted = self._vault.encrypt(
            told, key_of=key, table="interval", row=row, column="encrypted_place", unit_id=unit
        )
        of = (INTERVAL.c.step_id == interval.step_id, INTERVAL.c.name == interval.name)
        changed = update(INTERVAL).where(*of, INTERVAL.c.start == interval.start).values(encrypted_place=encrypted)
        self._connection.execute(changed)

    def keep_title(self, case: Case, step_id: UUID, title: str, *, shown: str) -> None:
        """Seal what somebody calls a step that they added; lists show another title, which nobody typed."""
        self._writes.flush()
        encrypted = self._vault.encrypt(
            title, key_of=case.id, table="step", row=step_id, column="encrypted_title", unit_id=case.unit_id
        )
        added = STEP.c.added.op("||")(func.jsonb_build_object("title", shown))
        self._connection.execute(
            update(STEP).where(STEP.c.id == step_id).values(encrypted_title=encrypted, added=added)
        )

    def keep_words(self, case: Case, seq: int, words: str, *, about: UUID | None = None) -> None:
        """Seal the words beside an event of a case; raises `KeyMissingError` when its key is gone.

        What is about one person alone goes under their key, and is erased with them.
        """
        row, key_of = uuid5(case.id, f"words/{seq}"), about or case.id
        encrypted = self._vault.encrypt(words, key_of=key_of, table="event_words", row=row, column="encrypted_words")
        values = {"id": row, "case_id": case.id, "seq": seq, "encrypted_words": encrypted}
        self._connection.execute(insert(EVENT_WORDS), values)

    def notes_of(self, case_id: UUID, kind: str) -> Mapping[int, datetime]:
        """Return when notes of one kind were written into the diary of a case (UTC), by the number of their event."""
        of = (EVENT.c.case_id == case_id, EVENT.c.type == NOTE_MADE, EVENT.c.body["kind"].astext == kind)
        return {row[0]: row[1] for row in self._connection.execute(select(EVENT.c.seq, EVENT.c.at).where(*of))}

    def last_of(self, case_id: UUID, type_: str) -> int:
        """Return the number of the last event of a type in a case; 0 for none."""
        of = (EVENT.c.case_id == case_id, EVENT.c.type == type_)
        return int(self._connection.execute(select(func.max(EVENT.c.seq)).where(*of)).scalar() or 0)

    def words_of(self, case_id: UUID, *, notes: bool = False, only: Collection[int] | None = None) -> Mapping[int, str]:
        """Open the words of a case by the number of their event; those whose key is gone are left out.

        They are why something was done, or with `notes` those of its diary; `only` names the events.
        """
        is_note = EVENT.c.type == NOTE_MADE if notes else EVENT.c.type != NOTE_MADE
        beside = (EVENT.c.case_id == EVENT_WORDS.c.case_id) & (EVENT.c.seq == EVENT_WORDS.c.seq) & is_note
        query = select(EVENT_WORDS).join(EVENT, beside).where(EVENT_WORDS.c.case_id == case_id)
        if only is not None:
            query = query.where(EVENT_WORDS.c.seq.in_(only))
        found: dict[int, str] = {}
        for row in self._connection.execute(query.order_by(EVENT_WORDS.c.seq)).mappings():
            place = {"table": "event_words", "row": row["id"], "column": "encrypted_words"}
            with suppress(KeyMissingError):
                found[row["seq"]] = str(self._vault.decrypt(row["encrypted_words"], **place))
        return found

    def sources_of_facts(self, case_id: UUID) -> Mapping[str, str]:
        """Return the step or other source that each fact of a case comes from as it stands, by the fact's name."""
        body = EVENT.c.body
        query = (
            select(body["name"].astext, body["source"].astext)
            .where(EVENT.c.case_id == case_id, EVENT.c.type == "FactRecorded")
            .order_by(EVENT.c.seq)
        )
        return {row[0]: row[1] or "" for row in self._connection.execute(query)}

    def add_jobs(self, state: CaseState, jobs: Sequence[Job], *, at: datetime, **more: object) -> None:
        """Write jobs into the outbox, and make sure that somebody is told of them."""
        if jobs:
            self._writes.add(_job_rows(state, jobs, at=at, **more))

    def _changed_rows(
        self, before: CaseState, after: CaseState, events: Sequence[ev.Event]
    ) -> dict[str, list[dict[str, Any]]]:
        scope = {"case_id": before.case.id, "unit_id": before.case.unit_id}
        deadlines = {event.deadline.id: event.deadline for event in events if isinstance(event, ev.DEADLINE_EVENTS)}
        recorded = [event.interval for event in events if isinstance(event, ev.IntervalRecorded)]
        intervals = {(interval.step_id, interval.name, interval.start): interval for interval in recorded}
        steps = {event.step.id: event.step for event in events if isinstance(event, ev.STEP_EVENTS)}
        known = set(before.persons)
        return {
            "run": [plain(run) | scope for key, run in after.runs.items() if before.runs.get(key) is not run],
            "step": [self._step_row(after.case, step) | scope for step in steps.values()],
            "deadline": [plain(deadline) | scope | {"failures": 0} for deadline in deadlines.values()],
            "case_person": [
                plain(person) | scope | {"position": number}
                for number, person in enumerate(after.persons, start=1)
                if person not in known
            ],
            "interval": [plain(interval) | scope for interval in intervals.values()],
        }

    def _step_row(self, case: Case, step: Step) -> dict[str, Any]:
        row = plain(step)
        del row["outputs"]
        row["encrypted_outputs"] = written(self._encrypted(step.outputs, outputs_of(step.id), case))
        row["added"] = step.added.model_dump(mode="json") if step.added else None
        return row

    def _changed_facts(self, before: CaseState, after: CaseState) -> str | None:
        """Seal the facts of a case where they have changed."""
        if after.facts is before.facts or after.facts == before.facts:
            return None
        return written(self._encrypted(after.facts, facts_of(after.case.id), after.case))

    def _encrypted(self, values: Mapping[str, Scalar], place: EncryptedCell, case: Case) -> bytes | None:
        return encrypt_values(self._vault, values, place, case_id=case.id, unit_id=case.unit_id) if values else None

    def _chain(
        self,
        state: CaseState,
        bodies: Sequence[tuple[str, dict[str, Any]]],
        *,
        actor_id: UUID | None,
        at: datetime,
    ) -> tuple[list[dict[str, Any]], CaseState]:
        """Make the links of some events; returns their rows, and the case as it is with them."""
        case, rows = state.case, []
        head, seq = case.chain_head, case.chain_length
        for type_, whole in bodies:
            seq += 1
            body, encrypted = encrypt_body(self._vault, whole, case_id=case.id, unit_id=case.unit_id, seq=seq)
            head = link(self._vault, head, case_id=case.id, seq=seq, at=at, actor_id=actor_id, type_=type_, body=body)
            rows.append(
                {
                    "case_id": case.id, "seq": seq, "unit_id": case.unit_id, "at": at, "actor_id": actor_id,
                    "type": type_, "body": body, "hash": written(head), "encrypted_body": written(encrypted),
                },
            )  # fmt: skip
        changes = {"revision": case.revision + 1, "chain_head": head, "chain_length": seq}
        return rows, state.but(case=case.model_copy(update=changes))


def _body(event: ev.Event) -> dict[str, Any]:
    """Return what the chain keeps of an event for ever: nothing that somebody typed in words of their own."""
    if isinstance(event, ev.STEP_EVENTS) and not isinstance(event.step.outputs, dict):
        opened = event.step.model_copy(update={"outputs": dict(event.step.outputs)})
        event = event.model_copy(update={"step": opened})
    body = event.model_dump(mode="json", exclude={"type"}, exclude_defaults=True)
    added = (body.get("step") or {}).get("added")
    if added:
        body["step"]["added"] = {name: value for name, value in added.items() if name not in _TYPED}
    return body


def _offered(event: ev.Event, items: Sequence[WorkItem]) -> dict[str, Any]:
    """Return to whom an event offers the work item that it brings: a later definition could say otherwise."""
    if not isinstance(event, ev.StepOpened | ev.StepReturned | ev.StepSubmitted):
        return {}
    is_approval = isinstance(event, ev.StepSubmitted)
    found = next((one for one in items if one.step_id == event.step.id and one.approval is is_approval), None)
    if found is None:
        return {}
    return {"offered": {"roles": list(found.candidate_roles), "but": [str(who) for who in found.excluded_ids]}}


def _found(state: CaseState | None) -> CaseState:
    if state is None:
        raise NotFoundError(kind="case")
    return state


def _nothing_more() -> None:
    """Do nothing after a decision was written."""


def _job_rows(
    state: CaseState, jobs: Sequence[Job], *, at: datetime, **more: object
) -> dict[str, list[dict[str, Any]]]:
    if not jobs:
        return {}
    case = state.case
    workflow = next((run.workflow for run in state.runs.values()), "")
    return {
        "job": [{**NEW_JOB, **plain(job), "unit_id": case.unit_id, "created_at": at, **more} for job in jobs],
        "dispatch": [{"case_id": case.id, "workflow": workflow}],
    }
