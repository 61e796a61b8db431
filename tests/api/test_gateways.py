"""Messages and missed calls that a gateway brings become reports: once, signed, by number, and said to nobody else."""

import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest

from engine.cases.actions.gateways import MOST_OF_A_NUMBER
from engine.cases.actions.open import MOST_REPORTS_IN_AN_HOUR
from engine.cases.records import ADDED
from engine.cases.store import CaseStore
from engine.db.embedded.embedded import EmbeddedServer
from engine.errors import InvalidAnswersError
from engine.people.actions import program_keys
from engine.people.actions.program_keys import NewKey, add_key, keys, revoke_key
from engine.people.viewer import units
from engine.sign_in.actions.account import forget_sign_ins
from engine.web.terminal import SYSTEM
from tests.api.gateways import bring, gateway_for, message, missed_call, post, signed, whatsapp
from tests.api.test_markup import CORPUS
from tests.api.test_reports import code
from tests.kit.portal import Portal, made_portal

pytestmark = pytest.mark.long

APP_SECRET = "f" * 32
NOT_TAKEN = (
    "[Something was sent with this message that is not text, such as a picture or a voice message. It was not taken.]"
)


@pytest.fixture(scope="module")
def gateway(portal: Portal) -> NewKey:
    return gateway_for(portal)


@pytest.fixture
def number() -> str:
    return f"+91{uuid4().int % 10**10:010}"


def cases(portal: Portal) -> list[UUID]:
    return [row["id"] for row in portal.rows('SELECT id FROM "case" ORDER BY opened_at, id')]


def only_new(portal: Portal, before: list[UUID]) -> UUID:
    [found] = [case_id for case_id in cases(portal) if case_id not in before]
    return found


def opened_by(portal: Portal, gateway: NewKey, body: object) -> UUID:
    before = cases(portal)
    answer = bring(portal, gateway, body)
    assert (answer.status_code, answer.json()) == (200, {"taken": 1}), answer.text
    return only_new(portal, before)


def form_of(portal: Portal, case_id: UUID) -> str:
    """Return the form of the first work item, as who claims it is shown it."""
    client = portal.as_role("intake_officer")
    [item] = portal.rows("SELECT id, step_key FROM work_item WHERE case_id = :id AND status = 'ready'", id=case_id)
    client.post(f"/items/{item['id']}/claim")
    return client.get(f"/items/{item['id']}").text


def added(portal: Portal, case_id: UUID) -> list[str]:
    with portal.engine.transaction() as tx:
        seqs = tx.of(CaseStore).notes_of(case_id, ADDED)
        return list(tx.of(CaseStore).words_of(case_id, notes=True, only=seqs).values())


def test_a_message_opens_a_case_in_the_unit_with_its_words_its_number_and_half_an_hour(
    portal: Portal, gateway: NewKey, number: str
) -> None:
    case_id = opened_by(portal, gateway, message(number, "My sister is kept in a house."))
    [run] = portal.rows("SELECT workflow, unit_id FROM run WHERE case_id = :id", id=case_id)
    assert run == {"workflow": "reported-concern", "unit_id": portal.unit}
    [due] = portal.rows("SELECT min(due_at - started_at) AS left FROM deadline WHERE case_id = :id", id=case_id)
    assert due["left"] == timedelta(minutes=30)
    form = form_of(portal, case_id)
    assert "My sister is kept in a house." in form
    assert f'value="{number}"' in form


def test_nothing_of_the_number_or_the_words_stands_anywhere_in_clear(
    portal: Portal, gateway: NewKey, number: str, caplog: pytest.LogCaptureFixture
) -> None:
    opened_by(portal, gateway, message(number, "Zqxlbrick", id=f"id-of-{number}"))
    bring(portal, gateway, message(number, "Zqxlkiln"))
    bring(portal, gateway, message(number, "x" * 5_001))
    for row in portal.rows("SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'"):
        kept = str(portal.rows(f'SELECT * FROM "{row["name"]}"'))
        assert not [word for word in (number, number[1:], "Zqxl") if word in kept], row["name"]
    assert number[1:] not in caplog.text
    page = portal.as_role("supervisor").get("/board").text + portal.as_role("caseworker").get("/cases").text
    assert number[1:] not in page


