"""A hub changes its keys: the key before names the new one, the other hub takes it, and nothing else."""

import http.client
import shutil
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from engine.db.embedded.embedded import EmbeddedServer
from engine.errors import AlreadyEndedError, InvalidAnswersError, NotAllowedError
from engine.hubs.actions.exchange import KEY_BEFORE_COUNTS
from engine.hubs.actions.peers import ask_peer, change_own_keys, end_peer, own_card
from engine.hubs.envelope import HubKeyFile, encrypted_for
from engine.hubs.records import HubView, KeysOnTheirWayError
from engine.hubs.store import HubStore
from engine.hubs.views import hubs as hubs_view
from engine.keys.key_file import change_key_file, read_or_create_key_file
from tests.hubs.two_hubs import Hub, keys_of_peer, meet, two_hubs

pytestmark = pytest.mark.long


@pytest.fixture
def hubs(postgres: EmbeddedServer, tmp_path: Path) -> Iterator[tuple[Hub, Hub]]:
    with two_hubs(postgres, tmp_path) as both:
        yield both


def change(hub: Hub) -> int:
    return change_own_keys(hub.engine, viewer=hub.who("system_administrator"))


def path_of(hub: Hub) -> Path:
    path = hub.engine.hub_keys._path
    assert isinstance(path, Path)
    return path


def copied(hub: Hub, folder: Path) -> HubKeyFile:
    """Return the keys of a hub as they are now, on another machine."""
    folder.mkdir()
    return HubKeyFile(Path(shutil.copy2(path_of(hub), folder / "icmc-keys.json")))


def stranger(folder: Path) -> HubKeyFile:
    folder.mkdir()
    read_or_create_key_file(folder / "icmc-keys.json")
    return HubKeyFile(folder / "icmc-keys.json")


def sealed(writer: HubKeyFile, to: Hub, number: int) -> bytes:
    """Seal a message that says nothing."""
    said = {
        "id": str(uuid4()), "number": number, "kind": "void", "about": str(uuid4()),
        "sent_at": to.clock.now().isoformat(), "body": {},
    }  # fmt: skip
    return encrypted_for(writer, to.engine.hub_keys.public(), said)


def showing(keys: HubKeyFile, **forged: str) -> HubKeyFile:
    """Let keys show their only change with other words than were signed."""
    path = keys._path

    def written(had: dict[str, Any]) -> dict[str, Any]:
        return {**had, "hub": {**had["hub"], "changes": [{**had["hub"]["changes"][0], **forged}]}}

    change_key_file(path, written)
    return keys


def post(to: Hub, raw: bytes) -> int:
    address = urlsplit(to.engine.portal_url)
    line = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    line.request("POST", "/hubs/inbox", raw, {"Content-Type": "application/json"})
    return line.getresponse().status


def heard(hub: Hub) -> int:
    return int(hub.rows("SELECT received_number AS n FROM peer_hub WHERE id = :id", id=hub.peer)[0].n)


def noted(hub: Hub, type_: str) -> list[dict[str, object]]:
    return [row.body for row in hub.rows("SELECT body FROM audit_event WHERE type = :t ORDER BY seq", t=type_)]


def shown(hub: Hub) -> HubView:
    [one] = hub.engine.ask_board(hubs_view, hub.who("system_administrator"))
    return one


def helps(one: Hub, other: Hub, name: str) -> None:
    """Ask for help in a case, accept it, and demand that what was agreed has come."""
    case_id = one.open_case(name)
    one.ask_for_help(case_id)
    one.exchange()
    mirror = next(line for line in other.asked() if line.case_id is None)
    other.accept(mirror.id)
    other.exchange()
    one.exchange()
    kinds = {row.kind for row in other.rows("SELECT kind FROM hub_message WHERE came_in AND settled_at IS NOT NULL")}
    assert {"offer", "shared"} <= kinds


def test_the_other_hub_takes_keys_that_the_key_before_has_named(hubs: tuple[Hub, Hub]) -> None:
    here, there = hubs
    helps(here, there, "Before")
    first, peer = here.engine.hub_keys.public(), there.peer
    for number in (1, 2):
        assert change(here) == number
        assert here.exchange() == 1
        now = here.engine.hub_keys.public()
        assert keys_of_peer(there) == now
        assert (now.id, there.peer) == (first.id, peer), "what it is called stays"
        assert now.sign != first.sign
        assert now.agree != first.agree
        assert now.fingerprint != first.fingerprint
        helps(here, there, f"Asked after {number}")
        helps(there, here, f"Asked by the other after {number}")
    known = there.of(HubStore).peer(there.peer).key_changes
    own = here.engine.hub_keys._file().hub_changes
    assert [one.shown for one in known] == [*own]
    assert [one.number for one in known] == [1, 2]
    assert [body["number"] for body in noted(there, "HubKeysTaken")] == [1, 2]
    assert [body["number"] for body in noted(here, "OwnHubKeysChanged")] == [1, 2]
    assert (shown(there).key_changes, shown(there).fingerprint) == (2, here.engine.hub_keys.public().fingerprint)


def test_what_is_on_its_way_counts_for_an_hour_and_no_longer(hubs: tuple[Hub, Hub], tmp_path: Path) -> None:
    here, there = hubs
    before = copied(here, tmp_path / "before")
    number = heard(there)
    waits, slow, late = (sealed(before, there, number + more) for more in (4, 2, 3))
    assert post(there, waits) == 200, "it is kept until its turn"
    change(here)
    assert here.exchange() == 1
    assert post(there, slow) == 200
    assert heard(there) == number + 2
    there.later(seconds=KEY_BEFORE_COUNTS.total_seconds() + 1)
    assert post(there, late) == 403
    there.later(hours=3)
    assert post(there, sealed(here.engine.hub_keys, there, number + 3)) == 200
    assert heard(there) == number + 4, "what was kept was signed by a key that counted when it came"


