"""Pages in each language fit a telephone, by keyboard, and a checker of accessibility finds nothing in them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from engine.web.languages import ENGLISH, language_called, page_languages
from tests.browser.hands import BUT_COLOURS, become, go_to, must_be_pleasant, must_fit, press, serious
from tests.kit.portal import Portal, Reported, report_case

pytestmark = [pytest.mark.browser, pytest.mark.long]
OpenPage = Callable[[], Page]
OTHERS = [code for code, one in page_languages().items() if one.is_whole and code != ENGLISH]
FEWEST_WORDS = 10
"""So many words of a language that has words only are met by a caseworker, at the least."""
WORDS_ONLY = [code for code, one in page_languages().items() if not one.is_whole]


@pytest.mark.parametrize("code", OTHERS)
def test_somebody_chooses_their_language_and_reports_in_it(open_page: OpenPage, portal: Portal, code: str) -> None:
    portal.as_role("system_administrator").post(f"/units/{portal.unit}/public", data={"takes": "yes"})
    page = open_page()
    page.goto("/tell")
    press(page, page_languages()[code].name)
    expect(page.locator("html")).to_have_attribute("lang", code)
    must_be_pleasant(page)
    with page.expect_navigation():
        page.locator("form.icmc-form button[type=submit]").press("Enter")
    expect(page.locator("html")).to_have_attribute("lang", code)
    expect(page.locator(".govuk-error-summary")).to_be_visible()
    must_be_pleasant(page)
    assert page.context.cookies() == []
    portal.as_role("system_administrator").post(f"/units/{portal.unit}/public", data={"takes": "no"})


@pytest.mark.parametrize(
    "code", [pytest.param(code, marks=() if code in {"hi", "my"} else pytest.mark.faults) for code in OTHERS]
)
def test_a_caseworker_works_in_their_language_and_goes_back_to_english(
    open_page: OpenPage, portal: Portal, code: str
) -> None:
    case = report_case(portal.as_role("intake_officer"))
    portal.let_time_pass(timedelta(hours=3))
    page = open_page()
    become(page, portal, "intake_officer")
    page.goto("/account")
    press(page, page_languages()[code].name)
    for path in _pages_of_a_caseworker(case):
        page.goto(path)
        expect(page.locator("html")).to_have_attribute("lang", code)
        must_be_pleasant(page)
    page.goto("/account")
    go_to(page, "English")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("lang", ENGLISH)


@pytest.mark.parametrize("code", WORDS_ONLY)
def test_a_caseworker_meets_the_words_of_their_language_on_each_page(
    open_page: OpenPage, portal: Portal, code: str
) -> None:
    case = report_case(portal.as_role("intake_officer"))
    portal.let_time_pass(timedelta(hours=3))
    page, language = open_page(), language_called(code)
    become(page, portal, "intake_officer")
    page.goto("/account")
    press(page, language.name)
    met = set[str]()
    for path in _pages_of_a_caseworker(case):
        page.goto(path)
        expect(page.locator("html")).to_have_attribute("lang", ENGLISH)
        said = page.locator("body").inner_text()
        met |= {word for word in language.words.values() if word in said}
        found = serious(Axe().run(page, options=BUT_COLOURS).response)
        assert not found, f"{path}: {found}"
        must_fit(page)
    assert len(met) >= FEWEST_WORDS, met


def _pages_of_a_caseworker(case: Reported) -> tuple[str, ...]:
    of_case = (case.page, f"{case.page}/time", f"{case.page}/steps", case.item)
    return ("/", "/worklist", *of_case, "/report", "/transmit")
