"""A pillar: one frozen object that an installed package offers by entry point."""

from dataclasses import dataclass

from engine.plugin.steps import StepType

ENTRY_POINT_GROUP = "icmc.pillars"


@dataclass(frozen=True, slots=True)
class Pillar:
    """One programme area: its key, its name, its letter in the Impulse Model (P or R) and its step types."""

    key: str
    name: str
    letter: str
    summary: str
    step_types: tuple[StepType, ...]
