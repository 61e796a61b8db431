"""What people type or who they are is found nowhere but sealed: not in Prefect, logs, messages, titles or addresses."""

import logging
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from pydantic import JsonValue
from starlette.testclient import TestClient

from engine.cases.actions.open import open_case
from engine.core.consequences import WorkItem
from engine.core.files import FileKind
from engine.core.policy import Viewer
from engine.core.records import PersonRole
from engine.course.actions.steer import add_person, add_step, identify_person
from engine.documents.actions.attachments import Arrival
from engine.messages.records import Outgoing
from engine.plugin.fields import FieldSpec
from engine.plugin.kinds import FieldKind
from engine.plugin.steps import StepKind, StepType
from engine.rehearsal.answers import report_answers, step_answers
from engine.rehearsal.story import StoryEvent
from engine.rehearsal.world import people_of
from engine.site import create_app
from engine.work.actions.complete import complete_work_item
from engine.work.actions.items import save_draft
from engine.work.store import ItemStore
from tests.attack.marked import SENDER, TYPED_NUMBER, all_told_for_real, backup_in_words, copies, walk_journeys
from tests.kit.installation import Installation, installed, story, until

pytestmark = pytest.mark.long

MARK = "Zqxanary"
PHONE = "+99 77120"
MARKED = (MARK, PHONE, TYPED_NUMBER, SENDER)
TOLD = story("cs-01")
PILLARS = 12
LEAST_TEXTS = 50
LEAST_SECRETS = 5
SHORTEST_SECRET = 20
"""Characters."""
_TEXTS = frozenset(
    {
        FieldKind.TEXT, FieldKind.LONGTEXT, FieldKind.GEO, FieldKind.ORG, FieldKind.PERSON, FieldKind.FILE,
        FieldKind.SIGN, FieldKind.CASE,
    },
)  # fmt: skip


@dataclass
class Typed:
    """An installation into which marked words were typed wherever somebody can type."""

    site: Installation
    case_id: UUID
    people: dict[str, Viewer]
    log: list[str]
    temporary: Path
    fields: set[tuple[str, str]] = field(default_factory=set)
    steps: set[str] = field(default_factory=set)
    shown: list[str] = field(default_factory=list)

    def client_of(self, role: str) -> TestClient:
        client = TestClient(create_app(self.site.engine), base_url="http://127.0.0.1", raise_server_exceptions=False)
        became = client.post("/become", data={"actor_id": str(self.people[role].actor_id)}, follow_redirects=False)
        assert became.status_code == 303
        return client


@pytest.fixture(scope="module")
def typed() -> Iterator[Typed]:
    """Type marked words into every form of every pillar, and into persons; let Prefect do all that follows."""
    with _own_temporary_folder() as temporary, installed() as site, _heard() as log:
        unit, people = people_of(site.engine, jurisdiction=TOLD.lead_jurisdiction, label=TOLD.id)
        report = report_answers(TOLD) | {"narrative": f"{MARK} first words"}
        opened = open_case(
            site.engine, answers=report, unit_id=unit, viewer=people["intake_officer"], command_id=uuid4(),
            workflow=TOLD.workflow,
        )  # fmt: skip
        _identify_all(site, opened.case_id, people)
        typed = Typed(site, opened.case_id, people, log, temporary)
        for step_type in _asked(site):
            _answer(typed, step_type)
        typed.shown = walk_journeys(site.engine, opened.case_id, people, mark=MARK, phone=PHONE)
        _add_file(site, opened.case_id, people)
        due = site.rows("SELECT min(due_at) AS at FROM deadline WHERE status = 'open' AND ladder <> ''")[0]["at"]
        site.move_to(due + timedelta(seconds=1))
        until(lambda: bool(site.rows("SELECT id FROM escalation")))
        until(site.are_all_jobs_over, seconds=120)
        yield typed


def test_marked_words_were_typed_into_every_form_of_the_story_and_of_each_pillar(typed: Typed) -> None:
    assert typed.steps >= {event.step for event in TOLD.timeline if event.step in typed.site.engine.registry.step_types}
    assert len({_pillar(step) for step in typed.steps} - {"core"}) == PILLARS
    texts = {(one.key, spec.name) for one in _asked(typed.site) for spec in one.fields if _is_text(spec)}
    assert len(texts) > LEAST_TEXTS
    assert typed.fields >= texts


