"""What of a definition no form changes, and why: it is changed as text."""

from collections.abc import Mapping
from typing import Final

from engine.language.names import in_running_words

_NUMBER: Final = "it is counted by itself when a version is published"
_NAME: Final = "cases, steps and earlier versions name it by this"
ONLY_TEXT: Final[Mapping[str, Mapping[str, str]]] = {
    "calendar": {
        "calendar": _NAME,
        "version": _NUMBER,
        "zone": "all due times of the place move with it, which is a matter for whoever set the place up",
        "weekends": "a weekend of some time that is over says how old limits were counted",
        "holidays_known_until": "the system works it out",
        "gazettes": "whoever has the government's printed list before them enters it whole",
        "missing": "it is written by whoever searched for the rules of the place",
        "confidence": "it is written by whoever searched for the rules of the place",
        "note": "it changes no date",
        "title": "it changes no date",
    },
    "ladder": {
        "ladder": _NAME,
        "version": _NUMBER,
    },
    "step": {
        "uses": "another kind of step asks other things: take the step out and add the other one",
        "standing": "it changes how the whole workflow closes, which is best seen in its text",
        "attempts": "it is about the machine's work, not about people",
        "sets": "a fact is worked out by a condition of its own",
        "with": "what can be set of a step type differs from one to the next",
        "assign / unit": "it is a place whose calendar counts, for work abroad",
        "assign / unit from": "it names answers that say which place's calendar counts",
        "time / option": "it is a choice within a limit of the law, by its words there",
        "time / exclude": "it names times that the law leaves out",
        "time / pause": "whoever makes it longer weighs it against the law",
        "time / extend": "whoever makes it longer weighs it against the law",
        "approve / limit": "nearly all approvals keep the usual one",
        "approve / ladder": "nearly all approvals keep the usual one",
    },
}
"""For each kind, the keys that have no field in a form, each with the reason."""


def reasons(kind: str) -> list[tuple[str, str]]:
    """Return what is changed only as text, in words, each with its reason."""
    return [(in_running_words(key.replace(" / ", ": ")), why) for key, why in ONLY_TEXT[kind].items()]
