"""Files of a case: taken in part by part, looked at before they are kept, given out as a recorded act."""

import hashlib
import hmac
import io
import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, BinaryIO, Final, NamedTuple, cast
from uuid import UUID

from engine.assembly import Engine
from engine.cases.actions.deciding import note_reading, require_access
from engine.cases.store import CaseStore
from engine.core.access import CaseAccess, may_add_files, of_everybody
from engine.core.files import FIELD, LARGEST, PART, CaseFile, FileKind, Scan, problem_of_quota
from engine.core.policy import Action, Viewer, can
from engine.db.transaction import Transaction
from engine.documents.records import FileHeldBackError, FileRefusedError
from engine.documents.store import FileStore
from engine.errors import DamagedError, InvalidAnswersError, KeyMissingError, NotAllowedError, NotFoundError
from engine.people.store import DirectoryStore
from engine.plugin.copies import ANSWER_FIRST, CHILD_SHOWN
from engine.sign_in.actions.account import require_step_up
from engine.work.records import FileView

log = logging.getLogger(__name__)
LONGEST_NAME: Final = 200
_ORIGINAL, _SHARED = "original", "shared"
_NOT_TAKEN: Final = (
    "Nothing was taken. A child might be shown naked or abused: do not look again, do not save it, make no hash, and"
    " send it to nobody. Tell the police now: two next steps are ready on the page of the case, one to tell the police,"
    " one to report the address."
)
_GIVEN_UP: Final = timedelta(days=1)


class OpenedFile(NamedTuple):
    """A file that is given out: its name is for showing only."""

    name: str
    media_type: str
    size: int
    parts: Iterator[bytes]


