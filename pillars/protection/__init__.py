"""Protection: keep the person alive, safe, private and in control of their own choices."""

from pillars.protection.steps import PILLAR

__all__ = ["PILLAR"]
