"""What is watched has one name for one thing: no two pillars call each other's watches off."""

import ast
from collections.abc import Iterator
from pathlib import Path

PILLARS = Path(__file__).parents[2] / "pillars"
_MAKERS = {"Watch": 0, "watch_for": 0, "watch_for_day": 0}
"""What makes a watch, and where its name stands among what it is given."""


def test_no_two_pillars_give_one_name_to_what_they_watch() -> None:
    by_name: dict[str, set[str]] = {}
    for pillar in sorted(path for path in PILLARS.iterdir() if path.is_dir()):
        for name in {name for file in pillar.rglob("*.py") for name in _names_in(file)}:
            by_name.setdefault(name, set()).add(pillar.name)
    assert {"appeal", "judgment_appeal", "first_call", "custody_law", "rest_paid", "judgment"} <= set(by_name), (
        "names are found"
    )
    assert {name: pillars for name, pillars in by_name.items() if len(pillars) > 1} == {}


def _names_in(file: Path) -> Iterator[str]:
    """Find the names of watches in a file, also those that go through a function of it or through a list."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    makers = _MAKERS | {
        one.name: [arg.arg for arg in one.args.args].index("name")
        for one in ast.walk(tree)
        if isinstance(one, ast.FunctionDef) and any(arg.arg == "name" for arg in one.args.args) and _makes(one)
    }
    for call in (one for one in ast.walk(tree) if isinstance(one, ast.Call)):
        place = makers.get(_called(call))
        if place is not None and len(call.args) > place:
            yield from _texts(call.args[place])
    for loop in (one for one in ast.walk(tree) if isinstance(one, ast.GeneratorExp | ast.ListComp) and _makes(one)):
        yield from (text for source in loop.generators for text in _texts(source.iter))


def _makes(node: ast.AST) -> bool:
    """Return whether something inside makes a watch whose name is a variable."""
    return any(
        isinstance(one, ast.Call) and _called(one) in _MAKERS and bool(one.args) and isinstance(one.args[0], ast.Name)
        for one in ast.walk(node)
    )  # fmt: skip


def _called(call: ast.Call) -> str:
    """Return the name of a function or of a method that is called."""
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _texts(node: ast.expr) -> Iterator[str]:
    """Return the texts of an expression; of one with gaps what stands before the first."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]):
            yield text
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            for part in parts:
                yield from _texts(part)
