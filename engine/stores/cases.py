"""Cases, their work items, and how cases are tied to each other."""

from collections.abc import Mapping
from typing import NamedTuple

from engine.ports import JsonValue


class TypedSoFar(NamedTuple):
    """What was typed into the form of a work item so far, and what was proposed for it."""

    answers: Mapping[str, JsonValue]
    proposals: Mapping[str, JsonValue]
