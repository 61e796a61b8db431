"""Open a case from a report."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from engine.assembly import Engine
from engine.builtin import REPORT
from engine.cases.answers import check_answers, event_instant, open_outputs
from engine.cases.housekeeping import FirstAnswer, HousekeepingStore, mark_of, require_same
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core import events as ev
from engine.core.compiled import CompiledWorkflow
from engine.core.consequences import WorkItem
from engine.core.decide import decide
from engine.core.policy import Action, Viewer, can, roles_in
from engine.core.records import Case, ItemStatus, PersonRole, Scalar
from engine.core.state import CaseState, evolve
from engine.db.transaction import Transaction
from engine.errors import NotAllowedError, NotFoundError, TooManyReportsError
from engine.language.conditions.evaluate import evaluate
from engine.language.conditions.values import UNKNOWN, Truth, Value
from engine.people.records import Unit
from engine.persons.store import PersonStore
from engine.ports import JsonValue
from engine.work.store import ItemStore

MOST_REPORTS_IN_AN_HOUR: Final = 100
"""Of one person at the pages: more than anybody can take in, and too few to bury the others' under."""
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class OpenedCase:
    """A case that was opened, and the work item that comes first."""

    case_id: UUID
    case_number: str
    item_id: UUID | None


def open_case(
    engine: Engine,
    *,
    answers: Mapping[str, JsonValue],
    unit_id: UUID,
    viewer: Viewer,
    command_id: UUID,
    workflow: str | None = None,
    report_type: str = REPORT,
    victims: int = 1,
    most_in_an_hour: int | None = None,
) -> OpenedCase:
    """Open a case from a report, in the workflow that its answers call for or in the one named.

    The report's first bite must be answered. The case begins with one possible victim, not yet identified (or as many
    as `victims` says). Raises `InvalidAnswersError`, `NotAllowedError`, `NotFoundError` (no such workflow or unit), and
    `TooManyReportsError` for one more than `most_in_an_hour` of one person.
    """
    step_type = engine.registry.get(report_type)
    check_answers(step_type, answers, partly=True)
    if not can(viewer, Action.OPEN_CASE):
        raise NotAllowedError(actor=viewer.name, action=Action.OPEN_CASE.value)
    if not can(viewer, Action.OPEN_CASE, unit_id=unit_id):
        raise NotAllowedError(actor=viewer.name, action="report for this unit")
    now = engine.clock.now()
    received_at = min(event_instant(step_type, answers, None, now), now)
    counted = viewer.actor_id if most_in_an_hour is not None else None
    with engine.transaction() as tx:
        begun = tx.of(HousekeepingStore).begin_opening(
            command_id, unit_id=unit_id, workflow=workflow, by=counted, since=now - _HOUR
        )
        unit = begun.unit
        if begun.answer is not None:
            require_same(begun.answer, mark_of(engine.vault, answers))
            return _opened(FirstAnswer(begun.answer))
        if most_in_an_hour is not None and begun.reports >= most_in_an_hour:
            raise TooManyReportsError(most=most_in_an_hour)
        if unit is None:
            raise NotFoundError(kind="unit")
        report = open_outputs(step_type, answers)
        chosen = _choose(engine, unit, report, workflow, begun.workflows)
        tx.writes.hold()
        state = _write_case(engine, tx, unit, report, chosen, viewer, received_at, now, victims)
        case = state.case
        tx.of(HousekeepingStore).add_report(
            engine.entropy.uuid(), answers, case_id=case.id, unit_id=unit.id, received_at=received_at, at=now,
            by=viewer.actor_id,
        )  # fmt: skip
        item = _hand_first_item_to(tx, state, viewer, report_type)
        if item is not None:
            tx.of(ItemStore).save_draft(item, answers, unit_id=unit.id, by=viewer.actor_id, at=now)
        answer = {"case_id": str(case.id), "case_number": case.number, "item_id": str(item.id) if item else None}
        mark = mark_of(engine.vault, answers)
        tx.of(HousekeepingStore).remember(command_id, answer, case_id=case.id, at=now, mark=mark)
        tx.commit()
        return _opened(answer)


