"""All rows of one case page, fetched in a fixed number of statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from sqlalchemy import Select, func, select, union_all

from engine.cases.views.sight import (
    Answers,
    access_to,
    is_narrowed,
    may_tell,
    opened_facts,
    opened_outputs,
    opened_report,
    shows_paper,
    shows_time,
)
from engine.cases.visibility import Positions, visible_to
from engine.core.access import OPERATIONAL, CaseAccess, covers, shows_person, shows_step
from engine.core.policy import Viewer
from engine.core.records import Case, CasePerson, Run, Scalar, Step, StepInterval
from engine.core.state import CaseState
from engine.db.reading import Known, Reading, Row
from engine.db.shape import (
    ACTOR,
    ANSWER,
    CASE,
    CASE_PERSON,
    DEADLINE,
    DELIVERY,
    DELIVERY_IS_DEAD,
    DOCUMENT,
    DRAFT,
    ESCALATION,
    INTERVAL,
    ITEM,
    ITEM_IS_OPEN,
    MESSAGE,
    RUN,
    STEP,
    UNIT,
)
from engine.deadlines.views.deadlines import select_deadlines, select_escalations, select_told
from engine.deadlines.views.law_here import LawHere
from engine.documents.views import select_documents, that_open
from engine.errors import NotFoundError
from engine.work.views.items import may_answer

_OF_ITEM: Final = tuple(
    ITEM.c[name] for name in ("id", "step_id", "unit_id", "assignee_id", "candidate_roles", "excluded_ids")
)


@dataclass(frozen=True)
class CaseRows:
    """What the database holds of one case, answers still sealed; of one that is granted, only what the grant names."""

    access: CaseAccess
    case: Row
    runs: Sequence[Row]
    steps: Sequence[Row]
    items: Sequence[Row]
    answers: Sequence[Row]
    persons: Sequence[Row]
    deadlines: Sequence[Row]
    intervals: Sequence[Row]
    escalations: Sequence[Row]
    told: Sequence[Row]
    documents: Sequence[Row]
    dead_deliveries: int
    law: LawHere
    facts: Answers
    report: Answers
    outputs: Mapping[UUID, Answers]
    """What workflows decide on of each step that told any of it."""
    opens: frozenset[UUID]
    """The open items and the papers whose own pages open for the viewer."""

    @property
    def positions(self) -> Positions:
        """The number of each person."""
        numbers: dict[tuple[UUID, UUID], int] = {}
        for row in self.persons:
            numbers.setdefault((self.case["id"], row["person_id"]), row["position"])
        return numbers

    @property
    def state(self) -> CaseState:
        """The case as the domain knows it."""
        return CaseState(
            case=Case.model_validate({name: self.case[name] for name in Case.model_fields}),
            report=_scalars(self.report),
            persons=tuple(CasePerson.model_validate({n: r[n] for n in CasePerson.model_fields}) for r in self.persons),
            runs={row["id"]: Run.model_validate({n: row[n] for n in Run.model_fields}) for row in self.runs},
            steps={row["id"]: self._step(row) for row in self.steps},
            facts=_scalars(self.facts),
            intervals=tuple(
                StepInterval.model_validate({n: r[n] for n in StepInterval.model_fields}) for r in self.intervals
            ),
        )

    def _step(self, row: Row) -> Step:
        told = {"outputs": self.outputs.get(row["id"], {})}
        return Step.model_validate({n: row[n] for n in Step.model_fields if n not in told} | told)


def case_rows(reading: Reading, viewer: Viewer, case_id: UUID) -> CaseRows:
    """Fetch a case that the viewer sees; raises `NotFoundError`."""
    of_case = _case(viewer, case_id, reading.now)
    case, access = reading.soon(reading.first, of_case), reading.soon(access_to, reading, viewer, case_id)
    sets = {name: reading.soon(reading.rows, statement) for name, statement in _of_case(case_id).items()}
    dead = reading.soon(reading.count, _dead_deliveries(case_id))
    law = reading.soon(LawHere(reading, reading.known.library()).read, [case_id])
    found = case()
    if found is None:
        raise NotFoundError(kind="case")
    rows = {name: some() for name, some in sets.items()}
    steps, items = rows["steps"], rows["items"]
    opens = that_open(reading.known, viewer, access(), rows["documents"], {row["id"]: row for row in steps})
    return CaseRows(
        **rows,
        access=access(),
        case=found,
        dead_deliveries=dead(),
        law=law(),
        facts=opened_facts(reading.vault, case_id, found["encrypted_facts"]),
        report=opened_report(reading.vault, case_id, found["encrypted_report"]),
        outputs={
            row["id"]: opened_outputs(reading.vault, row["id"], row["encrypted_outputs"])
            for row in steps
            if row["encrypted_outputs"] is not None
        },
        opens=opens | {row["id"] for row in items if row["is_open"] and may_answer(viewer, row)},
    )


def _case(viewer: Viewer, case_id: UUID, now: datetime) -> Select[tuple[object, ...]]:
    return (
        select(CASE, UNIT.c.name.label("unit"), UNIT.c.zone)
        .join(UNIT, UNIT.c.id == CASE.c.unit_id)
        .where(CASE.c.id == case_id, visible_to(viewer, now=now))
    )


def _of_case(case_id: UUID) -> Mapping[str, Select[tuple[object, ...]]]:
    """Select what there is of a case, by the names under which `CaseRows` holds it."""
    return {
        "runs": select(RUN).where(RUN.c.case_id == case_id).order_by(RUN.c.started_at, RUN.c.id),
        "steps": _steps().where(STEP.c.case_id == case_id),
        "items": _items(case_id),
        "answers": select(ANSWER).where(ANSWER.c.case_id == case_id),
        "persons": select(CASE_PERSON)
        .where(CASE_PERSON.c.case_id == case_id)
        .order_by(CASE_PERSON.c.position, CASE_PERSON.c.person_id, CASE_PERSON.c.role),
        "deadlines": select_deadlines().where(DEADLINE.c.case_id == case_id),
        "intervals": select(INTERVAL).where(INTERVAL.c.case_id == case_id),
        "escalations": select_escalations().where(ESCALATION.c.case_id == case_id),
        "told": select_told().where(MESSAGE.c.case_id == case_id),
        "documents": select_documents().where(DOCUMENT.c.case_id == case_id),
    }


def _dead_deliveries(case_id: UUID) -> Select[int]:
    dead = (DELIVERY.c.case_id == case_id, DELIVERY_IS_DEAD)
    return select(func.count()).select_from(DELIVERY).where(*dead)


def narrowed(rows: CaseRows, known: Known) -> CaseRows:
    """Leave out of a case that is seen through a grant what the grant does not show; answers are left out later.

    A step with none that is shown goes with them, and runs stay for what they say of a step's form alone.
    """
    access = rows.access
    if not is_narrowed(access):
        return rows
    steps = [row for row in rows.steps if may_tell(access, row)]
    uses = {row["id"]: row["uses"] for row in steps}
    placed = {row["id"] for row in steps if shows_time(access, row)}
    paths = {row["id"]: row["path"] for row in rows.steps}
    timed = [row for row in rows.deadlines if shows_step(access, row["step_id"], row["path"])]
    limits = {row["id"] for row in timed}
    told_of = {row["id"] for row in rows.escalations if row["deadline_id"] in limits}
    runs = {row["run_id"] for row in steps}
    is_operational = covers(access, OPERATIONAL)
    return replace(
        rows,
        runs=[row for row in rows.runs if is_operational or row["id"] in runs],
        steps=steps,
        items=[
            row for row in rows.items if row["is_open"] and shows_step(access, row["step_id"], paths[row["step_id"]])
        ],
        answers=[row for row in rows.answers if row["step_id"] in uses],
        persons=[row for row in rows.persons if shows_person(access, row["person_id"])],
        deadlines=timed,
        intervals=[row for row in rows.intervals if row["step_id"] in placed],
        escalations=[row for row in rows.escalations if is_operational and row["id"] in told_of],
        told=[row for row in rows.told if is_operational and row["escalation_id"] in told_of],
        documents=[
            row
            for row in rows.documents
            if row["step_id"] in uses
            and shows_paper(
                access, uses[row["step_id"]], paths[row["step_id"]], known.fields(uses[row["step_id"]], None)
            )
        ],
        dead_deliveries=rows.dead_deliveries if is_operational else 0,
    )


def _scalars(opened: Answers) -> Mapping[str, Scalar]:
    return cast("Mapping[str, Scalar]", opened)


def _steps() -> Select[tuple[object, ...]]:
    named = ACTOR.c.name.label("completed_by_name")
    return select(STEP, named).select_from(STEP.outerjoin(ACTOR, ACTOR.c.id == STEP.c.completed_by))


def _items(case_id: UUID) -> Select[tuple[object, ...]]:
    """Select the items that are open or noted something, of each step last the one that its line shows.

    Those that are over are found by their drafts, so that the other items of all cases are not looked at.
    """
    open_ones = select(ITEM.c.id).where(ITEM.c.case_id == case_id, ITEM_IS_OPEN)
    noted = select(DRAFT.c.item_id).where(DRAFT.c.case_id == case_id, DRAFT.c.encrypted_notes.is_not(None))
    return (
        select(*_OF_ITEM, ACTOR.c.name.label("assignee"), DRAFT.c.encrypted_notes, ITEM_IS_OPEN.label("is_open"))
        .select_from(
            ITEM.outerjoin(ACTOR, ACTOR.c.id == ITEM.c.assignee_id).outerjoin(DRAFT, DRAFT.c.item_id == ITEM.c.id)
        )
        .where(ITEM.c.id.in_(union_all(open_ones, noted)))
        .order_by(ITEM_IS_OPEN, ITEM.c.opened_at, ITEM.c.id)
    )