def test_sent_again_a_message_is_taken_once_and_with_other_content_it_is_refused(
    portal: Portal, gateway: NewKey, number: str
) -> None:
    first, more = message(number, "First."), message(number, "More.")
    case_id = opened_by(portal, gateway, first)
    for body in (more, first, more):
        answer = bring(portal, gateway, body)
        assert (answer.status_code, answer.json()) == (200, {"taken": 1})
    assert added(portal, case_id) == ["More."]
    for body in (first, more):
        other = bring(portal, gateway, body | {"text": "Other."})
        assert (other.status_code, code(other)) == (409, "changed-content")
    assert added(portal, case_id) == ["More."]


def test_a_forged_or_an_old_signature_is_refused_and_nothing_is_stored(
    portal: Portal, gateway: NewKey, number: str
) -> None:
    sent = json.dumps(message(number)).encode()
    now = int(portal.engine.wall_clock.now().timestamp())
    good, another = signed(gateway.key, sent, now), gateway_for(portal, "Another")
    before = (cases(portal), portal.rows("SELECT count(*) FROM command"))
    body_alone = hmac.new(gateway.key.encode(), sent, "sha256").hexdigest()
    for headers in (
        signed("made up", sent, now), signed(another.key, sent, now), signed(gateway.key, sent + b" ", now),
        signed(gateway.key, sent, now - 301), signed(gateway.key, sent, now + 400),
        good | {"icmc-timestamp": str(now - 1)}, good | {"icmc-timestamp": "now"}, good | {"icmc-signature": ""},
        good | {"icmc-signature": body_alone}, good | {"icmc-timestamp": "", "icmc-signature": f"sha256={body_alone}"},
        good | {"x-hub-signature-256": "sha256=" + "0" * 64}, {"content-type": "application/json"},
        {"content-type": "application/json", "authorization": f"Bearer {gateway.key}"},
    ):  # fmt: skip
        answer = post(portal, gateway, sent, headers)
        assert (answer.status_code, code(answer)) == (401, "unauthorized"), headers
        assert answer.headers["www-authenticate"] == "Signature"
    nobody = gateway._replace(gateway_id=uuid4())
    assert post(portal, nobody, sent, good).content == answer.content
    assert (cases(portal), portal.rows("SELECT count(*) FROM command")) == before
    assert post(portal, gateway, sent, good).status_code == 200


def test_a_request_that_is_replayed_opens_nothing_even_by_another_id_of_a_signature(
    portal: Portal, gateway: NewKey, number: str
) -> None:
    sent = json.dumps(message(number)).encode()
    headers = signed(gateway.key, sent, int(portal.engine.wall_clock.now().timestamp()))
    before = cases(portal)
    assert [post(portal, gateway, sent, headers).status_code for _ in range(3)] == [200, 200, 200]
    assert added(portal, only_new(portal, before)) == []


def test_what_a_number_writes_within_a_week_belongs_to_its_open_case_and_tells_those_at_work(
    portal: Portal, gateway: NewKey, number: str
) -> None:
    case_id = opened_by(portal, gateway, message(number, "First."))
    form_of(portal, case_id)
    before = cases(portal)
    portal.let_time_pass(timedelta(days=6))
    bring(portal, gateway, message(number[1:], "Second, without the sign before the number."))
    portal.let_time_pass(timedelta(days=6))
    bring(portal, gateway, missed_call(number))
    assert cases(portal) == before
    second, call = added(portal, case_id)
    assert second.startswith("Second")
    assert call.startswith("[A call was missed on 07 March 2026 at 18:30 (Asia/Kolkata). Call back")
    told = portal.rows(
        "SELECT recipient_id, body FROM message WHERE case_id = :id AND kind = 'reporter_wrote'", id=case_id
    )
    assert {row["recipient_id"] for row in told} == {portal.people["intake_officer"].actor_id}
    assert not [row for row in told if "Second" in row["body"] or number[1:] in row["body"]]
    [who] = portal.rows("SELECT actor_id FROM event WHERE case_id = :id AND type = 'NoteMade' LIMIT 1", id=case_id)
    assert who["actor_id"] == gateway.gateway_id
    portal.let_time_pass(timedelta(days=8))
    assert opened_by(portal, gateway, message(number, "A new matter.")) != case_id


