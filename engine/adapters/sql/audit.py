"""Prove the chains against their heads, against checkpoints and against what was written outside."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import NamedTuple, Protocol

from sqlalchemy import Engine as SqlEngine
from sqlalchemy import text

from engine.adapters.sql.chain import GENESIS
from engine.adapters.sql.chain_faults import Place, name_fault
from engine.adapters.sql.chain_reading import CASES, READINGS, STREAMS, KeptHead, Kind, Link, fits, heads, links
from engine.adapters.sql.checkpoint_store import written_since
from engine.domain.checkpoints import Head, Written, hash_of
from engine.ports import Vault
from engine.views import AuditFault

_LATEST = """
    SELECT DISTINCT ON (chain COLLATE "C") substr(chain, %(after)s), '', length, head FROM checkpoint_head
    WHERE starts_with(chain, %(prefix)s) ORDER BY chain COLLATE "C", number DESC
"""


class Signatures(Protocol):
    """Says whose a signature is."""

    def is_ours(self, key_id: str, text: bytes, signature: bytes) -> bool:
        """Say whether a key of ours made a signature."""
        ...


class Outside(NamedTuple):
    """A line of what was written outside of the database: its place, and what it says if it can be read."""

    place: str
    written: Written | None


def broken_chains(found: Iterable[AuditFault]) -> Iterator[tuple[str, int]]:
    """Give of faults those of cases: the case's number, and the first event that does not fit."""
    return ((fault.case_number, fault.seq) for fault in found if fault.chain.startswith("Case "))


class Chain(NamedTuple):
    """One chain as it is read: what is said of it, and what checkpoints have seen."""

    key: str
    kept: KeptHead | None
    seen: tuple[Head, ...]
    rows: Iterator[Link]


def faults(
    sql: SqlEngine, vault: Vault, signatures: Signatures, outside: Iterable[Outside] = ()
) -> Iterator[AuditFault]:
    """Go through checkpoints, what was written outside, and all chains; gives the first bad row of each.

    All is read as it was at one moment. Nothing is held of what was read but the heads that only the outside knows.
    """
    with sql.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True) as connection:
        connection.execute(text("SELECT 1"))
        digests: dict[int, bytes] = {}
        yield from _of_checkpoints(written_since(connection, 0), signatures, digests)
        only_outside: dict[str, Head] = {}
        yield from _of_outside(outside, signatures, digests, only_outside)
        for kind in (CASES, STREAMS, READINGS):
            mine = {h.chain.removeprefix(kind.prefix): h for n, h in only_outside.items() if n.startswith(kind.prefix)}
            with ExitStack() as stack:
                rows = stack.enter_context(links(connection, kind.rows))
                kept = stack.enter_context(heads(connection, kind.heads))
                after = len(kind.prefix) + 1
                seen = stack.enter_context(heads(connection, _LATEST, after=after, prefix=kind.prefix))
                for chain in _together(rows, kept, seen, mine):
                    fault = _first_fault(vault, kind, chain)
                    if fault is not None:
                        yield name_fault(connection, vault, kind, fault)


def _first_fault(vault: Vault, kind: Kind, chain: Chain) -> Place | None:
    """Go through one chain; gives the first place at which it does not fit."""
    kept, seen = chain.kept, {head.length: head.head for head in chain.seen}
    previous, expected = GENESIS, 0
    for row in chain.rows:
        expected += 1
        is_over = kept is not None and (expected - 1, previous) == (kept.length, kept.head)
        if row.seq != expected or not fits(vault, kind, previous, row):
            return Place(chain.key, expected, previous, row, kept, is_over=is_over)
        previous = row.hash
        if seen.get(expected, previous) != previous:
            return Place(chain.key, expected, previous, row, kept, is_rewritten=True)
    should = max([kept.length if kept else 0, *seen])
    if expected < should:
        return Place(chain.key, expected + 1, previous, None, kept, until=should)
    if kept is None or (expected, previous) != (kept.length, kept.head):
        return Place(chain.key, expected + 1, previous, None, kept)
    return None


