"""Prevention: stop trafficking before it starts, without taking away anybody's freedom to move."""

from pillars.prevention.steps import PILLAR

__all__ = ["PILLAR"]
