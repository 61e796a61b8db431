"""What happens beside cases, who looked at what, and how far every chain has come: written last of all, and signed."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, RowMapping, bindparam, insert, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from engine.audit.records import AuditUnavailableError, RecordedReading, Stream
from engine.core.history import SIGNER_REPLACED, SIGNER_USED, Checkpoint, Head, Written, read_line, to_line
from engine.db.locks import SIGN_CHECKPOINT
from engine.db.row_history import GENESIS, reading_link, stream_link
from engine.db.store import Store, Within
from engine.db.tables import TABLES
from engine.errors import SettingsError

_EVENT, _READING = TABLES["audit_event"], TABLES["reading"]
_CHAIN = TABLES["audit_chain"]
_SAVED = (
    update(_CHAIN)
    .where(_CHAIN.c.name == bindparam("chain"))
    .values(length=bindparam("chain_length"), head=bindparam("chain_head"))
    .cte("saved")
)
_ADD_EVENT, _ADD_READING = insert(_EVENT).add_cte(_SAVED), insert(_READING).add_cte(_SAVED)
_BEGIN = text("INSERT INTO audit_chain (name, length, head) VALUES (:name, 0, '') ON CONFLICT (name) DO NOTHING")
_LOCK = text("SELECT length, head FROM audit_chain WHERE name = :name FOR UPDATE")
_READ_SINCE = text("SELECT count(*) FROM reading WHERE actor_id = :actor AND at > :since AND what = ANY(:of)")
_USED_SINCE = text(
    "SELECT count(*) FROM audit_event"
    " WHERE stream = 'sign-in' AND type = 'KeyUsed' AND actor_id = :actor AND at > :since"
)
_KNOWS_SIGNER = text(
    "SELECT 1 FROM audit_event WHERE stream = 'keys' AND type = :used AND jsonb_exists(body -> 'keys', :key) LIMIT 1"
)
_REPLACED_SIGNERS = text("SELECT at, body FROM audit_event WHERE stream = 'keys' AND type = :replaced ORDER BY seq")
_OPENED = text("""
    SELECT actor_id, count(DISTINCT case_id) FROM reading
    WHERE actor_id IS NOT NULL AND at > :since AND at <= :until AND what <> 'found'
    GROUP BY actor_id ORDER BY actor_id
""")
_MEDIAN = text("""
    SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY opened) FROM (
        SELECT count(DISTINCT case_id) AS opened FROM reading
        WHERE actor_id = :actor AND at > :since AND at <= :until AND what <> 'found' GROUP BY date_trunc('hour', at)
    ) hours
