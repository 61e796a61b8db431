"""Press: find missing people and move policy through the media, and keep survivors' identities out of them."""

from pillars.press.steps import PILLAR

__all__ = ["PILLAR"]
