"""Take the pictures of the README from a running demo: `python docs/pictures/make_pictures.py [ADDRESS]`."""  # noqa: INP001 - a script, not a package

import os
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
    """Become four of the demo's people, and take a picture of each page that the README shows."""
    chromium = os.environ.get("ICMC_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        _as_intake_officer(browser, address)
        _as_caseworker(browser, address)
        _as_case_manager(browser, address)
        _as_administrator(browser, address)
        browser.close()


def _as_intake_officer(browser: Browser, address: str) -> None:
    page = _page(browser, address, DESK)
    _become(page, "Intake officer")
    _take(page, "home")
    phone = _page(browser, address, PHONE)
    _become(phone, "Intake officer")
    phone.goto("/report")
    _take(phone, "report-on-a-phone", whole=True)


def _as_caseworker(browser: Browser, address: str) -> None:
    page = _page(browser, address, DESK)
    _become(page, "Caseworker")
    page.goto("/worklist")
    _take(page, "worklist")


def _as_case_manager(browser: Browser, address: str) -> None:
    page = _page(browser, address, DESK)
    _become(page, "Case manager")
    page.goto("/cases")
    busiest = page.get_by_role("row", name="Child labour").get_by_role("link")
    page.goto(str((busiest if busiest.count() else page.locator(".icmc-table a")).first.get_attribute("href")))
    _take(page, "case")
    page.goto("/workflows/child-labour")
    _take(page, "workflow")


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
    with page.expect_navigation():
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