def test_marked_words_were_typed_on_every_journey_beside_the_forms_and_shown_where_they_may_be(typed: Typed) -> None:
    assert typed.shown
    assert all(_is_hit(text) for text in typed.shown)
    for table in (
        "attachment",
        "consent",
        "partner_view",
        "legal_hold",
        "concern",
        "emergency_access",
        "special_day",
        "kept_form",
        "contact",
        "saved_numbers",
        "event_words",
    ):
        assert typed.site.rows(f"SELECT 1 FROM {table}"), table


def test_no_message_holds_it_and_the_database_holds_every_word_that_channels_are_given(typed: Typed) -> None:
    words = typed.site.rows("SELECT concat_ws(' ', subject, body, html, link) AS words FROM message")
    assert words
    assert not [one for one in words if _is_hit(one["words"])]


def test_prefect_holds_nothing_that_was_typed(typed: Typed) -> None:
    assert typed.site.api.flow_runs(tag=typed.site.number(typed.case_id))
    assert not hits_in_database(_prefect(typed))
    assert not hits_in_files(typed.site.folder / "prefect")


def test_the_case_database_holds_it_sealed_only(typed: Typed) -> None:
    assert typed.site.rows("SELECT step_id FROM answer")
    assert typed.site.rows("SELECT id FROM message")
    assert not hits_in_database(_cases(typed))


def test_the_address_of_a_colleague_is_in_the_directory_and_is_not_copied_into_what_is_sent(typed: Typed) -> None:
    told = typed.site.rows("SELECT DISTINCT email FROM actor a JOIN message m ON m.recipient_id = a.id AND email <> ''")
    assert told
    assert hits_in_database(_cases(typed), words=[row["email"] for row in told]) == ["actor"]


def test_no_log_and_no_other_file_of_the_installation_holds_it(typed: Typed) -> None:
    assert list(typed.site.logs.glob("worker-*.log"))
    assert not hits_in_files(typed.site.folder)
    assert not [line for line in typed.log if _is_hit(line)]


def test_no_mail_and_no_text_that_leaves_for_real_holds_it(typed: Typed) -> None:
    with all_told_for_real(typed.site) as sinks:
        assert min(sinks.asked_for.values()) > 10
        assert len(sinks.mails()) == sinks.asked_for["email"]
        assert len(sinks.texts()) == sinks.asked_for["sms"]
        number = typed.site.number(typed.case_id)
        assert any(number in words for words in sinks.mails())
        assert any(number in words for words in sinks.texts())
        assert not [words for words in (*sinks.mails(), *sinks.texts()) if _is_hit(words)]
        planted = {
            "to": "a@example.org",
            "body": f"নমস্কার {MARK}",
            "html": "",
            "written_at": typed.site.engine.clock.now(),
        }
        with sinks.mail.channel().open() as sending:
            sending.send(Outgoing(message_id="planted", subject="Planted", **planted))
        assert _is_hit(sinks.mails()[-1])


def test_no_copy_for_a_spreadsheet_holds_it(typed: Typed) -> None:
    taken = copies(typed.site.engine, typed.people)
    assert len(taken) == 4
    number = typed.site.number(typed.case_id)
    for name, words in taken.items():
        assert number in words, name
        assert not _is_hit(words), name


def test_no_backup_and_nothing_that_it_restores_holds_it_open(typed: Typed, tmp_path: Path) -> None:
    content, restored = backup_in_words(typed.site, tmp_path)
    assert typed.site.number(typed.case_id) in restored
    assert restored.count("COPY public.") > 40
    assert not _is_hit(restored)
    assert not [word for word in (MARK, PHONE, SENDER) if word.encode().hex() in restored]
    assert MARK.encode() not in content


def test_no_temporary_file_holds_it(typed: Typed) -> None:
    (worker,) = typed.site.workers
    environment = _read(Path(f"/proc/{worker.pid}/environ")).split(b"\0")
    assert f"TMPDIR={typed.temporary}".encode() in environment
    assert typed.site.folder.is_relative_to(typed.temporary)
    assert not hits_in_files(typed.temporary)


def test_no_key_and_no_password_is_in_a_log_a_database_or_what_others_see_of_a_process(typed: Typed) -> None:
    secrets = _secrets(typed.site)
    assert len(secrets) > LEAST_SECRETS
    seen = [line for path in Path("/proc").glob("[0-9]*/cmdline") if (line := _read(path))]
    seen += [path.read_bytes() for path in typed.site.logs.iterdir() if path.is_file()]
    seen.append("\n".join(typed.log).encode())
    assert any(b"orchestration.service" in line for line in seen)
    assert any(b"postgres" in line for line in seen)
    for address in (_cases(typed), _prefect(typed)):
        assert not hits_in_database(address, words=sorted(secrets))
    assert not [secret for secret in secrets if any(secret.encode() in line for line in seen)]


