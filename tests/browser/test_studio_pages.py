"""Workflows in a real browser: a picture whose words can be read, and forms that change it by the keyboard alone."""

import os
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Page, Route, expect

from engine.definitions.actions.proposals import propose_definition
from engine.definitions.store import DefinitionStore
from engine.definitions.views import definition, versions
from tests.browser.hands import (
    DESK,
    answer_by_keyboard,
    become,
    go_to,
    go_to_part,
    must_be_pleasant,
    must_fit,
    pick,
    press,
    unfold,
    write,
)
from tests.kit.portal import Portal, agree, report_case
from tests.kit.shipped import CASES

pytestmark = [pytest.mark.browser, pytest.mark.long]
OpenPage = Callable[[], Page]
SMALLEST = 12
_SESSION = {
    "place": "Tezpur", "date": "2026-03-07", "audience": "school", "male": 12, "female": 14, "under18": 20,
    "language": "as", "topics": ["safe_migration"], "disclosures": 0,
}  # fmt: skip
_SIZES = """() => {
  const found = [];
  for (const label of document.querySelectorAll(".icmc-flow a, .icmc-flow strong, .icmc-flow__said, .icmc-flow text")) {
    if (!label.getClientRects().length || !label.textContent.trim()) continue;
    const svg = label.ownerSVGElement;
    const scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
    const box = label.getBoundingClientRect();
    found.push([label.textContent.trim(), parseFloat(getComputedStyle(label).fontSize) * scale,
                !svg && (label.scrollWidth > label.clientWidth + 1
                  || label.scrollHeight > label.clientHeight + 4),
                Math.round(box.left)]);
  }
  return found;
}"""
"""The labels of a picture: text, size of its letters on the screen, whether it is cut off, and where it begins."""
_ON_TOP = """() => {
  const at = document.querySelector("#step h2").getBoundingClientRect();
  return document.elementFromPoint(at.left + 2, at.top + 2)?.tagName;
}"""
"""What is seen where the heading of a step begins."""


def take(page: Page, name: str) -> None:
    """Take a picture where `ICMC_PICTURES` names a folder for them."""
    if os.environ.get("ICMC_PICTURES"):
        width = (page.viewport_size or {"width": 0})["width"]
        page.screenshot(path=Path(os.environ["ICMC_PICTURES"]) / f"{name}-{width}.png", full_page=True)


@pytest.mark.parametrize("turn", [0, pytest.param(1, marks=pytest.mark.faults)])
def test_every_label_of_every_shipped_workflow_can_be_read(open_page: OpenPage, portal: Portal, turn: int) -> None:
    """Each is looked at on a desk and on a telephone, once by pillars and once by roles; in turn 1 vice versa."""
    page = open_page()
    become(page, portal, "case_manager")
    turn += page.viewport_size["width"] == DESK
    for number, name in enumerate(sorted(path.stem for path in CASES.glob("*.yaml"))):
        lanes = ("pillar", "role")[(number + turn) % 2]
        page.goto(f"/workflows/{name}?lanes={lanes}")
        if page.viewport_size["width"] != DESK:
            page.locator(".icmc-flow__more summary").click()
        labels = page.evaluate(_SIZES)
        assert len(labels) > 8, name
        assert [label for label in labels if label[1] < SMALLEST] == [], name
        assert [label[0] for label in labels if label[2]] == [], name
        said = page.locator(".icmc-flow__step .icmc-flow__said").all_inner_texts()
        assert sum(map(bool, said)) > len(said) / 4, f"{name}: hardly a row says how long, and who"
        assert all(label[3] >= 0 for label in labels), name
        take(page, f"{name}-by-{lanes}")
    must_be_pleasant(page)


def test_on_a_telephone_a_step_is_a_line_and_the_rest_is_unfolded_without_script(
    without_script: Page, portal: Portal
) -> None:
    page = without_script
    become(page, portal, "case_manager")
    is_desk = page.viewport_size["width"] == DESK
    page.goto("/workflows/stopped-on-the-way")
    said = page.locator(".icmc-flow__said", has_text="within").first
    fold = page.get_by_text("Who does each step, and how long it can take")
    assert (said.is_visible(), fold.is_visible()) == (is_desk, not is_desk)
    assert page.evaluate("document.documentElement.scrollHeight") <= 5_000
    if not is_desk:
        page.locator(".icmc-flow__more summary").focus()
        page.keyboard.press("Enter")
        expect(said).to_be_visible()
        must_fit(page)
        take(page, "steps-unfolded")
    page.goto("/workflows/stopped-on-the-way/draft")
    assert page.evaluate("document.documentElement.scrollHeight") <= 5_000
    page.goto("/workflows/stopped-on-the-way/cases")
    expect(page.locator(".icmc-flow__said", has_text="few or none").first).to_be_visible()
    expect(fold).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollHeight") <= 5_600


