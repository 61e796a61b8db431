"""Persons and other cases in a real browser: pleasant on a desk and on a phone, by the keyboard alone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hands import choose, must_be_pleasant, pick, press, unfold, write
from tests.browser.test_time_pages import become
from tests.kit.portal import Portal, Reported, report_case

pytestmark = [pytest.mark.browser, pytest.mark.long]
OpenPage = Callable[[], Page]
NAME = "কমলা বেগম"


def person_page(page: Page, case: Reported) -> str:
    page.goto(case.page)
    found = re.search(rf'href="({case.page}/persons/[0-9a-f-]+)"', page.content())
    return found.group(1)


def test_a_name_an_age_and_a_role_are_written_by_the_keyboard(open_page: OpenPage, portal: Portal) -> None:
    page = open_page()
    become(page, portal, "case_manager")
    page.goto(person_page(page, report_case(portal.as_role("intake_officer"))))
    must_be_pleasant(page)
    unfold(page, "Another name")
    write(page, "Name, in any script", NAME)
    press(page, "Add the name")
    expect(page.get_by_role("status")).to_contain_text("recorded")
    unfold(page, "Age")
    write(page, "At least", "16")
    press(page, "Save the age")
    expect(page.get_by_text("There is a problem")).to_be_visible()
    must_be_pleasant(page)
    write(page, "At most", "20")
    pick(page, "What is this based on?", "How the person looks")
    press(page, "Save the age")
    unfold(page, "Role in this case")
    pick(page, "What is their role now?", "Witness")
    pick(page, "How certain is it?", "Likely")
    press(page, "Change the role")
    expect(page.get_by_role("status")).to_contain_text("role was changed")
    press(page, "Reveal the name")
    expect(page.get_by_text("Counts as a child")).to_be_visible()
    expect(page.get_by_text(NAME).first).to_be_visible()
    must_be_pleasant(page)


def test_a_merge_is_asked_for_and_undone_by_the_keyboard(open_page: OpenPage, portal: Portal) -> None:
    intake = portal.as_role("intake_officer")
    one, two = report_case(intake), report_case(intake)
    page = open_page()
    become(page, portal, "case_manager")
    page.goto(f"{one.page}/people")
    press(page, "Other cases")
    must_be_pleasant(page)
    write(page, "Number of the other case", two.number)
    pick(page, "Why do they belong together?", "The same route")
    press(page, "Link these cases")
    write(page, "Number of the case to merge into this one", two.number)
    choose(page, "What happens to its open work?", 0)
    pick(page, "Why?", "They are one event")
    press(page, "Ask for this merge")
    expect(page.get_by_text("A second person has to agree").first).to_be_visible()
    must_be_pleasant(page)
    page.context.clear_cookies()
    become(page, portal, "supervisor")
    page.goto(f"{two.page}/links")
    press(page, "Agree to the merge")
    expect(page.get_by_role("status")).to_contain_text("merged")
    must_be_pleasant(page)
    page.goto(two.page)
    expect(page.get_by_text("This case was merged into")).to_be_visible()
    must_be_pleasant(page)
    page.goto(f"{one.page}/links")
    press(page, "Undo the merge")
    expect(page.get_by_role("status")).to_contain_text("undone")


def test_somebody_is_found_from_the_list_of_cases_by_the_keyboard(open_page: OpenPage, portal: Portal) -> None:
    page = open_page()
    become(page, portal, "case_manager")
    case = report_case(portal.as_role("intake_officer"))
    page.goto(person_page(page, case))
    unfold(page, "Another name")
    write(page, "Name, in any script", NAME)
    press(page, "Add the name")
    page.goto("/cases")
    must_be_pleasant(page)
    write(page, "Name, phone number, village or case number", "Kamala Begum")
    with page.expect_navigation():
        page.keyboard.press("Enter")  # the case stands on this page already
    expect(page.get_by_role("link", name=case.number, exact=True)).to_be_visible()
    assert "Kamala" not in page.url
    must_be_pleasant(page)
    page.get_by_role("button", name=f"case {case.number}").focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_text(NAME).first).to_be_visible()


def test_a_call_is_noted_from_the_case_by_the_keyboard_and_read(open_page: OpenPage, portal: Portal) -> None:
    page = open_page()
    become(page, portal, "case_manager")
    page.goto(report_case(portal.as_role("intake_officer")).page)
    press(page, "Diary")
    must_be_pleasant(page)
    write(page, "Add a note: what happened?", "Her aunt rang.")
    unfold(page, "When, who, a file")
    must_be_pleasant(page)
    pick(page, "Who is it about?", "Person 1")
    press(page, "Save as a call")
    expect(page.get_by_role("status")).to_contain_text("saved")
    assert page.evaluate("() => document.documentElement.scrollHeight") <= 2 * 800
    press(page, "Read these notes")
    expect(page.get_by_text("Her aunt rang.")).to_be_visible()
    must_be_pleasant(page)