def test_no_title_and_no_address_of_a_page_holds_it(typed: Typed) -> None:
    for role in ("case_manager", "supervisor"):
        client = typed.client_of(role)
        seen = 0
        for path in _paths(client, typed):
            page = client.get(path)
            title = re.search(r"<title>(.*?)</title>", page.text, re.DOTALL)
            assert not _is_hit(path + str(page.url))
            assert not _is_hit(title.group(1) if title else ""), path
            seen += 1
        assert seen > 10


def test_the_search_finds_what_is_planted(typed: Typed) -> None:
    with psycopg.connect(_prefect(typed), autocommit=True) as connection:
        for kind, value in (("text", MARK), ("jsonb", f'{{"a": ["{MARK}"]}}'), ("bytea", MARK.encode())):
            connection.execute(f"CREATE TABLE planted (it {kind})")
            connection.execute("INSERT INTO planted VALUES (%s)", (value,))
            assert hits_in_database(_prefect(typed)) == ["planted"]
            connection.execute("DROP TABLE planted")
    planted = typed.site.folder / "prefect" / "planted.bin"
    planted.write_bytes(b"\x00\x01" + MARK.encode() + b"\x00")
    assert hits_in_files(typed.site.folder / "prefect") == [str(planted)]
    planted.unlink()
    with _heard() as heard:
        logging.getLogger("engine.planted").warning("found", extra={"what": MARK})
    assert [line for line in heard if _is_hit(line)]


def hits_in_database(address: str, *, words: Sequence[str] = MARKED) -> list[str]:
    """Return the tables of which some column of some row holds one of the words, as text or inside bytes."""
    patterns = [f"%{text}%" for word in words for text in (word, word.encode().hex())]
    with psycopg.connect(address) as connection:
        tables = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
            " AND table_schema NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        assert len(tables) > 20
        return [
            name
            for schema, name in tables
            if connection.execute(
                f'SELECT 1 FROM "{schema}"."{name}" AS row WHERE row::text ILIKE ANY(%s) LIMIT 1', (patterns,)
            ).fetchone()
        ]


