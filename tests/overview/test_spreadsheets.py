"""No cell of a copy is a formula, and every copy is marked."""

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.retention import CopyMark
from engine.overview.views.copies import as_csv
from engine.retention.records import SheetView

MARK = CopyMark(7, "A Person", "07 Mar 2026, 18:40", "For a court")


def sheet(*values: str | int | datetime | None) -> SheetView:
    return SheetView(what="cases", header=("One",) * len(values), lines=(values,))


def read_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


@pytest.mark.parametrize("start", [
    "=", "+", "-", "@", "\t", "\r", "\n", " \r", "\uff1d", "\uff0b", "\uff0d", "\uff20", " =", "  @", "\u00a0=",
    "\u3000\uff1d", "\u200b+", "\ufeff=", "one\n=", "one\r@", "\u2028-", "\ufe62", "\ufe63", "\ufe66", "\u2212", "|",
])  # fmt: skip
def test_what_a_spreadsheet_would_take_for_a_formula_is_guarded(start: str) -> None:
    risky = f'{start}cmd|"/c calc"!A1'
    assert read_csv(as_csv(sheet(risky), MARK))[2][0].startswith("'")


@given(st.text(max_size=40))
def test_no_text_begins_like_a_formula_and_none_is_lost(text: str) -> None:
    [_, _, [cell, _]] = read_csv(as_csv(sheet(text.replace("\x00", "")), MARK))
    assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell.removeprefix("'").strip() == text.replace("\x00", "").removeprefix("'").strip()


def test_a_number_stays_a_number_and_nothing_stays_empty() -> None:
    at = datetime(2026, 3, 7, 13, 10, tzinfo=UTC)
    assert read_csv(as_csv(sheet(-5, None, at), MARK))[2] == ["-5", "", "2026-03-07T13:10+00:00", "7"]


def test_every_copy_says_whose_it_is_and_every_line_which_copy() -> None:
    mark, header, line = read_csv(as_csv(sheet("x"), MARK))
    assert mark == ["Copy 7, made for A Person on 07 Mar 2026, 18:40: For a court. Do not pass it on."]
    assert (header[-1], line[-1]) == ("Copy", "7")
