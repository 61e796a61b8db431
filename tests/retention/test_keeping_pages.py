"""From the page of a case to its end: held back, sealed, erased by two, copied once, counted without small numbers."""

import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from engine.core.records import PersonRole
from engine.course.actions.steer import add_person
from engine.definitions.store import DefinitionStore
from engine.overview.views.copies import copies
from engine.retention.actions.erasure import erase_what_is_ripe
from engine.web.times import short
from tests.kit.cases import close_at_once
from tests.kit.portal import Portal, Reported, agree, hidden, report_case

pytestmark = pytest.mark.long

NAME = "Zulekha Blindtoken"


@pytest.fixture
def case(portal: Portal) -> Reported:
    return report_case(portal.as_role("case_manager"))


def test_a_case_is_held_back_and_let_go_by_two_people(portal: Portal, case: Reported) -> None:
    lawyer, manager = portal.as_role("lawyer"), portal.as_role("case_manager")
    page = f"{case.page}/keeping"
    assert f'href="{page}"' in manager.get(f"{case.page}/sharing").text
    missing = lawyer.post(f"{case.page}/holds", data={"kind": "appeal", "command_id": str(uuid4())})
    assert missing.status_code == 422
    assert 'href="#reason"' in missing.text
    given = {"kind": "appeal", "reason": "High Court, no. 7", "command_id": hidden(missing.text, "command_id")}
    held = lawyer.post(f"{case.page}/holds", data=given)
    assert "An appeal is open" in held.text
    assert "High Court" not in held.text
    which = _address(held.text, r"/cases/[^\"]+/holds/[^\"]+/reason")
    assert "High Court, no. 7" in manager.post(which).text
    assert portal.as_role("caseworker").post(which).status_code == 403
    lift = _address(held.text, r"/cases/[^\"]+/holds/[^\"]+/lift")
    assert "a second person must agree" in lawyer.post(lift).text
    answer = _address(manager.get(page).text, r"/cases/[^\"]+/holds/[^\"]+/answer")
    assert lawyer.post(answer, data={"agreed": "yes"}).status_code == 403
    assert "lifted" in manager.post(answer, data={"agreed": "yes"}).text


def test_a_sealed_case_is_gone_for_the_others_until_two_open_it(portal: Portal, case: Reported) -> None:
    officer, manager, lawyer = (portal.as_role(role) for role in ("data_protection_officer", "case_manager", "lawyer"))
    encrypt = {
        "ground_code": "objection", "holder_id": str(portal.people["lawyer"].actor_id), "command_id": str(uuid4()),
    }  # fmt: skip
    wrong = officer.post(f"{case.page}/seal", data={"command_id": str(uuid4())})
    assert wrong.status_code == 422
    assert case.number in officer.post(f"{case.page}/seal", data=encrypt).text
    for path in (case.page, f"{case.page}/keeping", f"{case.page}/history", case.item):
        assert manager.get(path).status_code == 404, path
    assert case.number not in manager.get("/keeping").text
    page = lawyer.get(f"{case.page}/keeping")
    assert "This case is restricted" in page.text
    assert "a second person must agree" in lawyer.post(f"{case.page}/seal/lift").text
    assert "Lift the restriction" in officer.get(f"{case.page}/keeping").text
    officer.post(f"{case.page}/seal/answer", data={"agreed": "yes"})
    assert manager.get(case.page).status_code == 200


def test_a_person_is_erased_when_two_agree_and_the_case_stays_to_be_counted(portal: Portal, case: Reported) -> None:
    officer, manager = portal.as_role("data_protection_officer"), portal.as_role("case_manager")
    person = _closed(portal, case)
    page = f"{case.page}/keeping"
    form = officer.get(page).text
    given = {"person_id": str(person), "source": "subject", "ground_code_erase": "consent_withdrawn"}
    refused = officer.post(f"{case.page}/erasures", data=given | {"command_id": hidden(form, "command_id")})
    assert refused.status_code == 422
    assert "safe contact" in refused.text
    given |= {"by_safe_contact": "yes", "command_id": hidden(form, "command_id")}
    too_early = officer.post(f"{case.page}/erasures", data=given)
    assert too_early.status_code == 422
    assert "shortest retention time still runs" in too_early.text
    portal.clock.move_to(portal.clock.now() + timedelta(days=4 * 366))
    assert "waiting for agreement" in officer.post(f"{case.page}/erasures", data=given).text
    supervisor, nodal = portal.as_role("supervisor"), portal.as_role("nodal_officer")
    assert "/keeping" in supervisor.get("/transmit").text, "they are told"
    assert "I agree to the erasure" not in officer.get("/keeping").text
    approve = _address(supervisor.get("/keeping").text, r"/erasures/[^\"]+/approve")
    supervisor.post(approve)
    assert "I agree to the erasure" not in supervisor.get("/keeping").text
    assert "Waiting period until" in nodal.post(approve).text
    portal.clock.move_to(portal.clock.now() + timedelta(days=8))
    assert erase_what_is_ripe(portal.engine) == 1
    until = f"On {short(portal.clock.now(), 'Asia/Kolkata')} its last copies in logs and backups become unreadable"
    assert until in officer.get("/keeping").text
    after = manager.get(case.page)
    assert after.status_code == 200
    assert NAME not in after.text
    revealed = manager.post(f"{case.page}/persons/{person}/reveal")
    assert revealed.status_code == 200
    assert NAME not in revealed.text
    assert "No one can read it any more" in manager.get(f"{case.page}/history").text
    assert officer.post(f"{case.page}/persons/{person}/held").status_code == 200
    wrong = manager.post(
        f"{case.page}/persons/{person}/correct",
        data={"reason_code": "person_says_so", "name": "Back again", "command_id": str(uuid4())},
    )
    assert wrong.status_code == 409


