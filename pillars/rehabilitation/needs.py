"""Read the areas of life that an answer names."""

from collections.abc import Iterable


def in_words(domains: Iterable[str]) -> str:
    """Name choices in one line, in order."""
    return ", ".join(sorted(domains))
