"""Re-integration: a safe life after the return, with visits that go on until it is safe."""

from pillars.reintegration.steps import PILLAR

__all__ = ["PILLAR"]
