"""Prosecution: carry the case through court with the survivor informed, prepared and not harmed again."""

from engine.plugin import Pillar
from pillars.prosecution import steps

PILLAR = Pillar(
    key="prosecution",
    name="Prosecution",
    letter="P",
    summary="Carry the case through court with the survivor informed, prepared and not harmed again.",
    step_types=(
        steps.ENGAGE,
        steps.STATEMENT,
        steps.HEARING,
        steps.CALENDAR,
        steps.TESTIMONY,
        steps.OUTCOME,
    ),
)
