"""Attack: read who was erased, with all keys of today, from raw files, the log, a backup and search tokens."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Final
from uuid import UUID

import psycopg
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from typer.testing import Result

from engine.app import build_engine, period_folders
from engine.assembly import Engine
from engine.cases.actions.open import open_case
from engine.cases.housekeeping import HousekeepingStore
from engine.cases.store import CaseStore
from engine.core.policy import Viewer
from engine.course.actions.steer import identify_person
from engine.db.embedded.databases import client_program
from engine.errors import KeyMissingError
from engine.keys.actions.rotating import PeriodTurn, turn_period
from engine.keys.key_file import KeyFile, read_key_file
from engine.persons.actions.matches import find_matches
from engine.persons.store import PersonStore
from engine.rehearsal.world import people_of
from engine.retention.actions.erasure import approve_erasure, ask_erasure, erase_what_is_ripe
from engine.retention.views import keeping
from tests.kit.cases import close_at_once
from tests.kit.installation import Installation, installed
from tests.retention.test_keeping_commands import TOLD

pytestmark = pytest.mark.long

ERASED: Final = {"name": "Zulekha Mirdha", "phone": "+91 98640 77123", "home": "Phulbari, Goalpara"}
ALIVE: Final = {"name": "Bornali Hazarika", "phone": "+91 70021 55918", "home": "Majuli, Jorhat"}
_WAL_PAGE: Final = 8192
_WRAPPED: Final = re.compile(rb"w2\|\x01(?=(.{60}))", re.DOTALL)
_HEX: Final = re.compile(rb"\\\\x([0-9a-f]+)")


@dataclass
class Attacker:
    """Holds every key file of today, and the bytes of every file of the installation, its log and its backup."""

    files: Mapping[str, bytes]
    keys: KeyFile
    periods: list[bytes]
    period_ids: list[str]
    owners: Mapping[UUID, int]
    """Whoever has or had a key, and how many versions."""
    opened: dict[tuple[UUID, int], bytes] = field(default_factory=dict)

    def open_all(self) -> None:
        """Try every wrapped key that stands in any file with every key, until no further one opens."""
        left = {found.group(1) for content in self.files.values() for found in _WRAPPED.finditer(content)}
        assert left
        before = -1
        while before != len(self.opened):
            before = len(self.opened)
            wrappers = [(name.encode(), key) for name, key in self.keys.keys.items()]
            wrappers += [(f"{owner}/{version}".encode(), key) for (owner, version), key in self.opened.items()]
            mixed = [
                (by + b"\0" + period.encode(), AESGCM(_mixed(wrapper, key)))
                for (by, wrapper), period, key in product(wrappers, self.period_ids, self.periods)
            ]
            tried = [*mixed, *((by, AESGCM(wrapper)) for by, wrapper in wrappers)]
            left -= {blob for blob in left if self._opens(blob, tried)}

    def read(self, owner: UUID) -> set[bytes]:
        """Return what is opened of all that stands in any file as who a person is."""
        head = b"v2|\x01" + owner.bytes
        found = set()
        for content in self.files.values():
            at = content.find(head)
            while at >= 0:
                found |= set(self._read(content[at : at + 1000], owner))
                at = content.find(head, at + 1)
        return found

    def _read(self, encrypted: bytes, owner: UUID) -> Iterator[bytes]:
        bound = f"person\0{owner}\0encrypted_identity".encode() + b"\0" + encrypted[:24]
        key = self.opened.get((owner, int.from_bytes(encrypted[20:24], "big")))
        for size in range(17, 600) if key else ():
            try:
                yield AESGCM(key or b"").decrypt(encrypted[24:36], encrypted[36 : 36 + size], bound)
            except InvalidTag:
                continue

    def _opens(self, blob: bytes, tried: list[tuple[bytes, AESGCM]]) -> bool:
        for (by, cipher), owner in product(tried, self.owners):
            for version in range(1, self.owners[owner] + 1):
                bound = b"data_key\0" + owner.bytes + version.to_bytes(4, "big") + by
                try:
                    self.opened[owner, version] = cipher.decrypt(blob[:12], blob[12:], bound)
                except InvalidTag:
                    continue
                return True
        return False


@dataclass
class Scene:
    """An installation in which one of two persons is erased, and its backup of before."""

    site: Installation
    backup: Path
    cases: dict[str, UUID]
    persons: dict[str, UUID]
    people: dict[str, Viewer]
    period_ids: list[str] = field(default_factory=list)
    wrapped: bytes = b""
    """The key of who was erased, as it stood in the database."""

    def icmc(self, *words: str) -> Result:
        return self.site.icmc(*words)

    def attack(self, *, only: str = "") -> Attacker:
        """Take everything there is now, or only files with that in their name."""
        site = self.site
        _as_administrator(site, "CHECKPOINT")
        kept = {str(path): path.read_bytes() for path in sorted(site.folder.rglob("*")) if path.is_file()}
        files = kept | {f"{name} in one": _in_one(content) for name, content in kept.items() if "/pg_wal/" in name}
        files["backup"] = _restorable(self.backup)
        files = {name: content for name, content in files.items() if only in name}
        rows = site.rows("SELECT owner_id, max(version) AS version FROM data_key GROUP BY owner_id")
        keys, folders = read_key_file(site.settings.keys), period_folders(site.settings)
        taken = Attacker(
            files, keys, [one.key for one in folders.opened(keys)], self.period_ids,
            {row["owner_id"]: row["version"] for row in rows},
        )  # fmt: skip
        taken.open_all()
        return taken

    def token_hits(self, attacker: Attacker, identity: Mapping[str, str]) -> int:
        """Count the files in which a token of a candidate stands, as any unit or organisation keeps it."""
        with _another(self.site) as engine:
            tokens = _tokens(self.site, engine, identity)
        return sum(any(token in content for token in tokens) for content in attacker.files.values())

    def turn(self) -> None:
        """Let the period end, as the chore does it each minute."""
        self.period_ids = sorted({*self.period_ids, *(one.id for one in self.site.engine.periods.all)})
        now, ends_at = self.site.engine.clock.now(), self.site.engine.periods.current.ends_at
        self.site.move_to(max(now, ends_at + timedelta(minutes=1)))
        assert turn_period(self.site.engine) is PeriodTurn.BEGUN
        self.period_ids = sorted({*self.period_ids, *(one.id for one in self.site.engine.periods.all)})
        _let_a_minute_pass(self.site)
        assert turn_period(self.site.engine) is PeriodTurn.ENDED
        _let_a_minute_pass(self.site)
        assert turn_period(self.site.engine) is PeriodTurn.NONE


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ICMC_PERIOD_KEY_COPIES", str(elsewhere / "periods"))
        with installed(with_prefect=False) as site:
            yield _erased_after_a_backup(site, elsewhere / "made.dump")


def test_until_the_period_ends_the_page_says_when_and_the_attack_reads_who_was_erased(scene: Scene) -> None:
    attacker = scene.attack()
    assert any(ERASED["name"].encode() in one for one in attacker.read(scene.persons["erased"]))
    for only in ("/pg_wal/", "backup"):
        with_less = scene.attack(only=only)
        assert with_less.read(scene.persons["erased"]), only
        assert scene.token_hits(with_less, ERASED), only
    assert scene.token_hits(attacker, ERASED)
    [line] = scene.site.engine.ask(keeping, scene.people["data_protection_officer"]).erasures
    assert (line.copies, line.keys_gone_at) == ("later", scene.site.engine.periods.current.ends_at)


def test_when_the_period_has_ended_nobody_reads_who_was_erased_with_all_keys_of_today(scene: Scene) -> None:
    scene.turn()
    attacker = scene.attack()
    assert any(scene.wrapped in content for content in attacker.files.values()), "it is still there, and opens nothing"
    assert scene.persons["erased"] not in {owner for owner, _ in attacker.opened}
    assert scene.cases["erased"] not in {owner for owner, _ in attacker.opened}
    assert attacker.read(scene.persons["erased"]) == set()
    assert scene.token_hits(attacker, ERASED) == 0
    for value in ERASED.values():
        assert [name for name, content in attacker.files.items() if value.encode() in content] == []
    assert any(ALIVE["name"].encode() in one for one in attacker.read(scene.persons["alive"])), "it is the same attack"
    assert scene.token_hits(attacker, ALIVE)
    [line] = scene.site.engine.ask(keeping, scene.people["data_protection_officer"]).erasures
    assert line.copies == "dead"


def test_who_lives_on_is_read_and_found_and_so_from_the_backup_of_before(scene: Scene) -> None:
    _reads_and_finds_the_survivor_alone(scene)
    scene.site.engine.dispose()
    restored = scene.icmc("restore", str(scene.backup), "--replace")
    assert restored.exit_code == 0, restored.output
    assert "keys were put back as they are wrapped now" in restored.output
    _reads_and_finds_the_survivor_alone(scene)
    attacker = scene.attack()
    assert scene.persons["erased"] not in {owner for owner, _ in attacker.opened}
    assert scene.token_hits(attacker, ERASED) == 0


def _erased_after_a_backup(site: Installation, backup: Path) -> Scene:
    unit, people = people_of(site.engine, jurisdiction="IN-AS", label="Erased")
    scene = Scene(site, backup, {}, {}, people, [one.id for one in site.engine.periods.all])
    for name, identity in (("erased", ERASED), ("alive", ALIVE)):
        case = site.act(open_case, answers=TOLD, unit_id=unit, by=people["case_manager"]).case_id
        [person] = site.of(CaseStore).lock(case).persons
        scene.cases[name], scene.persons[name] = case, person.person_id
        site.act(identify_person, person.person_id, case_id=case, by=people["caseworker"], identity=dict(identity))
    find_matches(site.engine)
    close_at_once(site.engine, scene.cases["erased"], people["case_manager"])
    assert turn_period(site.engine) is PeriodTurn.BEGUN
    _let_a_minute_pass(site)
    assert turn_period(site.engine) is PeriodTurn.ENDED
    site.move_to(site.engine.clock.now() + timedelta(days=8 * 366))
    scene.turn()
    assert scene.persons["erased"] in _found(site, site.engine, ERASED)
    [row] = site.rows("SELECT wrapped FROM data_key WHERE owner_id = %(who)s", who=scene.persons["erased"])
    scene.wrapped = row["wrapped"]
    made = scene.icmc("backup", str(backup))
    assert made.exit_code == 0, made.output
    erasure = site.act(
        ask_erasure, scene.cases["erased"], scene.persons["erased"], by=people["data_protection_officer"],
        source="retention", ground_code="time_over",
    )  # fmt: skip
    for role in ("supervisor", "nodal_officer"):
        approve_erasure(site.engine, erasure, viewer=people[role])
    site.move_to(site.engine.clock.now() + timedelta(days=8))
    assert erase_what_is_ripe(site.engine) == 1
    return scene


def _reads_and_finds_the_survivor_alone(scene: Scene) -> None:
    with _another(scene.site) as engine:
        with engine.transaction() as tx:
            assert tx.of(PersonStore).identity(scene.persons["alive"])["name"] == ALIVE["name"]
            assert tx.of(HousekeepingStore).report_of(scene.cases["alive"])
            assert not tx.of(PersonStore).identity(scene.persons["erased"])
        with pytest.raises(KeyMissingError), engine.transaction() as tx:
            tx.of(HousekeepingStore).report_of(scene.cases["erased"])
        assert _found(scene.site, engine, ALIVE) == {scene.persons["alive"]}
        assert _found(scene.site, engine, ERASED) == set()
        assert not list(engine.broken_chains())


class _another:  # noqa: N801 - used as a function
    """Give another process's engine over an installation."""

    def __init__(self, site: Installation) -> None:
        self._engine = build_engine(site.settings, site.urls)

    def __enter__(self) -> Engine:
        return self._engine

    def __exit__(self, *_: object) -> None:
        self._engine.dispose()


