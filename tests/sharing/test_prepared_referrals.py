"""A step that ended with a partner offers its referral, filled in within the consent; nothing leaves by itself."""

import re
from uuid import UUID, uuid4

import psycopg
from pydantic import JsonValue
from starlette.testclient import TestClient

from engine.course.actions.steer import add_step
from engine.people.store import DirectoryStore
from engine.rehearsal.world import people_of
from engine.work.actions.complete import complete_work_item
from engine.work.store import ItemStore
from tests.kit.portal import Portal, Reported
from tests.sharing.test_sharing_pages import agree, command, known_case, signed_in


def _refer(portal: Portal, case: Reported, to: str, **changes: JsonValue) -> str:
    """Add the step of a referral and end it; returns the address of its page."""
    case_id, lead = UUID(case.page.rpartition("/")[2]), portal.people["case_manager"]
    portal.act(add_step, case_id, by=lead, uses="reporting.refer")
    item = next(one for one in portal.of(ItemStore).open_of_case(case_id) if one.uses == "reporting.refer")
    answers: dict[str, JsonValue] = {
        "to_org": to, "kind": "referral", "purpose": "shelter", "urgency": "high", "consent_ref": "of the guardian",
        "shared_fields": ["name", "contact"], "accept_by": "2026-03-09T10:00:00+05:30", **changes,
    }  # fmt: skip
    portal.act(complete_work_item, item.id, by=lead, revision=item.revision, answers=answers)
    return f"{case.page}/steps/{item.step_id}"


def _form(page: str) -> dict[str, object]:
    chosen = re.findall(r'<select[^>]*name="(\w+)".*?</select>', page, re.DOTALL)
    found: dict[str, object] = {}
    for name in chosen:
        whole = re.search(rf'<select[^>]*name="{name}".*?</select>', page, re.DOTALL)
        option = re.search(r'<option value="([^"]*)"[^>]* selected', whole.group()) if whole else None
        found[name] = option.group(1) if option else ""
    ticked = re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"[^>]* checked', page)
    found |= {name: value for name, value in ticked if name != "parts"}
    return found | {"parts": [value for name, value in ticked if name == "parts"]}


def _offer(lead: TestClient, step: str) -> str:
    link = re.search(r'href="(/cases/[0-9a-f-]+/send\?step=[0-9a-f-]+)">Offer this referral', lead.get(step).text)
    return link.group(1) if link else ""


def _told(portal: Portal, case: Reported) -> list[str]:
    case_id = UUID(case.page.rpartition("/")[2])
    with psycopg.connect(portal.urls.admin.replace("+psycopg", "")) as sql:
        query = "SELECT link, key FROM message WHERE kind = 'referral_ready' AND case_id = %s"
        found = sql.execute(query, (case_id,)).fetchall()
    assert all(key.endswith("|in_app") for _, key in found)
    return sorted({str(link) for link, _ in found})


def test_what_a_step_found_is_offered_within_the_consent_and_sent_by_a_named_person(portal: Portal) -> None:
    case, lead = known_case(portal), portal.as_role("case_manager")
    other, people = people_of(portal.engine, jurisdiction="IN-MN", label="Far")
    unit = portal.of(DirectoryStore).unit(other)
    assert unit
    agree(portal, lead, case, recipients=[f"unit:{other}"], parts=["name", "language"])
    step = _refer(portal, case, unit.name.upper())
    offer = _offer(lead, step)
    assert _told(portal, case) == [offer]
    theirs = signed_in(portal, people["caseworker"])
    assert case.number not in theirs.get("/referrals").text, "nothing has been sent"
    form = _form(lead.get(offer).text)
    assert (form["to"], form["purpose"], form["kind"]) == (str(other), "shelter", "referral")
    assert form["urgency"] == "high"
    assert str(form["basis"]).startswith("consent:")
    assert form["parts"] == ["name"], "no consent covers the telephone number"
    sent = lead.post(f"{case.page}/send", data=command(**form | {"help": "safe_place"}))
    assert "Name and other names" in sent.text
    assert "waiting for an answer until" in lead.get("/transmit").text
    assert _offer(lead, step) == "", "it is offered once"
    assert _form(lead.get(offer).text)["parts"] == []


def test_a_partner_outside_the_network_is_named_with_its_kind(portal: Portal) -> None:
    case, lead = known_case(portal), portal.as_role("case_manager")
    agree(portal, lead, case, recipients=["kind:shelter"], parts=["name"])
    page = lead.get(_offer(lead, _refer(portal, case, "House of Hope"))).text
    form = _form(page)
    assert (form["to"], form["to_kind"]) == ("outside", "shelter")
    assert 'value="House of Hope"' in page


def test_without_a_consent_that_covers_it_or_after_a_no_nothing_is_offered(portal: Portal) -> None:
    case, lead = known_case(portal), portal.as_role("case_manager")
    assert _offer(lead, _refer(portal, case, "House of Hope")) == ""
    agree(portal, lead, case, recipients=["kind:shelter"], parts=["name"])
    assert _offer(lead, _refer(portal, case, "Another house", declined_reason="They are full.")) == ""
    assert _told(portal, case) == []


def test_a_referral_is_prepared_for_who_may_offer_it_and_of_its_own_case(portal: Portal) -> None:
    case, lead = known_case(portal), portal.as_role("case_manager")
    agree(portal, lead, case, recipients=["kind:shelter"], parts=["name"])
    step = _refer(portal, case, "House of Hope")
    offer = _offer(lead, step)
    assert lead.get(f"{case.page}/send?step={uuid4()}").status_code == 404
    stranger = portal.as_role("auditor")
    assert _offer(stranger, step) == ""
    assert stranger.get(offer).status_code == 403
