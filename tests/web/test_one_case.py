"""One case through the pages, from the report to what follows."""

import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from starlette.testclient import TestClient

from engine.overview.pages import cases
from engine.work.store import ItemStore
from tests.kit.portal import REPORT, Portal, hidden, report_case


def test_a_report_of_six_answers_becomes_a_case_with_a_number_and_a_next_item(portal: Portal) -> None:
    client = portal.as_role("intake_officer")
    page = client.get("/report").text
    asked = set(re.findall(r'name="(a-\w+)"', page))
    assert asked == {*REPORT, "a-safe_to_leave_message"}
    answer = client.post("/report", data=REPORT | {"command_id": hidden(page, "command_id")})
    assert answer.status_code == 200
    assert "Case number" in answer.text
    assert "Continue with the report" in answer.text


def test_the_first_page_of_a_demo_says_what_it_is_and_each_of_its_four_doors_opens(portal: Portal) -> None:
    page = portal.anybody().get("/sign-in").text
    first = page.partition("Where to start")[2].partition("</ul>")[0]
    assert "the cases of people who were trafficked" in page.partition("Where to start")[0]
    doors = re.findall(r'name="actor_id" value="(.+?)"><input type="hidden" name="next" value="(.+?)"', first)
    assert [path for _, path in doors] == ["/report", "/worklist", "/cases", "/workflows", "/board"]
    for actor_id, path in doors:
        opened = portal.anybody().post("/become", data={"actor_id": actor_id, "next": path})
        assert (opened.status_code, opened.url.path) == (200, path)


def test_saving_the_same_report_page_twice_opens_one_case(portal: Portal) -> None:
    client = portal.as_role("intake_officer")
    data = REPORT | {"command_id": str(uuid4())}
    first = client.post("/report", data=data, follow_redirects=False)
    second = client.post("/report", data=data, follow_redirects=False)
    assert first.headers["location"] == second.headers["location"]


def test_what_is_missing_in_a_report_is_said_beside_its_question_and_nothing_typed_is_lost(portal: Portal) -> None:
    client = portal.as_role("intake_officer")
    data = {name: value for name, value in REPORT.items() if name != "a-concern"}
    answer = client.post("/report", data=data | {"command_id": str(uuid4())})
    assert answer.status_code == 422
    assert '<a href="#a-concern">' in answer.text
    assert 'id="a-concern-error"' in answer.text
    assert 'id="a-concern"' in answer.text
    assert REPORT["a-narrative"] in answer.text
    assert answer.text.count("<title>Error: ") == 1


def test_an_item_is_drafted_completed_once_and_leads_on(portal: Portal) -> None:
    client = portal.as_role("intake_officer")
    case = report_case(client)
    page = client.get(case.item).text
    assert REPORT["a-narrative"] in page
    keys = {name: hidden(page, name) for name in ("command_id", "revision")}
    drafted = client.post(case.item, data=REPORT | keys | {"a-language": "as", "action": "draft"})
    assert "Your draft was saved" in drafted.text
    assert 'value="as"' in drafted.text
    short = client.post(case.item, data=REPORT | keys | {"action": "complete"})
    assert short.status_code == 422
    whole = REPORT | keys | {
        "a-language": "as", "a-channel": "walk_in", "a-informant_relation": "neighbour", "a-informant_anonymous": "yes",
        "a-interpreter_needed": "no", "a-received_at": "2026-03-07T18:30", "action": "complete",
    }  # fmt: skip
    first = client.post(case.item, data=whole, follow_redirects=False)
    assert first.status_code == 303, first.text
    again = client.post(case.item, data=whole, follow_redirects=False)
    assert again.headers["location"] == first.headers["location"]
    assert "What opened" in client.get(first.headers["location"]).text


