"""The step types of rehabilitation."""

from engine.plugin import Pillar
from pillars.rehabilitation.steps.ageing import ageing_out
from pillars.rehabilitation.steps.everyday import Counsel, Entitlements, Learning
from pillars.rehabilitation.steps.planning import Assess, CarePlan, Progress

PILLAR = Pillar(
    key="rehabilitation",
    name="Rehabilitation",
    letter="R",
    summary="Recovery of health, learning and income while in care, by a plan in which the person has a say.",
    step_types=(Assess, CarePlan, Counsel, Learning, Entitlements, Progress, ageing_out),
)
