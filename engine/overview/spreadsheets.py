"""Writes copies for spreadsheets as CSV, each marked; no cell of them is ever a formula."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from engine.core.retention import CopyMark
from engine.retention.shown import SheetView

_RISKY: Final = frozenset("=+-@|%\u2212")
"""What a formula begins with; full-width and small forms of them count as the same."""
_GUARD: Final = "'"
_LINE_ENDS: Final = frozenset("\t\r\n")
_UNSEEN: Final = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
Value = str | int | datetime | None


def as_csv(sheet: SheetView, mark: CopyMark) -> bytes:
    """Write a copy as CSV (UTF-8 with its mark, so that spreadsheets read every script)."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    for row in _rows(sheet, mark):
        writer.writerow([_text(value) for value in row])
    return text.getvalue().encode("utf-8-sig")


def _rows(sheet: SheetView, mark: CopyMark) -> Iterable[Sequence[Value]]:
    """Give the mark, the header and the lines; each line bears the number of the copy, so that a part tells it too."""
    yield (mark.sentence,)
    yield (*sheet.header, "Copy")
    for line in sheet.lines:
        yield (*line, mark.number)


def _text(value: Value) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="minutes")
    return _guarded(value) if isinstance(value, str) else "" if value is None else str(value)


def _guarded(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would take for a formula, in each line of a text.

    Blanks of every kind and signs that are not seen do not count: spreadsheets pass over them.
    """
    lines = (_first_sign(line) for line in text.splitlines())
    return _GUARD + text if not _RISKY.isdisjoint(lines) or text[:1] in _LINE_ENDS else text


def _first_sign(line: str) -> str:
    seen = (sign for sign in line if not sign.isspace() and unicodedata.category(sign) not in _UNSEEN)
    return unicodedata.normalize("NFKC", next(seen, ""))[:1]
