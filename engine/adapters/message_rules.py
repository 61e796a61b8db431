"""What a message template may hold: variables of a short list, conditions on them, and nothing else."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from jinja2 import Environment, TemplateSyntaxError, nodes

from engine.spec.findings import Finding, in_order
from engine.spec.lint.paths import is_folder

COUNTS: Final = frozenset({"count", "overdue", "due_today", "mine", "to_acknowledge", "code"})
"""Variables that hold a number and nothing else."""

ALLOWED: Final = frozenset({"case_number", "step_title", "due_time", "link", "level", "unit"}) | COUNTS
"""The variables that a message may name: none of them can hold what identifies a person."""

_SUBJECT: Final = "Subject: "
_HARMLESS: Final = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.If, nodes.Compare, nodes.Operand,
    nodes.Not, nodes.And, nodes.Or,
)  # fmt: skip
_REMOTE: Final = re.compile(
    r"<\s*(?:img|script|link|iframe|object|embed|form|base|meta(?!\s+charset)|svg|video|audio|source)\b"
    r"|\b(?:src|srcset|background|action|on\w+)\s*=|url\s*\(|@import|//\w",
    re.IGNORECASE,
)
_ADDRESS: Final = re.compile(r"\bhref\s*=\s*(?![\"']\{\{\s*link\s*\}\}[\"'])", re.IGNORECASE)


class TemplateProblem(NamedTuple):
    """What is wrong with a template, as the end of a sentence that begins with its name; lines count from 1."""

    line: int
    says: str


def message_files(paths: Sequence[Path]) -> tuple[Path, ...]:
    """List the message templates among files and in folders."""
    found = [path for path in paths if path.suffix == ".txt"]
    for folder in paths:
        found += sorted(folder.rglob("*.txt")) if is_folder(folder) else []
    return tuple(dict.fromkeys(found))


def lint_messages(files: Sequence[Path]) -> tuple[Finding, ...]:
    """Find what is wrong with message templates: a code, a place and a sentence for each problem."""
    findings = []
    for file in files:
        try:
            problems = message_problems(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            findings.append(Finding(str(file), 1, 1, "cannot-open", "This file cannot be read."))
            continue
        remedy = f"Use only: {', '.join(sorted(ALLOWED))}."
        findings += [
            Finding(str(file), problem.line, 1, "message-template", f"This message {problem.says}. {remedy}")
            for problem in problems
        ]
    return in_order(findings)


def message_problems(source: str) -> tuple[TemplateProblem, ...]:
    """Say what is wrong with a template; empty when nothing is.

    Jinja2 is cut down to printing and comparing: attributes, calls, filters, loops, includes, macros and assignments
    could reach beyond the variables, or build them.
    """
    try:
        tree = Environment(autoescape=True).parse(source)
    except TemplateSyntaxError as error:
        return (TemplateProblem(error.lineno, "cannot be read as a template"),)
    problems = [*_beyond(tree)]
    if not source.startswith(_SUBJECT):
        problems.append(TemplateProblem(1, "has no subject: it must begin with 'Subject: '"))
    return tuple(problems)


def layout_problems(source: str) -> tuple[TemplateProblem, ...]:
    """Say what is wrong with the HTML around every message: nothing of it may be fetched, run or sent on opening."""
    if _REMOTE.search(source) or _ADDRESS.search(source):
        return (
            TemplateProblem(1, "has something that is fetched, run or sent when opened, or a link that is not its own"),
        )
    return ()


def _beyond(tree: nodes.Template) -> Iterator[TemplateProblem]:
    for name in tree.find_all(nodes.Name):
        if name.name not in ALLOWED:
            yield TemplateProblem(name.lineno, f"uses {name.name}, which a message may not")
    for node in _all(tree):
        if not isinstance(node, _HARMLESS):
            yield TemplateProblem(node.lineno, f"uses {type(node).__name__.lower()}, which a message may not")


def _all(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _all(child)
