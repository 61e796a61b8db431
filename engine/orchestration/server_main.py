"""Be Prefect's server until told to stop or until the parent process ends (`python -m`)."""

import os

import uvicorn
from cryptography.fernet import Fernet
from prefect.server.api.server import create_app
from prefect.settings import get_current_settings

from engine.orchestration.launch import end_with_parent


def main() -> None:
    """Serve; refuse to without a key, since Prefect would then keep one beside the secrets that it protects."""
    Fernet(os.environ["PREFECT_SERVER_ENCRYPTION_KEY"])
    os.umask(0o077)
    end_with_parent(last_resort_seconds=8)
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
