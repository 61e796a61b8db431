"""The glossary gives each idea one word, and names in the engine use fewer and fewer of the words that it refuses."""

import ast
import re
from collections.abc import Iterator
from typing import Final

from tests.wording.texts import ROOT

_GLOSSARY: Final = ROOT / "docs" / "reference" / "glossary.md"
_STILL: Final[dict[str, int]] = {
    "apart": 7, "duty": 1, "edge": 2, "flag": 2, "held": 7, "hold": 21, "keeping": 3, "mend": 3, "most": 1,
    "overdue": 1, "queue": 1, "reckon": 1, "reckoned": 2, "said": 8, "seal": 2, "tell": 3, "telling": 2, "timer": 1,
    "told": 22, "untold": 3, "variable": 1, "wall": 2, "walls": 1, "wanted": 4, "watch": 3,
}  # fmt: skip
"""How many names of classes and public functions in `engine/` still use a refused word. Numbers only go down."""


def test_no_name_in_the_engine_more_than_before_uses_a_word_that_the_glossary_refuses() -> None:
    grown = [
        f"{word}: {len(names)} names, at most {_STILL.get(word, 0)} are allowed: {', '.join(sorted(names))}"
        for word, names in _offenders(_names()).items()
        if len(names) > _STILL.get(word, 0)
    ]
    assert not grown, "docs/reference/glossary.md has another word for it:\n" + "\n".join(grown)


def test_what_is_listed_as_still_said_is_refused_by_the_glossary() -> None:
    assert _STILL.keys() <= set(_refused())


def test_no_word_is_both_a_term_of_the_glossary_and_refused() -> None:
    assert set(_terms()) & set(_refused()) == set()


def test_a_refused_word_is_found_in_a_name_and_not_in_a_term_that_holds_it() -> None:
    names = ["SealedCase", "reseal", "hold_or_send", "LegalHoldRow", "unit_of_work", "household"]
    assert _offenders(names) == {"sealed": ["SealedCase"], "hold": ["hold_or_send"], "unit of work": ["unit_of_work"]}


def _offenders(names: list[str]) -> dict[str, list[str]]:
    refused = _refused()
    compounds = [term for term in _terms() if " " in term]
    found: dict[str, list[str]] = {}
    for name in names:
        words = f" {' '.join(re.findall(r'[A-Z]?[a-z]+|[A-Z]+(?![a-z])', name)).lower()} "
        for term in compounds:
            words = words.replace(f" {term} ", "  ")
        for word in refused:
            if f" {word} " in words:
                found.setdefault(word, []).append(name)
    return found


def _names() -> list[str]:
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "engine").rglob("*.py")))
    nodes = (node for tree in trees for node in ast.walk(tree))
    return [node.name for node in nodes if isinstance(node, kinds) and not node.name.startswith("_")]


def _terms() -> list[str]:
    return [
        term.strip() for row in _rows() for bold in re.findall(r"\*\*(.+?)\*\*", row[0]) for term in bold.split(",")
    ]


def _refused() -> list[str]:
    said = [word.strip() for row in _rows() for word in row[-1].split(",")]
    return sorted({word.replace("-", " ") for word in said if word and not word.startswith("(")})


def _rows() -> Iterator[list[str]]:
    """Yield the cells of each row of the tables of words."""
    for line in _GLOSSARY.read_text(encoding="utf-8").splitlines():
        if line.startswith("| **"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            assert len(cells) == 4, line
            yield cells
