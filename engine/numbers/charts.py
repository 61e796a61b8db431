"""Numbers as bars in SVG, each with its number beside it, and as CSV in which nothing is taken for a formula."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Final, NamedTuple

_BAR, _BETWEEN, _TOP = 14, 6, 4
_LABEL, _ROOM = 34, 54
"""Where bars begin and how long the longest one is, in per cent of the width."""
_COLUMN, _ABOVE = 70, 16
"""How high columns stand, and what of it is for the greatest number above them."""
_LONGEST_BESIDE: Final = 15
"""How many letters fit beside a bar on a telephone; what is longer stands above."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_Say = Callable[[str], str]
GREEN, RED, TEAL, GREY = "#0b5c3e", "#b3261e", "#17464a", "#7d8a8a"


class Bar(NamedTuple):
    """One bar: its number (None where it is withheld), its colour, and what it counts."""

    number: float | None
    colour: str
    what: str


def bars(title: str, rows: Iterable[tuple[str, Sequence[Bar]]], *, longest: float = 0, say: _Say = str) -> str:
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
            parts.append(_bar(bar, y, longest, say))
            y += _BAR + 2
        y += _BETWEEN
    if not parts:
        return ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="{y}" role="img" font-weight="400" '
        f"{_label(title, say)}>{''.join(parts)}</svg>"
    )


def columns(title: str, days: Sequence[tuple[str, int]], colour: str, *, say: _Say = str) -> str:
    """Draw a number a day as columns in SVG, with the first and the last day below and the greatest number above."""
    greatest, width = max((number for _, number in days), default=0), 100 / max(len(days), 1)
    parts = [
        f'<rect x="{place * width:.2f}%" y="{_COLUMN - height}" width="{width * 0.8:.2f}%" height="{height}" '
        f'fill="{colour}"><title>{escape(day)}: {number}</title></rect>'
        for place, (day, number) in enumerate(days)
        for height in (max(round((_COLUMN - _ABOVE) * number / (greatest or 1)), 1),)
    ]
    below = _COLUMN + 14
    said = [(0, _ABOVE - 4, "start", say("most in a day: {number}").format(number=greatest))]
    if days:
        said += [(0, below, "start", days[0][0]), (100, below, "end", days[-1][0])]
    texts = (
        f'<text x="{x}%" y="{y}" text-anchor="{anchor}" font-size="12" fill="#505a5f">{escape(text)}</text>'
        for x, y, anchor, text in said
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="{_COLUMN + 18}" role="img" font-weight="400" '
        f"{_label(title, say)}>{''.join(parts)}{''.join(texts)}</svg>"
    )


def _label(title: str, say: _Say) -> str:
    return f'aria-label="{escape(title)}. {escape(say("The table says the same in numbers."))}"'


def table_as_csv(header: Sequence[str], lines: Iterable[Sequence[str | int | None]]) -> str:
    """Write a table as CSV; what is withheld stays empty, and nothing in it is taken for a formula."""
    made = io.StringIO()
    table = csv.writer(made)
    table.writerows([header, *([_cell(one) for one in line] for line in lines)])
    return made.getvalue()


def _bar(bar: Bar, y: int, longest: float, say: _Say) -> str:
    width = 0 if bar.number is None else round(_ROOM * bar.number / longest, 1)
    number = say("withheld") if bar.number is None else f"{bar.number:.10g}"
    return (
        f'<rect x="{_LABEL}%" y="{y}" width="{width}%" height="{_BAR}" fill="{bar.colour}">'
        f"<title>{escape(bar.what)}: {number}</title></rect>"
        f'<text x="{_LABEL + width + 1}%" y="{y + 12}" font-size="12" fill="#505a5f">{number}</text>'
    )


def _cell(value: str | int | None) -> str | int:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value