def test_another_number_another_unit_and_a_closed_case_get_a_case_of_their_own(
    portal: Portal, gateway: NewKey, number: str
) -> None:
    case_id = opened_by(portal, gateway, message(number))
    assert opened_by(portal, gateway, message(f"{number}1")) != case_id
    portal.rows("UPDATE \"case\" SET status = 'closed' WHERE id = :id", id=case_id)
    again = opened_by(portal, gateway, message(number))
    before = cases(portal)
    bring(portal, gateway, message(number, "After it."))
    assert cases(portal) == before
    assert added(portal, again) == ["After it."]
    assert added(portal, case_id) == []


def test_missed_calls_of_one_number_are_one_piece_of_work_to_call_back_with_a_note_for_each(
    portal: Portal, gateway: NewKey, number: str
) -> None:
    case_id = opened_by(portal, gateway, missed_call(number, at="2026-03-07T12:00:00Z"))
    for minute in (10, 20):
        assert bring(portal, gateway, missed_call(number, at=f"2026-03-07T12:{minute}:00Z")).status_code == 200
    assert [note[:47] for note in added(portal, case_id)] == [
        "[A call was missed on 07 March 2026 at 17:40 (A", "[A call was missed on 07 March 2026 at 17:50 (A",
    ]  # fmt: skip
    [item] = portal.rows("SELECT step_key FROM work_item WHERE case_id = :id", id=case_id)
    assert item["step_key"] == "intake"
    form = form_of(portal, case_id)
    assert "A call was missed on 07 March 2026 at 17:30 (Asia/Kolkata). Call back" in form
    assert f'value="{number}"' in form


def test_two_gateways_of_a_unit_know_the_same_number(portal: Portal, gateway: NewKey, number: str) -> None:
    case_id = opened_by(portal, gateway, message(number))
    bring(portal, gateway_for(portal, "Calls"), missed_call(f"00{number[1:]}"))
    assert len(added(portal, case_id)) == 1


@pytest.mark.parametrize("markup", CORPUS)
def test_markup_in_a_message_stays_words_on_every_page(
    portal: Portal, gateway: NewKey, number: str, markup: str
) -> None:
    case_id = opened_by(portal, gateway, message(number, f"{markup} first"))
    bring(portal, gateway, message(number, f"{markup} second"))
    client = portal.as_role("intake_officer")
    pages = [
        form_of(portal, case_id), client.post(f"/cases/{case_id}/diary/words").text,
        *(client.get(f"/cases/{case_id}{path}").text for path in ("", "/history", "/diary")),
    ]  # fmt: skip
    assert " first" in pages[0]
    assert " second" in pages[1]
    assert not [page for page in pages if markup in page and any(sign in markup for sign in "<\"'")]
    assert "1337 first" not in pages[0]


@pytest.mark.parametrize(("body", "words"), [
    ({"text": "a\x00b\x1b[2J\x07c\r\nd\u200de"}, "ab[2Jc\nd\u200de"),
    ({"text": " \n\t "}, "[A message without words came.]"),
    ({"text": "", "has_media": True}, NOT_TAKEN),
    ({"text": "Look.", "has_media": True}, f"Look.\n{NOT_TAKEN}"),
    ({"text": "x" * 5_000}, "x" * 5_000),
])  # fmt: skip
def test_control_characters_are_left_out_and_what_was_not_taken_is_told(
    portal: Portal, gateway: NewKey, number: str, body: dict[str, Any], words: str
) -> None:
    case_id = opened_by(portal, gateway, message(number))
    assert bring(portal, gateway, message(number) | body).status_code == 200
    [note] = added(portal, case_id)
    assert note == words


