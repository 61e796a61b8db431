"""Reporting: every suspicion comes into the single window, gets a number and is sent to those who can help."""

from engine.plugin import Pillar
from pillars.reporting import steps

PILLAR = Pillar(
    key="reporting",
    name="Reporting",
    letter="R",
    summary=(
        "Every suspicion comes into the single window, gets a number, is judged for danger, checked against known "
        "persons and sent to the right unit."
    ),
    step_types=(
        steps.Intake,
        steps.Triage,
        steps.dedupe,
        steps.Match,
        steps.acknowledge,
        steps.Missing,
        steps.Mandatory,
        steps.Refer,
    ),
)
