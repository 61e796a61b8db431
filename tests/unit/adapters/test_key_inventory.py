"""The inventory of keys: every sealed column is in it, in the code and on the page, with whose key seals it."""

import re
from pathlib import Path

from engine.adapters.sql import tables as tb
from engine.adapters.sql.columns import Sealed
from engine.adapters.sql.sealed_columns import SEALED

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "keys.md"


def test_every_sealed_column_is_in_the_inventory_once() -> None:
    tables = tb.CaseRow.metadata.sorted_tables
    columns = [(table.name, column.name) for table in tables for column in table.c if isinstance(column.type, Sealed)]
    assert sorted((sealed.table, sealed.column) for sealed in SEALED) == sorted(columns)


def test_the_page_says_what_the_inventory_says() -> None:
    rows = re.findall(r"^\| `(\w+)\.(\w+)` \| (.+) \|$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert sorted(rows) == sorted((sealed.table, sealed.column, sealed.of) for sealed in SEALED)
