"""Counts that may be shown: small ones are withheld, with so many others that none can be worked out again."""

from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from fractions import Fraction
from itertools import product
from typing import Final

from engine.errors import TooFineError

TOTAL: Final = "*"
"""The category that stands for all of a dimension."""
MOST_DIMENSIONS: Final = 3
MOST_CELLS: Final = 1_500
_BASE: Final = 5

Cell = tuple[str, ...]
_Equation = dict[Cell, Fraction]


class Audience(IntEnum):
    """For whom counts are shown; the value is the least number that is shown to them."""

    INSIDE = 5
    OUTSIDE = 11


def shown(dimensions: int, counts: Mapping[Cell, int], *, audience: Audience) -> dict[Cell, int | None]:
    """Return every cell of a table with its totals, rounded to fives; None for one that is withheld.

    `counts` has a number for each combination of categories that occurs, one category a dimension. Withheld are, first,
    all counts below the least number, zero too: "none" tells as much as "one". Then as many others as are needed that
    no withheld cell follows from what is shown: no line of the table, total included, holds exactly one of them, those
    of a line together are not below the least number, and no combination of lines settles one. One sign stands for both
    kinds, so that nobody sees which is small. The lines are made safe with the exact numbers, before they are rounded.

    Raises `TooFineError` for more than three dimensions, or more cells than anybody can read.
    """
    if not 1 <= dimensions <= MOST_DIMENSIONS:
        raise TooFineError(problem=f"at most {MOST_DIMENSIONS} things can be crossed, and at least one")
    table = _with_totals(dimensions, counts)
    withheld = _withheld(dimensions, table, least=int(audience))
    return {cell: None if cell in withheld else _rounded(count) for cell, count in table.items()}


def lines(dimensions: int, cells: Iterable[Cell]) -> list[tuple[Cell, ...]]:
    """List the lines of a table: each total with the cells that make it up, the total first."""
    known = set(cells)
    found = []
    for cell in sorted(known):
        for place in range(dimensions):
            if cell[place] == TOTAL:
                parts = tuple(
                    sorted(
                        one for one in known if one[place] != TOTAL and _without(one, place) == _without(cell, place)
                    )
                )
                found.append((cell, *parts))
    return found


def _with_totals(dimensions: int, counts: Mapping[Cell, int]) -> dict[Cell, int]:
    categories = [sorted({cell[place] for cell in counts}) for place in range(dimensions)]
    size = 1
    for known in categories:
        size *= len(known) + 1
    if size > MOST_CELLS:
        raise TooFineError(problem=f"this would be a table of {size} cells; cross less, or choose fewer months")
    table = dict.fromkeys(product(*([*known, TOTAL] for known in categories)), 0)
    for cell, count in counts.items():
        for totals in product(*((category, TOTAL) for category in cell)):
            table[totals] += count
    return table


def _withheld(dimensions: int, table: Mapping[Cell, int], *, least: int) -> set[Cell]:
    withheld = {cell for cell, count in table.items() if count < least}
    all_lines = lines(dimensions, table)
    if table and table[(TOTAL,) * dimensions] < least:
        return set(table)
    while True:
        more = set(_for_lines(all_lines, table, withheld, least)) or set(_for_settled(all_lines, table, withheld))
        if not more:
            return withheld
        withheld |= more


def _for_lines(
    all_lines: list[tuple[Cell, ...]], table: Mapping[Cell, int], withheld: set[Cell], least: int
) -> Iterator[Cell]:
    """Withhold one more in the first line that would give one away."""
    for line in all_lines:
        hidden = [cell for cell in line if cell in withheld]
        is_thin = line[0] not in withheld and sum(table[cell] for cell in hidden) < least
        if hidden and (len(hidden) == 1 or is_thin):
            yield from _next(line, table, withheld)
            return


def _for_settled(all_lines: list[tuple[Cell, ...]], table: Mapping[Cell, int], withheld: set[Cell]) -> Iterator[Cell]:
    """Withhold one more beside each cell that several lines together would settle."""
    settled = _settled(all_lines, withheld)
    for line in all_lines:
        if settled.intersection(line):
            more = list(_next(line, table, withheld))
            if more:
                yield from more
                return


def _next(line: tuple[Cell, ...], table: Mapping[Cell, int], withheld: set[Cell]) -> Iterator[Cell]:
    """Choose the smallest that is still shown in a line; its total only when nothing else is left."""
    parts = [cell for cell in line[1:] if cell not in withheld]
    if parts:
        yield min(parts, key=lambda cell: (table[cell], cell))
    elif line[0] not in withheld:
        yield line[0]


def _settled(all_lines: list[tuple[Cell, ...]], withheld: set[Cell]) -> set[Cell]:
    """Find the withheld cells that follow from the lines, whatever is shown: each is alone in a solved equation."""
    solved: dict[Cell, _Equation] = {}
    for line in all_lines:
        equation = {cell: Fraction(1) for cell in line[1:] if cell in withheld}
        if line[0] in withheld:
            equation[line[0]] = Fraction(-1)
        equation = _reduced(equation, solved)
        if equation:
            pivot = min(equation)
            factor = equation[pivot]
            equation = {cell: value / factor for cell, value in equation.items()}
            for other, known in solved.items():
                if pivot in known:
                    solved[other] = _less(known, equation, known[pivot])
            solved[pivot] = equation
    return {pivot for pivot, equation in solved.items() if len(equation) == 1}


def _reduced(equation: _Equation, solved: Mapping[Cell, _Equation]) -> _Equation:
    for pivot in [cell for cell in equation if cell in solved]:
        if pivot in equation:
            equation = _less(equation, solved[pivot], equation[pivot])
    return equation


def _less(equation: _Equation, other: _Equation, factor: Fraction) -> _Equation:
    result = dict(equation)
    for cell, value in other.items():
        left = result.get(cell, Fraction(0)) - factor * value
        if left:
            result[cell] = left
        else:
            result.pop(cell, None)
    return result


def _without(cell: Cell, place: int) -> Cell:
    return (*cell[:place], *cell[place + 1 :])


def _rounded(count: int) -> int:
    return _BASE * ((count + _BASE // 2) // _BASE)
