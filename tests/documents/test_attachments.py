"""Files of a case: sealed as they come, looked at before they are kept, opened as a recorded act."""

import hashlib
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from PIL import Image

from engine.access.store import AccessStore
from engine.audit.records import AuditUnavailableError
from engine.core.access import Grant
from engine.core.files import LARGEST, PART, FileKind
from engine.core.policy import Viewer
from engine.documents.actions.attachments import Arrival, drop_unfinished, files_of, open_file, shown_name
from engine.documents.looking import LocalFiles
from engine.documents.records import FileHeldBackError
from engine.documents.store import FileStore
from engine.errors import DamagedError, InvalidAnswersError, KeyMissingError, NotAllowedError, NotFoundError
from engine.keys.store import KeyStore
from engine.overview.views.history import case_history
from engine.sign_in.records import StepUpNeededError
from tests.documents.test_file_types import CANARY, jpeg, office
from tests.kit.world import World

pytestmark = pytest.mark.long

TEXT = ("नाम " * 200_000).encode()


def add(
    world: World, case_id: UUID, content: bytes = TEXT, *, name: str = "words.txt", kind: FileKind = FileKind.OTHER,
    by: Viewer | None = None, step: int = 50_000,
) -> UUID:  # fmt: skip
    arrival = Arrival(
        world.engine, case_id, viewer=by or world.who("caseworker"), name=name, kind=kind, child_shown="no"
    )
    for at in range(0, len(content), step):
        arrival.take(content[at : at + step])
    return arrival.finish()


def proved(world: World, role: str) -> Viewer:
    """Give somebody who has just proved who it is."""
    return world.who(role).model_copy(update={"stepped_up_at": world.engine.wall_clock.now()})


def opened(world: World, file_id: UUID, case_id: UUID, *, by: str = "caseworker", original: bool = True) -> bytes:
    got = open_file(world.engine, file_id, case_id=case_id, viewer=proved(world, by), original=original)
    content = b"".join(got.parts)
    assert len(content) == got.size
    return content


