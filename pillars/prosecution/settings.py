"""What a coordinator sets for the steps of Prosecution."""

from typing import Literal

from engine.plugin import NoSettings


class HearingSettings(NoSettings):
    """After how many adjournments the lawyer is told: a target of the network (BNSS s.346(2), from memory)."""

    adjournments: Literal[1, 2, 3, 4, 5] = 2
