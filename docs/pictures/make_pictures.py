"""Take the pictures of the documentation from a running demo: `python docs/pictures/make_pictures.py [ADDRESS]`."""  # noqa: INP001 - a script, not a package

import os
import re
import shutil
import sys
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Error, Page, sync_playwright

HERE: Final = Path(__file__).resolve().parent
USUAL_ADDRESS: Final = "http://127.0.0.1:8080"
ARGUMENTS: Final = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
DESK: Final = (1280, 860)
PHONE: Final = (360, 740)


def make_pictures(address: str) -> None:
    """Become three of the demo's people, and take a picture of the pages that each of them works with."""
    chromium = os.environ.get("ICMC_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        _as_intake_officer(browser, address)
        _as_case_manager(browser, address)
        _as_administrator(browser, address)
        browser.close()


def _as_intake_officer(browser: Browser, address: str) -> None:
    page = _page(browser, address, DESK)
    _take(page, "sign-in")
    _become(page, "Intake officer")
    _take(page, "home")
    page.goto("/worklist")
    _take(page, "worklist")
    item = page.locator("#mine ~ .icmc-table a[href^='/items/']")
    if item.count():
        page.goto(str(item.first.get_attribute("href")))
        _take(page, "form")
    phone = _page(browser, address, PHONE)
    _become(phone, "Intake officer")
    phone.goto("/report")
    _take(phone, "report-on-a-phone", whole=True)


def _as_case_manager(browser: Browser, address: str) -> None:
    page = _page(browser, address, DESK)
    _become(page, "Case manager")
    page.goto("/cases")
    _take(page, "cases")
    page.goto("/workflows/child-labour?step=production")
    _take(page, "workflow-in-lanes", whole=True)
    page.goto("/workflows/child-labour/draft?step=triage")
    _take(page, "workflow-draft", whole=True)
    page.goto("/cases")
    busiest = page.get_by_role("row", name="Child labour").get_by_role("link")
    page.goto(str((busiest if busiest.count() else page.locator(".icmc-table a")).first.get_attribute("href")))
    _take(page, "case")
    reason = page.get_by_role("link", name=re.compile("Why this date"))
    if reason.count():
        page.goto(str(reason.first.get_attribute("href")))
        _take(page, "why-this-date")
    page.goto("/workflows/child-labour")
    _take(page, "workflow")
    page.goto("/workflows/child-labour/edit")
    text = page.get_by_label("Text of the workflow")
    text.fill(text.input_value().replace("uses: ", "uses: nowhere.", 1))
    page.get_by_role("button", name="Check").click()
    _take(page, "workflow-checked")
    page.goto("/demo")
    _take(page, "demo")


def _as_administrator(browser: Browser, address: str) -> None:
    page = _page(browser, address, DESK)
    _become(page, "System administrator")
    page.goto("/board")
    _take(page, "board")


def _page(browser: Browser, address: str, size: tuple[int, int]) -> Page:
    width, height = size
    context = browser.new_context(base_url=address, viewport={"width": width, "height": height})
    page = context.new_page()
    page.goto("/sign-in")
    return page


def _become(page: Page, role: str) -> None:
    people = page.locator(".icmc-person-button").filter(has_text=role)
    in_guwahati = people.filter(has_text="Guwahati")
    (in_guwahati if in_guwahati.count() else people).first.click()


def _take(page: Page, name: str, *, whole: bool = False) -> None:
    """Take a picture; Chromium sometimes cannot at once, so it is asked again a little later."""
    for _ in range(4):
        try:
            page.screenshot(path=HERE / f"{name}.png", full_page=whole)
        except Error:
            page.wait_for_timeout(700)
        else:
            return
    page.screenshot(path=HERE / f"{name}.png", full_page=whole)


if __name__ == "__main__":
    make_pictures(sys.argv[1] if len(sys.argv) > 1 else USUAL_ADDRESS)
