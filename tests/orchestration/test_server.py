"""Prefect's server is shut to strangers, keeps its files to itself and ends with its parent."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from urllib.error import HTTPError

import psutil
import pytest

from engine.errors import ServiceError, SettingsError
from engine.orchestration import server as server_module
from engine.orchestration.calls import check_server
from engine.orchestration.health import status_of
from engine.orchestration.server import PrefectServer
from engine.orchestration.settings import PrefectAddress
from tests.kit.prefect import PlainApi
from tests.orchestration.conftest import Site
from tests.orchestration.standin import until

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def bare_site(make_site: Callable[[], Site]) -> Site:
    return make_site()


def test_the_start_up_check_is_content_with_our_own_server(bare_site: Site) -> None:
    check_server(bare_site.server.address)


def test_the_start_up_check_refuses_a_server_that_does_not_know_the_password(bare_site: Site) -> None:
    other = PrefectAddress(bare_site.server.home, bare_site.server.address.api_url, "icmc:another")
    with pytest.raises(SettingsError, match="does not know our password"):
        check_server(other)


@pytest.mark.parametrize("path", ["/flows/count", "/deployments/filter", "/block_documents/filter"])
def test_nothing_is_told_without_the_password(bare_site: Site, path: str) -> None:
    assert status_of(bare_site.server.address, "POST", path, auth=None) in {401, 403}


def test_a_wrong_password_opens_nothing(bare_site: Site) -> None:
    address = bare_site.server.address
    with pytest.raises(HTTPError, match="401"):
        PlainApi(PrefectAddress(address.home, address.api_url, "icmc:wrong")).deployments()


def test_files_of_the_server_are_closed_to_others(bare_site: Site) -> None:
    home = bare_site.server.home
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [home, *home.rglob("*")]}
    assert not {path for path, mode in modes.items() if mode & 0o077}


def test_a_secret_is_not_stored_beside_its_key(bare_site: Site) -> None:
    [kind] = bare_site.api.request("POST", "/block_types/filter", {"block_types": {"slug": {"any_": ["secret"]}}})
    [schema] = bare_site.api.request(
        "POST", "/block_schemas/filter", {"block_schemas": {"block_type_id": {"any_": [kind["id"]]}}}
    )
    bare_site.api.request(
        "POST",
        "/block_documents/",
        {
            "name": "check",
            "data": {"value": "open sesame"},
            "block_type_id": kind["id"],
            "block_schema_id": schema["id"],
        },
    )
    url = bare_site.server.database_url.replace("postgresql+asyncpg://", "postgresql://")
    dump = subprocess.run(
        [sys.executable, "-c", _COUNT_KEYS], env={"URL": url}, capture_output=True, text=True, check=True
    )
    assert dump.stdout.strip() == "0 1"


@pytest.mark.long
def test_the_server_ends_when_its_parent_is_killed(bare_site: Site) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, bare_site.folder / "second", bare_site.server.database_url],
        stdout=subprocess.PIPE,
        text=True,
    )
    pid = int(parent.stdout.readline())
    assert psutil.pid_exists(pid)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    until(lambda: not psutil.pid_exists(pid), seconds=20)


@pytest.mark.long
def test_a_server_without_its_database_is_named_with_where_to_look(
    bare_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "START_SECONDS", 20.0)
    lost = PrefectServer(bare_site.folder / "lost", "postgresql+asyncpg://nobody:x@127.0.0.1:9/nothing")
    with pytest.raises(ServiceError, match=r"server\.log"):
        lost.start()
    assert lost.pid is None


_PARENT = """
import sys, threading
from pathlib import Path
from engine.orchestration.server import PrefectServer
server = PrefectServer(Path(sys.argv[1]), sys.argv[2])
server.start()
print(server.pid, flush=True)
threading.Event().wait()
"""
_COUNT_KEYS = """
import os, psycopg
with psycopg.connect(os.environ["URL"]) as connection:
    keys = connection.execute("SELECT count(*) FROM configuration WHERE key = 'ENCRYPTION_KEY'").fetchone()[0]
    blocks = connection.execute("SELECT count(*) FROM block_document WHERE name = 'check'").fetchone()[0]
    print(keys, blocks)
"""
