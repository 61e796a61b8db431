"""Let some persons of a case go into a case of their own."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from engine.access.actions.restrict import require_not_restricted
from engine.assembly import Engine
from engine.cases.actions.deciding import carry_out, require_member
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.core import commands as cm
from engine.core import events as ev
from engine.core.case_links import FROM_A_SPLIT, LinkKind, facts_that_go, laws_of_persons, tellings_that_go
from engine.core.decide import follow
from engine.core.law.told import for_report, without_told
from engine.core.policy import Action, Viewer
from engine.core.records import Case, CasePerson, CaseStatus, RoleStatus, RunStatus
from engine.core.state import CaseState, evolve
from engine.db.transaction import Transaction
from engine.definitions.store import DefinitionStore
from engine.errors import AlreadyEndedError, InvalidAnswersError
from engine.persons.actions.persons import CODE
from engine.persons.actions.same import carry_barred, new_link, require_member_of
from engine.persons.store import LinkStore


def split_case(
    engine: Engine,
    case_id: UUID,
    person_ids: Collection[UUID],
    *,
    viewer: Viewer,
    command_id: UUID,
    workflow: str | None = None,
    reason_code: str,
) -> UUID:
    """Let some persons go into a case of their own, with a run of its own and a link; returns the new case's id.

    The case keeps its history; what was still to be done there for these persons is called off. The facts go along, and
    what was told for the law: those of the whole case and of the persons who go, and of nobody else. Whoever must not
    know of the case must not know of the new one; so a sealed one is not split. `workflow` is the one of the case
    unless another is named. Raises `InvalidAnswersError` for a sealed case, when nobody would stay, or while a limit of
    the law runs for a step of one of them; `NotFoundError`, `NotAllowedError`.
    """
    if not CODE.fullmatch(reason_code):
        raise InvalidAnswersError({"reason_code": "Choose a reason."})
    now = engine.clock.now()
    with engine.transaction() as tx:
        state = tx.of(CaseStore).lock(case_id)
        require_member(viewer, state, Action.MERGE_CASES)
        require_member_of(tx, viewer, state, Action.MERGE_CASES)
        if (known := tx.of(HousekeepingStore).answer_to(command_id)) is not None:
            return UUID(str(known["case_id"]))
        going = _going(tx, state, person_ids)
        made = _open_apart(engine, tx, state, going, workflow, viewer, now)
        for person in going:
            gone = cm.RemovePerson(person.person_id, person.role)
            state = carry_out(engine, tx, state, gone, actor_id=viewer.actor_id, now=now).state
        link = new_link(engine, (state, made), LinkKind.SPLIT, viewer, now)
        link = link.model_copy(update={"reason_code": reason_code})
        tx.of(LinkStore).add(link)
        body = {"link_id": str(link.id), "reason_code": reason_code}
        tx.of(CaseStore).note(state, "CaseSplit", body, actor_id=viewer.actor_id, at=now)
        tx.of(CaseStore).note(made, "CaseSplitOff", body, actor_id=viewer.actor_id, at=now)
        tx.of(HousekeepingStore).remember(command_id, {"case_id": str(made.case.id)}, case_id=case_id, at=now)
        tx.commit()
        return made.case.id


def _going(tx: Transaction, state: CaseState, person_ids: Collection[UUID]) -> tuple[CasePerson, ...]:
    if state.case.status is not CaseStatus.OPEN or state.case.merged_into is not None:
        raise AlreadyEndedError(kind="case")
    require_not_restricted(tx, state, shown_at="person_ids")
    present = [person for person in state.persons if person.removed_at is None]
    going = tuple(person for person in present if person.person_id in set(person_ids))
    if {person.person_id for person in going} != set(person_ids) or not going:
        raise InvalidAnswersError({"person_ids": "Choose persons in this case."})
    if len(going) == len(present):
        raise InvalidAnswersError({"person_ids": "Someone has to stay in this case."})
    if laws_of_persons(state, person_ids):
        message = "A legal deadline runs for one of them here: finish that step first."
        raise InvalidAnswersError({"person_ids": message})
    return going


def _open_apart(
    engine: Engine,
    tx: Transaction,
    state: CaseState,
    going: Sequence[CasePerson],
    workflow: str | None,
    viewer: Viewer,
    now: datetime,
) -> CaseState:
    """Open the case into which some persons go, with a run that begins now."""
    runs = sorted(state.runs.values(), key=lambda run: (run.status is not RunStatus.OPEN, run.started_at))
    name = workflow or next((run.workflow for run in runs), "")
    stored = tx.of(DefinitionStore).current("workflow", name)
    if stored is None or not stored.serves(state.case.unit_id):
        raise InvalidAnswersError({"workflow": "Choose a workflow."})
    case = Case(
        id=engine.entropy.uuid(), number=engine.entropy.case_number(), unit_id=state.case.unit_id,
        jurisdiction=state.case.jurisdiction, opened_at=now,
    )  # fmt: skip
    ids = [person.person_id for person in going]
    report = without_told(state.report) | for_report(tellings_that_go(state, ids))
    before = tx.of(CaseStore).add(case, report)
    events: list[ev.Event] = [ev.CaseOpened(case=case, report=report)]
    made = evolve(before, events[0])
    start = cm.StartRun(engine.entropy.uuid(), stored.content_hash, now, case.jurisdiction)
    facts = facts_that_go(state, engine.definitions, tx.of(CaseStore).sources_of_facts(state.case.id), ids)
    known = [cm.RecordFact(name, value, FROM_A_SPLIT) for name, value in facts.items()]
    for command in (*(one for person in going for one in _comes(person)), *known, start):
        following, made = follow(engine.definitions, tx.library(), made, command, now)
        events += following
    made = tx.of(CaseStore).record(before, events, made, actor_id=viewer.actor_id, at=now)
    return carry_barred(engine, tx, state, made, by=viewer.actor_id, now=now)


def _comes(person: CasePerson) -> tuple[cm.Command, ...]:
    """Bring a person in as what they were in the other case, with how sure that is and since when."""
    added = cm.AddPerson(person.person_id, person.role)
    if person.status is RoleStatus.STATED and person.from_on is None and person.until_on is None:
        return (added,)
    said = cm.ChangePersonRole(
        person.person_id, person.role, person.role, person.status, person.from_on, person.until_on
    )
    return added, said