def test_a_step_is_opened_beside_the_picture(open_page: OpenPage, portal: Portal) -> None:
    page = open_page()
    become(page, portal, "caseworker")
    page.goto("/workflows/child-labour?step=production")
    expect(page.get_by_role("region", name="Produce before authority")).to_contain_text("Within 24 hours by the law")
    must_be_pleasant(page)
    take(page, "step")
    become(page, portal, "case_manager")
    for address, form in (
        ("child-labour", "Produce before authority"),
        ("child-labour/draft", "Produce before authority"),
    ):
        page.goto(f"/workflows/{address}?step=production")
        beside = page.get_by_role("region", name=form).bounding_box()
        picture = page.get_by_role("region", name="The steps in their order").bounding_box()
        if page.viewport_size["width"] > 1000:
            assert beside["x"] >= picture["x"] + picture["width"], f"{address}: beside, not below"
            assert beside["y"] <= picture["y"]
            assert page.evaluate("document.documentElement.scrollHeight") <= 3_000
        page.goto(f"/workflows/{address}?step=production#step")
        assert page.evaluate(_ON_TOP) == "H2", f"{address}: the head of the page lies over what the link leads to"


def test_the_diagram_is_made_larger_and_smaller_by_the_keyboard_without_any_script(
    without_script: Page, portal: Portal
) -> None:
    page = without_script
    become(page, portal, "case_manager")
    page.goto("/workflows/cross-border-child/diagram")
    must_fit(page)
    drawn = page.locator(".icmc-diagram svg").first
    page.get_by_label("All of it").focus()
    widths = {}
    for key, size in (("Space", "All of it"), ("ArrowRight", "To read"), ("ArrowRight", "Large")):
        page.keyboard.press(key)
        expect(page.get_by_label(size)).to_be_checked()
        widths[size] = drawn.bounding_box()["width"]
    assert widths["All of it"] <= page.viewport_size["width"]
    assert widths["All of it"] < widths["To read"] < widths["Large"], widths
    take(page, "diagram")


def test_without_any_script_the_text_is_a_text_area_and_a_mistake_is_found_by_its_line(
    without_script: Page, portal: Portal
) -> None:
    page = without_script
    become(page, portal, "case_manager")
    page.goto("/workflows/organ-removal/edit")
    source = page.get_by_label("Text of the workflow")
    source.fill(source.input_value().replace("version: 1", "versoin: 1", 1))
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("link", name="Line").first).to_be_visible()
    expect(source).to_have_value(re.compile("versoin"))
    must_fit(page)


def test_the_editor_speaks_the_language_of_its_page(open_page: OpenPage, portal: Portal) -> None:
    page = open_page()
    become(page, portal, "case_manager")

    def in_another_language(route: Route) -> None:
        answer = route.fetch()
        said = {"Find": "Suchen", "No problems were found.": "Nichts gefunden.", "Completions": "Vorschläge"}
        text = answer.text()
        for words, other in said.items():
            text = text.replace(f">{words}</li>", f">{other}</li>")
        route.fulfill(response=answer, body=text)

    page.route("**/workflows/forced-marriage/edit", in_another_language)
    page.goto("/workflows/forced-marriage/edit")
    expect(page.get_by_role("status").filter(has_text="Nichts gefunden.")).to_be_visible()
    page.locator(".cm-content").focus()
    page.keyboard.press("Control+f")
    expect(page.get_by_placeholder("Suchen")).to_be_focused()


def test_the_diagram_moves_with_the_mouse(open_page: OpenPage, portal: Portal) -> None:
    page = open_page()
    become(page, portal, "case_manager")
    page.goto("/workflows/cross-border-child/diagram")
    must_be_pleasant(page)
    page.get_by_label("Large").check()
    expect(page.locator(".icmc-diagram g.node").first).to_be_in_viewport()
    page.locator(".icmc-diagram").evaluate("one => one.scrollTo(0, 0)")
    box = page.locator(".icmc-diagram").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 150)
    page.mouse.down()
    page.mouse.move(box["x"] + 100, box["y"] + 70, steps=5)
    page.mouse.up()
    page.mouse.move(box["x"] + 50, box["y"] + 20, steps=5)
    moved = page.locator(".icmc-diagram").evaluate("one => [one.scrollLeft, one.scrollTop]")
    assert moved == [100, 80]


