"""Two hubs help each other in a case: by messages that are signed, sealed, kept for days, and carried out once."""

import http.client
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest

from engine.approvals.views import waiting
from engine.core.case_links import ReferralStatus
from engine.db.embedded.embedded import EmbeddedServer
from engine.errors import InvalidAnswersError, NotAllowedError, NotFoundError
from engine.hubs.actions.mirrors import (
    answer_erasure,
    decline_request,
    disclose_to_hub,
    reveal_words,
    steps_to_disclose,
)
from engine.hubs.actions.peers import ask_peer, confirm_peer, end_peer
from engine.hubs.envelope import (
    FORM,
    HubKeyFile,
    address_problem,
    card,
    decrypted_from,
    encrypted_for,
    read_signed,
)
from engine.hubs.records import HubRefusedError, Kind, MirrorView, pause_after
from engine.hubs.views import case_hubs
from engine.hubs.views import hubs as hubs_view
from engine.keys.key_file import read_or_create_key_file
from engine.overview.views.board import admin_board
from engine.sharing.actions.consents import withdraw_consent
from engine.sharing.actions.referrals import recall_referral
from engine.sharing.store import ReferralStore
from tests.hubs.two_hubs import APART, Hub, keys_of_peer, two_hubs

NAME = "Rahima Khatun"


@pytest.fixture(scope="module")
def hubs(postgres: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hub, Hub]]:
    with two_hubs(postgres, tmp_path_factory.mktemp("hubs")) as both:
        yield both


@pytest.fixture(autouse=True)
def nothing_waits(request: pytest.FixtureRequest) -> None:
    """Begin each test with a line that works and nothing asked that waits."""
    if "hubs" in request.fixturenames:
        here, there = request.getfixturevalue("hubs")
        here.line.plan = there.line.plan = lambda: "good"
        settle_all(here, there)


def test_a_case_is_asked_accepted_told_of_and_closed_between_two_hubs(hubs: tuple[Hub, Hub]) -> None:
    here, there = hubs
    case_id = here.open_case(NAME)
    here.ask_for_help(case_id)
    assert here.exchange() == 1
    request = asked(there)
    assert (request.purpose, request.help, request.urgency) == ("shelter", "safe_place", "high")
    assert (request.zone, request.due_at) == ("Asia/Kolkata", mine(here, case_id).due_at)
    opened = there.accept(request.id)
    assert there.accept(request.id) == opened
    assert there.exchange() == 1
    assert (mine(here, case_id).status, mine(here, case_id).their_zone) == ("accepted", "Asia/Dhaka")
    assert mine(here, case_id).their_number == there.number(opened)
    assert here.exchange() == 1
    assert lines(there, opened) == [["Person 1: name", NAME], ["Person 1: age", "19"]]
    there.tell(request.id, Kind.NOTE, words="A bed is kept for her.")
    there.tell(request.id, Kind.CLOSED)
    assert there.exchange() == 2
    assert mine(here, case_id).status == "closed"
    assert [line.kind for line in mine(here, case_id).lines] == ["offer", "accepted", "shared", "note", "closed"]
    assert "A bed is kept for her." in str(reveal_words(here.engine, case_id, viewer=here.who("caseworker")))
    for hub in hubs:
        assert list(hub.engine.broken_chains()) == []


def test_both_clocks_are_known(hubs: tuple[Hub, Hub]) -> None:
    here, there = hubs
    here.ask_for_help(here.open_case(NAME))
    here.exchange()
    assert [view.skew_seconds for view in known(here)] == [APART.total_seconds()]
    assert [view.skew_seconds for view in known(there)] == [-APART.total_seconds()]


def test_nothing_of_a_person_crosses_before_acceptance_nor_ever_beyond_the_release(hubs: tuple[Hub, Hub]) -> None:
    here, there = hubs
    here.line.sent.clear()
    case_id = here.open_case("Sitara Begum")
    here.ask_for_help(case_id, fields=("person.name",))
    here.exchange()
    opened = there.accept(asked(there).id)
    there.exchange()
    here.exchange()
    offer, shared = (in_the_clear(there, here, sent) for _, sent, _ in here.line.sent)
    assert "Sitara" not in json.dumps(offer)
    assert [kind["kind"] for kind in (offer, shared)] == ["offer", "shared"]
    assert shared["body"] == {"lines": [["Person 1: name", "Sitara Begum"]], "note": "She speaks Bengali."}
    assert lines(there, opened) == [["Person 1: name", "Sitara Begum"]]
    for hub in hubs:
        assert "Sitara" not in str(hub.rows("SELECT * FROM hub_message"))
    assert b"Sitara" not in b"".join(sent for _, sent, _ in here.line.sent)