class Arrival:
    """A file that arrives: give it what comes with `take`, then call `finish`; `give_up` leaves nothing behind.

    What arrives is sealed a part at a time, each in its own transaction, so that a slow sender holds nothing up.
    """

    def __init__(
        self, engine: Engine, case_id: UUID, *, viewer: Viewer, name: str, kind: FileKind, child_shown: str
    ) -> None:
        """Begin, with what was said to whether a child is shown naked or abused: only after a no anything is taken.

        Raises `NotFoundError`, `NotAllowedError`, `InvalidAnswersError` for another answer or a full case or unit.
        """
        refuse_file(child_shown)
        self._engine, self._viewer, self._case_id = engine, viewer, case_id
        self._name, self._kind = shown_name(name), kind
        self._id, self._held = engine.entropy.uuid(), bytearray()
        self._size = self._parts = 0
        self._hash = hashlib.sha256()
        with engine.transaction() as tx:
            access = require_adding(tx, viewer, case_id, now=engine.clock.now())
            _require_room(tx, access, size=1)
            tx.of(FileStore).begin(
                self._id, case_id=case_id, unit_id=access.unit_id, kind=kind, name=self._name, by=viewer.acting_id,
                at=engine.wall_clock.now(),
            )  # fmt: skip
            tx.commit()

    def take(self, content: bytes) -> None:
        """Take what comes next; raises `InvalidAnswersError` once it is more than a file may be."""
        self._size += len(content)
        if self._size > LARGEST:
            raise InvalidAnswersError({"file": problem_of_quota(files=0, in_case=0, in_unit=0, size=self._size)})
        self._hash.update(content)
        self._held += content
        while len(self._held) >= PART:
            self._keep_part(bytes(self._held[:PART]))
            del self._held[:PART]

    def finish(self) -> UUID:
        """Look at what came, make the copy that is shared, and keep both; returns the id of the file.

        A file that the case has already is not kept twice. Raises `InvalidAnswersError` for a file of another kind
        than its name says, one that would burst, an empty one, or one for which there is no room.
        """
        if self._held or not self._parts:
            self._keep_part(bytes(self._held))
        content = self._reader()
        scan = self._engine.files.scan(content)
        try:
            looked = self._engine.files.opened(content, self._name)
            copied = None if looked.copy is None or scan is Scan.INFECTED else self._keep_copy(looked.copy)
        except FileRefusedError as error:
            raise InvalidAnswersError({"file": str(error)}) from None
        return self._keep(looked.media_type, scan, copied)

    def give_up(self) -> None:
        """Leave nothing behind of a file that was not kept."""
        with self._engine.transaction() as tx:
            tx.of(FileStore).drop_arriving(self._id)
            tx.commit()

    def _keep(self, media_type: str, scan: Scan, copied: tuple[int, str] | None) -> UUID:
        engine, sha256 = self._engine, self._hash.hexdigest()
        addresses = engine.vault.blinds("file", f"{self._case_id}\0{sha256}")
        address = next(iter(addresses.items()))
        now = engine.clock.now()
        with engine.transaction() as tx:
            state = tx.of(CaseStore).lock(self._case_id)
            access = require_adding(tx, self._viewer, self._case_id, now=now)
            twin = tx.of(FileStore).twin(self._case_id, addresses)
            if twin is not None:
                tx.of(FileStore).drop_arriving(self._id)
                tx.commit()
                return twin
            size = copied[0] if copied else 0
            _require_room(tx, access, size=self._size, beside=size)
            file = CaseFile(
                id=self._id, case_id=self._case_id, unit_id=access.unit_id, kind=self._kind, media_type=media_type,
                size=self._size, copy_size=copied[0] if copied else None, scan=scan, added_at=now,
                added_by=self._viewer.acting_id,
            )  # fmt: skip
            details = {"sha256": sha256, "copy_sha256": copied[1] if copied else None, "part": PART}
            tx.of(FileStore).keep(file, details=details, address=address, at=now)
            body = {"file_id": str(self._id), "kind": self._kind.value, "size": self._size, "proof": address[1].hex()}
            tx.of(CaseStore).note(state, "FileAdded", body, actor_id=self._viewer.acting_id, at=now)
            tx.commit()
        return self._id

    def _keep_part(self, content: bytes) -> None:
        self._add(_ORIGINAL, self._parts, content)
        self._parts += 1

    def _keep_copy(self, copy: Iterator[bytes]) -> tuple[int, str]:
        size, proof = 0, hashlib.sha256()
        for number, content in enumerate(copy):
            self._add(_SHARED, number, content)
            proof.update(content)
            size += len(content)
        return size, proof.hexdigest()

    def _add(self, copy_of: str, number: int, content: bytes) -> None:
        with self._engine.transaction() as tx:
            tx.of(FileStore).add_part(self._id, case_id=self._case_id, copy_of=copy_of, number=number, content=content)
            tx.commit()

    def _reader(self) -> BinaryIO:
        parts = _opener(self._engine, self._viewer, self._id, _ORIGINAL)
        return cast("BinaryIO", io.BufferedReader(PartedFile(parts, size=self._size, length=PART), PART))


def refuse_file(child_shown: str) -> None:
    """Refuse a file unless it was said that no child is shown naked or abused; raises `InvalidAnswersError`."""
    if child_shown != "no":
        raise InvalidAnswersError({"child_shown": _NOT_TAKEN if child_shown in CHILD_SHOWN else ANSWER_FIRST})


def require_may_add(engine: Engine, case_id: UUID, *, viewer: Viewer) -> None:
    """Refuse who may not add a file to a case, before anything of it is taken; raises as `Arrival` does."""
    with engine.transaction(viewer) as tx:
        require_adding(tx, viewer, case_id, now=engine.clock.now())


def may_add(engine: Engine, case_id: UUID, *, viewer: Viewer) -> bool:
    """Return whether somebody who sees a case may add a file to it."""
    try:
        require_may_add(engine, case_id, viewer=viewer)
    except NotAllowedError:
        return False
    return True


