"""Take over old cases from a table: all of them, or none."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import JsonValue

from engine.access.store import EmergencyAccessStore
from engine.assembly import Engine
from engine.audit.store import AuditLogStore
from engine.builtin import REPORT
from engine.cases.actions.deciding import carry_out
from engine.cases.actions.open import Opening, chosen_workflow, write_opening
from engine.cases.answers import check_answers, open_outputs
from engine.cases.housekeeping import HousekeepingStore, OpeningFacts
from engine.core import commands as cm
from engine.core.compiled import CompiledWorkflow
from engine.core.law.told import AgeRange, for_report
from engine.core.policy import Action, Viewer, require
from engine.core.records import RoleStatus, Scalar, path_of_person
from engine.core.state import CaseState
from engine.db.transaction import Transaction
from engine.errors import InvalidAnswersError, NotFoundError
from engine.imports.htcds import read_htcds
from engine.imports.records import BadCell, OldCase, TableError, read_table
from engine.people.records import Unit
from engine.persons.records import with_age
from engine.persons.store import PersonStore


class Fitting(NamedTuple):
    """A row that fits: what is reported, on what workflows decide, and the workflow that it opens."""

    case: OldCase
    report: dict[str, Scalar]
    chosen: CompiledWorkflow


def check_table(engine: Engine, text: str, *, viewer: Viewer, unit_id: UUID, workflow: str | None = None) -> int:
    """Look whether a table can be taken over, and do nothing; returns how many cases it has.

    Raises `TableError` with every problem, `NotAllowedError`, `NotFoundError` (no such unit).
    """
    with engine.transaction() as tx:
        begun = tx.of(HousekeepingStore).begin_opening(
            engine.entropy.uuid(), unit_id=unit_id, workflow=workflow, by=None, since=engine.clock.now()
        )
        return len(_fitting(engine, tx, text, begun, viewer=viewer, unit_id=unit_id, workflow=workflow))


def import_cases(
    engine: Engine, text: str, *, viewer: Viewer, unit_id: UUID, command_id: UUID, workflow: str | None = None
) -> tuple[str, ...]:
    """Take over every case of a table into a unit in one transaction; returns their numbers, in the order of the rows.

    Each begins now: its time limits are counted from this moment, whatever passed before. Raises `TableError` with
    every problem, when nothing was done, `NotAllowedError`, `NotFoundError` (no such unit).
    """
    now = engine.clock.now()
    with engine.transaction() as tx:
        begun = tx.of(HousekeepingStore).begin_opening(
            command_id, unit_id=unit_id, workflow=workflow, by=None, since=now
        )
        if begun.answer is not None:
            return tuple(str(number) for number in begun.answer["numbers"])
        rows = _fitting(engine, tx, text, begun, viewer=viewer, unit_id=unit_id, workflow=workflow)
        tx.writes.hold()
        opened = []
        for one in rows:
            people = [engine.entropy.uuid() for _ in one.case.roles or ()]
            state, _ = write_opening(engine, tx, _opening(one, begun, people, now), viewer=viewer, now=now)
            opened.append(_as_it_was(engine, tx, state, one.case, people, viewer=viewer, now=now))
        for one, state in zip(rows, opened, strict=True):
            identity = _identity(one.case.identity, one.case.opened_at or now)
            if identity and state.persons:
                tokens = engine.fingerprints.tokens(identity)
                tx.of(PersonStore).change(state.persons[0].person_id, identity, tokens, by=viewer.actor_id)
        numbers = [state.case.number for state in opened]
        body = {"cases": len(numbers), "unit": str(unit_id)}
        tx.of(AuditLogStore).note("keeping", "CasesTakenOver", body, actor_id=viewer.actor_id, at=now)
        tx.of(HousekeepingStore).remember(command_id, {"numbers": numbers}, case_id=None, at=now)
        tx.commit()
        return tuple(numbers)


def _opening(one: Fitting, begun: OpeningFacts, people: Sequence[UUID], now: datetime) -> Opening:
    """Return how a case of a table opens now: with its answers, and what is known of each of its people."""
    answers: dict[str, JsonValue] = {**one.case.answers, "received_at": now.isoformat()}
    tellings = [
        said
        for person, (*_, told) in zip(people, one.case.roles or (), strict=True)
        for said in told(path_of_person(person))
    ]
    return Opening(
        _unit(begun), one.chosen, answers, one.report | for_report(tellings), one.case.opened_at or now, now,
        1 if one.case.roles is None else 0, one.case.number,
    )  # fmt: skip


def _as_it_was(
    engine: Engine,
    tx: Transaction,
    state: CaseState,
    case: OldCase,
    people: Iterable[UUID],
    *,
    viewer: Viewer,
    now: datetime,
) -> CaseState:
    """Bring in the victims that a case had elsewhere, and close it if it was closed there."""
    commands: list[cm.Command] = []
    for person_id, (role, status, told, _) in zip(people, case.roles or (), strict=True):
        identity = _identity(told, now)
        tokens = engine.fingerprints.tokens(identity) if identity else ()
        tx.of(PersonStore).add(person_id, identity, tokens, unit_id=state.case.unit_id, at=now)
        commands.append(cm.AddPerson(person_id, role))
        if status is not RoleStatus.STATED:
            commands.append(cm.ChangePersonRole(person_id, role, role, status))
    if case.is_closed:
        commands.append(cm.CloseCase("transferred"))
    for command in commands:
        state = carry_out(engine, tx, state, command, actor_id=viewer.actor_id, now=now).state
    return state


def _taken(tx: Transaction, cases: Iterable[OldCase]) -> Iterator[BadCell]:
    """Name the cases whose number this installation has already."""
    for case in cases:
        if case.number and tx.of(EmergencyAccessStore).case_of_number(case.number):
            yield BadCell(row=case.row, column="x_CaseNumber", words="There is a case with this number already.")


def _fitting(
    engine: Engine,
    tx: Transaction,
    text: str,
    begun: OpeningFacts,
    *,
    viewer: Viewer,
    unit_id: UUID,
    workflow: str | None,
) -> list[Fitting]:
    require(viewer, Action.IMPORT_CASES, unit_id=unit_id)
    unit, step_type = _unit(begun), engine.registry.get(REPORT)
    now = engine.clock.now()
    if text.lstrip().startswith("{"):
        read = read_htcds(text, step_type, now=now, jurisdiction=unit.jurisdiction)
    else:
        read = read_table(text, step_type, now=now, zone=unit.zone)
    wrong = {(problem.row, problem.column) for problem in read.problems}
    wrong_rows = {row for row, _ in wrong}
    problems, found = [*read.problems, *_taken(tx, read.cases)], []
    for case in read.cases:
        more = [one for one in _problems(engine, case) if (case.row, one.column) not in wrong]
        problems += more
        if more or case.row in wrong_rows:
            continue
        report = open_outputs(step_type, case.answers)
        try:
            found.append(Fitting(case, report, chosen_workflow(engine, unit, report, workflow, begun.workflows)))
        except NotFoundError:
            words = "No workflow begins with such a report: name one."
            problems.append(BadCell(row=case.row, column="", words=words))
    if problems:
        raise TableError(sorted(problems, key=lambda one: (one.row, one.column)))
    return found


def _problems(engine: Engine, case: OldCase) -> Iterator[BadCell]:
    try:
        check_answers(engine.registry.get(REPORT), case.answers, partly=True)
    except InvalidAnswersError as error:
        for name, words in error.problems.items():
            yield BadCell(row=case.row, column=name, words=words)


def _identity(told: Mapping[str, JsonValue], at: datetime) -> dict[str, JsonValue]:
    age = told.get("age")
    known = {name: value for name, value in told.items() if name != "age"}
    if not isinstance(age, int):
        return known
    on = at.astimezone(UTC).date()
    return dict(with_age(known, AgeRange(youngest=age, oldest=age, as_of=on)))


def _unit(begun: OpeningFacts) -> Unit:
    if begun.unit is None:
        raise NotFoundError(kind="unit")
    return begun.unit
