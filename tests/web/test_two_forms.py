"""Two forms of one page are two things, what was typed stays, and the demo offers its stories."""

import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from pydantic import JsonValue
from starlette.testclient import TestClient

from engine.cases.actions.open import open_case
from engine.cases.records import OtherCommandError
from engine.core.case_links import LinkKind
from engine.course.actions.steer import add_step
from engine.overview.views.history import case_history
from engine.persons.actions.links import link_cases
from engine.sharing.store import ConsentStore, ReferralStore
from engine.site import create_app
from engine.web.visit import DemoControls
from engine.work.views.worklist import worklist
from tests.deadlines.test_deadline_page import local, reported
from tests.kit.portal import ORIGIN, Portal, Reported, hidden, report_case
from tests.sharing.test_sharing_pages import agree, known_case, send_form


def actions(page: str, last: str) -> list[str]:
    return re.findall(rf'action="([^"]+/{last})"', page)


def id_of(case: Reported) -> UUID:
    return UUID(case.page.rpartition("/")[2])


def pressed(client: TestClient, page: str, *addresses: str, **more: str) -> list[str]:
    """Press buttons of a page before the next page is there; returns the pages."""
    form = {"command_id": hidden(page, "command_id"), **more}
    return [client.post(address, data=form).text for address in addresses]


def test_two_consents_are_withdrawn_from_one_page(portal: Portal) -> None:
    case, lead = known_case(portal), portal.as_role("case_manager")
    agree(portal, lead, case, recipients=["kind:shelter"], parts=["name"])
    agree(portal, lead, case, recipients=["kind:shelter"], parts=["home_address"])
    page = lead.get(f"{case.page}/consents").text
    both = actions(page, "withdraw")
    assert len(both) == 2
    pressed(lead, page, *both)
    assert all(one.withdrawn_at for one in portal.of(ConsentStore).of_case(id_of(case)))


def test_what_was_sent_is_called_back_from_the_page_that_released_it(portal: Portal) -> None:
    case, lead, second = known_case(portal), portal.as_role("case_manager"), portal.as_role("supervisor")
    agree(portal, lead, case, recipients=["kind:shelter"], parts=["name", "home_address"])
    form = send_form(
        lead, case, to="outside", to_name="House of Hope", to_kind="shelter", parts=["name", "home_address"]
    )
    lead.post(f"{case.page}/send", data=form)
    page = second.get(f"{case.page}/sent").text
    _, told = pressed(second, page, *actions(page, "release"), *actions(page, "recall"))
    assert "It was recalled" in told
    (sent,) = portal.of(ReferralStore).of_case(id_of(case))
    assert sent.status == "recalled"


def test_two_items_are_taken_from_one_worklist(portal: Portal) -> None:
    for _ in range(2):
        case_id = id_of(known_case(portal))
        portal.act(add_step, case_id, by="counsellor", uses="rehabilitation.counsel")
    counsellor = portal.as_role("counsellor")
    page = counsellor.get("/worklist").text
    both = actions(page, "claim")[:2]
    pressed(counsellor, page, *both)
    mine = {f"/items/{one.id}/claim" for one in portal.engine.ask(worklist, portal.people["counsellor"])}
    assert mine >= set(both)
    assert len(portal.engine.ask(worklist, portal.people["counsellor"], only_mine=True)) == 2


def test_two_buttons_of_one_form_are_two_things_and_one_pressed_twice_is_one(portal: Portal) -> None:
    viewer, lead = portal.people["case_manager"], portal.as_role("case_manager")
    report: dict[str, JsonValue] = {
        "narrative": "x", "concern": "forced_labour", "is_child_suspected": "no", "immediate_danger": False,
        "safe_to_call": True, "consent_to_record": "yes",
    }  # fmt: skip
    case_id = portal.act(open_case, answers=report, unit_id=portal.unit, by=viewer, workflow="adult-base").case_id
    page = lead.get(f"/cases/{case_id}/facts").text
    for said in ("yes", "yes", "no"):
        pressed(lead, page, f"/cases/{case_id}/facts", fact=f"wants_out={said}")
    told = [one.type for one in portal.engine.ask(case_history, viewer, case_id)]
    assert told.count("FactRecorded") == 2


def test_the_id_of_something_else_that_was_done_is_refused_in_plain_words(portal: Portal) -> None:
    one, other, lead, command_id = known_case(portal), known_case(portal), portal.people["case_manager"], uuid4()
    add_step(portal.engine, id_of(one), viewer=lead, command_id=command_id, uses="rehabilitation.counsel")
    with pytest.raises(OtherCommandError, match="nothing was done now"):
        link_cases(
            portal.engine, id_of(one), id_of(other), viewer=lead, command_id=command_id, kind=LinkKind.SAME_EVENT
        )


def test_a_pause_that_is_longer_than_the_workflow_allows(portal: Portal) -> None:
    _, page = reported(portal)
    until = local(portal, timedelta(days=900))
    form = {"reason": "person_away", "until": until, "command_id": str(uuid4())}
    refused = portal.as_role("intake_officer").post(f"{page}/pause", data=form)
    assert refused.status_code == 422
    assert "more than the workflow allows" in refused.text
    assert f'value="{until}"' in refused.text
    assert 'value="person_away" selected' in refused.text


def test_what_a_unit_is_called_by_and_speaks(portal: Portal) -> None:
    form = {"name": "", "contact": "The desk beside the river", "language": "as"}
    refused = portal.as_role("system_administrator").post(f"/units/{portal.unit}", data=form)
    assert refused.status_code == 422
    assert form["contact"] in refused.text
    assert re.search(r'value="as" selected', refused.text)


def test_where_one_is_reached(portal: Portal) -> None:
    form = {"channel": "matrix", "address": "x" * 300}
    refused = portal.as_role("counsellor").post("/preferences/contact", data=form)
    assert refused.status_code == 422
    assert form["address"] in refused.text
    assert re.search(r'value="matrix" selected', refused.text)


def test_the_unit_in_which_a_role_is_given(portal: Portal) -> None:
    page = f"/people/{portal.people['caseworker'].actor_id}"
    refused = portal.as_role("system_administrator").post(f"{page}/roles", data={"unit_id": str(portal.unit)})
    assert refused.status_code == 422
    assert re.search(rf'value="{portal.unit}" selected', refused.text)


def test_only_a_case_that_came_from_a_story_can_be_played_on_and_a_long_one_goes_on_beside(portal: Portal) -> None:
    officer = portal.as_role("intake_officer")
    from_story, reported = (report_case(officer) for _ in range(2))
    story = UUID(from_story.page.rpartition("/")[2])
    controls = DemoControls(lambda _by: None, lambda _case: False, lambda case: case == story)
    client = TestClient(create_app(portal.engine, demo=controls), base_url=ORIGIN)
    client.post("/become", data={"actor_id": str(portal.people["case_manager"].actor_id)})
    page = client.get("/demo").text
    assert f"/demo{from_story.page}/play" in page
    assert f"/demo{reported.page}/play" not in page
    assert "Play the rest of this story" in client.get(from_story.page).text
    assert "Play the rest of this story" not in client.get(reported.page).text
    assert "is being played" in client.post(f"/demo{from_story.page}/play").text
