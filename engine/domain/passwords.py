"""Which passwords are taken: long ones that nobody would try first; no rules about kinds of characters."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Final

SHORTEST: Final = 15
SHORTEST_WITH_FACTOR: Final = 8
LONGEST: Final = 1000
_SHORTEST_WORD: Final = 4
_LEFT_OVER: Final = 6
_FEWEST_PIECES: Final = 8
_RUN: Final = 3
_ROWS: Final = (
    "`1234567890-=",
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "qwertzuiop",
    "azertyuiop",
    "qsdfghjklm",
    "yxcvbnm",
)
"""The rows of keyboards, on which fingers run."""


def normalised(password: str) -> str:
    """Give a password in one Unicode form (NFC), so that every keyboard types the same; nothing else is changed."""
    return unicodedata.normalize("NFC", password)


def problem_of(password: str, *, has_factor: bool, context: Iterable[str], is_common: Callable[[str], bool]) -> str:
    """Say what is wrong with a new password; empty when nothing is.

    `context` holds words that anybody would try for this person: their name, address, organisation.
    """
    given = normalised(password)
    shortest = SHORTEST_WITH_FACTOR if has_factor else SHORTEST
    if len(given) < shortest:
        return f"A password has at least {shortest} characters; several words work well."
    if len(given) > LONGEST:
        return f"A password has at most {LONGEST} characters."
    if is_common(given) or is_common(_once(given)) or is_common(_bare(given)) or is_common(_once(_bare(given))):
        return "This password is easy to guess. Choose another: several unrelated words."
    if _pieces(given.casefold()) < _FEWEST_PIECES or given.isdecimal() or not any(map(str.isalnum, given)):
        return "The pattern of this password is easy to guess. Choose several unrelated words."
    if _is_about(given, context):
        return "This password is made of a name, an address or an organisation. Choose one that no one can look up."
    return ""


def _once(password: str) -> str:
    """Give what a password repeats: `ab` for `ababab`."""
    found = re.fullmatch(r"(.+?)\1+", password[:200], re.DOTALL) if len(password) <= 200 else None  # noqa: PLR2004
    return found.group(1) if found else password


def _pieces(password: str) -> int:
    """Return of how many pieces a password is made: a run of the same sign, of the alphabet or of keys is one."""
    pieces, run, step = 0, 1, None
    for before, sign in pairwise(password):
        found = _step(before, sign)
        run = run + 1 if found is not None and found == step else 2 if found is not None else 1
        step = found
        pieces += run < _RUN
    return pieces + 1 if password else 0


def _step(before: str, after: str) -> int | None:
    """Return which way one goes from a sign to the next in a run (0: it stays); None where they are no neighbours."""
    if abs(ord(after) - ord(before)) <= 1:
        return ord(after) - ord(before)
    for row in _ROWS:
        one, other = row.find(before), row.find(after)
        if min(one, other) >= 0 and abs(one - other) == 1:
            return other - one
    return None


def _bare(password: str) -> str:
    """Give a password without the digits and signs around it."""
    return re.sub(r"^[\W\d_]+|[\W\d_]+$", "", password)


def _is_about(password: str, context: Iterable[str]) -> bool:
    """Say whether little is left of a password without the words of the context."""
    left = password.casefold()
    for word in sorted(_words(context), key=len, reverse=True):
        left = left.replace(word, "")
    return len(re.sub(r"[\W\d_]+", "", left)) < _LEFT_OVER and left != password.casefold()


def _words(context: Iterable[str]) -> set[str]:
    parts = {part for text in ("icmc", "impulse", *context) for part in re.split(r"[\W_]+", text.casefold())}
    return {part for part in parts if len(part) >= _SHORTEST_WORD}
