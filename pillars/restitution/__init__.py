"""Restitution: money and rights back, by every route there is, paid so that it stays with the person."""

from pillars.restitution.steps import PILLAR

__all__ = ["PILLAR"]
