"""A program reads where the cases of its unit stand, once a lead agreed: no name, no answer, nobody's colleague."""

import json
from uuid import UUID, uuid4

import pytest

from engine.access.actions.emergency import watch_viewing
from engine.access.actions.recusals import recuse
from engine.cases.actions.open import open_case
from engine.core.access import RecusalReason
from engine.people.actions import program_keys
from engine.people.actions.program_keys import add_key
from engine.people.actions.roles import answer_role
from engine.people.viewer import units
from engine.web.terminal import SYSTEM
from tests.api.programs import TOLD, ask, key_for, send
from tests.kit.portal import Portal, report_case

SECRETS = ("brick kiln", "girl of about twelve", "informant")


@pytest.fixture(scope="module")
def key(portal: Portal) -> str:
    return key_for(portal, "cases", account="Dashboard")


def test_a_case_is_read_by_number_state_and_times_and_never_by_what_was_said_or_who_works_on_it(
    portal: Portal, key: str
) -> None:
    reported = report_case(portal.as_role("intake_officer"))
    case_id = reported.page.removeprefix("/cases/")
    told = ask(portal, key, f"/cases/{case_id}").json()
    assert (told["number"], told["status"]) == (reported.number, "open")
    assert [one["role"] for one in told["persons"]] == ["possible_victim"]
    step = next(one for one in told["steps"] if one["due_at"])
    assert step["due_state"] in {"running", "near"}
    history = ask(portal, key, f"/cases/{case_id}/history").json()
    assert history["events"][0]["type"] == "CaseOpened"
    item = next(one for one in all_items(portal, key) if one["case_id"] == case_id)
    assert item["id"] in reported.item
    looked = portal.rows("SELECT what, roles FROM reading WHERE case_id = :id ORDER BY seq DESC LIMIT 2", id=case_id)
    assert {(one["what"], *one["roles"]) for one in looked} == {("case", "program_reads"), ("history", "program_reads")}
    names = [viewer.name for viewer in portal.people.values()]
    said = json.dumps([told, history, item])
    assert not [secret for secret in (*SECRETS, *names) if secret in said]


def all_items(portal: Portal, key: str, limit: int = 100) -> list[dict[str, object]]:
    found, after = [], ""
    while True:
        page = ask(portal, key, f"/work-items?limit={limit}{after}").json()
        found += page["work_items"]
        if page["next"] is None:
            return found
        after = f"&after={page['next']}"


