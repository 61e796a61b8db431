"""A server that ends before it ever answered is started again all the same."""

import os
import signal
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from engine.errors import ServiceError
from engine.orchestration.health import is_ready
from engine.orchestration.server import PrefectServer
from tests.orchestration.standin import until

pytestmark = pytest.mark.long


def test_a_server_that_was_killed_while_it_started_is_started_again(prefect_database_url: str, tmp_path: Path) -> None:
    server = PrefectServer(tmp_path / "prefect", prefect_database_url, with_ui=False)

    def start() -> None:
        with suppress(ServiceError):
            server.start()

    starting = threading.Thread(target=start)
    starting.start()
    try:
        until(lambda: server.pid is not None)
        os.kill(server.pid or 0, signal.SIGKILL)
        starting.join()
        assert server.pid is None
        assert server.restart_if_ended()
        until(lambda: is_ready(server.address), seconds=90)
    finally:
        server.stop()
    assert not server.restart_if_ended()