""")


def stream_name(stream: str) -> str:
    """Name the chain of a stream."""
    return f"stream:{stream}"


def readings_name(case_id: UUID) -> str:
    """Name the chain of the readings of a case."""
    return f"readings:{case_id}"


class AuditLogStore(Store):
    """Chained notes in PostgreSQL, within one transaction.

    They are held until the commit and written in the order of their chains' names, after everything else: two
    transactions never wait for each other's chains in a circle, and hold a chain only while they commit.
    """

    def __init__(self, within: Within) -> None:
        """Work inside a transaction."""
        super().__init__(within)
        self._held: dict[str, list[dict[str, Any]]] = {}

    def note(self, stream: Stream, type_: str, body: Mapping[str, Any], *, actor_id: UUID | None, at: datetime) -> None:
        """Add an event to a stream; ids, codes and counts only, no personal data."""
        row = {"stream": str(stream), "type": type_, "body": dict(body), "actor_id": actor_id, "at": at}
        self._held.setdefault(stream_name(stream), []).append(row)

    def knows_signer(self, key_id: str) -> bool:
        """Return whether the public half of a key that signs checkpoints was recorded."""
        values = {"used": SIGNER_USED, "key": key_id}
        return self._connection.execute(_KNOWS_SIGNER, values).first() is not None

    def replaced_signers(self) -> tuple[tuple[int, datetime], ...]:
        """List after which checkpoints a restore found another key that signs, and when it did (UTC)."""
        rows = self._connection.execute(_REPLACED_SIGNERS, {"replaced": SIGNER_REPLACED})
        return tuple((int(row.body["after"]), row.at) for row in rows)

    def note_reading(self, reading: RecordedReading) -> None:
        """Add that somebody looked at what identifies people of a case."""
        row = reading._asdict() | {"classes": list(reading.classes), "roles": list(reading.roles)}
        self._held.setdefault(readings_name(reading.case_id), []).append(row)

    def count_readings(self, actor_id: UUID, *, of: Collection[str], since: datetime) -> int:
        """Count how often somebody has looked at some parts of cases after an instant."""
        values = {"actor": actor_id, "since": since, "of": sorted(of)}
        return int(self._connection.execute(_READ_SINCE, values).scalar_one())

    def count_uses(self, actor_id: UUID, *, since: datetime) -> int:
        """Count how often the keys of a service account were used after an instant."""
        return int(self._connection.execute(_USED_SINCE, {"actor": actor_id, "since": since}).scalar_one())

    def opened(self, *, since: datetime, until: datetime) -> tuple[tuple[UUID, int], ...]:
        """Count how many cases each person has opened after one instant and up to another."""
        return tuple((row[0], row[1]) for row in self._connection.execute(_OPENED, {"since": since, "until": until}))

    def median_hour(self, actor_id: UUID, *, since: datetime, until: datetime) -> float:
        """Return the median of how many cases somebody opened in an hour, of the hours with any; 0 for none."""
        values = {"actor": actor_id, "since": since, "until": until}
        return float(self._connection.execute(_MEDIAN, values).scalar() or 0)

    def flush(self) -> None:
        """Write what is held; raises `AuditUnavailableError`, upon which the transaction can keep nothing."""
        held, self._held = self._held, {}
        try:
            for name in sorted(held):
                self._append(name, held[name])
        except SQLAlchemyError as error:
            raise AuditUnavailableError from error

    def _append(self, name: str, rows: list[dict[str, Any]]) -> None:
        length, head = self._locked(name)
        is_stream = name.startswith("stream:")
        make = stream_link if is_stream else reading_link
        links = []
        for row in rows:
            length += 1
            head = make(self._vault, head or GENESIS, row | {"seq": length})
            links.append(row | {"seq": length, "hash": head})
        after = {"chain": name, "chain_length": length, "chain_head": head}
        self._connection.execute(_ADD_EVENT if is_stream else _ADD_READING, [link | after for link in links])

    def _locked(self, name: str) -> tuple[int, bytes]:
        """Lock a chain, which is begun if it has not been; returns its length and its last hash."""
        found = self._connection.execute(_LOCK, {"name": name}).first()
        if found is None:
            self._connection.execute(_BEGIN, {"name": name})
            found = self._connection.execute(_LOCK, {"name": name}).one()
        return found.length, found.head


_CHECKPOINT, _HEAD = TABLES["checkpoint"], TABLES["checkpoint_head"]
_TAKE_TURN = text("SELECT pg_try_advisory_xact_lock(:lock)")
_CHAINS = """(
    SELECT 'case:' || id AS chain, chain_length AS length, chain_head AS head FROM "case" WHERE chain_length > 0
    UNION ALL SELECT name, length, head FROM audit_chain WHERE length > 0
)"""
_TOTALS = text(f"SELECT count(*) AS chains, coalesce(sum(length), 0) AS links FROM {_CHAINS} x")
_MOVED = text(f"""
    SELECT chain, length, head FROM {_CHAINS} x WHERE NOT EXISTS (
        SELECT FROM checkpoint_head h WHERE h.chain = x.chain AND h.length = x.length AND h.head = x.head
    ) ORDER BY chain LIMIT :most
