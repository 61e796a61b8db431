"""The pages of persons and of other cases: names, ages, roles, merges, links, splits, by keyboard alone."""

import re
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from starlette.testclient import TestClient

from engine.core.records import PersonRole
from engine.persons.store import PersonStore
from tests.kit.portal import Portal, Reported, hidden, report_case

pytestmark = pytest.mark.long

NAME, OTHER = "কমলা of the blue house", "Kamala Begum"


def person_page(client: TestClient, case: Reported, number: int = 1) -> str:
    found = re.findall(r'href="(/cases/[0-9a-f-]+/persons/[0-9a-f-]+)">Person (\d+)<', client.get(case.page).text)
    return next(href for href, label in found if int(label) == number)


def post(client: TestClient, page: str, action: str, **fields: object) -> str:
    """Send one of the forms of a page; returns the page that it leads to."""
    shown = client.get(page).text
    command = hidden(shown, "command_id") if "command_id" in shown else str(uuid4())
    answer = client.post(f"{page}/{action}" if action else page, data={"command_id": command, **fields})
    assert answer.status_code in {200, 422}, (action, answer.status_code)
    return answer.text


def with_second_person(client: TestClient, case: Reported) -> None:
    client.post(f"{case.page}/add-person", data={"command_id": str(uuid4()), "role": "possible_victim", "name": OTHER})


