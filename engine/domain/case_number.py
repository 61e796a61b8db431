"""The number of a case as people write it: small letters, blanks for dashes, an O for a nought, without its first C."""

from typing import Final

_SERIES: Final = "C"
_GROUP, _LENGTH = 4, 8
_LOOKS_LIKE: Final = {"O": "0", "I": "1", "L": "1"}
"""No number has these letters: whoever reads one aloud or copies it by hand may write them."""


def written_number(text: str) -> str:
    """Give a case number as it is stored, however it was typed; what is none comes back in capitals, else as it was."""
    signs = _signs(text)
    if len(signs) == _LENGTH + 1 and signs.startswith(_SERIES):
        return _spelled(signs)
    if len(signs) == _LENGTH:
        return _spelled(_SERIES + signs)
    return text.strip().upper()


def beginnings(text: str) -> tuple[str, ...]:
    """Give how a case number may begin when this much of it was typed, with or without its first letter."""
    signs = _signs(text)
    as_typed = text.strip().upper()
    if not signs or len(signs) > _LENGTH + 1:
        return (as_typed,)
    spelled = [_spelled(_SERIES + signs)]
    if signs.startswith(_SERIES):
        spelled.append(_spelled(signs))
    return tuple(dict.fromkeys((as_typed, *spelled)))


def _signs(text: str) -> str:
    return "".join(_LOOKS_LIKE.get(sign, sign) for sign in text.upper() if sign.isascii() and sign.isalnum())


def _spelled(signs: str) -> str:
    first, rest = signs[:1], signs[1:]
    return "-".join(part for part in (first, rest[:_GROUP], rest[_GROUP:]) if part)
