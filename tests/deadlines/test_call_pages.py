"""What people see and do about whom to ring: beside the late work on every page, and never among the work."""

import re
from datetime import timedelta
from html import unescape
from uuid import UUID, uuid4

import pytest
from starlette.testclient import TestClient

from engine.overview.views.case import case_page
from engine.work.actions.items import release_work_item
from engine.work.views.worklist import worklist
from tests.kit.portal import Portal, Reported, hidden, report_case

pytestmark = pytest.mark.long

SAID = "She is on her way to the gate."


@pytest.fixture
def late(portal: Portal) -> Reported:
    """Report a case whose first step is an hour late: the supervisor is to be rung."""
    case = report_case(portal.as_role("intake_officer"))
    portal.let_time_pass(timedelta(minutes=31))
    portal.let_time_pass(timedelta(minutes=31))
    return case


def strip_of(page: str) -> str:
    """Return the strip of the first step of a case; other steps of it can be late too."""
    found = re.findall(r'<section class="icmc-note icmc-note--late.*?</section>', page, re.DOTALL)
    return unescape(next((strip for strip in found if "<strong>Record report</strong>" in strip), ""))


def calls_page(page: str) -> str:
    found = re.search(r'action="(/cases/[0-9a-f-]+/steps/[0-9a-f-]+/calls)"', strip_of(page))
    return found.group(1)


def filled(portal: Portal, page: str, **answers: str) -> dict[str, str]:
    now = portal.clock.now() + timedelta(hours=5, minutes=30)
    return {
        "command_id": hidden(page, "command_id"), "call": hidden(strip_of(page), "call"),
        "called_at": f"{now:%Y-%m-%dT%H:%M}",
    } | answers  # fmt: skip


def worklist_rows(client: TestClient) -> list[str]:
    table = client.get("/worklist").text
    return re.findall(r"<tr class=.*?</tr>", table, re.DOTALL)


def test_the_strip_stands_on_the_item_on_the_case_and_in_the_row_of_the_worklist(
    portal: Portal, late: Reported
) -> None:
    client = portal.as_role("intake_officer")
    for page in (late.item, f"{late.page}/time"):
        strip = strip_of(client.get(page).text)
        assert "Late: ring someone" in strip
        assert portal.people["supervisor"].name in strip
        assert late.number in strip
        assert "It was due by" in strip
    [row] = [row for row in worklist_rows(client) if late.number in row]
    assert f"Ring {portal.people['supervisor'].name}" in row
    assert "late-calls" not in client.get("/worklist").text, "what is in the row is told once"


def test_who_is_to_ring_and_has_not_the_item_finds_it_folded_away_above_the_list(
    portal: Portal, late: Reported
) -> None:
    page = portal.as_role("caseworker").get("/worklist").text
    folded = re.search(r'<details class="govuk-details" id="late-calls">.*?</details>', page, re.DOTALL)
    assert late.number in folded.group(0)
    assert not [row for row in re.findall(r"<tr class=.*?</tr>", page, re.DOTALL) if late.number in row]
    assert "Telephone" not in page
    supervisor = portal.as_role("supervisor").get("/worklist").text
    assert late.number not in supervisor, "nobody is asked to ring themselves"


def test_a_call_is_written_down_from_the_strip_and_what_was_said_is_read_by_a_recorded_act(
    portal: Portal, late: Reported
) -> None:
    client = portal.as_role("caseworker")
    page = client.get(f"{late.page}/time").text
    address = calls_page(page)
    nothing = client.post(address, data=filled(portal, page, called_at="", words=SAID))
    assert nothing.status_code == 422
    assert "Choose what came of it." in nothing.text
    assert "Give a date and time" in nothing.text
    assert SAID in nothing.text, "what was typed stays"
    missed = client.post(address, data=filled(portal, page, outcome="not_reached", words=SAID))
    assert "The call was recorded." in missed.text
    strip = strip_of(missed.text)
    assert f"{portal.people['caseworker'].name} rang: not reached; what was said:" in strip
    assert SAID not in missed.text
    assert SAID in client.post(f"{late.page}/history/words").text
    again = client.post(address, data=filled(portal, page, outcome="acknowledged"))
    assert "No one needs to be rung about this now." in again.text
    assert "acknowledged" in str(portal.engine.ask(case_page, portal.people["supervisor"], _id(late)).escalations)
    assert strip_of(client.get(f"{late.page}/time").text) == ""
    assert "reached, and they are dealing with it" in client.get(f"{late.page}/time").text, "the ledger keeps it"


def test_the_strip_is_gone_with_an_acknowledgement(portal: Portal, late: Reported) -> None:
    client = portal.as_role("supervisor")
    page = client.get(f"{late.page}/time").text
    assert strip_of(page) == "", "nobody is asked to ring themselves"
    address = calls_page(portal.as_role("case_manager").get(f"{late.page}/time").text)
    deadline = next(
        one for one in portal.engine.ask(case_page, portal.people["supervisor"], _id(late)).deadlines if one.calls
    )
    client.post(f"{late.page}/deadlines/{deadline.id}/acknowledge", data={"command_id": str(uuid4())})
    assert strip_of(portal.as_role("case_manager").get(f"{late.page}/time").text) == ""
    assert "No one needs to be rung about this now." in portal.as_role("case_manager").get(address).text


def test_a_form_that_names_nobody_who_is_to_be_rung_changes_nothing(portal: Portal, late: Reported) -> None:
    client = portal.as_role("caseworker")
    page = client.get(f"{late.page}/time").text
    wrong = client.post(calls_page(page), data=filled(portal, page, call=str(uuid4()), outcome="reached"))
    assert (wrong.status_code, "Choose who you rang." in wrong.text) == (422, True)
    assert client.post(f"{late.page}/steps/{uuid4()}/calls", data={}).status_code == 404


def test_a_free_item_has_its_strip_in_its_row_too(portal: Portal, late: Reported) -> None:
    viewer = portal.people["intake_officer"]
    item = portal.engine.ask(worklist, viewer, limit=50)
    [mine] = [one for one in item if one.case_number == late.number]
    portal.act(release_work_item, mine.id, by=viewer)
    client = portal.as_role("intake_officer")
    [row] = [row for row in worklist_rows(client) if late.number in row]
    assert "Ring " in row


def _id(late: Reported) -> UUID:
    return UUID(late.page.rsplit("/", 1)[-1])
