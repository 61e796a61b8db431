"""Read a condition: from the first look at its text to a frozen tree with positions."""

import unicodedata
from collections.abc import Callable
from functools import cache, lru_cache
from typing import NoReturn

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from engine.language.conditions.check import build_field
from engine.language.conditions.evaluate import build_call
from engine.language.conditions.tree import (
    And,
    BoolLiteral,
    Comparator,
    Compare,
    Condition,
    ConditionSyntaxError,
    Contains,
    Field,
    Found,
    ListLiteral,
    Node,
    Not,
    NumberLiteral,
    Or,
    ShiftedInstant,
    StringLiteral,
    Variable,
    fields_of,
    names_in,
    read,
    read_number,
    read_string,
    refusal,
    span_of,
)

LONGEST = 500
DEEPEST = 20

_CLOSES = {")": "(", "]": "["}
_JOINERS = "\u200c\u200d"  # Bengali, Nepali and other scripts need them inside words


def check_characters(text: str) -> None:
    """Refuse a text that is too long or too deep, or whose characters, quotes or brackets cannot be right.

    Raises ConditionSyntaxError, in time that does not depend on how long the text is.
    """
    if len(text) > LONGEST:
        _refuse(
            1, 1, f"it is {len(text)} characters long, and {LONGEST} is the limit: declare a fact for a part of it."
        )
    if not text.strip():
        _refuse(1, 1, "it is empty.")
    opened: list[tuple[str, int, int]] = []
    for index, line, column in _outside_quotes(text):
        character = text[index]
        if character in "([":
            opened.append((character, line, column))
            if len(opened) > DEEPEST:
                _refuse(line, column, f"brackets are nested more than {DEEPEST} deep.")
        elif character in ")]" and (not opened or opened.pop()[0] != _CLOSES[character]):
            _refuse(line, column, f"this {character} closes nothing that was opened.")
    if opened:
        character, line, column = opened[-1]
        _refuse(line, column, f"this {character} is never closed.")


def _outside_quotes(text: str) -> list[tuple[int, int, int]]:
    """Return index, line and column of each character outside quotes, having checked every character."""
    found = []
    quote, opened_at, escaped = "", (1, 1), False
    line, column = 1, 0
    for index, character in enumerate(text):
        column += 1
        if quote:
            _check_quoted(character, line, column, opened_at)
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == quote:
                quote = ""
            continue
        _check_unquoted(character, line, column)
        if character in "\"'":
            quote, opened_at = character, (line, column)
        elif character == "\n":
            line, column = line + 1, 0
        else:
            found.append((index, line, column))
    if quote:
        _refuse(*opened_at, f"the text that starts here has no closing {quote}.")
    return found


def _check_quoted(character: str, line: int, column: int, opened_at: tuple[int, int]) -> None:
    if character in "\r\n":
        _refuse(*opened_at, "the text that starts here is not closed on its line; write \\n for a line break.")
    hidden = unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp", "Cn", "Co"}
    if hidden and character not in _JOINERS:
        _refuse(line, column, f"{name_of(character)} cannot be seen: leave it out.")


def _check_unquoted(character: str, line: int, column: int) -> None:
    if " " <= character <= "~" or character in "\t\r\n":
        return
    category = unicodedata.category(character)
    if category in {"Pi", "Pf"}:
        _refuse(line, column, f"{name_of(character)} is not a plain quote: write \" or '.")
    if category[0] in "CZ":
        _refuse(line, column, f"{name_of(character)} is not a plain space: leave it out.")
    _refuse(
        line, column, f"{name_of(character)} may stand only inside quotes; names are written in the letters a to z."
    )


def name_of(character: str) -> str:
    """Return code point and name of a character, for example `U+0430 CYRILLIC SMALL LETTER A`."""
    code = f"U+{ord(character):04X}"
    fallback = "CONTROL CHARACTER" if unicodedata.category(character) == "Cc" else "UNNAMED CHARACTER"
    return f"{code} {unicodedata.name(character, fallback)}"


def _refuse(line: int, column: int, problem: str) -> NoReturn:
    raise ConditionSyntaxError(line=line, column=column, problem=problem)


_Scope = tuple[str, ...]


def build_tree(found: Found, scope: _Scope = (), levels: int = DEEPEST) -> Node:
    """Return the frozen tree of what the grammar found.

    `scope` holds the variables in sight, `levels` is how deep the tree may still go. Raises ConditionSyntaxError for
    what has no meaning.
    """
    if levels <= 0:
        raise refusal(found, f"it is nested more than {DEEPEST} deep: declare a fact for a part of it.")
    if isinstance(found, Token):
        return _literal(found)
    return _BUILDERS[found.data](found, scope, levels - 1)


