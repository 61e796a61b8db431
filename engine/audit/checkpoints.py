"""Sign how far every chain has come, each minute, and write it to a second place."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, text

from engine.core.checkpoints import Checkpoint, Head, Written
from engine.db.locks import SIGN_CHECKPOINT
from engine.db.store import Store
from engine.db.tables import TABLES

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
