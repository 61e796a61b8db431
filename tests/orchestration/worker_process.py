"""Be a worker over the stand-in tables (`python worker_process.py`), until SIGTERM."""

import logging
import os
import threading
from pathlib import Path

from engine.orchestration.calls import check_settings
from engine.orchestration.service import run_worker, stop_on_signals
from engine.orchestration.settings import PrefectAddress
from tests.orchestration.standin import StandIn

_LOOK_EVERY = 5.0
"""Seconds: ICMC itself looks once a minute."""


def main() -> None:
    """Serve."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    home = os.environ["PREFECT_HOME"]
    check_settings(os.environ, home=home)
    address = PrefectAddress(Path(home), os.environ["PREFECT_API_URL"], os.environ["PREFECT_API_AUTH_STRING"])
    stop = threading.Event()
    stop_on_signals(stop)
    run_worker(StandIn(os.environ["STANDIN_URL"]), address, stop=stop, look_every=_LOOK_EVERY)
    logging.shutdown()
    os._exit(0)


if __name__ == "__main__":
    main()
