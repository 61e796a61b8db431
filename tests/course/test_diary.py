"""The diary of a case: a note in two clicks, encrypted, masked until it is read, with the step it calls for."""

import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from starlette.testclient import TestClient

from engine.cases.store import CaseStore
from engine.course.actions.diary import make_note
from engine.documents.store import FileStore
from engine.errors import AlreadyEndedError
from tests.kit.portal import Portal, Reported, hidden, report_case

pytestmark = pytest.mark.long

WORDS = "Her aunt rang: the broker was seen near the bus stand."


@pytest.fixture
def case(portal: Portal) -> Reported:
    return report_case(portal.as_role("case_manager"))


def id_of(case: Reported) -> UUID:
    return UUID(case.page.rpartition("/")[2])


def note(client: TestClient, case: Reported, **more: str) -> str:
    page = client.get(f"{case.page}/diary").text
    assert "command_id" in page, page[:3000]
    sent = {"kind": "worry", "words": WORDS, "command_id": hidden(page, "command_id"), **more}
    return client.post(f"{case.page}/diary", data=sent).text


def test_a_note_is_one_page_from_the_case_and_masked_until_it_is_read(portal: Portal, case: Reported) -> None:
    client = portal.as_role("caseworker")
    assert f'href="{case.page}/diary"' in client.get(case.page).text
    saved = note(client, case)
    assert "Your note was saved" in saved
    assert "Worry" in saved
    assert portal.people["caseworker"].name in saved
    for address in (f"{case.page}/diary", f"{case.page}/history", case.page):
        assert WORDS not in client.get(address).text
    assert WORDS in client.post(f"{case.page}/diary/words", data={"page": "1"}).text
    assert "A worry was recorded in the diary." in client.get(f"{case.page}/history").text
    assert WORDS not in client.get(f"{case.page}/diary").text


def test_a_note_brings_its_file_with_it_and_what_does_not_fit_loses_neither(portal: Portal, case: Reported) -> None:
    client = portal.as_role("caseworker")
    told = {"words": WORDS, "command_id": str(uuid4()), "child_shown": "no", "file_kind": "statement"}

    def send(kind: str, name: str = "note.txt", **more: str) -> str:
        file = {"new_file": (name, b"She said so.", "text/plain")}
        answer = client.post(f"{case.page}/diary", data={**told, **more}, files=file | {"kind": (None, kind)})
        return answer.text

    assert "Say what it is" in send("call", file_kind="")
    assert "Nothing is taken" not in send("call", file_kind="")
    assert not portal.of(FileStore).of_case(id_of(case))
    refused = send("call", words="")
    assert "Write what happened" in refused
    [kept] = portal.of(FileStore).of_case(id_of(case))
    assert f'<option value="{kept.id}" selected>' in refused, "it is kept, and chosen when the note is sent again"
    assert "Your note was saved" in send("call")
    assert portal.of(FileStore).of_case(id_of(case)) == (kept,), "the same file is not kept twice"
    assert "with a file" in client.get(f"{case.page}/diary").text
    assert "child" in send("call", child_shown="unsure", command_id=str(uuid4()))
    long = "ক" * 2_000
    assert "Your note was saved" in send("visit", words=long, command_id=str(uuid4())), "6,000 bytes in UTF-8"
    assert long in client.post(f"{case.page}/diary/words").text
    assert "at most 2,000 characters" in send("visit", words=f"{long}!", command_id=str(uuid4()))
    assert "An answer goes to the person who reported, in words alone" in send("answer", command_id=str(uuid4()))


def test_that_it_was_read_is_recorded_with_a_class_of_its_own(portal: Portal, case: Reported) -> None:
    note(portal.as_role("caseworker"), case)
    portal.as_role("counsellor").post(f"{case.page}/diary/words")
    read = portal.rows("SELECT * FROM reading WHERE case_id = :case AND what = 'diary'", case=id_of(case))
    assert [(row["actor_id"], row["classes"]) for row in read] == [(portal.people["counsellor"].actor_id, ["diary"])]


def test_notes_are_no_reasons_and_reasons_no_notes(portal: Portal, case: Reported) -> None:
    client = portal.as_role("case_manager")
    note(client, case)
    assert WORDS not in client.post(f"{case.page}/history/words").text
    with portal.engine.transaction() as tx:
        assert list(tx.of(CaseStore).words_of(id_of(case))) == []
        assert list(tx.of(CaseStore).words_of(id_of(case), notes=True).values()) == [WORDS]


