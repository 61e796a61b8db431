"""People are found by a name in any script, a telephone number or a village, by who may reveal them, and on record."""

import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from starlette.testclient import TestClient

from engine.access.actions.recusals import recuse
from engine.access.records import MOST_FOUND_IN_AN_HOUR
from engine.core.access import RecusalReason
from engine.persons.actions.matches import find_people
from engine.persons.tokens import NameTokens
from tests.kit.portal import Portal, Reported, report_case

pytestmark = pytest.mark.long

RINA = {
    "name": "Rina Boro", "aliases": "Sumi", "phone": "+91 98640 12345", "home_village": "Kokilabari",
    "home_district": "Baksa",
}  # fmt: skip


def told(portal: Portal, **who: str) -> Reported:
    """Report a case of somebody who is known, later than those before: of people as alike, the latest come first."""
    portal.clock.move_to(portal.clock.now() + timedelta(minutes=1))
    client = portal.as_role("case_manager")
    case = report_case(client)
    person = re.search(r"/persons/[0-9a-f-]{36}", client.get(f"{case.page}/people").text)
    saved = client.post(f"{case.page}{person.group()}/identify", data={"command_id": str(uuid4()), **who})
    assert "It was recorded" in saved.text
    return case


def look(client: TestClient, words: str, **more: str) -> str:
    answer = client.post("/find", data={"words": words, **more})
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.parametrize(
    "words",
    ["rina boro", "Boro, Reena", "রিনা বড়ো", "रीना", "Sumi", "Mrs Rina", "098640-12345", "9864012345", "kokilabari",
     "Rina Kokilabari", "boro baksa", "Rina 98640 12345"],
)  # fmt: skip
def test_somebody_is_found_by_whatever_is_known_of_them_and_stays_masked(portal: Portal, words: str) -> None:
    case, client = told(portal, **RINA), portal.as_role("caseworker")
    page = look(client, words)
    assert case.number in page
    assert "Person 1" in page
    for secret in ("Rina Boro", "Sumi", "98640 12345", "Kokilabari, Baksa"):
        assert secret not in page.replace(f'value="{words}"', "")
    assert case.page in client.get("/cases").text
    reveal = re.search(rf'action="({case.page}/persons/[^"]+/reveal)"', page)
    assert "Rina Boro" in client.post(reveal.group(1)).text


@pytest.mark.parametrize("words", ["Anjali Devi", "Rina Guwahati", "Rina Das", "9864099999", "Rina 9864099999", "12"])
def test_who_lacks_one_of_the_words_is_not_found(portal: Portal, words: str) -> None:
    case = told(portal, **RINA)
    portal.rows("""UPDATE "case" SET number = translate(number, '12', 'XY') RETURNING id""")
    page = look(portal.as_role("caseworker"), words)
    assert case.page not in page
    assert "Nothing was found" in page


@pytest.mark.parametrize("number", ["C-7K3M-2Q9D", "C-EXFF-HWKY"], ids=["digits", "letters_alone"])
def test_a_case_is_found_by_its_number_in_the_same_field(portal: Portal, number: str) -> None:
    case = told(portal, **RINA)
    portal.rows('UPDATE "case" SET number = :number WHERE number = :was', number=number, was=case.number)
    page = look(portal.as_role("caseworker"), number.lower().replace("-", " "))
    assert case.page in page
    assert "Cases with a number like this" in page


def test_the_most_alike_come_first_page_by_page(portal: Portal) -> None:
    alike = told(portal, name="Marina Hajari")
    for _ in range(20):
        told(portal, name="Mirini Hojir")
    client = portal.as_role("counsellor")
    first, second = look(client, "Marina Hajari"), look(client, "Marina Hajari", page="2")
    numbers = [re.findall(r"<strong>(C-[0-9A-Z-]+)</strong>", page) for page in (first, second)]
    assert [len(page) for page in numbers] == [20, 1]
    assert numbers[0][0] == alike.number
    assert not set(numbers[0]) & set(numbers[1])
    assert "People (21)" in first
    assert 'name="page" value="2"' in first
    assert 'name="page" value="1"' in second


