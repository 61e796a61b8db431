"""The pages of numbers in a real browser, by the keyboard alone, on a desk and on a phone."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from engine.core.records import PersonRole
from engine.course.actions.steer import add_person
from engine.numbers.actions import make_saved_numbers, publish_numbers
from tests.browser.hands import become, go_to, must_be_pleasant, must_fit, pick, press, write
from tests.kit.portal import Portal, report_case

pytestmark = [pytest.mark.browser, pytest.mark.long]
FIGURES = {
    "survivors": 140, "age/under_12": None, "age/12_to_17": 65, "age/18_to_24": 40, "age/25_and_over": 25,
    "age/not_known": None, "sex/female": 105, "sex/male": 35, "sex/other": None, "sex/not_known": None,
    "form/forced_labour": 60, "form/sexual_exploitation": 45, "form/not_known": None, "place/IN-AS": 140,
    "place/elsewhere": None, "pillar/rescue": 60, "pillar/reporting": 140, "outcome/rescued": 55, "outcome/paid": None,
    "limits/law/kept": 300, "limits/law/missed": 25, "limits/promise/kept": 200, "limits/promise/missed": 40,
    "answer/in_time": 40, "answer/late": 15, "answer/none": None, "partner/Unit There": 30,
    "partner/Unit There/in_time": 20, "partner/*": 25,
}  # fmt: skip
OpenPage = Callable[[], Page]


def test_the_twelve_pillars_are_shown_as_bars_and_in_words(open_page: OpenPage, portal: Portal) -> None:
    report_case(portal.as_role("intake_officer"))
    page = open_page()
    become(page, portal, "supervisor")
    page.goto("/cases")
    press(page, "the twelve pillars")
    expect(page.get_by_role("img")).to_have_count(2)
    must_be_pleasant(page)
    _photograph(page, "pillars")
    page.get_by_label("Period").select_option(label="2026")
    press(page, "Show")
    expect(page.get_by_role("heading", level=1)).to_contain_text("2026")


def test_published_numbers_are_shown_and_printed(open_page: OpenPage, portal: Portal) -> None:
    portal.rows(
        "INSERT INTO number_sheet (id, period, published_at, figures, medians) VALUES (gen_random_uuid(), '2025-Q4', "
        "now(), :figures, :medians) ON CONFLICT DO NOTHING",
        figures=json.dumps(FIGURES),
        medians=json.dumps({"rescue.plan": 30.5, "rescue.execute": 80, "reporting.intake": 1}),
    )
    page = open_page()
    become(page, portal, "supervisor")
    page.goto("/cases")
    press(page, "Numbers")
    for name, shown in (
        ("Survivors", "By age"),
        ("Help", "What became"),
        ("Limits and referrals", "Referrals, by partner"),
    ):
        page.get_by_role("navigation", name="Tables").get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", name=shown)).to_be_visible()
        must_be_pleasant(page)
        _photograph(page, f"numbers-{name[:4].strip()}")
    page.get_by_role("link", name="Time to each step").click()
    expect(page.get_by_text("1 day 6 h")).to_be_visible()
    must_be_pleasant(page)
    _photograph(page, "numbers-times")
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()


def test_numbers_are_saved_opened_kept_each_month_printed_and_deleted(open_page: OpenPage, portal: Portal) -> None:
    portal.rows(
        "INSERT INTO number_sheet (id, period, published_at, figures, medians) VALUES (gen_random_uuid(), '2025-Q4', "
        """now(), :figures, '{"rescue.plan": 30.5}') ON CONFLICT DO NOTHING""",
        figures=json.dumps(FIGURES),
    )
    page = open_page()
    become(page, portal, "supervisor")
    page.goto("/numbers")
    press(page, "Saved numbers")
    _photograph(page, "saved")
    press(page, "Save these numbers")
    expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
    must_be_pleasant(page)
    page.get_by_label("Name").fill("For the donor")
    page.get_by_label("Period").select_option(label="Last year")
    page.get_by_label("Make them every month").check()
    press(page, "Save these numbers")
    expect(page.get_by_role("heading", level=1)).to_have_text("For the donor")
    expect(page.get_by_text("Survivors: 140")).to_be_visible()
    must_be_pleasant(page)
    _photograph(page, "saved-opened")
    press(page, "All, to print")
    expect(page.get_by_role("heading", name="Referrals, by partner")).to_be_visible()
    portal.rows(
        "INSERT INTO monthly_numbers (id, saved_id, owner_id, month, made_at, quarters, figures) SELECT"
        """ gen_random_uuid(), id, owner_id, '2026-03', now(), '{2025-Q4}', '{"survivors": [140, false],"""
        """ "age/12_to_17": [65, false], "age/under_12": [null, false]}' FROM saved_numbers""",
    )
    page.reload()
    press(page, "March 2026")
    expect(page.get_by_text("as it was published then")).to_be_visible()
    must_be_pleasant(page)
    _photograph(page, "saved-month")
    press(page, "For the donor")
    page.emulate_media(media="print")
    expect(page.get_by_text("Delete these numbers")).to_be_hidden()
    page.emulate_media(media="screen")
    page.get_by_text("Delete these numbers").click()
    press(page, "Delete")
    expect(page.get_by_text("You have saved nothing yet.")).to_be_visible()
    must_be_pleasant(page)


