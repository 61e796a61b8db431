"""A pillar: one frozen object that an installed package offers by entry point."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from engine.plugin.steps import Asked, StepType

ENTRY_POINT_GROUP = "icmc.pillars"


@dataclass(frozen=True, slots=True, init=False)
class Pillar:
    """One programme area: its key, its name, its letter in the Impulse Model (P or R) and its step types."""

    key: str
    name: str
    letter: str
    summary: str
    step_types: tuple[StepType, ...]

    def __init__(
        self, key: str, name: str, letter: str, summary: str, step_types: Iterable[StepType | type[Asked[Any]]]
    ) -> None:
        """Describe a pillar; `step_types` are its classes of steps that are asked, and its automatic steps."""
        found = tuple(step if isinstance(step, StepType) else step.step_type for step in step_types)
        values = {"key": key, "name": name, "letter": letter, "summary": summary, "step_types": found}
        for attribute, value in values.items():
            object.__setattr__(self, attribute, value)
