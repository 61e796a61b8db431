"""Read a condition: from its text to a frozen tree with positions."""

from functools import cache, lru_cache
from typing import NoReturn

from lark import Lark, Token
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from engine.errors import ConditionSyntaxError
from engine.language.conditions.build import build_tree
from engine.language.conditions.characters import LONGEST, check_characters
from engine.language.conditions.tree import Condition, fields_of

GRAMMAR = r"""
?start: either
?either: both ("||" both)+ -> or
    | both
?both: relation ("&&" relation)+ -> and
    | relation
?relation: sum COMPARE sum -> compare
    | sum IN sum -> contains
    | sum
?sum: unary ((PLUS | MINUS) unary)*
?unary: NOT+ primary -> negation
    | primary
?primary: "(" either ")"
    | TRUE | FALSE | STRING | NUMBER
    | MINUS NUMBER -> negative
    | "[" [either ("," either)*] "]" -> list
    | path "(" [either ("," either)*] ")" -> call
    | path
path: NAME ("." NAME)*

COMPARE: "==" | "!=" | "<=" | ">=" | "<" | ">"
IN: "in"
NOT: "!"
PLUS: "+"
MINUS: "-"
TRUE: "true"
FALSE: "false"
NAME: /[A-Za-z_][A-Za-z0-9_]*/
NUMBER: /[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?/
STRING: /"(\\.|[^"\\])*"|'(\\.|[^'\\])*'/
%ignore /[ \t\r\n]+/
"""

_REMEMBERED = 4096
_INSTEAD = {
    "and": 'write && for "and".',
    "or": 'write || for "or".',
    "not": 'write ! for "not".',
    "is": 'write == for "is".',
    "=": "one = means nothing here: write == to compare.",
    "&": 'write && for "and".',
    "|": 'write || for "or".',
    "?": "there is no choice with ? and : here; write two conditions.",
}


def parse_condition(text: str) -> Condition:
    """Read a condition; the same text gives the same record.

    Raises ConditionSyntaxError, whose facts are `line` and `column` (from 1, in the text) and `problem`.
    """
    if len(text) > LONGEST:
        check_characters(text)
    return _parse(text)


@lru_cache(maxsize=_REMEMBERED)
def _parse(text: str) -> Condition:
    check_characters(text)
    try:
        found = _grammar().parse(text)
    except UnexpectedInput as error:
        _explain(error, text)
    tree = build_tree(found)
    return Condition(text, tree, tuple(fields_of(tree)))


@cache
def _grammar() -> Lark:
    return Lark(GRAMMAR, parser="lalr", lexer="basic", propagate_positions=True, maybe_placeholders=False)


def _explain(error: UnexpectedInput, text: str) -> NoReturn:
    """Raise the one clear sentence for what the grammar could not read."""
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        lines = text.rstrip().split("\n")
        _refuse(error, len(lines), len(lines[-1]) + 1, "it ends too early: a value is missing after this.")
    if isinstance(error, UnexpectedToken):
        culprit = _foreign_word(error.token, text) or error.token
        _refuse(error, culprit.line or 1, culprit.column or 1, _problem(culprit, text))
    seen = text[error.pos_in_stream or 0]
    _refuse(error, error.line, error.column, _INSTEAD.get(seen, f"{seen} has no meaning here."))


def _foreign_word(until: Token, text: str) -> Token | None:
    """Return the first word of another language up to the token where reading stopped, if there is one."""
    try:
        tokens = [token for token in _grammar().lex(text) if (token.start_pos or 0) <= (until.start_pos or 0)]
    except UnexpectedCharacters:
        return None
    return next((token for token in tokens if token.type == "NAME" and token in _INSTEAD), None)


def _problem(token: Token, text: str) -> str:
    if token.type == "NAME" and token in _INSTEAD:
        return _INSTEAD[token]
    if token.type in {"IN", "TRUE", "FALSE"} and text[: token.start_pos].rstrip().endswith("."):
        return f'"{token}" is a word of the language and cannot name a field.'
    if token.type in {"COMPARE", "IN"}:
        return f"{token} stands between two values; join two comparisons with && or ||."
    return f"{token} was not expected here."


def _refuse(error: UnexpectedInput, line: int, column: int, problem: str) -> NoReturn:
    raise ConditionSyntaxError(line=line, column=column, problem=problem) from error
