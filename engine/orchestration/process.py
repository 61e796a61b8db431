"""Name the two records that everything of orchestration in this process shares."""

from typing import Final

from engine.orchestration.health import PrefectHealth
from engine.orchestration.runtime import Runtime
from engine.orchestration.startup import work_from_environment

health: Final = PrefectHealth()
runtime: Final = Runtime(work_from_environment)
