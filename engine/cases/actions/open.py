"""Open a case from a report, and let who reported ask how it goes by a code that only they were told."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from engine.access.store import EmergencyAccessStore
from engine.assembly import Engine
from engine.builtin import REPORT
from engine.cases.actions.deciding import require_member
from engine.cases.answers import check_answers, event_instant, open_outputs
from engine.cases.housekeeping import FirstAnswer, HousekeepingStore, mark_of, require_same
from engine.cases.records import written_number
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core import events as ev
from engine.core.choosing import choose_workflow
from engine.core.compiled import CompiledWorkflow
from engine.core.consequences import WorkItem
from engine.core.decide import follow
from engine.core.policy import Action, Viewer, can, roles_in
from engine.core.records import Case, CaseStatus, ItemStatus, PersonRole, Scalar, StepStatus
from engine.core.state import CaseState, evolve
from engine.db.transaction import Transaction
from engine.errors import NotAllowedError, NotFoundError, TooManyReportsError
from engine.people.records import Unit
from engine.persons.store import PersonStore
from engine.ports import JsonValue
from engine.sign_in.actions.guarding import Tries
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
        chosen = chosen_workflow(engine, unit, report, workflow, begun.workflows)
        tx.writes.hold()
        opening = Opening(unit, chosen, answers, report, received_at, received_at, victims)
        state, item = write_opening(engine, tx, opening, viewer=viewer, now=now, report_type=report_type)
        case, item_id = state.case, str(item.id) if item else None
        answer = {"case_id": str(case.id), "case_number": case.number, "item_id": item_id}
        mark = mark_of(engine.vault, answers)
        tx.of(HousekeepingStore).remember(command_id, answer, case_id=case.id, at=now, mark=mark)
        tx.commit()
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
    candidates = {known: engine.definitions[content_hash] for known, content_hash in published.items()}
    if name is not None and name not in candidates:
        raise NotFoundError(kind="workflow")
    chosen = candidates[name] if name is not None else choose_workflow(candidates, unit.jurisdiction, report)
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


_SIGNS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no sign looks like another one."""
_LETTERS: Final = {"O": "0", "I": "1", "L": "1"}
_LENGTH, _GROUP = 10, 5
_KIND: Final = "receipt"


class Progress(StrEnum):
    """All that is told: not who, not what, not where."""

    UNKNOWN = "unknown"
    RECEIVED = "received"
    AT_WORK = "at_work"
    CLOSED = "closed"


def receipt_code(engine: Engine, case_id: UUID, *, viewer: Viewer) -> str:
    """Return the receipt code of a case, to be told in person; raises `NotFoundError`, `NotAllowedError`.

    It is worked out of the case number by a key of this installation, and is stored nowhere. When that key is changed,
    the codes change too: those that were told before count until the old key is dropped.
    """
    with engine.transaction() as tx:
        state = tx.of(CaseStore).read(case_id)
    require_member(viewer, state)
    return code_for(engine, state.case.number)


def code_for(engine: Engine, number: str) -> str:
    """Return the receipt code of a case by its number."""
    return _code_of(engine.vault.blind(_KIND, number))


def ask_progress(engine: Engine, *, number: str, code: str, network: str) -> Progress:
    """Say how far a case is to whoever knows its number and its code; the same `UNKNOWN` for whatever is wrong.

    Of a case that was merged into another one it is said how far that is, in which work goes on.
    A wrong try makes the next one wait, for that number and from that network.
    """
    known_as = written_number(number)
    tries = tries_of(engine, number=known_as, network=network)
    tries.count(in_turn=False)
    if not _fits(engine, known_as, code):
        return Progress.UNKNOWN  # whether there is such a case has not been asked yet
    with engine.transaction() as tx:
        case_id = tx.of(EmergencyAccessStore).case_of_number(known_as)
        progress = progress_of_case(tx, case_id) if case_id else Progress.UNKNOWN
    if case_id:
        tries.forget()
    return progress


def progress_of_case(tx: Transaction, case_id: UUID) -> Progress:
    """Say how far a case is, or the one in which work on it goes on."""
    return _progress_of_all(_with_those_it_rests_in(tx, case_id))


def tries_of(engine: Engine, *, number: str, network: str) -> Tries:
    """Return the tries that were made for a number from a network."""
    return Tries(engine, account=f"receipt|{written_number(number)}", network=network)


def progress_of(state: CaseState) -> Progress:
    """Say how far a case is: at work as soon as a person has ended something but the report itself."""
    if state.case.status is CaseStatus.CLOSED:
        return Progress.CLOSED
    done = [step for step in state.steps.values() if step.status is StepStatus.ENDED and step.completed_by is not None]
    return Progress.AT_WORK if any(not step.uses.endswith(".intake") for step in done) else Progress.RECEIVED


def _with_those_it_rests_in(tx: Transaction, case_id: UUID) -> list[CaseState]:
    """Return a case and, where it was merged, each further one to the one in which work goes on."""
    states = [tx.of(CaseStore).read(case_id)]
    while (into := states[-1].case.merged_into) is not None:
        states.append(tx.of(CaseStore).read(into))
    return states


def _progress_of_all(states: Sequence[CaseState]) -> Progress:
    """Say how far the last one is; what was done in a case before it was merged counts as work."""
    found = {progress_of(state) for state in states}
    last = progress_of(states[-1])
    return Progress.AT_WORK if last is Progress.RECEIVED and len(found) > 1 else last


def _fits(engine: Engine, number: str, code: str) -> bool:
    """Return whether a code is that of a number, by any key that is used now."""
    known = [_plain(_code_of(token)) for token in engine.vault.blinds(_KIND, number).values()]
    return any(hmac.compare_digest(one.encode(), _plain(code).encode()) for one in known)


def _code_of(token: bytes) -> str:
    left = int.from_bytes(token[:8], "big")
    signs = ""
    for _ in range(_LENGTH):
        left, sign = divmod(left, len(_SIGNS))
        signs += _SIGNS[sign]
    return f"{signs[:_GROUP]}-{signs[_GROUP:]}"


def _plain(code: str) -> str:
    """Read a code as people write it: small letters, spaces, an O for a nought."""
    return "".join(_LETTERS.get(sign, sign) for sign in code.upper() if sign.isalnum())
