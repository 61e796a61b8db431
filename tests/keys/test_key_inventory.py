"""The inventory of keys: every sealed column is in it, in the code and on the page, with whose key seals it."""

import re
from collections import defaultdict
from pathlib import Path

from engine.core.keys import KEPT_CLEAR
from engine.db.encrypted_columns import ENCRYPTED
from engine.db.tables import METADATA
from engine.db.tables.fields import Encrypted

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "keys.md"


def test_every_sealed_column_is_in_the_inventory_once() -> None:
    tables = METADATA.sorted_tables
    columns = [
        (table.name, column.name) for table in tables for column in table.c if isinstance(column.type, Encrypted)
    ]
    assert sorted((encrypted.table, encrypted.column) for encrypted in ENCRYPTED) == sorted(columns)


def test_the_page_says_what_the_inventory_says() -> None:
    rows = re.findall(r"^\| `(\w+)\.(\w+)` \| (.+) \|$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert sorted(rows) == sorted((encrypted.table, encrypted.column, encrypted.of) for encrypted in ENCRYPTED)


def test_the_page_lists_what_is_readable_with_its_reason() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == _with_list(page), "run: python -m tests.keys.test_key_inventory, and commit the page"


def _with_list(page: str) -> str:
    """Write the list of what is kept in clear into the page."""
    by_reason: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for place, reason in KEPT_CLEAR.items():
        table, _, column = place.partition(".")
        by_reason[reason][table].append(column)
    lines = [
        f"| {reason} | {'; '.join(f'`{table}`: {_names(columns)}' for table, columns in tables.items())} |"
        for reason, tables in by_reason.items()
    ]
    begin, end = "| Reason | What is readable |\n|---|---|\n", "\n\n## Files"
    head, tail = page.split(begin, maxsplit=1)[0], page.split(end)[1]
    return f"{head}{begin}{chr(10).join(lines)}{end}{tail}"


def _names(columns: list[str]) -> str:
    return ", ".join(f"`{column}`" for column in columns)


if __name__ == "__main__":
    PAGE.write_text(_with_list(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
