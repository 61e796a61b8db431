"""The steps of a case page: in the order of their workflow, with what is known of each."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from engine import views as vw
from engine.adapters.sql.queries.answers import Answers, answer_views
from engine.adapters.sql.queries.case_rows import CaseRows
from engine.adapters.sql.queries.deadlines import of_steps
from engine.adapters.sql.queries.persons import label_of
from engine.adapters.sql.queries.reading import Reading, Row
from engine.adapters.sql.queries.sealed import opened_notes
from engine.adapters.sql.queries.sight import is_narrowed, shown_answers, shows_time
from engine.domain.compiled import CompiledWorkflow
from engine.domain.opening import MISSING
from engine.domain.paths import person_in, round_in
from engine.spec.plain_words import in_plain_words

AnswersOf = Mapping[UUID, Answers]
"""The opened answers of each step that has some."""


def step_views(
    reading: Reading,
    rows: CaseRows,
    deadlines: Iterable[vw.DeadlineView],
    documents: Mapping[UUID | None, tuple[vw.DocumentView, ...]],
    answers: AnswersOf,
    titles: Mapping[UUID, str],
) -> tuple[vw.StepView, ...]:
    """Make the views of all steps of a case."""
    items = {row["step_id"]: row for row in rows.items}
    due = of_steps(deadlines)
    definitions = {run["id"]: reading.known.definitions(run["definition_hash"]) for run in rows.runs}
    hashes = {run["id"]: run["definition_hash"] for run in rows.runs}
    views = []
    for row in _in_order(rows, definitions):
        compiled, noted = definitions[row["run_id"]], items.get(row["id"])
        item = noted if noted and noted["is_open"] else None
        step = compiled.steps.get(row["key"]) if compiled and not row["added"] else None
        fields = reading.known.fields(row["uses"], step)
        opened = answers.get(row["id"], {})
        shown, _ = shown_answers(rows.access, row["uses"], row["path"], fields, opened)
        if not shows_time(rows.access, row):
            if shown:
                views.append(_shared(reading, rows, row, answer_views(fields, shown, rows.case["zone"]), documents))
            continue
        views.append(
            vw.StepView(
                **{name: row[name] for name in _SAME},
                pillar=row["uses"].partition(".")[0],
                title=reading.known.title(hashes[row["run_id"]], row["key"], row["uses"], row["added"]),
                called=titles.get(row["id"], ""),
                person_label=label_of(row["path"], rows.case["id"], rows.positions),
                gate_reason=_reason(row, compiled),
                completed_by=row["completed_by_name"],
                assignee=item["assignee"] if item else None,
                discretionary=row["added"] is not None or bool(step and step.spec.discretionary),
                item_id=item["id"] if item else None,
                may_answer=item is not None and item["id"] in rows.opens,
                deadline=due.get(row["id"]),
                answers=answer_views(fields, shown, rows.case["zone"]),
                documents=documents.get(row["id"], ()),
                notes=_noted(reading, noted) or tuple(_found(rows, row, opened)),
            )
        )
    return tuple(views)


def _noted(reading: Reading, item: Row | None) -> tuple[str, ...]:
    return opened_notes(reading.vault, item["id"], item["sealed_notes"]) if item else ()


def _shared(
    reading: Reading,
    rows: CaseRows,
    row: Row,
    answers: tuple[vw.AnswerView, ...],
    documents: Mapping[UUID | None, tuple[vw.DocumentView, ...]],
) -> vw.StepView:
    """Make the view of a step of which some answers are shown, and not the work: nothing else of it is told."""
    nothing = dict.fromkeys(
        ("run_id", "outcome", "gate", "gate_reason", "opened_at", "opens_at", "ended_at", "recorded_at", "completed_by",
         "assignee", "item_id", "deadline")
    )  # fmt: skip
    return vw.StepView(
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
    """Give the notes of a step that a machine did; they lie with what it found, and are for the case's own unit."""
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
