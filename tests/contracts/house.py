"""How wide the house is: figures that may fall and never rise, with where each is too high.

`make house` prints what was kept in `house.json` beside what is, and fails where something grew.
`make house ARGS=--keep` keeps what is now, where nothing grew.
"""

import argparse
import ast
import itertools
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
KEPT: Final = Path(__file__).with_name("house.json")
AIMS: Final[Mapping[str, int]] = {
    "rooms": 14,
    "pairs of rooms that import each other": 0,
    "rooms that stand in a circle": 0,
    "most names that a room offers": 20,
    "modules of engine": 300,
    "lines of engine and pillars": 60_000,
    "lines of tests": 50_000,
    "lines of imports": 5_000,
    "modules over 500 lines": 0,
    "private names of libraries": 0,
    "pairs of classes with the same fields": 10,
    "fields read as text outside the renderer": 0,
    "names in words of this project only": 0,
}
_LIBRARIES: Final = ("sqlmodel", "sqlalchemy", "psycopg", "prefect", "jinja2", "typer", "starlette", "pydantic")
_OWN_WORDS: Final = frozenset({"told", "seal", "soon", "turn", "rung", "lingering", "walls", "trips"})
_FEWEST_FIELDS: Final = 5
_SHARED: Final = 0.7
_LONGEST: Final = 500
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """A file of the product or of its tests, parsed."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def top(self) -> str:
        """The folder at the top: `engine`, `pillars`, `tests`."""
        return self.path.parts[0]

    @property
    def room(self) -> str:
        """The folder or file below `engine` in which it stands."""
        return self.path.parts[1].removesuffix(".py")

    @property
    def lines(self) -> int:
        """How many lines are neither blank, nor a comment, nor of a docstring."""
        said = {number for node in ast.walk(self.tree) for number in _docstring(node)}
        lines = enumerate(self.text.splitlines(), 1)
        return sum(bool(line.strip()) and line.strip()[0] != "#" and number not in said for number, line in lines)


@dataclass
class House:
    """What was found: figures by name, and for each where it comes from, the worst first."""

    figures: dict[str, int] = field(default_factory=dict)
    where: dict[str, Sequence[str]] = field(default_factory=dict)

    def say(self, name: str, found: int | Sequence[str], where: Sequence[str] = ()) -> None:
        """Set a figure: a number, or how many places there are."""
        self.figures[name] = found if isinstance(found, int) else len(found)
        self.where[name] = where if isinstance(found, int) else found


def look(root: Path = ROOT) -> House:
    """Return the figures of a checkout."""
    modules = list(_modules(root))
    ours = [one for one in modules if one.top != "tests"]
    engine = [one for one in ours if one.top == "engine"]
    house = House()
    _rooms(house, engine)
    longest = sorted(engine, key=lambda one: -len(one.text.splitlines()))
    house.say("modules of engine", len(engine))
    house.say("lines of engine and pillars", sum(one.lines for one in ours), _by_folder(ours))
    house.say("lines of tests", sum(one.lines for one in modules if one.top == "tests"))
    house.say("lines of imports", sum(_import_lines(one) for one in ours))
    house.say(
        "modules over 500 lines",
        [f"{one.path} {count}" for one in longest if (count := len(one.text.splitlines())) > _LONGEST],
    )
    house.say("private names of libraries", [place for one in ours for place in _private_names(one)])
    house.say("pairs of classes with the same fields", _alike(engine))
    house.say("fields read as text outside the renderer", [place for one in engine for place in _read_as_text(one)])
    house.say("names in words of this project only", [place for one in ours for place in _own_words(one)])
    return house


def grown(kept: Mapping[str, int], now: Mapping[str, int]) -> list[str]:
    """List the figures that are worse than they were kept."""
    return [f"{name}: {kept[name]} before, {now[name]} now" for name in AIMS if name in kept and now[name] > kept[name]]


def _modules(root: Path) -> Iterator[Module]:
    for path in sorted(path for top in ("engine", "pillars", "tests") for path in (root / top).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        yield Module(path.relative_to(root), text, ast.parse(text))


def _docstring(node: ast.AST) -> range:
    if isinstance(node, ast.Module | ast.ClassDef | _Function) and ast.get_docstring(node, clean=False) is not None:
        return range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)
    return range(0)


def _rooms(house: House, engine: Sequence[Module]) -> None:
    rooms = {one.room for one in engine if len(one.path.parts) > 2}
    arrows: Counter[tuple[str, str]] = Counter()
    offered: dict[str, set[str]] = defaultdict(set)
    for one in engine:
        for node in ast.walk(one.tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("engine."):
                other = (node.module or "").split(".")[1]
                if other != one.room and {other, one.room} <= rooms:
                    arrows[one.room, other] += 1
                    offered[other] |= {f"{node.module}.{name.name}" for name in node.names}
    house.say("rooms", len(rooms), sorted(rooms))
    both = sorted(
        ((min(arrows[pair], arrows[pair[::-1]]), pair) for pair in arrows if pair[::-1] in arrows), reverse=True
    )
    house.say(
        "pairs of rooms that import each other",
        [f"{a} {arrows[a, b]}, {b} {arrows[b, a]}" for _, (a, b) in both if a < b],
    )
    house.say("rooms that stand in a circle", sorted(_in_circles(rooms, arrows)))
    widest = sorted(offered, key=lambda room: -len(offered[room]))
    house.say(
        "most names that a room offers", len(offered[widest[0]]), [f"{room} {len(offered[room])}" for room in widest]
    )


def _in_circles(rooms: set[str], arrows: Mapping[tuple[str, str], int]) -> set[str]:
    """Return the rooms from which a way leads back to themselves."""
    reached = {room: {to for at, to in arrows if at == room} for room in rooms}
    for through, start in itertools.product(sorted(rooms), sorted(rooms)):
        if through in reached[start]:
            reached[start] |= reached[through]
    return {room for room in rooms if room in reached[room]}


def _by_folder(ours: Sequence[Module]) -> list[str]:
    count: Counter[str] = Counter()
    for one in ours:
        count["/".join(one.path.parts[:2])] += one.lines
    return [f"{folder} {lines}" for folder, lines in count.most_common()]


def _import_lines(one: Module) -> int:
    return sum(
        (node.end_lineno or node.lineno) - node.lineno + 1
        for node in ast.walk(one.tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    )


def _private_names(one: Module) -> Iterator[str]:
    """Find what a library keeps to itself and is imported, and what is read although a rule forbids it."""
    for node in ast.walk(one.tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in _LIBRARIES:
            parts = [*(node.module or "").split("."), *(name.name for name in node.names)]
            yield from (f"{one.path}:{node.lineno} {part}" for part in parts if part.startswith("_"))
    for number, line in enumerate(one.text.splitlines(), 1):
        if "noqa" in line and "SLF001" in line:
            yield f"{one.path}:{number} {line.strip()[:80]}"


def _alike(engine: Sequence[Module]) -> list[str]:
    """Find classes that share seven of ten of at least five fields with another."""
    fields = {}
    for one in engine:
        for node in ast.walk(one.tree):
            if isinstance(node, ast.ClassDef):
                of = {
                    line.target.id
                    for line in node.body
                    if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
                }
                if len(of) >= _FEWEST_FIELDS:
                    fields[f"{one.path}:{node.name}"] = of
    return [
        f"{a} ~ {b}"
        for a, b in itertools.combinations(sorted(fields), 2)
        if len(fields[a] & fields[b]) >= max(_FEWEST_FIELDS, _SHARED * max(len(fields[a]), len(fields[b])))
    ]


def _read_as_text(one: Module) -> Iterator[str]:
    for node in ast.walk(one.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "text" and node.args:
            first = node.args[0]
            if isinstance(first, ast.Name) and first.id == "form":
                yield f"{one.path}:{node.lineno}"


def _own_words(one: Module) -> Iterator[str]:
    """Find functions, classes and modules whose name has a word that only this project uses."""
    names = [(one.path.stem, 1)]
    names += [(node.name, node.lineno) for node in ast.walk(one.tree) if isinstance(node, ast.ClassDef | _Function)]
    for name, line in names:
        spaced = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
        if _OWN_WORDS & set(spaced.split("_")):
            yield f"{one.path}:{line} {name}"


def main(words: Sequence[str] | None = None) -> int:
    """Print the figures, and return 1 where one grew."""
    parser = argparse.ArgumentParser(prog="make house", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="keep the figures, where none grew")
    parser.add_argument("--where", metavar="FIGURE", help="list where a figure comes from (a part of its name)")
    asked = parser.parse_args(words)
    house, kept = look(), json.loads(KEPT.read_text(encoding="utf-8"))
    print(f"{'':42}{'aim':>8}{'kept':>9}{'now':>9}")  # noqa: T201 - it is a command
    for name, aim in AIMS.items():
        print(f"{name:42}{aim:>8}{kept.get(name, '-'):>9}{house.figures[name]:>9}")  # noqa: T201
        if asked.where and asked.where in name:
            print(*(f"    {place}" for place in house.where[name]), sep="\n")  # noqa: T201
    worse = grown(kept, house.figures)
    if worse:
        print("The house grew:", *worse, "`make house ARGS='--where FIGURE'` lists the places.", sep="\n")  # noqa: T201
        return 1
    if asked.keep:
        KEPT.write_text(json.dumps(house.figures, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
