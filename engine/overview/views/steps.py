"""The steps of a case page, and what keeps a case from going on, in sentences."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from engine.cases.views.sight import Answers, answer_views, is_narrowed, opened_notes, shown_answers, shows_time
from engine.cases.visibility import label_of
from engine.core.access import OPERATIONAL, covers, of_person
from engine.core.compiled import CompiledStep, CompiledWorkflow
from engine.core.draft import MISSING
from engine.core.readiness import Readiness, readiness
from engine.core.records import LIVE, AddedStep, RunStatus, Step, StepStatus
from engine.core.state import CaseState
from engine.core.values import RunSteps, person_in, round_in, truth_of
from engine.db.reading import Known, Reading, Row
from engine.deadlines.records import DeadlineView
from engine.deadlines.views.deadlines import of_steps, record_of
from engine.deadlines.views.why import origin_words
from engine.jobs.records import failure_words
from engine.language.conditions.evaluate import explain
from engine.language.conditions.parse import parse_condition
from engine.language.conditions.rendering import in_words, render
from engine.language.conditions.tree import And, Condition
from engine.language.conditions.values import UNKNOWN, Truth
from engine.language.names import in_plain_words, in_running_words
from engine.overview.records import JobView, StepView
from engine.overview.views.case_rows import CaseRows
from engine.work.records import AnswerView, DocumentView

AnswersOf = Mapping[UUID, Answers]
"""The opened answers of each step that has some."""


def step_views(
    reading: Reading,
    rows: CaseRows,
    deadlines: Iterable[DeadlineView],
    documents: Mapping[UUID | None, tuple[DocumentView, ...]],
    answers: AnswersOf,
    titles: Mapping[UUID, str],
) -> tuple[StepView, ...]:
    """Make the views of all steps of a case."""
    items, due = {row["step_id"]: row for row in rows.items}, of_steps(deadlines)
    definitions = {run["id"]: reading.known.definitions(run["definition_hash"]) for run in rows.runs}
    hashes = {run["id"]: run["definition_hash"] for run in rows.runs}
    views = []
    for row in _in_order(rows, definitions):
        compiled, noted = definitions[row["run_id"]], items.get(row["id"])
        step = compiled.steps.get(row["key"]) if compiled and not row["added"] else None
        fields, opened = reading.known.fields(row["uses"], step), answers.get(row["id"], {})
        shown, _ = shown_answers(rows.access, row["uses"], row["path"], fields, opened)
        said = answer_views(fields, shown, rows.case["zone"])
        if not shows_time(rows.access, row):
            views += [_shared(reading, rows, row, said, documents)] if shown else []
            continue
        views.append(
            StepView(
                **{name: row[name] for name in _SAME},
                pillar=row["uses"].partition(".")[0],
                title=reading.known.title(hashes[row["run_id"]], row["key"], row["uses"], row["added"]),
                called=titles.get(row["id"], ""),
                person_label=label_of(row["path"], rows.case["id"], rows.positions),
                gate_reason=_reason(row, compiled),
                completed_by=row["completed_by_name"],
                **_of_item(rows, noted),
                discretionary=row["added"] is not None or bool(step and step.spec.discretionary),
                deadline=due.get(row["id"]),
                answers=said,
                documents=documents.get(row["id"], ()),
                notes=_noted(reading, noted) or tuple(_found(rows, row, opened)),
                origin=_origin(reading, rows, row, hashes[row["run_id"]]),
            )
        )
    return tuple(views)


def _of_item(rows: CaseRows, item: Row | None) -> Mapping[str, Any]:
    """Return who has the open work item of a step, and whether the viewer may answer it."""
    if item is None or not item["is_open"]:
        return {"assignee": None, "item_id": None, "may_answer": False}
    return {"assignee": item["assignee"], "item_id": item["id"], "may_answer": item["id"] in rows.opens}


def _noted(reading: Reading, item: Row | None) -> tuple[str, ...]:
    return opened_notes(reading.vault, item["id"], item["encrypted_notes"]) if item else ()


def _origin(reading: Reading, rows: CaseRows, row: Row, definition_hash: str) -> str:
    added = AddedStep.model_validate(row["added"]) if row["added"] else None
    late = next((one for one in rows.deadlines if added and one["id"] == added.for_deadline), None)
    return origin_words(
        reading.known, row["key"], row["uses"], added, definition_hash, late=record_of(late) if late else None
    )


def _shared(
    reading: Reading,
    rows: CaseRows,
    row: Row,
    answers: tuple[AnswerView, ...],
    documents: Mapping[UUID | None, tuple[DocumentView, ...]],
) -> StepView:
    """Make the view of a step of which some answers are shown, and not the work: nothing else of it is told."""
    nothing = dict.fromkeys(
        ("run_id", "outcome", "gate", "gate_reason", "opened_at", "opens_at", "ended_at", "recorded_at", "completed_by",
         "assignee", "item_id", "deadline")
    )  # fmt: skip
    return StepView(
        **nothing,
        **{name: row[name] for name in ("id", "path", "uses")},
        key="",
        status="shared",
        pillar=row["uses"].partition(".")[0],
        title=reading.known.title("", "", row["uses"], None),
        person_label=label_of(row["path"], rows.case["id"], rows.positions),
        discretionary=False,
        answers=answers,
        documents=documents.get(row["id"], ()),
        notes=(),
    )


def _found(rows: CaseRows, row: Row, opened: Answers) -> list[str]:
    """Return the notes of a step that a machine did; they lie with what it found, and are for the case's own unit."""
    notes = opened.get("notes") if row["automatic"] and not is_narrowed(rows.access) else None
    return [str(note) for note in notes] if isinstance(notes, list) else []


