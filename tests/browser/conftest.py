"""A served portal and a real browser; without Chromium these tests are skipped, and counted as skipped."""

import os
import shutil
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from zlib import crc32

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from engine.db.embedded.embedded import EmbeddedServer
from engine.web.turns import CONNECTIONS
from tests.kit.portal import Portal, made_portal

ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

SIZES = ("desk", "phone")
ON_BOTH = ("test_at_a_glance.py", "test_first_screen.py", "test_every_label_of_every_shipped_workflow_can_be_read")
"""What asks how long, how wide or how small something is: always on both."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave one size of each journey that is made on a desk and on a telephone to the fault suites, by its name.

    Which one stays is drawn once and for all, so that about half are made on each.
    """
    pairs: defaultdict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        size = _size_of(item)
        is_journey = "tests/browser/" in item.nodeid and not any(name in item.nodeid for name in ON_BOTH)
        if size and is_journey and not item.get_closest_marker("faults"):
            name, _, given = item.nodeid.rpartition("[")
            pairs[f"{name}[{given.replace(size, '', 1)}"].append(item)
    for name, pair in pairs.items():
        for item in sorted(pair, key=lambda one: _size_of(one) == SIZES[crc32(name.encode()) % 2])[:-1]:
            item.add_marker(pytest.mark.faults)


def _size_of(item: pytest.Item) -> str:
    given = item.callspec.id.split("-") if isinstance(item, pytest.Function) and hasattr(item, "callspec") else ()
    return next((size for size in SIZES if size in given), "")


def chromium() -> str:
    """Return where Chromium is; skip the test where it is not."""
    found = os.environ.get("ICMC_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return one Chromium for all tests of a module: one that idles takes time from all tests that follow."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture(scope="module")
def portal(postgres: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """Return a portal with one person of every role."""
    with made_portal(postgres, tmp_path_factory.mktemp("portal"), pool_size=CONNECTIONS) as made:
        yield made


@pytest.fixture(scope="module")
def address(portal: Portal) -> Iterator[str]:
    """Serve the portal on a free port of this machine; give its address."""
    server = uvicorn.Server(uvicorn.Config(portal.app, host="127.0.0.1", port=0, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        thread.join(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(params=[1280, 360], ids=["desk", "phone"])
def open_page(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Callable[[], Page]]:
    """Return a way to open pages of the portal in one browser session, on a desk or on a phone.

    In the end, the policy of the pages must not have blocked anything, and no script may have failed.
    """
    complaints: list[str] = []
    context = browser.new_context(viewport={"width": request.param, "height": 800}, base_url=address)

    def new() -> Page:
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on(
            "console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield new
    context.close()
    assert not complaints


@pytest.fixture(params=[1280, 360], ids=["desk", "phone"])
def without_script(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Open a page in a browser that runs no script."""
    context = browser.new_context(
        viewport={"width": request.param, "height": 800}, base_url=address, java_script_enabled=False
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield page
    context.close()
