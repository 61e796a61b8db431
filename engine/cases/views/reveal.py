"""What identifies people, fetched for one who may reveal it; the use case records the act."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import case, select

from engine.cases.views.answers import answer_views, opened_answers, opened_identity, opened_outputs, opened_place
from engine.cases.views.sight import access_to, may_tell, shown_answers, shows_paper, shows_time
from engine.cases.visibility import kept_by, person_shown_to, visible_to
from engine.core.access import CaseAccess, covers, of_person, shows_person
from engine.core.policy import Action, can
from engine.core.viewer import Viewer
from engine.db.reading import Reading, Row
from engine.db.shape import ANSWER, CASE, CASE_PERSON, INTERVAL, PERSON, RUN, STEP
from engine.deadlines.records.explanations import StretchView
from engine.errors import NotAllowedError, NotFoundError
from engine.language.plain_words import in_plain_words
from engine.persons.records import CasePersonView
from engine.ports import Vault
from engine.work.records import AnswerView


class EncryptedRow(NamedTuple):
    """A row that is to be opened, and how the viewer sees its case."""

    row: Row
    access: CaseAccess


def unsealed_answers(reading: Reading, viewer: Viewer, step_id: UUID) -> tuple[AnswerView, ...]:
    """Return every answer of a step; the caller records the act. Raises `NotFoundError`, `NotAllowedError`."""
    return _unmasked_answers(reading, _answers_row(reading, viewer, step_id))


def unsealed_places(reading: Reading, viewer: Viewer, step_id: UUID) -> tuple[StretchView, ...]:
    """Return where the times of a step led; the caller records the act. Raises `NotFoundError`, `NotAllowedError`."""
    return _unmasked_places(_places_rows(reading, viewer, step_id), reading.vault)


def _answers_row(reading: Reading, viewer: Viewer, step_id: UUID) -> EncryptedRow:
    """Fetch a step with its sealed answers; raises `NotFoundError`, `NotAllowedError`."""
    row = reading.first(
        select(
            STEP.c.id, STEP.c.id.label("step_id"), STEP.c.case_id, STEP.c.key, STEP.c.uses, STEP.c.added,
            STEP.c.sealed_outputs, STEP.c.turn, STEP.c.status, STEP.c.path,
            RUN.c.definition_hash, RUN.c.zone, ANSWER.c.sealed_answers,
        )
        .select_from(
            STEP.join(CASE, CASE.c.id == STEP.c.case_id)
            .join(RUN, RUN.c.id == STEP.c.run_id)
            .outerjoin(ANSWER, (ANSWER.c.step_id == STEP.c.id) & (ANSWER.c.turn == STEP.c.turn))
        )
        .where(STEP.c.id == step_id, visible_to(viewer, now=reading.now))
    )  # fmt: skip
    if row is None:
        raise NotFoundError(kind="step")
    access = _access(reading, viewer, row["case_id"], kind="step")
    if not may_tell(access, row):
        raise NotFoundError(kind="step")
    return EncryptedRow(row, access)


def _unmasked_answers(reading: Reading, seen: EncryptedRow) -> tuple[AnswerView, ...]:
    """Show every answer of a step that the viewer is shown; raises `DamagedError` or `KeyMissingError`.

    A step of which no answer is shown, nor its time, is not there: `NotFoundError`.
    """
    row = seen.row
    step = None if row["added"] else reading.known.step(row["definition_hash"], row["key"])
    outputs = opened_outputs(reading.vault, row["step_id"], row["sealed_outputs"])
    answers = {**outputs, **opened_answers(reading.vault, row)}
    fields = reading.known.fields(row["uses"], step)
    shown, closed = shown_answers(seen.access, row["uses"], row["path"], fields, answers)
    if not shown and not shows_time(seen.access, row):
        raise NotFoundError(kind="step")
    return answer_views(fields, shown, row["zone"], unmasked=True, closed=closed)


def person_row(reading: Reading, viewer: Viewer, person_id: UUID) -> EncryptedRow:
    """Fetch a person of a case that the viewer sees; raises `NotFoundError`, `NotAllowedError`."""
    row = reading.first(
        select(PERSON.c.id, PERSON.c.sealed_identity, CASE_PERSON.c.role, CASE_PERSON.c.position, CASE_PERSON.c.case_id)
        .select_from(
            PERSON.join(CASE_PERSON, CASE_PERSON.c.person_id == PERSON.c.id).join(
                CASE, CASE.c.id == CASE_PERSON.c.case_id
            )
        )
        .where(
            PERSON.c.id == person_id, CASE_PERSON.c.removed_at.is_(None),
            person_shown_to(viewer, PERSON.c.id, now=reading.now),
        )
        .order_by(case((kept_by(viewer), 0), else_=1), CASE_PERSON.c.added_at.desc(), CASE_PERSON.c.case_id,
                  CASE_PERSON.c.position)
    )  # fmt: skip
    if row is None:
        raise NotFoundError(kind="person")
    access = _access(reading, viewer, row["case_id"], kind="person")
    if not shows_person(access, person_id):
        raise NotFoundError(kind="person")
    return EncryptedRow(row, of_person(access, person_id))


def unmasked_person(seen: EncryptedRow, vault: Vault) -> CasePersonView:
    """Show who a person is, as far as the viewer is shown; raises `DamagedError` or `KeyMissingError`."""
    row = seen.row
    identity = {n: value for n, value in opened_identity(vault, row).items() if covers(seen.access, f"person.{n}")}
    name, age = identity.get("name"), identity.get("age")
    return CasePersonView(
        id=row["id"],
        role=row["role"],
        label=f"Person {row['position']}",
        name=str(name) if name else None,
        age=int(str(age)) if age is not None else None,
    )


def _places_rows(reading: Reading, viewer: Viewer, step_id: UUID) -> list[Row]:
    """Fetch the recorded times of a step with where they led; raises `NotFoundError`, `NotAllowedError`."""
    rows = reading.rows(
        select(INTERVAL, STEP.c.uses, STEP.c.path)
        .join(CASE, CASE.c.id == INTERVAL.c.case_id)
        .join(STEP, STEP.c.id == INTERVAL.c.step_id)
        .where(INTERVAL.c.step_id == step_id, visible_to(viewer, now=reading.now))
        .order_by(INTERVAL.c.start, INTERVAL.c.name)
    )
    if not rows:
        raise NotFoundError(kind="journey")
    access = _access(reading, viewer, rows[0]["case_id"], kind="journey")
    if not shows_paper(access, rows[0]["uses"], rows[0]["path"], ()):
        raise NotFoundError(kind="journey")
    return rows


def _unmasked_places(rows: Sequence[Row], vault: Vault) -> tuple[StretchView, ...]:
    """Show where each recorded time led; raises `DamagedError` or `KeyMissingError`."""
    opened = [(row, *opened_place(vault, row)) for row in rows]
    return tuple(
        StretchView(
            name=in_plain_words(row["name"]), start=row["start"], end=row["end"], has_place=row["has_place"],
            place=place, evidence=evidence,
        )
        for row, place, evidence in opened
    )  # fmt: skip


def _access(reading: Reading, viewer: Viewer, case_id: UUID, *, kind: str) -> CaseAccess:
    access = access_to(reading, viewer, case_id, kind=kind)
    if not can(viewer, Action.REVEAL, access=access):
        raise NotAllowedError(actor=viewer.name, action=Action.REVEAL.value)
    return access
