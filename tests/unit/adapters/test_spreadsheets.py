"""No cell of a copy is a formula, every copy is marked, and both forms hold the same."""

import csv
import io
import zipfile
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.adapters.spreadsheets import as_csv, as_xlsx
from engine.domain.keeping import Mark
from engine.views import SheetView

MARK = Mark(7, "A Person", "07 Mar 2026, 18:40", "For a court")
_NS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def sheet(*values: str | int | datetime | None) -> SheetView:
    return SheetView(what="cases", header=("One",) * len(values), lines=(values,))


def read_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def read_xlsx(content: bytes) -> list[list[str]]:
    """Read the cells; a formula would be an `f` element, of which there must be none."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        root = ET.fromstring(archive.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - our own file
    assert not list(root.iter(f"{_NS}f"))
    return [["".join(cell.itertext()) for cell in row] for row in root.iter(f"{_NS}row")]


@pytest.mark.parametrize(
    "start",
    [
        "=",
        "+",
        "-",
        "@",
        "\t",
        "\r",
        "\n",
        "\uff1d",
        "\uff0b",
        "\uff0d",
        "\uff20",
        " =",
        "  @",
        "\u00a0=",
        "\u3000\uff1d",
        "\u200b+",
        "\ufeff=",
        "one\n=",
        "one\r@",
        "\u2028-",
        "\ufe62",
        "\ufe63",
        "\ufe66",
        "\u2212",
        "|",
    ],
)
def test_what_a_spreadsheet_would_take_for_a_formula_is_guarded(start: str) -> None:
    risky = f'{start}cmd|"/c calc"!A1'
    assert read_csv(as_csv(sheet(risky), MARK))[2][0].startswith("'")
    assert read_xlsx(as_xlsx(sheet(risky), MARK))[2][0].startswith("'")


@given(st.text(max_size=40))
def test_no_text_begins_like_a_formula_and_none_is_lost(text: str) -> None:
    [_, _, [cell, _]] = read_csv(as_csv(sheet(text.replace("\x00", "")), MARK))
    assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell.removeprefix("'").strip() == text.replace("\x00", "").removeprefix("'").strip()


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=40))
def test_both_forms_hold_the_same_in_every_script(text: str) -> None:
    assert read_xlsx(as_xlsx(sheet(text), MARK)) == read_csv(as_csv(sheet(text), MARK))


def test_a_number_stays_a_number_and_nothing_stays_empty() -> None:
    at = datetime(2026, 3, 7, 13, 10, tzinfo=UTC)
    for rows in (read_csv(as_csv(sheet(-5, None, at), MARK)), read_xlsx(as_xlsx(sheet(-5, None, at), MARK))):
        assert rows[2] == ["-5", "", "2026-03-07T13:10+00:00", "7"]


def test_every_copy_says_whose_it_is_and_every_line_which_copy() -> None:
    for rows in (read_csv(as_csv(sheet("x"), MARK)), read_xlsx(as_xlsx(sheet("x"), MARK))):
        assert rows[0] == ["Copy 7, made for A Person on 07 Mar 2026, 18:40: For a court. Do not pass it on."]
        assert rows[1][-1] == "Copy"
        assert rows[2][-1] == "7"
    with zipfile.ZipFile(io.BytesIO(as_xlsx(sheet("x"), MARK))) as archive:
        assert "Copy 7, made for A Person" in archive.read("xl/worksheets/sheet1.xml").decode()