def test_names_and_ages_are_written_masked_and_shown_when_they_are_revealed(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    page = person_page(client, report_case(client))
    for name in (NAME, OTHER):
        assert NAME not in post(client, page, "names", alias=name)
    post(client, page, "age", youngest="16", oldest="20", source="appearance", as_of="2026-03-01")
    post(client, page, "age", youngest="15", source="school", as_of="2026-03-01")
    post(client, page, "candidates", candidate="Farida Khatun", candidate_aliases="Fari, Rida")
    masked = client.get(page).text
    for secret in (NAME, OTHER, "Farida", "Fari", "Counts as a child"):
        assert secret not in masked
    shown = client.post(f"{page}/reveal").text
    for told in (NAME, OTHER, "Farida Khatun", "Fari, Rida", "Counts as a child", "16 to 20"):
        assert told in shown, told
    candidate = re.search(r"/candidates/([0-9a-f-]{36})", shown)
    post(client, page, f"candidates/{candidate.group(1)}", outcome="confirmed")
    assert re.search(r"<dt>Name</dt><dd>Farida Khatun</dd>", client.post(f"{page}/reveal").text)
    history = client.get(f"{page.split('/persons')[0]}/history").text
    for secret in (NAME, OTHER, "Farida"):
        assert secret not in history
    for sentence in ("Another name of a person was recorded", "possible age of a person was recorded: school"):
        assert sentence in history


def test_the_day_of_an_age_is_the_day_where_it_is_written_down(portal: Portal) -> None:
    portal.clock.move_to(datetime(2026, 3, 7, 20, 0, tzinfo=UTC))
    client = portal.as_role("case_manager")
    page = person_page(client, report_case(client))
    post(client, page, "age", youngest="15", source="school")
    post(client, page, "age", youngest="16", source="appearance", as_of="2026-03-08")
    assert client.post(f"{page}/reveal").text.count("2026-03-08") == 2, "half past one at night in Assam"


def test_what_is_too_long_is_refused_with_its_length_and_stays_on_the_page(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    case = report_case(client)
    page = person_page(client, case)
    told = (("name", 300), ("aliases", 300), ("phone", 40), ("parents", 300), ("home_village", 150))
    for name, longest in told:
        value = "9" * (longest + 1)
        for answer in (
            post(client, page, "identify", **{name: value}),
            post(client, case.page, "add-person", role="witness", **{name: value}),
        ):
            assert f"This is too long: write at most {longest} letters." in answer, name
            assert f'href="#{name}"' in answer
            assert f'value="{value}"' in answer, "nothing has to be typed twice"
    for name, longest in (("candidate_aliases", 300), ("candidate_phone", 40)):
        answer = post(client, page, "candidates", candidate="Farida", **{name: "9" * (longest + 1)})
        assert f"This is too long: write at most {longest} letters." in answer, name
    answer = post(client, case.page, "add-step", uses="core.decide", title="9" * 121)
    assert "This is too long: write at most 120 letters." in answer
    assert "9" * 39 not in client.post(f"{page}/reveal").text
    assert "It was recorded" in post(client, page, "identify", phone="9" * 40)


def test_parents_and_home_are_asked_sealed_shown_when_revealed_and_help_to_find_the_person_again(
    portal: Portal,
) -> None:
    client = portal.as_role("case_manager")
    case = report_case(client)
    page = person_page(client, case)
    for form in (page, f"{case.page}/add-person"):
        for name in ("parents", "home_village", "home_district"):
            assert f'name="{name}"' in client.get(form).text
    home = {"parents": "Ranen Rabha, Purnima Rabha", "home_village": "Dudhnoi", "home_district": "Goalpara"}
    masked = post(client, page, "identify", name="Jonali Rabha", **home)
    shown = client.post(f"{page}/reveal").text
    assert "<dt>Parents</dt><dd>Ranen Rabha, Purnima Rabha</dd>" in shown
    assert "<dt>Home</dt><dd>Dudhnoi, Goalpara</dd>" in shown
    post(client, page, "identify", phone="+91 361 000000")
    assert "Dudhnoi, Goalpara" in client.post(f"{page}/reveal").text, "what is left empty stays as it was"
    for secret in ("Ranen", "Dudhnoi", "Goalpara"):
        assert secret not in masked
        assert secret not in client.get(f"{case.page}/history").text
    known = portal.of(PersonStore).identity(UUID(page.rpartition("/")[2]))
    assert (known["parents"], known["home"]) == (["Ranen Rabha", "Purnima Rabha"], "Dudhnoi, Goalpara")
    kinds = {kind for kind, _ in portal.engine.fingerprints.tokens(known)}
    assert {"part_home", "part_area", "part_parent"} <= kinds, "the person is found again by them"


def test_what_does_not_fit_is_said_beside_the_field_and_what_was_typed_stays(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    page = person_page(client, report_case(client))
    for action, fields, problem in (
        ("names", {"alias": " "}, "#alias"),
        ("age", {"youngest": "17", "oldest": "15", "source": "stated"}, "#youngest"),
        ("age", {"youngest": "17", "source": "?"}, "#source"),
        ("age", {"youngest": "17", "source": "stated", "as_of": "yesterday"}, "#as_of"),
        ("candidates", {"candidate": ""}, "#candidate"),
        ("role", {"role": "possible_victim", "to_role": "?", "status": "stated"}, "#to_role"),
        ("role", {"role": "witness", "to_role": "witness", "status": "?"}, "#status"),
        ("same", {"same_number": "C-NONE", "merge_reason": "papers"}, "#same_number"),
        ("bring", {"bring_number": "C-NONE", "bring_role": "suspect"}, "#bring_number"),
        ("bring", {"bring_number": "C-NONE"}, "#bring_role"),
    ):
        shown = post(client, page, action, **fields)
        assert f'href="{problem}"' in shown, (action, fields)
        assert f'id="{problem[1:]}"' in shown, (action, problem)
        assert shown.count('<details class="govuk-details" open>') == 1, "the form is open at which the problem is"
    assert 'value="17"' in post(client, page, "age", youngest="17", oldest="15", source="stated")


def test_every_role_is_offered_wherever_one_is_chosen(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    shown = client.get(person_page(client, report_case(client))).text
    for name in ("to_role", "bring_role"):
        offered = re.search(rf'<select[^>]* name="{name}".*?</select>', shown, re.DOTALL)
        assert re.findall(r'value="(\w+)"', offered.group(0)) == [role.value for role in PersonRole], name


def test_a_role_changes_on_the_page_and_the_one_before_is_kept(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    page = person_page(client, report_case(client))
    change = {"role": "possible_victim", "status": "likely", "from_on": "2026-01-02", "role_reason": "new_evidence"}
    assert "lawyer" in post(client, page, "role", to_role="suspect", **change), "a victim is not made a suspect so"
    assert "The role was changed." in post(client, page, "role", to_role="witness", **change)
    shown = client.get(page).text
    assert re.search(r"Possible victim.*over.*", shown) or "over" in shown
    assert "2026-01-02" in shown
    history = client.get(f"{page.split('/persons')[0]}/history").text
    assert "The role of a person in the case was changed: witness, likely." in history


def test_two_persons_become_one_and_two_again(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    one, two = report_case(client), report_case(client)
    mine, theirs = person_page(client, one), person_page(client, two)
    post(client, mine, "names", alias=NAME)
    post(client, theirs, "names", alias=OTHER)
    shown = post(client, mine, "same", same_number=two.number, same_person="1", merge_reason="papers")
    assert f"Person 1 of case {two.number}" in shown
    assert f"Person 1 of case {one.number}" in client.get(theirs).text
    for page in (mine, theirs):
        revealed = client.post(f"{page}/reveal").text
        assert NAME in revealed
        assert OTHER in revealed
    undo = re.search(r"/not-same/([0-9a-f-]{36})", client.get(theirs).text)
    assert "two people again" in post(client, theirs, f"not-same/{undo.group(1)}")
    assert OTHER not in client.post(f"{mine}/reveal").text


def test_a_person_who_is_two_is_parted_and_one_is_brought_into_another_case(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    one, two = report_case(client), report_case(client)
    page = person_page(client, one)
    for name in (NAME, OTHER):
        post(client, page, "names", alias=name)
    assert 'href="#parting"' in post(client, page, "split", split_role="witness", split_reason="two_people")
    post(client, page, "split", names=[OTHER], split_role="witness", split_reason="two_people")
    assert OTHER in client.post(f"{person_page(client, one, 2)}/reveal").text
    assert OTHER not in client.post(f"{page}/reveal").text
    post(client, page, "bring", bring_number=two.number, bring_role="suspect")
    assert "Person 2" not in client.get(two.page).text, "a victim is not made a suspect so"
    post(client, page, "bring", bring_number=two.number, bring_role="witness")
    assert "Witness" in client.get(person_page(client, two, 2)).text


def test_cases_are_linked_and_unlinked_by_number(portal: Portal) -> None:
    client = portal.as_role("caseworker")
    one, two = report_case(client), report_case(client)
    page = f"{one.page}/links"
    shown = post(client, page, "", number=two.number, kind="same_route")
    assert two.number in shown
    assert one.number in client.get(f"{two.page}/links").text
    assert "/merge" not in shown
    link = re.search(r"/links/([0-9a-f-]{36})/end", shown)
    assert two.number not in post(client, page, f"{link.group(1)}/end")
    for fields, problem in (({"number": "C-NONE", "kind": "same_route"}, "#number"), ({"number": two.number}, "#kind")):
        assert f'href="{problem}"' in post(client, page, "", **fields)


def test_a_merge_is_asked_agreed_to_by_another_and_undone(portal: Portal) -> None:
    asks, agrees = portal.as_role("case_manager"), portal.as_role("supervisor")
    one, two = report_case(asks), report_case(asks)
    page = f"{one.page}/links"
    command = {"command_id": str(uuid4())}
    for fields, problem in (
        ({"stub": two.number}, "#merge_reason"),
        ({"stub": "C-NONE", "rests": "no", "merge_reason": "same_report"}, "#stub"),
        ({"stub": one.number, "rests": "no", "merge_reason": "same_report"}, "#stub"),
    ):
        assert f'href="{problem}"' in asks.post(f"{one.page}/merge", data=command | fields).text
    said = {"stub": two.number, "rests": "no", "merge_reason": "same_report"}
    shown = asks.post(f"{one.page}/merge", data=command | said).text
    assert "A second person has to agree" in shown
    link = re.search(r"/links/([0-9a-f-]{36})/answer", shown)
    own = asks.post(f"{page}/{link.group(1)}/answer", data={"command_id": str(uuid4()), "answer": "yes"})
    assert own.status_code == 422
    assert "is waiting for a second person" in agrees.get(two.page).text
    post(agrees, page, f"{link.group(1)}/answer", answer="yes")
    assert f">{one.number}</a>." in asks.get(two.page).text
    assert "was merged into this case" in asks.get(one.page).text
    for kept, taken_away in ((one, "Merge another case into this one"), (one, "Add a step"), (two, "Undo the merge")):
        assert any(taken_away in asks.get(address).text for address in (kept.page, f"{kept.page}/links")), taken_away
    for offered in ("Add a step", "Merge another case", "Split this case", "Role in this case"):
        shown = [asks.get(address).text for address in (two.page, f"{two.page}/links", person_page(asks, two))]
        assert not any(offered in page for page in shown), offered
    added = asks.post(f"{two.page}/add-person", data={"command_id": str(uuid4()), "role": "witness"})
    assert added.status_code == 409
    post(asks, page, f"{link.group(1)}/unmerge")
    assert "This case was merged into" not in asks.get(two.page).text
    assert "The merge was undone" in asks.get(f"{two.page}/history").text


def test_some_persons_go_into_a_case_of_their_own(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    case = report_case(client)
    with_second_person(client, case)
    shown = client.get(f"{case.page}/links").text
    ids = re.findall(r'name="person_ids" type="checkbox" value="([0-9a-f-]+)"', shown)
    assert len(ids) == 2
    for fields, problem in (
        ({"split_reason": "safety", "person_ids": ids}, "#person_ids"),
        ({"person_ids": ids[1:]}, "#split_reason"),
    ):
        refused = client.post(f"{case.page}/split", data={"command_id": str(uuid4()), **fields})
        assert f'href="{problem}"' in refused.text
    said = {"command_id": str(uuid4()), "split_reason": "safety", "person_ids": ids[1:]}
    made = client.post(f"{case.page}/split", data=said)
    assert "This is the new case that was split from the other one." in made.text
    assert case.number in client.get(f"{made.url.path}/links").text


def test_who_may_not_see_the_other_case_is_told_of_another_case(portal: Portal) -> None:
    manager, shy = portal.as_role("case_manager"), portal.people["counsellor"].actor_id
    one, two = report_case(manager), report_case(manager)
    post(manager, f"{one.page}/links", "", number=two.number, kind="same_event")
    assert two.number in portal.as_role("counsellor").get(f"{one.page}/links").text
    noted = {"command_id": str(uuid4()), "actor_id": str(shy), "reason_code": "conflict_of_interest:relative"}
    manager.post(f"{two.page}/access/recusals", data=noted)
    shown = portal.as_role("counsellor").get(f"{one.page}/links")
    assert shown.status_code == 200
    assert two.number not in shown.text
    assert "another case" in shown.text


def test_whoever_only_looks_on_is_offered_no_form(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    case = report_case(client)
    page = person_page(client, case)
    auditor = portal.as_role("auditor")
    for address in (page, f"{case.page}/links"):
        shown = auditor.get(address)
        assert shown.status_code == 200
        assert f'action="{page}' not in shown.text
        assert f'action="{case.page}' not in shown.text
    said = {
        "alias": "x",
        "role": "possible_victim",
        "to_role": "possible_victim",
        "status": "stated",
        "youngest": "3",
        "source": "stated",
    }
    for action in ("names", "age", "role"):
        assert auditor.post(f"{page}/{action}", data=said).status_code == 403, action