def test_a_step_is_changed_and_proposed_by_the_keyboard_and_published_by_another(
    open_page: OpenPage, portal: Portal
) -> None:
    page = open_page()
    become(page, portal, "case_manager")
    page.goto("/workflows/reported-concern")
    press(page, "Change it")
    must_be_pleasant(page)
    press(page, "Triage")
    must_be_pleasant(page)
    take(page, "form")
    hours = str(2 + len(portal.engine.ask_all(versions, "workflow", "reported-concern")))
    write(page, "Due within", hours)
    press(page, "Save this step")
    expect(page.get_by_role("status")).to_contain_text("Your draft was saved")
    expect(page.locator("#changes")).to_contain_text(f"within {hours} ")
    take(page, "draft")
    press(page, "Propose this to a second person")
    become(page, portal, "nodal_officer")
    page.goto("/waiting")
    press(page, "Look at what changes")
    must_be_pleasant(page)
    take(page, "proposed")
    press(page, "Publish this")
    expect(page.get_by_role("status")).to_contain_text("Your answer was recorded")
    page.goto("/definitions/workflow/reported-concern/versions")
    must_be_pleasant(page)
    take(page, "versions")


def test_a_workflow_is_made_from_a_base_simulated_proposed_and_published_without_any_script(
    without_script: Page, portal: Portal
) -> None:
    page = without_script
    width = (page.viewport_size or {"width": 0})["width"]
    become(page, portal, "case_manager")
    page.goto("/workflows")
    press(page, "Begin a new workflow")
    write(page, "What is it for?", f"Help after a flood {width}")
    pick(page, "Which workflow is most like it?", "Reported concern")
    press(page, "Begin")
    press(page, "Triage and risk score")
    write(page, "Due within", "2")
    go_to(page, "When it is late, notify by the ladder")
    page.keyboard.type("High")
    press(page, "Save this step")
    take(page, "made")
    expect(page.locator("#changes")).to_contain_text("It is new.")
    press(page, "Simulate")
    expect(page.get_by_role("heading", name="What would happen")).to_be_visible()
    take(page, "simulation")
    page.go_back()
    press(page, "Simulate many cases")
    many, fewer = (page.url.replace("cases=100", f"cases={count}") for count in (1_000, 20))
    page.goto(many)
    expect(page.get_by_role("progressbar").first).to_be_visible()
    first, page = page, page.context.new_page()
    first.close()  # it looks again whenever it likes, and each person has one comparison at a time
    page.goto(fewer)
    expect(page.get_by_role("rowheader", name="Cases that close")).to_be_visible(timeout=120_000)
    take(page, "comparison")
    press(page, f"help-after-a-flood-{width}")
    press(page, "Propose this to a second person")
    expect(page.get_by_role("status").first).to_contain_text("waiting for a second person")
    become(page, portal, "nodal_officer")
    page.goto("/waiting")
    press(page, "Look at what changes")
    press(page, "Publish this")
    name = f"help-after-a-flood-{width}"
    made = portal.engine.ask_all(definition, "workflow", name, None)
    compiled = portal.engine.definitions[made.content_hash].workflow.steps["triage"].time[0]
    assert (compiled.limit, compiled.ladder) == ("PT2H", "high")


def test_who_has_never_seen_the_format_makes_a_ladder_and_a_workflow_and_runs_it(
    open_page: OpenPage, portal: Portal
) -> None:
    _make_and_run(open_page(), portal, "with script")


@pytest.mark.parametrize(
    "without_script", [pytest.param(DESK, marks=pytest.mark.faults), 360], ids=["desk", "phone"], indirect=True
)
def test_the_same_is_made_without_any_script(without_script: Page, portal: Portal) -> None:
    _make_and_run(without_script, portal, "without script")


