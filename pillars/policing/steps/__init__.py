"""The step types of Policing."""

from engine.plugin import Pillar
from pillars.policing.steps.charging import Chargesheet, default_bail
from pillars.policing.steps.evidence import Certificate, Evidence, Handover, custody_check
from pillars.policing.steps.investigating import Ahtu, Medical, Update
from pillars.policing.steps.registering import Fir, Magistrate, Refusal

PILLAR = Pillar(
    key="policing",
    name="Policing",
    letter="P",
    summary="The police register the crime, secure evidence, trace and arrest, and keep the survivor informed.",
    step_types=(
        Fir,
        Refusal,
        Magistrate,
        Ahtu,
        Evidence,
        Handover,
        custody_check,
        Certificate,
        Medical,
        Update,
        Chargesheet,
        default_bail,
    ),
)
