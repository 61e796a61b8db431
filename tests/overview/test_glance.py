"""A case at a glance: how safe, what is next, what is late and who was notified, where it stands, what is new."""

import re
from datetime import timedelta
from uuid import UUID, uuid4
from xml.etree import ElementTree as ET

import pytest

from engine.core.policy import Viewer
from engine.overview.pages.glance import ROWS, late_lines, safety_of, tabs_of, time_line
from engine.overview.records import CaseView, StepView
from engine.overview.views.case import case_news, case_page
from engine.work.records import AnswerView
from tests.kit.network import START, Network
from tests.kit.portal import Portal, Reported, report_case
from tests.kit.shipped import registry

TABS = ("", "/steps", "/people", "/time", "/papers", "/sharing", "/diary", "/history")
SECTIONS = ("who", "next", "late", "stands", "news")


@pytest.fixture
def reported(portal: Portal) -> Reported:
    return report_case(portal.as_role("intake_officer"))


def page_of(portal: Portal, case: Reported, role: str = "case_manager") -> CaseView:
    return portal.engine.ask(case_page, portal.people[role], UUID(case.page.rpartition("/")[2]))


def section(page: str, name: str) -> str:
    return re.search(rf'<section aria-labelledby="{name}">.*?</section>', page, re.DOTALL).group(0)


def test_the_first_page_of_a_case_answers_five_questions(portal: Portal, reported: Reported) -> None:
    portal.let_time_pass(timedelta(hours=2))
    page = portal.as_role("case_manager").get(reported.page).text
    assert [name for name in SECTIONS if f'aria-labelledby="{name}"' in page] == list(SECTIONS)
    assert "No answer says yet whether they are safe." in section(page, "who")
    assert "Record report" in section(page, "next")
    assert "by <time" in section(page, "next")
    assert "overdue by" in section(page, "late")
    assert portal.people["supervisor"].name in section(page, "late"), "who was notified"
    assert len(re.findall(r'<li class="icmc-pillar ', section(page, "stands"))) == 12
    assert "You have not looked at this case before" in section(page, "news")


def test_what_was_last_answered_about_safety_stands_first(network: Network, lead: Viewer, visited: UUID) -> None:
    step = network.ask(case_page, lead, visited).steps[0]
    assert safety_of([step], registry().step_types) == ()

    def answered(hours: int, text: str, whom: str, *, masked: bool = False) -> StepView:
        answer = AnswerView(name="level", label="How great is the danger?", text=text, masked=masked)
        at = START + timedelta(hours=hours)
        changes = {"uses": "protection.safety", "answers": (answer,), "ended_at": at, "person_label": whom}
        return step.model_copy(update=changes)

    steps = [
        answered(1, "High", "Person 1"), answered(4, "Low", ""), answered(3, "Critical", "Person 1"),
        answered(2, "•••", "Person 2", masked=True),
    ]  # fmt: skip
    lines = safety_of(steps, registry().step_types)
    assert [(line.person_label, line.answer, line.masked) for line in lines] == [
        ("Person 1", "Critical", False), ("Person 2", "•••", True), ("", "Low", False),
    ]  # fmt: skip


def test_each_page_of_a_case_has_an_address_of_its_own_and_says_which_it_is(portal: Portal, reported: Reported) -> None:
    client = portal.as_role("case_manager")
    for tab in TABS:
        answer = client.get(f"{reported.page}{tab}")
        assert answer.status_code == 200, tab
        assert f'<a href="{reported.page}{tab}" aria-current="page">' in answer.text
        assert [one for one in TABS if f'<a href="{reported.page}{one}"' in answer.text] == list(TABS)
    assert client.get(f"/cases/{uuid4()}/time").status_code == 404


def test_a_page_of_a_case_is_written_down_before_it_is_shown(portal: Portal, reported: Reported) -> None:
    portal.as_role("caseworker").get(f"{reported.page}/people")
    told = portal.as_role("case_manager").get(f"{reported.page}/readings").text
    assert portal.people["caseworker"].name in told