def test_lists_are_walked_by_their_last_line_without_a_gap_and_without_a_double(portal: Portal, key: str) -> None:
    for _ in range(3):
        report_case(portal.as_role("intake_officer"))
    whole = [one["id"] for one in ask(portal, key, "/cases").json()["cases"]]
    walked, after = [], ""
    while True:
        page = ask(portal, key, f"/cases?limit=1{after}").json()
        walked += [one["id"] for one in page["cases"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert walked == whole == list(dict.fromkeys(whole))
    assert len(whole) >= 3
    assert [one["id"] for one in all_items(portal, key, 2)] == [one["id"] for one in all_items(portal, key)]
    assert ask(portal, key, f"/cases?after={uuid4()}").json() == {"cases": [], "next": None}


def test_a_history_is_walked_by_the_number_of_its_last_event(portal: Portal, key: str) -> None:
    page = report_case(portal.as_role("intake_officer")).page
    whole = ask(portal, key, f"/cases{page.removeprefix('/cases')}/history").json()["events"]
    first = ask(portal, key, f"{page}/history?limit=2").json()
    rest = ask(portal, key, f"{page}/history?after={first['next']}").json()
    assert first["events"] + rest["events"] == whole


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=many", "after=here"])
def test_a_parameter_that_does_not_fit_is_named(portal: Portal, key: str, query: str) -> None:
    answer = ask(portal, key, f"/cases?{query}")
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == [query.partition("=")[0]]


def test_a_case_that_is_denied_to_the_program_or_is_not_there_answers_alike(portal: Portal, key: str) -> None:
    page = report_case(portal.as_role("intake_officer")).page
    [who] = portal.rows("SELECT id FROM actor WHERE name = 'Dashboard'")
    recuse(
        portal.engine, UUID(page.removeprefix("/cases/")), viewer=portal.people["supervisor"],
        command_id=uuid4(), reason=RecusalReason.DENIED, reason_code="leak", actor_id=who["id"],
    )  # fmt: skip
    for path in ("", "/history"):
        denied, none = ask(portal, key, page + path), ask(portal, key, f"/cases/{uuid4()}{path}")
        assert denied.status_code == none.status_code == 404
        assert denied.content == none.content
    assert page.removeprefix("/cases/") not in ask(portal, key, "/cases").text + ask(portal, key, "/work-items").text


def test_a_key_is_for_one_thing_also_where_its_account_has_another(portal: Portal, key: str) -> None:
    sends = key_for(portal, "report", account="Dashboard")
    assert send(portal, key, {"answers": TOLD}).status_code == 403
    mine = send(portal, sends, {"answers": TOLD}).json()["id"]
    for path in ("/cases", f"/cases/{mine}", f"/cases/{mine}/history", "/work-items"):
        assert ask(portal, sends, path).status_code == 403, path
    assert ask(portal, key, f"/reports/{mine}").status_code == 403


def test_a_key_that_reads_cases_reads_none_until_a_lead_of_the_unit_agrees(portal: Portal) -> None:
    admin = portal.people["system_administrator"].model_copy(update={"stepped_up_at": portal.engine.wall_clock.now()})
    unit = dict(portal.engine.ask(units, portal.people["supervisor"]))[portal.unit]
    made = add_key(portal.engine, viewer=admin, account="Waits", unit=unit, name="key", scopes=("cases",), days=9)
    assert made.waits
    assert ask(portal, made.key, "/cases").status_code == 403
    [asked] = portal.rows("SELECT subject_id FROM approval_request WHERE kind = 'role' AND answered_at IS NULL")
    assert "Waits: Program that reads where cases stand" in portal.as_role("supervisor").get("/waiting").text
    answer_role(portal.engine, asked["subject_id"], viewer=portal.people["supervisor"], approved=True)
    assert ask(portal, made.key, "/cases").status_code == 200
    again = add_key(portal.engine, viewer=admin, account="Waits", unit=unit, name="two", scopes=("cases",), days=9)
    assert not again.waits


def test_a_program_asks_so_often_within_an_hour_and_its_refusals_are_not_counted(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = key_for(portal, "cases", account="Hurried")
    monkeypatch.setattr(program_keys, "MOST_USES_IN_AN_HOUR", 2)
    assert [ask(portal, key, "/cases").status_code for _ in range(4)] == [200, 200, 429, 429]
    answer = ask(portal, key, "/cases")
    assert answer.json()["type"] == "urn:icmc:problem:key-too-often"
    assert int(answer.headers["retry-after"]) > 0
    assert ask(portal, key_for(portal, "cases", account="Patient"), "/cases").status_code == 200
    [used] = portal.rows(
        "SELECT count(*) AS n FROM audit_event JOIN actor ON actor.id = actor_id"
        " WHERE type = 'KeyUsed' AND actor.name = 'Hurried'"
    )
    assert used["n"] == 2


def test_a_program_that_opens_more_than_forty_cases_in_an_hour_is_told_as_a_person_is(portal: Portal) -> None:
    reader = key_for(portal, "cases", account="Curious")
    (row,) = portal.rows("SELECT id AS actor_id FROM actor WHERE name = 'Curious'")
    by, before = portal.people["intake_officer"], watch_viewing(portal.engine)
    opened = [
        open_case(
            portal.engine, answers=TOLD, workflow=None, unit_id=portal.unit, viewer=by, command_id=uuid4()
        ).case_id
        for _ in range(41)
    ]
    for case_id in opened[:40]:
        assert ask(portal, reader, f"/cases/{case_id}").status_code == 200
    assert watch_viewing(portal.engine) == 0, before
    assert ask(portal, reader, f"/cases/{opened[40]}/history").status_code == 200
    assert watch_viewing(portal.engine) == 1
    told = portal.rows("SELECT DISTINCT recipient_id, link FROM message WHERE kind = 'bulk_viewing'")
    assert [tuple(one.values()) for one in told] == [
        (portal.people["safeguarding_lead"].actor_id, f"/audit?actor={row['actor_id']}")
    ]


def test_a_key_that_ends_within_two_weeks_is_told_of_once_and_counted(portal: Portal) -> None:
    unit = dict(portal.engine.ask(units, portal.people["supervisor"]))[portal.unit]
    said = {"viewer": SYSTEM, "account": "Short", "unit": unit, "scopes": ("report",)}
    before = program_keys.keys_ending(portal.engine, viewer=SYSTEM)
    ends, revoked = (add_key(portal.engine, name=name, days=13, **said).id for name in ("ends", "revoked"))
    program_keys.revoke_key(portal.engine, revoked, viewer=SYSTEM)
    assert (program_keys.warn_of_keys(portal.engine), program_keys.warn_of_keys(portal.engine)) == (before + 1, 0)
    told = portal.rows("SELECT DISTINCT recipient_id, link FROM message WHERE kind = 'key_ends'")
    assert {row["link"] for row in told} == {"/service-accounts"}
    people = {row["recipient_id"] for row in told}
    assert {portal.people[role].actor_id for role in ("supervisor", "system_administrator")} <= people
    assert portal.people["caseworker"].actor_id not in people
    assert program_keys.keys_ending(portal.engine, viewer=SYSTEM) == before + 1
    portal.rows("UPDATE api_key SET valid_until = now() - interval '1 day' WHERE id = :id", id=ends)
    assert program_keys.keys_ending(portal.engine, viewer=SYSTEM) == before, "what is over is seen in the list"
