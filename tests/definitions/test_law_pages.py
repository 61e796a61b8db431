"""The lawyer's pages: every limit with source and example, a signature by name, and what it changes elsewhere."""

import re

import pytest

from tests.kit.portal import Portal, hidden

pytestmark = pytest.mark.long

READ = "Gazette of India, 25 December 2023"


def signed(portal: Portal, limit_id: str, *, by: str = "lawyer") -> str:
    client = portal.as_role(by)
    page = client.get(f"/law/{limit_id}").text
    form = {"text_hash": hidden(page, "text_hash"), "source_read": READ, "is_read": "yes"}
    return client.post(f"/law/{limit_id}/sign", data=form).text


def test_all_limits_are_listed_and_can_be_narrowed_down(portal: Portal) -> None:
    client = portal.as_role("lawyer")
    page = client.get("/law").text
    assert len(set(re.findall(r'href="/law/([A-Z0-9-]+)"', page))) == 75
    assert "0 of" in page
    of_nepal = client.get("/law?of=NP").text
    assert set(re.findall(r'href="/law/([A-Z0-9-]+)"', of_nepal)) == {
        "NP-STATEMENT",
        "NP-REPORTER-ANON",
        "NP-COMP-HALF",
        "NP-RESCUE",
        "NP-REHAB",
        "NP-FUND",
        "NP-CLOSED-HEARING",
    }
    assert "There is no such limit." in client.get("/law?of=NP&state=signed").text
    assert 'href="/law"' in client.get("/").text
    assert 'href="/law"' not in portal.as_role("caseworker").get("/").text
    assert portal.as_role("caseworker").get("/law").status_code == 200


def test_the_worked_example_is_counted_from_the_day_that_was_typed(portal: Portal) -> None:
    client = portal.as_role("lawyer")
    page = client.get("/law/IN-COMP-2M?at=2025-12-31T15:00&place=IN-AS").text
    assert "28 February 2026, 15:00" in page
    page = client.get("/law/IN-TAKEDOWN?at=2026-03-07T10:00&place=IN-ML&option=intimate_images").text
    assert "12:00" in page
    assert "Give a date and time" in client.get("/law/IN-COMP-2M?at=soon").text
    assert "No calendar is published for XX" in client.get("/law/IN-COMP-2M?place=XX").text
    for limit_id in ("IN-JJ-SIR-15D", "IN-JJ-PROD-24H"):
        assert "too far away" in client.get(f"/law/{limit_id}?at=9999-12-31T00:00").text
    assert "It counts no time." in client.get("/law/IN-LABEL-ID").text
    assert client.get("/law/IN-NOTHING").status_code == 404
    assert client.get("/law/nonsense").status_code == 404


def test_a_lawyer_signs_and_takes_back_and_every_page_changes_its_word(portal: Portal) -> None:
    page = signed(portal, "IN-JJ-PROD-24H")
    assert "You signed this text." in page
    assert f"who read: {READ}" in page
    assert "legal deadline, JJ Act 2015 s.31(1) proviso" in page
    assert "1 of" in portal.as_role("auditor").get("/law").text
    client = portal.as_role("lawyer")
    (path,) = re.findall(r'action="(/law/IN-JJ-PROD-24H/signatures/[^"]+/revoke)"', page)
    refused = client.post(path, data={"why": ""})
    assert refused.status_code == 422
    assert "Choose a reason." in refused.text
    back = client.post(path, data={"why": "law_changed"}).text
    assert "The signature was withdrawn" in back
    assert "network target, based on JJ Act 2015 s.31(1) proviso" in back
    assert "Withdrawn" in back


def test_what_is_missing_for_a_signature_is_said_beside_it(portal: Portal) -> None:
    client = portal.as_role("lawyer")
    page = client.get("/law/IN-JJ-SIR-15D").text
    form = {"text_hash": hidden(page, "text_hash"), "source_read": "", "is_read": ""}
    answer = client.post("/law/IN-JJ-SIR-15D/sign", data=form)
    assert answer.status_code == 422
    assert "Name the text that you read." in answer.text
    assert "Say that you have read the source" in answer.text
    stale = client.post(
        "/law/IN-JJ-SIR-15D/sign", data=form | {"text_hash": "0" * 64, "source_read": READ, "is_read": "yes"}
    )
    assert stale.status_code == 422
    assert "its text has changed since" in stale.text


def test_nobody_else_signs_and_the_law_of_another_country_is_not_theirs(portal: Portal) -> None:
    page = portal.as_role("lawyer").get("/law/BD-TRIAL-180WD").text
    assert "A lawyer of a unit in Bangladesh has to sign it." in page
    assert "/sign" not in re.findall(r'action="([^"]+)"', page)
    for role in ("caseworker", "system_administrator", "nodal_officer"):
        client = portal.as_role(role)
        assert "Sign this text" not in client.get("/law/IN-JJ-SIR-15D").text
        assert client.post("/law/IN-JJ-SIR-15D/sign", data={"is_read": "yes", "source_read": READ}).status_code == 403
