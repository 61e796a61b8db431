"""Do a job: prepare or conclude a person's step, run an automatic one, deliver messages."""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar, cast
from uuid import UUID

from pydantic import JsonValue
from pydantic_core import to_jsonable_python

from engine.assembly import Engine
from engine.cases.actions.deciding import carry_out
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core.consequences import JobKind
from engine.core.records import OPEN, Scalar, Step, StepStatus, item_id
from engine.core.retention import key_of_step
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.errors import IcmcError, place_in
from engine.jobs.records import ClaimedJob, StepFailedError
from engine.jobs.store import JobStore
from engine.machine import was_refused
from engine.messages.actions.delivering import deliver_messages
from engine.messages.actions.notifying import notify, title_of_step
from engine.messages.actions.recipients import who_has_it
from engine.messages.records import IN_APP
from engine.people.actions.by_step import keep_access
from engine.people.actions.leaving import release_unentitled
from engine.persons.actions.persons import keep_persons
from engine.plugin.context import Completed, Concluded, Outcome, Prepared, StepContext
from engine.plugin.fields import OutputKind
from engine.sharing.actions.consents import keep_consent
from engine.sharing.actions.partners import keep_partner
from engine.work.actions.answers import bring_follow_ups, told_apart
from engine.work.actions.papers import appointment_of, keep_papers, make_papers, release_papers, unanswered
from engine.work.actions.reading import StepReading, read_step, why_not_for_asker
from engine.work.store import ItemStore

log = logging.getLogger(__name__)
DoneBy = Literal["prefect", "fallback", "replay"]
Given = TypeVar("Given", Prepared, Concluded, Completed)
DONE, ASIDE, READY = "done", "aside", "ready"


def run_job(
    engine: Engine, job: ClaimedJob, *, flow_run_id: UUID | None, task_run_id: UUID | None, done_by: DoneBy
) -> str:
    """Do a job and commit its result; returns its status.

    May be called again with the same token. What a person caused is set aside, and nothing done, when that person could
    no longer cause it. Raises `StepFailedError` when a pillar's function fails (nothing was
    changed), `StaleJobError` when another worker has the job now.
    """
    traced = {"flow_run_id": flow_run_id, "task_run_id": task_run_id, "done_by": done_by}
    status = _set_aside(engine, job)
    if status is not None:
        return status
    match JobKind(job.kind):
        case JobKind.DELIVER | JobKind.ESCALATE:
            return deliver_messages(engine, job, traced)
        case JobKind.PREPARE:
            return _prepare(engine, job, traced)
        case JobKind.CONCLUDE:
            return _conclude(engine, job, traced)
        case JobKind.RUN:
            return _run(engine, job, traced)


def _set_aside(engine: Engine, job: ClaimedJob) -> str | None:
    """Set a job aside, before anything is read for it, that may not be done for who asked for it; None when it may."""
    if job.asked_by is None:
        return None
    now = engine.clock.now()
    with engine.transaction() as tx:
        why_not = why_not_for_asker(tx, job, now=now)
        if why_not is None:
            return None
        status = tx.of(JobStore).hold(job.id, job.token)
        if status != "claimed":
            return status
        tx.of(JobStore).finish(job.id, status=ASIDE, at=now, error_code=why_not)
        tx.commit()
        return ASIDE


def _prepare(engine: Engine, job: ClaimedJob, traced: Mapping[str, Any]) -> str:
    read = read_step(engine, job)
    if read is None:
        return _finish(engine, job, traced)
    function = read.step_type.prepare
    prepared = _call(function, read, Prepared) if function else Prepared()
    papers = make_papers(engine, read, "prepare", prepared.prefill)
    has_appointment = _has_appointment(read)

    def write(tx: Transaction, state: CaseState, now: datetime) -> None:
        item = tx.of(ItemStore).open_of_step(read.step.id)
        if item is None:
            return
        unit = state.case.unit_id
        if prepared.prefill or prepared.notes:
            prefill = {name: _jsonable(value) for name, value in prepared.prefill.items()}
            key_of = key_of_step(read.step)
            tx.of(ItemStore).save_proposals(
                item, prefill, prepared.notes, unit_id=unit, at=now, key_of=key_of, apart=told_apart(engine, item.uses)
            )
        keep_papers(tx, state, read, papers, now)
        deadline = next((d for d in state.deadlines.values() if d.step_id == read.step.id), None)
        notify(
            engine, tx, state, kind="assigned", rule=f"{item.id}|assigned",
            step_title=title_of_step(engine, state, read.step),
            people=who_has_it(tx, state, item, now=now), channels=(IN_APP,),
            due_at=deadline.due_at if deadline else None, late_at=deadline.late_at if deadline else None,
            link=f"/items/{item.id}", now=now,
        )  # fmt: skip
        if has_appointment:
            notify(
                engine, tx, state, kind="appointment", rule=f"{item.id}|appointment",
                step_title=title_of_step(engine, state, read.step), people=who_has_it(tx, state, item, now=now),
                channels=(IN_APP,), due_at=None, link=f"/items/{item.id}/appointment.ics", now=now,
            )  # fmt: skip

    return _finish(engine, job, traced, write)


