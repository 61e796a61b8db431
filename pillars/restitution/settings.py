"""What a workflow may set for the step types of restitution."""

from engine.plugin import NoSettings


class OffenceSettings(NoSettings):
    """Which step of the workflow knows the day of the offence."""

    from_step: str = "policing.fir"
    from_field: str = "offence_date"
