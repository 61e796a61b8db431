"""Many exchanges over a bad line, with processes that die at any moment: nothing is lost, doubled or over-shown."""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

import pytest

from engine.db.embedded.embedded import EmbeddedServer
from engine.hubs.actions import exchange
from engine.hubs.actions.mirrors import decline_request, reveal_words
from engine.hubs.envelope import post
from engine.hubs.records import Kind, LineError
from engine.sharing.actions.referrals import recall_referral
from tests.hubs.two_hubs import Hub, Killed, two_hubs

pytestmark = pytest.mark.long

_FAULTS: Final = ("cut", "killed before", "killed after", "answer lost", "answer forged", "replayed")
_GOOD: Final = 30
"""So many messages of 36 go well: each fault happens to hundreds of a thousand exchanges, and a pass sends a few."""
_MOST_ROUNDS: Final = 200


@pytest.fixture(scope="module")
def hubs(postgres: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hub, Hub]]:
    with two_hubs(postgres, tmp_path_factory.mktemp("hubs")) as both:
        yield both


@pytest.mark.parametrize("exchanges", [40, pytest.param(1_000, marks=pytest.mark.faults)])
def test_over_a_bad_line_nothing_is_lost_doubled_or_shown_beyond_its_release(
    hubs: tuple[Hub, Hub], exchanges: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = hubs
    chance = random.Random(f"mirror {exchanges}")  # noqa: S311 - moments, not secrets
    here.line.plan = there.line.plan = lambda: chance.choice((*_FAULTS, *["good"] * _GOOD))
    _let_receivers_die(monkeypatch, chance)
    played = _Played(here, there, chance, exchanges)
    rounds = 0
    while not played.is_over() or _waits(here) or _waits(there):
        rounds += 1
        assert rounds < _MOST_ROUNDS + 2 * exchanges, (rounds, _waits(here), _waits(there))
        played.go_on()
        for hub in hubs:
            hub.later(hours=1, minutes=chance.randrange(50))
            with suppress(Killed):
                hub.exchange()
        _send_something_old(hubs, chance)
    for hub in hubs:
        hub.line.plan = lambda: "good"
        hub.later(hours=2)
        hub.exchange()
    played.check()


def _let_receivers_die(monkeypatch: pytest.MonkeyPatch, chance: random.Random) -> None:
    """Let who has kept a message die before it carries it out, or between carrying it out and the confirmation."""
    real = exchange.carry_out_arrived

    def carried_out(engine: Any, peer_id: UUID) -> int:
        moment = chance.choice((*["lives"] * 6, "before", "after"))
        if moment == "before":
            raise RuntimeError
        done = real(engine, peer_id)
        if moment == "after":
            raise RuntimeError
        return done

    for module in (exchange, exchange):
        monkeypatch.setattr(module, "carry_out_arrived", carried_out)


def _send_something_old(hubs: tuple[Hub, Hub], chance: random.Random) -> None:
    """Deliver once more what was sent at some time, out of any order; and what nobody has written."""
    for hub in hubs:
        if not hub.line.sent or chance.random() < 0.5:
            continue
        address, content, _ = chance.choice(hub.line.sent)
        post(address, content)
        with pytest.raises(LineError, match="403"):
            post(address, content.replace(b'"sig":"', b'"sig":"AA', 1))


def _waits(hub: Hub) -> int:
    return int(hub.rows("SELECT count(*) AS n FROM hub_message WHERE settled_at IS NULL")[0].n)


class _Played:
    """What people of both hubs do, case by case, and what must be there in the end."""

    def __init__(self, here: Hub, there: Hub, chance: random.Random, exchanges: int) -> None:
        self.here, self.there, self.chance, self.left = here, there, chance, exchanges
        self.names: dict[UUID, str] = {}
        self.fates: dict[UUID, str] = {}
        self.notes: Counter[str] = Counter()
        self.opened: dict[UUID, UUID] = {}
        self.told: set[UUID] = set()
        self.recalled: set[UUID] = set()

    def is_over(self) -> bool:
        waits = [ref for ref, fate in self.fates.items() if fate == "recall later" and ref not in self.recalled]
        return not self.left and not waits and not [one for one in self.there.asked() if one.status == "offered"]

    def go_on(self) -> None:
        for _ in range(min(self.left, 5)):
            self._ask()
        for mirror in self.there.rows("SELECT id, ref FROM mirror WHERE came_in AND status = 'offered'"):
            self._answer(mirror.id, mirror.ref)
        for mirror in self.there.rows("SELECT id, ref FROM mirror WHERE came_in AND status = 'accepted'"):
            self._tell(mirror.id, mirror.ref)
        self._recall()

    def _ask(self) -> None:
        self.left -= 1
        name = f"Person{len(self.names):05d}"
        referral = self.here.ask_for_help(self.here.open_case(name))
        self.names[referral] = name
        self.fates[referral] = self.chance.choice(("accept", "accept", "accept", "decline", "recall later"))

    def _answer(self, mirror_id: UUID, ref: UUID) -> None:
        if self.fates[ref] == "decline":
            self.there.act(decline_request, mirror_id, by="caseworker", reason_code="no_capacity")
        elif self.chance.random() < 0.7:
            self.opened[ref] = self.there.accept(mirror_id)

    def _tell(self, mirror_id: UUID, ref: UUID) -> None:
        if ref in self.told or self.fates[ref] != "accept" or self.chance.random() < 0.5:
            return
        self.told.add(ref)
        for kind in (Kind.QUESTION, Kind.NOTE):
            words = f"{kind} about {self.names[ref]}"
            self.there.tell(mirror_id, kind, words=words)
            self.notes[words] += 1
        self.there.tell(mirror_id, Kind.CLOSED)

    def _recall(self) -> None:
        live = "SELECT id FROM referral WHERE status = 'accepted'"
        accepted = {row.id for row in self.here.rows(live)}
        for ref, fate in self.fates.items():
            if fate == "recall later" and ref in accepted and ref not in self.recalled:
                self.here.act(recall_referral, ref, by="case_manager")
                self.recalled.add(ref)

    def check(self) -> None:
        self._check_numbers(self.here, self.there)
        self._check_numbers(self.there, self.here)
        self._check_fates()
        self._check_words()

    def _check_numbers(self, sender: Hub, receiver: Hub) -> None:
        """Nothing lost, nothing doubled: each side has the same messages, numbered without a gap."""
        kind = "CASE WHEN problem = 'withheld' THEN 'void' ELSE kind END"
        query = f"SELECT number, {kind}, ref FROM hub_message WHERE {{}} AND hub_id = :peer ORDER BY number"
        sent = [tuple(row) for row in sender.rows(query.format("NOT came_in"), peer=sender.peer)]
        come = [tuple(row) for row in receiver.rows(query.format("came_in"), peer=receiver.peer)]
        assert [number for number, _, _ in sent] == list(range(1, len(sent) + 1))
        assert come == sent
        assert receiver.rows("SELECT problem FROM hub_message WHERE came_in AND problem <> ''") == []

    def _check_fates(self) -> None:
        for ref, fate in self.fates.items():
            [mirror] = self.there.rows("SELECT status, case_id FROM mirror WHERE ref = :ref", ref=ref)
            [mine] = self.here.rows("SELECT status, erasure FROM mirror WHERE ref = :ref", ref=ref)
            expected = {"decline": "declined", "accept": "closed", "recall later": "recalled"}[fate]
            assert (mirror.status, mine.status) == (expected, expected)
            assert mine.erasure == ("removed" if fate == "recall later" else "")
        cases = [row.case_id for row in self.there.rows("SELECT case_id FROM mirror WHERE case_id IS NOT NULL")]
        assert sorted(cases) == sorted(set(cases)) == sorted(self.opened.values())
        opened = self.there.rows('SELECT count(*) AS n FROM "case"')[0].n
        assert opened == len(self.opened)

    def _check_words(self) -> None:
        """Each case was shown its own person and nobody else, and what was recalled is gone."""
        said: Counter[str] = Counter()
        for ref, case_id in self.opened.items():
            words = reveal_words(self.there.engine, case_id, viewer=self.there.who("caseworker"))
            shown = [line for one in words.values() for line in one.get("lines", [])]
            name = [["Person 1: name", self.names[ref]], ["Person 1: age", "19"]]
            assert shown == ([] if self.fates[ref] == "recall later" else name)
            assert "77777" not in str(words)
        for case_id in {row.case_id for row in self.here.rows("SELECT case_id FROM mirror")}:
            words = reveal_words(self.here.engine, case_id, viewer=self.here.who("caseworker"))
            said.update(str(one["text"]) for one in words.values() if "text" in one)
        assert said == self.notes
