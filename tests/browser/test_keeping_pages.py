"""The pages about keeping, erasing, copying and counting in a real browser, by the keyboard alone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from engine.cases.store import CaseStore
from engine.cases.views.lists import find_case
from tests.browser.hands import become, go_to, must_be_pleasant, pick, press, unfold, write
from tests.imports.test_import import changed, table
from tests.kit.portal import Portal, report_case

pytestmark = [pytest.mark.browser, pytest.mark.long]
OpenPage = Callable[[], Page]


def test_a_case_is_held_back_by_the_keyboard(open_page: OpenPage, portal: Portal) -> None:
    case = report_case(portal.as_role("intake_officer"))
    page = open_page()
    become(page, portal, "data_protection_officer")
    page.goto(case.page)
    press(page, "Sharing")
    press(page, "Keep and erase")
    must_be_pleasant(page)
    unfold(page, "Put a hold on this case")
    pick(page, "Why?", "An appeal")
    press(page, "Put a hold on this case")
    expect(page.get_by_text("There is a problem")).to_be_visible()
    must_be_pleasant(page)
    write(page, "Which appeal, claim or order needs it?", "High Court, no. 7")
    press(page, "Put a hold on this case")
    expect(page.get_by_role("status")).to_contain_text("nothing in it can be erased now")
    press(page, "Which one?")
    expect(page.get_by_text("High Court, no. 7")).to_be_visible()
    press(page, "Ask to lift the hold")
    expect(page.get_by_text("a second person must agree")).to_be_visible()
    for words in ("Request erasure of a person", "Keep the case, but let no one work with it"):
        unfold(page, words)
    must_be_pleasant(page)


def test_a_copy_is_asked_for_by_the_keyboard(open_page: OpenPage, portal: Portal) -> None:
    page = open_page()
    become(page, portal, "supervisor")
    page.goto("/numbers")
    must_be_pleasant(page)
    press(page, "Copies for spreadsheets")
    pick(page, "What should it contain?", "Cases")
    press(page, "Request this copy")
    expect(page.get_by_text("There is a problem")).to_be_visible()
    must_be_pleasant(page)
    pick(page, "What is it for?", "For a court")
    press(page, "Request this copy")
    must_be_pleasant(page)
    press(page, "Download")
    must_be_pleasant(page)
    go_to(page, "Download it now")
    with page.expect_download() as started:
        page.keyboard.press("Enter")
    assert started.value.suggested_filename.endswith(".csv")


def test_every_page_for_the_officer_is_pleasant(open_page: OpenPage, portal: Portal) -> None:
    case = report_case(portal.as_role("intake_officer"))
    person = (
        portal.of(CaseStore).lock(portal.engine.ask(find_case, portal.people["supervisor"], case.number)).persons[0]
    )
    page = open_page()
    become(page, portal, "data_protection_officer")
    for path in ("/keeping", "/keeping/policies", f"{case.page}/persons/{person.person_id}/correct"):
        page.goto(path)
        must_be_pleasant(page)
    page.goto(f"{case.page}/persons/{person.person_id}/held")
    must_be_pleasant(page)
    press(page, "Make this report")
    must_be_pleasant(page)


def test_old_cases_are_checked_by_row_and_column_mended_and_taken_over_whole(
    open_page: OpenPage, portal: Portal
) -> None:
    page = open_page()
    become(page, portal, "case_manager")
    page.goto("/import")
    must_be_pleasant(page)
    tag = f"{page.viewport_size['width']}-"
    rows = [changed(place, old_number=f"{tag}{place}") for place in range(2, 10)]
    faulty = [*rows]
    faulty[1] = changed(3, old_number=f"{tag}3", concern="unheard_of")
    faulty[4] = changed(6, old_number=f"{tag}6", person_age="fifteen")
    sheet = page.get_by_label("The table")
    before = portal.rows('SELECT count(*) FROM "case"')[0]["count"]
    sheet.fill(table(*faulty))
    press(page, "Only check")
    must_be_pleasant(page)
    told = page.locator("#problems + table tbody tr").evaluate_all(
        "all => all.map(row => [...row.children].slice(0, 2).map(cell => cell.innerText.trim()))"
    )
    assert told == [["3", "concern"], ["6", "person_age"]]
    assert sheet.input_value().count(tag) == len(rows), "what was pasted stays"
    expect(page.get_by_role("button", name="Take over")).to_have_count(0)
    sheet.fill(table(*rows))
    press(page, "Only check")
    expect(page.get_by_role("status")).to_contain_text("All 8 rows fit. Nothing was taken over yet.")
    assert portal.rows('SELECT count(*) FROM "case"')[0]["count"] == before
    press(page, "Take over 8 cases")
    must_be_pleasant(page)
    expect(page.get_by_role("status")).to_contain_text("8 cases were taken over")
    assert portal.rows('SELECT count(*) FROM "case"')[0]["count"] == before + 8
