"""What may be set for the step types of Press."""

from uuid import UUID

from engine.plugin import NoSettings


class TakedownSettings(NoSettings):
    """Which notice the step goes on with: the system names the step that told of it last."""

    follows: UUID | None = None
