"""Other keys change too: people stay found, histories and checkpoints stay provable, and a kill loses nothing."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from engine.app import build_engine
from engine.assembly import Engine
from engine.audit.actions import make_checkpoint
from engine.audit.store import AnchorFiles
from engine.cases.actions.public import Progress, come_back, receipt_code
from engine.core.files import FileKind
from engine.db.row_history import link
from engine.documents.actions.attachments import Arrival
from engine.errors import NotAllowedError
from engine.keys.actions.keys import export_keys, key_state, keys_are_proved, prove_export
from engine.keys.actions.rotating import ChainRotation, RotationStage, rotate_chains, rotate_index, rotate_signing
from engine.keys.key_file import read_key_file
from engine.keys.store import KeyStore
from engine.keys.vault import LinkKey
from engine.overview.records import AuditFault
from engine.persons.store import PersonStore
from engine.settings import Settings
from engine.sign_in.actions.guarding import SignInOrigin, learn, unusual_in
from engine.sign_in.records import Sort
from engine.web.terminal import SYSTEM
from tests.kit.fixtures import Filled
from tests.kit.world import World

pytestmark = pytest.mark.long

PASSPHRASE = "seven words that nobody would guess"
KAMALA = {"name": "Kamala Devi", "phone": "+91 98765 43210"}


class Installation:
    """A process of an installation whose key file and checkpoints are its own."""

    def __init__(self, world: World, filled: Filled, folder: Path) -> None:
        self.world, self.filled, self.path = world, filled, folder / "keys.json"
        settings = Settings(data_folder=folder, key_file=self.path)
        made = build_engine(settings, world.urls, registry=filled.registry, clock=world.clock)
        self.engine: Engine = replace(made, anchors=AnchorFiles(folder / "outside"))
        self.folder = folder

    def person(self, name: str = KAMALA["name"]) -> UUID:
        person_id, identity = uuid4(), KAMALA | {"name": name}
        with self.engine.transaction() as tx:
            tokens = self.engine.fingerprints.tokens(identity)
            tx.of(PersonStore).add(person_id, identity, tokens, unit_id=self.world.unit, at=self.world.clock.now())
            tx.commit()
        return person_id

    def finds(self) -> set[UUID]:
        """Find Kamala by her name, as her organisation does."""
        [[organisation]] = self.world.rows("SELECT organisation_id FROM unit WHERE id = :u", u=self.world.unit)
        tokens = [one for one in self.engine.fingerprints.tokens(KAMALA) if one[0] in {"name", "phone"}]
        with self.engine.transaction() as tx:
            return set(tx.of(PersonStore).known_by(organisation, tokens))

    def faults(self) -> list[AuditFault]:
        return list(self.engine.faults([self.folder / "outside"]))


@pytest.fixture
def installed(world: World, filled: Filled, tmp_path: Path) -> Iterator[Installation]:
    world.rows("DELETE FROM data_key")
    world.rows("DELETE FROM audit_event WHERE stream = 'rows'")  # of the people, chained by another key file
    world.rows("DELETE FROM audit_chain WHERE name = 'stream:rows'")
    made = Installation(world, filled, tmp_path)
    yield made
    made.engine.dispose()


@pytest.fixture
def reader(installed: Installation, world: World, filled: Filled) -> Iterator[Installation]:
    """Return another process that knows of no change until it looks again, which it does only when it is told to."""
    made = Installation(world, filled, installed.folder)
    yield made
    made.engine.dispose()


def make_it_long_ago(world: World, *names: str) -> None:
    """Let a change of keys have been made two minutes earlier."""
    world.rows(
        "UPDATE installation SET value = value || jsonb_build_object('at', to_char("
        "(value ->> 'at')::timestamptz - :ago, 'YYYY-MM-DD\"T\"HH24:MI:SSOF')) WHERE key = ANY(:names)",
        ago=timedelta(minutes=2), names=list(names),
    )  # fmt: skip


def look_again(*processes: Installation) -> None:
    """Let a second pass for processes that looked for changed keys a moment ago."""
    for process in processes:
        process.engine.vault._looked_at = float("-inf")  # type: ignore[attr-defined]


def shared(world: World, one: UUID, other: UUID) -> int:
    query = (
        "SELECT count(*) FROM person_token a JOIN person_token b ON b.token = a.token AND b.kind = a.kind"
        " WHERE a.person_id = :one AND b.person_id = :other"
    )
    return int(world.rows(query, one=one, other=other)[0][0])


def test_everybody_is_found_at_every_moment_of_a_change_of_the_index_key(
    installed: Installation, reader: Installation, world: World
) -> None:
    first, known = installed.person(), set[UUID]()
    known.add(first)
    assert reader.finds() == known
    for stage in (RotationStage.BEGUN, RotationStage.SWITCHED, RotationStage.DONE):
        done = rotate_index(installed.engine, viewer=SYSTEM, batch=2)
        assert done.stage is stage
        if stage is not RotationStage.DONE:
            known.add(reader.person())  # written by a process that has not heard of it yet
            assert reader.finds() == known
        look_again(installed, reader)
        known |= {installed.person(), reader.person()}
        if stage is RotationStage.BEGUN:
            make_it_long_ago(world, "index_key_at")
            assert all(shared(world, first, one) for one in known)
            continue
        assert installed.finds() == reader.finds() == known
        make_it_long_ago(world, "index_key_at")
    keys = world.rows("SELECT DISTINCT key_id FROM person_token UNION SELECT DISTINCT key_id FROM search_token")
    current = installed.engine.key_keeper.index.current
    assert [row[0] for row in keys] == [f"{current}@{installed.engine.periods.current.id}"]
    assert current
    assert installed.engine.key_keeper.index[1:] == (None, None)


def test_the_key_is_not_switched_before_every_process_knows_it(installed: Installation) -> None:
    installed.person()
    assert rotate_index(installed.engine, viewer=SYSTEM).stage is RotationStage.BEGUN
    assert rotate_index(installed.engine, viewer=SYSTEM).stage is RotationStage.BEGUN
    assert read_key_file(installed.path).blind_id == ""


def test_a_person_who_was_erased_meanwhile_is_given_no_token(installed: Installation, world: World) -> None:
    gone, stays = installed.person(), installed.person()
    with installed.engine.transaction() as tx:
        tx.of(KeyStore).destroy(gone, world.clock.now())
        tx.commit()
    look_again(installed)
    assert rotate_index(installed.engine, viewer=SYSTEM).persons == 1
    assert [row[0] for row in world.rows("SELECT DISTINCT person_id FROM person_token")] == [stays]


def test_one_who_cannot_be_read_stops_nobody(installed: Installation, world: World) -> None:
    people = sorted(installed.person() for _ in range(3))
    world.rows("UPDATE person SET encrypted_identity = '\\x00' WHERE id = :p", p=people[1])
    done = rotate_index(installed.engine, viewer=SYSTEM, batch=1)
    assert (done.persons, done.unreadable) == (2, 1)


def test_a_file_that_the_case_has_is_known_again_by_the_new_key(installed: Installation, world: World) -> None:
    case_id = replace(world, engine=installed.engine).open().case_id

    def add() -> UUID:
        viewer = world.who("caseworker")
        arrival = Arrival(installed.engine, case_id, viewer=viewer, name="a.txt", kind=FileKind.OTHER, child_shown="no")
        arrival.take(b"some words")
        return arrival.finish()

    kept = add()
    for _ in range(3):
        rotate_index(installed.engine, viewer=SYSTEM)
        look_again(installed)
        assert add() == kept
        make_it_long_ago(world, "index_key_at")
    current = installed.engine.key_keeper.index.current
    assert world.rows("SELECT address_key FROM attachment") == [(current,)]


def test_a_changed_index_key_makes_nobodys_next_sign_in_unlike_all_before(
    installed: Installation, world: World
) -> None:
    who, place, at = world.who("caseworker").actor_id, SignInOrigin(network="203.0.113.7"), world.clock.now()

    def unlike(place: SignInOrigin = place) -> frozenset[Sort]:
        with installed.engine.transaction() as tx:
            return unusual_in(installed.engine, tx, who, place, at=at + timedelta(weeks=5))

    def sign_in() -> None:
        with installed.engine.transaction() as tx:
            for day in range(12):
                learn(installed.engine, tx, who, place, at=at + timedelta(weeks=day // 3))
            tx.commit()

    sign_in()
    assert unlike(SignInOrigin(network="198.51.100.9")) == {Sort.NETWORK}
    for _ in range(3):
        rotate_index(installed.engine, viewer=SYSTEM)
        look_again(installed)
        assert unlike() == frozenset()
        make_it_long_ago(world, "index_key_at")
    assert world.rows("SELECT 1 FROM sign_in_habit") == []
    sign_in()
    assert unlike(SignInOrigin(network="198.51.100.9")) == {Sort.NETWORK}


def test_a_receipt_code_that_was_told_counts_until_the_old_index_key_is_dropped(
    installed: Installation, world: World
) -> None:
    opened = world.open()

    def fits(code: str) -> bool:
        asked = come_back(installed.engine, number=opened.case_number, code=code, network="")
        return asked.progress is not Progress.UNKNOWN

    told = receipt_code(installed.engine, opened.case_id, viewer=world.who("intake_officer"))
    for is_dropped in (False, False, True):
        rotate_index(installed.engine, viewer=SYSTEM)
        look_again(installed)
        assert fits(told) is not is_dropped
        world.rows("DELETE FROM sign_in_try")
        assert fits(receipt_code(installed.engine, opened.case_id, viewer=world.who("intake_officer")))
        make_it_long_ago(world, "index_key_at")


def test_a_change_of_the_index_key_that_was_killed_is_gone_on_with(installed: Installation, world: World) -> None:
    people = {installed.person() for _ in range(40)}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.keys.rotating_process", str(installed.path), "index"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    process.stdin.write(f"{json.dumps(asdict(world.urls))}\n")
    process.stdin.flush()
    for _ in range(3):
        process.stdout.readline()
    process.kill()
    process.communicate()
    coming = read_key_file(installed.path).next_blind
    state = key_state(installed.engine, viewer=SYSTEM)
    assert 0 < state.index_left < len(people)
    look_again(installed)
    assert installed.finds() == people
    done = rotate_index(installed.engine, viewer=SYSTEM)
    assert (done.key_id, done.persons) == (coming.key_id, state.index_left)
    make_it_long_ago(world, "index_key_at")
    assert rotate_index(installed.engine, viewer=SYSTEM).stage is RotationStage.SWITCHED
    look_again(installed)
    assert installed.finds() == people


def test_histories_stay_provable_and_the_old_key_can_add_nothing_once_it_is_closed(
    installed: Installation, reader: Installation, world: World
) -> None:
    world.engine = installed.engine
    opened = world.at_talk()
    make_checkpoint(installed.engine)
    old = LinkKey(read_key_file(installed.path).chain, None)
    assert rotate_chains(installed.engine, viewer=SYSTEM).stage is RotationStage.BEGUN
    world.engine = reader.engine
    world.at_look()  # by a process that still has the old key
    look_again(installed, reader)
    world.at_look()
    assert installed.faults() == reader.faults() == []
    assert rotate_chains(installed.engine, viewer=SYSTEM).stage is RotationStage.WAITING
    make_it_long_ago(world, "chain_key_at")
    until = make_checkpoint(installed.engine)
    done = rotate_chains(installed.engine, viewer=SYSTEM)
    assert (done.stage, done.until) == (RotationStage.DONE, until)
    look_again(installed, reader)
    assert installed.faults() == reader.faults() == []
    seq = forge(world, opened.case_id, old)
    [fault] = installed.faults()
    assert (fault.what, fault.case_number, fault.seq) == ("outdated", opened.case_number, seq)


def break_off(monkeypatch: pytest.MonkeyPatch, change: Callable[[], object]) -> None:
    """Let a change of keys be killed after the key file was changed and before anybody heard of it."""
    with monkeypatch.context() as patched:
        patched.setattr(KeyStore, "say_changed", lambda _: (_ for _ in ()).throw(OSError("killed")))
        with pytest.raises(OSError, match="killed"):
            change()


def test_a_new_key_of_the_histories_that_nobody_heard_of_is_said_before_the_old_one_is_closed(
    installed: Installation, reader: Installation, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.engine = reader.engine
    world.at_look()
    change = partial(rotate_chains, installed.engine, viewer=SYSTEM)
    break_off(monkeypatch, change)
    made = installed.engine.key_keeper.chains.current
    make_it_long_ago(world, "chain_key_at")
    make_checkpoint(installed.engine)
    assert change() == ChainRotation(RotationStage.WAITING, made)
    world.at_look()  # by a process that had not heard of the new key, and hears of it within a second
    assert change().stage is RotationStage.WAITING, "what was said a moment ago is not settled"
    look_again(reader)
    make_it_long_ago(world, "chain_key_at")
    until = make_checkpoint(installed.engine)
    world.at_look()
    break_off(monkeypatch, change)
    assert change() == ChainRotation(RotationStage.DONE, made, until), (
        "what was closed is said, and no further key is made"
    )
    assert reader.faults() == installed.faults() == []
    kept = [row[0] for row in world.rows("SELECT type FROM audit_event WHERE stream LIKE '%keys' ORDER BY seq")]
    assert [one for one in kept if one.startswith("Chain")] == ["ChainKeyMade", "ChainKeyClosed"]
    assert change().stage is RotationStage.BEGUN


def test_a_change_of_the_index_key_that_nobody_heard_of_is_said_before_it_goes_on(
    installed: Installation, reader: Installation, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {installed.person()}
    assert reader.finds() == known
    change = partial(rotate_index, installed.engine, viewer=SYSTEM)
    for stage, after in ((RotationStage.BEGUN, RotationStage.SWITCHED), (RotationStage.WAITING, RotationStage.DONE)):
        break_off(monkeypatch, change)
        make_it_long_ago(world, "index_key_at")
        assert change().stage is stage
        known.add(reader.person())
        assert reader.finds() == known
        look_again(installed, reader)
        make_it_long_ago(world, "index_key_at")
        if after is RotationStage.SWITCHED:
            continue
        break_off(monkeypatch, change)
        assert change().stage is after
        look_again(installed, reader)
        assert reader.finds() == installed.finds() == known
    assert world.rows("SELECT count(DISTINCT key_id) FROM person_token")[0][0] == 1
    assert installed.engine.key_keeper.index[1:] == (None, None)


def forge(world: World, case_id: UUID, key: LinkKey) -> int:
    """Add an event as one does who is superuser of the database and got at a key of the chains."""
    case = world.state(case_id).case
    seq, at = case.chain_length + 1, world.clock.now()
    [[head]] = world.rows('SELECT chain_head FROM "case" WHERE id = :c', c=case_id)
    forged = link(key, bytes(head), case_id=case_id, seq=seq, at=at, actor_id=None, type_="Forged", body={})  # type: ignore[arg-type]
    world.rows(
        "INSERT INTO event (case_id, seq, unit_id, at, actor_id, type, body, hash)"
        " VALUES (:c, :s, :u, :at, NULL, 'Forged', '{}', :h)",
        c=case_id, s=seq, u=world.unit, at=at, h=forged,
    )  # fmt: skip
    world.rows('UPDATE "case" SET chain_length = :s, chain_head = :h WHERE id = :c', s=seq, h=forged, c=case_id)
    return seq


def test_a_database_that_was_put_back_before_the_closing_checkpoint_is_named(
    installed: Installation, world: World
) -> None:
    world.engine = installed.engine
    world.at_talk()
    rotate_chains(installed.engine, viewer=SYSTEM)
    make_it_long_ago(world, "chain_key_at")
    until = make_checkpoint(installed.engine)
    rotate_chains(installed.engine, viewer=SYSTEM)
    world.rows("ALTER TABLE checkpoint_head DISABLE TRIGGER ALL")
    world.rows("DELETE FROM checkpoint_head WHERE number = :n", n=until)
    world.rows("DELETE FROM checkpoint WHERE number = :n", n=until)
    found = list(installed.engine.faults([]))
    assert [(one.what, one.seq) for one in found] == [("rolled_back", until)]


def test_a_new_key_signs_checkpoints_when_the_old_one_has_named_it(
    installed: Installation, reader: Installation
) -> None:
    assert make_checkpoint(installed.engine) == 1
    before = installed.engine.signer.key_id
    made = rotate_signing(installed.engine, viewer=SYSTEM)
    assert made == installed.engine.signer.key_id == reader.engine.signer.key_id != before
    assert list(installed.engine.signer.public_keys()) == [made, before]
    assert make_checkpoint(reader.engine) == 2
    assert rotate_signing(reader.engine, viewer=SYSTEM) not in {made, before}
    assert make_checkpoint(installed.engine) == 3
    assert installed.faults() == reader.faults() == []


def test_a_key_that_nobody_named_is_found(installed: Installation, world: World, filled: Filled) -> None:
    make_checkpoint(installed.engine)
    signing = Settings(data_folder=installed.folder, key_file=installed.path).signing_key
    signing.unlink()
    other = Installation(world, filled, installed.folder)
    make_checkpoint(other.engine)
    found = {(one.what, one.seq) for one in other.faults() if "named" in one.in_words}
    assert found == {("edited", 2)}
    other.engine.dispose()


def test_a_hand_over_that_the_old_key_did_not_sign_counts_for_nothing(installed: Installation) -> None:
    make_checkpoint(installed.engine)
    rotate_signing(installed.engine, viewer=SYSTEM)
    signing = Settings(data_folder=installed.folder, key_file=installed.path).signing_key
    signature = installed.engine.signer.hand_overs()[0].signature.hex()
    text = signing.read_text()
    signing.chmod(0o600)
    signing.write_text(text.replace(signature, "00" * 64))
    make_checkpoint(installed.engine)
    assert [one.seq for one in installed.faults()] == [2]


def test_after_each_change_the_keys_are_to_be_carried_away_again(installed: Installation, world: World) -> None:
    def prove() -> None:
        export = export_keys(installed.engine, viewer=SYSTEM, passphrase=PASSPHRASE)
        prove_export(installed.engine, export, viewer=SYSTEM, passphrase=PASSPHRASE)
        assert keys_are_proved(installed.engine)

    prove()
    rotate_index(installed.engine, viewer=SYSTEM)
    assert not keys_are_proved(installed.engine)
    prove()
    rotate_chains(installed.engine, viewer=SYSTEM)
    assert not keys_are_proved(installed.engine)
    prove()
    kept = world.rows("SELECT type, body::text FROM audit_event WHERE stream LIKE '%keys' ORDER BY seq")
    assert {"IndexKeyMade", "ChainKeyMade"} <= {row[0] for row in kept}
    secrets = [part for part in installed.path.read_text().split('"') if len(part) == len("A" * 44)]
    assert not [part for part in secrets if part in str(kept) or part in repr(read_key_file(installed.path))]


def test_nobody_who_works_on_cases_changes_keys(installed: Installation, world: World) -> None:
    for change in (rotate_index, rotate_chains, rotate_signing):
        with pytest.raises(NotAllowedError):
            partial(change, installed.engine)(viewer=world.who("supervisor"))