def files_of(engine: Engine, case_id: UUID, *, viewer: Viewer) -> tuple[FileView, ...]:
    """List the files of a case, without names, each with whether the viewer may open it, and then with its hash.

    To a grant only those are there that it opens. One whose key was destroyed, or that is damaged, is listed with what
    is known without it. Raises `NotFoundError`.
    """
    with engine.transaction(viewer) as tx:
        access = require_access(tx, viewer, case_id, Action.SEE_CASES, now=engine.clock.now())
        files = [file for file in tx.of(FileStore).of_case(case_id) if _is_there(viewer, access, file)]
        people = {by: tx.of(DirectoryStore).actor(by) for by in {file.added_by for file in files if file.added_by}}
        names = {by: person.name for by, person in people.items() if person}
        shown = [file for file in files if not file.is_deferred and _may_open(viewer, access, file)]
        hashes = {file.id: _hash_of(tx, file.id) for file in shown}
        return tuple(
            FileView(
                id=file.id, kind=file.kind.value, media_type=file.media_type, size=file.size,
                copy_size=file.copy_size, scan=file.scan.value, added_at=file.added_at,
                added_by=names.get(file.added_by, "") if file.added_by else "",
                may_open=file.id in hashes, classes=file.restricted_categories, sha256=hashes.get(file.id) or "",
                is_readable=hashes.get(file.id, "") is not None, is_deferred=file.is_deferred,
            )
            for file in files
        )  # fmt: skip


def open_file(engine: Engine, file_id: UUID, *, case_id: UUID, viewer: Viewer, original: bool = False) -> OpenedFile:
    """Return a file out: the copy without metadata, or the original as it came; it is written first who looks at it.

    The whole of it is held against the hash that was made when it came, before any of it is given out. The original,
    and a file that no scanner has seen, ask for a recent proof of who it is. Raises `NotFoundError`,
    `NotAllowedError`, `StepUpNeededError`, `AuditUnavailableError`, `DamagedError` for one that differs,
    `KeyMissingError` for one whose key was destroyed, `FileHeldBackError` for an infected one, one that might
    show a child naked or abused, or one without a copy.
    """
    with engine.transaction(viewer) as tx:
        access = require_access(tx, viewer, case_id, Action.SEE_CASES, now=engine.clock.now())
        file = tx.of(FileStore).get(file_id, case_id=case_id)
        if not _is_there(viewer, access, file):
            raise NotFoundError(kind="file")
        if not _may_open(viewer, access, file):
            raise NotAllowedError(actor=viewer.name, action=Action.REVEAL.value)
        if file.is_deferred:
            raise FileHeldBackError(
                why="It might show a child naked or abused: nobody opens it. The police say what happens with it."
            )
        if file.scan is Scan.INFECTED:
            raise FileHeldBackError(why="A scanner found something harmful in it.")
        if original or file.scan is not Scan.CLEAN:
            require_step_up(engine, viewer)
        size = file.size if original else file.copy_size
        if size is None:
            raise FileHeldBackError(
                why="Hidden details about who made it and where could not be removed: see the original, or add it as"
                " PDF (a picture: as JPEG)."
            )
        name, details = tx.of(FileStore).name(file_id), tx.of(FileStore).details(file_id)
    copy_of = _ORIGINAL if original else _SHARED
    _require_whole(
        engine, viewer, file_id, copy_of, size=size, sha256=str(details["sha256" if original else "copy_sha256"])
    )
    classes = ("identifying", *file.restricted_categories)
    note_reading(engine, viewer, case_id, "original file" if original else "file", classes, subject_id=file_id)
    parts = _parts(_opener(engine, viewer, file_id, copy_of), size)
    return OpenedFile(name, file.media_type, size, parts)


def drop_unfinished(engine: Engine) -> int:
    """Take away what is left of files that stopped arriving more than a day ago; returns how many."""
    with engine.transaction() as tx:
        left = tx.of(FileStore).unfinished(before=engine.wall_clock.now() - _GIVEN_UP, most=100)
        for file_id in left:
            tx.of(FileStore).drop_arriving(file_id)
        tx.commit()
    return len(left)


def shown_name(name: str) -> str:
    """Return the name of a file for showing: no folders, nothing that cannot be printed, its ending kept."""
    last = name.replace("\\", "/").rpartition("/")[2]
    printable = "".join(letter for letter in last if letter.isprintable()).strip(" .")
    stem, dot, ending = printable.rpartition(".")
    room = LONGEST_NAME - len(dot) - len(ending)
    return f"{stem[:room]}{dot}{ending}" if dot and room > 0 else printable[:LONGEST_NAME]