def test_what_waits_while_the_line_is_down_is_said_as_things_stand_when_it_is_up(hubs: tuple[Hub, Hub]) -> None:
    here, there = hubs
    case_id = here.open_case("Moyna Das")
    referral = here.ask_for_help(case_id)
    here.exchange()
    opened = there.accept(asked(there).id)
    here.line.plan = lambda: "cut"
    there.exchange()
    assert here.exchange() == 0
    [down] = known(here)
    assert (down.waiting, down.down_since, "cut" in down.line_error) == (1, here.clock.now(), True)
    consent = here.of(ReferralStore).get(referral).consent_id
    here.later(days=1)
    board = here.engine.ask_board(admin_board, here.who("system_administrator"))
    assert [(it.name, here.clock.now() - it.since) for it in board.down_lines] == [("Partner in BD", timedelta(days=1))]
    here.act(withdraw_consent, consent, by="counsellor")
    here.line.plan = lambda: "good"
    assert here.exchange() == 2
    assert known(here)[0].down_since is None
    assert lines(there, opened) == []
    assert "Moyna" not in str(reveal_words(there.engine, opened, viewer=there.who("caseworker")))
    assert there.exchange() == 1
    assert (mine(here, case_id).status, mine(here, case_id).erasure) == ("recalled", "removed")


def test_a_recall_removes_what_was_shown_and_the_answer_comes_back(hubs: tuple[Hub, Hub]) -> None:
    here, there = hubs
    case_id = here.open_case("Anjali Roy")
    referral = here.ask_for_help(case_id)
    opened = settled_between(here, there)
    assert lines(there, opened)
    here.act(recall_referral, referral, by="case_manager")
    assert mine(here, case_id).erasure == "asked"
    here.exchange()
    assert lines(there, opened) == []
    assert there.rows("SELECT 1 FROM step WHERE case_id = :id AND uses = 'core.ask' AND status = 'ready'", id=opened)
    there.exchange()
    assert mine(here, case_id).erasure == "removed"
    [recalled] = there.engine.ask(case_hubs, there.who("case_manager"), opened)
    there.act(answer_erasure, recalled.id, by="case_manager", answer="erased")
    there.exchange()
    assert (mine(here, case_id).erasure, mine(here, case_id).erasure_at) == ("erased", here.clock.now())


def test_a_decline_comes_back_with_its_reason_and_the_referral_is_answered(hubs: tuple[Hub, Hub]) -> None:
    here, there = hubs
    case_id = here.open_case("Parul Bibi")
    referral = here.ask_for_help(case_id)
    here.exchange()
    there.act(decline_request, asked(there).id, by="caseworker", reason_code="no_capacity")
    there.exchange()
    assert (mine(here, case_id).status, mine(here, case_id).reason_code) == ("declined", "no_capacity")
    assert here.of(ReferralStore).get(referral).status is ReferralStatus.DECLINED
    assert here.exchange() == 0


def test_of_a_step_its_name_its_end_and_its_time_are_told_and_no_answer(hubs: tuple[Hub, Hub]) -> None:
    here, there = hubs
    case_id = here.open_case("Rina Ali")
    here.ask_for_help(case_id)
    opened = settled_between(here, there)
    step_id = there.finish_intake(opened)
    assert (step_id in dict(steps_to_disclose(there.engine, opened, viewer=there.who("case_manager")))) is True
    [mirror] = there.engine.ask(case_hubs, there.who("case_manager"), opened)
    there.tell(mirror.id, Kind.STEP, step_id=step_id)
    there.tell(mirror.id, Kind.STEP, step_id=step_id)
    there.line.sent.clear()
    assert there.exchange() == 1
    [told] = [in_the_clear(here, there, sent) for _, sent, _ in there.line.sent]
    assert set(told["body"]) == {"label", "outcome", "done_at"}
    [line] = [line for line in mine(here, case_id).lines if line.kind == "step"]
    assert (line.label, line.outcome) == (told["body"]["label"], "done")


