"""How a viewer comes to a case and what of its answers they are shown: masked, or as they may reveal them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import JsonValue
from sqlalchemy import case, select

from engine.access.store import AccessStore
from engine.cases.answers import CODED, code_in_words, unexplained_in_words
from engine.cases.encrypted import EncryptedCell, facts_of, outputs_of, report_of
from engine.cases.visibility import kept_by, person_shown_to, visible_to
from engine.core import access as narrowing
from engine.core.access import CaseAccess, Via, covers, of_person, shows_person, shows_whole
from engine.core.policy import Action, Viewer, require
from engine.core.values import person_in
from engine.db.encrypted_columns import TEXT, open_apart, place_id
from engine.db.reading import Reading, Row
from engine.db.shape import ANSWER, CASE, CASE_PERSON, INTERVAL, PERSON, RUN, STEP
from engine.deadlines.records import StretchView
from engine.errors import DamagedError, KeyMissingError, NotFoundError
from engine.keys.vault import Vault
from engine.language.names import in_plain_words
from engine.persons.records import CasePersonView
from engine.plugin.answers import as_instant
from engine.plugin.fields import FieldSpec
from engine.plugin.kinds import KINDS_NOT_KNOWN, NOT_KNOWN, FieldKind
from engine.work.records import AnswerView

ANSWERED: Final = frozenset({"ended", "approval"})
"""The statuses of a step whose answers are shown."""

MASK = "•••"

Answers = Mapping[str, object]
"""Given answers by the name of their field, as they are kept: JSON."""


def access_to(reading: Reading, viewer: Viewer, case_id: UUID, *, kind: str = "case") -> CaseAccess:
    """Say how a viewer sees a case; raises `NotFoundError` of that kind for who does not."""
    access = AccessStore(reading.within).access_of(viewer, case_id, reading.now)
    if access.via is Via.NONE:
        raise NotFoundError(kind=kind)
    return access


def require_whole(reading: Reading, viewer: Viewer, case_id: UUID, action: Action) -> None:
    """Let pass who is shown the whole of a case and may do something with it; to a grant the question is not there.

    Raises `NotFoundError`, `NotAllowedError`.
    """
    seen = select(CASE.c.id).where(CASE.c.id == case_id, visible_to(viewer, now=reading.present))
    is_there, way = reading.soon(reading.first, seen), reading.soon(access_to, reading, viewer, case_id)
    if is_there() is None:
        raise NotFoundError(kind="case")
    access = way()
    if is_narrowed(access):
        raise NotFoundError(kind="case")
    require(viewer, action, access=access)


def is_narrowed(access: CaseAccess) -> bool:
    """Return whether less than the whole case is shown, since it is seen through a grant."""
    return access.fields is not None


def may_tell(access: CaseAccess, step: Row) -> bool:
    """Return whether anything of the step of a row can be shown: its time, or some of the answers that it has."""
    if shows_time(access, step):
        return True
    return step["status"] in ANSWERED and narrowing.may_tell(access, step["id"], step["uses"], step["path"])


def shows_time(access: CaseAccess, step: Row) -> bool:
    """Return whether it is shown where the step of a row stands, and when; else it is there as its answers alone."""
    return narrowing.shows_step(access, step["id"], step["path"])


def shows_part(access: CaseAccess, name: str) -> bool:
    """Return whether a fact of the whole case is shown, or what it is about; `case.*` is too wide to show it."""
    return access.fields is None or f"case.{name}" in access.fields


def shows_paper(access: CaseAccess, uses: str | None, path: str | None, fields: Iterable[FieldSpec]) -> bool:
    """Whether the papers of a step are shown: all that its form asks for must be, and who all the persons are."""
    if uses is None or path is None:
        return not is_narrowed(access)
    classes = {spec.restricted_category for spec in fields if spec.restricted_category}
    return shows_whole(access, uses, classes, person_id=person_in(path))


def shown_answers(
    access: CaseAccess, uses: str, path: str, fields: Iterable[FieldSpec], answers: Answers
) -> tuple[Answers, frozenset[str]]:
    """Return the answers of a step that are shown at all, and the names of those that stay masked even when revealed.

    A grant leaves out what it does not name, and all of a step of somebody for whom it does not hold. The case's own
    unit sees that there is an answer of a sealed class.
    """
    classes = {spec.name: spec.restricted_category or "" for spec in fields}
    shown = narrowing.names_shown(access, uses, path, answers, classes)
    if not is_narrowed(access):
        return answers, frozenset(answers) - shown
    return {name: value for name, value in answers.items() if name in shown}, frozenset()


class EncryptedRow(NamedTuple):
    """A row that is to be opened, and how the viewer sees its case."""

    row: Row
    access: CaseAccess


def revealed_answers(reading: Reading, viewer: Viewer, step_id: UUID) -> tuple[AnswerView, ...]:
    """Return every answer of a step; the caller records the act. Raises `NotFoundError`, `NotAllowedError`."""
    return _unmasked_answers(reading, _answers_row(reading, viewer, step_id))


def revealed_places(reading: Reading, viewer: Viewer, step_id: UUID) -> tuple[StretchView, ...]:
    """Return where the times of a step led; the caller records the act. Raises `NotFoundError`, `NotAllowedError`."""
    return _unmasked_places(_places_rows(reading, viewer, step_id), reading.vault)


def _answers_row(reading: Reading, viewer: Viewer, step_id: UUID) -> EncryptedRow:
    """Fetch a step with its sealed answers; raises `NotFoundError`, `NotAllowedError`."""
    row = reading.first(
        select(
            STEP.c.id, STEP.c.id.label("step_id"), STEP.c.case_id, STEP.c.key, STEP.c.uses, STEP.c.added,
            STEP.c.encrypted_outputs, STEP.c.turn, STEP.c.status, STEP.c.path,
            RUN.c.definition_hash, RUN.c.zone, ANSWER.c.encrypted_answers,
        )
        .select_from(
            STEP.join(CASE, CASE.c.id == STEP.c.case_id)
            .join(RUN, RUN.c.id == STEP.c.run_id)
            .outerjoin(ANSWER, (ANSWER.c.step_id == STEP.c.id) & (ANSWER.c.turn == STEP.c.turn))
        )
        .where(STEP.c.id == step_id, visible_to(viewer, now=reading.present))
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
    outputs = opened_outputs(reading.vault, row["step_id"], row["encrypted_outputs"])
    answers = {**outputs, **opened_answers(reading.vault, row)}
    fields = reading.known.fields(row["uses"], step)
    shown, closed = shown_answers(seen.access, row["uses"], row["path"], fields, answers)
    if not shown and not shows_time(seen.access, row):
        raise NotFoundError(kind="step")
    return answer_views(fields, shown, row["zone"], unmasked=True, closed=closed)


def person_row(reading: Reading, viewer: Viewer, person_id: UUID) -> EncryptedRow:
    """Fetch a person of a case that the viewer sees; raises `NotFoundError`, `NotAllowedError`."""
    row = reading.first(
        select(
            PERSON.c.id, PERSON.c.encrypted_identity, CASE_PERSON.c.role, CASE_PERSON.c.position, CASE_PERSON.c.case_id,
        )
        .select_from(
            PERSON.join(CASE_PERSON, CASE_PERSON.c.person_id == PERSON.c.id).join(
                CASE, CASE.c.id == CASE_PERSON.c.case_id
            )
        )
        .where(
            PERSON.c.id == person_id, CASE_PERSON.c.removed_at.is_(None),
            person_shown_to(viewer, PERSON.c.id, now=reading.present),
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
        .where(INTERVAL.c.step_id == step_id, visible_to(viewer, now=reading.present))
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
    require(viewer, Action.REVEAL, access=access)
    return access


def answer_views(
    fields: Iterable[FieldSpec],
    answers: Answers,
    zone: str,
    *,
    unmasked: bool = False,
    closed: frozenset[str] = frozenset(),
) -> tuple[AnswerView, ...]:
    """Show the answers that were given, in the order of the form; what no field explains comes last and masked.

    The answers named by `closed` stay masked even when the others are not.
    """
    specs = {spec.name: spec for spec in fields}
    known = [
        _view(spec, answers[name], zone, unmasked=unmasked and name not in closed)
        for name, spec in specs.items()
        if name in answers
    ]
    others = [
        AnswerView(
            name=name,
            label=in_plain_words(name),
            text=_unexplained(value, zone) if unmasked else MASK,
            masked=not unmasked,
        )
        for name, value in answers.items()
        if name not in specs
    ]
    return (*known, *others)


def text_of(spec: FieldSpec, value: object, zone: str) -> str:
    """Write an answer as people read it: labels of choices, local times of `zone`."""
    match value:
        case list() | tuple() if spec.kind is FieldKind.INTERVALS:
            return "; ".join(_interval(part, zone) for part in value)
        case list() | tuple():
            return ", ".join(spec.choices.get(str(part), _plain(part, zone)) for part in value)
        case str() if spec.choices or spec.kind in CODED or (value == NOT_KNOWN and spec.kind in KINDS_NOT_KNOWN):
            return code_in_words(spec, value)
        case str() if spec.kind is FieldKind.DATETIME:
            return _plain(as_instant(value) or value, zone)
        case str() if spec.kind is FieldKind.DATE:
            return _day(value)
        case _:
            return _plain(value, zone)


def said(instant: datetime, zone: str) -> str:
    """Write an instant as the clock on the wall in `zone` shows it: `Thu 21 May 2026, 10:00`."""
    return f"{instant.astimezone(ZoneInfo(zone)):%a %d %b %Y, %H:%M}"


def fact_text(value: object, zone: str) -> str:
    """Write the value of a fact, whose form is not at hand."""
    if isinstance(value, str):
        instant = as_instant(value) if value[:2].isdigit() else None
        return said(instant, zone) if instant else in_plain_words(value)
    return _plain(value, zone)


def _unexplained(value: object, zone: str) -> str:
    return unexplained_in_words(value) if isinstance(value, str) else _plain(value, zone)


def _view(spec: FieldSpec, value: object, zone: str, *, unmasked: bool) -> AnswerView:
    shown = unmasked or spec.is_open
    return AnswerView(
        name=spec.name, label=spec.label, text=text_of(spec, value, zone) if shown else MASK, masked=not shown
    )


def _plain(value: object, zone: str) -> str:
    match value:
        case bool():
            return "Yes" if value else "No"
        case None:
            return "-"
        case datetime():
            return said(value, zone)
        case date():
            return _day(value.isoformat())
        case _:
            return str(value)


def _day(text: str) -> str:
    try:
        return f"{date.fromisoformat(text[:10]):%a %d %b %Y}"
    except ValueError:
        return text


def _interval(part: object, zone: str) -> str:
    if not isinstance(part, Mapping):
        return str(part)
    start, end = as_instant(str(part.get("start", ""))), as_instant(str(part.get("end") or ""))
    span = f"{said(start, zone) if start else '?'} to {said(end, zone) if end else 'now'}"
    return f"{span}, {part['place']}" if part.get("place") else span


def opened_answers(vault: Vault, row: Row) -> Answers:
    """Open the answers of a step at one turn; raises `DamagedError` or `KeyMissingError`."""
    column = f"encrypted_answers/{row['turn']}"
    opened = _open(vault, row["encrypted_answers"], table="answer", row=row["step_id"], column=column)
    return _mapping(open_apart(vault, opened, table="answer", row=row["step_id"]))


def opened_outputs(vault: Vault, step_id: UUID, encrypted: bytes | None) -> Answers:
    """Open what workflows decide on of a step; nothing where its key is gone or it was damaged, as of what follows."""
    return _readable(vault, encrypted, outputs_of(step_id))


def opened_facts(vault: Vault, case_id: UUID, encrypted: bytes | None) -> Answers:
    """Open the facts of a case."""
    return _readable(vault, encrypted, facts_of(case_id))


def opened_report(vault: Vault, case_id: UUID, encrypted: bytes | None) -> Answers:
    """Open what workflows decide on of the report of a case."""
    return _readable(vault, encrypted, report_of(case_id))


def opened_draft(vault: Vault, row: Row, column: str) -> Answers:
    """Open what was typed (`encrypted_answers`) or proposed (`encrypted_proposals`) for a work item."""
    opened = _open(vault, row[column], table="draft", row=row["item_id"], column=column)
    return _mapping(open_apart(vault, opened, table="draft", row=row["item_id"]))


def opened_notes(vault: Vault, item_id: UUID, encrypted: bytes | None) -> tuple[str, ...]:
    """Open what was noted for a work item; nothing where its key is gone or it was damaged."""
    try:
        opened = _open(vault, encrypted, table="draft", row=item_id, column="encrypted_notes")
    except (DamagedError, KeyMissingError):
        return ()
    return tuple(map(str, opened)) if isinstance(opened, list) else ()


def opened_identity(vault: Vault, row: Row) -> Answers:
    """Open who a person is."""
    return _mapping(_open(vault, row["encrypted_identity"], table="person", row=row["id"], column="encrypted_identity"))


def opened_place(vault: Vault, row: Row) -> tuple[str | None, str | None]:
    """Open where a recorded stretch of time led, and what shows it; None for each that was not told."""
    encrypted_as = place_id(row["step_id"], row["name"], row["start"])
    opened = _open(vault, row["encrypted_place"], table="interval", row=encrypted_as, column="encrypted_place")
    if isinstance(opened, Mapping):
        return str(opened["place"]) or None, str(opened["evidence"]) or None
    return None if opened is None else str(opened), None


def opened_document(vault: Vault, document_id: UUID, encrypted: bytes) -> str:
    """Open the text of a document; raises `KeyMissingError` for one whose places were destroyed."""
    opened = _open(vault, encrypted, table="document", row=document_id, column="encrypted_html")
    if not isinstance(opened, dict):
        return str(opened)
    text = _mapping(open_apart(vault, opened, table="document", row=document_id)).get(TEXT)
    if text is None:
        raise KeyMissingError(key_id="of the places of a case")
    return str(text)


def readable_answers(vault: Vault, row: Row) -> Answers | None:
    """Open the answers of a step; None when their key is gone or they were damaged, so that the rest can be shown."""
    try:
        return opened_answers(vault, row)
    except (DamagedError, KeyMissingError):
        return None


def typed_title(vault: Vault, step_id: UUID, encrypted: bytes | None) -> str:
    """Open what somebody calls a step that they added; empty when nobody does, or when its key is gone."""
    try:
        return str(_open(vault, encrypted, table="step", row=step_id, column="encrypted_title") or "")
    except (DamagedError, KeyMissingError):
        return ""


def _open(vault: Vault, encrypted: bytes | None, *, table: str, row: UUID, column: str) -> JsonValue:
    return None if encrypted is None else vault.decrypt(encrypted, table=table, row=row, column=column)


def _readable(vault: Vault, encrypted: bytes | None, place: EncryptedCell) -> Answers:
    try:
        return _mapping(_open(vault, encrypted, **place._asdict()))
    except (DamagedError, KeyMissingError):
        return {}


def _mapping(opened: JsonValue) -> Answers:
    return opened if isinstance(opened, dict) else {}
