"""A hotline's program sends reports with its key, and is told their numbers and how far they are, and nothing else."""

import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from httpx import Response

from engine.access.actions.recusals import recuse
from engine.cases.actions.open import MOST_REPORTS_IN_AN_HOUR
from engine.cases.actions.public import Progress, come_back
from engine.core.access import RecusalReason
from engine.people.actions.program_keys import keys, revoke_key
from engine.web.security import LARGEST_BODY
from engine.web.terminal import SYSTEM
from tests.api.programs import TOLD, ask, key_for, send
from tests.kit.portal import Portal

PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def key(portal: Portal) -> str:
    return key_for(portal, "report")


def code(answer: Response) -> str:
    """Return the code of a problem; that it is one, and says its own status, holds of each."""
    said = answer.json()
    assert answer.headers["content-type"] == PROBLEM
    assert said["status"] == answer.status_code
    assert said["title"]
    return str(said["type"].removeprefix("urn:icmc:problem:"))


def pointers(answer: Response) -> set[str]:
    assert code(answer) == "invalid-answers"
    assert answer.status_code == 422
    return {one["pointer"] for one in answer.json()["errors"]}


def test_a_report_opens_a_case_that_people_of_its_unit_work_on(portal: Portal, key: str) -> None:
    answer = send(portal, key, {"answers": TOLD})
    assert answer.status_code == 201
    told = answer.json()
    assert answer.headers["location"] == f"/api/v1/reports/{told['id']}"
    page = portal.as_role("caseworker").get(f"/cases/{told['id']}").text
    assert told["case_number"] in page
    assert told["status"] == "received"
    progress = come_back(portal.engine, number=told["case_number"], code=told["receipt_code"], network="").progress
    assert progress is Progress.RECEIVED
    later = ask(portal, key, f"/reports/{told['id']}").json()
    assert later == {name: said for name, said in told.items() if name != "receipt_code"}
    assert TOLD["narrative"] not in str(portal.rows("SELECT * FROM report"))


def test_sent_again_it_is_the_same_case_and_with_other_content_it_is_refused(portal: Portal, key: str) -> None:
    once = uuid4()
    first, again = (send(portal, key, {"answers": TOLD}, once=once) for _ in range(2))
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    other = send(portal, key, {"answers": TOLD | {"narrative": "Somebody else."}}, once=once)
    assert (other.status_code, code(other)) == (409, "changed-content")
    assert send(portal, key, {"answers": TOLD}, once=uuid4()).json()["id"] != first.json()["id"]
    stranger = key_for(portal, "report", account="Another hotline")
    assert send(portal, stranger, {"answers": TOLD}, once=once).json()["id"] != first.json()["id"]


def test_a_program_learns_of_its_own_reports_alone_and_of_others_as_of_none(portal: Portal, key: str) -> None:
    mine = send(portal, key, {"answers": TOLD}).json()["id"]
    stranger = key_for(portal, "report", account="Another hotline")
    theirs, none = ask(portal, stranger, f"/reports/{mine}"), ask(portal, stranger, f"/reports/{uuid4()}")
    assert (theirs.status_code, code(theirs)) == (404, "not-found")
    assert theirs.content == none.content
    assert ask(portal, stranger, "/reports/abc").status_code == 404
    portal.rows(
        "UPDATE report SET recorded_by = :who WHERE case_id = :id", who=portal.people["lawyer"].actor_id, id=mine
    )
    assert ask(portal, key, f"/reports/{mine}").status_code == 404


def test_a_denied_case_is_not_there_for_the_program_that_reported_it(portal: Portal, key: str) -> None:
    mine = UUID(send(portal, key, {"answers": TOLD}).json()["id"])
    who = portal.rows("SELECT recorded_by FROM report WHERE case_id = :id", id=mine)[0]["recorded_by"]
    recuse(
        portal.engine, mine, viewer=portal.people["supervisor"], command_id=uuid4(), reason=RecusalReason.DENIED,
        reason_code="leak", actor_id=who,
    )  # fmt: skip
    assert ask(portal, key, f"/reports/{mine}").status_code == 404