def choose_workflow(
    candidates: Mapping[str, CompiledWorkflow], jurisdiction: str, report: Mapping[str, Scalar]
) -> CompiledWorkflow | None:
    """Choose the workflow that a report opens: its condition holds, its jurisdiction fits, its priority is highest."""

    def seen(name: tuple[str, ...]) -> Value:
        return report.get(name[-1], UNKNOWN) if name[0] == "report" else UNKNOWN

    fitting = [
        compiled
        for compiled in candidates.values()
        if compiled.workflow.start.on == "report"
        and _covers(compiled.workflow.jurisdictions, jurisdiction)
        and (compiled.start_condition is None or evaluate(compiled.start_condition, seen) is Truth.TRUE)
    ]
    return max(fitting, key=lambda compiled: (compiled.workflow.priority, compiled.workflow.workflow), default=None)


def _covers(jurisdictions: tuple[str, ...], jurisdiction: str) -> bool:
    country = jurisdiction.partition("-")[0]
    return not jurisdictions or jurisdiction in jurisdictions or country in jurisdictions


def _choose(
    engine: Engine, unit: Unit, report: Mapping[str, Scalar], name: str | None, published: Mapping[str, str]
) -> CompiledWorkflow:
    candidates = {known: engine.definitions[content_hash] for known, content_hash in published.items()}
    if name is not None and name not in candidates:
        raise NotFoundError(kind="workflow")
    chosen = candidates[name] if name is not None else choose_workflow(candidates, unit.jurisdiction, report)
    if chosen is None:
        raise NotFoundError(kind="workflow for this report")
    return chosen


def _write_case(
    engine: Engine,
    tx: Transaction,
    unit: Unit,
    report: dict[str, Scalar],
    chosen: CompiledWorkflow,
    viewer: Viewer,
    received_at: datetime,
    now: datetime,
    victims: int,
) -> CaseState:
    case = Case(
        id=engine.entropy.uuid(), number=engine.entropy.case_number(), unit_id=unit.id,
        jurisdiction=unit.jurisdiction, opened_at=received_at,
    )  # fmt: skip
    people = [engine.entropy.uuid() for _ in range(victims)]
    engine.vault.make_new((case.id, *people), organisation_id=unit.organisation_id)
    before = tx.of(CaseStore).add(case, report)
    events: list[ev.Event] = [ev.CaseOpened(case=case, report=report)]
    state = evolve(before, events[0])
    commands: list[cm.Command] = []
    for person in people:
        tx.of(PersonStore).add(person, {}, (), unit_id=unit.id, at=now)
        commands.append(cm.AddPerson(person, PersonRole.POSSIBLE_VICTIM))
    commands.append(cm.StartRun(engine.entropy.uuid(), chosen.content_hash, received_at, unit.jurisdiction))
    library = tx.library()
    for command in commands:
        decided = decide(engine.definitions, library, state, command, now)
        for event in decided:
            state = evolve(state, event)
        events += decided
    return tx.of(CaseStore).record(before, events, actor_id=viewer.actor_id, at=now)


def _hand_first_item_to(tx: Transaction, state: CaseState, viewer: Viewer, report_type: str) -> WorkItem | None:
    """Reserve the item that completes the report to whoever reported, if they may have it."""
    item = next((known for known in tx.of(CaseStore).offered if known.uses == report_type), None)
    if item is None or roles_in(viewer, state.case.unit_id).isdisjoint(item.candidate_roles):
        return item
    changes = {"status": ItemStatus.RESERVED, "assignee_id": viewer.actor_id, "revision": item.revision + 1}
    reserved = item.model_copy(update=changes)
    tx.of(ItemStore).save(reserved)
    return reserved


def _opened(answer: Mapping[str, JsonValue]) -> OpenedCase:
    item = answer.get("item_id")
    return OpenedCase(UUID(str(answer["case_id"])), str(answer["case_number"]), UUID(str(item)) if item else None)