def test_an_answer_tells_of_new_keys_too(hubs: tuple[Hub, Hub]) -> None:
    here, there = hubs
    there.line.plan = lambda: "cut"
    change(there)
    there.exchange()
    assert keys_of_peer(here) != there.engine.hub_keys.public()
    here.ask_for_help(here.open_case("Told by the answer"))
    assert here.exchange() == 1, "what is sealed to the key before still opens"
    assert keys_of_peer(here) == there.engine.hub_keys.public()


def test_a_change_that_the_key_before_has_not_signed_is_refused(hubs: tuple[Hub, Hub], tmp_path: Path) -> None:
    here, there = hubs
    known, number = keys_of_peer(there), heard(there) + 1
    other = stranger(tmp_path / "other")
    made = other.change()
    assert post(there, sealed(other, there, number)) == 403, "a hub that nobody here knows"
    named = {"hub": known.id, "sign_before": _text(known.sign), "agree_before": _text(known.agree)}
    assert post(there, sealed(showing(other, **named), there, number)) == 403, "its own key before has signed it"
    for name in ("by_before", "by_new"):
        own = copied(here, tmp_path / name)
        own.change()
        assert post(there, sealed(showing(own, **{name: getattr(made, name)}), there, number)) == 403, name
    assert keys_of_peer(there) == known
    assert heard(there) == number - 1
    assert noted(there, "HubMessageRefused")
    assert not noted(there, "HubKeysTaken")
    right = copied(here, tmp_path / "right")
    right.change()
    assert post(there, sealed(right, there, number)) == 200, "the same, as both keys have signed it"
    assert keys_of_peer(there) == right.public()


def test_an_old_change_that_comes_again_changes_nothing(hubs: tuple[Hub, Hub], tmp_path: Path) -> None:
    here, there = hubs
    before = copied(here, tmp_path / "before")
    change(here)
    here.exchange()
    after_one = copied(here, tmp_path / "one")
    _, first, _ = here.line.sent[-1]
    change(here)
    here.exchange()
    known, number = keys_of_peer(there), heard(there)
    assert post(there, first) == 200, "as every message that comes again, within the hour"
    assert keys_of_peer(there) == known
    there.later(hours=2)
    assert post(there, first) == 403
    assert post(there, sealed(after_one, there, number + 1)) == 403, "the key before signs no more"
    before.change()  # whoever has an old copy names another key in the place of one that is known
    assert post(there, sealed(before, there, number + 1)) == 403
    assert keys_of_peer(there) == known
    assert heard(there) == number
    assert len(noted(there, "HubKeysTaken")) == 2


def test_keys_are_not_changed_again_while_a_hub_needs_those_before(hubs: tuple[Hub, Hub]) -> None:
    here, there = hubs
    here.line.plan = lambda: "cut"
    change(here)
    here.exchange()
    with pytest.raises(KeysOnTheirWayError, match="has not confirmed"):
        change(here)
    with pytest.raises(NotAllowedError):
        change_own_keys(here.engine, viewer=here.who("caseworker"))
    here.line.plan = lambda: "good"
    here.later(hours=2)
    here.exchange()
    assert change(here) == 2
    here.exchange()
    assert keys_of_peer(there) == here.engine.hub_keys.public()


def test_a_hub_that_a_backup_brought_back_takes_the_keys_again(hubs: tuple[Hub, Hub]) -> None:
    here, there = hubs
    [old] = there.rows("SELECT sign_key, agree_key FROM peer_hub")
    change(here)
    here.exchange()
    there.rows(
        "UPDATE peer_hub SET sign_key = :sign, agree_key = :agree, wire_id = '', key_changes = '[]'",
        sign=old.sign_key, agree=old.agree_key,
    )  # fmt: skip
    helps(here, there, "After the backup")
    assert keys_of_peer(there) == here.engine.hub_keys.public()


def test_the_file_of_a_hub_shows_how_it_came_to_its_keys(hubs: tuple[Hub, Hub], tmp_path: Path) -> None:
    here, there = hubs
    old_card, old_fingerprint = own_card(here.engine, viewer=here.who("system_administrator"))
    peer, admin = there.peer, there.who("system_administrator")
    change(here)
    end_peer(there.engine, peer, viewer=admin)
    with pytest.raises(InvalidAnswersError, match="fingerprint"):
        _ask(there, own_card(here.engine, viewer=here.who("system_administrator"))[0].decode(), old_fingerprint)
    assert meet(there, here) == peer
    assert keys_of_peer(there) == here.engine.hub_keys.public()
    with pytest.raises(AlreadyEndedError):
        _ask(there, old_card.decode(), old_fingerprint)
    thief = stranger(tmp_path / "thief")
    thief.change()
    content = {"name": "Guwahati", "address": "https://hub.example.org", "form": "icmc-hub-card-1"}
    public = thief.public()
    claimed = thief.signed(
        {**content, "sign": _text(public.sign), "agree": _text(public.agree)}
    ).replace(public.id.encode(), here.engine.hub_keys.public().id.encode())  # fmt: skip
    with pytest.raises(InvalidAnswersError, match="file"):
        _ask(there, claimed.decode(), public.fingerprint)


def _ask(hub: Hub, file: str, fingerprint: str) -> None:
    ask_peer(
        hub.engine, viewer=hub.who("system_administrator"), file=file, fingerprint=fingerprint, unit_id=hub.unit,
        kind="home_country_partner",
    )  # fmt: skip


def _text(raw: bytes) -> str:
    return b64encode(raw).decode()
