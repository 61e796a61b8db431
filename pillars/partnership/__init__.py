"""Partnership: bodies with a mandate of their own work through one centre without doubling work."""

from pillars.partnership.steps import PILLAR

__all__ = ["PILLAR"]
