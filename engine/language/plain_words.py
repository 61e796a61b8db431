"""Make words for people of the keys for which no label is written."""

from typing import Final

_ACRONYMS: Final = frozenset({"ahtu", "bsf", "cwc", "fir", "gd", "mou", "ngo", "otp", "pdf", "sms", "sop", "tip"})
"""Keys are written small; these words of them never are."""


def in_plain_words(key: str) -> str:
    """Make a label of a key: `blocked_by_other_body` reads "Blocked by other body", `partner_ngo` "Partner NGO"."""
    words = in_running_words(key)
    return words[:1].upper() + words[1:]


def type_in_plain_words(uses: str) -> str:
    """Name a step type that is not installed: `policing.fir` reads "FIR", `rescue.first_needs` "First needs"."""
    return in_plain_words(uses.rpartition(".")[2])


def in_running_words(key: str) -> str:
    """Make words that stand inside a sentence of a key: `partner_ngo` reads "partner NGO"."""
    words = key.lower().replace("_", " ").replace("-", " ").split(" ")
    return " ".join(word.upper() if word in _ACRONYMS else word for word in words)
