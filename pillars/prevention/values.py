"""Read words from answers, as the steps of Prevention need them."""

from collections.abc import Mapping

from engine.plugin.steps import JsonAnswer


def text(answers: Mapping[str, JsonAnswer], name: str) -> str:
    """Give an answer that is words; empty where there is none."""
    value = answers.get(name)
    return value if isinstance(value, str) else ""


def texts(answers: Mapping[str, JsonAnswer], name: str) -> tuple[str, ...]:
    """Give an answer that is words as a list of one, or of none."""
    return tuple(word for word in (text(answers, name),) if word)
