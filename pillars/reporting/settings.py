"""What a workflow, or a step that asks for another one, can set for the steps of Reporting."""

from typing import Literal

from engine.plugin import NoSettings


class MandatorySettings(NoSettings):
    """That a statutory notification is of a child who might be shown naked or abused, and by which way it goes."""

    child_shown: Literal["", "police", "national_ways"] = ""
