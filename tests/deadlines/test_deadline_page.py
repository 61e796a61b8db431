"""What people see and do on the page of a deadline: why it falls then, pauses, more time, whose delay, the ledger."""

import re
from datetime import timedelta
from uuid import uuid4

from starlette.testclient import TestClient

from engine.cases.actions.open import open_case
from engine.deadlines.views.lists import delays
from tests.kit.portal import Portal, Reported, agree, report_case

LAWFUL = """workflow: by-law
version: 1
title: A limit of the law
case_type: trafficking
start: {on: hand}
steps:
  intake:
    uses: reporting.intake
    time: {from: start, law: IN-JJ-PROD-24H, ladder: standard}
"""

TOLD = {
    "narrative": "x", "concern": "forced_labour", "is_child_suspected": "no", "immediate_danger": False,
    "safe_to_call": True, "consent_to_record": "yes",
}  # fmt: skip


def deadline_of(client: TestClient, case: Reported) -> str:
    found = re.search(rf'href="({case.page}/deadlines/[0-9a-f-]+)"', client.get(f"{case.page}/time").text)
    return found.group(1)


def reported(portal: Portal) -> tuple[Reported, str]:
    client = portal.as_role("intake_officer")
    case = report_case(client)
    return case, deadline_of(client, case)


def local(portal: Portal, span: timedelta) -> str:
    return f"{portal.clock.now() + timedelta(hours=5, minutes=30) + span:%Y-%m-%dT%H:%M}"


def test_the_page_says_line_by_line_why_and_who_is_told_when(portal: Portal) -> None:
    _, page = reported(portal)
    text = portal.as_role("intake_officer").get(page).text
    assert "It starts with" in text
    assert "The limit is 30 minutes" in text
    assert "So it is due" in text
    assert "Network target" in text
    assert "Level 1" in text
    assert "planned" in text
    assert "No one yet." in text


def test_a_pause_needs_a_reason_and_an_end_and_says_so_beside_the_fields(portal: Portal) -> None:
    _, page = reported(portal)
    client = portal.as_role("intake_officer")
    answer = client.post(f"{page}/pause", data={"command_id": str(uuid4())})
    assert answer.status_code == 422
    assert "Choose a reason." in answer.text
    assert 'href="#until"' in answer.text
    past = {"reason": "person_away", "until": local(portal, timedelta(hours=-1)), "command_id": str(uuid4())}
    answer = client.post(f"{page}/pause", data=past)
    assert answer.status_code == 422
    assert "This has already passed." in answer.text
    assert 'value="person_away" selected' in answer.text, "what was chosen is still there"


def test_a_limit_stands_still_goes_on_and_sending_twice_pauses_once(portal: Portal) -> None:
    case, page = reported(portal)
    client = portal.as_role("intake_officer")
    form = {"reason": "person_away", "until": local(portal, timedelta(hours=5)), "command_id": str(uuid4())}
    for _ in range(2):
        answer = client.post(f"{page}/pause", data=form)
        assert answer.status_code == 200, answer.text
        assert "Paused until" in answer.text
    assert answer.text.count("Paused from") == 1
    assert "paused until" in client.get(case.page).text
    portal.let_time_pass(timedelta(hours=1))
    assert "It was missed" not in client.get(page).text, "nothing fires in a pause"
    answer = client.post(f"{page}/resume", data={"command_id": str(uuid4())})
    assert "The deadline has resumed." in answer.text
    assert "Paused until" not in answer.text
    assert "was paused" in client.get(f"{case.page}/history").text


def test_more_time_is_asked_for_by_one_and_given_by_another(portal: Portal) -> None:
    case, page = reported(portal)
    asker, lead = portal.as_role("caseworker"), portal.as_role("supervisor")
    missing = asker.post(f"{page}/ask", data={"more": "P3X", "command_id": str(uuid4())})
    assert missing.status_code == 422
    assert "Say how much more time" in missing.text
    form = {"more": "PT4H", "extension_reason": "far_away", "command_id": str(uuid4())}
    too_much = asker.post(f"{page}/ask", data=form)
    assert too_much.status_code == 422
    assert "This is more than the workflow allows" in too_much.text
    asked = asker.post(f"{page}/ask", data=form | {"more": "PT10M", "command_id": str(uuid4())})
    assert "A second person has to answer" in asked.text
    assert f"{page}/answer" not in asked.text
    listed = lead.get("/worklist").text
    assert "Requests for more time (1)" in listed
    assert page in listed
    assert "Requests for more time" not in portal.as_role("caseworker").get("/worklist").text
    before = lead.get(page).text
    assert "asks for 10 minutes more" in before
    own = asker.post(f"{page}/answer", data={"answer": "give", "command_id": str(uuid4())})
    assert own.status_code == 403
    given = lead.post(f"{page}/answer", data={"answer": "give", "command_id": str(uuid4())})
    assert "You gave more time" in given.text
    assert "Given" in given.text
    again = lead.post(f"{page}/answer", data={"answer": "refuse", "command_id": str(uuid4())})
    assert again.status_code == 422, "there is nothing left to answer"
    assert "More time for" in lead.get(f"{case.page}/history").text


