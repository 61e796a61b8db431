"""Who looks at what identifies people is written down before it is shown, and so is who was refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.cases.housekeeping import HousekeepingStore
from engine.course.actions.steer import identify_person
from engine.overview.records import CaseView
from engine.overview.views.case import case_page
from tests.kit.portal import REPORT, Portal, Reported, report_case

CANARY = "KANARIENVOGEL"


@pytest.fixture(scope="module")
def reported(portal: Portal) -> Reported:
    reported = report_case(portal.as_role("intake_officer"))
    viewer = portal.people["intake_officer"]
    case = _case(portal, reported)
    portal.act(identify_person, case.persons[0].id, case_id=case.id, by=viewer, identity={"name": CANARY, "age": 12})
    return reported


def test_every_page_that_shows_something_of_people_leaves_one_reading(portal: Portal, reported: Reported) -> None:
    client = portal.as_role("intake_officer")
    before = _count(portal)
    asked = list(_sensitive(portal, reported))
    statuses = [client.request(method, path).status_code for method, path in asked]
    assert statuses == [200] * len(asked)
    assert _count(portal) - before == len(asked)


def test_what_cannot_be_written_down_is_not_shown(portal: Portal, reported: Reported) -> None:
    client = portal.as_role("intake_officer")
    with _nothing_written(portal):
        for method, path in _sensitive(portal, reported):
            answer = client.request(method, path)
            assert answer.status_code == 503, path
            for secret in (CANARY, REPORT["a-narrative"], reported.number):
                assert secret not in answer.text, path
    assert CANARY in client.post(_person(portal, reported) + "/reveal").text


def test_who_was_refused_what_is_written_down(portal: Portal, reported: Reported) -> None:
    for role, path, code in (
        ("system_administrator", reported.page, "not-found"),
        ("press_officer", _person(portal, reported) + "/reveal", "not-allowed"),
        ("case_manager", f"/cases/{uuid4()}", "not-found"),
    ):
        before = len(_refusals(portal))
        method = "POST" if path.endswith("reveal") else "GET"
        assert portal.as_role(role).request(method, path).status_code in {403, 404}
        last = _refusals(portal)[before:]
        assert len(last) == 1, path
        assert last[0]["actor_id"] == portal.people[role].actor_id
        assert last[0]["body"]["code"] == code
        assert last[0]["body"]["what"].startswith(method)
        assert str(last[0]["body"]["subject_id"]) in path


def test_a_refusal_that_cannot_be_written_down_says_nothing_else(portal: Portal, reported: Reported) -> None:
    client = portal.as_role("press_officer")
    with _nothing_written(portal):
        answer = client.post(_person(portal, reported) + "/reveal")
    assert answer.status_code == 503
    assert reported.number not in answer.text


def test_nobody_reveals_more_within_an_hour_than_work_needs_and_pages_stay_open(
    portal: Portal, reported: Reported, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, reveal = portal.as_role("case_manager"), _person(portal, reported) + "/reveal"
    monkeypatch.setattr("engine.cases.actions.deciding.MOST_REVEALS_IN_AN_HOUR", 3)
    assert [client.post(reveal).status_code for _ in range(4)] == [200, 200, 200, 429]
    case = _case(portal, reported)
    for method, path in (("POST", reveal), ("POST", f"{reported.page}/steps/{case.steps[0].id}/reveal")):
        refused = client.request(method, path)
        assert refused.status_code == 429
        assert "3 times within an hour" in refused.text
        assert CANARY not in refused.text
    assert _refusals(portal)[-1]["body"]["code"] == "too-often"
    assert client.get(reported.page).status_code == 200
    assert portal.as_role("supervisor").post(reveal).status_code == 200
    portal.clock.move_to(portal.clock.now() + timedelta(hours=1, minutes=1))
    assert portal.as_role("case_manager").post(reveal).status_code == 200


def _sensitive(portal: Portal, reported: Reported) -> Iterator[tuple[str, str]]:
    case = _case(portal, reported)
    yield "GET", reported.page
    yield "GET", reported.item
    yield "GET", f"{reported.page}/history"
    yield "GET", f"{reported.page}/account"
    yield "GET", f"{reported.page}/steps/{case.steps[0].id}"
    yield "POST", _person(portal, reported) + "/reveal"
    yield "POST", f"{reported.page}/steps/{case.steps[0].id}/reveal"
    with portal.engine.transaction() as tx:
        kept = tx.of(HousekeepingStore).keep_document(
            case_id=case.id, unit_id=portal.unit, step_id=None, name="slip", title="Slip", html=f"<p>{CANARY}</p>",
            sha256="0", number="1", version=1, at=portal.clock.now(),
        )  # fmt: skip
        tx.commit()
    yield "GET", f"/documents/{kept}"


def _case(portal: Portal, reported: Reported) -> CaseView:
    return portal.engine.ask(case_page, portal.people["intake_officer"], UUID(reported.page.rpartition("/")[2]))


def _person(portal: Portal, reported: Reported) -> str:
    return f"{reported.page}/persons/{_case(portal, reported).persons[0].id}"


def _count(portal: Portal) -> int:
    return int(portal.rows("SELECT count(*) AS n FROM reading")[0]["n"])


def _refusals(portal: Portal) -> list[Any]:
    return portal.rows("SELECT * FROM audit_event WHERE stream = 'access' AND type = 'Refused' ORDER BY seq")


@contextmanager
def _nothing_written(portal: Portal) -> Iterator[None]:
    portal.rows("REVOKE INSERT ON reading, audit_event FROM icmc_app, icmc_system")
    try:
        yield
    finally:
        portal.rows("GRANT INSERT ON reading, audit_event TO icmc_app, icmc_system")
