"""Who reported comes back with number and code, adds what they forgot, and reads what was written for them alone."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
from starlette.responses import Response

from engine.access.actions.restrict import restrict_case
from engine.cases.actions.public import MOST_ADDED_IN_A_DAY, code_for, tries_of
from engine.cases.records import ANSWER
from engine.core.policy import THE_PUBLIC
from engine.core.retention import GROUNDS_TO_RESTRICT
from engine.course.actions.diary import make_note
from engine.errors import AlreadyEndedError, InvalidAnswersError, NotAllowedError, NotFoundError
from tests.kit.portal import Portal, hidden, report_case

ADDED = "<b>The van</b> is white."
SAID = "We went there.\nThank you."


class Case(NamedTuple):
    """A case, and what who reported it was given."""

    id: UUID
    known: Mapping[str, str]

    @property
    def page(self) -> str:
        return f"/cases/{self.id}"


@pytest.fixture
def case(portal: Portal) -> Case:
    return open_case(portal)


def open_case(portal: Portal) -> Case:
    reported = report_case(portal.as_role("caseworker"))
    known = {"number": reported.number, "code": code_for(portal.engine, reported.number)}
    return Case(UUID(reported.page.rpartition("/")[2]), known)


def back(portal: Portal, case: Case) -> str:
    answer = portal.anybody().post("/progress", data=case.known)
    assert answer.status_code == 200
    assert not answer.cookies
    return answer.text


def add(portal: Portal, case: Case, **more: str) -> Response:
    sent = {"words": ADDED, "command_id": str(uuid4()), **case.known, **more}
    return portal.anybody().post("/progress/add", data=sent)


def say(portal: Portal, case: Case, words: str = SAID, *, by: str = "caseworker", **more: Any) -> None:
    given = {"kind": ANSWER, "viewer": portal.people[by], "command_id": uuid4(), "words": words}
    make_note(portal.engine, case.id, **given | more)


def notes(portal: Portal, case: Case, kind: str = "added") -> list[Any]:
    return portal.rows(
        "SELECT actor_id FROM event WHERE case_id = :id AND type = 'NoteMade' AND body ->> 'kind' = :kind",
        id=case.id, kind=kind,
    )  # fmt: skip


def test_what_is_added_is_in_the_diary_encrypted_and_said_to_be_theirs(portal: Portal, case: Case) -> None:
    page = back(portal, case)
    answer = add(portal, case, command_id=hidden(page, "command_id"))
    assert "We have what you added." in answer.text
    assert "van" not in answer.text
    assert [row["actor_id"] for row in notes(portal, case)] == [THE_PUBLIC.actor_id]
    client = portal.as_role("caseworker")
    diary = client.get(f"{case.page}/diary").text
    assert "From the person who reported" in diary
    assert "The public page" in diary
    assert "van" not in diary
    assert "&lt;b&gt;The van&lt;/b&gt; is white." in client.post(f"{case.page}/diary/words").text
    assert "What the person who reported added was recorded in the diary." in client.get(f"{case.page}/history").text
    kept = portal.rows("SELECT encrypted_words FROM event_words WHERE case_id = :id", id=case.id)
    assert kept
    assert all(b"van" not in bytes(row["encrypted_words"]) for row in kept)


def test_who_is_at_work_on_the_case_is_notified_and_nobody_else(portal: Portal, case: Case) -> None:
    add(portal, case)
    found = portal.rows(
        "SELECT recipient_id, body FROM message WHERE case_id = :id AND kind = 'reporter_wrote'", id=case.id
    )
    assert {row["recipient_id"] for row in found} == {portal.people["caseworker"].actor_id}
    assert all("van" not in row["body"] for row in found)


def test_the_same_page_sent_twice_adds_once(portal: Portal, case: Case) -> None:
    page_id = str(uuid4())
    for _ in range(2):
        assert "We have what you added." in add(portal, case, command_id=page_id).text
    assert len(notes(portal, case)) == 1


def test_without_the_code_nothing_is_added_or_read_and_the_next_try_waits(portal: Portal, case: Case) -> None:
    say(portal, case)
    for more in ({"code": "AAAAA-AAAAA"}, {"number": "C-0000-0000"}, {"code": ""}):
        answer = add(portal, case, **more)
        assert answer.status_code == 403
        assert "do not match" in answer.text
        assert "We went there." not in answer.text
    assert not notes(portal, case)
    tries = tries_of(portal.engine, number=case.known["number"], network="testclient")
    assert tries.failures() == 2


@pytest.mark.parametrize("words", ["", "   ", "x" * 2_001])
def test_what_does_not_fit_is_said_and_stays_on_the_page(portal: Portal, case: Case, words: str) -> None:
    answer = add(portal, case, words=words)
    assert answer.status_code == 422
    assert "in at most 2,000 characters" in answer.text
    assert words.strip() in answer.text
    assert not notes(portal, case)


@pytest.mark.long
def test_more_than_ten_additions_a_day_wait_until_tomorrow(portal: Portal, case: Case) -> None:
    for _ in range(MOST_ADDED_IN_A_DAY):
        add(portal, case)
    held = add(portal, case)
    assert held.status_code == 422
    assert "You have added much today." in held.text
    assert "van" in held.text
    portal.let_time_pass(timedelta(days=1, seconds=1))
    assert "We have what you added." in add(portal, case).text


def test_an_answer_is_read_with_the_code_and_no_other_note_ever(portal: Portal, case: Case) -> None:
    assert "There is no answer yet." in back(portal, case)
    for kind in ("call", "visit", "worry"):
        say(portal, case, f"Nobody else reads of this {kind}.", kind=kind)
    add(portal, case)
    say(portal, case)
    page = back(portal, case)
    assert "We went there.<br>Thank you." in page
    for kept in ("Nobody else reads", "van", portal.people["caseworker"].name, str(case.id)):
        assert kept not in page


def test_the_code_of_one_case_reads_the_answers_of_no_other(portal: Portal, case: Case) -> None:
    say(portal, case)
    assert "We went there." not in back(portal, open_case(portal))


def test_that_an_answer_was_read_is_written_once_for_each_new_one(portal: Portal, case: Case) -> None:
    def read() -> int:
        return len(portal.rows("SELECT 1 FROM event WHERE case_id = :id AND type = 'AnswersRead'", id=case.id))

    back(portal, case)
    assert read() == 0
    for count in (1, 2):
        say(portal, case)
        for _ in range(2):
            back(portal, case)
        assert read() == count
    history = portal.as_role("caseworker").get(f"{case.page}/history").text
    assert "The person who reported read what was answered." in history


def test_only_who_works_in_the_unit_of_the_case_answers_and_in_words_alone(portal: Portal, case: Case) -> None:
    for role in ("auditor", "system_administrator"):
        with pytest.raises((NotAllowedError, NotFoundError)):
            say(portal, case, by=role)
    with pytest.raises(InvalidAnswersError) as refused:
        say(portal, case, person_id=uuid4(), file_id=uuid4())
    assert set(refused.value.problems) == {"person", "file"}
    with pytest.raises(InvalidAnswersError):
        say(portal, case, kind="added")
    assert not notes(portal, case, ANSWER)


def test_a_caseworker_answers_in_the_diary_and_is_told_who_can_read_it(portal: Portal, case: Case) -> None:
    client = portal.as_role("caseworker")
    page = client.get(f"{case.page}/diary").text
    assert "An answer can be read by whoever has the number and the receipt code." in page
    assert not re.search(r'value="added"', page)
    client.post(f"{case.page}/diary", data={"kind": ANSWER, "words": SAID, "command_id": hidden(page, "command_id")})
    assert "We went there." in back(portal, case)


def test_a_closed_case_still_shows_its_answers_and_takes_nothing_more(portal: Portal, case: Case) -> None:
    say(portal, case)
    portal.rows("UPDATE \"case\" SET status = 'closed' WHERE id = :id", id=case.id)
    page = back(portal, case)
    assert "Report something new" in page
    assert "We went there." in page
    assert "Do you want to add something?" not in page
    late = add(portal, case)
    assert "this was not kept: &lt;b&gt;The van&lt;/b&gt;" in late.text
    assert not notes(portal, case)
    with pytest.raises(AlreadyEndedError):
        say(portal, case)


def test_a_restricted_case_keeps_its_answers_back_and_still_takes_what_is_added(portal: Portal, case: Case) -> None:
    say(portal, case)
    restrict_case(
        portal.engine, case.id, viewer=portal.people["data_protection_officer"], ground_code=min(GROUNDS_TO_RESTRICT),
        holder_id=portal.people["case_manager"].actor_id, command_id=uuid4(),
    )  # fmt: skip
    page = back(portal, case)
    assert "We went there." not in page
    assert "There is no answer yet." in page
    assert "We have what you added." in add(portal, case).text
