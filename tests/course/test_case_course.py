"""On the page of a case: open it again, close it, begin a further workflow, call a step off; each with its reason."""

import re
from uuid import UUID

from httpx2 import Response
from starlette.testclient import TestClient

from engine.approvals.views import waiting
from engine.audit.views import readers
from engine.cases.store import CaseStore
from tests.kit.portal import Portal, Reported, hidden
from tests.web.test_changes import complete_intake

_WORDS = "Zara wrote to us from the village."


def _agree_to_close(portal: Portal) -> None:
    (line,) = portal.engine.ask(waiting, portal.people["supervisor"])
    done = portal.as_role("supervisor").post(f"/waiting/{line.id}", data={"answer": "yes"})
    assert "Your answer was recorded" in done.text


def _notes(page: str) -> list[str]:
    """Return the reason to close that a page of a case tells, and what its link says."""
    found = re.findall(
        r"asks to close the case although something is still open in it: “([^”]+)”\.</strong> <a[^>]*>([^<]+)", page
    )
    return [f"{reason}. {link}" for reason, link in found]


def test_a_case_is_closed_opened_again_and_goes_on_from_its_page(portal: Portal) -> None:
    case, _ = complete_intake(portal)
    lead = portal.as_role("case_manager")
    page = lead.get(case.page).text
    for name in ("begin", "close"):
        assert f'href="{case.page}/{name}"' in page
    assert f"{case.page}/reopen" not in page
    wrong = lead.post(f"{case.page}/close", data=_given(lead, case, "close", reason_code=""))
    assert wrong.status_code == 422
    assert "Choose a reason." in wrong.text
    closed = lead.post(f"{case.page}/close", data=_given(lead, case, "close", reason_code="duplicate"))
    assert "A second person has to agree" in closed.text
    assert f"{case.page}/reopen" not in closed.text
    assert _notes(lead.get(case.page).text) == ["Another case is about the same matter. A second person has to agree"]
    assert _notes(portal.as_role("supervisor").get(case.page).text) == [
        "Another case is about the same matter. Answer it"
    ]
    assert _notes(portal.as_role("caseworker").get(case.page).text) == []
    assert "“Another case is about the same matter”" in portal.as_role("supervisor").get("/waiting").text
    _agree_to_close(portal)
    assert f'href="{case.page}/reopen"' in lead.get(case.page).text
    assert _notes(lead.get(case.page).text) == []
    assert "/reopen" not in portal.as_role("caseworker").get(case.page).text
    stopped = lead.post(f"{case.page}/reopen", data=_given(lead, case, "reopen", reason_code="new_facts", words=_WORDS))
    assert stopped.status_code == 422
    assert "choose one that begins" in stopped.text
    assert _WORDS in stopped.text, "nothing has to be typed twice"
    again = _given(lead, case, "reopen", reason_code="new_facts", words=_WORDS, workflow="reported-concern")
    opened = lead.post(f"{case.page}/reopen", data=again)
    assert "The case is open again." in opened.text
    assert lead.post(f"{case.page}/reopen", data=again).status_code == 200, "a double click"
    assert opened.text.count("reported-concern") == lead.get(case.page).text.count("reported-concern")
    begun = lead.post(f"{case.page}/begin", data=_given(lead, case, "begin", workflow="identity-leak"))
    assert "The workflow has begun." in begun.text
    assert lead.post(f"{case.page}/begin", data=_given(lead, case, "begin", workflow="no-such")).status_code == 422


def test_the_words_of_a_reason_are_shown_by_a_recorded_act_only(portal: Portal) -> None:
    case, _ = complete_intake(portal)
    lead = portal.as_role("case_manager")
    lead.post(f"{case.page}/close", data=_given(lead, case, "close", reason_code="false_alarm", words=_WORDS))
    _agree_to_close(portal)
    told = lead.get(f"{case.page}/history").text
    assert "The case was closed: it was a false alarm." in told
    assert _WORDS not in told
    assert _WORDS in lead.post(f"{case.page}/history/words").text
    assert _count(portal, case) == 1
    auditor = portal.as_role("auditor")
    assert f"{case.page}/history/words" not in auditor.get(f"{case.page}/history").text
    assert auditor.post(f"{case.page}/history/words").status_code == 403


def test_a_step_is_called_off_from_its_page_with_a_reason(portal: Portal) -> None:
    case, _ = complete_intake(portal)
    worker = portal.as_role("caseworker")
    live = _live_step(portal, case)
    assert f'href="{live}/cancel"' in worker.get(live).text
    keys = {"command_id": hidden(worker.get(f"{live}/cancel").text, "command_id")}
    assert worker.post(f"{live}/cancel", data=keys | {"reason_code": "bored"}).status_code == 422
    done = worker.post(f"{live}/cancel", data=keys | {"reason_code": "done_elsewhere", "words": _WORDS})
    assert "The step was cancelled." in done.text
    assert "This step is over" in worker.get(f"{live}/cancel").text
    assert f"{live}/cancel" not in worker.get(live).text
    assert "was cancelled: it was done elsewhere." in worker.get(f"{case.page}/history").text


def test_calling_off_the_last_step_leads_to_the_page_that_closes_the_case(portal: Portal) -> None:
    case, _ = complete_intake(portal)
    worker = portal.as_role("caseworker")
    *others, last = _live_steps(portal, case)
    assert [_call_off(worker, step).status_code for step in others] == [200] * len(others)
    refused = _call_off(worker, last)
    assert refused.status_code == 422
    assert "whoever leads the case can use “Close this case” on its page" in refused.text
    assert _live_steps(portal, case) == [last], "also while automatic steps are not done yet"


def _given(client: TestClient, case: Reported, act: str, **typed: str) -> dict[str, str]:
    return typed | {"command_id": hidden(client.get(f"{case.page}/{act}").text, "command_id")}


def _call_off(client: TestClient, step: str) -> Response:
    key = hidden(client.get(f"{step}/cancel").text, "command_id")
    return client.post(f"{step}/cancel", data={"command_id": key, "reason_code": "not_needed"})


def _live_step(portal: Portal, case: Reported) -> str:
    return _live_steps(portal, case)[0]


def _live_steps(portal: Portal, case: Reported) -> list[str]:
    state = portal.of(CaseStore).read(UUID(case.page.rpartition("/")[2]))
    live = [step for step in state.steps.values() if step.status == "ready" and not step.automatic]
    return [f"{case.page}/steps/{step.id}" for step in live]


def _count(portal: Portal, case: Reported) -> int:
    viewer = portal.people["case_manager"]
    lines = portal.engine.ask(readers, viewer, UUID(case.page.rpartition("/")[2]))
    return sum("reasons" in line.what for line in lines)