def _hash_of(tx: Transaction, file_id: UUID) -> str | None:
    """Return the hash of a file as it came; None for one that can be read no more."""
    try:
        return str(tx.of(FileStore).details(file_id)["sha256"])
    except (DamagedError, KeyMissingError) as error:
        log.warning("file_unreadable", extra={"file_id": str(file_id), "error": error.code})
        return None


def _may_open(viewer: Viewer, access: CaseAccess, file: CaseFile) -> bool:
    """Return whether a file is shown: nobody knows who of the case is on it, so it must be shown of everybody."""
    fields, shown = (FIELD, *(f"class:{name.value}" for name in file.restricted_categories)), of_everybody(access)
    return all(can(viewer, Action.REVEAL, access=shown, field=field) for field in fields)


def _is_there(viewer: Viewer, access: CaseAccess, file: CaseFile) -> bool:
    """Return whether it is shown that there is a file: to a grant only where it opens it."""
    return access.fields is None or _may_open(viewer, access, file)


def require_adding(tx: Transaction, viewer: Viewer, case_id: UUID, *, now: datetime) -> CaseAccess:
    """Refuse who may not add a file: to another unit that is a right of its own, which a grant names."""
    access = require_access(tx, viewer, case_id, Action.ADD_FILE, now=now)
    if not may_add_files(access):
        raise NotAllowedError(actor=viewer.name, action=Action.ADD_FILE.value)
    return access


def _require_room(tx: Transaction, access: CaseAccess, *, size: int, beside: int = 0) -> None:
    sums = tx.of(FileStore).sums(access.case_id, access.unit_id)
    problem = problem_of_quota(
        files=sums.files, in_case=sums.in_case + beside, in_unit=sums.in_unit + beside, size=size
    )
    if problem:
        raise InvalidAnswersError({"file": problem})


def _opener(engine: Engine, viewer: Viewer, file_id: UUID, copy_of: str) -> Callable[[int], bytes]:
    def opened(number: int) -> bytes:
        with engine.transaction(viewer) as tx:
            return tx.of(FileStore).part(file_id, copy_of=copy_of, number=number)

    return opened


def _require_whole(engine: Engine, viewer: Viewer, file_id: UUID, copy_of: str, *, size: int, sha256: str) -> None:
    proof = hashlib.sha256()
    for part in _parts(_opener(engine, viewer, file_id, copy_of), size):
        proof.update(part)
    if not hmac.compare_digest(proof.hexdigest(), sha256):
        log.error("file_does_not_verify", extra={"file_id": str(file_id), "copy": copy_of})
        raise DamagedError(what="The file")


def _parts(opened: Callable[[int], bytes], size: int) -> Iterator[bytes]:
    """Return the parts; the first is opened at once, so that what is damaged is known before anything is sent."""
    count = -(-size // PART)
    first = opened(0) if count else b""

    def all_parts() -> Iterator[bytes]:
        yield first
        for number in range(1, count):
            yield opened(number)

    return all_parts()


class PartedFile(io.RawIOBase):
    """Reads a file of `size` bytes; `part` opens a part by its number, all of `length` bytes but the last."""

    def __init__(self, part: Callable[[int], bytes], *, size: int, length: int) -> None:
        """Begin at the start, with nothing open."""
        super().__init__()
        self._part, self._size, self._length = part, size, length
        self._at = 0
        self._number, self._open = -1, b""

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that any place in it can be gone to."""
        return True

    def notify(self) -> int:
        """Return the place that is read next, in bytes from the start."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place; raises ValueError for one before the start."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("a place before the start")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - whatever bytes can be written to
        """Read some bytes, at most to the end of a part; returns how many."""
        view = memoryview(buffer).cast("B")
        if self._at >= self._size or not len(view):
            return 0
        number, inside = divmod(self._at, self._length)
        if number != self._number:
            self._open, self._number = self._part(number), number
        some = self._open[inside : inside + len(view)]
        view[: len(some)] = some
        self._at += len(some)
        return len(some)