def test_a_coordinator_finds_the_month_in_numbers_that_were_counted(open_page: OpenPage, portal: Portal) -> None:
    _find_the_month(open_page(), portal, name="The month", look=must_be_pleasant)


def test_a_coordinator_finds_the_month_in_numbers_without_script(without_script: Page, portal: Portal) -> None:
    _find_the_month(without_script, portal, name="The same without script", look=must_fit)


def _find_the_month(page: Page, portal: Portal, *, name: str, look: Callable[[Page], None]) -> None:
    """See the numbers of a quarter, save them, and open what was made of them a month later."""
    _count_a_quarter(portal)
    become(page, portal, "case_manager")
    page.goto("/")
    press(page, "Track")
    press(page, "Numbers")
    pick(page, "Period", "January to March 2026")
    press(page, "Show")
    look(page)
    expect(page.get_by_text("Survivors: 40")).to_be_visible()
    expect(page.get_by_role("row", name="12 to 17")).to_contain_text("withheld")
    press(page, "Limits and referrals")
    look(page)
    press(page, "Saved numbers")
    write(page, "Name", name)
    pick(page, "Period", "This year")
    go_to(page, "Make them every month")
    page.keyboard.press("Space")
    press(page, "Save these numbers")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    portal.clock.move_to(portal.clock.now() + timedelta(days=31))
    assert make_saved_numbers(portal.engine) > 0
    page.context.clear_cookies()
    become(page, portal, "case_manager")
    page.goto("/numbers/saved")
    press(page, name)
    press(page, f"{portal.clock.now():%B %Y}")
    expect(page.get_by_text("as it was published then")).to_be_visible()
    look(page)


def _count_a_quarter(portal: Portal) -> None:
    """Publish the numbers of a quarter in which forty people were met, once."""
    if portal.rows("SELECT 1 FROM number_sheet WHERE period = '2026-Q1'"):
        return
    case_id = UUID(report_case(portal.as_role("intake_officer")).page.rpartition("/")[2])
    for number in range(39):
        identity = ({}, {"age": 14}, {"age": 30})[number % 3]
        portal.act(add_person, case_id, by="case_manager", role=PersonRole.VICTIM, identity=identity)
    portal.clock.move_to(datetime(2026, 4, 16, tzinfo=UTC))
    publish_numbers(portal.engine)


def _photograph(page: Page, name: str) -> None:
    """Keep a picture of a page where ICMC_PICTURES names a folder."""
    folder = os.environ.get("ICMC_PICTURES")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}-{page.viewport_size['width']}.png", full_page=True)