def _make_and_run(page: Page, portal: Portal, how: str) -> None:
    """Make a ladder of 7, 19 and 41 minutes and a workflow of twelve steps with it, simulate, publish and run it."""
    look_at = must_fit if how == "without script" else must_be_pleasant
    title = f"Night {how} {(page.viewport_size or {'width': 0})['width']}"
    name = title.lower().replace(" ", "-")
    become(page, portal, "case_manager")
    page.goto("/workflows")
    press(page, "Begin a new ladder")
    look_at(page)
    write(page, "What is it for?", title)
    _fill_level(page, "The assignee", "7")
    take(page, "ladder-new")
    press(page, "Begin this ladder")
    for who, minutes in (("The supervisor", "19"), ("Nodal officer of the unit", "41")):
        unfold(page, "Add a level")
        _fill_level(page, who, minutes)
        press(page, "Add this level")
    take(page, "ladder-made")
    look_at(page)
    _propose_and_publish(page, portal)
    page.goto("/workflows")
    press(page, "Begin a new workflow")
    write(page, "What is it for?", title)
    pick(page, "Which workflow is most like it?", "Reported concern")
    press(page, "Begin")
    usual = 7
    for number in range(12 - usual):
        _add_step(page, number, title)
    look_at(page)
    take(page, "workflow-made")
    press(page, "Simulate")
    expect(page.get_by_role("heading", name="What would happen")).to_be_visible()
    page.go_back()
    _propose_and_publish(page, portal)
    workflow = portal.engine.definitions[
        portal.engine.ask_all(definition, "workflow", name, None).content_hash
    ].workflow
    own = [step for step in workflow.steps.values() if not step.discretionary]
    assert (len(own), [step.time[0].ladder for step in own[-5:]]) == (12, [name] * 5)
    levels = portal.engine.library().ladders[name].levels
    assert [str(level.after) for level in levels] == ["PT7M", "PT19M", "PT41M"]
    case = report_case(portal.as_role("intake_officer"))
    become(page, portal, "case_manager")
    page.goto(f"{case.page}/begin")
    pick(page, "Which workflow?", title)
    press(page, "Begin this workflow")
    expect(page.get_by_role("status").first).to_contain_text("workflow")
    assert portal.rows("SELECT 1 FROM run WHERE workflow = :name AND status = 'open'", name=name)
    _do_a_step_and_be_late(page, portal, case.page)


def _add_step(page: Page, number: int, ladder: str) -> None:
    pick(page, "What is done", "Awareness session" if number else "Health")
    write(page, "Title", f"Step {number + 1} of the night")
    pick(page, "After which step", "At the beginning")
    press(page, "Add this step")
    write(page, "Due within", "2")
    pick(page, "Unit", "hours")
    go_to(page, "When it is late, notify by the ladder")
    page.keyboard.type(ladder)
    press(page, "Save this step")
    press(page, "Close")


def _do_a_step_and_be_late(page: Page, portal: Portal, case: str) -> None:
    """Complete one of the steps, be late with another, and see whom each level notifies, and when."""
    become(page, portal, "caseworker")
    page.goto(case)
    press(page, "Steps")
    unfold(page, "Prevention ")
    press(page, "Step 2 of the night")
    press(page, "Open the form")
    answer_by_keyboard(page, _SESSION, "Asia/Kolkata")
    go_to_part(page, 'button[value="complete"]')
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Saved")).to_be_visible()
    whom, reason = ("caseworker", "supervisor", "nodal_officer"), ""
    for minutes, levels in ((126, 0), (2, 1), (12, 2), (22, 3)):
        portal.let_time_pass(timedelta(minutes=minutes))
        become(page, portal, "case_manager")
        page.goto(reason or case)
        if not reason:
            press(page, "Steps")
            unfold(page, "Prevention ")
            press(page, "Step 3 of the night")
            press(page, "Why this date?")
            reason = page.url
        must_fit(page)
        planned = page.locator("#plan + table tr", has_text="Level")
        assert [words.count("fired") for words in planned.all_inner_texts()] == [1] * levels + [0] * (3 - levels)
        told = page.locator("#ledger + table tbody tr")
        assert told.count() == levels
        for row, role in enumerate(whom[:levels]):
            expect(told.nth(row)).to_contain_text(portal.people[role].name)
    take(page, "three-levels")


def _fill_level(page: Page, who: str, minutes: str) -> None:
    pick(page, "Who is notified", who)
    write(page, "When", minutes)
    pick(page, "Unit", "minutes")


def _propose_and_publish(page: Page, portal: Portal) -> None:
    """Propose a draft, and publish it as somebody else; then go on as before."""
    press(page, "Propose this to a second person")
    expect(page.get_by_role("status").first).to_contain_text("waiting for a second person")
    asked = page.url.partition("?")[0]
    become(page, portal, "nodal_officer")
    page.goto(asked)
    press(page, "Publish this")
    become(page, portal, "case_manager")


