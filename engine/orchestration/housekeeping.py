"""Do one piece of housekeeping as a scheduled Prefect flow run."""

import logging
from datetime import timedelta
from typing import Any, Final

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from engine.orchestration.lateness import is_stale
from engine.orchestration.process import runtime

log = logging.getLogger(__name__)

_STALE_AFTER: Final = timedelta(minutes=10)


class ChoreFailedError(Exception):
    """Raised to Prefect when a chore fails: its name, nothing else."""


@flow(name="housekeeping", persist_result=False, log_prints=False, validate_parameters=False)
def housekeeping(chore: str) -> State[Any]:
    """Do the chore of this name, unless a fresher run of it is due already."""
    if is_stale(_STALE_AFTER):
        return Completed(message="A later run is due already.")
    try:
        runtime.work.run_chore(chore)
    except Exception as error:  # noqa: BLE001 - the border of a thread or a flow run
        log.warning("chore_failed", extra={"chore": chore, "error": type(error).__name__})
    else:
        return Completed(message=f"{chore} is done.")
    raise ChoreFailedError(chore)
