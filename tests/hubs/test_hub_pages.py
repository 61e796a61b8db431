"""The pages of hubs: made known by two people, asked by one of them, accepted by a report, and shown without a name."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.hubs.actions.exchange import exchange_with_hubs
from engine.hubs.envelope import HubKeyFile, card, decrypted_from, encrypted_for
from engine.hubs.records import Kind, LineError
from engine.hubs.store import HubStore
from engine.keys.key_file import read_or_create_key_file
from tests.kit.portal import REPORT, Portal

NAME = "Rahima Khatun"


class Dhaka:
    """A hub elsewhere of which only the keys are there, and what it says."""

    def __init__(self, portal: Portal, folder: Path) -> None:
        read_or_create_key_file(folder / "icmc-keys.json")
        self.keys, self.portal, self.ref, self.number = HubKeyFile(folder / "icmc-keys.json"), portal, uuid4(), 0

    def says(self, message: str, **body: Any) -> int:
        self.number += 1
        now = self.portal.clock.now()
        said = {
            "id": str(uuid4()), "number": self.number, "kind": message, "about": str(self.ref),
            "sent_at": (now + timedelta(minutes=7)).isoformat(), "body": body,
        }  # fmt: skip
        content = encrypted_for(self.keys, self.portal.engine.hub_keys.public(), said)
        return self.portal.anybody().post("/hubs/inbox", content=content).status_code

    def known(self) -> UUID:
        with self.portal.engine.transaction() as tx:
            return next(one.id for one in tx.of(HubStore).peers(live=False) if one.sign_key == self.keys.public().sign)


@pytest.fixture(scope="module")
def dhaka(portal: Portal, tmp_path_factory: pytest.TempPathFactory) -> Dhaka:
    """Return a hub that two people have made known on the pages."""
    made = Dhaka(portal, tmp_path_factory.mktemp("dhaka"))
    file = card(made.keys, name="Hub in Dhaka", address="http://127.0.0.1:9").decode()
    fingerprint = made.keys.public().fingerprint
    form = {"file": file, "fingerprint": "", "unit_id": str(portal.unit), "kind": "home_country_partner"}
    admin, nodal = portal.as_role("system_administrator"), portal.as_role("nodal_officer")
    assert portal.engine.hub_keys.public().fingerprint in admin.get("/hubs").text
    assert admin.post("/hubs", data=form).status_code == 422
    assert "The hub was added" in admin.post("/hubs", data=form | {"fingerprint": fingerprint}).text
    page = f"/hubs/{made.known()}"
    assert page in nodal.get("/waiting").text
    assert "Confirm its keys" in nodal.get(page).text
    assert fingerprint not in nodal.get(page).text, "it is heard, not read here"
    assert "Confirm its keys" not in admin.get(page).text
    assert made.says("offer") == 403
    made.number = 0
    assert nodal.post(f"{page}/confirm", data={"fingerprint": "0000"}).status_code == 422
    assert "Its keys are confirmed" in nodal.post(f"{page}/confirm", data={"fingerprint": fingerprint}).text
    return made


@pytest.fixture(scope="module")
def case_page(portal: Portal, dhaka: Dhaka) -> str:
    """Return the page of a case that was opened since the other hub had asked, and was shown something."""
    due = (portal.clock.now() + timedelta(hours=24)).isoformat()
    offer = {
        "kind": "referral",
        "purpose": "shelter",
        "help": "safe_place",
        "urgency": "high",
        "number": "C-1",
        "zone": "Asia/Dhaka",
    }
    assert dhaka.says("offer", **offer, jurisdiction="BD", due_at=due) == 200
    worker = portal.as_role("caseworker")
    page = re.search(r'href="(/hubs/requests/[0-9a-f-]+)"', worker.get("/hubs/requests").text)
    assert page
    shown = worker.get(page.group(1)).text
    assert "Hub in Dhaka asks for help" in shown
    assert worker.post(f"{page.group(1)}/accept", data={}).status_code == 422
    assert worker.post(f"{page.group(1)}/decline", data={}).status_code == 422
    opened = worker.post(f"{page.group(1)}/accept", data=REPORT, follow_redirects=False)
    assert opened.status_code == 303
    assert dhaka.says("shared", lines=[["Person 1: name", NAME]], note="She speaks Bengali.") == 200
    return str(opened.headers["location"]).partition("?")[0]


def test_a_case_shows_both_clocks_and_who_is_it_about_only_when_somebody_asks(portal: Portal, case_page: str) -> None:
    worker = portal.as_role("caseworker")
    page = worker.get(case_page).text
    assert "7 minutes ahead of ours" in page
    assert "there" in page
    assert NAME not in page
    assert NAME in worker.post(f"{case_page}/reveal").text
    [looked] = portal.rows("SELECT what, actor_id FROM reading WHERE what = 'hub_messages'")
    assert looked["actor_id"] == portal.who("caseworker").actor_id
    assert portal.as_role("system_administrator").get(case_page).status_code == 404


def test_what_is_told_waits_for_the_line_and_is_sealed_for_the_other_hub(
    portal: Portal, dhaka: Dhaka, case_page: str
) -> None:
    lead = portal.as_role("case_manager")
    mirror = re.search(rf'action="{case_page}/([0-9a-f-]+)/tell"', lead.get(case_page).text)
    assert mirror
    tell = f"{case_page}/{mirror.group(1)}/tell"
    assert lead.post(tell, data={"kind": "note", "words": ""}).status_code == 422
    assert lead.post(tell, data={"kind": "recall", "words": "x"}).status_code == 422
    assert "on its way" in lead.post(tell, data={"kind": "note", "words": "A bed is kept."}).text
    assert portal.as_role("counsellor").post(tell, data={"kind": "note", "words": "x"}).status_code == 403
    page = lead.get(case_page).text
    assert "not there yet" in page
    assert "A bed is kept." not in page
    sent: list[bytes] = []

    def cut(_: str, content: bytes) -> bytes:
        sent.append(content)
        raise LineError(problem="the line is cut.")

    assert exchange_with_hubs(replace(portal.engine, hub_line=cut)) == 0
    assert "down since" in portal.as_role("system_administrator").get("/hubs").text
    assert "The line to Hub in Dhaka has been down" in portal.as_role("system_administrator").get("/board").text
    said = decrypted_from(dhaka.keys, portal.engine.hub_keys.public(), sent[0])
    assert (said["kind"], said["about"]) == (Kind.ACCEPTED, str(dhaka.ref))


def test_a_recall_asks_what_became_of_it(portal: Portal, dhaka: Dhaka, case_page: str) -> None:
    assert dhaka.says("recall", reason="consent_withdrawn") == 200
    lead = portal.as_role("case_manager")
    page = lead.get(case_page).text
    assert "the consent was withdrawn" in page
    assert NAME not in lead.post(f"{case_page}/reveal").text
    erasure = re.search(rf'action="({case_page}/[0-9a-f-]+/erasure)"', page)
    assert erasure
    assert lead.post(erasure.group(1), data={"answer": "removed"}).status_code == 422
    assert "Everything that was taken from it was erased" in lead.post(erasure.group(1), data={"answer": "erased"}).text


def test_keys_are_changed_on_the_page_and_those_of_another_hub_are_taken(portal: Portal, dhaka: Dhaka) -> None:
    admin, before = portal.as_role("system_administrator"), portal.engine.hub_keys.public().fingerprint
    assert portal.as_role("caseworker").post("/hubs/own/keys").status_code == 403
    assert "The keys of your hub were changed" in admin.post("/hubs/own/keys", data={"command_id": str(uuid4())}).text
    page = admin.get("/hubs").text
    assert before not in page
    assert portal.engine.hub_keys.public().fingerprint in page
    again = admin.post("/hubs/own/keys", data={"command_id": str(uuid4())})
    assert again.status_code == 422
    assert "Hub in Dhaka has not confirmed the last change" in again.text
    dhaka.keys.change()
    assert dhaka.says("void") == 200
    assert "1 time, last" in admin.get(f"/hubs/{dhaka.known()}").text


def test_a_hub_can_be_asked_on_the_form_and_is_no_more_when_it_has_ended(
    portal: Portal, dhaka: Dhaka, case_page: str
) -> None:
    form = case_page.removesuffix("/hubs") + "/send"
    assert "Another hub: Hub in Dhaka" in portal.as_role("case_manager").get(form).text
    assert portal.as_role("caseworker").post(f"/hubs/{dhaka.known()}/end").status_code == 403
    assert (
        "Nothing is sent to this hub" in portal.as_role("system_administrator").post(f"/hubs/{dhaka.known()}/end").text
    )
    assert "Another hub: Hub in Dhaka" not in portal.as_role("case_manager").get(form).text
    assert dhaka.says("note", text="x") == 403


def test_the_inbox_takes_no_more_than_a_message(portal: Portal) -> None:
    client = portal.anybody()
    assert client.post("/hubs/inbox", content=b"x" * 2_000_000).status_code == 413
