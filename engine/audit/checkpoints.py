"""Sign how far every chain has come, each minute, and write it to a second place."""

import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, RowMapping, insert, select, text

from engine.core.history import Checkpoint, Head, Written, read_line, to_line
from engine.db.locks import SIGN_CHECKPOINT
from engine.db.store import Store
from engine.db.tables import TABLES
from engine.errors import SettingsError

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