_SAME = (
    "id", "run_id", "key", "path", "uses", "status", "outcome", "gate", "opened_at", "opens_at", "ended_at",
    "recorded_at",
)  # fmt: skip


def _in_order(rows: CaseRows, definitions: Mapping[UUID, CompiledWorkflow | None]) -> list[Row]:
    """Put the steps in the order of runs, within a run as its file lists them, then by person and by round.

    Steps that the file does not list come last, in the order in which they were opened.
    """
    runs = {run["id"]: number for number, run in enumerate(rows.runs)}
    places = {
        (run_id, key): number
        for run_id, compiled in definitions.items()
        if compiled
        for number, key in enumerate(compiled.steps)
    }

    def place(row: Row) -> tuple[object, ...]:
        listed = places.get((row["run_id"], row["key"]), len(places))
        person = rows.positions.get((rows.case["id"], person_in(row["path"]) or UUID(int=0)), 0)
        opened = row["opened_at"].timestamp() if row["opened_at"] else float("inf")
        return (runs[row["run_id"]], listed, person, round_in(row["path"]), opened, row["key"])

    return sorted(rows.steps, key=place)


def _reason(row: Row, compiled: CompiledWorkflow | None) -> str | None:
    gate = row["gate"]
    if gate is None:
        return None
    if gate == MISSING:
        return f"No installed pillar has the step type {row['uses']}."
    known = compiled.gates.get(gate) if compiled else None
    return known.reason if known else in_plain_words(gate)


_WAITING = frozenset({"ready", "claimed", "held"})


def findings(
    known: Known,
    rows: CaseRows,
    jobs: tuple[JobView, ...],
    unreadable: tuple[str, ...] = (),
    *,
    mends: bool,
) -> tuple[str, ...]:
    """List what keeps a case from going on; `unreadable` are the titles of steps whose answers cannot be opened.

    How a job failed is told to whom it helps, who `mends` such things or looks after who does.
    """
    state = rows.state
    is_moving = any(step.status in LIVE for step in state.steps.values()) or any(job.status in _WAITING for job in jobs)
    found: list[str] = []
    for run in state.runs.values():
        compiled = known.definitions(run.definition_hash)
        if compiled is None:
            found.append(f"The definition of {run.workflow}, version {run.version}, is not here: nothing can follow.")
        elif run.status is RunStatus.OPEN:
            found += _Run(known, rows, RunSteps(compiled, state, run.id), is_moving=is_moving).findings()
    found += [
        f"The answers of “{title}” cannot be read: their key is gone, or they were changed." for title in unreadable
    ]
    found += [_failed(known, job, mends=mends) for job in jobs if job.status in {"aside", "failed"}]
    if rows.dead_deliveries:
        found.append(f"Messages that could not be delivered and were given up: {rows.dead_deliveries}.")
    return tuple(found)


def _failed(known: Known, job: JobView, *, mends: bool) -> str:
    if not mends:
        step_type = known.step_type(job.task)
        title = step_type.title if step_type else in_plain_words(job.task)
        return f"What the system does for “{title}” did not succeed. Those who keep the system running are notified."
    return f"{job.title} was set aside after {job.attempt} attempts: {failure_words(job.error_code or '')}."


