"""The name that somebody probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches

_MOST_NAMES = 12
_LONGEST = 60


def meant(name: str, known: Iterable[str]) -> str:
    """Say in a sentence which known name is nearest, or which names there are."""
    names = sorted(set(known))
    near = get_close_matches(name[:_LONGEST], names, n=1, cutoff=0.6)
    if near:
        return f'Did you mean "{near[0]}"?'
    if not names:
        return "There is none yet."
    shown = ", ".join(names[:_MOST_NAMES])
    return f"There are: {shown}{', …' if len(names) > _MOST_NAMES else ''}."


def shown(value: object) -> str:
    """Quote a value for a message, cut where it gets long."""
    text = str(value).replace("\n", " ")
    return f'"{text[: _LONGEST - 1]}…"' if len(text) > _LONGEST else f'"{text}"'
