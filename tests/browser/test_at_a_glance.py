"""The pages of a case, lists and forms on a small screen and a large one: how long they are."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from itertools import cycle
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Page, expect

from engine.overview.pages.list_of_cases import PAGE
from engine.plugin.registry import load_registry
from engine.plugin.steps import StepKind
from engine.rehearsal.world import settle_jobs
from tests.browser.hands import become, go_to, must_be_pleasant, must_fit, press
from tests.imports.test_import import changed, table
from tests.kit.portal import Portal, busy_case, report_case
from tests.web.test_changes import fail_every_job

pytestmark = [pytest.mark.browser, pytest.mark.long]
OpenPage = Callable[[], Page]
TABS = ("", "/steps", "/people", "/time", "/papers", "/sharing", "/diary", "/history")
_ITEM = re.compile(r'href="(/items/[0-9a-f-]+)"')
LONGEST = {1280: 3_000, 360: 2 * 640}
"""Pixels, by the width of the screen: on a telephone, two screens."""


def test_no_page_of_a_case_is_long_or_heavy(open_page: OpenPage, portal: Portal) -> None:
    case = busy_case(portal)
    portal.let_time_pass(timedelta(days=2))
    page = open_page()
    become(page, portal, "case_manager")
    for tab in TABS:
        page.goto(f"{case.page}{tab}")
        must_be_pleasant(page)
        page.set_viewport_size({"width": page.viewport_size["width"], "height": 640})
        height = page.evaluate("document.documentElement.scrollHeight")
        assert height <= LONGEST[page.viewport_size["width"]], (tab, height)
        named = page.locator(".icmc-nav a, .icmc-tabs a").all_inner_texts()
        assert len(set(named)) == len(named), named


LISTS = ("/law", "/workflows", "/paper-forms", "/calendars/IN-AS", "/demo", "/board")


def test_no_list_of_all_that_there_is_is_long(open_page: OpenPage, portal: Portal) -> None:
    report_case(portal.as_role("intake_officer"))
    portal.let_time_pass(timedelta(days=2))
    page = open_page()
    become(page, portal, "system_administrator")
    for path in LISTS:
        page.goto(path)
        must_be_pleasant(page)
        if page.viewport_size["width"] == 1280 or path == "/workflows":
            assert page.evaluate("document.documentElement.scrollHeight") <= LONGEST[1280], path
    page.goto("/calendars/IN-AS?year=2026&month=1")
    expect(page.locator(".icmc-month--holiday").get_by_text("Republic Day")).to_be_visible()

    go_to(page, "January: ")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Republic Day").first).to_be_visible()


def test_no_name_of_a_lane_reaches_above_its_picture(open_page: OpenPage, portal: Portal) -> None:
    page = open_page()
    become(page, portal, "case_manager")
    page.goto("/workflows/child-labour?lanes=role")
    names = page.locator(".icmc-flow__picture text[transform]")
    assert names.count() > 10
    if page.viewport_size["width"] == 1280:
        edge = page.locator(".icmc-flow__picture svg").bounding_box()["y"]
        assert [one.text_content() for one in names.all() if one.bounding_box()["y"] < edge] == []


def test_a_board_of_much_that_failed_is_not_long_and_its_acts_fit(open_page: OpenPage, portal: Portal) -> None:
    for _ in range(5):
        settle_jobs(portal.engine)
        fail_every_job(portal)
    admin = portal.as_role("system_administrator")
    paused = {"reason": "repair", "command_id": str(uuid4())}
    assert admin.post("/jobs/pause", data=paused).status_code == 200
    try:
        _must_be_a_short_board(open_page(), portal)
    finally:
        admin.post("/jobs/resume", data={"command_id": str(uuid4())})
    settle_jobs(portal.engine)


def _must_be_a_short_board(page: Page, portal: Portal) -> None:
    become(page, portal, "system_administrator")
    page.goto("/board")
    must_be_pleasant(page)
    assert page.locator('form[action$="/retry"]').count() > 3, "some are folded"
    if page.viewport_size["width"] == 1280:
        assert page.evaluate("document.documentElement.scrollHeight") <= LONGEST[1280]
    skip = page.locator("details", has=page.locator('form[action$="/skip"]')).first
    skip.locator("summary").press("Enter")
    expect(skip.locator("button").first).to_be_visible()
    must_be_pleasant(page)
    page.goto("/team")
    must_be_pleasant(page)


def test_many_cases_and_many_problems_of_a_table_are_not_long(open_page: OpenPage, portal: Portal) -> None:
    reporter, page = portal.as_role("intake_officer"), open_page()
    while portal.rows('SELECT count(*) AS n FROM "case"')[0]["n"] <= PAGE:
        report_case(reporter)
    become(page, portal, "case_manager")
    for path in ("/cases", "/import"):
        page.goto(path)
        if path == "/import":
            faulty = (changed(place, concern="unheard_of") for place in range(2, 202))
            page.get_by_label("The table").fill(table(*faulty))
            press(page, "Only check")
            expect(page.locator("#problems")).to_be_visible()
            assert page.locator("tbody tr").count() == 200, "each is named"
        else:
            assert page.locator("tbody tr").count() == PAGE
        must_fit(page)
        if page.viewport_size["width"] == 1280:
            assert page.evaluate("document.documentElement.scrollHeight") <= LONGEST[1280], path


def test_no_workflow_no_form_and_no_consents_are_long(open_page: OpenPage, portal: Portal) -> None:
    case, manager = report_case(portal.as_role("intake_officer")), portal.as_role("case_manager")
    asked = sorted(key for key, one in load_registry().step_types.items() if one.kind is StepKind.ASKED)
    for uses in asked:
        step = {"uses": uses, "title": "", "limit": "PT24H", "command_id": str(uuid4())}
        assert manager.post(f"{case.page}/add-step", data=step, follow_redirects=False).status_code == 303
    case_id = case.page.removeprefix("/cases/")
    items = portal.rows("SELECT id FROM work_item WHERE case_id = :case", case=case_id)
    assert len(items) >= len(asked)
    drawn = set(re.findall(r'href="(/workflows/[a-z0-9-]+)"', manager.get("/workflows").text))
    assert len(drawn) > 20
    page = open_page()
    become(page, portal, "case_manager")
    for path in (*sorted(drawn), *(f"/items/{row['id']}" for row in items), f"{case.page}/consents"):
        page.goto(path)
        must_fit(page)
        if page.viewport_size["width"] == 1280:
            height = page.evaluate("document.documentElement.scrollHeight")
            assert height <= LONGEST[1280], (page.title(), height)


def test_the_worklist_of_a_busy_person_begins_with_two_screens_and_loses_nothing(
    open_page: OpenPage, portal: Portal
) -> None:
    items = _busy(portal, "caseworker")
    page = open_page()
    become(page, portal, "caseworker")
    page.goto("/worklist")
    must_be_pleasant(page)
    page.set_viewport_size({"width": page.viewport_size["width"], "height": 640})
    height = page.evaluate("document.documentElement.scrollHeight")
    assert height <= LONGEST[page.viewport_size["width"]], height
    assert "overdue" in page.locator(".icmc-work tbody tr").first.inner_text()
    found: list[str] = []
    page.goto("/worklist?papers=1")
    must_be_pleasant(page)
    today = page.locator(".icmc-table tbody tr")
    late = portal.as_role("caseworker").get("/worklist?whose=mine&due=late").text
    assert today.count() >= len(set(_ITEM.findall(late))) > 0, "all that is late stands on paper"
    assert page.locator('a[href^="/paper-forms/"]').count() > 0
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", name="Blank forms for this work")).to_be_hidden()
    page.emulate_media(media="screen")
    for address in ("/worklist?whose=free&due=all", "/worklist?whose=mine&due=all", "/transmit"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollHeight") <= 3_000 or page.viewport_size["width"] < 1280
    page.goto("/worklist")
    for name in ("mine", "free"):
        groups = page.locator(f"#{name}-more a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
        for first in groups[:-1]:
            address, look_at = first, must_be_pleasant
            while address:
                page.goto(address)
                look_at(page)
                look_at = must_fit  # the next page of a list has the same parts
                found += _ITEM.findall(page.content())
                onward = page.locator('main a[rel="next"]')
                address = onward.first.get_attribute("href") if onward.count() else ""
        page.goto("/worklist")
    assert sorted(found) == sorted(items), "each is in one list"
    page.locator("#free-more a").first.click()
    page.get_by_role("button", name="Take it").first.click()
    expect(page.get_by_role("status")).to_be_visible()


def _busy(portal: Portal, role: str) -> set[str]:
    """Give a role 40 items, a third of them late, and its person every other one; return the addresses of its items."""
    case, manager = report_case(portal.as_role("intake_officer")), portal.as_role("case_manager")
    types = sorted(key for key, one in load_registry().step_types.items() if role in one.roles)
    limits = cycle(("PT1H", "PT24H", "P3D", "PT4H", "P7D", "P30D"))
    for uses, limit in zip((types * 2)[:40], limits, strict=False):
        step = {"uses": uses, "title": "", "limit": limit, "command_id": str(uuid4())}
        assert manager.post(f"{case.page}/add-step", data=step, follow_redirects=False).status_code == 303
    client = portal.as_role(role)
    free = re.findall(r'action="(/items/[0-9a-f-]+)/claim"', _all_pages(client, "free"))
    for item in free[::2]:
        claimed = client.post(f"{item}/claim", data={"command_id": str(uuid4())}, follow_redirects=False)
        assert claimed.status_code == 303
    portal.let_time_pass(timedelta(hours=14))
    items = {path for whose in ("mine", "free") for path in _ITEM.findall(_all_pages(client, whose))}
    assert len(items) >= 40
    return items


def _all_pages(client: TestClient, whose: str) -> str:
    """Follow *Next* through all of somebody's work; return the pages one after the other."""
    text, path = "", f"/worklist?whose={whose}&due=all"
    while path:
        text += (page := client.get(path).text)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        path = unescape(found[1]) if found else ""
    return text


def test_all_pages_are_reached_on_a_small_screen_without_a_script(open_page: OpenPage, portal: Portal) -> None:
    page = open_page()
    become(page, portal, "case_manager")
    page.goto("/cases")
    if page.viewport_size["width"] < 1280:
        expect(page.get_by_role("link", name="Workflows", exact=True)).to_be_hidden()
        page.get_by_role("link", name="All pages").click()
    expect(page.get_by_role("link", name="Workflows", exact=True)).to_be_visible()
    press(page, "Workflows")
