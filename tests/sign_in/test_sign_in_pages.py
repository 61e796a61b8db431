"""The pages of signing in, in an installation that is no demo: what a person sees, and what a stranger learns."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyotp
import pytest
from starlette.testclient import TestClient

from engine.app import build_engine
from engine.assembly import Engine
from engine.core.policy import Viewer
from engine.db.embedded.embedded import EmbeddedServer
from engine.messages.actions.delivering import deliver_unattended
from engine.people.actions.invitations import first_link, new_link
from engine.people.actions.program_keys import add_key, keys, revoke_key
from engine.people.store import DirectoryStore
from engine.rehearsal.world import MovedClock, RecordingChannel, people_of
from engine.settings import Settings
from engine.site import create_app
from engine.web.terminal import SYSTEM
from tests.conftest import FreshDatabase, rows_of
from tests.kit.portal import ORIGIN, REPORT, hidden, shipped_database

pytestmark = pytest.mark.long

PASSWORD = "three quiet boats at noon"
OTHER = "seven herons under a bridge"
TYPED = "She waits beside the old mill."


@dataclass
class Office:
    """A portal that is no demo, whose machine clock tests move."""

    engine: Engine
    clock: MovedClock
    people: dict[str, Viewer]
    app: Any
    url: str
    unit_name: str

    def client(self, base: str = ORIGIN) -> TestClient:
        return TestClient(self.app, base_url=base, raise_server_exceptions=False)

    def email(self, role: str) -> str:
        return str(self.rows("SELECT email FROM actor WHERE id = :id", id=self.people[role].actor_id)[0][0])

    def signed_in(self, role: str, base: str = ORIGIN) -> TestClient:
        client = self.client(base)
        client.cookies.set("icmc_device", f"browser-of-{role}", domain="127.0.0.1", path="/")
        answer = client.post("/sign-in", data={"email": self.email(role), "password": PASSWORD}, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        return client

    def with_factor(self, role: str) -> tuple[TestClient, str]:
        client = self.signed_in(role)
        client.post("/account/second-factor/propose")
        secret = re.search(r"Secret: <code>([A-Z2-7 ]+)</code>", client.get("/account/second-factor").text)
        plain = secret.group(1).replace(" ", "")
        done = client.post("/account/second-factor", data={"code": self.code(plain)})
        assert "shown only this once" in done.text
        return client, plain

    def code(self, secret: str, later: int = 0) -> str:
        return pyotp.TOTP(secret).at(self.clock.now() + later * timedelta(seconds=30))

    def later(self, **by: float) -> None:
        self.clock.move_to(self.clock.now() + timedelta(**by))

    def rows(self, query: str, **values: Any) -> list[Any]:
        return rows_of(self.url, query, **values)


@pytest.fixture
def office(postgres: EmbeddedServer, tmp_path: Path) -> Iterator[Office]:
    with shipped_database(postgres, tmp_path) as database:
        yield from _office_over(database, postgres.url(database.name), tmp_path)


def _office_over(database: FreshDatabase, address: str, folder: Path) -> Iterator[Office]:
    built = build_engine(
        Settings(data_folder=folder, factor_for_all=False), database.urls, channels={"email": RecordingChannel()}
    )
    clock = MovedClock(datetime.now(UTC))
    engine = replace(built, wall_clock=clock)
    try:
        unit, people = people_of(engine, jurisdiction="IN-AS", label="Office")
        kept = engine.passwords.hash(PASSWORD)
        with engine.transaction() as tx:
            for viewer in people.values():
                tx.of(DirectoryStore).set_password(viewer.actor_id, kept)
            found = tx.of(DirectoryStore).unit(unit)
            tx.commit()
        assert found
        yield Office(engine, clock, people, create_app(engine), address, found.name)
    finally:
        built.dispose()


def test_what_was_typed_survives_a_session_that_ran_out(office: Office) -> None:
    client = office.signed_in("intake_officer")
    command = hidden(client.get("/report").text, "command_id")
    office.later(minutes=31)
    late = client.post("/report", data=REPORT | {"a-narrative": TYPED, "command_id": command}, follow_redirects=False)
    assert late.status_code == 303
    place = late.headers["location"].partition("next=")[2]
    assert re.fullmatch(r"/kept/[0-9a-f-]{36}", place)
    dump = str(office.rows("SELECT * FROM kept_form"))
    assert TYPED not in dump, "sealed"
    assert client.get(place, follow_redirects=False).status_code == 303, "not before signing in again"
    client.post("/sign-in", data={"email": office.email("intake_officer"), "password": PASSWORD, "next": place})
    page = client.get(place)
    assert page.text.count(TYPED) == 2
    shown = page.text.partition("<dl")[2].partition("</dl>")[0]
    assert (command in shown, "forced_labour" in shown, "Forced labour" in shown) == (False, False, True)
    fields = dict(re.findall(r'<textarea name="([^"]+)"[^>]*>\n([^<]*)</textarea>', page.text))
    sent = client.post(f"{place}/send", data={name: html.unescape(value) for name, value in fields.items()})
    assert "Case number" in sent.text
    again = client.post(f"{place}/send", data={name: html.unescape(value) for name, value in fields.items()})
    assert "Case number" in again.text, "the first answer was lost on the way"
    assert office.rows('SELECT count(*) FROM "case"') == [(1,)]
    client.post(f"{place}/drop")
    assert client.get(place).status_code == 404


def test_what_was_typed_beside_a_file_survives_and_the_file_does_not(office: Office) -> None:
    client = office.signed_in("caseworker")
    reported = client.post("/report", data=REPORT | {"command_id": str(uuid4())})
    diary = f"/cases/{re.search(r'/cases/([0-9a-f-]{36})', reported.text).group(1)}/diary"
    office.later(minutes=31)
    file = {"new_file": ("note.txt", b"She said so.", "text/plain"), "kind": (None, "visit")}
    note = {"words": TYPED, "command_id": str(uuid4()), "child_shown": "no", "file_kind": "statement"}
    place = client.post(diary, data=note, files=file, follow_redirects=False).headers["location"].partition("next=")[2]
    client = office.signed_in("caseworker")
    assert TYPED in client.get(place).text
    client.post(f"{place}/send", data=note | {"kind": "visit"})
    assert "Notes (1)" in client.get(diary).text
    assert office.rows("SELECT count(*) FROM attachment") == [(0,)]


def test_what_was_typed_is_its_owners_and_never_what_a_stranger_sends(office: Office) -> None:
    client = office.signed_in("intake_officer")
    office.later(minutes=31)
    place = client.post("/report", data=REPORT, follow_redirects=False).headers["location"].partition("next=")[2]
    assert office.signed_in("lawyer").get(place).status_code == 404
    stranger = office.client()
    stranger.cookies.set("icmc_session", "made-up")
    assert stranger.post("/report", data=REPORT, follow_redirects=False).headers["location"] == "/sign-in"
    gone = office.signed_in("intake_officer")
    gone.get("/exit", headers={"sec-fetch-site": "same-origin"}, follow_redirects=False)
    assert "icmc_session" not in gone.cookies, "a quick exit leaves nothing by which anyone is known"
    assert gone.post("/report", data=REPORT, follow_redirects=False).headers["location"] == "/sign-in"
    over_the_weekend, again = office.signed_in("intake_officer"), office.signed_in("intake_officer")
    office.later(days=3)
    friday = over_the_weekend.post("/report", data=REPORT, follow_redirects=False).headers["location"]
    assert office.signed_in("intake_officer").get(friday.partition("next=")[2]).status_code == 200
    office.later(days=4, minutes=1)
    assert again.post("/report", data=REPORT, follow_redirects=False).headers["location"] == "/sign-in"
    assert office.signed_in("intake_officer").get(place).status_code == 404, "it is kept for seven days"


@pytest.mark.parametrize("ended_by", ["another tab", "the person elsewhere", "an administrator"])
def test_what_was_typed_survives_a_session_that_was_ended(office: Office, ended_by: str) -> None:
    client, who = office.signed_in("intake_officer"), office.people["intake_officer"].actor_id
    sent = REPORT | {"a-narrative": TYPED, "command_id": hidden(client.get("/report").text, "command_id")}
    if ended_by == "another tab":
        client.post("/sign-out", follow_redirects=False)
    elif ended_by == "the person elsewhere":
        office.signed_in("intake_officer").post("/account/sessions/end-others")
    else:
        admin, _ = office.with_factor("system_administrator")
        assert admin.post(f"/people/{who}/end-sessions", follow_redirects=False).status_code == 303
    late = client.post("/report", data=sent, follow_redirects=False)
    place = late.headers["location"].partition("next=")[2]
    assert place, "it is kept"
    assert client.get(place, follow_redirects=False).headers["location"].startswith("/sign-in"), "the session is over"
    client = office.signed_in("intake_officer")
    page = client.get(place).text
    fields = dict(re.findall(r'<textarea name="([^"]+)"[^>]*>\n([^<]*)</textarea>', page))
    assert (html.unescape(fields["a-narrative"]), fields["command_id"]) == (TYPED, sent["command_id"])
    done = client.post(f"{place}/send", data={name: html.unescape(value) for name, value in fields.items()})
    assert "Case number" in done.text


def test_nothing_is_kept_for_who_was_disabled(office: Office) -> None:
    client, who = office.signed_in("intake_officer"), office.people["intake_officer"].actor_id
    assert office.rows("UPDATE actor SET disabled = true WHERE id = :id RETURNING disabled", id=who) == [(True,)]
    assert client.post("/report", data=REPORT, follow_redirects=False).headers["location"] == "/sign-in"
    assert office.rows("SELECT count(*) FROM kept_form") == [(0,)]


def test_no_password_is_kept_when_a_session_runs_out(office: Office) -> None:
    client = office.signed_in("caseworker")
    office.later(minutes=31)
    answer = client.post("/account/password", data={"old": PASSWORD, "password": OTHER}, follow_redirects=False)
    assert answer.headers["location"] == "/sign-in"
    assert office.rows("SELECT count(*) FROM kept_form") == [(0,)]


def test_an_administrator_is_led_to_a_second_factor_and_can_do_nothing_before(office: Office) -> None:
    client = office.signed_in("system_administrator")
    for path in ("/", "/people", "/board", "/units"):
        assert client.get(path, follow_redirects=False).headers["location"] == "/account/second-factor", path
    office.with_factor("system_administrator")
    assert client.get("/people", follow_redirects=False).headers["location"].startswith("/sign-in"), "ended"


def test_the_code_is_asked_for_after_the_password_and_counts_once(office: Office) -> None:
    first, secret = office.with_factor("caseworker")
    assert first.get("/worklist").status_code == 200
    client = office.client()
    asked = client.post("/sign-in", data={"email": office.email("caseworker"), "password": PASSWORD, "next": "/cases"})
    assert "six digits" in asked.text
    assert client.get("/worklist", follow_redirects=False).status_code == 303
    before = client.cookies["icmc_session"]
    wrong = client.post("/sign-in/code", data={"code": office.code(secret)})
    assert wrong.status_code == 403, "it was used to set the factor up"
    right = client.post(
        "/sign-in/code", data={"code": office.code(secret, 1), "next": "/cases"}, follow_redirects=False
    )
    assert right.headers["location"] == "/cases"
    assert client.cookies["icmc_session"] != before
    assert client.get("/worklist").status_code == 200


def test_a_new_browser_asks_for_a_code_that_comes_by_mail(office: Office) -> None:
    office.signed_in("caseworker")
    client = office.client()
    asked = client.post("/sign-in", data={"email": office.email("caseworker"), "password": PASSWORD, "next": "/cases"})
    assert "A code of eight digits was sent to your e-mail address" in asked.text
    assert "authenticator" not in asked.text
    assert hidden(asked.text, "next") == "/cases"
    assert client.get("/worklist", follow_redirects=False).status_code == 303
    deliver_unattended(office.engine)
    channel = office.engine.channels["email"]
    assert isinstance(channel, RecordingChannel)
    [sent] = [body for _, subject, body, _ in channel.sent if subject == "ICMC: a code to sign in"]
    code = re.search(r"^\d{8}$", sent, re.MULTILINE)
    assert office.email("caseworker") not in asked.text
    wrong = client.post("/sign-in/code", data={"code": "123", "next": "/cases"})
    assert wrong.status_code == 403
    assert "Type the eight digits of the newest message" in wrong.text
    right = client.post("/sign-in/code", data={"code": code.group(), "next": "/cases"}, follow_redirects=False)
    assert right.headers["location"] == "/cases"
    assert "you signed in from a new browser" in client.get("/transmit").text
    client.post("/sign-out")
    again = client.post(
        "/sign-in", data={"email": office.email("caseworker"), "password": PASSWORD}, follow_redirects=False
    )
    assert again.headers["location"] == "/", "it is known now"


def test_an_unusual_network_asks_for_a_code_and_no_address_is_kept(office: Office) -> None:
    def try_from(address: str) -> str:
        client = TestClient(office.app, base_url=ORIGIN, client=(address, 50000))
        client.cookies.set("icmc_device", "mine", domain="127.0.0.1", path="/")
        given = {"email": office.email("lawyer"), "password": PASSWORD}
        return str(client.post("/sign-in", data=given, follow_redirects=False).headers["location"])

    assert try_from("203.0.113.7") == "/"
    assert try_from("203.0.9.1") == "/"
    assert try_from("198.51.100.9").startswith("/sign-in/code")
    assert not {one for one in ("203.0.113", "198.51") if one in str(office.rows("SELECT * FROM sign_in_habit"))}


def test_what_needs_proof_is_asked_for_and_goes_on_with_what_was_typed(office: Office) -> None:
    client, secret = office.with_factor("system_administrator")
    office.later(minutes=11)
    client.get("/people")
    unit = {"organisation": "Hills", "name": "Hill office", "jurisdiction": "IN-ML", "contact": "desk"}
    asked = client.post("/units", data=unit, follow_redirects=False)
    place = asked.headers["location"]
    assert place.startswith("/step-up?next=/kept/")
    page = client.get(place)
    assert "Confirm that it is you" in page.text
    before = client.cookies["icmc_session"]
    kept = hidden(page.text, "next")
    client.post("/step-up", data={"code": office.code(secret), "next": kept}, follow_redirects=False)
    assert client.cookies["icmc_session"] != before
    sent = client.post(f"{kept}/send", data=unit)
    assert "The unit was saved" in sent.text
    assert "Hill office" in sent.text


def test_a_password_is_changed_by_whoever_knows_the_old_one_and_may_be_pasted(office: Office) -> None:
    client, elsewhere = office.signed_in("caseworker"), office.signed_in("caseworker")
    page = client.get("/account/password").text
    assert 'autocomplete="new-password"' in page
    assert "onpaste" not in page
    assert client.post("/account/password", data={"old": "wrong", "password": OTHER}).status_code == 422
    assert client.post("/account/password", data={"old": PASSWORD, "password": "passwordpassword"}).status_code == 422
    done = client.post("/account/password", data={"old": PASSWORD, "password": OTHER})
    assert "Your password was changed" in done.text
    assert elsewhere.get("/worklist", follow_redirects=False).status_code == 303
    assert client.get("/worklist").status_code == 200


def test_people_find_and_end_their_sessions(office: Office) -> None:
    client, elsewhere = office.signed_in("caseworker"), office.signed_in("caseworker")
    assert 'href="/account"' in client.get("/").text
    ended = re.search(r"/account/sessions/[0-9a-f-]{36}/end", client.get("/account").text)
    client.post(ended.group())
    assert elsewhere.get("/account", follow_redirects=False).status_code == 303
    assert office.signed_in("lawyer").post(ended.group()).status_code == 404


def test_signing_out_clears_what_the_browser_has_and_an_old_cookie_is_nobodys(office: Office) -> None:
    client = office.signed_in("lawyer")
    kept = client.cookies["icmc_session"]
    answer = client.post("/sign-out", follow_redirects=False)
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    client.cookies.set("icmc_session", kept)
    assert client.get("/cases", follow_redirects=False).status_code == 303


def test_over_a_protected_connection_the_cookie_is_bound_to_its_host(office: Office) -> None:
    client = office.client("https://127.0.0.1")
    answer = client.post(
        "/sign-in", data={"email": office.email("lawyer"), "password": PASSWORD}, follow_redirects=False
    )
    session = next(line for line in answer.headers.get_list("set-cookie") if "session" in line)
    assert session.startswith("__Host-icmc_session=")
    for wanted in ("Secure", "HttpOnly", "Path=/", "SameSite=lax"):
        assert wanted in session
    assert "Domain" not in session
    assert client.get("/cases").status_code == 200


def test_a_cookie_set_before_signing_in_is_replaced(office: Office) -> None:
    client = office.client()
    client.cookies.set("icmc_session", "fixed-by-somebody", domain="127.0.0.1", path="/")
    client.post("/sign-in", data={"email": office.email("lawyer"), "password": PASSWORD}, follow_redirects=False)
    stranger = office.client()
    stranger.cookies.set("icmc_session", "fixed-by-somebody")
    assert stranger.get("/cases", follow_redirects=False).status_code == 303


def test_forgotten_and_wrong_answers_look_alike_for_known_and_unknown(office: Office) -> None:
    seen: dict[str, set[tuple[int, str]]] = {"/forgot": set(), "/sign-in": set()}
    for email in (office.email("lawyer"), "nobody@example.org"):
        for path, answers in seen.items():
            answer = office.client().post(path, data={"email": email, "password": "wrong"})
            answers.add((answer.status_code, re.sub(r'value="[^"]*"', "", answer.text)))
    assert [len(answers) for answers in seen.values()] == [1, 1]
    told = office.rows("SELECT DISTINCT link FROM message WHERE kind = 'person_to_look_after'")
    assert told == [(f"/people/{office.people['lawyer'].actor_id}",)]


def test_a_link_sets_a_password_once_through_its_page(office: Office) -> None:
    lawyer = office.people["lawyer"].actor_id
    path = f"/invitation/{new_link(office.engine, lawyer, viewer=SYSTEM).token}"
    client = office.client()
    assert office.email("lawyer") in client.get(path).text
    assert client.post(path, data={"password": "short"}).status_code == 422
    assert "Your password is set" in client.post(path, data={"password": OTHER}).text
    assert client.get(path).status_code == client.post(path, data={"password": PASSWORD}).status_code == 410
    assert client.get("/invitation/made-up").text == client.get(path).text, "used and never made look alike"
    done = client.post("/sign-in", data={"email": office.email("lawyer"), "password": OTHER}, follow_redirects=False)
    assert done.status_code == 303


def test_the_first_administrator_begins_with_nothing_but_the_link(office: Office) -> None:
    office.rows("TRUNCATE actor CASCADE")
    token = first_link(office.engine)
    client = office.client()
    answers = {
        "name": "Mary", "email": "mary@example.org", "organisation": "Hills", "unit": "Hill office",
        "jurisdiction": "IN-ML", "password": OTHER,
    }  # fmt: skip
    assert client.post(f"/first/{token}", data=answers | {"email": "mary"}).status_code == 422
    assert OTHER not in client.post(f"/first/{token}", data=answers | {"email": "mary"}).text
    assert "Your password is set" in client.post(f"/first/{token}", data=answers).text
    assert client.get(f"/first/{token}").status_code == 410
    client.post("/sign-in", data={"email": "mary@example.org", "password": OTHER})
    assert client.get("/", follow_redirects=False).headers["location"] == "/account/second-factor"


def test_an_administrator_invites_gives_roles_and_lets_go_on_pages(office: Office) -> None:
    client, _ = office.with_factor("system_administrator")
    unit = office.people["lawyer"].unit_ids[0]
    assert 'href="/people"' in client.get("/").text
    invited = {"name": "Ribha", "email": "ribha@example.org", "unit_id": str(unit), "role": "caseworker"}
    assert client.post("/people", data=invited | {"role": "wizard"}).status_code == 422
    assert client.post("/people", data=invited | {"unit_id": ""}).status_code == 422
    made = client.post("/people", data=invited)
    link = re.search(r'value="[^"]*(/invitation/[^"]+)"', made.text)
    assert "Your password is set" in office.client().post(link.group(1), data={"password": OTHER}).text

    def found(name: str) -> re.Match[str] | None:
        listed = "".join(client.get(f"/people?page={page}").text for page in (1, 2))
        return re.search(rf'href="(/people/[0-9a-f-]+)">{name}', listed)

    person = found("Ribha")
    role = {"unit_id": str(unit), "role": "lawyer"}
    assert "was asked to agree" in client.post(f"{person.group(1)}/roles", data=role).text
    lead = office.signed_in("supervisor")
    asked = re.findall(r'action="(/waiting/[0-9a-f-]+)"', lead.get("/waiting").text)
    for path in dict.fromkeys(asked):
        assert lead.post(path, data={"answer": "yes"}).status_code == 200
    assert "Not in effect yet" not in client.get(person.group(1)).text
    assert "They no longer have the role" in client.post(f"{person.group(1)}/roles/take", data=role).text
    assert client.post(f"{person.group(1)}/roles", data=role | {"role": "wizard"}).status_code == 422
    boss = {"supervisor_id": str(office.people["supervisor"].actor_id)}
    assert office.people["supervisor"].name in client.post(f"{person.group(1)}/supervisor", data=boss).text
    team = invited | {"name": "Lal", "email": "lal@example.org", "role": "team_office"}
    assert client.post("/people", data=team).status_code == 200
    third = found("Lal")
    waiting = client.get(third.group(1)).text
    assert all(name in waiting for name in ("Finance officer", "Press officer", "Partnership manager"))
    assert "Deactivated" in client.post(f"{person.group(1)}/deactivate").text
    answer = office.client().post("/sign-in", data={"email": "ribha@example.org", "password": OTHER})
    assert answer.status_code == 403
    assert "They can sign in again" in client.post(f"{person.group(1)}/activate").text


def test_pages_of_people_are_for_who_manages_them_and_a_person_for_their_supervisor(office: Office) -> None:
    worker = f"/people/{office.people['caseworker'].actor_id}"
    lawyer = office.signed_in("lawyer")
    for path in ("/people", "/units", "/service-accounts"):
        assert lawyer.get(path).status_code == 403, path
    assert lawyer.get(worker).status_code == lawyer.get(f"/people/{uuid4()}").status_code == 404
    boss = office.signed_in("supervisor")
    listed = boss.get("/people")
    assert f'href="{worker}"' in listed.text
    assert "Wrong tries" not in boss.get(worker).text
    office.client().post("/sign-in", data={"email": office.email("caseworker"), "password": "wrong"})
    assert re.search(r"Wrong tries</dt><dd>1 recently", boss.get(worker).text)
    assert "Invite someone" not in listed.text
    page = boss.get(worker)
    assert page.status_code == 200
    assert "Deactivate this account" not in page.text
    assert boss.post(f"{worker}/deactivate").status_code == 403


def test_a_lost_factor_goes_from_a_supervisor_to_an_administrator_on_pages(office: Office) -> None:
    office.with_factor("caseworker")
    worker = f"/people/{office.people['caseworker'].actor_id}"
    boss = office.signed_in("supervisor")
    vouched = boss.post(f"{worker}/lost-factor").text
    assert "The other administrators were notified" in vouched
    back = re.search(rf"{worker}/lost-factor/[0-9a-f-]+", vouched)
    assert "The second factor stays" in boss.post(back.group(), data={"answer": "no"}).text
    assert "The other administrators were notified" in boss.post(f"{worker}/lost-factor").text
    admin, _ = office.with_factor("system_administrator")
    answer = re.search(rf"{worker}/lost-factor/[0-9a-f-]+", admin.get(worker).text)
    assert boss.post(answer.group(), data={"answer": "yes"}).status_code == 403
    assert "The second factor was removed" in admin.post(answer.group(), data={"answer": "yes"}).text
    office.signed_in("caseworker")


def test_a_program_asks_with_a_key_for_counts_and_nothing_else(office: Office) -> None:
    made = add_key(
        office.engine, viewer=SYSTEM, account="Monitor", unit=office.unit_name, name="board", scopes=("board",), days=30
    )
    client = office.client()

    def ask(key: str, path: str = "/api/board") -> Any:
        return client.get(path, headers={"authorization": f"Bearer {key}"}, follow_redirects=False)

    assert ask(made.key).json()["open_cases"] == 0
    assert ask("made-up").status_code == client.get("/api/board").status_code == 401
    for path in ("/cases", "/board", "/people", "/"):
        assert ask(made.key, path).headers["location"].startswith("/sign-in"), path
    assert made.key not in str(office.rows("SELECT * FROM api_key"))
    used = office.rows("SELECT body FROM audit_event WHERE type = 'KeyUsed'")
    assert [row[0]["allowed"] for row in used] == [True]
    office.rows("UPDATE api_key SET scopes = '{}'")
    assert ask(made.key).status_code == 403
    office.rows("UPDATE api_key SET scopes = '{board}'")
    revoke_key(office.engine, made.id, viewer=SYSTEM)
    assert ask(made.key).status_code == 401
    short = add_key(
        office.engine, viewer=SYSTEM, account="Monitor", unit=office.unit_name, name="two", scopes=("board",), days=1
    )
    office.later(days=2)
    assert ask(short.key).status_code == 401
    assert {key.account for key in keys(office.engine, viewer=SYSTEM)} == {"Monitor"}


def test_a_key_is_made_once_however_often_its_button_is_pressed(office: Office) -> None:
    client, _ = office.with_factor("system_administrator")
    wanted = {"account": "Monitor", "name": "board", "unit": office.unit_name, "scope": "board", "days": "30"}
    wanted["command_id"] = hidden(client.get("/service-accounts").text, "command_id")
    first, again = (client.post("/service-accounts", data=wanted) for _ in range(2))
    assert "icmc_" in first.text
    assert again.status_code == 422
    assert "This key has already been made" in again.text
    assert len(keys(office.engine, viewer=SYSTEM)) == 1


def test_a_key_is_made_and_revoked_on_its_page(office: Office) -> None:
    client, _ = office.with_factor("system_administrator")
    wanted = {"account": "Monitor", "name": "board", "unit": office.unit_name, "scope": "board", "days": "30"}
    for wrong in ({"days": "400"}, {"days": "x"}, {"scope": "everything"}, {"account": ""}):
        assert client.post("/service-accounts", data=wanted | wrong).status_code == 422, wrong
    key = re.search(r"icmc_[\w-]{20,}", client.post("/service-accounts", data=wanted).text)
    page = client.get("/service-accounts").text
    assert key.group() not in page
    revoke = re.search(r"/service-accounts/[0-9a-f-]{36}/revoke", page)
    client.post(revoke.group())
    asked = office.client().get("/api/board", headers={"authorization": f"Bearer {key.group()}"})
    assert asked.status_code == 401
