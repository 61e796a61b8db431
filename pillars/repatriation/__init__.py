"""Repatriation: home only when home is safe and the person wants it, with papers, an escort and a receipt."""

from pillars.repatriation.steps import PILLAR

__all__ = ["PILLAR"]