def test_who_may_write_but_not_reveal_writes_and_does_not_read(portal: Portal, case: Reported) -> None:
    client = portal.as_role("finance_officer")
    saved = note(client, case, kind="call")
    assert "Your note was saved" in saved
    assert "Read these notes" not in saved
    assert client.post(f"{case.page}/diary/words").status_code == 403
    assert portal.as_role("auditor").post(f"{case.page}/diary", data={"kind": "call", "words": "x"}).status_code == 403


def test_a_note_says_when_about_whom_and_opens_a_step(portal: Portal, case: Reported) -> None:
    client = portal.as_role("case_manager")
    person = re.search(r"/persons/([0-9a-f-]{36})", client.get(f"{case.page}/people").text)
    page = client.get(f"{case.page}/diary").text
    offered = re.findall(r'<option value="([a-z_]+\.[a-z_]+)">', page)
    assert offered
    before = client.get(f"{case.page}/steps").text.count("/steps/")
    saved = note(
        client, case, kind="visit", happened_at="2026-03-05T10:00", person=person.group(1), step="protection.safety"
    )
    assert "Thu 05 Mar 2026, 10:00" in saved
    assert f'{case.page}/persons/{person.group(1)}">Person 1' in saved
    assert client.get(f"{case.page}/steps").text.count("/steps/") > before
    assert portal.rows("SELECT 1 FROM step WHERE case_id = :case AND uses = 'protection.safety'", case=id_of(case))


def test_sent_twice_it_is_one_note_and_one_step(portal: Portal, case: Reported) -> None:
    client, command = portal.as_role("case_manager"), str(uuid4())
    for _ in range(2):
        note(client, case, command_id=command, step="core.decide")
    for query in ("event WHERE type = 'NoteMade' AND", "step WHERE uses = 'core.decide' AND"):
        assert len(portal.rows(f"SELECT 1 FROM {query} case_id = :case", case=id_of(case))) == 1


def test_what_does_not_fit_stays_on_the_page_all_at_once(portal: Portal, case: Reported) -> None:
    client = portal.as_role("case_manager")
    page = note(client, case, kind="", words="", happened_at="2027-01-01T10:00", person=str(uuid4()), file=str(uuid4()))
    for problem in (
        "Choose what it was", "Write what happened", "This is in the future", "Choose one of the people",
        "Choose a file of this case",
    ):  # fmt: skip
        assert problem in page
    assert "Choose one of the steps offered" in note(client, case, step="core.nothing")
    assert "Give a date and time" in note(client, case, happened_at="soon")
    assert not portal.rows("SELECT 1 FROM event WHERE type = 'NoteMade' AND case_id = :case", case=id_of(case))


def test_notes_come_by_when_they_happened_page_by_page(portal: Portal, case: Reported) -> None:
    client, now = portal.as_role("caseworker"), portal.clock.now()
    for number in range(8):
        make_note(
            portal.engine, id_of(case), viewer=portal.people["caseworker"], command_id=uuid4(), kind="call",
            words=f"call {number}.", happened_at=now - timedelta(hours=number),
        )  # fmt: skip
    first = client.post(f"{case.page}/diary/words", data={"page": "1"}).text
    second = client.post(f"{case.page}/diary/words", data={"page": "2"}).text
    assert re.findall(r"call \d\.", first) == [f"call {number}." for number in range(6)]
    assert re.findall(r"call \d\.", second) == ["call 6.", "call 7."]
    assert 'rel="next"' in first
    assert 'rel="prev"' in client.get(f"{case.page}/diary?page=2").text


def test_a_closed_case_takes_no_note(portal: Portal, case: Reported) -> None:
    portal.rows("UPDATE \"case\" SET status = 'closed', closed_at = opened_at WHERE id = :case", case=id_of(case))
    with pytest.raises(AlreadyEndedError):
        make_note(
            portal.engine, id_of(case), viewer=portal.people["caseworker"], command_id=uuid4(), kind="call", words="x"
        )
    assert "Save as a call" not in portal.as_role("caseworker").get(f"{case.page}/diary").text


def test_what_is_about_one_person_goes_with_their_key(portal: Portal, case: Reported) -> None:
    [person] = portal.rows("SELECT person_id FROM case_person WHERE case_id = :case", case=id_of(case))
    for about in (None, person["person_id"]):
        make_note(
            portal.engine, id_of(case), viewer=portal.people["caseworker"], command_id=uuid4(), kind="worry",
            words=WORDS, person_id=about,
        )  # fmt: skip
    rows = portal.rows(
        "SELECT encrypted_words AS it FROM event_words WHERE case_id = :case ORDER BY seq", case=id_of(case)
    )
    assert [UUID(bytes=bytes(row["it"])[4:20]) for row in rows] == [id_of(case), person["person_id"]]