def _conclude(engine: Engine, job: ClaimedJob, traced: Mapping[str, Any]) -> str:
    read = read_step(engine, job)
    if read is None:
        return _finish(engine, job, traced)
    is_done = read.step.outcome == Outcome.DONE
    concluded = _concluded(read) if is_done else unanswered(engine, read)
    papers = make_papers(engine, read, "conclude", read.context.answers) if is_done else ()
    told = read.step_type.told_to_follow_ups(read.context.answers, concluded.computed)

    losers: list[UUID] = []

    def write(tx: Transaction, state: CaseState, now: datetime) -> None:
        keep_papers(tx, state, read, papers, now)
        changed = keep_access(engine, tx, state, read.step, concluded.access, now=now)
        losers.extend([changed.loser_id] if changed.loser_id else [])
        _keep_notes(tx, read.step, state, (*concluded.notes, *changed.said), now)
        release_papers(tx, read, now)
        after = keep_consent(engine, tx, state, read.step, concluded.consent, now=now)
        after = _record_facts(engine, tx, after, read.step, concluded.facts, now)
        after = bring_follow_ups(engine, tx, after, cm.BringFollowUps(read.step.id, told), now=now)
        keep_persons(engine, tx, after, read.step, concluded.persons, now=now)
        keep_partner(tx, concluded.partner, now=now)

    status = _finish(engine, job, traced, write)
    for actor_id in losers:
        release_unentitled(engine, actor_id)
    return status


def _run(engine: Engine, job: ClaimedJob, traced: Mapping[str, Any]) -> str:
    read = read_step(engine, job)
    if read is None or read.step.status not in OPEN or read.step_type.run is None:
        return _finish(engine, job, traced)
    completed = _call(read.step_type.run, read, Completed)
    outputs = {name: _fitting(read, name, value) for name, value in completed.outputs.items()}
    papers = make_papers(engine, read, "conclude", dict(outputs))

    def write(tx: Transaction, state: CaseState, now: datetime) -> None:
        step = state.steps[read.step.id]
        if step.status is not StepStatus.READY:
            return
        keep_papers(tx, state, read, papers, now)
        kept: dict[str, JsonValue] = {
            "notes": list(completed.notes),
            "matches": [{"unit": m.owning_unit, "contact": m.contact, "score": m.score} for m in completed.matches],
        }
        tx.of(ItemStore).keep_answers(
            {**{k: _jsonable(v) for k, v in outputs.items()}, **kept}, case_id=state.case.id,
            unit_id=state.case.unit_id, step_id=step.id, turn=step.turn, at=now, key_of=key_of_step(step),
        )  # fmt: skip
        facts = _declared(engine, state, step, completed.facts)
        command = cm.CompleteStep(step.id, completed.outcome.value, now, outputs=outputs, facts=facts)
        decided = carry_out(engine, tx, state, command, actor_id=None, now=now)
        told = read.step_type.told_to_follow_ups({}, completed.computed)
        bring_follow_ups(engine, tx, decided.state, cm.BringFollowUps(step.id, told), now=now)

    return _finish(engine, job, traced, write)


def _concluded(read: StepReading) -> Concluded:
    function = read.step_type.conclude
    return _call(function, read, Concluded) if function else Concluded()


