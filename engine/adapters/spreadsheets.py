"""Writes copies for spreadsheets, as CSV or XLSX, each marked; no cell of them is ever a formula."""

import csv
import io
import unicodedata
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from engine.domain.keeping import Mark
from engine.views import SheetView

_RISKY: Final = frozenset("=+-@|%\u2212")
"""What a formula begins with; full-width and small forms of them count as the same."""
_GUARD: Final = "'"
_LINE_ENDS: Final = frozenset("\t\r\n")
_UNSEEN: Final = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
_TYPES: Final = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>'
)
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_BEGIN_OF_ZIP: Final = (1980, 1, 1, 0, 0, 0)
MEDIA_TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

Value = str | int | datetime | None


def as_csv(sheet: SheetView, mark: Mark) -> bytes:
    """Write a copy as CSV (UTF-8 with its mark, so that spreadsheets read every script)."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    for row in _rows(sheet, mark):
        writer.writerow([_text(value) for value in row])
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(sheet: SheetView, mark: Mark) -> bytes:
    """Write a copy as XLSX: texts stand in the cells as texts, and the mark is printed on every page."""
    lines = "".join(_xml_row(number, row) for number, row in enumerate(_rows(sheet, mark), start=1))
    footer = escape(mark.sentence.replace("&", "&&"))
    parts = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r1" Type="{_OFFICE}/officeDocument"'
        ' Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        f'<sheet name={quoteattr(sheet.what)} sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r1"'
        f' Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_MAIN}"><sheetData>{lines}</sheetData>'
        f"<headerFooter><oddFooter>{footer}</oddFooter></headerFooter></worksheet>",
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _BEGIN_OF_ZIP), _HEAD + part, zipfile.ZIP_DEFLATED)
    return made.getvalue()


WRITERS: Final = {"csv": as_csv, "xlsx": as_xlsx}


def _rows(sheet: SheetView, mark: Mark) -> Iterable[Sequence[Value]]:
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


def _xml_row(number: int, row: Sequence[Value]) -> str:
    cells = "".join(
        f"<c><v>{value}</v></c>"
        if isinstance(value, int) and not isinstance(value, bool)
        else f'<c t="inlineStr"><is><t xml:space="preserve">{escape(_printable(_text(value)))}</t></is></c>'
        for value in row
    )
    return f'<row r="{number}">{cells}</row>'


def _printable(text: str) -> str:
    """Leave out what XML cannot hold."""
    return "".join(one for one in text if one in "\t\n\r" or ord(one) >= ord(" "))
