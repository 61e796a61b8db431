"""Be Prefect's server until told to stop or until the parent process ends (`python -m`)."""

import os
from datetime import timedelta
from functools import partial, partialmethod

import uvicorn
from cryptography.fernet import Fernet
from docket import Worker
from prefect.server.api import background_workers
from prefect.server.api.server import create_app
from prefect.server.events import triggers
from prefect.settings import get_current_settings

from engine.machine import look_for_garbage_rarely
from engine.orchestration.settings import end_with_parent

_LOOK_EVERY = timedelta(seconds=5)
_SWEEP_EVERY = timedelta(minutes=1)
"""So often Prefect drops what its automations need no longer, and evaluates events whose cause never came."""


class _Background(Worker):
    """Does what Prefect's server does in the background: by the half minute and rarer, so its queue is looked at less.

    Prefect cancels nothing of it by name while it runs; to listen for that would cost ten looks a second.
    """

    __init__ = partialmethod(Worker.__init__, minimum_check_interval=_LOOK_EVERY, scheduling_resolution=_LOOK_EVERY)

    async def _cancellation_listener(self) -> None:
        session = self._processing_session
        if session is not None:
            session.cancellation_ready.set()
            await session.stopping.wait()


def main() -> None:
    """Serve; refuse to without a key, since Prefect would then keep one beside the secrets that it protects."""
    Fernet(os.environ["PREFECT_SERVER_ENCRYPTION_KEY"])
    os.umask(0o077)
    end_with_parent(last_resort_seconds=8)
    vars(background_workers)["Worker"] = _Background
    vars(triggers)["consumer"] = partial(triggers.consumer, _SWEEP_EVERY)
    settings = get_current_settings().server.api
    app = create_app(final=True)
    look_for_garbage_rarely()
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        timeout_keep_alive=settings.keepalive_timeout,
        timeout_graceful_shutdown=3,
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    main()