@pytest.mark.parametrize(("change", "wrong"), [
    ({"text": "x" * 5_001}, "/text"), ({"from": "VK-BANK"}, "/from"), ({"from": "1" * 21}, "/from"),
    ({"from": None}, "/from"), ({"kind": "call"}, "/kind"), ({"id": ""}, "/id"), ({"at": "yesterday"}, "/at"),
    ({"at": "2026-03-07T13:00:00"}, "/at"), ({"more": 1}, "/more"), ({"has_media": 3}, "/has_media"),
])  # fmt: skip
def test_what_does_not_fit_is_told_at_its_place_and_nothing_is_stored(
    portal: Portal, gateway: NewKey, number: str, change: dict[str, object], wrong: str
) -> None:
    before = cases(portal)
    answer = bring(portal, gateway, message(number) | change)
    assert (answer.status_code, code(answer)) == (422, "invalid-answers")
    assert [one["pointer"] for one in answer.json()["errors"]] == [wrong]
    assert number not in answer.text
    assert cases(portal) == before


def test_what_cannot_be_read_has_its_own_status(portal: Portal, gateway: NewKey) -> None:
    assert bring(portal, gateway, b"{").status_code == 400
    assert bring(portal, gateway, b" " * 100_001).status_code == 413
    assert bring(portal, gateway, b"{}", **{"content-type": "text/plain"}).status_code == 415


