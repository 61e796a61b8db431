"""Every text that people see, with its file and line, from pages to papers, forms and errors."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
_JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_UNSEEN = re.compile(r"<!--.*?-->|<(style|script)\b.*?</\1>", re.DOTALL)
_TAG = re.compile(r"<[a-zA-Z/!](?:[^<>\"']|\"[^\"]*\"|'[^']*')*>", re.DOTALL)
_BLOCK = re.compile(r"</?(a|abbr|b|code|em|i|kbd|small|span|strong|time|u)\b", re.IGNORECASE)
_SEEN_ATTRIBUTE = re.compile(r"\b(?:aria-label|alt|placeholder|title)=\"([^\"]*)\"")
_LITERAL = re.compile(r"\"([^\"\n]*)\"|'([^'\n]*)'")
_WORDS = re.compile(r"[A-Za-z][a-z]+[^\w\s]* +\S|^[A-Z][a-z]+[.?!:]?$")
_YAML_TEXTS = frozenset({"title", "description", "help", "label", "reason", "ask", "question", "note", "text", "name"})


@dataclass(frozen=True, slots=True)
class Seen:
    """One text, and where it is written."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        """Return the text after its place."""
        return f"{self.file}:{self.line}: {self.text}"


def every_text() -> Iterator[Seen]:
    """Return every text that people see in English."""
    for folder in ("portal", "documents"):
        for path in sorted((ROOT / "templates" / folder).rglob("*.html")):
            yield from of_template(path)
    for path in sorted((ROOT / "templates" / "messages" / "en").glob("*.txt")):
        yield from of_message(path)
    for path in sorted((ROOT / "workflows").rglob("*.yaml")):
        if "stories" not in path.parts and "law" not in path.parts:
            yield from of_definition(path)
    for folder in ("pillars", "engine"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield from of_code(path)


def of_template(path: Path) -> Iterator[Seen]:
    """Return the text between the tags of a page, what its attributes say, and the words inside its expressions."""
    source = _UNSEEN.sub(_blank, path.read_text())
    name = str(path.relative_to(ROOT))
    for found in _JINJA.finditer(source):
        if not found[0].startswith("{#"):
            for literal in _LITERAL.finditer(found[0]):
                text = literal[1] or literal[2] or ""
                if _WORDS.search(text):
                    yield Seen(name, _line(source, found.start() + literal.start()), text)
    plain = _JINJA.sub(lambda it: _blank(it, "…"), source)
    for found in _TAG.finditer(plain):
        for attribute in _SEEN_ATTRIBUTE.finditer(found[0]):
            yield Seen(name, _line(source, found.start() + attribute.start()), _one_line(attribute[1]))
    plain = _TAG.sub(lambda it: _blank(it) if _BLOCK.match(it[0]) else _blank(it, "\0"), plain)
    for found in re.finditer(r"[^\0]+", plain):
        text = _one_line(found[0])
        if re.search(r"[A-Za-z]{2}", text):
            at = found.start() + len(found[0]) - len(found[0].lstrip())
            yield Seen(name, _line(source, at), text)


def of_message(path: Path) -> Iterator[Seen]:
    """Return the lines of a message."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if text := _one_line(_JINJA.sub("…", line)):
            yield Seen(str(path.relative_to(ROOT)), number, text)


def of_definition(path: Path) -> Iterator[Seen]:
    """Return titles, help and questions of a file of definitions."""
    yield from _of_node(yaml.compose(path.read_text(), Loader=yaml.SafeLoader), str(path.relative_to(ROOT)))


def of_code(path: Path) -> Iterator[Seen]:
    """Return the strings of a module that hold words, without its docstrings."""
    tree = ast.parse(path.read_text())
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    joined = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if id(node) in silent or id(node) in joined:
            continue
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(one.value) if isinstance(one, ast.Constant) else "…" for one in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if _WORDS.search(text):
            yield Seen(str(path.relative_to(ROOT)), node.lineno, _one_line(text))


def _of_node(node: yaml.Node | None, name: str) -> Iterator[Seen]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(value, yaml.ScalarNode):
                if key.value in _YAML_TEXTS:
                    yield Seen(name, value.start_mark.line + 1, _one_line(value.value))
            else:
                yield from _of_node(value, name)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _of_node(value, name)


def _blank(found: re.Match[str], mark: str = " ") -> str:
    """Return what is as long and has the same lines, so that places stay what they are."""
    return mark + re.sub(r"[^\n]", " ", found[0][1:])


def _line(source: str, at: int) -> int:
    return source.count("\n", 0, at) + 1


def _one_line(text: str) -> str:
    return re.sub(r" (?=[:.,;?!)](?:\s|$))", "", " ".join(text.split()))