def test_all_cases_are_moved_from_the_page_of_a_version(open_page: OpenPage, portal: Portal) -> None:
    page = open_page()
    for _ in range(3):
        report_case(portal.as_role("intake_officer"))
    name = portal.rows("SELECT workflow FROM run ORDER BY started_at DESC LIMIT 1")[0]["workflow"]
    source = yaml.safe_dump(dict(portal.of(DefinitionStore).current("workflow", name).flattened), sort_keys=False)
    key = "arrival" if "  arrival:" in source else "intake"
    renamed = re.sub(rf"(?<!reporting\.)\b{key}\b", "intake" if key == "arrival" else "arrival", source)
    portal.act(propose_definition, source=renamed, by="case_manager")
    agree(portal)
    become(page, portal, "case_manager")
    page.goto(f"/workflows/{name}")
    press(page, "Move running cases to this version")
    must_be_pleasant(page)
    take(page, "move-plan")
    go_to(page, "What becomes of open work")
    page.keyboard.press("ArrowDown")
    press(page, "Move these cases")
    must_be_pleasant(page)
    take(page, "move-done")
    press(page, "Move these cases back")
    expect(page.get_by_role("main").get_by_role("region").first).to_contain_text("Moving back: done")
    take(page, "move-back")


def test_a_ladder_is_a_time_line_whose_levels_are_changed(open_page: OpenPage, portal: Portal) -> None:
    page = open_page()
    become(page, portal, "case_manager")
    page.goto("/definitions/ladder/high")
    must_be_pleasant(page)
    press(page, "Change it")
    must_be_pleasant(page)
    unfold(page, "Change level 1")
    must_be_pleasant(page)
    take(page, "ladder")


def test_how_often_a_level_notifies_and_its_letter_are_changed_without_script(
    without_script: Page, portal: Portal
) -> None:
    page = without_script
    become(page, portal, "case_manager")
    page.goto("/definitions/ladder/standard/draft")
    page.get_by_text("Change level 1", exact=True).click()
    page.get_by_label("Notify again every").first.fill("2")
    page.get_by_role("button", name="Save level 1").click()
    expect(page.locator("#l1-times-error")).to_contain_text("Write how many times more")
    must_fit(page)
    page.get_by_label("How many times more").first.fill("3")
    page.get_by_role("button", name="Save level 1").click()
    expect(page.locator("#changes")).to_contain_text("3 times more, every 2 hours")
    page.get_by_text("What holds for the whole ladder").click()
    page.get_by_label("It is delivered at any hour, at night too").check()
    take(page, "ladder-rules")
    page.get_by_role("button", name="Save what holds for all levels").click()
    expect(page.locator("#changes")).to_contain_text("Overrides quiet hours is new: yes.")
    must_fit(page)
    page.get_by_role("button", name="Discard the draft").click()


def test_what_a_message_says_is_changed_by_the_keyboard_and_read_in_each_language(
    open_page: OpenPage, portal: Portal
) -> None:
    page = open_page()
    become(page, portal, "case_manager")
    page.goto("/definitions/message?language=hi")
    must_be_pleasant(page)
    take(page, "message-texts")
    unfold(page, "About a case")
    must_be_pleasant(page)
    press(page, "Due soon")
    must_be_pleasant(page)
    take(page, "message-text")
    press(page, ": Hindi")
    text = page.get_by_label("Text", exact=True).input_value()
    write(page, "Text", f"{text.strip()}\nCall 98765 43210")
    press(page, "Save my draft")
    expect(page.locator("#problems")).to_contain_text("holds a long number")
    must_be_pleasant(page)
    take(page, "message-draft")
    press(page, "Undo the last change")
    expect(page.get_by_role("main")).not_to_contain_text("holds a long number")


def test_what_a_message_says_can_be_read_and_changed_without_script(without_script: Page, portal: Portal) -> None:
    become(without_script, portal, "case_manager")
    for path in ("/definitions/message", "/definitions/message/due_soon.my", "/definitions/message/digest.en/draft"):
        without_script.goto(path)
        must_fit(without_script)
    without_script.get_by_label("Text", exact=True).fill("Subject: Your work\n\nYou have {{ mine }}. {{ link }}")
    without_script.get_by_role("button", name="Save my draft").click()
    expect(without_script.locator("#changes")).to_contain_text("You have {{ mine }}.")
    without_script.get_by_role("button", name="Discard the draft").click()