def _found(site: Installation, engine: Engine, identity: Mapping[str, str]) -> set[UUID]:
    """Find somebody by name and number, as the organisation that wrote them down does."""
    tokens = [one for one in engine.fingerprints.tokens(identity) if one[0] in {"name", "phone"}]
    with engine.transaction() as tx:
        organisations = [row["id"] for row in site.rows("SELECT id FROM organisation")]
        return {person for one in organisations for person in tx.of(PersonStore).known_by(one, tokens)}


def _tokens(site: Installation, engine: Engine, identity: Mapping[str, str]) -> set[bytes]:
    organisations = [None, *(row["id"] for row in site.rows("SELECT id FROM organisation"))]
    units = [row["id"] for row in site.rows("SELECT id FROM unit")]
    pairs = engine.fingerprints.tokens(identity)
    tokens = {token for pair in pairs for token in engine.vault.blinds(*pair).values()}
    for pair in pairs:
        for organisation in organisations:
            made = engine.vault.finding(*pair, organisation_id=organisation)
            tokens |= set(made.values())
            for (key_id, token), unit in product(made.items(), units):
                tokens |= set(engine.vault.for_unit(key_id, [token], unit))
    return tokens


def _let_a_minute_pass(site: Installation) -> None:
    """Let every process have heard of it; the wall clock is not moved by a test."""
    site.rows(
        "UPDATE installation SET value = value || jsonb_build_object('at', to_char((value ->> 'at')::timestamptz"
        " - interval '2 minutes', 'YYYY-MM-DD\"T\"HH24:MI:SSOF')) WHERE key IN ('key_period', 'key_period_begun')"
        " RETURNING key"
    )


def _mixed(wrapper: bytes, period: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=period, info=b"icmc wrapping").derive(wrapper)


def _in_one(segment: bytes) -> bytes:
    """Take the heads of pages out of a segment of the log: what is written goes on behind them."""
    pages = [segment[at : at + _WAL_PAGE] for at in range(0, len(segment), _WAL_PAGE)]
    return b"".join(page[40 if index == 0 else 24 :] for index, page in enumerate(pages))


def _restorable(backup: Path) -> bytes:
    """Unpack a backup, with its bytes as bytes."""
    program = client_program("pg_restore", server_major=18, needs_tls=False)
    text = subprocess.run([program, "--file=-", backup], check=True, capture_output=True, timeout=60).stdout
    return text + b"\n" + b"\n".join(bytes.fromhex(found.group(1).decode()) for found in _HEX.finditer(text))


def _as_administrator(site: Installation, statement: str) -> None:
    address = site.urls.admin.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(statement)