def test_what_others_did_since_the_last_look_is_new_and_a_reload_does_not_lose_it(
    portal: Portal, reported: Reported
) -> None:
    client, case_id = portal.as_role("case_manager"), UUID(reported.page.rpartition("/")[2])
    client.get(reported.page)
    portal.let_time_pass(timedelta(minutes=40))
    viewer = portal.people["case_manager"]
    before = portal.engine.ask(case_news, viewer, case_id)
    assert before.looked_at is not None
    person = {"command_id": str(uuid4()), "role": "witness"}
    portal.as_role("intake_officer").post(f"{reported.page}/add-person", data=person)
    for _ in range(2):
        news = portal.engine.ask(case_news, viewer, case_id)
        assert any("added" in event.text for event in news.events), "somebody else's deed"
        client.get(reported.page)
    portal.let_time_pass(timedelta(minutes=40))
    assert not any("person" in one.text for one in portal.engine.ask(case_news, viewer, case_id).events)


def test_the_time_line_draws_each_limit_with_its_words_escaped(network: Network, lead: Viewer, visited: UUID) -> None:
    case = network.ask(case_page, lead, visited)
    first = case.deadlines[0].model_copy(update={"step_title": "<b> & others"})
    many = case.model_copy(update={"deadlines": (first, *case.deadlines * (ROWS + 3))})
    svg = ET.fromstring(time_line(many, now=first.due_at))  # noqa: S314 - drawn by us
    texts = [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert sum(": " in text for text in texts) == ROWS
    assert "now" in texts
    assert "<b>" not in time_line(many, now=first.due_at)
    assert time_line(case.model_copy(update={"deadlines": ()}), now=first.due_at) == ""


def test_places_of_the_time_line_keep_their_order(network: Network, lead: Viewer, visited: UUID) -> None:
    case = network.ask(case_page, lead, visited)
    one = case.deadlines[0]
    rows = tuple(
        one.model_copy(update={"ended_at": None, "due_at": one.started_at + timedelta(hours=2**hours)})
        for hours in range(9)
    )
    svg = time_line(case.model_copy(update={"deadlines": rows}), now=one.started_at + timedelta(hours=3))
    places = [float(place) for place in re.findall(r'<svg x="([\d.]+)%"', svg)]
    assert places == sorted(places)
    assert all(0 < place < 100 for place in places)


def test_of_a_case_that_is_shared_in_part_only_what_is_shared_has_a_page(
    network: Network, lead: Viewer, visited: UUID
) -> None:
    case = network.ask(case_page, lead, visited)
    part = case.model_copy(update={"is_own": False, "shows_work": False, "allowed": (), "persons": ()})
    assert [tab.key for tab in tabs_of(part)] == ["now", "papers"]
    assert [href.rpartition("/")[2] for tab in tabs_of(part) for href, _, _ in tab.pages] == ["files"]


def test_what_is_late_is_told_with_all_who_were_notified(portal: Portal, reported: Reported) -> None:
    for _ in range(3):
        portal.let_time_pass(timedelta(hours=1))
    case = page_of(portal, reported)
    lines = late_lines(case, portal.people["case_manager"].actor_id)
    assert [line.deadline.due_at for line in lines] == sorted(line.deadline.due_at for line in lines)
    reached = {name for level in case.escalations for name in level.recipients}
    assert {name for line in lines for name in line.told} == reached


def test_quick_exit_ends_the_session_for_our_own_pages_alone(portal: Portal) -> None:
    client = portal.as_role("caseworker")
    elsewhere = client.get("/exit", headers={"sec-fetch-site": "cross-site"}, follow_redirects=False)
    assert (elsewhere.status_code, elsewhere.headers["location"]) == (303, "https://www.bbc.com/weather")
    assert client.get("/worklist", follow_redirects=False).status_code == 200
    gone = client.get("/exit", headers={"sec-fetch-site": "same-origin"}, follow_redirects=False)
    assert gone.headers["location"] == "https://www.bbc.com/weather"
    assert client.get("/worklist", follow_redirects=False).headers["location"].startswith("/sign-in")


def test_quick_exit_is_what_the_keyboard_reaches_first(portal: Portal) -> None:
    page = portal.as_role("caseworker").get("/worklist").text
    assert "data-exit" in re.search(r"<a [^>]*>", page).group(0)
