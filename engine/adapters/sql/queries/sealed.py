"""Open what is sealed, after the question's transaction: finding a key may need a connection of its own."""

from collections.abc import Mapping
from uuid import UUID

from engine.adapters.sql.apart import TEXT, open_apart
from engine.adapters.sql.case_values import EncryptedCell, facts_of, outputs_of, report_of
from engine.adapters.sql.places import place_id
from engine.adapters.sql.queries.answers import Answers
from engine.adapters.sql.queries.reading import Row
from engine.errors import DamagedError, KeyMissingError
from engine.ports import JsonValue, Vault


def opened_answers(vault: Vault, row: Row) -> Answers:
    """Open the answers of a step at one turn; raises `DamagedError` or `KeyMissingError`."""
    column = f"sealed_answers/{row['turn']}"
    opened = _open(vault, row["sealed_answers"], table="answer", row=row["step_id"], column=column)
    return _mapping(open_apart(vault, opened, table="answer", row=row["step_id"]))


def opened_outputs(vault: Vault, step_id: UUID, sealed: bytes | None) -> Answers:
    """Open what workflows decide on of a step; nothing where its key is gone or it was damaged, as of what follows."""
    return _readable(vault, sealed, outputs_of(step_id))


def opened_facts(vault: Vault, case_id: UUID, sealed: bytes | None) -> Answers:
    """Open the facts of a case."""
    return _readable(vault, sealed, facts_of(case_id))


def opened_report(vault: Vault, case_id: UUID, sealed: bytes | None) -> Answers:
    """Open what workflows decide on of the report of a case."""
    return _readable(vault, sealed, report_of(case_id))


def opened_draft(vault: Vault, row: Row, column: str) -> Answers:
    """Open what was typed (`sealed_answers`) or proposed (`sealed_proposals`) for a work item."""
    opened = _open(vault, row[column], table="draft", row=row["item_id"], column=column)
    return _mapping(open_apart(vault, opened, table="draft", row=row["item_id"]))


def opened_notes(vault: Vault, item_id: UUID, sealed: bytes | None) -> tuple[str, ...]:
    """Open what was noted for a work item; nothing where its key is gone or it was damaged."""
    try:
        opened = _open(vault, sealed, table="draft", row=item_id, column="sealed_notes")
    except (DamagedError, KeyMissingError):
        return ()
    return tuple(map(str, opened)) if isinstance(opened, list) else ()


def opened_identity(vault: Vault, row: Row) -> Answers:
    """Open who a person is."""
    return _mapping(_open(vault, row["sealed_identity"], table="person", row=row["id"], column="sealed_identity"))


def opened_place(vault: Vault, row: Row) -> tuple[str | None, str | None]:
    """Open where a recorded stretch of time led, and what shows it; None for each that was not told."""
    sealed_as = place_id(row["step_id"], row["name"], row["start"])
    opened = _open(vault, row["sealed_place"], table="interval", row=sealed_as, column="sealed_place")
    if isinstance(opened, Mapping):
        return str(opened["place"]) or None, str(opened["evidence"]) or None
    return None if opened is None else str(opened), None


def opened_document(vault: Vault, document_id: UUID, sealed: bytes) -> str:
    """Open the text of a document; raises `KeyMissingError` for one whose places were destroyed."""
    opened = _open(vault, sealed, table="document", row=document_id, column="sealed_html")
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


def typed_title(vault: Vault, step_id: UUID, sealed: bytes | None) -> str:
    """Open what somebody calls a step that they added; empty when nobody does, or when its key is gone."""
    try:
        return str(_open(vault, sealed, table="step", row=step_id, column="sealed_title") or "")
    except (DamagedError, KeyMissingError):
        return ""


def _open(vault: Vault, sealed: bytes | None, *, table: str, row: UUID, column: str) -> JsonValue:
    return None if sealed is None else vault.unseal(sealed, table=table, row=row, column=column)


def _readable(vault: Vault, sealed: bytes | None, place: EncryptedCell) -> Answers:
    try:
        return _mapping(_open(vault, sealed, **place._asdict()))
    except (DamagedError, KeyMissingError):
        return {}


def _mapping(opened: JsonValue) -> Answers:
    return opened if isinstance(opened, dict) else {}
