"""What a message template may hold: variables of a short list, conditions on them, and nothing else."""

import re
from collections.abc import Iterator
from typing import Final

from jinja2 import Environment, TemplateSyntaxError, nodes

COUNTS: Final = frozenset({"count", "overdue", "due_today", "mine", "to_acknowledge"})
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


def message_problems(source: str) -> tuple[str, ...]:
    """Say what is wrong with a template, each as the end of a sentence that begins with its name; empty when nothing.

    Jinja2 is cut down to printing and comparing: attributes, calls, filters, loops, includes, macros and assignments
    could reach beyond the variables, or build them.
    """
    try:
        tree = Environment(autoescape=True).parse(source)
    except TemplateSyntaxError as error:
        return (f"cannot be read at line {error.lineno}",)
    problems = [*_beyond(tree)]
    if not source.startswith(_SUBJECT):
        problems.append("has no subject: it must begin with 'Subject: '")
    return tuple(problems)


def layout_problems(source: str) -> tuple[str, ...]:
    """Say what is wrong with the HTML around every message: nothing of it may be fetched, run or sent on opening."""
    if _REMOTE.search(source) or _ADDRESS.search(source):
        return ("has something that is fetched, run or sent when it is opened, or a link that is not its own",)
    return ()


def _beyond(tree: nodes.Template) -> Iterator[str]:
    unknown = sorted({name.name for name in tree.find_all(nodes.Name)} - ALLOWED)
    if unknown:
        yield f"uses {', '.join(unknown)}, which a message may not"
    for node in _all(tree):
        if not isinstance(node, _HARMLESS):
            yield f"uses {type(node).__name__.lower()} at line {node.lineno}, which a message may not"


def _all(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _all(child)
