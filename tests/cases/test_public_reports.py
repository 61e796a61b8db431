"""Whoever has no account tells what happened, gets a number and a code, and holds up nobody by sending much."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from starlette.responses import Response

from engine.cases.actions import public
from engine.cases.actions.public import (
    FREE_OF_NETWORK,
    MOST_OF_NETWORK,
    NotTaken,
    Receipt,
    code_for,
    is_solved,
    puzzle_for,
    take_from_public,
    take_report,
)
from engine.core.policy import THE_PUBLIC
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError
from engine.rehearsal.world import MovedClock
from engine.web.terminal import SYSTEM
from tests.kit.portal import REPORT, Portal, hidden, report_case

pytestmark = pytest.mark.long

ANSWERS = {name.removeprefix("a-"): value for name, value in REPORT.items()} | {
    "immediate_danger": False, "safe_to_call": True,
}  # fmt: skip
_NUMBERS = dict(zip(public._NUMBERS, range(len(public._NUMBERS)), strict=True))
LATE = datetime(2026, 3, 7, 23, 59, tzinfo=UTC)
WORDS = "<script>alert(1)</script> The man of the brick kiln keeps my sister."


@pytest.fixture
def taking(portal: Portal) -> Iterator[Portal]:
    """Return a portal whose unit takes reports from the public, and to which none has come of late."""
    portal.rows("DELETE FROM sign_in_try")
    portal.rows("UPDATE report SET recorded_at = recorded_at - interval '2 hours'")
    switch(portal, "yes")
    yield portal
    switch(portal, "no")


def switch(portal: Portal, takes: str) -> None:
    done = portal.as_role("system_administrator").post(f"/units/{portal.unit}/public", data={"takes": takes})
    assert done.status_code == 200, done.text


def send(portal: Portal, **more: str) -> Response:
    return portal.anybody().post("/tell", data=REPORT | {"command_id": str(uuid4())} | more)


def receipt(page: str) -> tuple[str, str]:
    found = re.search(r"Case number<br><strong>([^<]+)</strong><br>Receipt code<br><strong>([^<]+)</strong>", page)
    assert found, page
    return found.group(1), found.group(2)


def count(portal: Portal) -> int:
    return int(
        portal.rows("SELECT count(*) AS n FROM report WHERE recorded_by = :who", who=THE_PUBLIC.actor_id)[0]["n"]
    )


def test_a_report_without_account_is_a_case_with_a_code_that_works(taking: Portal) -> None:
    asked = taking.anybody().get("/tell")
    assert asked.status_code == 200
    for words in (
        ">6 questions must be answered.<",
        "Is it all right if we keep what you tell us?",
        "112 in India",
        "Quick exit",
        'autocomplete="off"',
    ):
        assert words in asked.text
    assert "They could not answer" not in asked.text, "that is for staff to choose"
    answer = send(taking, **{"a-narrative": WORDS})
    number, code = receipt(answer.text)
    assert code == code_for(taking.engine, number)
    progress = taking.anybody().post("/progress", data={"number": number, "code": code})
    assert "Received" in progress.text
    assert "brick kiln" not in progress.text + answer.text


def test_nothing_is_left_in_the_browser(taking: Portal) -> None:
    client = taking.anybody()
    pages = (client.get("/tell"), client.post("/tell", data=REPORT | {"command_id": str(uuid4())}),
             client.post("/tell", data={}), client.get("/progress"))  # fmt: skip
    for page in pages:
        assert "set-cookie" not in page.headers
        assert page.headers["cache-control"] == "no-store"
    assert not client.cookies


def test_the_report_waits_in_the_worklist_of_its_unit_with_where_it_came_from(taking: Portal) -> None:
    number, _ = receipt(send(taking, **{"a-narrative": WORDS}).text)
    officer = taking.as_role("intake_officer")
    line = re.search(rf'href="(/items/[0-9a-f-]+)"(?:(?!</tr>).)*{number}', officer.get("/worklist").text, re.DOTALL)
    assert line, "anybody who may record a report can take it"
    taken = officer.post(f"{line.group(1)}/claim", data={"command_id": str(uuid4())})
    form = officer.get(line.group(1)).text if "brick kiln" not in taken.text else taken.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; The man of the brick kiln" in form
    assert "<script>alert" not in form
    assert re.search(r'value="web_form" selected', form)
    case = re.search(r'href="(/cases/[0-9a-f-]+)"', form).group(1)
    assert "The public page" in officer.get(f"{case}/history").text


def test_the_same_page_sent_twice_opens_one_case_and_shows_the_same_receipt(taking: Portal) -> None:
    page_id, before = str(uuid4()), count(taking)
    first, second = send(taking, command_id=page_id), send(taking, command_id=page_id)
    assert receipt(first.text) == receipt(second.text)
    assert count(taking) == before + 1
    other = send(taking, command_id=page_id, **{"a-narrative": "Something else."})
    assert other.status_code == 422
    assert "You have sent this page before" in other.text
    assert "Something else." in other.text
    for known in receipt(first.text):
        assert known not in other.text
    assert hidden(other.text, "command_id") != page_id
    assert count(taking) == before + 1


def test_a_stranger_reaches_no_command_of_staff(taking: Portal) -> None:
    page_id = str(uuid4())
    staff = taking.as_role("intake_officer").post("/report", data=REPORT | {"command_id": page_id})
    number, _ = receipt(send(taking, command_id=page_id).text)
    assert number not in staff.text


def test_after_a_no_the_words_are_thrown_away_and_there_is_a_number(taking: Portal) -> None:
    answer = send(taking, **{"a-consent_to_record": "no", "a-narrative": WORDS})
    number, _ = receipt(answer.text)
    assert "What you wrote was thrown away" in answer.text
    kept = taking.rows(
        'SELECT id, encrypted_answers FROM report WHERE case_id = (SELECT id FROM "case" WHERE number = :n)', n=number
    )
    opened = taking.engine.vault.decrypt(
        bytes(kept[0]["encrypted_answers"]), table="report", row=kept[0]["id"], column="encrypted_answers"
    )
    assert set(opened) == {"immediate_danger", "consent_to_record", "is_child_suspected", "concern"}


def test_what_does_not_fit_is_said_beside_the_question_and_nothing_is_lost(taking: Portal) -> None:
    before = count(taking)
    answer = send(taking, **{"a-concern": "", "a-narrative": WORDS})
    assert answer.status_code == 422
    assert 'href="#a-concern"' in answer.text
    assert "brick kiln" in answer.text
    assert send(taking, **{"a-narrative": "x" * 20_001}).status_code == 422
    assert send(taking, **{"a-concern": "nothing of the list"}).status_code == 422
    assert count(taking) == before


def test_many_reports_of_one_network_need_a_puzzle_that_asks_for_no_script(taking: Portal) -> None:
    for _ in range(FREE_OF_NETWORK):
        receipt(send(taking).text)
    before, page_id = count(taking), str(uuid4())
    held = send(taking, command_id=page_id, **{"a-narrative": WORDS})
    assert held.status_code == 422
    assert "brick kiln" in held.text
    assert count(taking) == before
    wrong = send(taking, command_id=page_id, puzzle=hidden(held.text, "puzzle"), number="99")
    assert "That was not the number." in wrong.text
    token, number = hidden(wrong.text, "puzzle"), str(solution(wrong.text))
    receipt(send(taking, command_id=page_id, puzzle=token, number=number).text)
    assert count(taking) == before + 1
    again = send(taking, puzzle=token, number=number)
    assert "That was not the number." in again.text, "a solved puzzle lets one page through"


def solution(page: str) -> int:
    first, second = re.search(r"There are (\w+) \w+\. (\w+) more come\. How many now\?", page).groups()
    return _NUMBERS[first] + _NUMBERS[second.lower()]


def test_a_puzzle_takes_figures_and_words_and_is_over_in_a_quarter_of_an_hour(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = uuid4()
    puzzle = puzzle_for(portal.engine, command)
    right = solution(puzzle.question)
    for answer in (str(right), f" {public._NUMBERS[right].upper()}. "):
        assert is_solved(portal.engine, command, token=puzzle.token, answer=answer)
    for answer in ("", "x", str(right + 1), "9" * 50, "²"):
        assert not is_solved(portal.engine, command, token=puzzle.token, answer=answer)
    assert not is_solved(portal.engine, uuid4(), token=puzzle.token, answer=str(right))
    for token in ("", ".", "x.y", puzzle.token + "0", "9" * 40 + ".00"):
        assert not is_solved(portal.engine, command, token=token, answer=str(right))
    monkeypatch.setattr(public, "_LASTS", -1)
    late = puzzle_for(portal.engine, command)
    assert not is_solved(portal.engine, command, token=late.token, answer=str(solution(late.question)))


def test_a_flood_of_one_network_ends_and_neither_others_nor_staff_are_stopped(taking: Portal) -> None:
    clock = MovedClock(LATE)
    engine = replace(taking.engine, wall_clock=clock)

    def send_from(network: str) -> Receipt | NotTaken:
        return take_report(engine, answers=ANSWERS, command_id=uuid4(), network=network, has_solved=True)

    assert NotTaken.LATER not in {send_from("203.0.113.7") for _ in range(MOST_OF_NETWORK)}
    for minutes in (0, 2, 59):
        clock.move_to(LATE + timedelta(minutes=minutes))
        assert send_from("203.0.113.7") is NotTaken.LATER, "the turn of an hour, or of a day, changes nothing"
    assert isinstance(send_from("203.0.113.8"), Receipt)
    report_case(taking.as_role("intake_officer"))
    clock.move_to(LATE + timedelta(minutes=75))
    assert isinstance(send_from("203.0.113.7"), Receipt), "tries that were not taken do not count"


def test_one_home_is_one_network_however_many_addresses_it_has(taking: Portal) -> None:
    found = [
        take_report(taking.engine, answers=ANSWERS, command_id=uuid4(), network=f"2001:db8:1:2::{one:x}")
        for one in range(FREE_OF_NETWORK + 1)
    ]
    assert found[-1] is NotTaken.PUZZLE
    other = take_report(taking.engine, answers=ANSWERS, command_id=uuid4(), network="2001:db8:1:3::1")
    assert isinstance(other, Receipt)


def test_more_than_can_be_read_are_held_up_for_all_the_public_with_their_words_and_not_for_staff(
    taking: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(public, "FREE_OF_ALL", 1)
    receipt(send(taking).text)
    assert "There are" in send(taking).text
    monkeypatch.setattr(public, "MOST_OF_ALL", 1)
    held = send(taking, **{"a-narrative": WORDS})
    assert (held.status_code, held.headers["retry-after"]) == (429, "3600")
    assert "brick kiln" in held.text
    assert "112 in India" in held.text
    report_case(taking.as_role("intake_officer"))


def test_the_address_of_a_reporter_is_kept_nowhere(taking: Portal) -> None:
    take_report(taking.engine, answers=ANSWERS, command_id=uuid4(), network="203.0.113.99")
    keys = [bytes(row["key"]) for row in taking.rows("SELECT key FROM sign_in_try")]
    assert keys
    assert all(b"203.0.113.99" not in key for key in keys)


def test_where_no_unit_takes_reports_the_page_says_whom_to_call(portal: Portal) -> None:
    before = count(portal)
    for answer, status in ((portal.anybody().get("/tell"), 200), (send(portal), 409)):
        assert answer.status_code == status
        assert "Reports are not taken on this page" in answer.text
        assert "112 in India" in answer.text
    assert count(portal) == before


def test_an_administrator_says_which_unit_takes_them_and_it_is_in_the_audit(taking: Portal) -> None:
    page = taking.as_role("system_administrator").get(f"/units/{taking.unit}").text
    assert "Take no more reports from the public" in page
    taking.refuses(NotAllowedError, take_from_public, taking.unit, by="intake_officer", takes=False)
    taking.refuses(NotFoundError, take_from_public, uuid4(), by="system_administrator", takes=True)
    kept = taking.rows("SELECT type FROM audit_event WHERE type LIKE 'PublicReports%'")
    assert {"type": "PublicReportsBegun"} in [dict(one) for one in kept]


def test_those_who_lead_the_unit_and_administrators_are_told_that_it_takes_them_or_no_longer(taking: Portal) -> None:
    taking.rows("DELETE FROM delivery WHERE message_id IN (SELECT id FROM message WHERE kind = 'public_changed')")
    taking.rows("DELETE FROM message WHERE kind = 'public_changed'")
    for takes in (False, True):
        take_from_public(taking.engine, taking.unit, viewer=SYSTEM, takes=takes)
    told = taking.rows(
        "SELECT m.recipient_id, d.channel, count(*) FROM message m JOIN delivery d ON d.message_id = m.id"
        " WHERE m.kind = 'public_changed' GROUP BY 1, 2"
    )
    leads = ("supervisor", "system_administrator")
    for who in (taking.people[role].actor_id for role in leads):
        assert {(row["channel"], row["count"]) for row in told if row["recipient_id"] == who} == {
            ("in_app", 2), ("email", 2),
        }  # fmt: skip
    assert taking.people["caseworker"].actor_id not in {row["recipient_id"] for row in told}


def test_a_second_unit_takes_none_before_the_first_one_stops(taking: Portal) -> None:
    other = uuid4()
    taking.rows("UPDATE installation SET value = json_build_object('unit_id', CAST(:unit AS text)) "
                "WHERE key = 'public_reports'", unit=str(other))  # fmt: skip
    answer = taking.as_role("system_administrator").post(f"/units/{taking.unit}/public", data={"takes": "yes"})
    assert answer.status_code == 422
    assert "Another unit takes reports from the public" in answer.text
    taking.refuses(InvalidAnswersError, take_from_public, taking.unit, by="system_administrator", takes=False)
    taking.rows("UPDATE installation SET value = '{}' WHERE key = 'public_reports'")


def test_none_are_taken_while_nobody_may_sign_in_after_a_restore(taking: Portal) -> None:
    at = taking.engine.wall_clock.now().isoformat()
    since = "json_build_object('since', CAST(:at AS text))"
    taking.rows(f"INSERT INTO installation (key, value) VALUES ('custody', {since})", at=at)
    try:
        assert "Reports are not taken on this page" in taking.anybody().get("/tell").text
    finally:
        taking.rows("DELETE FROM installation WHERE key = 'custody'")
