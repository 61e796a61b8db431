"""Patterns for texts in every script: a letter and the sign on it count as one, in the pattern and in the text."""

import re
import unicodedata
from functools import cached_property
from typing import cast


def composed(text: str) -> str:
    """Write each letter with its sign as one, as the patterns have it."""
    return unicodedata.normalize("NFC", text)


def pattern(written: str, *, any_case: bool = True) -> re.Pattern[str]:
    """Return a pattern for texts that `composed` gives, compiled at its first use: small and large letters alike."""
    return cast("re.Pattern[str]", _Written(written, re.IGNORECASE if any_case else 0))


class _Written:
    def __init__(self, written: str, flags: int) -> None:
        self._written = written
        self._flags = flags

    def __getattr__(self, name: str) -> object:
        return getattr(self._compiled, name)

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(composed(self._written), self._flags)
