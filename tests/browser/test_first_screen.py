"""The first screen of a case on a telephone: five answers without scrolling, and what a finger presses above them."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect

from engine.app import build_engine
from engine.db.embedded.databases import OWNER
from engine.db.embedded.embedded import EmbeddedServer
from engine.db.migrate import mark_as_demo
from engine.rehearsal.demo import SEEDED, person, seed_demo
from engine.settings import Settings
from engine.site import create_app
from engine.web.turns import CONNECTIONS
from engine.web.visit import DemoControls
from tests.browser.hands import DESK, become, must_be_pleasant, must_fit
from tests.kit.portal import YEAR, Portal, busy_case, report_case, shipped_database
from tests.kit.servers import served

pytestmark = [pytest.mark.browser, pytest.mark.long]
OpenPage = Callable[[], Page]
SMALL: Final = 640
"""Pixels: how high the screen of a small telephone is."""
PHONE: Final = {"width": 360, "height": SMALL}
FINGER: Final = 44
"""Pixels: how high anything is that a finger presses."""


@pytest.fixture(scope="module")
def demo(postgres: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a demo with its invented people and cases; give its address."""
    folder = tmp_path_factory.mktemp("demo")
    with shipped_database(postgres, folder, at=YEAR) as database:
        mark_as_demo(postgres.url(database.name, OWNER))
        engine = build_engine(Settings(data_folder=folder, demo=True), database.urls, pool_size=CONNECTIONS)
        try:
            seed_demo(engine)
            with served(create_app(engine, demo=DemoControls(lambda _: None, lambda _: None))) as port:
                yield f"http://127.0.0.1:{port}"
        finally:
            engine.dispose()


def test_the_first_screen_of_a_case_answers_five_questions(open_page: OpenPage, portal: Portal) -> None:
    case = report_case(portal.as_role("intake_officer"))
    portal.let_time_pass(timedelta(hours=2))
    page = open_page()
    become(page, portal, "case_manager")
    width = page.viewport_size["width"]
    page.set_viewport_size({"width": width, "height": SMALL if width < DESK else 800})
    page.goto(case.page)
    must_be_pleasant(page)
    for name in ("who", "next", "late", "stands", "news"):
        expect(page.locator(f"#{name}")).to_be_in_viewport(ratio=1)
    assert page.locator("nav.icmc-nav").bounding_box()["height"] < 60, "navigation takes one row"
    covered = page.evaluate("""() => { const at = document.querySelector('.icmc-exit').getBoundingClientRect();
        return [...document.querySelectorAll('main *')].filter(one => { const box = one.getBoundingClientRect();
        return box.width && box.right > at.left && box.left < at.right && box.bottom > at.top && box.top < at.bottom; })
        .length; }""")
    assert covered == 0, "quick exit covers nothing"
    if width < DESK:
        _answers_on_the_first_screen(page, case.page)
        _must_be_large_enough_for_a_finger(page)


def _answers_on_the_first_screen(page: Page, address: str) -> None:
    """Look at a case in three languages: each of the five answers ends on the first screen."""
    for language in ("hi", "my", "en"):
        page.goto(f"/account?lang={language}")
        page.goto(address)
        expect(page.locator("html")).to_have_attribute("lang", language)
        ends = page.evaluate("""() => Object.fromEntries(["who", "next", "late", "stands", "news"].map(name =>
            [name, document.getElementById(name).closest("section").getBoundingClientRect().bottom]))""")
        assert max(ends.values()) <= SMALL, (page.title(), language, ends)


def _must_be_large_enough_for_a_finger(page: Page) -> None:
    """Measure what a finger presses above a case, with the menu shut and open."""
    pressed = page.locator(".icmc-exit, .icmc-top a:visible, .icmc-top button:visible, .icmc-tabs a")
    page.keyboard.press("Tab")
    expect(page.locator(".icmc-exit")).to_be_focused()
    assert [one.inner_text() for one in pressed.all() if one.bounding_box()["height"] < FINGER] == []
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    page.get_by_role("link", name="All pages").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert [one.inner_text() for one in pressed.all() if one.bounding_box()["height"] < FINGER] == []
    must_fit(page)


def test_the_first_screen_of_a_busy_case_answers_five_questions(browser: Browser, address: str, portal: Portal) -> None:
    case = busy_case(portal)
    portal.let_time_pass(timedelta(days=2))
    context = browser.new_context(viewport=PHONE, base_url=address)
    page = context.new_page()
    become(page, portal, "case_manager")
    _answers_on_the_first_screen(page, case.page)
    assert int(re.search(r"All (\d+) that are late", page.locator("main").inner_text())[1]) > 10
    context.close()


def test_the_first_screen_of_each_case_of_the_demo_answers_five_questions(demo: str, browser: Browser) -> None:
    context = browser.new_context(viewport=PHONE, base_url=demo)
    page, seen = context.new_page(), 0
    for place, name in (("IN-AS", "Deepak"), ("IN-TR", "Manik"), ("IN-AS", "Bikash")):
        page.request.post("/become", form={"actor_id": str(person(place, name))}, max_redirects=0)
        page.goto("/cases")
        cases = set(re.findall(r'href="(/cases/[0-9a-f-]{36})"', page.content()))
        for address in sorted(cases):
            _answers_on_the_first_screen(page, address)
            seen += 1
    context.close()
    assert seen > len(SEEDED)
