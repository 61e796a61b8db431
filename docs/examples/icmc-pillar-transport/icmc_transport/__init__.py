"""Transport: safe journeys, with drivers who were looked at."""

from icmc_transport.steps import PILLAR

__all__ = ["PILLAR"]