@pytest.mark.parametrize(("change", "wrong"), [
    ({"immediate_danger": "yes"}, {"/answers/immediate_danger"}),
    ({"immediate_danger": None}, {"/answers/immediate_danger"}),
    ({"concern": "witchcraft"}, {"/answers/concern"}),
    ({"narrative": "x" * 20_001}, {"/answers/narrative"}),
    ({"narrative": ["a"]}, {"/answers/narrative"}),
    ({"made/up~": 1}, {"/answers/made~1up~0"}),
    ({"online_copy": str(UUID(int=7))}, {"/answers/online_copy"}),
    ({"received_at": "yesterday"}, {"/answers/received_at"}),
    ({"consent_to_record": "no"}, {"/answers/safe_to_call", "/answers/narrative"}),
])  # fmt: skip
def test_what_does_not_fit_is_told_at_its_place_and_nothing_is_saved(
    portal: Portal, key: str, change: dict[str, object], wrong: set[str]
) -> None:
    before = portal.rows("SELECT count(*) AS n FROM report")
    answer = send(portal, key, {"answers": TOLD | change})
    assert pointers(answer) == wrong
    assert "girl" not in answer.text
    assert portal.rows("SELECT count(*) AS n FROM report") == before


@pytest.mark.parametrize(("body", "wrong"), [
    ({"answers": TOLD, "more": 1}, {"/more"}),
    ({}, {"/answers"}),
    ([], {""}),
    ({"answers": TOLD, "unit_id": "here"}, {"/unit_id"}),
    ({"answers": TOLD, "unit_id": 7}, {"/unit_id"}),
])  # fmt: skip
def test_a_body_is_read_strictly(portal: Portal, key: str, body: object, wrong: set[str]) -> None:
    assert pointers(send(portal, key, body)) == wrong


def test_who_does_not_allow_that_it_is_written_down_gets_a_number_and_nothing_is_kept(portal: Portal, key: str) -> None:
    told = {name: TOLD[name] for name in ("immediate_danger", "is_child_suspected")} | {"consent_to_record": "no"}
    answer = send(portal, key, {"answers": told | {"is_child_suspected": "no"}})
    assert answer.status_code == 201
    assert answer.json()["receipt_code"]


