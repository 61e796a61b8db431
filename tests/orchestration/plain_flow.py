"""Name the flow for Prefect's plain `process` pool, over the stand-in tables."""

import os

from engine.orchestration.flows import case
from engine.orchestration.runtime import runtime
from tests.orchestration.standin import StandIn

runtime.use(StandIn(os.environ["STANDIN_URL"]))
__all__ = ["case"]
