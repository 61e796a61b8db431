"""Consents, what is sent on them and a partner's page in a real browser: pleasant, by the keyboard alone."""

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from engine.cases.store import CaseStore
from engine.course.actions.steer import identify_person
from tests.browser.hands import choose, go_to, must_be_pleasant, pick, press, write
from tests.browser.test_time_pages import become
from tests.kit.portal import Portal, Reported, report_case

pytestmark = [pytest.mark.browser, pytest.mark.long]
OpenPage = Callable[[], Page]
NAME = "Rahima Khatun"


def test_a_consent_is_written_down_and_a_partner_answers_by_link_and_code(open_page: OpenPage, portal: Portal) -> None:
    case, page = named(portal), open_page()
    become(page, portal, "case_manager")
    page.goto(case.page)
    press(page, "Sharing")
    press(page, "Consents")
    press(page, "Record this consent")
    expect(page.get_by_text("There is a problem")).to_be_visible()
    must_be_pleasant(page)
    choose(page, "Whose consent is it?", 0)
    choose(page, "Who agreed?", 1)
    tick(page, "Shelter")
    tick(page, "Any: Shelter")
    tick(page, "Name and other names")
    page.get_by_label("Until what date?").fill((portal.clock.now() + timedelta(days=60)).date().isoformat())
    pick(page, "In what language was it explained?", "Assamese")
    press(page, "Record this consent")
    expect(page.get_by_role("status")).to_contain_text("was recorded")
    must_be_pleasant(page)
    press(page, "What was sent")
    press(page, "Send something")
    must_be_pleasant(page)
    pick(page, "Who are you asking?", "A partner outside")
    write(page, "What is the partner called?", "House of Hope")
    pick(page, "What kind of body is it?", "Shelter")
    pick(page, "What is the purpose?", "Shelter")
    pick(page, "What help is needed?", "A safe place")
    choose(page, "How soon must they answer?", 1)
    pick(page, "What allows you to share this?", "Consent for Person 1")
    tick(page, "Name and other names")
    press(page, "Send the request")
    expect(page.get_by_text("House of Hope").first).to_be_visible()
    must_be_pleasant(page)
    press(page, "Make a link and a code")
    must_be_pleasant(page)
    path, code = secrets_on(page)
    page.context.clear_cookies()
    page.goto(path)
    write(page, "Your code", "123")
    press(page, "Open the request")
    expect(page.get_by_text("There is a problem")).to_be_visible()
    must_be_pleasant(page)
    write(page, "Your code", code)
    press(page, "Open the request")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are asked for your help")
    expect(page.get_by_text(NAME)).to_have_count(0)
    must_be_pleasant(page)
    write(page, "A number at which you can be rung", "+91 364 222 1000")
    press(page, "Accept this work")
    expect(page.get_by_text(NAME)).to_be_visible()
    must_be_pleasant(page)


def test_what_two_must_release_is_released_and_called_back(open_page: OpenPage, portal: Portal) -> None:
    case, page = named(portal), open_page()
    become(page, portal, "case_manager")
    page.goto(f"{case.page}/send")
    pick(page, "Who are you asking?", "A partner outside")
    write(page, "What is the partner called?", "Police station")
    pick(page, "What kind of body is it?", "Police")
    pick(page, "What is the purpose?", "Police work")
    pick(page, "What help is needed?", "Police action")
    choose(page, "How soon must they answer?", 0)
    pick(page, "What allows you to share this?", "Without consent: a child")
    tick(page, "Where the person lives or was seen")
    tick(page, "Person 1")
    press(page, "Send the request")
    expect(page.get_by_text("Waiting to be released")).to_be_visible()
    must_be_pleasant(page)
    page.context.clear_cookies()
    become(page, portal, "supervisor")
    page.goto(f"{case.page}/sent")
    press(page, "I release this")
    expect(page.get_by_role("status")).to_contain_text("the request was sent")
    expect(page.get_by_text("POCSO Act 2012")).to_be_visible()
    press(page, "Recall this")
    expect(page.get_by_text("Recalled", exact=True)).to_be_visible()
    must_be_pleasant(page)
    page.goto("/matches")
    must_be_pleasant(page)


def named(portal: Portal) -> Reported:
    """Report a case of a person whose name is known."""
    case = report_case(portal.as_role("caseworker"))
    case_id = UUID(case.page.rpartition("/")[2])
    person = portal.of(CaseStore).read(case_id).persons[0].person_id
    portal.act(identify_person, person, case_id=case_id, by="caseworker", identity={"name": NAME})
    return case


def tick(page: Page, words: str) -> None:
    """Go to a box, and tick it."""
    go_to(page, words)
    page.keyboard.press("Space")


def secrets_on(page: Page) -> tuple[str, str]:
    """Read the link and its code, as somebody does who writes them down."""
    path, code = re.search(r"/p/[\w-]+", page.content()), re.search(r"<strong>(\d{6})</strong>", page.content())
    return path.group(0), code.group(1)