def test_a_number_and_an_instant_are_ticked_as_not_known_and_read_back_in_words(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    case = report_case(portal.as_role("intake_officer")).page
    item, step = _added(client, portal, case, "reporting.missing")
    keys = {"command_id": str(uuid4()), "revision": hidden(client.get(item).text, "revision")}
    told = keys | {
        "a-missing_name": "Rina", "a-sex": "female", "a-last_seen_place": "Nongpoh", "a-photo": "album 3",
        "a-last_seen_at": ["", "not_known"],
    }  # fmt: skip
    both = client.post(item, data=told | {"a-age": ["12", "not_known"], "action": "complete"})
    assert both.status_code == 422
    assert '<a href="#a-age">How old is the person? Give an answer or tick Not known, not both.</a>' in both.text
    for page in (both.text, client.post(item, data=told | {"a-age": ["12", "not_known"], "action": "draft"}).text):
        assert _ticked(page) == {"a-age", "a-last_seen_at"}
        assert 'name="a-age" type="text" value="12"' in page
    drafted = client.post(item, data=told | {"a-age": ["", "not_known"], "action": "draft"})
    assert _ticked(drafted.text) == {"a-age", "a-last_seen_at"}
    done = client.post(item, data=told | {"a-age": ["", "not_known"], "action": "complete"}, follow_redirects=False)
    assert done.status_code == 303, done.text
    page = client.get(step).text
    for label in ("How old is the person?", "When was the person last seen?"):
        assert re.search(rf"{re.escape(label)}</dt>\s*<dd[^>]*>\s*Not known", page), label
    assert "not_known" not in page


def _ticked(page: str) -> set[str]:
    return set(re.findall(r'name="(a-\w+)" type="checkbox" value="not_known" checked', page))


def _added(client: TestClient, portal: Portal, case: str, uses: str) -> tuple[str, str]:
    """Add a step to a case; returns the page where it is done, and the one where it is shown."""
    data = {"uses": uses, "title": "", "limit": "P7D", "command_id": str(uuid4())}
    assert client.post(f"{case}/add-step", data=data, follow_redirects=False).status_code == 303
    items = portal.of(ItemStore).open_of_case(UUID(case.rpartition("/")[2]))
    [found] = [item for item in items if item.uses == uses]
    return f"/items/{found.id}", f"{case}/steps/{found.step_id}"


def test_a_late_sender_sees_what_happened_and_keeps_what_they_typed(portal: Portal) -> None:
    client, other = portal.as_role("intake_officer"), portal.as_role("case_manager")
    case = report_case(client)
    page = client.get(case.item).text
    keys = {name: hidden(page, name) for name in ("command_id", "revision")}
    ended = client.post(case.item, data=keys | {"action": "cannot", "outcome": "not_needed", "reason": "entered twice"})
    assert ended.status_code == 200
    late = other.post(case.item, data=REPORT | keys | {"command_id": str(uuid4()), "action": "complete"})
    assert late.status_code == 409
    assert REPORT["a-narrative"] in late.text


def test_an_outcome_other_than_done_needs_a_reason(portal: Portal) -> None:
    client = portal.as_role("intake_officer")
    case = report_case(client)
    page = client.get(case.item).text
    keys = {name: hidden(page, name) for name in ("command_id", "revision")}
    answer = client.post(case.item, data=keys | {"action": "cannot", "outcome": "refused_by_person"})
    assert answer.status_code == 422
    assert '<a href="#reason">' in answer.text


def test_the_case_page_has_twelve_lanes_and_hides_who_it_is_about(portal: Portal) -> None:
    client = portal.as_role("intake_officer")
    case = report_case(client)
    page = client.get(f"{case.page}/steps").text
    assert len(re.findall(r'<li class="icmc-lane ', page)) == 12
    assert REPORT["a-narrative"] not in page
    assert case.number in page


def test_a_breach_shows_on_the_case_page_with_its_ledger(portal: Portal) -> None:
    client = portal.as_role("intake_officer")
    case = report_case(client)
    portal.let_time_pass(timedelta(hours=2))
    assert "overdue by" in client.get(case.page).text
    page = client.get(f"{case.page}/time").text
    assert "overdue by" in page
    assert "Why this date?" in page
    why = re.search(rf'href="({case.page}/deadlines/[0-9a-f-]+)"', page)
    explained = client.get(why.group(1))
    assert explained.status_code == 200
    assert "Asia/Kolkata" in explained.text


def test_masked_answers_are_shown_after_a_recorded_act_only(portal: Portal) -> None:
    client = portal.as_role("intake_officer")
    case = report_case(client)
    page = client.get(case.page).text
    person = re.search(rf'href="({case.page}/persons/[0-9a-f-]+)"', page)
    name = f"Invented {uuid4().hex[:6]}"
    client.post(f"{person.group(1)}/identify", data={"name": name, "command_id": str(uuid4())})
    assert name not in client.get(person.group(1)).text
    assert name in client.post(f"{person.group(1)}/reveal").text
    assert "looked at the identity" in client.get(f"{case.page}/history").text


def test_somebody_of_another_role_cannot_take_the_item_and_is_told_so(portal: Portal) -> None:
    case = report_case(portal.as_role("intake_officer"))
    answer = portal.as_role("lawyer").get(case.item)
    assert answer.status_code == 403
    assert "Traceback" not in answer.text


def test_the_page_of_a_long_history_leads_to_its_other_lines(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "LINES", 4)
    client = portal.as_role("intake_officer")
    case = report_case(client)
    latest = client.get(f"{case.page}/history").text
    assert latest.count("icmc-timeline__at") == 4
    assert "Later lines" not in latest
    earlier = client.get(_linked(latest, case.page, "before")).text
    later = client.get(_linked(earlier, case.page, "after")).text
    assert re.findall("timeline__at.>[^<]+", later) == re.findall("timeline__at.>[^<]+", latest)


def _linked(page: str, case: str, where: str) -> str:
    found = re.search(rf'href="({case}/history\?{where}=\d+)"', page)
    assert found
    return found[1]