def _literal(token: Token) -> BoolLiteral | NumberLiteral | StringLiteral:
    match token.type:
        case "TRUE" | "FALSE":
            return BoolLiteral(token.type == "TRUE", at=span_of(token))
        case "NUMBER":
            return NumberLiteral(read(read_number, token, token), at=span_of(token))
        case _:
            return StringLiteral(read(read_string, token, token), at=span_of(token))


def _or(found: Tree[Token], scope: _Scope, levels: int) -> Node:
    return Or(tuple(build_tree(part, scope, levels) for part in found.children), at=span_of(found))


def _and(found: Tree[Token], scope: _Scope, levels: int) -> Node:
    return And(tuple(build_tree(part, scope, levels) for part in found.children), at=span_of(found))


def _not(found: Tree[Token], scope: _Scope, levels: int) -> Node:
    *marks, operand = found.children
    node = build_tree(operand, scope, levels - len(marks) + 1)
    for mark in reversed(marks):
        node = Not(node, at=span_of(mark, found))
    return node


def _compare(found: Tree[Token], scope: _Scope, levels: int) -> Node:
    left, operator, right = found.children
    sides = build_tree(left, scope, levels), build_tree(right, scope, levels)
    return Compare(sides[0], Comparator(str(operator)), sides[1], at=span_of(found))


def _contains(found: Tree[Token], scope: _Scope, levels: int) -> Node:
    left, _, right = found.children
    item = build_tree(left, scope, levels)
    if isinstance(right, Tree) and right.data == "list":
        return Contains(item, _list(right), at=span_of(found))
    items = build_tree(right, scope, levels)
    if not isinstance(items, Field):
        raise refusal(right, 'after "in" stands a list, like ["yes", "unsure"], or a field that holds one.')
    return Contains(item, items, at=span_of(found))


def _list(found: Tree[Token]) -> ListLiteral:
    return ListLiteral(tuple(_list_item(part) for part in found.children), at=span_of(found))


def _list_item(found: Found) -> BoolLiteral | NumberLiteral | StringLiteral:
    if isinstance(found, Token):
        return _literal(found)
    if found.data == "negative":
        return _negative(found, (), 0)
    raise refusal(found, "a list in brackets holds texts in quotes, numbers, true or false, and nothing else.")


def _stray_list(found: Tree[Token], _scope: _Scope, _levels: int) -> Node:
    raise refusal(found, 'a list in brackets stands only after "in".')


def _sum(found: Tree[Token], scope: _Scope, levels: int) -> Node:
    first, *rest = found.children
    operators, operands = names_in(Tree("operators", rest[::2])), rest[1::2]
    node = build_tree(first, scope, levels - len(operands) + 1)
    for operator, operand in zip(operators, operands, strict=True):
        node = ShiftedInstant(node, str(operator), build_tree(operand, scope, levels), at=span_of(first, operand))
    return node


def _negative(found: Tree[Token], _scope: _Scope, _levels: int) -> NumberLiteral:
    return NumberLiteral(read(read_number, "".join(names_in(found)), found), at=span_of(found))


def _path(found: Tree[Token], scope: _Scope, _levels: int) -> Node:
    first, *rest = names_in(found)
    if first not in scope:
        return build_field([first, *rest])
    if rest:
        raise refusal(rest[0], f"{first} is one entry of a list and has no fields.")
    return Variable(str(first), at=span_of(found))


def _call(found: Tree[Token], scope: _Scope, levels: int) -> Node:
    return build_call(found, scope, lambda body, inner: build_tree(body, inner, levels))


_BUILDERS: dict[str, Callable[[Tree[Token], _Scope, int], Node]] = {
    "or": _or,
    "and": _and,
    "negation": _not,
    "compare": _compare,
    "contains": _contains,
    "sum": _sum,
    "negative": _negative,
    "list": _stray_list,
    "path": _path,
    "call": _call,
}

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
        _refuse_syntax(error, len(lines), len(lines[-1]) + 1, "it ends too early: a value is missing after this.")
    if isinstance(error, UnexpectedToken):
        culprit = _foreign_word(error.token, text) or error.token
        _refuse_syntax(error, culprit.line or 1, culprit.column or 1, _problem(culprit, text))
    seen = text[error.pos_in_stream or 0]
    _refuse_syntax(error, error.line, error.column, _INSTEAD.get(seen, f"{seen} has no meaning here."))


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


def _refuse_syntax(error: UnexpectedInput, line: int, column: int, problem: str) -> NoReturn:
    raise ConditionSyntaxError(line=line, column=column, problem=problem) from error
