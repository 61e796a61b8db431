"""The pages of the audit, of emergency access and of concerns, by every role that comes to them."""

import re
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.cases.actions.deciding import note_reading
from engine.rehearsal.world import people_of
from tests.kit.portal import REPORT, Portal, Reported, report_case

NAME = "KANARIENVOGEL"


@pytest.fixture(scope="module")
def reported(portal: Portal) -> Reported:
    made = report_case(portal.as_role("intake_officer"))
    for role in ("intake_officer", "case_manager"):
        assert portal.as_role(role).get(made.page).status_code == 200
    return made


@pytest.fixture(scope="module")
def stranger(portal: Portal) -> Any:
    """Give somebody who cares for people in another unit."""
    _, others = people_of(portal.engine, jurisdiction="IN-AS", label="Elsewhere")

    def client() -> Any:
        made = portal.anybody()
        answer = made.post("/become", data={"actor_id": str(others["caseworker"].actor_id)}, follow_redirects=False)
        assert answer.status_code == 303
        return made

    return client()


def test_an_auditor_sees_who_looked_at_what_and_no_content(portal: Portal, reported: Reported) -> None:
    client = portal.as_role("auditor")
    home = client.get("/cases").text
    assert 'href="/audit"' in home
    page = client.get(f"/audit?number={reported.number}").text
    assert portal.people["case_manager"].name in page
    assert "read: case" in page
    assert REPORT["a-narrative"] not in page
    only = client.get(f"/audit?actor={portal.people['intake_officer'].actor_id}&number={reported.number}").text
    assert f'</td><td data-label="Who">{portal.people["case_manager"].name}' not in only.replace("\n", "")
    assert "There is nothing to show" in client.get("/audit?until=2020-01-01").text


def test_the_same_lines_are_a_table_that_no_spreadsheet_takes_for_a_formula(portal: Portal, reported: Reported) -> None:
    portal.rows(f"UPDATE actor SET name = '=cmd()' WHERE id = '{portal.people['case_manager'].actor_id}'")
    answer = portal.as_role("auditor").get(f"/audit.csv?number={reported.number}")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "'=cmd()" in answer.text
    assert ",=cmd()" not in answer.text
    assert reported.number in answer.text


@pytest.mark.parametrize("role", ["caseworker", "case_manager", "press_officer", "system_administrator"])
def test_nobody_else_reads_the_audit(portal: Portal, role: str) -> None:
    for path in ("/audit", "/audit.csv"):
        assert portal.as_role(role).get(path).status_code == 403, path


def test_who_leads_a_case_sees_who_looked_each_day(portal: Portal, reported: Reported) -> None:
    client = portal.as_role("supervisor")
    assert f'href="{reported.page}/readings"' in client.get(f"{reported.page}/sharing").text
    note_reading(
        portal.engine, portal.people["supervisor"], UUID(reported.page.rpartition("/")[2]), "emergency-access", ()
    )
    page = client.get(f"{reported.page}/readings").text
    assert portal.people["intake_officer"].name in page
    assert "form" in page
    assert "emergency access" in page
    assert portal.as_role("caseworker").get(f"{reported.page}/readings").status_code == 403


def test_what_happened_is_told_to_the_person_without_a_name_of_anybody(portal: Portal, reported: Reported) -> None:
    client = portal.as_role("case_manager")
    assert f'href="{reported.page}/account"' in client.get(f"{reported.page}/people").text
    page = client.get(f"{reported.page}/account").text
    assert "The case was opened." in page
    assert "intake officer" in page
    main = page.partition("<main")[2].partition("</main>")[0]
    for viewer in portal.people.values():
        assert viewer.name not in main
    assert NAME not in main


