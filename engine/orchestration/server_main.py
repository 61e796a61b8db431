"""Be Prefect's server until told to stop or until the parent process ends (`python -m`)."""

import os
from datetime import timedelta
from functools import partial

import uvicorn
from cryptography.fernet import Fernet
from docket import Worker
from prefect.server.api import background_workers
from prefect.server.api.server import create_app
from prefect.settings import get_current_settings

from engine.orchestration.launch import end_with_parent

_LOOK_EVERY = timedelta(seconds=2)


def main() -> None:
    """Serve; refuse to without a key, since Prefect would then keep one beside the secrets that it protects."""
    Fernet(os.environ["PREFECT_SERVER_ENCRYPTION_KEY"])
    os.umask(0o077)
    end_with_parent(last_resort_seconds=8)
    # Prefect's services come by the half minute and rarer; their queue would be looked at four times a second.
    vars(background_workers)["Worker"] = partial(
        Worker, minimum_check_interval=_LOOK_EVERY, scheduling_resolution=_LOOK_EVERY
    )
    settings = get_current_settings().server.api
    uvicorn.run(
        create_app(final=True),
        host=settings.host,
        port=settings.port,
        timeout_keep_alive=settings.keepalive_timeout,
        timeout_graceful_shutdown=3,
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    main()
