"""The lawyer's pages in a real browser: pleasant on a desk and a phone; a limit is signed by the keyboard alone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hands import go_to, must_be_pleasant, pick, press, write
from tests.kit.portal import Portal

pytestmark = [pytest.mark.browser, pytest.mark.long]
OpenPage = Callable[[], Page]


def test_a_lawyer_reads_counts_and_signs_a_limit_by_the_keyboard(open_page: OpenPage, portal: Portal) -> None:
    page = open_page()
    page.goto("/sign-in")
    press(page, portal.people["lawyer"].name)
    page.goto("/law")
    must_be_pleasant(page)
    pick(page, "Place", "Between")
    press(page, "Show these")
    press(page, "INT-REFLECT")
    must_be_pleasant(page)
    pick(page, "Calendar of", "NP")
    press(page, "Work out the date")
    expect(page.get_by_text("Asia/Kathmandu").first).to_be_visible()
    press(page, "Sign this text")
    expect(page.get_by_text("There is a problem")).to_be_visible()
    must_be_pleasant(page)
    write(page, "Which text did you read?", "Council of Europe, Treaty Series No. 197")
    go_to(page, "I have read the source")
    page.keyboard.press("Space")
    press(page, "Sign this text")
    expect(page.get_by_role("status")).to_contain_text("You signed this text")
    expect(page.get_by_text("who read: Council of Europe").first).to_be_visible()
    must_be_pleasant(page)
    pick(page, "Withdraw the signature, because", "The source")
    press(page, "Withdraw\n: the signature of")
    expect(page.get_by_role("status")).to_contain_text("withdrawn")
    must_be_pleasant(page)