class _Run:
    """One open run, looked through for what does not go on."""

    def __init__(self, known: Known, rows: CaseRows, view: RunSteps, *, is_moving: bool) -> None:
        self._known = known
        self._rows = rows
        self._view = view
        self._is_moving = is_moving

    @property
    def _compiled(self) -> CompiledWorkflow:
        return self._view.compiled

    @property
    def _state(self) -> CaseState:
        return self._view.state

    def findings(self) -> Iterator[str]:
        for step in self._compiled.steps.values():
            for element in self._view.elements(step):
                if not covers(of_person(self._rows.access, person_in(element)), OPERATIONAL):
                    continue
                record = self._view.latest(step.key, element)
                if record is None:
                    yield from self._unreached(step, element)
                elif record.status is StepStatus.HELD:
                    yield self._held(step, element, record)

    def _held(self, step: CompiledStep, element: str, record: Step) -> str:
        if record.gate == MISSING:
            return f"{self._named(step, element)} is waiting: no installed pillar has the step type {step.spec.uses}."
        gate = self._compiled.gates[record.gate or ""]
        lookup = self._view.lookup(element, step.spec.for_each)
        unmet = [part for part in _parts(gate.condition) if truth_of(part, lookup) is not Truth.TRUE]
        waits = " and ".join(in_words(part, self._title_of) for part in unmet)
        until = f" It is waiting until {waits}." if waits else ""
        return f"{self._named(step, element)} is on hold: {gate.reason}{until}"

    def _unreached(self, step: CompiledStep, element: str) -> Iterator[str]:
        if step.waits_to_be_called or readiness(self._view, step, element) is not Readiness.WAIT:
            return
        lookup = self._view.lookup(element, step.spec.for_each)
        for condition in self._conditions(step):
            truth = truth_of(condition, lookup)
            if truth is Truth.TRUE:
                return
            if truth is Truth.UNKNOWN:
                yield from self._unanswered(step, element, condition)
                return

    def _conditions(self, step: CompiledStep) -> tuple[Condition, ...]:
        """Return the conditions that decide on a step, in the order in which they are asked."""
        choice = self._compiled.choices.get(step.choice or "")
        before = choice.conditions[: step.branch + 1] if choice else ()
        return (*before, step.condition) if step.condition else before

    def _unanswered(self, step: CompiledStep, element: str, condition: Condition) -> Iterator[str]:
        parts = explain(condition, self._view.lookup(element, step.spec.for_each))
        name, words = self._named(step, element), in_words(condition, self._title_of)
        problems = [part.problem for part in parts if part.problem]
        missing = {seen.path for part in parts for seen in part.seen if seen.value is UNKNOWN}
        if problems:
            yield f"{name} is waiting on a condition that cannot be answered ({words}): {problems[0]}"
        elif not any(self._can_come(path, step, element) for path in missing):
            yield f"{name} is waiting, and nothing that is open can give the answer any more: {words}."

    def _can_come(self, path: tuple[str, ...], asking: CompiledStep, element: str) -> bool:
        """Return whether something that is open, or still to come, can give this value."""
        if len(path) == 1:
            return self._is_moving
        step = self._compiled.steps.get(path[0])
        if step is None:
            return False
        related = self._view.related(step, element, asking.spec.for_each)
        records = [self._view.latest(step.key, one) for one in related]
        return any(
            not step.waits_to_be_called if record is None else record.status in LIVE or not record.series_over
            for record in records
        )

    def _named(self, step: CompiledStep, element: str) -> str:
        person = label_of(element, self._state.case.id, self._rows.positions) if element else ""
        return f"“{step.title}” for {person}" if person else f"“{step.title}”"

    def _title_of(self, path: tuple[str, ...]) -> str:
        step = self._compiled.steps.get(path[0])
        if len(path) == 1:
            if step:
                return f"“{step.title}”"
            fact = self._compiled.workflow.facts.get(path[0])
            return f"“{fact.title if fact and fact.title else in_running_words(path[0])}”"
        if path[0] == "report":
            return f"the report's {in_running_words(path[-1])}"
        title = step.title if step else in_plain_words(path[0])
        labels = {spec.name: spec.label for spec in self._known.fields(step.spec.uses, step)} if step else {}
        return f"“{title}”: {labels.get(path[-1], in_running_words(path[-1])).rstrip('?')}"


def _parts(condition: Condition) -> tuple[Condition, ...]:
    """Take a condition apart at its outermost `&&`."""
    tree = condition.tree
    return tuple(parse_condition(render(part)) for part in tree.operands) if isinstance(tree, And) else (condition,)