""")


class CheckpointStore(Store):
    """Checkpoints in PostgreSQL, within one transaction."""

    def take_turn(self) -> bool:
        """Return whether no other transaction makes a checkpoint; then none does until this one ends."""
        return bool(self._connection.execute(_TAKE_TURN, {"lock": SIGN_CHECKPOINT}).scalar())

    def last(self) -> Checkpoint | None:
        """Load the newest checkpoint."""
        query = select(_CHECKPOINT).order_by(_CHECKPOINT.c.number.desc()).limit(1)
        row = self._connection.execute(query).mappings().first()
        return checkpoint_of(row) if row else None

    def moved(self, *, most: int) -> tuple[Head, ...]:
        """List chains that are not where a checkpoint has seen them."""
        rows = self._connection.execute(_MOVED, {"most": most})
        return tuple(Head(row.chain, row.length, bytes(row.head)) for row in rows)

    def totals(self) -> tuple[int, int]:
        """Count the chains, and their links."""
        row = self._connection.execute(_TOTALS).one()
        return row.chains, int(row.links)

    def add(self, written: Written) -> None:
        """Write a checkpoint with the heads of the chains that had moved."""
        self._connection.execute(insert(_CHECKPOINT), written.checkpoint.model_dump())
        number = written.checkpoint.number
        heads = [{"number": number, **head._asdict()} for head in written.heads]
        if heads:
            self._connection.execute(insert(_HEAD), heads)

    def since(self, number: int) -> Iterator[Written]:
        """Load the checkpoints from a number on, in order."""
        yield from written_since(self._connection, number)


def written_since(connection: Connection, number: int) -> Iterator[Written]:
    """Load the checkpoints from a number on, in order, a few at a time."""
    query = (
        select(_CHECKPOINT, _HEAD.c.chain, _HEAD.c.length, _HEAD.c.head)
        .select_from(_CHECKPOINT.outerjoin(_HEAD, _HEAD.c.number == _CHECKPOINT.c.number))
        .where(_CHECKPOINT.c.number >= number)
        .order_by(_CHECKPOINT.c.number, _HEAD.c.chain)
    )
    rows = connection.execute(query, execution_options={"yield_per": 2_000}).mappings()
    for _, group in groupby(rows, key=lambda row: row["number"]):
        mine = list(group)
        heads = tuple(Head(row["chain"], row["length"], bytes(row["head"])) for row in mine if row["chain"] is not None)
        yield Written(checkpoint_of(mine[0]), heads)


def checkpoint_of(row: RowMapping | dict[str, Any]) -> Checkpoint:
    """Make a checkpoint of a row."""
    parts = {name: row[name] for name in Checkpoint.model_fields}
    return Checkpoint.model_validate(parts)


class OutsideLine(NamedTuple):
    """A line of a file, and what it says; nothing when it cannot be read."""

    place: str
    written: Written | None


class AnchorFiles:
    """A folder of files that are named by the day (UTC) on which their lines were written."""

    def __init__(self, folder: Path) -> None:
        """Keep the files in `folder`, which is made when it is first needed."""
        self.folder = folder

    def last(self) -> Written | None:
        """Return the last checkpoint that can be read here."""
        for path in sorted(self.folder.glob("*.jsonl"), reverse=True):
            for line in reversed(_lines(path)):
                written = read_line(line)
                if written is not None:
                    return written
        return None

    def append(self, written: Sequence[Written], *, day: datetime) -> None:
        """Add lines to the file of a day and wait until they are on the disk; raises `SettingsError`."""
        path = self.folder / f"{day:%Y-%m-%d}.jsonl"
        text = "".join(to_line(one) + "\n" for one in written)
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(descriptor, (_torn(descriptor) + text).encode())
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            _keep_folder(self.folder)
        except OSError as error:
            raise SettingsError(
                problem=f"The checkpoint cannot be written to {self.folder} ({error.strerror}).",
                remedy="Give ICMC_CHECKPOINTS a folder that can be written to.",
            ) from error

    def lines(self) -> Iterator[OutsideLine]:
        """Return every line of every file in order; raises `SettingsError` for a folder that is not there."""
        if not self.folder.is_dir():
            raise SettingsError(problem=f"There is no folder {self.folder}.", remedy="Name the folder of checkpoints.")
        for path in sorted(self.folder.glob("*.jsonl")):
            with path.open(encoding="utf-8", errors="replace") as file:
                for number, line in enumerate(file, start=1):
                    if line.strip():
                        yield OutsideLine(f"{path.name}, line {number}", read_line(line))


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines()


def _torn(descriptor: int) -> str:
    """Return a line's end for a file whose last line was torn off."""
    size = os.lseek(descriptor, 0, os.SEEK_END)
    return "\n" if size and os.pread(descriptor, 1, size - 1) != b"\n" else ""


def _keep_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
