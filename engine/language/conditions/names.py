"""Which names a condition may use."""

import re
from collections.abc import Sequence

from lark import Token

from engine.language.conditions.places import refusal, span_of
from engine.language.conditions.tree import Field

_OF_CEL = (
    "as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop",
    "namespace", "null", "package", "return", "true", "var", "void", "while",
)  # fmt: skip
RESERVED_WORDS = frozenset({*_OF_CEL, "has", "size", "timestamp", "duration", "exists", "all"})
"""What no step, fact or field may be called: the words of CEL and of its functions."""

_NAME = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)


def build_field(names: Sequence[Token]) -> Field:
    """Return the field of a dotted path; raise ConditionSyntaxError for a name that none can have."""
    for name in names:
        if name == "null":
            raise refusal(name, "there is no null: an unanswered field is unknown; ask has(step.field).")
        if name in {"True", "False"}:
            raise refusal(name, f"write {name.lower()} in small letters.")
        if name in RESERVED_WORDS:
            raise refusal(name, f'"{name}" is a word of the language and cannot name a field.')
        if not _NAME.fullmatch(name):
            raise refusal(
                name, f'"{name}" is not a name: names are small letters, digits and _, and begin with a letter.'
            )
    return Field(tuple(str(name) for name in names), at=span_of(names[0], names[-1]))
