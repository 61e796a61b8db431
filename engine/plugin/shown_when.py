"""Read the simple conditions by which a form asks a question only after another was answered in some way."""

import re
from typing import NamedTuple

_WANTED = re.compile(r'\s*(!?)([a-z][a-z0-9_]*)\s*(?:(==|!=)\s*(true|false|"[^"]*"))?\s*')
_TURNED = {"true": "false", "false": "true"}


class NeededAnswer(NamedTuple):
    """The answer that another question needs: a choice, `true` or `false`; any other one when it `is_not`."""

    name: str
    value: str
    is_not: bool


def wanted_answers(condition: str) -> tuple[NeededAnswer, ...]:
    """Give the answers of which one is enough; none for no condition, and for one that is not as simple as that."""
    parts = [_WANTED.fullmatch(part) for part in condition.split("||")] if condition else []
    return tuple(_wanted(part) for part in parts if part) if all(parts) else ()


def _wanted(part: re.Match[str]) -> NeededAnswer:
    turned, name, sign, value = part.groups()
    plain = (value or "true").strip('"')
    return NeededAnswer(name, _TURNED.get(plain, plain) if turned else plain, sign == "!=")