def test_a_question_becomes_work_for_the_other_side(hubs: tuple[Hub, Hub]) -> None:
    here, there = hubs
    case_id = here.open_case("Lipi Sarkar")
    here.ask_for_help(case_id)
    opened = settled_between(here, there)
    [mirror] = there.engine.ask(case_hubs, there.who("case_manager"), opened)
    there.tell(mirror.id, Kind.QUESTION, words="Which language does she speak?")
    there.exchange()
    [item] = here.rows("SELECT status FROM work_item WHERE case_id = :id AND uses = 'core.ask'", id=case_id)
    assert item.status == "ready"
    assert here.rows("SELECT 1 FROM message WHERE case_id = :id AND kind = 'hub_message'", id=case_id)


def test_who_may_not_release_tells_nothing_and_a_stranger_finds_nothing(hubs: tuple[Hub, Hub]) -> None:
    here, there = hubs
    here.ask_for_help(here.open_case("Mina Nath"))
    opened = settled_between(here, there)
    [mirror] = there.engine.ask(case_hubs, there.who("case_manager"), opened)
    there.refuses(NotAllowedError, disclose_to_hub, mirror.id, by="counsellor", kind=Kind.NOTE, words="x")
    there.refuses(InvalidAnswersError, disclose_to_hub, mirror.id, by="case_manager", kind=Kind.NOTE, words=" ")
    there.refuses(InvalidAnswersError, disclose_to_hub, mirror.id, by="case_manager", kind=Kind.RECALL)
    there.refuses(NotFoundError, disclose_to_hub, uuid4(), by="case_manager", kind=Kind.NOTE, words="x")


def test_what_comes_before_its_turn_is_kept_and_carried_out_in_its_turn(hubs: tuple[Hub, Hub]) -> None:
    here, there = hubs
    settle_all(here, there)
    first, second = (here.ask_for_help(here.open_case(name)) for name in ("One Of Two", "Two Of Two"))
    hold = "UPDATE hub_message SET settled_at = {} WHERE ref = :ref AND NOT came_in"
    here.rows(hold.format("now()"), ref=first)
    here.line.plan = lambda: "answer lost"
    assert here.exchange() == 0
    arrived = "SELECT settled_at FROM hub_message WHERE came_in AND ref = :ref"
    assert [row.settled_at for row in there.rows(arrived, ref=second)] == [None]
    here.rows(hold.format("NULL"), ref=first)
    here.line.plan = lambda: "good"
    here.later(minutes=1)
    assert here.exchange() >= 2
    assert all(row.settled_at for ref in (first, second) for row in there.rows(arrived, ref=ref))


def test_a_replay_is_confirmed_in_the_same_words_and_does_nothing(hubs: tuple[Hub, Hub]) -> None:
    here, there = hubs
    here.line.sent.clear()
    here.ask_for_help(here.open_case("Kona Devi"))
    here.exchange()
    [(_, content, confirmed)] = here.line.sent
    before = there.rows("SELECT count(*) FROM mirror"), there.rows("SELECT count(*) FROM message")
    there.later(days=2)
    assert [send(there, content) for _ in range(3)] == [(200, confirmed)] * 3
    assert (there.rows("SELECT count(*) FROM mirror"), there.rows("SELECT count(*) FROM message")) == before


def test_what_is_forged_changed_or_not_for_us_is_refused_in_the_same_words_and_recorded(
    hubs: tuple[Hub, Hub], tmp_path: Path
) -> None:
    here, there = hubs
    here.line.sent.clear()
    here.ask_for_help(here.open_case("Beli Rani"))
    here.exchange()
    [(_, content, _)] = here.line.sent
    there.later(minutes=2)
    refused_before = there.rows("SELECT count(*) AS n FROM audit_event WHERE type = 'HubMessageRefused'")[0].n
    before = there.rows("SELECT * FROM hub_message ORDER BY id"), there.rows("SELECT * FROM mirror ORDER BY id")
    stranger = HubKeyFile(made_keys(tmp_path))
    said = in_the_clear(there, here, content) | {"id": str(uuid4()), "number": 999}
    outer, _ = read_signed(content, FORM)
    forged = (
        b"", b"{}", b"[1]", b"\xff\xfe", b"{" * 200_000, content[:-10] + b'A"}',
        content.replace(b'"box":"', b'"box":"AAAA'),
        encrypted_for(stranger, keys_of_peer(here), said),
        stranger.signed(outer),
        encrypted_for(here.engine.hub_keys, stranger.public(), said),
        encrypted_for(here.engine.hub_keys, keys_of_peer(here), said | {"number": 100_000}),
        encrypted_for(here.engine.hub_keys, keys_of_peer(here), said | {"number": 0}),
        encrypted_for(here.engine.hub_keys, keys_of_peer(here), said | {"id": "no id"}),
    )  # fmt: skip
    answers = {send(there, one) for one in forged}
    assert answers == {(403, b'{"refused":true}')}
    after = there.rows("SELECT * FROM hub_message ORDER BY id"), there.rows("SELECT * FROM mirror ORDER BY id")
    assert after == before
    refused = there.rows("SELECT count(*) AS n FROM audit_event WHERE type = 'HubMessageRefused'")[0].n
    assert refused == refused_before + 1, "recorded once a minute, however many come"
    there.later(minutes=2)
    send(there, b"{}")
    [told] = there.rows("SELECT body FROM audit_event WHERE type = 'HubMessageRefused' ORDER BY seq DESC LIMIT 1")
    assert told.body == {"count": len(forged)}


