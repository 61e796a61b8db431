"""Every sealed column: under whose key it is, and to which place its seals are bound. A test keeps the list whole."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, LargeBinary, RowMapping, Select, func, not_, select, type_coerce, update

from engine.core.keys import place_key
from engine.db import tables as tb
from engine.db.places import place_id, renewed_apart
from engine.errors import KeyMissingError
from engine.ports import Vault

_HEAD: Final = len(b"v2|") + 1 + 16
_TABLES: Final = tb.CaseRow.metadata.tables
Row = RowMapping


class SealedColumn(NamedTuple):
    """A sealed column. `row` and `place` give from a row to what its seal is bound; `of` says whose keys seal it.

    Nobody may change what is in one that is `fixed`: its values keep their keys.
    """

    table: str
    column: str
    of: str
    row: Callable[[Row], UUID]
    place: Callable[[Row], str]
    is_fixed: bool = False


def _column(table: str, column: str, of: str, *, row: str = "id", is_fixed: bool = False) -> SealedColumn:
    return SealedColumn(table, column, of, lambda found: found[row], lambda _: column, is_fixed)


SEALED: Final = (
    _column("case", "sealed_facts", "case"),
    _column("case", "sealed_report", "case"),
    _column("report", "sealed_answers", "case"),
    SealedColumn(
        "answer", "sealed_answers", "case or person", lambda row: row["step_id"],
        lambda row: f"sealed_answers/{row['turn']}",
    ),
    _column("step", "sealed_outputs", "case"),
    _column("step", "sealed_title", "case"),
    _column("draft", "sealed_answers", "case or person", row="item_id"),
    _column("draft", "sealed_proposals", "case or person", row="item_id"),
    _column("draft", "sealed_notes", "case or person", row="item_id"),
    _column("document", "sealed_html", "case or person"),
    SealedColumn(
        "interval", "sealed_place", "places of the case",
        lambda row: place_id(row["step_id"], row["name"], row["start"]), lambda _: "sealed_place",
    ),
    _column("attachment", "sealed_name", "case"),
    _column("attachment", "sealed_details", "case"),
    SealedColumn(
        "attachment_part", "sealed_content", "case", lambda row: row["attachment_id"],
        lambda row: f"sealed_content/{row['copy_of']}/{row['number']}",
    ),
    _column("legal_hold", "sealed_reason", "case"),
    SealedColumn(
        "event", "sealed_body", "case", lambda row: row["case_id"], lambda row: f"sealed_body/{row['seq']}",
    ),
    _column("event_words", "sealed_words", "case"),
    _column("consent", "sealed_answers", "case"),
    _column("referral", "sealed_note", "case"),
    _column("referral", "sealed_to_name", "case"),
    _column("break_glass", "sealed_words", "the request"),
    _column("break_glass", "sealed_number", "the request"),
    _column("person", "sealed_identity", "person"),
    _column("correction", "sealed_before", "person", is_fixed=True),
    _column("correction", "sealed_words", "person", is_fixed=True),
    SealedColumn(
        "contact", "sealed_address", "whom it reaches", lambda row: row["actor_id"],
        lambda row: f"sealed_address:{row['channel']}",
    ),
    _column("kept_form", "sealed_fields", "who typed it"),
    _column("second_factor", "sealed_secret", "whose it is", row="actor_id"),
    _column("second_factor", "sealed_proposed", "whose it is", row="actor_id"),
    _column("concern", "sealed_words", "the concern"),
    _column("concern", "sealed_case_number", "the concern"),
    _column("concern", "sealed_answer", "the concern"),
    _column("channel_setting", "sealed_url", "the channel"),
    _column("partner", "sealed_words", "the partner"),
    _column("special_day", "sealed_words", "the day"),
)  # fmt: skip
"""The sealed columns, and under whose key each is."""


def reseal_some(
    connection: Connection, vault: Vault, owner: UUID, *, newest: int, case_id: UUID | None, most: int
) -> int:
    """Seal the next values anew that are sealed under older keys of an owner; returns how many, zero when all are done.

    With `case_id` only values of that case are looked at. Raises `DamagedError`.
    """
    done = 0
    for sealed in SEALED:
        if done < most and not sealed.is_fixed:
            query = _older(sealed, owner, newest, case_id).limit(most - done).with_for_update()
            rows = connection.execute(query).mappings().all()
            for row in rows:
                _reseal(connection, vault, sealed, owner, row)
            done += len(rows)
    return done


def reseal_apart(connection: Connection, vault: Vault, case_id: UUID, *, newest: int) -> int:
    """Seal anew what is sealed by itself inside the answers, drafts and papers of a case; gives in how many rows."""
    done, owner = 0, place_key(case_id)
    for sealed in (one for one in SEALED if one.table in {"answer", "draft", "document"}):
        table = _TABLES[sealed.table]
        there = (table.c.case_id == case_id, table.c[sealed.column].is_not(None))
        rows = connection.execute(select(table).where(*there).with_for_update()).mappings().all()
        done += sum(_renew_inner(connection, vault, sealed, row, owner, newest) for row in rows)
    return done


def _renew_inner(
    connection: Connection, vault: Vault, sealed: SealedColumn, row: Row, owner: UUID, newest: int
) -> bool:
    table, at, place = _TABLES[sealed.table], sealed.row(row), sealed.place(row)
    whose = UUID(bytes=bytes(row[sealed.column])[_HEAD - 16 : _HEAD])
    try:
        answers = vault.unseal(row[sealed.column], table=sealed.table, row=at, column=place)
    except KeyMissingError:
        return False
    renewed = renewed_apart(vault, answers, owner=owner, newest=newest, table=sealed.table, row=at)
    if renewed is None:
        return False
    anew = vault.seal(renewed, key_of=whose, table=sealed.table, row=at, column=place)
    here = [part == row[part.name] for part in table.primary_key]
    connection.execute(update(table).where(*here).values({sealed.column: anew}))
    return True


def any_fixed(connection: Connection, owner: UUID) -> bool:
    """Return whether anything is sealed under an owner's keys that nobody may change."""
    queries = (_older(sealed, owner, 0, None).limit(1) for sealed in SEALED if sealed.is_fixed)
    return any(connection.execute(query).first() is not None for query in queries)