def test_a_gateway_that_brings_too_much_is_asked_to_wait_and_loses_nothing(
    portal: Portal, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = gateway_for(portal, "Flood")
    case_id = opened_by(portal, gateway, message(number))
    portal.rows(
        "INSERT INTO report (id, case_id, unit_id, received_at, recorded_at, recorded_by)"
        " SELECT gen_random_uuid(), case_id, unit_id, received_at, recorded_at, recorded_by"
        " FROM report, generate_series(2, :most) WHERE case_id = :id", most=MOST_REPORTS_IN_AN_HOUR, id=case_id,
    )  # fmt: skip
    other = message(f"{number}2")
    answer = bring(portal, gateway, other)
    assert (answer.status_code, code(answer)) == (429, "too-many-reports")
    assert int(answer.headers["retry-after"]) > 0
    assert bring(portal, gateway, message(number, "Still added.")).status_code == 200
    monkeypatch.setattr("engine.cases.actions.gateways.MOST_OF_A_NUMBER", 1)
    assert bring(portal, gateway, message(number, "Too much.")).status_code == 429
    assert MOST_OF_A_NUMBER > 1
    assert added(portal, case_id) == ["Still added."]
    portal.let_time_pass(timedelta(hours=2))
    opened_by(portal, gateway, other)
    monkeypatch.setattr(program_keys, "MOST_USES_IN_AN_HOUR", 2)
    assert code(bring(portal, gateway, message(number))) == "key-too-often"


def test_the_key_of_a_gateway_is_sealed_and_is_followed_by_another_at_the_same_address(
    portal: Portal, number: str
) -> None:
    old = gateway_for(portal, "Rotating")
    new = gateway_for(portal, "Rotating")
    assert new.gateway_id == old.gateway_id
    assert [bring(portal, one, message(number)).status_code for one in (old, new)] == [200, 200]
    assert old.key not in str(portal.rows("SELECT * FROM api_key"))
    revoke_key(portal.engine, old.id, viewer=SYSTEM)
    assert [bring(portal, one, message(number)).status_code for one in (old, new)] == [401, 200]
    [made] = [one for one in keys(portal.engine, viewer=SYSTEM) if one.id == new.id]
    assert made.used_at is not None


def test_the_key_of_a_gateway_opens_nothing_else_and_another_key_signs_nothing(portal: Portal, gateway: NewKey) -> None:
    for path in ("cases", "work-items", f"reports/{uuid4()}", "openapi.json"):
        answer = portal.anybody().get(f"/api/v1/{path}", headers={"authorization": f"Bearer {gateway.key}"})
        assert answer.status_code == 403, path
    unit = dict(portal.engine.ask(units, portal.people["supervisor"]))[portal.unit]
    made = {"viewer": SYSTEM, "unit": unit, "name": "key", "days": 9}
    program = add_key(portal.engine, account="Program", scopes=("report",), **made)
    [who] = portal.rows("SELECT actor_id FROM api_key WHERE id = :id", id=program.id)
    stranger = program._replace(gateway_id=who["actor_id"])
    assert bring(portal, stranger, message("+910000000000")).status_code == 401
    for account, scopes, secret, wrong in (
        ("Program", ("gateway",), "", "account"), ("SMS", ("report",), "", "account"),
        ("New", ("gateway", "cases"), "", "scope"), ("New", ("report",), APP_SECRET, "secret"),
        ("New", ("gateway",), "short", "secret"), ("New", ("gateway",), "a secret with spaces in it", "secret"),
    ):  # fmt: skip
        with pytest.raises(InvalidAnswersError) as refused:
            add_key(portal.engine, account=account, scopes=scopes, secret=secret, **made)
        assert set(refused.value.problems) == {wrong}


def from_whatsapp(portal: Portal, gateway: NewKey, body: object, secret: str = APP_SECRET) -> Any:
    sent = json.dumps(body).encode()
    signature = hmac.new(secret.encode(), sent, "sha256").hexdigest()
    headers = {"x-hub-signature-256": f"sha256={signature}", "content-type": "application/json"}
    return post(portal, gateway, sent, headers)


def test_the_webhook_of_whatsapp_brings_messages_as_it_writes_them(portal: Portal, number: str) -> None:
    gateway = gateway_for(portal, "WhatsApp", secret=APP_SECRET)
    one = {"from": number[1:], "timestamp": "1772888400"}
    text = one | {"id": "wamid.1", "type": "text", "text": {"body": "Please come."}}
    picture = one | {"id": "wamid.2", "type": "image", "image": {"id": "7", "caption": "Here."}}
    voice = one | {"id": "wamid.3", "type": "audio", "audio": {"id": "8", "voice": True}}
    place = one | {"id": "wamid.4", "type": "location", "location": {"latitude": 26.1, "longitude": 91.7}}
    before, body = cases(portal), whatsapp(text, picture, voice, place)
    for _ in range(2):
        answer = from_whatsapp(portal, gateway, body)
        assert (answer.status_code, answer.json()) == (200, {"taken": 4})
    case_id = only_new(portal, before)
    first, second, third = added(portal, case_id)
    assert first.startswith("Here.\n[Something was sent")
    assert second.startswith("[Something was sent")
    assert third == "[A place was sent: 26.1, 91.7]"
    form = form_of(portal, case_id)
    assert "Please come." in form
    assert f'value="{number}"' in form
    assert "Somebody" not in form
    assert from_whatsapp(portal, gateway, body, secret=gateway.key).status_code == 401
    statuses = {"object": "x", "entry": [{"changes": [{"value": {"statuses": [{"id": "wamid.9"}]}}]}]}
    assert from_whatsapp(portal, gateway, statuses).json() == {"taken": 0}
    assert from_whatsapp(portal, gateway, {"entry": 1}).status_code == 422


def test_one_message_that_is_refused_stops_none_of_the_others_of_its_batch(portal: Portal, number: str) -> None:
    gateway = gateway_for(portal, "WhatsApp", secret=APP_SECRET)
    one = {"from": number[1:], "timestamp": "1772888400", "type": "text"}
    batch = [one | {"id": f"wamid.{uuid4()}", "text": {"body": body}} for body in ("One.", "Two.", "Three.")]
    case_id_before = cases(portal)
    assert from_whatsapp(portal, gateway, whatsapp(batch[0])).status_code == 200
    changed = batch[0] | {"text": {"body": "Changed."}}
    answer = from_whatsapp(portal, gateway, whatsapp(batch[1], changed, batch[2]))
    assert (answer.status_code, code(answer)) == (409, "changed-content")
    assert added(portal, only_new(portal, case_id_before)) == ["Two.", "Three."]


def test_whatsapp_is_told_that_an_address_is_ours_by_the_key_of_its_gateway_alone(portal: Portal) -> None:
    gateway = gateway_for(portal, "WhatsApp", secret=APP_SECRET)
    plain = gateway_for(portal, "Plain")
    address = f"/api/v1/gateways/{gateway.gateway_id}"
    asked = {"hub.mode": "subscribe", "hub.verify_token": gateway.key, "hub.challenge": "1158201444"}
    answer = portal.anybody().get(address, params=asked)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")
    for change in ({"hub.verify_token": "made-up"}, {"hub.verify_token": plain.key}, {"hub.mode": "x"}):
        assert portal.anybody().get(address, params=asked | change).status_code == 401
    elsewhere = f"/api/v1/gateways/{plain.gateway_id}"
    for key in (plain.key, gateway.key):  # what signs is never sent in an address
        assert portal.anybody().get(elsewhere, params=asked | {"hub.verify_token": key}).status_code == 401
    assert portal.anybody().get(address, params=asked | {"hub.challenge": "<b>"}).status_code == 422


def test_messages_of_one_number_that_come_at_once_open_one_case(
    postgres: EmbeddedServer, tmp_path: Path, number: str
) -> None:
    with made_portal(postgres, tmp_path, pool_size=6) as portal, ThreadPoolExecutor(6) as threads:
        gateway, together = gateway_for(portal), Barrier(6)

        def send(which: int) -> int:
            together.wait()
            return bring(portal, gateway, message(number, f"Message {which}.")).status_code

        assert list(threads.map(send, range(6))) == [200] * 6
        [case_id] = cases(portal)
        assert len(set(added(portal, case_id))) == 5


def test_which_number_wrote_is_forgotten_after_a_week(portal: Portal, gateway: NewKey, number: str) -> None:
    case_id = opened_by(portal, gateway, message(number))
    portal.let_time_pass(timedelta(days=6))
    forget_sign_ins(portal.engine)
    assert portal.rows("SELECT 1 FROM sender WHERE case_id = :id", id=case_id)
    portal.let_time_pass(timedelta(days=2))
    forget_sign_ins(portal.engine)
    assert not portal.rows("SELECT 1 FROM sender WHERE case_id = :id", id=case_id)


def test_a_gateway_is_made_on_the_page_with_its_address_and_its_key_shown_once(portal: Portal) -> None:
    client = portal.as_role("system_administrator")
    unit = dict(portal.engine.ask(units, portal.people["supervisor"]))[portal.unit]
    typed = {"account": "Made here", "unit": unit, "name": "SMS", "scope": "gateway", "days": "30"}
    shown = client.post("/service-accounts", data=typed | {"secret": "too short"})
    assert "A secret has 16 to 200" in shown.text
    assert "too short" not in shown.text
    made = client.post("/service-accounts", data=typed)
    [who] = portal.rows("SELECT id FROM actor WHERE name = 'Made here'")
    assert f"/api/v1/gateways/{who['id']}" in made.text
    assert "Authorization" not in made.text
    with_secret = client.post("/service-accounts", data=typed | {"account": "And there", "secret": APP_SECRET})
    assert "as the verify token" in with_secret.text
    assert APP_SECRET not in with_secret.text + client.get("/service-accounts").text
