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
    lines = [(one.of, *one.parts) for one in families_of(counts, splits) if one.is_whole]
    withheld = {cell for cell, count in counts.items() if count < least}
    taking = _Taking(counts, splits, within, withheld)
    while more := set(taking.withheld_besides(least)) or set(_settled_with(lines, counts, withheld)):
        for cell in more:
            taking.withhold(cell)
    return {cell: None if cell in withheld else _rounded(count) for cell, count in counts.items()}


class _Cover(NamedTuple):
    """Shown figures that have nobody in common, and how many people of what contains them are in none of them."""

    rest: int
    cells: tuple[Cell, ...]


class _Taking:
    """What is left at the least when shown figures, of whichever tables, are taken from one that contains them."""

    def __init__(
        self,
        counts: Mapping[Cell, int],
        splits: Mapping[str, Sequence[Sequence[str]]],
        within: Iterable[tuple[Cell, Cell]],
        withheld: set[Cell],
    ) -> None:
        self._counts, self._withheld = counts, withheld
        self._parted: dict[Cell, list[tuple[Cell, ...]]] = {}
        self._containing: dict[Cell, set[Cell]] = {}
        self._known: dict[Cell, tuple[_Cover | None, _Cover]] = {}
        units = tuple(sorted({unit for unit, _ in counts} - {WHOLE}))
        for unit, what in counts:
            for split in splits.get(what, ()):
                self._part((unit, what), [(unit, one) for one in split])
            if unit == WHOLE:
                self._part((unit, what), [(one, what) for one in units])
        for part, of in within:
            self._part(of, [part] if of in counts else ())

    def withhold(self, cell: Cell) -> None:
        """Withhold a figure, and forget what was worked out with it."""
        self._withheld.add(cell)
        ahead = [cell]
        while ahead:
            one = ahead.pop()
            self._known.pop(one, None)
            ahead += (other for other in self._containing.get(one, ()) if other in self._known)

    def withheld_besides(self, least: int) -> Iterator[Cell]:
        """Withhold one more wherever what is shown, taken from what contains it, leaves few people or none."""
        for of in self._counts:
            while of not in self._withheld and (cover := self._covers(of)[1]).cells and cover.rest < least:
                smallest = min(cover.cells, key=lambda cell: (self._counts[cell], cell))
                self.withhold(smallest)
                yield smallest

    def _part(self, of: Cell, parts: Iterable[Cell]) -> None:
        found = tuple(one for one in parts if one in self._counts)
        if found:
            self._parted.setdefault(of, []).append(found)
        for one in found:
            self._containing.setdefault(one, set()).add(of)

    def _covers(self, of: Cell) -> tuple[_Cover | None, _Cover]:
        """Return figures that are all of one together, None where there are none; and those that leave the fewest."""
        if of not in self._known:
            whole, fewest = None, _Cover(self._counts[of], ())
            for parts in self._parted.get(of, ()):
                all_of_it, some = self._covered(of, parts)
                whole = whole or all_of_it
                fewest = min(fewest, some, key=lambda cover: cover.rest)
            self._known[of] = whole, fewest
        return self._known[of]

    def _covered(self, of: Cell, parts: Sequence[Cell]) -> tuple[_Cover | None, _Cover]:
        beside = self._counts[of] - sum(self._counts[one] for one in parts)
        some = [self._covers(one)[1] for one in parts]
        wholes = [_Cover(0, (one,)) if one not in self._withheld else self._covers(one)[0] for one in parts]
        best = [whole or rest for whole, rest in zip(wholes, some, strict=True)]
        if beside or len(parts) == 1 or not all(wholes):
            return None, _together(best, beside)
        place = min(range(len(parts)), key=lambda number: some[number].rest)
        return _together(best), _together([*best[:place], some[place], *best[place + 1 :]])


def _together(covers: Iterable[_Cover], beside: int = 0) -> _Cover:
    covers = list(covers)
    return _Cover(beside + sum(one.rest for one in covers), tuple(cell for one in covers for cell in one.cells))


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