def _call(function: Callable[[StepContext], object], read: StepReading, kind: type[Given]) -> Given:
    """Call a pillar's function; whatever it raises becomes one error without its words, which could name a person.

    So does an answer of another type than the contract says, or an output of another kind than was declared.
    """
    try:
        given = function(read.context)
    except Exception as error:  # noqa: BLE001 - a pillar may raise anything
        raise _failed(read, error) from None
    if not isinstance(given, kind):
        raise StepFailedError(step_type=read.step.uses, reason=f"gave {type(given).__name__}, not {kind.__name__}")
    return given


def _has_appointment(read: StepReading) -> bool:
    """Return whether a step is an appointment; whatever its function raises becomes one error without its words."""
    try:
        return appointment_of(read) is not None
    except Exception as error:  # noqa: BLE001 - a pillar may raise anything
        raise _failed(read, error) from None


def _failed(read: StepReading, error: Exception) -> StepFailedError:
    """Return the error of a pillar's function: its kind, and the place in the pillar's own code."""
    kind = error.code if isinstance(error, IcmcError) else type(error).__name__
    kind += " (ICMC_PILLAR_HOSTS does not name this host)" if was_refused(error) else ""
    code = read.step_type.form or read.step_type.run
    package = code.__module__.rpartition(".")[0] or code.__module__ if code else read.step.uses
    return StepFailedError(step_type=read.step.uses, reason=f"{kind} at {place_in(package, error)}")


def _keep_notes(tx: Transaction, step: Step, state: CaseState, notes: tuple[str, ...], now: datetime) -> None:
    """Keep what a step found when it was answered, for the page of the step."""
    if notes:
        item = tx.of(ItemStore).get(item_id(step.id, turn=step.turn, approval=False))
        tx.of(ItemStore).save_proposals(item, {}, notes, unit_id=state.case.unit_id, at=now, key_of=key_of_step(step))


def _fitting(read: StepReading, name: str, value: Scalar | datetime) -> Scalar:
    """Give an output as it is kept; raise `StepFailedError` for one that the step type declares otherwise or not."""
    spec = read.step_type.outputs.get(name)
    if spec is None:
        raise StepFailedError(step_type=read.step.uses, reason=f"gave the output {name}, which it does not declare")
    fits = {
        OutputKind.BOOL: isinstance(value, bool),
        OutputKind.NUMBER: isinstance(value, int | float) and not isinstance(value, bool),
        OutputKind.INSTANT: isinstance(value, datetime) and value.tzinfo is not None,
        OutputKind.CHOICE: isinstance(value, str) and (not spec.choices or value in spec.choices),
    }
    if not fits[spec.kind]:
        raise StepFailedError(
            step_type=read.step.uses, reason=f"gave the output {name}, declared as {spec.kind.value}, another value"
        )
    return _scalar(value)


def _record_facts(
    engine: Engine, tx: Transaction, state: CaseState, step: Step, facts: Mapping[str, object], now: datetime
) -> CaseState:
    current = state
    for name, value in _declared(engine, state, step, facts).items():
        decided = carry_out(engine, tx, current, cm.RecordFact(name, value, step.key), actor_id=None, now=now)
        current = decided.state
    return current


def _declared(engine: Engine, state: CaseState, step: Step, facts: Mapping[str, object]) -> dict[str, Scalar]:
    """Leave out the facts that the step's workflow does not declare."""
    declared = engine.definitions[state.runs[step.run_id].definition_hash].facts
    return {name: _scalar(value) for name, value in facts.items() if name in declared}


def _finish(
    engine: Engine,
    job: ClaimedJob,
    traced: Mapping[str, Any],
    write: Callable[[Transaction, CaseState, datetime], None] | None = None,
) -> str:
    """Write what a job found and that it is done, in one transaction, if its token is still the current one."""
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(job.case_id)
        status = tx.of(JobStore).hold(job.id, job.token)
        if status != "claimed":
            return status
        why_not = why_not_for_asker(tx, job, now=now)
        if why_not is not None:
            tx.of(JobStore).finish(job.id, status=ASIDE, at=now, error_code=why_not)
            tx.commit()
            return ASIDE
        tx.writes.hold()
        if write is not None:
            write(tx, state, now)
        tx.of(JobStore).finish(job.id, status=DONE, at=now, **traced)
        tx.commit()
        return DONE


def _scalar(value: object) -> Scalar:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else cast("Scalar", value)


def _jsonable(value: object) -> JsonValue:
    return cast("JsonValue", to_jsonable_python(value))