def hits_in_files(folder: Path) -> list[str]:
    """Return the files below a folder that hold a marked word, whatever else they are."""
    command = ["grep", "--recursive", "--text", "--ignore-case", "--files-with-matches", "--fixed-strings"]
    found = subprocess.run(
        [*command, *(f"--regexp={word}" for word in MARKED), str(folder)], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    return found.stdout.splitlines()


def _secrets(site: Installation) -> set[str]:
    """Return the keys and passwords of an installation, as its files hold them."""
    files = [*site.settings.keys.parent.glob("*.json"), *site.folder.rglob("passwords.json")]
    texts = [text for file in files for text in re.findall(r'"([^"]+)"', file.read_text(encoding="utf-8"))]
    return {text for text in texts if len(text) >= SHORTEST_SECRET}


def _read(path: Path) -> bytes:
    """Read what everybody may see of a process; nothing when it is over."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _add_file(site: Installation, case_id: UUID, people: dict[str, Viewer]) -> None:
    """Add a file whose name and content are marked words."""
    arrival = Arrival(
        site.engine, case_id, viewer=people["case_manager"], name=f"{MARK}.txt", kind=FileKind.STATEMENT,
        child_shown="no",
    )  # fmt: skip
    arrival.take(f"{MARK} {PHONE}".encode() * 20_000)
    arrival.finish()


def _answer(typed: Typed, step_type: StepType) -> None:
    """Add a step of this type to the case, draft and complete its form with marked words."""
    site = typed.site
    step_id = add_step(
        site.engine, typed.case_id, viewer=typed.people["case_manager"], command_id=uuid4(), uses=step_type.key,
        title=f"{MARK} at {PHONE}",
    )  # fmt: skip
    with site.engine.transaction() as tx:
        item = tx.of(ItemStore).open_of_step(step_id)
    assert item is not None
    event = StoryEvent(label=step_type.key, at=site.engine.clock.now(), step=step_type.key)
    answers = step_answers(TOLD, event, step_type)
    marked: dict[str, JsonValue] = {
        spec.name: mark for spec in step_type.fields if (mark := _marked(step_type, spec)) is not None
    }
    viewer = _candidate(typed, item)
    _complete(typed, item, viewer, answers, marked)


def _complete(
    typed: Typed, item: WorkItem, viewer: Viewer, answers: dict[str, JsonValue], marked: dict[str, JsonValue]
) -> None:
    engine = typed.site.engine
    save_draft(engine, item.id, viewer=viewer, answers=answers | marked)
    with engine.transaction() as tx:
        revision = tx.of(ItemStore).get(item.id).revision
    complete_work_item(
        engine, item.id, viewer=viewer, revision=revision, command_id=uuid4(), answers=answers | marked,
        late_reason=f"{MARK} late",
    )  # fmt: skip
    typed.steps.add(item.uses)
    typed.fields |= {(item.uses, name) for name in marked}


def _candidate(typed: Typed, item: WorkItem) -> Viewer:
    able = (typed.people[role] for role in item.candidate_roles)
    return next(viewer for viewer in able if viewer.actor_id not in item.excluded_ids)


def _marked(step_type: StepType, spec: FieldSpec) -> JsonValue:
    """Return the marked word for a field in which somebody can type; None for others."""
    if _is_text(spec):
        return f"{MARK} {step_type.key} {spec.name}"[:40]
    return f"{PHONE} {len(spec.name):05d}" if spec.kind is FieldKind.PHONE else None


def _identify_all(site: Installation, case_id: UUID, people: dict[str, Viewer]) -> None:
    """Say who the persons of the case are, in marked words."""
    identity: dict[str, JsonValue] = {"name": f"{MARK}ia Nobody", "aliases": [f"{MARK}i"], "phone": f"{PHONE} 00001"}
    engine, viewer = site.engine, people["case_manager"]
    add_person(engine, case_id, viewer=viewer, command_id=uuid4(), role=PersonRole.INFORMANT, identity=identity)
    for row in site.rows("SELECT person_id FROM case_person WHERE case_id = %(case)s", case=case_id):
        identify_person(engine, row["person_id"], case_id=case_id, viewer=viewer, command_id=uuid4(), identity=identity)


def _asked(site: Installation) -> list[StepType]:
    """Return the forms of the story, and the wordiest form of each pillar that the story does not touch."""
    asked = [one for one in site.engine.registry.step_types.values() if one.kind is StepKind.ASKED]
    told = {event.step for event in TOLD.timeline}
    pillars = {_pillar(key) for key in told}
    wordiest = {_pillar(one.key): one for one in sorted(asked, key=_texts_of)}
    return [one for one in asked if one.key in told or (_pillar(one.key) not in pillars and one in wordiest.values())]


def _pillar(key: str) -> str:
    return key.partition(".")[0]


def _texts_of(step_type: StepType) -> int:
    return sum(_is_text(spec) for spec in step_type.fields)


def _is_text(spec: FieldSpec) -> bool:
    return spec.kind in _TEXTS and not spec.name.endswith("tz")


def _paths(client: TestClient, typed: Typed) -> list[str]:
    """Return the case's own pages, and those they lead to."""
    first = f"/cases/{typed.case_id}"
    found = dict.fromkeys([first, f"{first}/history", "/worklist", "/cases", "/transmit", "/board"])
    for path in list(found):
        links = re.findall(r'href="(/(?:cases|items|documents)/[^"#?]+)"', client.get(path).text)
        found |= dict.fromkeys(links)
    return list(found)


@contextmanager
def _own_temporary_folder() -> Iterator[Path]:
    """Let this process and all that it starts write their temporary files into a folder that can be searched whole."""
    with tempfile.TemporaryDirectory(prefix="icmc-tmp-") as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        folder.chmod(0o1777)
        patch.setenv("TMPDIR", name)
        patch.setattr(tempfile, "tempdir", None)
        yield folder


@contextmanager
def _heard() -> Iterator[list[str]]:
    """Hear all that this process logs, at every level."""
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(f"{record.getMessage()} {record.__dict__}")  # type: ignore[method-assign]
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def _is_hit(text: str) -> bool:
    return any(word.lower() in text.lower() for word in MARKED)


def _prefect(typed: Typed) -> str:
    return typed.site.server.database_url.replace("postgresql+asyncpg://", "postgresql://")


def _cases(typed: Typed) -> str:
    return typed.site.urls.owner.replace("postgresql+psycopg://", "postgresql://")
