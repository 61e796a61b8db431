"""Prove the chains against their heads, against checkpoints and against what was written outside."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from sqlalchemy import Engine as SqlEngine
from sqlalchemy import text

from engine.audit.chain_reading import (
    CASES,
    READINGS,
    STREAMS,
    ChainBreak,
    ChainKind,
    ChainRow,
    KeptHead,
    KnownSigners,
    Signatures,
    fast_texts,
    fits,
    heads,
    links,
    name_fault,
)
from engine.audit.store import written_since
from engine.core.history import Checkpoint, Head, Written, hash_of
from engine.db.row_history import GENESIS
from engine.keys.vault import LinkKey, Vault
from engine.overview.records import AuditFault

_LATEST = """
    SELECT DISTINCT ON (chain COLLATE "C") substr(chain, %(after)s), '', length, head FROM checkpoint_head
    WHERE starts_with(chain, %(prefix)s) AND {until} ORDER BY chain COLLATE "C", number DESC
"""


class Outside(NamedTuple):
    """A line of what was written outside of the database: its place, and what it says if it can be read."""

    place: str
    written: Written | None


def broken_chains(found: Iterable[AuditFault]) -> Iterator[tuple[str, int]]:
    """Return of faults those of cases: the case's number, and the first event that does not fit."""
    return ((fault.case_number, fault.seq) for fault in found if fault.chain.startswith("Case "))


class Chain(NamedTuple):
    """One chain as it is read: what is said of it, and what checkpoints have seen.

    `lengths` says how long it was at the checkpoints that closed keys.
    """

    key: str
    kept: KeptHead | None
    seen: tuple[Head, ...]
    lengths: Mapping[int, int]
    rows: Iterable[ChainRow]


def faults(sql: SqlEngine, vault: Vault, signer: Signatures, outside: Iterable[Outside] = ()) -> Iterator[AuditFault]:
    """Go through checkpoints, what was written outside, and all chains; returns the first bad row of each.

    All is read as it was at one moment. Nothing is held of what was read but the heads that only the outside knows.
    """
    keys = vault.chain_keys()
    with sql.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True) as connection:
        connection.execute(text("SELECT 1"))
        signatures = KnownSigners(signer, connection)
        digests: dict[int, bytes] = {}
        yield from _of_checkpoints(written_since(connection, 0), signatures, digests)
        only_outside: dict[str, Head] = {}
        yield from _of_outside(outside, signatures, digests, only_outside)
        ends = sorted({key.until for key in keys if key.until is not None})
        yield from _of_ends(ends, digests)
        for kind in (CASES, STREAMS, READINGS):
            mine = {h.chain.removeprefix(kind.prefix): h for n, h in only_outside.items() if n.startswith(kind.prefix)}
            with ExitStack() as stack:
                rows = stack.enter_context(links(connection, kind.rows))
                kept = stack.enter_context(heads(connection, kind.heads))
                at = {"after": len(kind.prefix) + 1, "prefix": kind.prefix}
                seen = stack.enter_context(heads(connection, _LATEST.format(until="TRUE"), **at))
                then = _LATEST.format(until="number <= %(end)s")
                known = [end for end in ends if end in digests]
                closed = {end: stack.enter_context(heads(connection, then, end=end, **at)) for end in known}
                for chain in _together(rows, kept, seen, mine, closed):
                    fault = first_fault(keys, kind, chain)
                    if fault is not None:
                        yield name_fault(connection, keys, kind, fault)


def first_fault(keys: Sequence[LinkKey], kind: ChainKind, chain: Chain) -> ChainBreak | None:
    """Go through one chain; returns the first place at which it does not fit.

    Almost every row bears the newest key over the fast text of its content; the others are looked at more closely.
    """
    kept, seen = chain.kept, {head.length: head.head for head in chain.seen}
    text_of, sign = fast_texts(kind, chain.key), keys[0].sign
    previous, expected = GENESIS, 0
    for row in chain.rows:
        expected += 1
        is_next = row.seq == expected
        is_newest = is_next and text_of is not None and sign(previous, text_of(row)) == row.hash
        if not is_newest and not (is_next and fits(_live(keys, chain, expected), kind, previous, row)):
            is_over = kept is not None and (expected - 1, previous) == (kept.length, kept.head)
            is_outdated = is_next and fits(keys, kind, previous, row)
            return ChainBreak(chain.key, expected, previous, row, kept, is_over=is_over, is_outdated=is_outdated)
        previous = row.hash
        if expected in seen and seen[expected] != previous:
            return ChainBreak(chain.key, expected, previous, row, kept, is_rewritten=True)
    should = max([kept.length if kept else 0, *seen])
    if expected < should:
        return ChainBreak(chain.key, expected + 1, previous, None, kept, until=should)
    if kept is None or (expected, previous) != (kept.length, kept.head):
        return ChainBreak(chain.key, expected + 1, previous, None, kept)
    return None


