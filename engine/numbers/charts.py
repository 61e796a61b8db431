"""Numbers as bars in SVG, each with its number beside it, and as CSV in which nothing is taken for a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final, NamedTuple

_BAR, _BETWEEN, _TOP = 14, 6, 4
_LABEL, _ROOM = 34, 54
"""Where bars begin and how long the longest one is, in per cent of the width."""
_LONGEST_BESIDE: Final = 15
"""How many letters fit beside a bar on a telephone; what is longer stands above."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
GREEN, RED, TEAL, GREY = "#0b5c3e", "#b3261e", "#17464a", "#7d8a8a"


class Bar(NamedTuple):
    """One bar: its number (None where it is withheld), its colour, and what it counts."""

    number: float | None
    colour: str
    what: str


def bars(title: str, rows: Iterable[tuple[str, Sequence[Bar]]], *, longest: float = 0) -> str:
    """Draw rows of bars as SVG; empty without rows. The table beside it says the same in words.

    The longest bar stands for `longest`, or for the greatest number. A row in which nothing was counted has one zero.
    """
    known = [(label, [bar for bar in some if bar.number != 0] or list(some[:1])) for label, some in rows if some]
    longest = longest or max((bar.number or 0 for _, some in known for bar in some), default=0) or 1
    parts, y = [], _TOP
    for label, some in known:
        parts.append(f'<text x="0" y="{y + 12}" font-size="13" fill="#0b0c0c">{escape(label)}</text>')
        y += _BAR + 2 if len(label) > _LONGEST_BESIDE else 0
        for bar in some:
            parts.append(_bar(bar, y, longest))
            y += _BAR + 2
        y += _BETWEEN
    if not parts:
        return ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="{y}" role="img" font-weight="400" '
        f'aria-label="{escape(title)}. The table says the same in numbers.">{"".join(parts)}</svg>'
    )


def table_as_csv(header: Sequence[str], lines: Iterable[Sequence[str | int | None]]) -> str:
    """Write a table as CSV; what is withheld stays empty, and nothing in it is taken for a formula."""
    made = io.StringIO()
    table = csv.writer(made)
    table.writerows([header, *([_cell(one) for one in line] for line in lines)])
    return made.getvalue()


def _bar(bar: Bar, y: int, longest: float) -> str:
    width = 0 if bar.number is None else round(_ROOM * bar.number / longest, 1)
    number = "withheld" if bar.number is None else f"{bar.number:.10g}"
    return (
        f'<rect x="{_LABEL}%" y="{y}" width="{width}%" height="{_BAR}" fill="{bar.colour}">'
        f"<title>{escape(bar.what)}: {number}</title></rect>"
        f'<text x="{_LABEL + width + 1}%" y="{y + 12}" font-size="12" fill="#505a5f">{number}</text>'
    )


def _cell(value: str | int | None) -> str | int:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value