def test_a_rota_is_drafted_by_the_keyboard_and_seen_in_the_coming_weeks(open_page: OpenPage, portal: Portal) -> None:
    page, who = open_page(), portal.people["counsellor"].name
    become(page, portal, "supervisor")
    page.goto("/on-call")
    press(page, "Change the rota")
    must_be_pleasant(page)
    unfold(page, "Add a turn")
    for day in ("Monday", "Friday"):
        go_to(page, day)
        page.keyboard.press("Space")
    for label, hour in (("From", "18:00"), ("Until", "08:00")):
        page.get_by_label(label, exact=True).last.fill(hour)
    pick(page, "Who, in the first week?", who)
    press(page, "Add this turn")
    expect(page.locator("#changes")).to_contain_text(f"On Monday and Friday from 18:00 to 08:00, {who} is on call")
    expect(page.get_by_role("table").first).to_contain_text(f"{who} 18:00-24:00")
    must_be_pleasant(page)
    take(page, "rota-draft")
    press(page, "Discard the draft")


def test_a_rota_can_be_drafted_without_script(without_script: Page, portal: Portal) -> None:
    become(without_script, portal, "supervisor")
    without_script.goto(f"/definitions/rota/{portal.unit}/draft")
    without_script.get_by_label("Sunday").check()
    without_script.get_by_label("From", exact=True).fill("08:00")
    without_script.get_by_label("Until", exact=True).fill("20:00")
    without_script.get_by_label("Who, in the first week?").select_option(index=1)
    without_script.get_by_role("button", name="Add this turn").click()
    expect(without_script.locator("#changes")).to_contain_text("On Sunday from 08:00 to 20:00")
    must_fit(without_script)
    without_script.get_by_role("button", name="Discard the draft").click()


def test_what_a_paper_says_is_changed_by_the_keyboard_and_seen_as_it_is_printed(
    open_page: OpenPage, portal: Portal
) -> None:
    page = open_page()
    become(page, portal, "case_manager")
    page.goto("/definitions/document")
    must_be_pleasant(page)
    unfold(page, "Protection")
    must_be_pleasant(page)
    take(page, "paper-texts")
    press(page, "Safety plan")
    must_be_pleasant(page)
    take(page, "paper-text")
    press(page, "Change its words")
    must_be_pleasant(page)
    field = page.get_by_label(re.compile("^Paragraph: We look at this plan"))
    field.fill("We look at this plan again on {review_on}, {gone}.")
    press(page, "Save my draft")
    expect(page.locator("#problems")).to_contain_text("names {gone}, a value that is not there")
    must_be_pleasant(page)
    take(page, "paper-draft")
    field.fill("We look at this plan again on {review_on}.\nWrite down here what you want to ask.")
    press(page, "Save my draft")
    expect(page.locator("#changes")).to_contain_text("Write down here what you want to ask.")
    press(page, "Nepal")
    expect(page.locator("body")).to_contain_text("We look at this plan again on 2026-03-08.")
    take(page, "paper-preview")
    page.go_back()
    press(page, "Discard the draft")


def test_what_a_paper_says_can_be_read_and_changed_without_script(without_script: Page, portal: Portal) -> None:
    become(without_script, portal, "case_manager")
    for path in ("/definitions/document", "/definitions/document/fir-complaint", "/definitions/document/form-17/draft"):
        without_script.goto(path)
        must_fit(without_script)
    without_script.get_by_label(re.compile("^Paragraph: Juvenile Justice")).fill("Under section 31 of the Act.")
    without_script.get_by_role("button", name="Save my draft").click()
    expect(without_script.locator("#changes")).to_contain_text("Now said: “Under section 31 of the Act.”")
    without_script.get_by_role("button", name="Discard the draft").click()


def test_a_question_is_added_ordered_and_seen_in_the_form_by_the_keyboard(open_page: OpenPage, portal: Portal) -> None:
    page = open_page()
    become(page, portal, "case_manager")
    page.goto("/workflows/child-sale/draft?step=parentage#step")
    unfold(page, "Questions:")
    unfold(page, "Add a question")
    must_be_pleasant(page)
    write(page, "A new question", "Who said so?")
    page.locator("#q-1-type").select_option(label="a short text")
    page.locator("#q-1-when").select_option(label="“Are the parents known?”: The mother")
    press(page, "Save this step")
    expect(page.locator("#changes")).to_contain_text("the question “Who said so?” is new")
    unfold(page, "Questions:")
    unfold(page, "Added: Who said so?")
    must_be_pleasant(page)
    take(page, "questions")
    page.locator("#q1-place").select_option("1")
    press(page, "Save this step")
    unfold(page, "How its form looks")
    must_be_pleasant(page)
    take(page, "form-looks")
    looks = page.locator("#looks").inner_text()
    assert looks.index("Who said so?") < looks.index("Are the parents known?")
    press(page, "Discard the draft")


