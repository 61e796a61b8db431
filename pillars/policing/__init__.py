"""Policing: the police register the crime, secure evidence and keep the survivor informed."""

from engine.plugin import Pillar
from pillars.policing import steps

PILLAR = Pillar(
    key="policing",
    name="Policing",
    letter="P",
    summary="The police register the crime, secure evidence, trace and arrest, and keep the survivor informed.",
    step_types=(
        steps.FIR,
        steps.REFUSAL,
        steps.MAGISTRATE,
        steps.AHTU,
        steps.EVIDENCE,
        steps.HANDOVER,
        steps.CUSTODY_CHECK,
        steps.CERTIFICATE,
        steps.MEDICAL,
        steps.UPDATE,
        steps.CHARGESHEET,
        steps.DEFAULT_BAIL,
    ),
)
