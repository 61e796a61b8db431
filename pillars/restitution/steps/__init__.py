"""The step types of restitution."""

from engine.plugin import Pillar
from pillars.restitution.steps.awarding import Award, Interim, split
from pillars.restitution.steps.claiming import Claim, Eligibility, limit_dates
from pillars.restitution.steps.paying import Payment, Wages, payments

PILLAR = Pillar(
    key="restitution",
    name="Restitution",
    letter="R",
    summary="Get money and rights back: compensation, wages, bonded-labour grants, and keep the money with the person.",
    step_types=(Eligibility, Claim, Interim, Award, Payment, Wages, limit_dates, split, payments),
)
