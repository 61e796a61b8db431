"""Rehabilitation: recovery of health, learning and income, by a plan the person has a say in."""

from pillars.rehabilitation.steps import PILLAR

__all__ = ["PILLAR"]
