"""Patterns for texts in every script: a letter and the sign on it count as one, in the pattern and in the text."""

import re
import unicodedata


def composed(text: str) -> str:
    """Write each letter with its sign as one, as the patterns have it."""
    return unicodedata.normalize("NFC", text)


def pattern(written: str, *, any_case: bool = True) -> re.Pattern[str]:
    """Compile a pattern for texts that `composed` gives; it takes small and large letters for the same."""
    return re.compile(composed(written), re.IGNORECASE if any_case else 0)
