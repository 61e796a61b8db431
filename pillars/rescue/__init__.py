"""Rescue: plan it, do it, care for the first needs, and bring the person before the authority in time."""

from engine.plugin import Pillar
from pillars.rescue import steps

PILLAR = Pillar(
    key="rescue",
    name="Rescue",
    letter="R",
    summary=(
        "The Anti-Human Trafficking Unit leads, with its partners: plan, rescue and first care. "
        "No one is left without a place to go."
    ),
    step_types=(steps.Plan, steps.checklist, steps.Execute, steps.FirstNeeds, steps.Production, steps.Identify),
)
