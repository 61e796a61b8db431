"""Protection: keep the person alive, safe, private and in control of their own choices."""

from engine.plugin import Pillar
from pillars.protection import steps

PILLAR = Pillar(
    key="protection",
    name="Protection",
    letter="P",
    summary=(
        "Keep the person alive, safe, private and in control of their own choices, from the first hour to the end of "
        "the trial."
    ),
    step_types=(
        steps.CONSENT,
        steps.CONSENT_CHECK,
        steps.SAFETY,
        steps.PLACEMENT,
        steps.CUSTODY,
        steps.HEALTH,
        steps.SUPPORT_PERSON,
        steps.WITNESS,
    ),
)