def _live(keys: Sequence[LinkKey], chain: Chain, seq: int) -> tuple[LinkKey, ...]:
    """Return the keys of which a link of this number counts; an end that the database does not know closes nothing."""
    return tuple(key for key in keys if key.until is None or seq <= chain.lengths.get(key.until, seq))


def _of_ends(ends: Iterable[int], digests: Mapping[int, bytes]) -> Iterator[AuditFault]:
    for number in ends:
        if number not in digests:
            yield _checkpoint_fault(
                "rolled_back", number, "closed a key of the chains and is not in the database: it was put back to an"
                " older state, or its newest part was removed",
            )  # fmt: skip


def _of_checkpoints(
    kept: Iterable[Written], signatures: KnownSigners, digests: dict[int, bytes]
) -> Iterator[AuditFault]:
    previous, last = b"", None
    for expected, written in enumerate(kept, start=1):
        one = written.checkpoint
        if one.number != expected:
            yield _checkpoint_fault("deleted", expected, "is not there any more")
            return
        if one.previous != previous or one.heads_hash != hash_of(written.heads):
            yield _checkpoint_fault("edited", expected, "was changed")
            return
        if last is not None and last.key_id != one.key_id and not _is_handed_over(last, one, signatures):
            yield _checkpoint_fault("edited", expected, "bears another key, which the one before has not named")
        previous, last = one.digest, one
        digests[one.number] = one.digest
    if last is not None and not (
        signatures.leads_here(last.key_id, last.number)
        and signatures.is_ours(last.key_id, last.signed_text, last.signature)
    ):
        yield _checkpoint_fault("edited", last.number, "bears a signature that is not ours")


def _is_handed_over(last: Checkpoint, one: Checkpoint, signatures: KnownSigners) -> bool:
    is_ours = signatures.is_ours(last.key_id, last.signed_text, last.signature)
    return is_ours and signatures.may_follow(last.key_id, one.key_id, last.number)


def _of_outside(
    outside: Iterable[Outside], signatures: KnownSigners, digests: Mapping[int, bytes], only_outside: dict[str, Head]
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
    rows: Iterator[ChainRow],
    kept: Iterator[KeptHead],
    seen: Iterator[KeptHead],
    outside: dict[str, Head],
    closed: Mapping[int, Iterator[KeptHead]],
) -> Iterator[Chain]:
    """Go through rows, heads and checkpoints side by side, all in the order of their keys: one chain at a time."""
    named = (KeptHead(key, "", 0, b"") for key in sorted(outside))
    streams: dict[str | int, Iterator[KeptHead]] = {"kept": kept, "seen": seen, "outside": named}
    ahead = _Ahead(rows, {**streams, **dict(closed.items())})
    while (key := ahead.lowest()) is not None:
        head, known = ahead.take("kept", key), ahead.take("seen", key)
        ahead.take("outside", key)
        marks = [Head(key, known.length, known.head)] if known else []
        if key in outside:
            marks.append(outside[key])
        then = {end: ahead.take(end, key) for end in closed}
        lengths = {end: one.length if one else 0 for end, one in then.items()}
        yield Chain(key, head, tuple(marks), lengths, ahead.rows_of(key))
        ahead.leave(key)


class _Ahead:
    """The next element of each of the sorted streams."""

    def __init__(self, rows: Iterator[ChainRow], streams: Mapping[str | int, Iterator[KeptHead]]) -> None:
        """Look at the first of each."""
        self._streams = streams
        self._next = {name: next(stream, None) for name, stream in streams.items()}
        self._groups = groupby(rows, key=itemgetter(0))
        self._group = next(self._groups, None)

    def lowest(self) -> str | None:
        """Return the first key that is still to come in any of them."""
        keys = [one.key for one in self._next.values() if one is not None]
        return min([*keys, self._group[0]] if self._group else keys, default=None)

    def take(self, name: str | int, key: str) -> KeptHead | None:
        """Take the element of a key from a stream, if it is the next one."""
        one = self._next[name]
        if one is None or one.key != key:
            return None
        self._next[name] = next(self._streams[name], None)
        return one

    def rows_of(self, key: str) -> Iterable[ChainRow]:
        """Return the rows of a key."""
        return self._group[1] if self._group is not None and self._group[0] == key else ()

    def leave(self, key: str) -> None:
        """Go on to the next key, past rows that nobody asked for."""
        if self._group is not None and self._group[0] == key:
            self._group = next(self._groups, None)
