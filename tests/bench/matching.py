"""How many of the persons who are written down once more are found again, how many are taken for others, how soon."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final
from uuid import UUID, uuid4

import psycopg

from engine.app import build_engine
from engine.assembly import Engine
from engine.persons.match_store import MatchStore
from engine.persons.store import PersonStore
from engine.work.actions.reading import likely_the_same
from tests.bench.invented_persons import Identity, identity_of, invent, variants
from tests.bench.workload import Bench, open_one, plain_address

_AT_ONCE: Final = 500


@dataclass
class MatchScore:
    """What was found of persons who are known: right ones, wrong ones, and by what was changed."""

    planted: int = 0
    right: int = 0
    wrong: int = 0
    missed: Counter[str] = field(default_factory=Counter)
    ways: Counter[str] = field(default_factory=Counter)

    @property
    def recall(self) -> float:
        """Return how many of those who are there were found, from 0 to 1."""
        return self.right / self.planted if self.planted else 0.0

    @property
    def precision(self) -> float:
        """Return how many of those who were found are right, from 0 to 1."""
        return self.right / (self.right + self.wrong) if self.right else 0.0

    def note(self, found: set[UUID], right: UUID, how: str) -> None:
        """Count what was found for one person."""
        self.planted += 1
        self.right += right in found
        self.wrong += len(found - {right})
        self.ways[how] += 1
        self.missed[how] += right not in found


@dataclass(frozen=True)
class Matching:
    """What was found within a unit, which opens what it knows, and across units, by tokens alone; seconds a look."""

    within: MatchScore
    across: MatchScore
    seconds_within: Sequence[float]
    seconds_across: Sequence[float]


def measure_matching(bench: Bench, *, persons: int, planted: int, seed: int = 1) -> Matching:
    """Write invented persons down, some of them once more, and look each of these up."""
    case_id, _ = open_one(bench)
    other_case, _ = open_one(bench)
    random = Random(seed)  # noqa: S311 - invented persons, no secret
    people = invent(persons, seed=seed)
    once_more = tuple(variants(people, planted, seed=seed + 1))
    with _quick_engine(bench) as quick:
        known = _write_down(bench, quick, (identity_of(one, random) for one in people), other_case)
        again = _write_down(bench, quick, (one.identity for one in once_more), case_id)
    _analyze(bench)
    within, across = MatchScore(), MatchScore()
    seconds: tuple[list[float], list[float]] = ([], [])
    twins = set(again)
    for person, variant in zip(again, once_more, strict=True):
        began = time.perf_counter()
        found = _within(bench, person, case_id)
        seconds[0].append(time.perf_counter() - began)
        within.note(found - twins, known[variant.of], variant.how)
        began = time.perf_counter()
        found = _across(bench, person)
        seconds[1].append(time.perf_counter() - began)
        across.note(found - twins, known[variant.of], variant.how)
    return Matching(within, across, *seconds)


def _within(bench: Bench, person: UUID, case_id: UUID) -> set[UUID]:
    with bench.engine.transaction() as tx:
        return {one.person_id for one in likely_the_same(bench.engine, tx, person, case_id=case_id)}


def _across(bench: Bench, person: UUID) -> set[UUID]:
    """Compare by tokens alone, as is done with persons of other units: nothing is opened."""
    with bench.engine.transaction() as tx:
        return set(tx.of(MatchStore).alike(person))


def _write_down(bench: Bench, engine: Engine, identities: Iterable[Identity], case_id: UUID) -> list[UUID]:
    """Write persons into a case, sealed and with tokens, by the store that the portal uses."""
    written: list[UUID] = []
    waiting = list(identities)
    while waiting:
        written += _write_batch(bench, engine, waiting[:_AT_ONCE], case_id)
        waiting = waiting[_AT_ONCE:]
    return written


def _write_batch(bench: Bench, engine: Engine, batch: Sequence[Identity], case_id: UUID) -> list[UUID]:
    ids = [uuid4() for _ in batch]
    now = engine.clock.now()
    with engine.transaction() as tx:
        for person, identity in zip(ids, batch, strict=True):
            tx.of(PersonStore).add(
                person, identity, engine.fingerprints.tokens(identity), unit_id=bench.unit_id, at=now
            )
        tx.commit()
    with psycopg.connect(plain_address(bench.running.urls.owner)) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO case_person (case_id, person_id, role, unit_id, position, added_at) "
            "VALUES (%s, %s, 'victim', %s, 1, %s)",
            [(case_id, person, bench.unit_id, now) for person in ids],
        )
    return ids


@contextmanager
def _quick_engine(bench: Bench) -> Iterator[Engine]:
    """Return an engine whose commits do not wait for the disk: writing persons down is not what is measured."""
    joint = "&" if "?" in bench.running.urls.app else "?"
    address = f"{bench.running.urls.app}{joint}options=-csynchronous_commit%3Doff"
    engine = build_engine(bench.settings, replace(bench.running.urls, app=address), channels={"email": bench.mailbox})
    try:
        yield engine
    finally:
        engine.dispose()


def _analyze(bench: Bench) -> None:
    with psycopg.connect(plain_address(bench.running.urls.owner), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE person, person_token, search_token, case_person")
