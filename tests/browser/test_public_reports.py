"""Somebody without an account tells what happened: by keyboard, without script, on a desk and on a phone."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from engine.cases.actions.public import FREE_OF_NETWORK, take_report
from engine.cases.records import ANSWER
from engine.cases.views.lists import find_case
from engine.course.actions.diary import make_note
from tests.browser.hands import choose, must_be_pleasant, must_fit, pick, press, write
from tests.cases.test_public_reports import ANSWERS as PLAIN
from tests.cases.test_public_reports import solution
from tests.kit.portal import Portal

pytestmark = [pytest.mark.browser, pytest.mark.long]
OpenPage = Callable[[], Page]
WORDS = "My sister went with a man, and does not answer."
ADDED = "His van is white."
ANSWERED = "We are looking for her. Please do not go there yourself."


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
    expect(page.get_by_role("heading", name="We have your report")).to_be_visible()
    number, code = page.locator(".govuk-panel__body strong").all_inner_texts()
    return number, code


def come_back(page: Page, number: str, code: str) -> None:
    write(page, "Case number", number)
    write(page, "Receipt code", code)
    press(page, "Show me")
    expect(page.get_by_role("heading", name="Received")).to_be_visible()


def answer_them(portal: Portal, number: str) -> None:
    viewer = portal.people["caseworker"]
    case_id = portal.engine.ask(find_case, viewer, number)
    make_note(portal.engine, case_id, viewer=viewer, command_id=uuid4(), kind=ANSWER, words=ANSWERED)


def test_somebody_tells_by_keyboard_and_comes_back_with_the_code(open_page: OpenPage, portal: Portal) -> None:
    page = open_page()
    page.goto("/tell")
    must_be_pleasant(page)
    press(page, "Send")
    expect(page.get_by_text("There is a problem")).to_be_visible()
    must_be_pleasant(page)
    page.goto("/tell")
    answer(page)
    press(page, "Send")
    number, code = receipt(page)
    must_be_pleasant(page)
    press(page, "come back")
    come_back(page, number, code)
    expect(page.get_by_text("There is no answer yet.")).to_be_visible()
    must_be_pleasant(page)
    press(page, "Send this")
    expect(page.get_by_text("There is a problem")).to_be_visible()
    must_be_pleasant(page)
    write(page, "Do you want to add something?", ADDED)
    press(page, "Send this")
    expect(page.get_by_text("We have what you added.")).to_be_visible()
    must_be_pleasant(page)
    answer_them(portal, number)
    page.goto("/progress")
    come_back(page, number, code)
    expect(page.get_by_text(ANSWERED)).to_be_visible()
    expect(page.get_by_text(ADDED)).to_have_count(0)
    must_be_pleasant(page)
    kept = "() => [localStorage.length, sessionStorage.length, document.cookie.length, history.state]"
    assert page.evaluate(kept) == [0, 0, 0, None]
    assert not page.context.cookies()


def test_somebody_tells_and_comes_back_where_no_script_runs(bare_page: Page, portal: Portal) -> None:
    page = bare_page
    page.goto("/tell")
    must_fit(page)
    answer(page)
    press(page, "Send")
    number, code = receipt(page)
    must_fit(page)
    page.goto("/progress")
    come_back(page, number, code)
    write(page, "Do you want to add something?", ADDED)
    press(page, "Send this")
    expect(page.get_by_text("We have what you added.")).to_be_visible()
    must_fit(page)
    answer_them(portal, number)
    page.goto("/progress")
    come_back(page, number, code)
    expect(page.get_by_text(ANSWERED)).to_be_visible()
    must_fit(page)


def test_somebody_solves_the_sum_of_a_flood_by_keyboard_and_without_script(bare_page: Page, portal: Portal) -> None:
    for _ in range(FREE_OF_NETWORK):
        take_report(portal.engine, answers=PLAIN, command_id=uuid4(), network="127.0.0.1")
    page = bare_page
    page.goto("/tell")
    answer(page)
    press(page, "Send")
    question = page.get_by_text("more come. How many now?").inner_text()
    must_fit(page)
    write(page, question, str(solution(question)))
    press(page, "Send")
    receipt(page)


def test_quick_exit_leads_away_from_every_page_of_theirs(bare_page: Page) -> None:
    for path in ("/tell", "/progress"):
        bare_page.goto(path)
        assert bare_page.get_by_role("link", name="Quick exit").get_attribute("href") == "/exit"
