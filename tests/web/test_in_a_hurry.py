"""What people in a hurry type and press loses nothing, and is understood."""

import re
from html import unescape
from uuid import UUID, uuid4

from starlette.testclient import TestClient

from engine.cases.actions.public import receipt_code
from tests.kit.portal import REPORT, Portal, Reported, hidden, report_case

TYPED = "She is afraid of the man at the gate."


def free_item(client: TestClient) -> str:
    """Report a case, and give its first item back: it was with whoever reported."""
    item = report_case(client).item
    assert client.post(f"{item}/release").status_code == 200
    return item


def in_summary(page: str) -> list[str]:
    found = re.search(r'govuk-error-summary__list">(.*?)</ul>', page, re.DOTALL)
    return [unescape(line) for line in re.findall(r">([^<]+)</a>", found.group(1))] if found else []


def list_of_cases(client: TestClient, number: str, status: str = "open") -> str:
    return client.get("/cases", params={"number": number, "status": status}).text


def test_the_summary_of_problems_says_of_which_question_each_one_is(portal: Portal) -> None:
    client = portal.as_role("intake_officer")
    lines = in_summary(client.post("/report", data={"command_id": str(uuid4())}).text)
    assert len(lines) == len(set(lines)) == len(REPORT)
    assert f">{len(lines)} questions must be answered.<" in client.get("/report").text
    assert "What happened? Answer this question." in lines


def test_the_summary_of_a_form_names_its_questions_too(portal: Portal) -> None:
    client = portal.as_role("intake_officer")
    item = report_case(client).item
    nothing = {"action": "complete", "command_id": str(uuid4()), "revision": hidden(client.get(item).text, "revision")}
    lines = in_summary(client.post(item, data=nothing).text)
    assert len(lines) == len(set(lines)) > 3
    assert not [line for line in lines if line.startswith("Answer")]


def test_what_was_typed_before_taking_an_item_is_still_there_afterwards(portal: Portal) -> None:
    client = portal.as_role("intake_officer")
    item = free_item(client)
    page = client.get(item).text
    assert re.search(r'<button[^>]+form="form"[^>]+value="take"', page)
    sent = REPORT | {"a-narrative": TYPED, "action": "take", "command_id": hidden(page, "command_id")}
    taken = client.post(item, data=sent).text
    assert "You have taken this work." in taken
    assert TYPED in taken
    assert 'value="take"' not in taken


def test_two_who_take_an_item_from_its_page_lose_nothing_that_they_typed(portal: Portal) -> None:
    first, second = portal.as_role("intake_officer"), portal.as_role("case_manager")
    item = free_item(first)
    page = second.get(item).text
    first.post(item, data={"action": "take", "command_id": str(uuid4())})
    late = second.post(item, data={"a-narrative": TYPED, "action": "take", "command_id": hidden(page, "command_id")})
    assert late.status_code == 409
    assert TYPED in late.text


def test_giving_an_item_away_begins_with_nobody(portal: Portal) -> None:
    client = portal.as_role("intake_officer")
    item = free_item(client)
    page = client.post(item, data={"action": "take", "command_id": str(uuid4())}).text
    choice = re.search(r'<select[^>]+name="to">(.*?)</select>', page, re.DOTALL)
    assert choice.group(1).startswith('<option value="">')


def test_a_case_is_found_however_its_number_was_typed(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    reported = report_case(portal.as_role("intake_officer"))
    plain = reported.number.lower().replace("-", "")
    for typed in (plain, plain[1:], reported.number.replace("-", " "), plain[1:6]):
        assert reported.page in list_of_cases(client, typed), typed


def test_a_number_is_looked_for_among_all_cases_when_none_is_where_it_was_sought(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    reported = report_case(portal.as_role("intake_officer"))
    assert reported.page in list_of_cases(client, reported.number, "closed")
    nobody = list_of_cases(client, "Rahima Khatun")
    assert "This list goes by number only" in nobody


def test_number_and_receipt_code_are_read_as_people_write_them(portal: Portal) -> None:
    reported: Reported = report_case(portal.as_role("intake_officer"))
    case_id = UUID(reported.page.rpartition("/")[2])
    code = receipt_code(portal.engine, case_id, viewer=portal.people["intake_officer"])
    for number in (reported.number.lower().replace("-", " "), reported.number.replace("-", ""), reported.number[2:]):
        answer = portal.anybody().post("/progress", data={"number": number, "code": code})
        assert "Received" in answer.text, number


def test_whoever_reported_is_told_the_whole_address_at_which_to_ask(portal: Portal) -> None:
    client = portal.as_role("intake_officer")
    saved = client.post("/report", data=REPORT | {"command_id": str(uuid4())})
    address = f"{portal.engine.portal_url}/progress"
    assert address not in saved.text, "nobody said yet who is on the line"
    for who, is_told in (("third", False), ("not_known", False), ("theirs", True)):
        assert (address in client.get(saved.url.copy_merge_params({"who": who})).text) is is_told, who
