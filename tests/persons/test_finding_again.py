"""Persons who are written down once more are found again, by whoever may open them and by blind tokens alone."""

import pytest

from tests.bench.matching import Matching, measure_matching
from tests.bench.workload import Scratch, scratch_bench

pytestmark = pytest.mark.long

SEED = 20
MANY, FEW = 50_000, 2_000


@pytest.fixture(scope="module")
def few(quick_bench: Scratch) -> Matching:
    with quick_bench() as bench:
        return measure_matching(bench, persons=FEW, planted=200, seed=SEED)


def test_nearly_all_are_found_within_a_unit_and_nearly_all_who_are_found_are_right(few: Matching) -> None:
    assert few.within.planted == 200
    assert few.within.recall >= 0.95
    assert few.within.precision >= 0.9


def test_across_units_blind_tokens_alone_do_nearly_as_well(few: Matching) -> None:
    assert few.across.recall >= 0.95
    assert few.across.precision >= 0.9


def test_every_way_of_writing_somebody_otherwise_is_among_them(few: Matching) -> None:
    ways = {way for both in few.within.ways for way in both.split("+")}
    assert ways == {"spelling", "script", "order", "typing", "alias"}
    for way in ways:
        asked = sum(count for both, count in few.within.ways.items() if way in both.split("+"))
        missed = sum(count for both, count in few.within.missed.items() if way in both.split("+"))
        assert missed <= asked / 8, way


@pytest.mark.faults
def test_fifty_thousand_persons() -> None:
    with scratch_bench() as bench:
        found = measure_matching(bench, persons=MANY, planted=1_000, seed=SEED)
    assert found.within.recall >= 0.95
    assert found.within.precision >= 0.9
    assert found.across.recall >= 0.95
    assert found.across.precision >= 0.9
