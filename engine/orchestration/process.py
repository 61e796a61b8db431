"""Name the records that everything of orchestration in this process shares."""

from typing import Final

from engine.orchestration.clients import RunClients
from engine.orchestration.health import PrefectHealth
from engine.orchestration.runtime import Runtime
from engine.orchestration.startup import work_from_environment

health: Final = PrefectHealth()
run_clients: Final = RunClients(health)
runtime: Final = Runtime(work_from_environment)
