"""Which figures are withheld, so that no small one can be worked out from all that are shown."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import Final, NamedTuple

LEAST: Final = 11
"""The least number of people that is shown: as in the data of the Counter-Trafficking Data Collaborative, k = 11."""
_BASE: Final = 5
WHOLE: Final = "*"
"""The place that stands for all units together."""

Cell = tuple[str, str]
"""A unit, or all of them, and what is counted."""
_Equation = dict[Cell, Fraction]


class Parts(NamedTuple):
    """Figures that have nobody in common and are all within `of`; together they are `of` where `is_whole`."""

    of: Cell
    parts: tuple[Cell, ...]
    is_whole: bool


def shown(
    counts: Mapping[Cell, int],
    splits: Mapping[str, Sequence[Sequence[str]]],
    *,
    within: Iterable[tuple[Cell, Cell]] = (),
    least: int = LEAST,
) -> dict[Cell, int | None]:
    """Return each figure, rounded to fives; None for one that is withheld.

    `counts` has all units together under `WHOLE`. `splits` says into what a figure is parted, in one way or several,
    each of them whole. `within` are pairs of which the first happens to be a part of the second.

    Withheld are all figures below `least`, zero too: "none" tells as much as "one". Then as many others as are needed
    that no withheld one follows from what is shown, and that whoever takes any figures from one that contains them is
    left with `least` people or nobody. All is decided by the exact numbers, before they are rounded. One sign stands
    for both kinds, so that nobody sees which is small.
    """
    families = list(families_of(counts, splits))
    families += [Parts(of, (part,), is_whole=False) for part, of in within if {part, of} <= set(counts)]
    lines = [(one.of, *one.parts) for one in families if one.is_whole]
    withheld = {cell for cell, count in counts.items() if count < least}
    while True:
        more = set(_left_over(families, counts, withheld, least)) or set(_settled_with(lines, counts, withheld))
        if not more:
            return {cell: None if cell in withheld else _rounded(count) for cell, count in counts.items()}
        withheld |= more


def families_of(counts: Mapping[Cell, int], splits: Mapping[str, Sequence[Sequence[str]]]) -> Iterator[Parts]:
    """List all ways in which figures lie within others: by unit, by what is counted, and by both."""
    units = tuple(sorted({unit for unit, _ in counts} - {WHOLE}))
    for cell in counts:
        unit, what = cell
        of_unit: list[tuple[tuple[str, ...], bool]] = [((unit,), True)]
        if unit == WHOLE and units:
            of_unit += [((one,), False) for one in units] + [(units, True)]
        of_what: list[tuple[tuple[str, ...], bool]] = [((what,), True)]
        for split in splits.get(what, ()):
            of_what += [((one,), False) for one in split] + [(tuple(split), True)]
        for (some, all_units), (parts, is_split) in product(of_unit, of_what):
            found = tuple(one for one in product(some, parts) if one in counts)
            if found and found != (cell,):
                yield Parts(cell, found, is_whole=all_units and is_split)


def _left_over(
    families: Iterable[Parts], counts: Mapping[Cell, int], withheld: set[Cell], least: int
) -> Iterator[Cell]:
    """Withhold one more wherever what is shown, taken from what contains it, leaves few people or none."""
    hidden = set(withheld)
    for of, parts, is_whole in families:
        known = [cell for cell in parts if cell not in hidden]
        if of in hidden or not known or (is_whole and len(known) == len(parts)):
            continue
        if counts[of] - sum(counts[cell] for cell in known) < least:
            smallest = min(known, key=lambda cell: (counts[cell], cell))
            hidden.add(smallest)
            yield smallest


def _settled_with(lines: Sequence[tuple[Cell, ...]], counts: Mapping[Cell, int], withheld: set[Cell]) -> Iterator[Cell]:
    """Withhold one more beside each figure that is withheld and follows from several lines together."""
    hidden = set(withheld)
    settled = _settled(lines, withheld)
    for line in lines:
        known = [cell for cell in line[1:] if cell not in hidden] or [cell for cell in line[:1] if cell not in hidden]
        if known and not settled.isdisjoint(line):
            settled -= set(line)
            smallest = min(known, key=lambda cell: (counts[cell], cell))
            hidden.add(smallest)
            yield smallest


def _settled(lines: Iterable[tuple[Cell, ...]], withheld: set[Cell]) -> set[Cell]:
    """Find the withheld figures that follow from the lines: each is alone in a solved equation."""
    solved: dict[Cell, _Equation] = {}
    for of, *parts in lines:
        equation = {cell: Fraction(1) for cell in parts if cell in withheld}
        if of in withheld:
            equation[of] = Fraction(-1)
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


def _rounded(count: int) -> int:
    return _BASE * ((count + _BASE // 2) // _BASE)
