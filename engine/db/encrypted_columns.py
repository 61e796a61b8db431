"""Every encrypted column: under whose key it is, to which place it is bound, and what tells where somebody is."""

import base64
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, TypeGuard
from uuid import UUID, uuid5

from pydantic import JsonValue
from sqlalchemy import Connection, LargeBinary, RowMapping, Select, func, not_, select, type_coerce, update

from engine.core.keys import place_key
from engine.db.tables import TABLES
from engine.errors import KeyMissingError
from engine.keys.vault import Vault


def place_id(step_id: UUID, name: str, start: datetime) -> UUID:
    """Name the place of a stretch of a step, by what it is and when it began."""
    return uuid5(step_id, f"{name}|{start.astimezone(UTC).isoformat()}")


_MARK: Final = "icmc:apart"
"""The only key of what stands in the place of such an answer; no field of a form has a colon in its name."""


TEXT: Final = "text"
"""The name under which the whole text of a paper that tells where somebody is stands by itself."""


def encrypt_apart(
    vault: Vault,
    answers: Mapping[str, JsonValue],
    names: Collection[str],
    *,
    case_id: UUID,
    unit_id: UUID,
    table: str,
    row: UUID,
) -> dict[str, JsonValue]:
    """Return answers with those of `names` sealed by themselves."""
    encrypted = dict(answers)
    for name in names:
        if encrypted.get(name) is not None:
            inner = vault.encrypt(
                encrypted[name],
                key_of=place_key(case_id),
                table=table,
                row=row,
                column=f"apart/{name}",
                unit_id=unit_id,
            )
            encrypted[name] = {_MARK: base64.b64encode(inner).decode()}
    return encrypted


def open_apart(vault: Vault, answers: JsonValue, *, table: str, row: UUID) -> JsonValue:
    """Return answers with what was sealed by itself open; what has lost its key is left out. Raises `DamagedError`."""
    if not isinstance(answers, dict):
        return answers
    opened = dict(answers)
    for name, value in answers.items():
        if _is_apart(value):
            try:
                opened[name] = vault.decrypt(_inner(value), table=table, row=row, column=f"apart/{name}")
            except KeyMissingError:
                del opened[name]
    return opened


def renewed_apart(
    vault: Vault, answers: JsonValue, *, owner: UUID, newest: int, table: str, row: UUID
) -> dict[str, JsonValue] | None:
    """Return answers with what is sealed under older keys of places sealed anew; None when nothing is."""
    if not isinstance(answers, dict):
        return None
    renewed = dict(answers)
    for name, value in answers.items():
        if _is_apart(value) and not _inner(value).startswith(b"v2|\x01" + owner.bytes + newest.to_bytes(4, "big")):
            plain = vault.decrypt_bytes(_inner(value), table=table, row=row, column=f"apart/{name}")
            anew = vault.encrypt_bytes(plain, key_of=owner, table=table, row=row, column=f"apart/{name}")
            renewed[name] = {_MARK: base64.b64encode(anew).decode()}
    return renewed if renewed != answers else None


def _is_apart(value: JsonValue) -> TypeGuard[dict[str, JsonValue]]:
    return isinstance(value, dict) and value.keys() == {_MARK}


def _inner(value: Mapping[str, JsonValue]) -> bytes:
    return base64.b64decode(str(value[_MARK]), validate=True)


_HEAD: Final = len(b"v2|") + 1 + 16
Row = RowMapping


class EncryptedColumn(NamedTuple):
    """A sealed column. `row` and `place` give from a row to what its seal is bound; `of` says whose keys seal it.

    Nobody may change what is in one that is `fixed`: its values keep their keys.
    """

    table: str
    column: str
    of: str
    row: Callable[[Row], UUID]
    place: Callable[[Row], str]
    is_fixed: bool = False


def _column(table: str, column: str, of: str, *, row: str = "id", is_fixed: bool = False) -> EncryptedColumn:
    return EncryptedColumn(table, column, of, lambda found: found[row], lambda _: column, is_fixed)


ENCRYPTED: Final = (
    _column("case", "encrypted_facts", "case"),
    _column("case", "encrypted_report", "case"),
    _column("report", "encrypted_answers", "case"),
    EncryptedColumn(
        "answer", "encrypted_answers", "case or person", lambda row: row["step_id"],
        lambda row: f"encrypted_answers/{row['turn']}",
    ),
    _column("step", "encrypted_outputs", "case"),
    _column("step", "encrypted_title", "case"),
    _column("draft", "encrypted_answers", "case or person", row="item_id"),
    _column("draft", "encrypted_proposals", "case or person", row="item_id"),
    _column("draft", "encrypted_notes", "case or person", row="item_id"),
    _column("document", "encrypted_html", "case or person"),
    EncryptedColumn(
        "interval", "encrypted_place", "places of the case",
        lambda row: place_id(row["step_id"], row["name"], row["start"]), lambda _: "encrypted_place",
    ),
    _column("attachment", "encrypted_name", "case"),
    _column("attachment", "encrypted_details", "case"),
    EncryptedColumn(
        "attachment_part", "encrypted_content", "case", lambda row: row["attachment_id"],
        lambda row: f"encrypted_content/{row['copy_of']}/{row['number']}",
    ),
    _column("legal_hold", "encrypted_reason", "case"),
    EncryptedColumn(
        "event", "encrypted_body", "case", lambda row: row["case_id"], lambda row: f"encrypted_body/{row['seq']}",
    ),
    _column("event_words", "encrypted_words", "case or person"),
    _column("consent", "encrypted_answers", "case"),
    _column("referral", "encrypted_note", "case"),
    _column("referral", "encrypted_to_name", "case"),
    _column("hub_message", "encrypted_body", "case"),
    _column("emergency_access", "encrypted_words", "the request"),
    _column("emergency_access", "encrypted_number", "the request"),
    _column("person", "encrypted_identity", "person"),
    _column("correction", "encrypted_before", "person", is_fixed=True),
    _column("correction", "encrypted_words", "person", is_fixed=True),
    EncryptedColumn(
        "contact", "encrypted_address", "whom it reaches", lambda row: row["actor_id"],
        lambda row: f"encrypted_address:{row['channel']}",
    ),
    _column("kept_form", "encrypted_fields", "who typed it"),
    _column("preference", "encrypted_filters", "whose it is", row="actor_id"),
    _column("second_factor", "encrypted_secret", "whose it is", row="actor_id"),
    _column("second_factor", "encrypted_proposed", "whose it is", row="actor_id"),
    _column("api_key", "encrypted_secret", "whose it is"),
    _column("saved_numbers", "encrypted_name", "whose it is"),
    _column("concern", "encrypted_words", "the concern"),
    _column("concern", "encrypted_case_number", "the concern"),
    _column("concern", "encrypted_answer", "the concern"),
    _column("channel_setting", "encrypted_url", "the channel"),
    _column("partner", "encrypted_words", "the partner"),
    _column("special_day", "encrypted_words", "the day"),
)  # fmt: skip
"""The sealed columns, and under whose key each is."""