def test_a_hub_touches_only_what_it_was_asked_and_only_from_its_own_side(hubs: tuple[Hub, Hub]) -> None:
    here, there = hubs
    settle_all(here, there)
    case_id = here.open_case("Dipa Sen")
    referral = here.ask_for_help(case_id)
    here.exchange()
    number = here.rows("SELECT received_number AS n FROM peer_hub")[0].n
    for step, kind in enumerate(("shared", "recall", "offer", "made up", "void"), start=1):
        said = {
            "id": str(uuid4()), "number": number + step, "kind": kind, "about": str(referral),
            "sent_at": there.clock.now().isoformat(), "body": {"lines": [["a", "b"]], "reason": "x"},
        }  # fmt: skip
        status, _ = send(here, encrypted_for(there.engine.hub_keys, keys_of_peer(there), said))
        assert status == 200
    assert mine(here, case_id).status == "offered"
    assert here.of(ReferralStore).get(referral).status is ReferralStatus.OFFERED
    problems = here.rows("SELECT problem FROM hub_message WHERE came_in ORDER BY number DESC LIMIT 5")
    assert [row.problem for row in problems].count("not-found") == 2
    there.rows("UPDATE peer_hub SET sent_number = sent_number + 5")
    settle_all(here, there)


def test_a_hub_that_was_restored_from_a_backup_loses_nothing(hubs: tuple[Hub, Hub]) -> None:
    here, there = hubs
    settle_all(here, there)
    kept = there.rows("SELECT received_number AS n FROM peer_hub")[0].n
    lost = here.ask_for_help(here.open_case("Lost In The Backup"))
    assert here.exchange() == 1
    there.rows("DELETE FROM hub_message WHERE ref = :ref", ref=lost)
    there.rows("DELETE FROM mirror WHERE ref = :ref", ref=lost)
    there.rows("UPDATE peer_hub SET received_number = :n", n=kept)
    later = here.ask_for_help(here.open_case("After The Backup"))
    assert here.exchange() == 2
    refs = {row.ref for row in there.rows("SELECT ref FROM mirror")}
    assert {lost, later} <= refs
    here.rows("UPDATE peer_hub SET sent_number = sent_number - 2")
    here.rows("DELETE FROM hub_message WHERE ref = :ref", ref=later)
    here.rows("DELETE FROM hub_message WHERE ref = :ref", ref=lost)
    again = here.ask_for_help(here.open_case("Numbered Anew"))
    here.exchange()
    assert again in {row.ref for row in there.rows("SELECT ref FROM mirror")}
    assert there.rows("SELECT 1 FROM audit_event WHERE type = 'HubNumberUsedAgain'")


