"""Somebody without an account tells what happened: by keyboard, without script, on a desk and on a phone."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.hands import choose, must_be_pleasant, must_fit, pick, press, write
from tests.kit.portal import Portal

pytestmark = [pytest.mark.browser, pytest.mark.long]
OpenPage = Callable[[], Page]
WORDS = "My sister went with a man, and does not answer."


@pytest.fixture(autouse=True)
def taking(portal: Portal) -> None:
    """Let the unit take reports from the public, none of which has come of late."""
    portal.rows("DELETE FROM sign_in_try")
    portal.as_role("system_administrator").post(f"/units/{portal.unit}/public", data={"takes": "yes"})


@pytest.fixture(params=[1280, 360], ids=["desk", "phone"])
def bare_page(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Return a page of a browser in which no script runs."""
    context = browser.new_context(
        viewport={"width": request.param, "height": 800}, base_url=address, java_script_enabled=False
    )
    yield context.new_page()
    assert not context.cookies()
    context.close()


def answer(page: Page) -> None:
    choose(page, "Is anyone in danger right now?", 1)
    choose(page, "Is it safe for you if we call?", 1)
    choose(page, "Is it all right if we keep what you tell us?", 0)
    choose(page, "Could the person be under 18?", 2)
    pick(page, "What is it about?", "Missing")
    write(page, "What happened?", WORDS)


def receipt(page: Page) -> tuple[str, str]:
    number, code = page.locator(".govuk-panel__body strong").all_inner_texts()
    return number, code


def test_somebody_tells_by_keyboard_and_comes_back_with_the_code(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/tell")
    must_be_pleasant(page)
    press(page, "Send")
    expect(page.get_by_text("There is a problem")).to_be_visible()
    must_be_pleasant(page)
    page.goto("/tell")
    answer(page)
    press(page, "Send")
    expect(page.get_by_role("heading", name="We have your report")).to_be_visible()
    must_be_pleasant(page)
    number, code = receipt(page)
    kept = "() => [localStorage.length, sessionStorage.length, document.cookie.length, history.state]"
    assert page.evaluate(kept) == [0, 0, 0, None]
    assert not page.context.cookies()
    press(page, "come back")
    write(page, "Case number", number)
    write(page, "Receipt code", code)
    press(page, "Show me")
    expect(page.get_by_role("heading", name="Received")).to_be_visible()
    must_be_pleasant(page)


def test_somebody_tells_where_no_script_runs(bare_page: Page) -> None:
    page = bare_page
    page.goto("/tell")
    must_fit(page)
    answer(page)
    press(page, "Send")
    expect(page.get_by_role("heading", name="We have your report")).to_be_visible()
    must_fit(page)
    number, code = receipt(page)
    page.goto("/progress")
    write(page, "Case number", number)
    write(page, "Receipt code", code)
    press(page, "Show me")
    expect(page.get_by_role("heading", name="Received")).to_be_visible()
    must_fit(page)