def test_a_made_up_number_gets_the_same_answer_as_a_case_of_another_unit(reported: Reported, stranger: Any) -> None:
    pages = []
    for number in (reported.number, "C-ZZZZ-ZZZZ"):
        form = stranger.get(f"/emergency-access?number={number}")
        data = {
            "command_id": str(uuid4()), "number": number, "reason_code": "life_at_risk",
            "words": f"{NAME} bleeds before us.", "hours": "2",
        }  # fmt: skip
        bad = stranger.post("/emergency-access", data=data | {"hours": "9"})
        done = stranger.post("/emergency-access", data=data, follow_redirects=False)
        assert (form.status_code, bad.status_code, done.status_code) == (200, 422, 303)
        pages.append([_same(part, number) for part in (form.text, bad.text, done.headers["location"])])
    assert pages[0] == pages[1]
    after = stranger.get("/emergency-access").text
    assert after.count("<td>C-") == 2
    rows = re.findall(r"<tr><td>(C-[^<]+)</td>(.*?)</tr>", after)
    assert rows[0][1] == rows[1][1]
    assert reported.number in stranger.get("/cases").text


def test_the_lead_sees_who_opened_it_and_why_and_confirms_it(portal: Portal, reported: Reported, stranger: Any) -> None:
    lead = portal.as_role("safeguarding_lead")
    page = lead.get("/emergency-access").text
    link = re.search(r'href="(/emergency-access/[0-9a-f-]+)"', page)
    one = lead.get(link.group(1)).text
    assert NAME in one
    assert "Confirm: it was justified" in one
    assert stranger.get(link.group(1)).status_code == 404
    assert portal.as_role("caseworker").get(link.group(1)).status_code == 404
    done = lead.post(link.group(1), data={"approved": "no", "command_id": str(uuid4())})
    assert "The access was ended" in done.text
    assert stranger.get(reported.page).status_code == 404


@pytest.mark.parametrize("role", ["auditor", "system_administrator", "press_officer"])
def test_who_does_not_care_for_people_is_not_offered_to_break_the_emergency(portal: Portal, role: str) -> None:
    client = portal.as_role(role)
    assert "/emergency-access" not in client.get("/cases").text
    data = {"number": "C-1AAA-1AAA", "reason_code": "life_at_risk", "words": "something happened", "hours": "1"}
    assert client.post("/emergency-access", data=data | {"command_id": str(uuid4())}).status_code == 403


def test_a_concern_is_told_and_answered_in_confidence(portal: Portal) -> None:
    raiser, lead = portal.as_role("press_officer"), portal.as_role("safeguarding_lead")
    about = portal.people["caseworker"]
    assert 'href="/concerns"' in raiser.get("/").text
    data = {"kind": "concern", "about_id": str(about.actor_id), "words": f"{NAME} told me what he does."}
    short = raiser.post("/concerns", data=data | {"words": "x", "command_id": str(uuid4())})
    assert short.status_code == 422
    assert 'id="words-error"' in short.text
    told = raiser.post("/concerns", data=data | {"command_id": str(uuid4())})
    assert "in confidence" in told.text
    link = re.search(r'href="(/concerns/[0-9a-f-]+)"', told.text)
    assert NAME in lead.get(link.group(1)).text
    answer = {"status": "looked_into", "words": "I speak to him today.", "command_id": str(uuid4())}
    assert lead.post(link.group(1), data=answer).status_code == 200
    assert "I speak to him today." in raiser.get(link.group(1)).text
    for role in ("caseworker", "supervisor", "case_manager", "auditor"):
        assert portal.as_role(role).get(link.group(1)).status_code == 404, role
        assert (
            about.name
            not in portal.as_role(role).get("/concerns").text.partition("Concerns that you reported or received")[2]
        ), role
    assert NAME not in portal.as_role("auditor").get("/audit").text


def _same(page: str, number: str) -> str:
    """Return a page without what differs between two requests of any sort, and without the list of earlier ones."""
    form = page.partition("<title>")[2].partition("</form>\n")[0] if "<title>" in page else page
    return re.sub(r'name="command_id" value="[^"]+"', "", form).replace(number, "NUMBER")