def _reseal(connection: Connection, vault: Vault, sealed: SealedColumn, owner: UUID, row: Row) -> None:
    table, at, place = _TABLES[sealed.table], sealed.row(row), sealed.place(row)
    plain = vault.unseal_bytes(row[sealed.column], table=sealed.table, row=at, column=place)
    anew = vault.seal_bytes(plain, key_of=owner, table=sealed.table, row=at, column=place)
    here = [part == row[part.name] for part in table.primary_key]
    connection.execute(update(table).where(*here).values({sealed.column: anew}))


def _older(sealed: SealedColumn, owner: UUID, newest: int, case_id: UUID | None) -> Select[tuple[Any, ...]]:
    """Select the rows whose seal names an owner and another version of its key than the newest."""
    table = _TABLES[sealed.table]
    raw = type_coerce(table.c[sealed.column], LargeBinary)
    is_theirs = func.substring(raw, 1, _HEAD) == b"v2|\x01" + owner.bytes
    is_newest = func.substring(raw, _HEAD + 1, 4) == newest.to_bytes(4, "big")
    query = select(*table.primary_key, table.c[sealed.column]).where(is_theirs, not_(is_newest))
    if case_id is not None and "case_id" in table.c:
        query = query.where(table.c.case_id == case_id)
    elif sealed.table == "case" and case_id is not None:
        query = query.where(table.c.id == case_id)
    elif sealed.table == "attachment_part":
        files = _TABLES["attachment"]
        query = query.where(table.c.attachment_id.in_(select(files.c.id).where(files.c.case_id == (case_id or owner))))
    return query
