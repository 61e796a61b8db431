"""One job for each kind of user, in a real browser, with the keyboard alone, on a desk and on a phone."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Page, expect

from engine.definitions.views import definition
from engine.rehearsal.world import settle_jobs
from engine.work.store import ItemStore
from tests.browser import hands
from tests.browser.hands import choose, go_to, go_to_part, must_be_pleasant, must_fit, pick, press, unfold, write
from tests.kit.portal import Portal, agree, report_case
from tests.web.test_changes import fail_every_job

pytestmark = [pytest.mark.browser, pytest.mark.long]
OpenPage = Callable[[], Page]


def become(page: Page, portal: Portal, role: str) -> None:
    page.goto("/sign-in")
    must_be_pleasant(page)
    press(page, portal.people[role].name)


def go_to_editor(page: Page) -> None:
    """Press the tab key until the text of a definition has the focus."""
    go_to(page, "Picture and forms")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.shadowRoot.activeElement.role") == "textbox"


def test_a_caseworker_reports_and_completes_the_first_step(open_page: OpenPage, portal: Portal) -> None:
    page = open_page()
    become(page, portal, "intake_officer")
    must_be_pleasant(page)
    press(page, "Report")
    must_be_pleasant(page)
    choose(page, "Is anyone in danger right now?", 1)
    choose(page, "Is it safe to talk, now and if we call back?", 0)
    choose(page, "May we write this down?", 0)
    choose(page, "Could the person be under 18?", 0)
    pick(page, "What is it about?", "Forced or bonded")
    write(page, "What happened?", "A girl of about twelve works in a house.")
    press(page, "Save the report")
    expect(page.get_by_role("heading", name="Saved")).to_be_visible()
    must_be_pleasant(page)
    press(page, "Continue with the report")
    must_be_pleasant(page)
    pick(page, "How did it reach us?", "W")
    pick(page, "Who is reporting?", "N")
    choose(page, "Do they want to stay anonymous?", 0)
    write(page, "What language do they speak?", "as")
    choose(page, "Is an interpreter needed?", 1)
    press(page, "Complete")
    must_be_pleasant(page)
    expect(page.get_by_text("There is a problem")).to_be_visible()
    assert page.evaluate("() => document.activeElement.className") == "govuk-error-summary"
    go_to(page, "When did the report reach us?")
    page.get_by_label("When did the report reach us?").fill("2026-03-07T18:30")
    press(page, "Complete")
    expect(page.get_by_role("heading", name="What opened")).to_be_visible()
    must_be_pleasant(page)
    press(page, "See the case")
    must_be_pleasant(page)
    press(page, "Steps")
    must_be_pleasant(page)
    assert page.locator(".icmc-lane").count() == 12


def test_a_step_is_found_as_it_is_typed_and_added_after_its_page(open_page: OpenPage, portal: Portal) -> None:
    page = open_page()
    become(page, portal, "case_manager")
    page.goto(f"{report_case(portal.as_role('intake_officer')).page}/add-step")
    must_be_pleasant(page)
    offered = page.locator("button[name=uses]:visible")
    assert offered.count() == 0, "all is folded"
    write(page, "What is to be done?", "police MISSING pho")
    expect(offered).to_have_text(["Missing-person report"])
    write(page, "What is to be done?", "missing person")
    assert offered.count() > 1
    assert page.evaluate("() => document.documentElement.scrollHeight") <= 3_000
    must_be_pleasant(page)
    press(page, "Missing-person report")
    expect(page.get_by_text("Report a missing person to the police")).to_be_visible()
    must_be_pleasant(page)
    press(page, "Add this step")
    expect(page.get_by_text("The step was added")).to_be_visible()


def test_what_is_typed_stays_when_the_line_is_lost_and_is_sent_once_when_it_is_back(
    open_page: OpenPage, portal: Portal
) -> None:
    page = open_page()
    become(page, portal, "caseworker")
    case = report_case(portal.as_role("intake_officer")).page
    page.clock.install()
    page.goto(f"{case}/diary")
    write(page, "Add a note: what happened?", "She rang from the station.")
    sent: list[str] = []
    page.on("request", lambda one: sent.append(one.post_data or "") if one.method == "POST" else None)
    page.route("**/*", lambda route: route.abort())  # right after loading
    command = page.locator("form", has=page.locator("[name=words]")).locator("[name=command_id]").input_value()
    for _ in range(2):
        page.get_by_role("button", name="Save as a call").press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("The line is lost.")
        assert page.evaluate("() => navigator.onLine"), "the browser does not know"
        page.clock.fast_forward(6_000)
    expect(page.get_by_label("Add a note: what happened?")).to_have_value("She rang from the station.")
    assert "Notes (0)" in portal.as_role("caseworker").get(f"{case}/diary").text
    page.unroute("**/*")
    page.clock.fast_forward(6_000)
    expect(page.get_by_role("heading", name="Notes (1)")).to_be_visible(timeout=30_000)
    assert [command in one for one in sent] == [True], "once, under the id that the page came with"


def test_what_is_typed_stays_when_the_network_is_off_right_after_loading(open_page: OpenPage, portal: Portal) -> None:
    page = open_page()
    become(page, portal, "caseworker")
    page.goto(f"{report_case(portal.as_role('intake_officer')).page}/diary")
    write(page, "Add a note: what happened?", "She rang from the bus.")
    page.context.set_offline(True)
    page.get_by_role("button", name="Save as a call").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The line is lost.")
    expect(page.get_by_label("Add a note: what happened?")).to_have_value("She rang from the bus.")
    page.context.set_offline(False)
    expect(page.get_by_role("heading", name="Notes (1)")).to_be_visible(timeout=30_000)


def test_a_number_is_ticked_as_not_known_with_the_keyboard(open_page: OpenPage, portal: Portal) -> None:
    page = open_page()
    become(page, portal, "case_manager")
    case = report_case(portal.as_role("intake_officer")).page
    data = {"uses": "reporting.missing", "title": "", "limit": "P7D", "command_id": str(uuid4())}
    portal.as_role("case_manager").post(f"{case}/add-step", data=data)
    items = portal.of(ItemStore).open_of_case(UUID(case.rpartition("/")[2]))
    page.goto(next(f"/items/{item.id}" for item in items if item.uses == "reporting.missing"))
    write(page, "How old is the person?", "12")
    go_to(page, "Not known")
    page.keyboard.press("Space")
    must_be_pleasant(page)
    press(page, "Complete")
    expect(page.get_by_role("link", name="Give an answer or tick Not known, not both.")).to_be_visible()
    expect(page.get_by_label("Not known: How old is the person?")).to_be_checked()
    write(page, "How old is the person?", " ")
    press(page, "Save draft")
    expect(page.get_by_label("Not known: How old is the person?")).to_be_checked()
    must_be_pleasant(page)


def test_the_enter_key_in_a_question_saves_the_words_too_and_never_says_no(open_page: OpenPage, portal: Portal) -> None:
    page = open_page()
    become(page, portal, "intake_officer")
    press(page, "Report")
    choose(page, "Is anyone in danger right now?", 1)
    choose(page, "Is it safe to talk, now and if we call back?", 0)
    choose(page, "May we write this down?", 0)
    pick(page, "What is it about?", "Forced or bonded")
    write(page, "What happened?", "A girl of about twelve works in a house.")
    choose(page, "Could the person be under 18?", 0)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Saved")).to_be_visible()
    press(page, "Continue with the report")
    expect(page.get_by_label("What happened?")).to_have_value("A girl of about twelve works in a house.")
    must_be_pleasant(page)


def test_a_coordinator_finds_a_mistake_by_its_line_and_publishes_a_new_version(
    open_page: OpenPage, portal: Portal
) -> None:
    page = open_page()
    become(page, portal, "case_manager")
    press(page, "Workflows")
    must_be_pleasant(page)
    press(page, "Report of child or forced labour")
    must_be_pleasant(page)
    press(page, "Change it")
    press(page, "Text")
    must_be_pleasant(page)
    before = portal.engine.ask_all(definition, "workflow", "child-labour")
    source = page.get_by_role("textbox", name="Text of the workflow")
    go_to_editor(page)
    for key in ("Control+End", "Enter", "Shift+Home", "Delete"):
        page.keyboard.press(key)
    step = f"look_again_{before.version}"
    page.keyboard.type(f"  {step}:\n  after: closure\nuses: reporting.triag")
    page.keyboard.press("Escape")
    number = before.source.count("\n") + 4
    link = page.get_by_role("link", name=f"Line {number}, column 11")
    expect(page.get_by_role("listitem").filter(has=link)).to_contain_text("reporting.triage")
    mark, line = page.locator(".cm-lint-marker-error"), source.locator(".cm-line", has_text="reporting.triag").last
    expect(mark).to_have_count(1)
    assert abs(mark.bounding_box()["y"] - line.bounding_box()["y"]) < line.bounding_box()["height"]
    must_be_pleasant(page)
    for _ in "reporting.triag":
        page.keyboard.press("Backspace")
    page.keyboard.type("triage")
    expect(page.get_by_role("option", name="reporting.triage", selected=True)).to_be_visible()
    page.wait_for_timeout(100)
    page.keyboard.press("Enter")
    expect(line).to_have_text("    uses: reporting.triage")
    expect(page.get_by_text("No problems were found.")).to_be_visible()
    expect(mark).to_have_count(0)
    title = f"Report of child or forced labour, version {before.version + 1}"
    page.keyboard.press("Control+Home")
    for _ in range(before.source[: before.source.index("title: ")].count("\n")):
        page.keyboard.press("ArrowDown")
    page.keyboard.type(f"title: '{title}'\n#")
    with page.expect_navigation():
        page.keyboard.press("Control+S")
    expect(page.locator("#findings")).to_contain_text("No problems were found.")
    must_be_pleasant(page)
    press(page, "Propose this to a second person")
    must_be_pleasant(page)
    expect(page.get_by_role("status").first).to_contain_text("is waiting for a second person")
    assert portal.engine.ask_all(definition, "workflow", "child-labour") == before
    agree(portal)
    after = portal.engine.ask_all(definition, "workflow", "child-labour")
    assert (after.version, after.title) == (before.version + 1, title)
    assert f"\n  {step}:\n    after: closure\n    uses: reporting.triage" in after.source
    kept = portal.engine.ask_all(definition, "workflow", "child-labour", before.version)
    assert kept.content_hash == before.content_hash


def test_an_admin_sees_what_is_late_and_who_is_waited_for(open_page: OpenPage, portal: Portal) -> None:
    *_, case = [report_case(portal.as_role("intake_officer")) for _ in range(6)]
    portal.let_time_pass(timedelta(hours=3))
    page = open_page()
    become(page, portal, "system_administrator")
    press(page, "Board")
    must_be_pleasant(page)
    unfold(page, " more")
    late = page.get_by_role("row", name=case.number)
    expect(late.first).to_contain_text("overdue by")
    expect(page.get_by_role("heading", name="Who is being waited for")).to_be_visible()


def test_an_admin_finds_a_job_that_failed_and_mends_it(open_page: OpenPage, portal: Portal) -> None:
    _find_and_mend(open_page(), portal, must_be_pleasant)


def test_an_admin_finds_and_mends_it_where_no_script_runs(without_script: Page, portal: Portal) -> None:
    _find_and_mend(without_script, portal, must_fit)


def _find_and_mend(page: Page, portal: Portal, must_be_right: Callable[[Page], None]) -> None:
    settle_jobs(portal.engine)
    fail_every_job(portal)
    hands.become(page, portal, "system_administrator")
    page.goto("/")
    press(page, "Board")
    must_be_right(page)
    mend = page.locator('form[action^="/jobs/"][action$="/retry"]').first.get_attribute("action")
    go_to_part(page, f'form[action="{mend}"] button')
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("tried again")
    must_be_right(page)
    unfold(page, "Pause automatic work")
    pick(page, "Why is it paused?", "This machine or its database is being repaired")
    go_to_part(page, 'form[action="/jobs/pause"] button')
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_text("Automatic work is paused.").first).to_be_visible()
    must_be_right(page)
    press(page, "Resume automatic work")
    expect(page.get_by_text("Automatic work goes on.")).to_be_visible()
    settle_jobs(portal.engine)
    press(page, "Board")
    expect(page.locator(f'form[action="{mend}"]')).to_have_count(0)
    assert [row["status"] for row in portal.rows("SELECT status FROM job WHERE id = :id", id=mend.split("/")[2])] == [
        "done"
    ]


def test_everybody_can_follow_a_late_case_to_the_reason_of_its_date(open_page: OpenPage, portal: Portal) -> None:
    case = report_case(portal.as_role("intake_officer"))
    portal.let_time_pass(timedelta(hours=3))
    page = open_page()
    become(page, portal, "intake_officer")
    page.goto(case.page)
    press(page, "Time")
    unfold(page, "that run")
    press(page, "Why this date?")
    must_be_pleasant(page)
    press(page, "I have seen this")
    expect(page.get_by_role("status")).to_contain_text("It was recorded that you have seen this.")
    for path in (f"{case.page}/history", f"{case.page}/add-step", f"{case.page}/add-person", "/transmit", "/demo"):
        page.goto(path)
        must_be_pleasant(page)


def test_pages_work_with_scripts_turned_off(open_page: OpenPage, portal: Portal, address: str) -> None:
    browser = open_page().context.browser
    context = browser.new_context(java_script_enabled=False, base_url=address)
    page = context.new_page()
    page.goto("/sign-in")
    page.get_by_role("button", name=portal.people["intake_officer"].name).click()
    page.get_by_role("link", name="Report", exact=True).first.click()
    page.get_by_role("button", name="Save the report").click()
    expect(page.get_by_text("There is a problem")).to_be_visible()
    context.close()