def test_a_question_is_taken_out_without_script(without_script: Page, portal: Portal) -> None:
    become(without_script, portal, "case_manager")
    without_script.goto("/workflows/child-sale/draft?step=parentage#step")
    without_script.get_by_text("Questions:", exact=False).first.click()
    without_script.get_by_text("Added: Are the parents known?").click()
    without_script.get_by_label("Take out “Are the parents known?”").check()
    without_script.get_by_role("button", name="Save this step").click()
    expect(without_script.locator("#changes")).to_contain_text("the question “Are the parents known?” is gone")
    must_fit(without_script)
    without_script.get_by_role("button", name="Discard the draft").click()


def test_a_condition_is_named_by_the_keyboard_and_told(open_page: OpenPage, portal: Portal) -> None:
    page = open_page()
    become(page, portal, "case_manager")
    page.goto("/workflows/compensation/draft?whole=1#whole")
    must_be_pleasant(page)
    unfold(page, "Names of conditions:")
    must_be_pleasant(page)
    press(page, "Name a condition")
    must_be_pleasant(page)
    take(page, "name-new")
    write(page, "What it is called", "Maybe a child")
    page.locator("#when-0").select_option("report.is_child_suspected|yes")
    press(page, "Save this")
    expect(page.locator("#changes")).to_contain_text("The name “maybe a child” is new")
    must_be_pleasant(page)
    take(page, "name")
    unfold(page, "Take this out")
    press(page, "Take “Maybe a child” out of the workflow")
    expect(page.locator("#changes")).to_contain_text("Nothing yet")
    press(page, "Discard the draft")


def test_steps_are_kept_on_hold_by_a_new_gate_without_script(without_script: Page, portal: Portal) -> None:
    page = without_script
    become(page, portal, "case_manager")
    page.goto("/workflows/compensation/draft?whole=1#whole")
    page.get_by_text("What keeps steps on hold", exact=False).first.click()
    page.get_by_role("link", name="Keep steps on hold").click()
    page.get_by_label("What it is called").fill("Judged first")
    page.get_by_label("What people read while it is on hold").fill("There is no judgment yet.")
    page.get_by_role("button", name="Save this").click()
    expect(page.locator("#holds-0-error")).to_contain_text("Choose at least one step.")
    expect(page.get_by_label("What it is called")).to_have_value("Judged first")
    page.locator("#holds-0").select_option("intake")
    page.locator("#when-0").select_option("judged|")
    must_fit(page)
    assert page.evaluate("document.documentElement.scrollHeight") <= 3_000 or page.viewport_size["width"] < 1280
    take(page, "gate")
    page.get_by_role("button", name="Save this").click()
    expect(page.locator("#changes")).to_contain_text("The gate “judged first” is new: it holds back")
    page.get_by_role("button", name="Discard the draft").click()


def test_a_name_that_is_used_is_refused_to_be_taken_out_without_script(without_script: Page, portal: Portal) -> None:
    become(without_script, portal, "case_manager")
    without_script.goto("/workflows/compensation/draft?whole=1#whole")
    without_script.get_by_text("Names of conditions:", exact=False).first.click()
    without_script.get_by_role("link", name="On trial").click()
    without_script.get_by_text("Take this out").click()
    without_script.get_by_role("button", name="Take “On trial” out of the workflow").click()
    expect(without_script.locator("#gone-error")).to_contain_text("It is used by “")
    must_fit(without_script)


def test_the_rules_of_a_calendar_are_changed_by_the_keyboard_and_seen_in_its_month(
    open_page: OpenPage, portal: Portal
) -> None:
    page = open_page()
    become(page, portal, "system_administrator")
    page.goto("/calendars/IN-AS?year=2026&month=8")
    press(page, "Change its days of rest and hours")
    page.goto(f"{page.url}?year=2026&month=8")
    must_be_pleasant(page)
    unfold(page, "Days of rest: Sunday")
    go_to(page, "Saturday")
    page.keyboard.press("Space")
    press(page, "Save the days of rest")
    expect(page.locator("#changes .icmc-loss")).to_contain_text("Every Saturday is a day of rest")
    expect(page.get_by_role("heading", name="August 2026")).to_be_visible()
    expect(page.locator(".icmc-month td", has_text=re.compile("^1day of rest"))).to_be_visible()
    unfold(page, "Working hours: 09:00 to 17:00")
    must_be_pleasant(page)
    page.get_by_label("Pause from").first.fill("18:00")
    page.get_by_label("Work goes on at").first.fill("19:00")
    press(page, "Save the hours")
    expect(page.locator("#hours-closes-error")).to_contain_text("Write a time after 19:00")
    must_be_pleasant(page)
    take(page, "calendar-draft")
    press(page, "Discard the draft")