def _of_checkpoints(kept: Iterable[Written], signatures: Signatures, digests: dict[int, bytes]) -> Iterator[AuditFault]:
    previous, last = b"", None
    for expected, written in enumerate(kept, start=1):
        one = written.checkpoint
        if one.number != expected:
            yield _checkpoint_fault("deleted", expected, "is not there any more")
            return
        if one.previous != previous or one.heads_hash != hash_of(written.heads):
            yield _checkpoint_fault("edited", expected, "was changed")
            return
        previous, last = one.digest, one
        digests[one.number] = one.digest
    if last is not None and not signatures.is_ours(last.key_id, last.signed_text, last.signature):
        yield _checkpoint_fault("edited", last.number, "bears a signature that is not ours")


def _of_outside(
    outside: Iterable[Outside], signatures: Signatures, digests: Mapping[int, bytes], only_outside: dict[str, Head]
) -> Iterator[AuditFault]:
    """Compare what was written outside; the heads of what the database does not have are put into `only_outside`."""
    is_told = False
    for line in outside:
        if line.written is None:
            continue  # a line that was torn off: the one after it says the same
        one = line.written.checkpoint
        if digests.get(one.number) == one.digest:
            continue
        is_signed = signatures.is_ours(one.key_id, one.signed_text, one.signature)
        if not is_signed or one.heads_hash != hash_of(line.written.heads):
            yield _checkpoint_fault("edited", one.number, f"was changed outside ({line.place})")
            continue
        for head in line.written.heads:
            earlier = only_outside.get(head.chain)
            if earlier is None or earlier.length < head.length:
                only_outside[head.chain] = head
        if not is_told:
            is_told = True
            when = f"{one.at:%Y-%m-%d %H:%M} UTC"
            yield _checkpoint_fault(
                "rolled_back", one.number, f"of {when} was written outside and is not in the database: it was put back"
                " to an older state, or its newest part was removed",
            )  # fmt: skip


def _checkpoint_fault(what: str, number: int, words: str) -> AuditFault:
    return AuditFault(what=what, chain="checkpoints", seq=number, in_words=f"Checkpoint {number} {words}.")


def _together(
    rows: Iterator[Link], kept: Iterator[KeptHead], seen: Iterator[KeptHead], outside: dict[str, Head]
) -> Iterator[Chain]:
    """Go through rows, heads and checkpoints side by side, all in the order of their keys: one chain at a time."""
    ahead = _Ahead(rows, kept, seen, iter(sorted(outside)))
    while (key := ahead.lowest()) is not None:
        head, known = ahead.take("kept", key), ahead.take("seen", key)
        ahead.take("outside", key)
        marks = [Head(key, known.length, known.head)] if known else []
        if key in outside:
            marks.append(outside[key])
        yield Chain(key, head, tuple(marks), ahead.rows_of(key))
        ahead.skip(key)


class _Ahead:
    """The next element of each of the sorted streams."""

    def __init__(
        self, rows: Iterator[Link], kept: Iterator[KeptHead], seen: Iterator[KeptHead], outside: Iterator[str]
    ) -> None:
        """Look at the first of each."""
        named = (KeptHead(key, "", 0, b"") for key in outside)
        self._streams: dict[str, Iterator[KeptHead]] = {"kept": kept, "seen": seen, "outside": named}
        self._next = {name: next(stream, None) for name, stream in self._streams.items()}
        self._rows = rows
        self._row = next(rows, None)

    def lowest(self) -> str | None:
        """Give the first key that is still to come in any of them."""
        keys = [one.key for one in self._next.values() if one is not None]
        return min([*keys, self._row.key] if self._row else keys, default=None)

    def take(self, name: str, key: str) -> KeptHead | None:
        """Take the element of a key from a stream, if it is the next one."""
        one = self._next[name]
        if one is None or one.key != key:
            return None
        self._next[name] = next(self._streams[name], None)
        return one

    def rows_of(self, key: str) -> Iterator[Link]:
        """Give the rows of a key."""
        while self._row is not None and self._row.key == key:
            row = self._row
            self._row = next(self._rows, None)
            yield row

    def skip(self, key: str) -> None:
        """Leave the rows of a key that nobody asked for."""
        for _ in self.rows_of(key):
            pass
