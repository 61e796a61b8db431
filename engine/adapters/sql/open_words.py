"""Words that lay open before their columns were sealed: a migration set them aside, and the next start seals them."""

from typing import Any, Final, cast

from sqlalchemy import Connection, text, update

from engine.adapters.sql import tables as tb
from engine.errors import KeyMissingError
from engine.ports import JsonValue, Vault

_TABLES: Final = tb.CaseRow.metadata.tables
_TAKE: Final = text("""
    DELETE FROM open_words WHERE id IN (SELECT id FROM open_words ORDER BY id LIMIT :most)
    RETURNING of_table, of_column, row_id, key_of, words
""")


def seal_open_words(connection: Connection, vault: Vault, *, most: int) -> int:
    """Seal the next words where they belong, or forget them where the key is gone; gives how many, zero at the end."""
    rows = connection.execute(_TAKE, {"most": most}).mappings().all()
    for row in rows:
        _seal(connection, vault, cast("dict[str, Any]", row))
    return len(rows)


def _seal(connection: Connection, vault: Vault, row: dict[str, Any]) -> None:
    table, column, at = _TABLES[row["of_table"]], row["of_column"], row["row_id"]
    words = cast("JsonValue", row["words"])
    try:
        sealed = vault.seal(words, key_of=row["key_of"], table=table.name, row=at, column=column)
    except KeyMissingError:
        return
    connection.execute(update(table).where(table.c.id == at, table.c[column].is_(None)).values({column: sealed}))