def test_the_rules_of_a_calendar_are_changed_without_script(without_script: Page, portal: Portal) -> None:
    page = without_script
    become(page, portal, "system_administrator")
    page.goto("/definitions/calendar/NP/draft")
    page.get_by_text("Public holidays: NP").click()
    page.get_by_label("From which public list").select_option("")
    page.get_by_role("button", name="Save the public holidays").click()
    expect(page.locator("#changes")).to_contain_text("Public holidays are no longer worked out")
    page.get_by_label("Date", exact=True).fill("2026-10-20")
    page.get_by_label("What is it?").fill("Dashain")
    page.get_by_label("Who says so?").last.fill("Notice 4 of the office")
    page.get_by_role("button", name="Add this day").click()
    expect(page.locator("#changes")).to_contain_text("Tue 20 Oct 2026 is a holiday: Dashain.")
    page.get_by_text("2026: 1 day").click()
    page.get_by_role("link", name="Change Tue 20 Oct 2026, Dashain").click()
    expect(page.get_by_label("What is it?")).to_have_value("Dashain")
    must_fit(page)
    page.get_by_role("button", name="Take this day out").click()
    expect(page.locator("#changes")).not_to_contain_text("Dashain")
    must_fit(page)
    page.get_by_role("button", name="Discard the draft").click()


def test_the_lanes_are_zoomed_and_moved_by_buttons_keys_and_the_mouse(open_page: OpenPage, portal: Portal) -> None:
    page = open_page()
    become(page, portal, "case_manager")
    page.goto("/workflows/cross-border-child")
    must_be_pleasant(page)
    picture = page.get_by_role("region", name="The steps in their order")
    label = picture.locator(".icmc-flow__step a").nth(3)
    usual = label.bounding_box()["height"]
    page.get_by_role("button", name="Larger").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    assert label.bounding_box()["height"] > usual * 1.5
    expect(page.get_by_text("156 %")).to_be_visible()
    must_be_pleasant(page)
    take(page, "lanes-zoomed")
    picture.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('[data-zoomed]').scrollLeft > 0")
    page.wait_for_timeout(500)
    picture.evaluate("one => one.scrollTo(0, 0)")
    box = picture.bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 150)
    page.mouse.down()
    page.mouse.move(box["x"] + 140, box["y"] + 110, steps=5)
    page.mouse.up()
    assert picture.evaluate("one => [one.scrollLeft, one.scrollTop]") == [60, 40]
    page.keyboard.press("0")
    assert abs(label.bounding_box()["height"] - usual) < 1
    page.keyboard.press("-")
    assert label.bounding_box()["height"] < usual * 0.9
    page.reload()
    assert abs(label.bounding_box()["height"] - usual) < 1, "what was chosen is kept nowhere"
    label.click()
    expect(page).to_have_url(re.compile("step="))


def test_without_script_the_lanes_have_no_buttons_that_do_nothing(without_script: Page, portal: Portal) -> None:
    become(without_script, portal, "case_manager")
    without_script.goto("/workflows/cross-border-child")
    expect(without_script.get_by_role("button", name="Larger")).to_have_count(0)
    expect(without_script.locator(".icmc-flow__step a").first).to_be_visible()
    must_fit(without_script)


def test_what_all_steps_of_a_kind_bring_is_changed_without_script(without_script: Page, portal: Portal) -> None:
    page = without_script
    become(page, portal, "case_manager")
    page.goto("/workflows/compensation/draft?whole=1#whole")
    page.get_by_text("What all steps of a kind can bring later").click()
    must_fit(page)
    page.get_by_role("link", name="Each “FIR or Zero FIR”").click()
    must_fit(page)
    assert page.evaluate("document.documentElement.scrollHeight") <= 3_000 or page.viewport_size["width"] < 1280
    page.locator("summary", has_text="Apply to the Magistrate").click()
    must_fit(page)
    page.locator("#f-magistrate-amount").fill("2")
    page.get_by_role("button", name="Save this").click()
    expect(page.locator("#changes")).to_contain_text("Each “FIR or Zero FIR”: the follow-up “Apply to the Magistrate")
    page.get_by_role("button", name="Discard the draft").click()
