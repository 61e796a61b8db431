"""The page of what is waiting for a second person: who asked cannot answer there either."""

from uuid import UUID

from engine.approvals.views import waiting
from engine.definitions.views import definition
from engine.overview.actions import ask_copy
from engine.retention.actions.retention import ask_to_lift, place_hold
from tests.kit.portal import Portal, report_case


def _held(portal: Portal) -> UUID:
    case_id = UUID(report_case(portal.as_role("intake_officer")).page.rpartition("/")[2])
    lead = portal.people["case_manager"]
    hold = place_hold(
        portal.engine, case_id, viewer=lead, command_id=portal.engine.entropy.uuid(), kind="appeal", reason="No. 7"
    )
    ask_to_lift(portal.engine, case_id, hold, viewer=lead)
    return next(one.id for one in portal.engine.ask(waiting, lead) if one.subject_id == hold)


def test_who_asked_sees_it_without_a_button_and_a_second_person_answers_it_once(portal: Portal) -> None:
    request = _held(portal)
    address = f"/waiting/{request}"
    mine = portal.as_role("case_manager").get("/waiting").text
    assert "asks to lift the hold" in mine
    assert f'action="{address}"' not in mine
    own = portal.as_role("case_manager").post(address, data={"answer": "yes"})
    assert own.status_code == 422
    assert "Whoever asked for it cannot approve it" in own.text
    second = portal.as_role("supervisor")
    page = second.get("/waiting").text
    assert f'action="{address}"' in page
    assert "Second person (1)" in page
    assert second.post(address, data={"answer": ""}).status_code == 422
    assert second.post(address, data={"answer": "yes"}, follow_redirects=False).status_code == 303
    assert second.post(address, data={"answer": "yes"}).status_code == 404
    assert "Second person (" not in second.get("/waiting").text


def test_who_has_no_part_in_it_finds_nothing(portal: Portal) -> None:
    request = _held(portal)
    for role in ("caseworker", "system_administrator", "auditor"):
        client = portal.as_role(role)
        assert "asks to lift" not in client.get("/waiting").text
        assert client.post(f"/waiting/{request}", data={"answer": "yes"}).status_code == 404


def test_a_small_copy_waits_for_nobody(portal: Portal) -> None:
    ask_copy(portal.engine, viewer=portal.people["supervisor"], what="cases", purpose_code="audit", chosen={})
    assert "large copy" not in portal.as_role("nodal_officer").get("/waiting").text


def test_a_changed_definition_is_looked_at_in_words_and_published_by_a_second_person(portal: Portal) -> None:
    source = portal.engine.ask_all(definition, "ladder", "critical", None).source
    changed = source.replace("title: ", "title: Slower ", 1).replace('title: Slower "', 'title: "Slower ')
    author = portal.as_role("case_manager")
    mine = author.post("/definitions/ladder/critical/edit", data={"source": changed, "action": "publish"})
    address = mine.url.path
    assert "someone else has to answer" in mine.text
    assert "Withdraw this proposal" in mine.text
    assert author.post(address, data={"answer": "yes"}).status_code == 422
    second = portal.as_role("system_administrator")
    listed = second.get("/waiting").text
    assert f'href="{address}"' in listed
    assert f'action="{address}"' not in listed, "the buttons stand only beside the differences"
    assert "Ladder “Slower Critical”: Title is now Slower Critical" in listed
    page = second.get(address).text
    assert "<td>title</td>" in page
    assert "Slower" in page
    assert "Withdraw this proposal" not in page
    assert f'action="{address}"' in page
    assert f'action="{address}"><input type="hidden" name="command_id"' not in author.get("/waiting").text
    assert portal.as_role("caseworker").get(address).status_code == 404
    assert "Slower" not in portal.as_role("caseworker").get("/definitions/ladder/critical").text
    assert "Your answer was recorded" in second.post(address, data={"answer": "yes"}).text
    assert "Slower" in portal.as_role("caseworker").get("/definitions/ladder/critical").text


def test_one_goes_back_to_an_earlier_version_on_the_page_of_versions(portal: Portal) -> None:
    source = portal.engine.ask_all(definition, "ladder", "leak", None).source
    author, second = portal.as_role("case_manager"), portal.as_role("nodal_officer")
    sent = {"source": source.replace("version: 1", "version: 1\nnote: Trial", 1), "action": "publish"}
    address = author.post("/definitions/ladder/leak/edit", data=sent).url.path
    second.post(address, data={"answer": "yes"})
    page = author.get("/definitions/ladder/leak/versions")
    assert "Note is " in page.text
    assert "runs again" not in page.text
    assert "runs again" in author.get(f"{page.url.path}?before=2&after=1").text
    assert "runs again" not in portal.as_role("caseworker").get(f"{page.url.path}?before=2&after=1").text
    assert portal.as_role("caseworker").post(page.url.path, data={"version": "1"}).status_code == 403
    assert author.post(page.url.path, data={"version": "x"}).status_code == 404
    assert author.get(f"{page.url.path}?before=2&after=7").status_code == 404
    back = author.post(page.url.path, data={"version": "1"}).url.path
    second.post(back, data={"answer": "yes"})
    assert portal.engine.ask_all(definition, "ladder", "leak", None).source == source


def test_who_proposed_takes_it_back_on_its_page(portal: Portal) -> None:
    source = portal.engine.ask_all(definition, "ladder", "high", None).source
    author = portal.as_role("case_manager")
    sent = {"source": source.replace("version: 1", "version: 1\nnote: Trial", 1), "action": "publish"}
    address = author.post("/definitions/ladder/high/edit", data=sent).url.path
    assert "Your answer was recorded" in author.post(address, data={"answer": "no"}).text
    assert author.get(address).status_code == 404


def test_who_proposes_what_has_changed_since_is_told_and_nothing_is_published(portal: Portal) -> None:
    source = portal.engine.ask_all(definition, "ladder", "critical", None).source
    texts = [source.replace("title: ", f"title: {word} ", 1).replace(f'{word} "', f"{word} ") for word in ("A", "B")]
    author, other = portal.as_role("case_manager"), portal.as_role("partnership_manager")
    pages = [
        client.post("/definitions/ladder/critical/edit", data={"source": text, "action": "publish"}).url.path
        for client, text in zip((author, other), texts, strict=True)
    ]
    second = portal.as_role("nodal_officer")
    assert second.post(pages[0], data={"answer": "yes"}).status_code == 200
    late = second.post(pages[1], data={"answer": "yes"})
    assert late.status_code == 422
    assert "Someone else has changed" in late.text
    assert second.get(pages[1]).status_code == 404
