"""Be a worker of this installation until a signal or the parent's end stops it (`python -m`)."""

import logging
import os
import sys
import threading
from pathlib import Path

from engine.app import hold_to_known_hosts
from engine.errors import IcmcError
from engine.log_lines import log_in_lines
from engine.orchestration.guard import check_settings
from engine.orchestration.launch import ENDS_WITH_PARENT, end_with_parent
from engine.orchestration.process import engine_work
from engine.orchestration.service import run_worker, stop_on_signals
from engine.orchestration.settings import PrefectAddress
from engine.settings import Settings

_LAST_RESORT_SECONDS = 20.0


def main() -> int:
    """Serve; return the exit status."""
    os.umask(0o077)
    log_in_lines()
    stop = threading.Event()
    stop_on_signals(stop)
    if ENDS_WITH_PARENT in sys.argv:
        end_with_parent(last_resort_seconds=_LAST_RESORT_SECONDS)
    hold_to_known_hosts(Settings())
    try:
        _serve(Settings(), _address(), stop)
    except IcmcError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _serve(settings: Settings, address: PrefectAddress, stop: threading.Event) -> None:
    check_settings(os.environ, home=str(address.home))
    with engine_work(settings) as work:
        run_worker(work, address, stop=stop)


def _address() -> PrefectAddress:
    return PrefectAddress(
        home=Path(os.environ["PREFECT_HOME"]),
        api_url=os.environ["PREFECT_API_URL"],
        auth=os.environ["PREFECT_API_AUTH_STRING"],
    )


if __name__ == "__main__":
    status = main()
    logging.shutdown()
    # Threads of Prefect may hang on a server that does not answer; everything of ours is written by now.
    os._exit(status)