def test_nothing_goes_to_a_hub_before_a_second_person_has_heard_its_fingerprint(
    hubs: tuple[Hub, Hub], tmp_path: Path
) -> None:
    here, _ = hubs
    keys = HubKeyFile(made_keys(tmp_path))
    file = card(keys, name="Kathmandu", address="https://hub.example.org").decode()
    wanted: dict[str, Any] = {"file": file, "unit_id": here.unit, "kind": "home_country_partner"}
    fingerprint = keys.public().fingerprint
    admin = here.who("system_administrator")
    with pytest.raises(InvalidAnswersError, match="fingerprint"):
        ask_peer(here.engine, viewer=admin, fingerprint="0000-0000-0000-0000", **wanted)
    with pytest.raises(InvalidAnswersError, match="file"):
        ask_peer(here.engine, viewer=admin, fingerprint=fingerprint, **wanted | {"file": file[:-9]})
    with pytest.raises(NotAllowedError):
        ask_peer(here.engine, viewer=here.who("caseworker"), fingerprint=fingerprint, **wanted)
    peer = ask_peer(here.engine, viewer=admin, fingerprint=fingerprint, **wanted)
    assert [one.kind for one in here.engine.ask(waiting, here.who("nodal_officer")) if one.subject_id == peer] == [
        "hub"
    ]
    with pytest.raises(NotAllowedError):
        confirm_peer(here.engine, peer, viewer=admin, fingerprint=fingerprint)
    with pytest.raises(InvalidAnswersError):
        confirm_peer(here.engine, peer, viewer=here.who("supervisor"), fingerprint="1111-1111-1111-1111")
    with pytest.raises(InvalidAnswersError):
        here.ask_for_help(here.open_case("Not Yet"), to=peer)
    confirm_peer(here.engine, peer, viewer=here.who("supervisor"), fingerprint=fingerprint)
    assert here.ask_for_help(here.open_case("Now"), to=peer)
    end_peer(here.engine, peer, viewer=admin)
    with pytest.raises(InvalidAnswersError):
        here.ask_for_help(here.open_case("No More"), to=peer)


def test_only_protected_addresses_are_spoken_to_and_the_waiting_grows_to_an_hour() -> None:
    fine = ("https://hub.example.org", "https://hub.example.org:8443/icmc", "http://127.0.0.1:8080", "http://[::1]:1")
    assert [address_problem(one) for one in fine] == [""] * len(fine)
    wrong = ("http://hub.example.org", "ftp://hub.example.org", "hub", "", "https://", "https://a:b@c.org", "file:///x")
    assert all(address_problem(one) for one in wrong)
    waits = [pause_after(tries) for tries in range(1, 12)]
    assert (waits[0], waits[1], waits[-1]) == (timedelta(seconds=15), timedelta(seconds=30), timedelta(hours=1))


def test_a_message_opens_for_its_reader_alone(tmp_path: Path) -> None:
    one, other, third = (HubKeyFile(made_keys(tmp_path / name)) for name in ("one", "other", "third"))
    sealed = encrypted_for(one, other.public(), {"id": "1"})
    assert decrypted_from(other, one.public(), sealed) == {"id": "1"}
    assert encrypted_for(one, other.public(), {"id": "1"}) != sealed
    for reader, writer in ((third, one), (other, third), (one, one)):
        with pytest.raises(HubRefusedError):
            decrypted_from(reader, writer.public(), sealed)


def asked(hub: Hub) -> MirrorView:
    """Return the latest request that waits."""
    return max((one for one in hub.asked() if one.status == "offered"), key=lambda one: one.offered_at)


def mine(hub: Hub, case_id: UUID) -> MirrorView:
    [found] = hub.engine.ask(case_hubs, hub.who("case_manager"), case_id)
    return found


def known(hub: Hub) -> list[Any]:
    found = hub.engine.ask_board(hubs_view, hub.who("system_administrator"))
    return [view for view in found if view.id == hub.peer]


def lines(hub: Hub, case_id: UUID) -> list[Any]:
    words = reveal_words(hub.engine, case_id, viewer=hub.who("caseworker"))
    return [line for said in words.values() for line in said.get("lines", [])]


def settled_between(here: Hub, there: Hub) -> UUID:
    """Let the other hub accept what was asked last, and see what was agreed; returns its case."""
    here.exchange()
    opened = there.accept(asked(there).id)
    there.exchange()
    here.exchange()
    return opened


def settle_all(here: Hub, there: Hub) -> None:
    here.exchange()
    for request in there.asked():
        if request.status == "offered":
            there.act(decline_request, request.id, by="caseworker", reason_code="no_capacity")
    there.exchange()
    here.exchange()


def in_the_clear(reader: Hub, writer: Hub, content: bytes) -> dict[str, Any]:
    return decrypted_from(reader.engine.hub_keys, writer.engine.hub_keys.public(), content)


def send(hub: Hub, content: bytes) -> tuple[int, bytes]:
    """Post something to the inbox of a hub, as anybody can."""
    line = http.client.HTTPConnection(urlsplit(hub.engine.portal_url).netloc)
    line.request("POST", "/hubs/inbox", content)
    answer = line.getresponse()
    return answer.status, answer.read()


def made_keys(folder: Path) -> Path:
    path = folder / "icmc-keys.json"
    read_or_create_key_file(path)
    return path
