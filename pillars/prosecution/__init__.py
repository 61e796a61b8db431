"""Prosecution: carry the case through court with the survivor informed, prepared and not harmed again."""

from pillars.prosecution.steps import PILLAR

__all__ = ["PILLAR"]
