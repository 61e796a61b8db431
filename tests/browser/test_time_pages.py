"""The pages of time and duty in a real browser: pleasant on a desk and on a phone, by the keyboard alone."""

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from engine.people.actions.duty import cancel_shift, plan_shift
from tests.browser.hands import become, choose, must_be_pleasant, pick, press, unfold, write
from tests.kit.portal import Portal, report_case

pytestmark = [pytest.mark.browser, pytest.mark.long]
OpenPage = Callable[[], Page]


def deadline_page(page: Page, portal: Portal) -> str:
    case = report_case(portal.as_role("intake_officer"))
    page.goto(f"{case.page}/time")
    must_be_pleasant(page)
    found = re.search(rf'href="({case.page}/deadlines/[0-9a-f-]+)"', page.content())
    return found.group(1)


def test_a_limit_is_paused_and_goes_on_by_the_keyboard(open_page: OpenPage, portal: Portal) -> None:
    page = open_page()
    become(page, portal, "intake_officer")
    page.goto(deadline_page(page, portal))
    must_be_pleasant(page)
    unfold(page, "Pause this deadline")
    pick(page, "Why?", "The person is away")
    press(page, "Pause this deadline")
    expect(page.get_by_text("There is a problem")).to_be_visible()
    must_be_pleasant(page)
    page.get_by_label("Until when?").fill(f"{portal.clock.now() + timedelta(days=1):%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Pause this deadline").click()
    expect(page.get_by_text("Paused until").first).to_be_visible()
    must_be_pleasant(page)
    press(page, "Resume this deadline")
    expect(page.get_by_role("status")).to_contain_text("The deadline has resumed.")


def test_more_time_is_asked_for_and_given_by_the_keyboard(open_page: OpenPage, portal: Portal) -> None:
    page = open_page()
    become(page, portal, "intake_officer")
    address = deadline_page(page, portal)
    page.goto(address)
    unfold(page, "Ask for more time")
    pick(page, "How much more?", "4 hours")
    pick(page, "Why?", "The place is far")
    press(page, "Ask for more time")
    expect(page.get_by_text("There is a problem")).to_be_visible()
    must_be_pleasant(page)


def test_a_call_is_written_down_by_the_keyboard_from_the_strip_of_a_late_item(
    open_page: OpenPage, portal: Portal
) -> None:
    case = report_case(portal.as_role("intake_officer"))
    for _ in range(2):
        portal.let_time_pass(timedelta(minutes=31))
    page = open_page()
    become(page, portal, "caseworker")
    page.goto("/worklist")
    must_be_pleasant(page)
    unfold(page, "Late: ring someone")
    must_be_pleasant(page)
    page.goto(f"{case.page}/time")
    must_be_pleasant(page)
    unfold(page, "I rang someone")
    choose(page, "What came of it?", 3)
    write(page, "What was said?", "The line was busy.")
    press(page, "Record the call")
    expect(page.get_by_role("status")).to_contain_text("The call was recorded")
    expect(page.get_by_text("rang: not reached")).to_be_visible()
    must_be_pleasant(page)
    become(page, portal, "intake_officer")
    page.goto(case.item)
    expect(page.get_by_role("heading", name="Late: ring someone")).to_be_visible()
    must_be_pleasant(page)


def test_every_page_of_duty_is_pleasant(open_page: OpenPage, portal: Portal) -> None:
    case = report_case(portal.as_role("intake_officer"))
    portal.let_time_pass(timedelta(hours=3))
    now, lead = portal.clock.now(), portal.people["supervisor"]
    who = portal.people["counsellor"].actor_id
    shift_id = plan_shift(
        portal.engine, viewer=lead, command_id=uuid4(), unit_id=portal.unit, actor_id=who, starts_at=now,
        ends_at=now + timedelta(days=3),
    )  # fmt: skip
    page = open_page()
    become(page, portal, "supervisor")
    pages = ("/on-call", "/absences", "/referrals", "/preferences", "/transmit", "/worklist", "/delays", "/board")
    for path in (*pages, f"{case.page}/access", case.page):
        page.goto(path)
        must_be_pleasant(page)
    page.goto("/on-call")
    expect(page.get_by_role("table", name="Who is on call for")).to_contain_text("No one")
    cancel_shift(portal.engine, shift_id, viewer=lead, command_id=uuid4())


def test_the_pages_of_the_administrator_are_pleasant(open_page: OpenPage, portal: Portal) -> None:
    page = open_page()
    become(page, portal, "system_administrator")
    for path in ("/board", "/dead-letters", "/channels", "/delays"):
        page.goto(path)
        must_be_pleasant(page)
