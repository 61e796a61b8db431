"""Pages in each language fit a telephone, by keyboard, and a checker of accessibility finds nothing in them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from engine.web.languages import ENGLISH, page_languages
from tests.browser.hands import become, go_to, must_be_pleasant, press
from tests.kit.portal import Portal, report_case

pytestmark = [pytest.mark.browser, pytest.mark.long]
OpenPage = Callable[[], Page]
OTHERS = [code for code, one in page_languages().items() if one.is_whole and code != ENGLISH]


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
    for path in (
        "/",
        "/worklist",
        case.page,
        f"{case.page}/time",
        f"{case.page}/steps",
        case.item,
        "/report",
        "/transmit",
    ):
        page.goto(path)
        expect(page.locator("html")).to_have_attribute("lang", code)
        must_be_pleasant(page)
    page.goto("/account")
    go_to(page, "English")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("lang", ENGLISH)
