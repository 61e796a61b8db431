"""Answers as text, opened where they are encrypted: readable ones, the others masked."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from engine.cases.encrypted import EncryptedCell, facts_of, outputs_of, report_of
from engine.cases.in_words import CODED, code_in_words, unexplained_in_words
from engine.db.encrypted_columns import TEXT, open_apart, place_id
from engine.db.reading import Row
from engine.errors import DamagedError, KeyMissingError
from engine.language.names import in_plain_words
from engine.plugin.answers import as_instant
from engine.plugin.fields import FieldSpec
from engine.plugin.kinds import KINDS_NOT_KNOWN, NOT_KNOWN, FieldKind
from engine.ports import JsonValue, Vault
from engine.work.records import AnswerView

MASK = "•••"

Answers = Mapping[str, object]
"""Given answers by the name of their field, as they are kept: JSON."""


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