def test_a_limit_of_the_law_has_no_buttons_and_says_why(portal: Portal) -> None:
    lead = portal.as_role("case_manager")
    assert "is waiting for a second" in lead.post("/workflows/new", data={"source": LAWFUL, "action": "publish"}).text
    agree(portal)
    opened = portal.act(open_case, answers=TOLD, unit_id=portal.unit, by="case_manager", workflow="by-law")
    case = Reported(opened.case_number, f"/cases/{opened.case_id}", "")
    page = deadline_of(lead, case)
    text = lead.get(page).text
    assert "The law pack sets this limit." in text
    assert "network target, based on" in text, "no lawyer has signed it yet, so it is not called law"
    for button in ("pause", "resume", "ask"):
        assert f'action="{page}/{button}"' not in text
    form = {"reason": "person_away", "until": local(portal, timedelta(hours=5)), "command_id": str(uuid4())}
    refused = lead.post(f"{page}/pause", data=form)
    assert refused.status_code == 422
    assert "no one here can pause it" in refused.text


def test_where_a_journey_led_is_shown_only_to_who_may_reveal_and_that_is_written_down(portal: Portal) -> None:
    lead = portal.as_role("case_manager")
    opened = portal.act(open_case, answers=TOLD, unit_id=portal.unit, by="case_manager", workflow="by-law")
    case = Reported(opened.case_number, f"/cases/{opened.case_id}", "")
    page = deadline_of(lead, case)
    step = re.search(rf"{case.page}/steps/[0-9a-f-]+", lead.get(f"{case.page}/steps").text)
    times = {"start": local(portal, -timedelta(hours=2)), "end": local(portal, -timedelta(hours=1))}
    told = times | {"evidence": "Logbook 81", "command_id": str(uuid4())}
    alone = lead.post(f"{step.group(0)}/journey", data=told)
    assert alone.status_code == 422
    assert "Also say from where to where." in alone.text
    assert "Logbook 81" in alone.text, "what was typed is not lost"
    lead.post(f"{step.group(0)}/journey", data=told | {"place": "Xanadu"})
    assert "The place is recorded." in lead.get(page).text
    assert not [word for word in ("Xanadu", "Logbook 81") if word in lead.get(page).text]
    shown = lead.post(f"{page}/places").text
    assert "It led to: <strong>Xanadu</strong>. What shows it: <strong>Logbook 81</strong>." in shown
    assert "Someone looked at the places of the journeys" in lead.get(f"{case.page}/history").text
    assert "Xanadu" not in lead.get(page).text, "it is shown once"
    officer = portal.as_role("finance_officer")
    assert "Show the places" not in officer.get(page).text
    assert officer.post(f"{page}/places").status_code == 403


def test_only_who_leads_says_whose_delay_it_is(portal: Portal) -> None:
    _, page = reported(portal)
    portal.let_time_pass(timedelta(hours=2))
    assert f"{page}/owner" not in portal.as_role("intake_officer").get(page).text
    lead = portal.as_role("supervisor")
    assert lead.post(f"{page}/owner", data={"owner": "nobody", "command_id": str(uuid4())}).status_code == 422
    named = lead.post(f"{page}/owner", data={"owner": "other_body", "command_id": str(uuid4())})
    assert "It was recorded who is responsible for the delay" in named.text
    report = lead.get("/delays").text
    assert "Kept of ours" in report
    lines = portal.engine.ask_board(delays, portal.people["supervisor"])
    assert lines[0].late["other_body"] == 1
    assert lines[0].late_in_all >= 1


def test_the_ledger_shows_each_channel_by_itself_and_who_has_seen_it(portal: Portal) -> None:
    _, page = reported(portal)
    portal.let_time_pass(timedelta(hours=2))
    told = portal.as_role("supervisor")
    text = told.get(page).text
    assert "On the page" in text
    assert "shown, not read yet" in text
    assert "E-mail" in text
    assert "I have seen this" in text
    assert "I have seen this" not in portal.as_role("counsellor").get(page).text
    seen = told.post(f"{page}/acknowledge", data={"command_id": str(uuid4())})
    assert "It was recorded that you have seen this." in seen.text
    assert portal.people["supervisor"].name in seen.text
    assert "I have seen this" not in seen.text


def test_a_deadline_is_found_only_under_its_own_case(portal: Portal) -> None:
    (first, page), (second, _) = reported(portal), reported(portal)
    wrong = page.replace(first.page, second.page)
    assert portal.as_role("intake_officer").get(wrong).status_code == 404
