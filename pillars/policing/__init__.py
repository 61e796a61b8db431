"""Policing: the police register the crime, secure evidence and keep the survivor informed."""

from pillars.policing.steps import PILLAR

__all__ = ["PILLAR"]
