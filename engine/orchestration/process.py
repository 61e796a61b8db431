"""Name the two records that everything of orchestration in this process shares."""

from typing import Final

from engine.errors import SettingsError
from engine.orchestration.health import PrefectHealth
from engine.orchestration.runtime import Runtime
from engine.orchestration.seams import Work


def _no_work() -> Work:
    raise SettingsError(problem="This process was given no use cases.", remedy="Start it with `icmc worker`.")


health: Final = PrefectHealth()
runtime: Final = Runtime(_no_work)