def test_each_look_is_recorded_and_its_words_nowhere(portal: Portal) -> None:
    case = told(portal, **RINA)
    look(portal.as_role("caseworker"), "Rina Boro")
    case_id, who = case.page.rpartition("/")[2], portal.people["caseworker"].actor_id
    [reading] = portal.rows("SELECT * FROM reading WHERE case_id = :case AND what = 'found'", case=case_id)
    assert (reading["actor_id"], reading["classes"]) == (who, ["identifying"])
    look(portal.as_role("caseworker"), "Nobody Whoever")
    noted = portal.rows("SELECT body FROM audit_event WHERE type = 'PeopleSearched' ORDER BY seq")
    assert noted[-1]["body"] == {"found": 0}
    assert noted[-2]["body"]["found"] >= 1
    assert "found" in portal.as_role("case_manager").get(f"{case.page}/readings").text


def test_who_must_not_see_a_case_or_may_reveal_nobody_finds_nobody(portal: Portal) -> None:
    case, worker = told(portal, **RINA), portal.people["caseworker"]
    recuse(
        portal.engine, UUID(case.page.rpartition("/")[2]), viewer=portal.people["case_manager"], command_id=uuid4(),
        actor_id=worker.actor_id, reason=RecusalReason.DENIED, reason_code="concern",
    )  # fmt: skip
    assert case.number not in look(portal.as_role("caseworker"), "Rina Boro")
    assert case.number in look(portal.as_role("counsellor"), "Rina Boro")
    for role in ("auditor", "data_protection_officer", "system_administrator"):
        assert portal.as_role(role).post("/find", data={"words": "Rina"}).status_code == 403
        assert 'action="/find"' not in portal.as_role(role).get("/cases").text


def test_a_village_is_a_token_of_the_own_organisation_alone(portal: Portal) -> None:
    told(portal, **RINA)
    kinds = {row["kind"] for row in portal.rows("SELECT DISTINCT kind FROM search_token")}
    assert kinds == {"name", "name_part", "phone", "home_word"}
    assert not portal.rows("SELECT 1 FROM person_token WHERE kind = 'home_word'")


def test_nothing_that_is_typed_breaks_the_search(portal: Portal) -> None:
    for words in ("", "  ", ",;", "'; --", "u", "ဒေါ် မြ", "٩٨٦٤٠١٢٣٤٥", "a" * 500, "%_\\", "\x00", "🙂"):
        assert portal.as_role("caseworker").post("/find", data={"words": words}).status_code in {200, 422}


def test_titles_and_initials_count_only_where_nothing_else_is_typed() -> None:
    asked = NameTokens().asked
    assert asked("Mrs R Das") == asked("Das")
    assert asked("Ma") != ()
    assert asked("C-7K3M-2Q9D") == ()


def test_only_this_many_letters_are_looked_at(portal: Portal) -> None:
    told(portal, **RINA)
    found = find_people(portal.engine, viewer=portal.people["caseworker"], words="Rina" + " " * 90 + "Nobody")
    assert found.count > 0


def test_whoever_looks_for_everybody_is_stopped(portal: Portal) -> None:
    case, who = told(portal, **RINA), portal.people["caseworker"]
    portal.rows(
        "INSERT INTO reading (case_id, seq, actor_id, at, what, classes, roles, hash) SELECT :case, 1000 + n, :who, "
        ":at, 'found', '{}', '{}', '' FROM generate_series(1, :most) n",
        case=case.page.rpartition("/")[2], who=who.actor_id, at=portal.clock.now(), most=MOST_FOUND_IN_AN_HOUR,
    )  # fmt: skip
    assert portal.as_role("caseworker").post("/find", data={"words": "Rina"}).status_code == 429
