"""What a workflow may set for the step types of rehabilitation."""

from engine.plugin import NoSettings
from pillars.rehabilitation.leaving import PLAN_DAYS_BEFORE


class AgeingOutSettings(NoSettings):
    """How early to plan for leaving care (days before 18), and which step knows the day of birth, if one does."""

    plan_days_before: int = PLAN_DAYS_BEFORE
    from_step: str = ""
    from_field: str = "born_on"


class CarePlanSettings(NoSettings):
    """Whether the plan is the one for leaving care: the system sets that when a child nears 18."""

    leaving_care: str = ""