def reencrypt_some(
    connection: Connection, vault: Vault, owner: UUID, *, newest: int, case_id: UUID | None, most: int
) -> int:
    """Seal the next values anew that are sealed under older keys of an owner; returns how many, zero when all are done.

    With `case_id` only values of that case are looked at. Raises `DamagedError`.
    """
    done = 0
    for encrypted in ENCRYPTED:
        if done < most and not encrypted.is_fixed:
            query = _older(encrypted, owner, newest, case_id).limit(most - done).with_for_update()
            rows = connection.execute(query).mappings().all()
            for row in rows:
                _reencrypt(connection, vault, encrypted, owner, row)
            done += len(rows)
    return done


def reencrypt_apart(connection: Connection, vault: Vault, case_id: UUID, *, newest: int) -> int:
    """Seal anew what is sealed by itself inside the answers, drafts and papers of a case; gives in how many rows."""
    done, owner = 0, place_key(case_id)
    for encrypted in (one for one in ENCRYPTED if one.table in {"answer", "draft", "document"}):
        table = TABLES[encrypted.table]
        there = (table.c.case_id == case_id, table.c[encrypted.column].is_not(None))
        rows = connection.execute(select(table).where(*there).with_for_update()).mappings().all()
        done += sum(_renew_inner(connection, vault, encrypted, row, owner, newest) for row in rows)
    return done


def _renew_inner(
    connection: Connection, vault: Vault, encrypted: EncryptedColumn, row: Row, owner: UUID, newest: int
) -> bool:
    table, at, place = TABLES[encrypted.table], encrypted.row(row), encrypted.place(row)
    whose = UUID(bytes=bytes(row[encrypted.column])[_HEAD - 16 : _HEAD])
    try:
        answers = vault.decrypt(row[encrypted.column], table=encrypted.table, row=at, column=place)
    except KeyMissingError:
        return False
    renewed = renewed_apart(vault, answers, owner=owner, newest=newest, table=encrypted.table, row=at)
    if renewed is None:
        return False
    anew = vault.encrypt(renewed, key_of=whose, table=encrypted.table, row=at, column=place)
    here = [part == row[part.name] for part in table.primary_key]
    connection.execute(update(table).where(*here).values({encrypted.column: anew}))
    return True


def any_fixed(connection: Connection, owner: UUID) -> bool:
    """Return whether anything is sealed under an owner's keys that nobody may change."""
    queries = (_older(encrypted, owner, 0, None).limit(1) for encrypted in ENCRYPTED if encrypted.is_fixed)
    return any(connection.execute(query).first() is not None for query in queries)


def _reencrypt(connection: Connection, vault: Vault, encrypted: EncryptedColumn, owner: UUID, row: Row) -> None:
    table, at, place = TABLES[encrypted.table], encrypted.row(row), encrypted.place(row)
    plain = vault.decrypt_bytes(row[encrypted.column], table=encrypted.table, row=at, column=place)
    anew = vault.encrypt_bytes(plain, key_of=owner, table=encrypted.table, row=at, column=place)
    here = [part == row[part.name] for part in table.primary_key]
    connection.execute(update(table).where(*here).values({encrypted.column: anew}))


def _older(encrypted: EncryptedColumn, owner: UUID, newest: int, case_id: UUID | None) -> Select[tuple[Any, ...]]:
    """Select the rows whose seal names an owner and another version of its key than the newest."""
    table = TABLES[encrypted.table]
    raw = type_coerce(table.c[encrypted.column], LargeBinary)
    is_theirs = func.substring(raw, 1, _HEAD) == b"v2|\x01" + owner.bytes
    is_newest = func.substring(raw, _HEAD + 1, 4) == newest.to_bytes(4, "big")
    query = select(*table.primary_key, table.c[encrypted.column]).where(is_theirs, not_(is_newest))
    if case_id is not None and "case_id" in table.c:
        query = query.where(table.c.case_id == case_id)
    elif encrypted.table == "case" and case_id is not None:
        query = query.where(table.c.id == case_id)
    elif encrypted.table == "attachment_part":
        files = TABLES["attachment"]
        query = query.where(table.c.attachment_id.in_(select(files.c.id).where(files.c.case_id == (case_id or owner))))
    return query