def test_a_person_sees_what_is_held_about_them_and_has_it_put_right(portal: Portal, case: Reported) -> None:
    manager = portal.as_role("case_manager")
    person = _named(portal, case)
    page = f"{case.page}/persons/{person}"
    links = manager.get(page).text
    assert f'href="{page}/held"' in links
    assert f'href="{page}/correct"' in links
    before = manager.get(f"{page}/held")
    assert NAME not in before.text
    assert NAME in manager.post(f"{page}/held").text
    assert portal.as_role("caseworker").get(f"{page}/held").status_code == 403
    form = manager.get(f"{page}/correct").text
    empty = manager.post(f"{page}/correct", data={"command_id": hidden(form, "command_id")})
    assert empty.status_code == 422
    assert 'href="#reason_code"' in empty.text
    given = {"name": "Zuleikha Right", "reason_code": "paper_shows_it", "command_id": hidden(form, "command_id")}
    assert manager.post(f"{page}/correct", data=given).status_code == 200
    shown = manager.post(f"{page}/held").text
    assert "Zuleikha Right" in shown
    assert NAME not in shown


@pytest.mark.usefixtures("case")
def test_a_copy_is_asked_for_once_however_often_its_button_is_pressed(portal: Portal) -> None:
    manager = portal.as_role("case_manager")
    form = {"what": "cases", "purpose_code": "court"}
    form["command_id"] = hidden(manager.get("/copies").text, "command_id")
    for _ in range(2):
        assert "The copy was requested." in manager.post("/copies", data=form).text
    assert len(portal.engine.ask(copies, portal.people["case_manager"])) == 1


@pytest.mark.usefixtures("case")
def test_a_copy_is_fetched_once_and_bears_who_when_and_its_number(portal: Portal) -> None:
    manager = portal.as_role("case_manager")
    assert 'href="/copies"' in manager.get("/numbers").text
    wrong = manager.post("/copies", data={"what": "cases"})
    assert wrong.status_code == 422
    assert 'href="#purpose_code"' in wrong.text
    asked = manager.post("/copies", data={"what": "cases", "purpose_code": "court"})
    link = _address(asked.text, r"/copies/[^\"]+/link")
    ready = manager.post(link).text
    file, token = _address(ready, r"/copies/[^\"]+/file"), hidden(ready, "token")
    assert manager.post(file, data={"token": "guessed"}).status_code == 404
    assert portal.as_role("supervisor").post(file, data={"token": token}).status_code == 404
    fetched = manager.post(file, data={"token": token})
    assert fetched.status_code == 200
    assert fetched.content.decode("utf-8-sig").startswith('"Copy ')
    assert re.fullmatch(r'attachment; filename="icmc-copy-\d+\.csv"', fetched.headers["content-disposition"])
    assert manager.post(file, data={"token": token}).status_code == 404
    for role in ("caseworker", "press_officer", "system_administrator"):
        assert portal.as_role(role).get("/copies").status_code == 403


def test_the_policies_say_that_a_lawyer_has_still_to_set_them(portal: Portal) -> None:
    page = portal.as_role("data_protection_officer").get("/keeping/policies")
    assert "No lawyer has set these values yet" in page.text
    assert "India" in page.text
    for path in ("/keeping", "/keeping/policies"):
        assert portal.as_role("caseworker").get(path).status_code == 403


def _closed(portal: Portal, case: Reported) -> UUID:
    case_id, person = _id_of(case), _named(portal, case)
    close_at_once(portal.engine, case_id, portal.people["case_manager"])
    return person


def _named(portal: Portal, case: Reported) -> UUID:
    return portal.act(add_person, _id_of(case), by="case_manager", role=PersonRole.VICTIM, identity={"name": NAME})


def _id_of(case: Reported) -> UUID:
    return UUID(case.page.rpartition("/")[2])


def _address(page: str, pattern: str) -> str:
    found = re.search(rf'action="({pattern})"', page)
    assert found, pattern
    return found.group(1)


def test_a_policy_is_set_on_its_page_by_the_officer_and_holds_at_once(portal: Portal) -> None:
    officer = portal.as_role("data_protection_officer")
    assert 'href="/definitions/retention/in"' in officer.get("/workflows").text
    page = "/definitions/retention/in"
    assert "lawyer" in officer.get(page).text
    assert portal.as_role("case_manager").get(f"{page}/edit").status_code == 403
    stored = portal.of(DefinitionStore).current("retention", "in")
    signed = 'set_by: {name: "A. Advocate", on: 2026-03-01, source_read: "a text"}\nrules:'
    source = stored.source.replace("version: 1", "version: 2").replace("rules:", signed)
    wrong = officer.post(f"{page}/edit", data={"source": source.replace("P7Y", "P7WD"), "action": "publish"})
    assert wrong.status_code == 422
    assert officer.post(f"{page}/edit", data={"source": source, "action": "check"}).status_code == 200
    assert officer.post(f"{page}/edit", data={"source": source, "action": "publish"}).status_code == 200
    assert "Set by A. Advocate" not in officer.get("/keeping/policies").text
    agree(portal)
    assert "Set by A. Advocate" in officer.get("/keeping/policies").text
