"""Open a case from a report."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from pydantic import JsonValue

from engine.assembly import Engine
from engine.builtin import REPORT
from engine.cases.answers import check_answers, event_instant, open_outputs
from engine.cases.housekeeping import FirstAnswer, HousekeepingStore, mark_of, require_same
from engine.cases.records import TooManyReportsError
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core import events as ev
from engine.core.compiled import CompiledWorkflow
from engine.core.consequences import WorkItem
from engine.core.decide import follow
from engine.core.moving import choose_workflow
from engine.core.policy import Action, Viewer, can, require, roles_in
from engine.core.records import Case, ItemStatus, PersonRole, Scalar
from engine.core.state import CaseState, evolve
from engine.db.transaction import Transaction
from engine.errors import NotAllowedError, NotFoundError
from engine.people.records import Unit
from engine.persons.store import PersonStore
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


class CaseToOpen(NamedTuple):
    """What somebody wants opened: from which answers, in which unit, by which command, as `open_case` is told."""

    answers: Mapping[str, JsonValue]
    unit_id: UUID
    command_id: UUID
    workflow: str | None = None
    report_type: str = REPORT
    victims: int = 1
    most_in_an_hour: int | None = None


class Opening(NamedTuple):
    """A case to be opened: when (UTC), from when on its time limits are counted, and by which number, if it has one."""

    unit: Unit
    chosen: CompiledWorkflow
    answers: Mapping[str, JsonValue]
    report: dict[str, Scalar]
    opened_at: datetime
    started_at: datetime
    victims: int = 1
    number: str = ""


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
    require(viewer, Action.OPEN_CASE)
    if not can(viewer, Action.OPEN_CASE, unit_id=unit_id):
        raise NotAllowedError(actor=viewer.name, action="report for this unit")
    wanted = CaseToOpen(answers, unit_id, command_id, workflow, report_type, victims, most_in_an_hour)
    with engine.transaction() as tx:
        opened = open_within(engine, tx, wanted, viewer=viewer)
        tx.commit()
        return opened


def open_within(engine: Engine, tx: Transaction, wanted: CaseToOpen, *, viewer: Viewer) -> OpenedCase:
    """Open a case as `open_case` does, whose checks were made, in a transaction that somebody else commits."""
    step_type, answers, now = engine.registry.get(wanted.report_type), wanted.answers, engine.clock.now()
    received_at = min(event_instant(step_type, answers, None, now), now)
    counted = viewer.actor_id if wanted.most_in_an_hour is not None else None
    begun = tx.of(HousekeepingStore).begin_opening(
        wanted.command_id, unit_id=wanted.unit_id, workflow=wanted.workflow, by=counted, since=now - _HOUR
    )
    if begun.answer is not None:
        require_same(begun.answer, mark_of(engine.vault, answers))
        return _opened(FirstAnswer(begun.answer))
    if wanted.most_in_an_hour is not None and begun.reports >= wanted.most_in_an_hour:
        raise TooManyReportsError(most=wanted.most_in_an_hour)
    if begun.unit is None:
        raise NotFoundError(kind="unit")
    report = open_outputs(step_type, answers)
    chosen = chosen_workflow(engine, begun.unit, report, wanted.workflow, begun.workflows)
    tx.writes.hold()
    opening = Opening(begun.unit, chosen, answers, report, received_at, received_at, wanted.victims)
    state, item = write_opening(engine, tx, opening, viewer=viewer, now=now, report_type=wanted.report_type)
    case, item_id = state.case, str(item.id) if item else None
    answer = {"case_id": str(case.id), "case_number": case.number, "item_id": item_id}
    mark = mark_of(engine.vault, answers)
    tx.of(HousekeepingStore).remember(wanted.command_id, answer, case_id=case.id, at=now, mark=mark)
    return _opened(answer)


def write_opening(
    engine: Engine, tx: Transaction, opening: Opening, *, viewer: Viewer, now: datetime, report_type: str = REPORT
) -> tuple[CaseState, WorkItem | None]:
    """Write a case with its report and the draft of its first work item; returns both."""
    state, unit, answers = _write_case(engine, tx, opening, viewer, now), opening.unit, opening.answers
    tx.of(HousekeepingStore).add_report(
        engine.entropy.uuid(), answers, case_id=state.case.id, unit_id=unit.id, received_at=opening.opened_at, at=now,
        by=viewer.actor_id,
    )  # fmt: skip
    item = _hand_first_item_to(tx, state, viewer, report_type)
    if item is not None:
        tx.of(ItemStore).save_draft(item, answers, unit_id=unit.id, by=viewer.actor_id, at=now)
    return state, item


def chosen_workflow(
    engine: Engine, unit: Unit, report: Mapping[str, Scalar], name: str | None, published: Mapping[str, str]
) -> CompiledWorkflow:
    """Return the workflow named, or the one that a report opens; raises `NotFoundError`."""
    if name is not None and name not in published:
        raise NotFoundError(kind="workflow")
    if name is not None:
        return engine.definitions[published[name]]
    candidates = {known: engine.definitions[content_hash] for known, content_hash in published.items()}
    chosen = choose_workflow(candidates, unit.jurisdiction, report)
    if chosen is None:
        raise NotFoundError(kind="workflow for this report")
    return chosen


def _write_case(engine: Engine, tx: Transaction, opening: Opening, viewer: Viewer, now: datetime) -> CaseState:
    unit, report = opening.unit, opening.report
    case = Case(
        id=engine.entropy.uuid(), number=opening.number or engine.entropy.case_number(), unit_id=unit.id,
        jurisdiction=unit.jurisdiction, opened_at=opening.opened_at,
    )  # fmt: skip
    people = [engine.entropy.uuid() for _ in range(opening.victims)]
    engine.vault.make_new((case.id, *people), organisation_id=unit.organisation_id)
    before = tx.of(CaseStore).add(case, report)
    events: list[ev.Event] = [ev.CaseOpened(case=case, report=report)]
    state = evolve(before, events[0])
    commands: list[cm.Command] = []
    for person in people:
        tx.of(PersonStore).add(person, {}, (), unit_id=unit.id, at=now)
        commands.append(cm.AddPerson(person, PersonRole.POSSIBLE_VICTIM))
    which = opening.chosen.content_hash
    commands.append(cm.StartRun(engine.entropy.uuid(), which, opening.started_at, unit.jurisdiction))
    library = tx.library()
    for command in commands:
        following, state = follow(engine.definitions, library, state, command, now)
        events += following
    return tx.of(CaseStore).record(before, events, state, actor_id=viewer.actor_id, at=now)


def _hand_first_item_to(tx: Transaction, state: CaseState, viewer: Viewer, report_type: str) -> WorkItem | None:
    """Reserve the item that completes the report to whoever reported, if they may have it."""
    offered = (known for known in tx.of(CaseStore).offered if known.case_id == state.case.id)
    item = next((known for known in offered if known.uses == report_type), None)
    if item is None or roles_in(viewer, state.case.unit_id).isdisjoint(item.candidate_roles):
        return item
    changes = {"status": ItemStatus.RESERVED, "assignee_id": viewer.actor_id, "revision": item.revision + 1}
    reserved = item.model_copy(update=changes)
    tx.of(ItemStore).save(reserved)
    return reserved


def _opened(answer: Mapping[str, JsonValue]) -> OpenedCase:
    item = answer.get("item_id")
    return OpenedCase(UUID(str(answer["case_id"])), str(answer["case_number"]), UUID(str(item)) if item else None)
