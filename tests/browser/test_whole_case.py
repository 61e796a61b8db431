"""A case from its report to its end, by four people and a partner, in a real browser and by the keyboard alone."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import cycle
from operator import gt
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect

from engine.assembly import Engine
from engine.cases.store import CaseStore
from engine.core.policy import Viewer
from engine.core.records import CaseStatus
from engine.people.viewer import as_viewer
from engine.rehearsal.replayer import Play, go_on
from engine.rehearsal.story import read_story
from engine.rehearsal.world import RecordingChannel, World
from engine.work.actions.complete import complete_work_item
from engine.work.store import ItemStore
from tests.browser.hands import answer_by_keyboard, become, choose, go_to, go_to_part, must_fit, pick, unfold, write
from tests.browser.test_sharing_pages import secrets_on, tick
from tests.kit.portal import Portal
from tests.kit.shipped import STORIES

pytestmark = [pytest.mark.browser, pytest.mark.long]
COSTS = Path(__file__).parents[2] / "docs" / "reference" / "clicks.md"
DEVICES = ((1280, True), (360, True), (360, False))
"""How wide each screen is, and whether scripts run there."""
ZONE = "Asia/Kolkata"
TEAM = {
    "intake_officer": ("prevention_officer", "press_officer"),
    "supervisor": (),
    "case_manager": ("partnership_manager", "lawyer", "finance_officer", "repatriation_coordinator"),
    "caseworker": ("police_liaison", "ahtu_officer", "medical_officer", "counsellor", "shelter_manager"),
}
"""The four people, by what each is first, and what else each does."""


@dataclass
class Desk:
    """Three browsers, each next task being done on the next; counts what it takes of people."""

    pages: Iterator[Page]
    page: Page
    portal: Portal
    four: Mapping[str, Viewer]
    told: frozenset[str] = frozenset()
    sits: dict[Page, UUID] = field(default_factory=dict)
    costs: dict[str, Counter[str]] = field(default_factory=dict)
    task: str = ""

    def let(self, role: str, task: str, path: str = "") -> None:
        """Let somebody begin a task, at a page of theirs."""
        who, self.page = self.four[role], next(self.pages)
        self.page.goto(path or "/worklist")
        if self.sits.get(self.page) != who.actor_id or "/sign-in" in self.page.url:
            self.page.context.clear_cookies()
            become(self.page, self.portal, next(one for one in TEAM if self.four[one].actor_id == who.actor_id))
            self.page.goto(path or "/worklist")
        self.sits[self.page], self.task = who.actor_id, task
        self.costs[task] = Counter(pages=1)

    def press(self, words: str) -> None:
        """Press a link or button by its words."""
        go_to(self.page, words)
        self._enter()

    def press_part(self, selector: str) -> None:
        """Press what a selector names."""
        go_to_part(self.page, selector)
        self._enter()

    def answered(self, count: int) -> None:
        """Count answers to questions of a form."""
        self.costs[self.task]["answers"] += count

    def _enter(self) -> None:
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        self.costs[self.task] += Counter(pages=1, presses=1)
        must_fit(self.page)

    def complete(self, engine: Engine, item_id: UUID, *, viewer: Viewer, answers: Any, **rest: Any) -> None:
        """Do work of which the story tells on its page, from the list of work on; the rest by the action."""
        item = self.portal.of(ItemStore).get(item_id)
        if item.uses not in self.told:
            complete_work_item(engine, item_id, viewer=viewer, answers=answers, **rest)
            return
        role = next(role for role, one in self.four.items() if one.actor_id == viewer.actor_id)
        self.let(role, engine.registry.get(item.uses).title)
        link = f'a[href="/items/{item_id}"]'
        if not self.page.locator(link).first.is_visible():
            self.page.goto(f"/worklist?whose={'mine' if item.assignee_id else 'free'}&due=all")
        self.press_part(link)
        self.answered(answer_by_keyboard(self.page, answers, ZONE))
        self.press_part('button[value="complete"]')
        problems = self.page.locator(".govuk-error-summary").all_inner_texts()
        assert not problems, (item.uses, problems, answers)
        expect(self.page.get_by_role("heading", name="Saved")).to_be_visible()


@pytest.fixture
def desk(browser: Browser, address: str, portal: Portal) -> Iterator[Desk]:
    """Return a browser on a desk, one on a phone, and one in which no script runs, and sit four people down."""
    for first, others in TEAM.items():
        for role in others:
            portal.rows(
                "INSERT INTO membership (actor_id, unit_id, role) VALUES (:actor, :unit, :role) ON CONFLICT DO NOTHING",
                actor=portal.people[first].actor_id, unit=portal.unit, role=role,
            )  # fmt: skip
    people = {first: portal.engine.ask_all(as_viewer, portal.people[first].actor_id) for first in TEAM}
    contexts = [
        browser.new_context(
            viewport={"width": width, "height": 800}, base_url=address, java_script_enabled=scripts, locale="en-US"
        )
        for width, scripts in DEVICES
    ]
    pages = [context.new_page() for context in contexts]
    four = {role: people[first] for first, more in TEAM.items() for role in (first, *more)}
    yield Desk(cycle(pages), pages[0], portal, four)
    for context in contexts:
        context.close()


def test_four_people_bring_a_child_home_from_the_report_to_the_end(desk: Desk, portal: Portal) -> None:
    story = read_story(STORIES / "cs-01.yaml")
    desk.told = frozenset(event.step for event in story.timeline)
    portal.clock.move_to(story.opened_at)
    case_id = _report(desk)
    world = World(portal.engine, portal.clock, RecordingChannel(), portal.urls.owner)
    play = Play(world, story, desk.four, case_id, complete=desk.complete)
    go_on(play, until=story.instant_of("triage"))
    _ask_a_shelter(desk, case_id)
    go_on(play, after=story.instant_of("triage"), until=None)
    assert not play.differences
    assert {event.label for event in play.events} == {event.label for event in story.timeline}
    _close(desk, case_id)
    assert portal.of(CaseStore).read(case_id).case.status is CaseStatus.CLOSED
    _hold_costs(desk)


def _report(desk: Desk) -> UUID:
    desk.let("intake_officer", "Report")
    page = desk.page
    desk.press("Report")
    choose(page, "Is anyone in danger right now?", 0)
    choose(page, "Is it safe to talk, now and if we call back?", 0)
    choose(page, "May we write this down?", 0)
    choose(page, "Could the person be under 18?", 0)
    pick(page, "What is it about?", "Forced or bonded")
    write(page, "What happened?", "A girl of about thirteen works in a flat.")
    desk.answered(6)
    desk.press("Save the report")
    expect(page.get_by_role("heading", name="Saved")).to_be_visible()
    return UUID(page.locator('a[href^="/cases/"]').first.get_attribute("href").split("/")[2])


def _ask_a_shelter(desk: Desk, case_id: UUID) -> None:
    case = f"/cases/{case_id}"
    desk.let("case_manager", "Refer", case)
    page = desk.page
    desk.press("Sharing")
    desk.press("What was sent")
    desk.press("Send something")
    pick(page, "Who are you asking?", "A partner outside")
    write(page, "What is the partner called?", "House of Hope")
    pick(page, "What kind of body is it?", "Shelter")
    pick(page, "What is the purpose?", "Shelter")
    pick(page, "What help is needed?", "A safe place")
    choose(page, "How soon must they answer?", 0)
    pick(page, "What allows you to share this?", "Without consent: a child")
    tick(page, "Where the person lives or was seen")
    tick(page, "Person 1")
    desk.answered(9)
    desk.press("Send the request")
    desk.let("supervisor", "Release what is sent", f"{case}/sent")
    desk.press("I release this")
    desk.let("case_manager", "Make a link for a partner", f"{case}/sent")
    desk.press("Make a link and a code")
    path, code = secrets_on(desk.page)
    page = desk.page = next(desk.pages)
    page.context.clear_cookies()
    desk.sits.pop(page, None)
    desk.task = "Accept, by link"
    desk.costs[desk.task] = Counter(pages=1)
    page.goto(path)
    write(page, "Your code", code)
    desk.answered(1)
    desk.press("Open the request")
    write(page, "A number at which you can be rung", "+91 364 222 1000")
    desk.answered(1)
    desk.press("Accept this work")
    expect(page.get_by_role("heading", name="You accepted")).to_be_visible()


def _close(desk: Desk, case_id: UUID) -> None:
    desk.let("case_manager", "Close", f"/cases/{case_id}")
    unfold(desk.page, "More that can be done")
    desk.press("Close this case")
    pick(desk.page, "Why?", "The")
    desk.answered(1)
    desk.press("Close this case")
    desk.let("supervisor", "Agree to close", f"/cases/{case_id}")
    desk.press("Answer it")
    desk.press("Close the case")


def _hold_costs(desk: Desk) -> None:
    """Hold what each task took of people against the table of the reference."""
    found = {task: (cost["pages"], cost["presses"], cost["answers"]) for task, cost in desk.costs.items()}
    rows = re.findall(r"^\| ([^|]+?) \| (\d+) \| (\d+) \| (\d+) \|$", COSTS.read_text(encoding="utf-8"), re.MULTILINE)
    most = {task: tuple(map(int, figures)) for task, *figures in rows}
    table = "\n".join(f"| {task} | {' | '.join(map(str, figures))} |" for task, figures in found.items())
    assert most.keys() == found.keys(), table
    dearer = {task for task, figures in found.items() if any(map(gt, figures, most[task]))}
    assert not dearer, table