@pytest.mark.parametrize(("body", "headers", "status"), [
    (b"{", {}, 400),
    (b"\xff\xfe", {}, 400),
    (b"[" * 1_000, {}, 400),
    (b'{"answers": {"narrative": "\\ud800"}}', {}, 400),
    (b"answers=1", {"content-type": "application/x-www-form-urlencoded"}, 415),
    (b"{}", {"content-type": "text/plain"}, 415),
    (b" " * 100_001, {}, 413),
    (b" " * (LARGEST_BODY + 1), {}, 413),
    (b"{}", {"idempotency-key": "again"}, 422),
])  # fmt: skip
def test_what_cannot_be_read_is_a_problem_with_its_own_status(
    portal: Portal, key: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = send(portal, key, body, **headers)
    assert code(answer)
    assert answer.status_code == status


def test_without_a_key_that_counts_nothing_answers_and_a_session_is_no_key(portal: Portal, key: str) -> None:
    client = portal.as_role("supervisor")
    for headers in ({}, {"authorization": "Bearer made-up"}, {"authorization": f"Basic {key}"}):
        for answer in (
            client.post(
                "/api/v1/reports", json={"answers": TOLD}, headers={**headers, "idempotency-key": str(uuid4())}
            ),
            client.get(f"/api/v1/reports/{uuid4()}", headers=headers),
            client.get("/api/v1/openapi.json", headers=headers),
        ):
            assert (answer.status_code, code(answer)) == (401, "unauthorized")
            assert answer.headers["www-authenticate"] == "Bearer"
            assert "set-cookie" not in answer.headers
    monitor = key_for(portal, "board", account="Monitor")
    refused = send(portal, monitor, {"answers": TOLD})
    assert (refused.status_code, code(refused)) == (403, "not-allowed")


def test_a_key_that_was_revoked_or_is_over_answers_no_more(portal: Portal) -> None:
    key = key_for(portal, "report", account="For a while")
    assert send(portal, key, {"answers": TOLD}).status_code == 201
    [made] = [one for one in keys(portal.engine, viewer=SYSTEM) if one.account == "For a while"]
    revoke_key(portal.engine, made.id, viewer=SYSTEM)
    assert send(portal, key, {"answers": TOLD}).status_code == 401
    used = portal.rows("SELECT body FROM audit_event WHERE type = 'KeyUsed' AND actor_id = :who", who=made.actor_id)
    assert [row["body"]["scope"] for row in used] == ["report"]


def test_what_is_not_there_and_what_an_address_does_not_take_are_problems_too(portal: Portal, key: str) -> None:
    assert code(ask(portal, key, "/nowhere")) == "not-found"
    wrong = portal.anybody().delete("/api/v1/reports")
    assert (wrong.status_code, code(wrong)) == (405, "method-not-allowed")
    assert wrong.headers["allow"] == "POST"
    preflight = portal.anybody().options("/api/v1/reports", headers={"origin": "https://elsewhere.example"})
    assert "access-control-allow-origin" not in preflight.headers


@pytest.mark.parametrize(("path", "headers", "status"), [
    ("/reports", {"origin": "https://elsewhere.example", "sec-fetch-site": "cross-site"}, 403),
    ("/reports", {"origin": "https://élsewhere.example"}, 403),
    ("/cases", {"host": "elsewhere.example"}, 400),
    ("/cases", {"host": "["}, 400),
])  # fmt: skip
def test_what_comes_to_no_route_is_refused_as_a_problem_that_the_document_names(
    portal: Portal, key: str, path: str, headers: dict[str, str], status: int
) -> None:
    method = "POST" if path == "/reports" else "GET"
    sent = {name: value.encode() for name, value in {"authorization": f"Bearer {key}", **headers}.items()}
    refused = portal.anybody().request(method, f"/api/v1{path}", headers=sent)
    assert (refused.status_code, refused.headers["content-type"]) == (status, PROBLEM)
    assert refused.json()["status"] == status
    assert refused.json()["title"]
    known = ask(portal, key, "/openapi.json").json()["paths"][path][method.lower()]["responses"]
    assert str(status) in known
    page = portal.anybody().request(method, "/worklist", headers=sent)
    assert page.headers.get("content-type", "") != PROBLEM, "people are told in plain text"


def test_a_report_key_opens_no_page_and_no_count(portal: Portal, key: str) -> None:
    mine, headers = send(portal, key, {"answers": TOLD}).json()["id"], {"authorization": f"Bearer {key}"}
    for path in (f"/cases/{mine}", "/cases", "/worklist", "/board", "/"):
        answer = portal.anybody().get(path, headers=headers, follow_redirects=False)
        assert answer.headers["location"].startswith("/sign-in"), path
    assert portal.anybody().get("/api/board", headers=headers).status_code == 403


def test_a_program_sends_so_many_reports_within_an_hour_and_no_more(portal: Portal) -> None:
    key = key_for(portal, "report", account="Flood")
    first = send(portal, key, {"answers": TOLD}).json()["id"]
    portal.rows(
        "INSERT INTO report (id, case_id, unit_id, received_at, recorded_at, recorded_by)"
        " SELECT gen_random_uuid(), case_id, unit_id, received_at, recorded_at, recorded_by"
        " FROM report, generate_series(2, :most) WHERE case_id = :id", most=MOST_REPORTS_IN_AN_HOUR, id=first,
    )  # fmt: skip
    answer = send(portal, key, {"answers": TOLD})
    assert (answer.status_code, code(answer)) == (429, "too-many-reports")
    assert int(answer.headers["retry-after"]) > 0
    portal.let_time_pass(timedelta(hours=2))
    assert send(portal, key, {"answers": TOLD}).status_code == 201


def test_the_document_names_every_question_that_a_program_can_answer(portal: Portal, key: str) -> None:
    answer = ask(portal, key, "/openapi.json")
    asked = answer.json()["components"]["schemas"]["ReportAnswers"]
    assert set(TOLD) <= set(asked["properties"])
    assert "online_copy" not in asked["properties"]
    assert set(asked["required"]) == {"immediate_danger", "consent_to_record", "is_child_suspected"}
    assert json.dumps(asked).count('"icmc"') == 0