def test_a_file_comes_out_as_it_went_in_and_is_readable_nowhere_in_between(world: World) -> None:
    case_id = world.open().case_id
    file_id = add(world, case_id, name="Kamala.txt")
    assert opened(world, file_id, case_id) == TEXT
    parts = world.rows("SELECT encrypted_content FROM attachment_part WHERE copy_of = 'original' ORDER BY number")
    assert len(parts) == -(-len(TEXT) // PART)
    stored = str(world.rows("SELECT * FROM attachment")) + str(parts)
    assert "Kamala" not in stored
    assert "नाम" not in stored
    assert hashlib.sha256(TEXT).hexdigest() not in stored
    assert world.of(FileStore).details(file_id)["sha256"] == hashlib.sha256(TEXT).hexdigest()


def test_the_shared_copy_tells_nothing_and_the_original_stays_as_it_was(world: World) -> None:
    case_id, picture = world.open().case_id, jpeg()
    file_id = add(world, case_id, picture, name="a.jpg", kind=FileKind.IDENTITY)
    shared = opened(world, file_id, case_id, original=False)
    assert CANARY.encode() not in shared
    with Image.open(io.BytesIO(shared)) as seen:
        assert not seen.getexif()
    assert opened(world, file_id, case_id) == picture


def test_the_same_file_is_kept_once_in_a_case_and_again_in_another(world: World) -> None:
    one, two = world.open().case_id, world.open().case_id
    first = add(world, one)
    assert add(world, one, name="again.txt") == first
    assert add(world, two) != first
    assert len(files_of(world.engine, one, viewer=world.who("caseworker"))) == 1
    addresses = world.rows("SELECT address FROM attachment")
    assert len({bytes(row[0]) for row in addresses}) == 2


@pytest.mark.parametrize(("name", "content", "why"), [
    ("x.html", b"<script>", "not taken"),
    ("x.jpg", b"no picture", "not what its name says"),
    ("x.txt", b"", "empty"),
    ("x.docx", office(**{"word/a.xml": bytes(30_000_000)}), "100 times"),
])  # fmt: skip
def test_what_is_refused_leaves_nothing_behind(world: World, name: str, content: bytes, why: str) -> None:
    case_id = world.open().case_id
    arrival = Arrival(
        world.engine, case_id, viewer=world.who("caseworker"), name=name, kind=FileKind.OTHER, child_shown="no"
    )
    if content:
        arrival.take(content)
    with pytest.raises(InvalidAnswersError) as refused:
        arrival.finish()
    assert why in refused.value.problems["file"]
    arrival.give_up()
    assert not world.rows("SELECT 1 FROM attachment UNION ALL SELECT 1 FROM attachment_part")
    assert files_of(world.engine, case_id, viewer=world.who("caseworker")) == ()


def test_a_file_larger_than_a_file_may_be_is_refused_as_soon_as_it_is_known(world: World) -> None:
    arrival = Arrival(
        world.engine, world.open().case_id, viewer=world.who("caseworker"), name="x.txt", kind=FileKind.OTHER,
        child_shown="no",
    )  # fmt: skip
    step = b"x" * 1_000_000
    for _ in range(LARGEST // len(step)):
        arrival.take(step)
    with pytest.raises(InvalidAnswersError):
        arrival.take(b"x")
    arrival.give_up()


def test_a_case_and_a_unit_hold_only_so_much(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    case_id, other = world.open().case_id, world.open().case_id
    add(world, case_id, b"some words")
    monkeypatch.setattr("engine.core.files.MOST_FILES", 1)
    with pytest.raises(InvalidAnswersError):
        add(world, case_id, b"other words")
    add(world, other, b"other words")
    monkeypatch.setattr("engine.core.files.MOST_IN_UNIT", 25)
    with pytest.raises(InvalidAnswersError) as full:
        add(world, world.open().case_id, b"more words")
    assert "unit" in full.value.problems["file"]


def test_a_picture_is_kept_apart_from_who_may_not_see_pictures(world: World) -> None:
    case_id = world.open().case_id
    file_id = add(world, case_id, jpeg(), name="a.jpg", kind=FileKind.PICTURE, by=world.who("case_manager"))
    assert opened(world, file_id, case_id, by="case_manager", original=False)
    for role in ("caseworker", "counsellor", "supervisor"):
        listed = files_of(world.engine, case_id, viewer=world.who(role))
        assert [(file.classes, file.may_open) for file in listed] == [(("images",), False)]
        with pytest.raises(NotAllowedError):
            opened(world, file_id, case_id, by=role)


def test_the_original_and_what_no_scanner_has_seen_ask_for_a_recent_proof(world: World) -> None:
    case_id = world.open().case_id
    file_id = add(world, case_id)
    engine = replace(world.engine, files=LocalFiles("true"))
    scanned = Arrival(
        engine, case_id, viewer=world.who("caseworker"), name="b.txt", kind=FileKind.OTHER, child_shown="no"
    )
    scanned.take(b"seen by a scanner")
    clean = scanned.finish()
    viewer = world.who("caseworker")
    for wanted, original in ((file_id, False), (file_id, True), (clean, True)):
        world.refuses(StepUpNeededError, open_file, wanted, case_id=case_id, by=viewer, original=original)
    got = open_file(world.engine, clean, case_id=case_id, viewer=viewer)
    assert b"".join(got.parts) == b"seen by a scanner"


def test_what_a_scanner_objects_to_is_kept_and_never_given_out(world: World) -> None:
    case_id = world.open().case_id
    engine = replace(world.engine, files=LocalFiles("false"))
    arrival = Arrival(
        engine, case_id, viewer=world.who("caseworker"), name="x.txt", kind=FileKind.OTHER, child_shown="no"
    )
    arrival.take(b"harm")
    file_id = arrival.finish()
    assert files_of(engine, case_id, viewer=world.who("caseworker"))[0].scan == "infected"
    for original in (True, False):
        with pytest.raises(FileHeldBackError):
            opened(world, file_id, case_id, original=original)


def test_each_opening_is_written_down_and_what_cannot_be_written_down_is_not_opened(world: World) -> None:
    case_id = world.open().case_id
    file_id = add(world, case_id)
    opened(world, file_id, case_id)
    opened(world, file_id, case_id, original=False)
    kept = world.rows("SELECT what FROM reading WHERE subject_id = :f ORDER BY seq", f=file_id)
    assert [row[0] for row in kept] == ["original file", "file"]
    world.rows("ALTER TABLE reading RENAME TO reading_away")
    with pytest.raises(AuditUnavailableError):
        opened(world, file_id, case_id)


def test_nobody_of_another_unit_learns_that_there_is_a_file(world: World) -> None:
    case_id = world.open().case_id
    file_id = add(world, case_id)
    stranger = world.other("caseworker")
    attempts: tuple[Callable[[], object], ...] = (
        lambda: files_of(world.engine, case_id, viewer=stranger),
        lambda: open_file(world.engine, file_id, case_id=case_id, viewer=stranger),
        lambda: add(world, case_id, by=stranger),
        lambda: open_file(world.engine, uuid4(), case_id=case_id, viewer=world.who("caseworker")),
        lambda: open_file(world.engine, file_id, case_id=world.open().case_id, viewer=world.who("caseworker")),
    )
    for attempt in attempts:
        with pytest.raises(NotFoundError):
            attempt()


def test_parts_that_were_swapped_changed_or_lost_do_not_open(world: World) -> None:
    case_id = world.open().case_id
    file_id = add(world, case_id)
    world.rows("UPDATE attachment_part SET number = -1 WHERE copy_of = 'original' AND number = 0")
    world.rows("UPDATE attachment_part SET number = 0 WHERE copy_of = 'original' AND number = 1")
    with pytest.raises(DamagedError):
        opened(world, file_id, case_id)


def test_a_file_that_is_sealed_well_but_is_not_what_came_is_not_given_out(world: World) -> None:
    """Whoever could write parts with the system's own keys is found by the hash, before anything is given out."""
    case_id = world.open().case_id
    file_id = add(world, case_id)
    world.rows("DELETE FROM attachment_part WHERE copy_of = 'original' AND number = 1")
    with world.engine.transaction() as tx:
        other = bytes(min(PART, len(TEXT) - PART))
        tx.of(FileStore).add_part(file_id, case_id=case_id, copy_of="original", number=1, content=other)
        tx.commit()
    world.refuses(DamagedError, open_file, file_id, case_id=case_id, by=proved(world, "caseworker"), original=True)
    assert b"".join(open_file(world.engine, file_id, case_id=case_id, viewer=proved(world, "caseworker")).parts)


def test_the_hash_that_was_made_when_a_file_came_is_shown_to_who_may_open_it(world: World) -> None:
    case_id = world.open().case_id
    add(world, case_id)
    add(world, case_id, jpeg(), name="a.jpg", kind=FileKind.PICTURE)
    shown = [file.sha256 for file in files_of(world.engine, case_id, viewer=world.who("caseworker"))]
    assert sorted(shown) == ["", hashlib.sha256(TEXT).hexdigest()]


def test_files_go_with_the_key_of_their_case(world: World) -> None:
    case_id = world.open().case_id
    file_id = add(world, case_id)
    with world.engine.transaction() as tx:
        tx.of(KeyStore).destroy(case_id, world.clock.now())
        tx.commit()
    world.engine.vault.forget()  # type: ignore[attr-defined]
    with pytest.raises(KeyMissingError):
        opened(world, file_id, case_id)


def test_files_that_can_be_read_no_more_are_listed_with_what_is_known_without_their_key(world: World) -> None:
    case_id = world.open().case_id
    damaged, whole = add(world, case_id), add(world, case_id, b"other words", name="other.txt")
    world.rows("UPDATE attachment SET encrypted_details = encrypted_name WHERE id = :id", id=damaged)

    def listed() -> dict[UUID, tuple[bool, int]]:
        files = files_of(world.engine, case_id, viewer=world.who("caseworker"))
        assert all(file.is_readable or not file.sha256 for file in files)
        return {file.id: (file.is_readable, file.size) for file in files}

    assert listed() == {damaged: (False, len(TEXT)), whole: (True, 11)}
    with world.engine.transaction() as tx:
        tx.of(KeyStore).destroy(case_id, world.clock.now())
        tx.commit()
    world.engine.vault.forget()  # type: ignore[attr-defined]
    assert listed() == {damaged: (False, len(TEXT)), whole: (False, 11)}


def test_what_stopped_arriving_is_taken_away_after_a_day(world: World) -> None:
    case_id = world.open().case_id
    arrival = Arrival(
        world.engine, case_id, viewer=world.who("caseworker"), name="x.txt", kind=FileKind.OTHER, child_shown="no"
    )
    arrival.take(b"x" * PART)
    assert files_of(world.engine, case_id, viewer=world.who("caseworker")) == ()
    assert drop_unfinished(world.engine) == 0
    world.rows("UPDATE attachment SET added_at = added_at - :day", day=timedelta(days=1, minutes=1))
    assert drop_unfinished(world.engine) == 1
    assert not world.rows("SELECT 1 FROM attachment_part")


def test_that_a_file_was_added_is_in_the_history_and_its_chain_verifies(world: World) -> None:
    opened_case = world.open()
    add(world, opened_case.case_id, name="Kamala.txt")
    history = world.engine.ask(case_history, world.who("caseworker"), opened_case.case_id)
    assert any("A file was added" in event.text for event in history)
    assert list(world.engine.broken_chains()) == []


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd.txt", "passwd.txt"), ("C:\\a\\b.pdf", "b.pdf"), ("a\u202egpj.exe", "agpj.exe"),
        ("a\r\nSet-Cookie: x.txt", "aSet-Cookie: x.txt"), ("নাম.pdf", "নাম.pdf"), ("", ""),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
    ],
)  # fmt: skip
def test_names_are_for_showing_only(given: str, shown: str) -> None:
    assert shown_name(given) == shown


@pytest.mark.parametrize(("fields", "may"), [((), False), (("person.*", "case.*"), False), (("may:add_files",), True)])
def test_a_unit_puts_a_file_into_a_case_of_another_one_only_with_a_right_to_that(
    world: World,
    fields: tuple[str, ...],
    may: bool,  # noqa: FBT001
) -> None:
    case_id = world.open().case_id
    grant = Grant(
        id=uuid4(), case_id=case_id, unit_id=world.other_unit, purpose="shelter", fields=fields,
        granted_at=world.clock.now(),
    )  # fmt: skip
    with world.engine.transaction() as tx:
        tx.of(AccessStore).add_grant(grant)
        tx.commit()
    if may:
        add(world, case_id, by=world.other("caseworker"))
        return
    with pytest.raises(NotAllowedError):
        add(world, case_id, by=world.other("caseworker"))
    assert world.rows("SELECT id FROM attachment") == []
