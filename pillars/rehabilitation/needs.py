"""Read the areas of life that an answer names."""

from engine.plugin.steps import JsonAnswer


def domains_of(answer: JsonAnswer) -> set[str]:
    """Read the choices of an answer as a set; an empty one where there is none."""
    return set(map(str, answer)) if isinstance(answer, list | tuple) else set()


def in_words(domains: set[str]) -> str:
    """Name choices in one line, in order."""
    return ", ".join(sorted(domains))
