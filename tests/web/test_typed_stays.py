"""What was typed or chosen stays on the page when it is refused."""

import re
from datetime import timedelta
from uuid import uuid4

from tests.deadlines.test_deadline_page import local, reported
from tests.kit.portal import Portal


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
