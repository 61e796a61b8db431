"""The first look at a condition's text: its length, its characters, its quotes and brackets."""

import unicodedata
from typing import NoReturn

from engine.errors import ConditionSyntaxError

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
