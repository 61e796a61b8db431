"""Of a long case a process loads again what has changed since, and decides as one that loads it whole."""

from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest

from engine.app import build_engine
from engine.assembly import Engine
from engine.cases.encrypted import OpenedWhenRead
from engine.cases.loading import steps_over
from engine.cases.store import CaseStore
from engine.core.records import Step
from engine.core.state import CaseState
from tests.bench.crowd import lengthen
from tests.bench.workload import Bench, complete, open_one, plain_address, scratch_bench

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with scratch_bench() as made:
        yield made


@pytest.fixture(scope="module")
def other(bench: Bench) -> Iterator[Bench]:
    """Give another process over the same database."""
    engine = build_engine(bench.settings, bench.running.urls)
    yield Bench(engine, bench.settings, bench.running, bench.unit_id, bench.viewer, bench.mailbox)
    engine.dispose()


@pytest.mark.long
def test_what_another_process_changes_meanwhile_is_seen(bench: Bench, other: Bench) -> None:
    case_id, item = _long(bench)
    for process in (bench, other, other, bench):
        (item,) = complete(process, item).next_item_ids
    assert case_id in steps_over(bench.engine.vault).known()
    state, whole = _state(bench.engine, case_id), _whole(bench, case_id)
    assert list(state.steps) == list(whole.steps)  # in the same order, too
    assert list(state.live) == list(whole.live)
    assert [dict(step.outputs) for step in _answered(state)] == [dict(step.outputs) for step in _answered(whole)]
    plain = {"outputs": {}}
    assert [s.model_copy(update=plain) for s in state.steps.values()] == [
        s.model_copy(update=plain) for s in whole.steps.values()
    ]


def test_a_case_whose_chain_is_another_is_loaded_whole(bench: Bench) -> None:
    case_id, item = _long(bench)
    complete(bench, item)
    _state(bench.engine, case_id)
    with psycopg.connect(plain_address(bench.running.urls.owner)) as owner:
        owner.execute("UPDATE step SET outcome = 'restored' WHERE case_id = %s AND outcome = 'done'", (case_id,))
        owner.commit()
        assert not any(step.outcome == "restored" for step in _state(bench.engine, case_id).steps.values())
        owner.execute("ALTER TABLE event DISABLE TRIGGER USER")
        owner.execute("UPDATE event SET hash = '\\x00' WHERE case_id = %s", (case_id,))
        owner.execute("ALTER TABLE event ENABLE TRIGGER USER")
        owner.commit()
    assert any(step.outcome == "restored" for step in _state(bench.engine, case_id).steps.values())


def test_what_was_decrypted_of_steps_that_are_over_is_decrypted_anew_for_each_decision(bench: Bench) -> None:
    case_id, _ = _long(bench)
    _state(bench.engine, case_id)
    outputs = [step.outputs for step in _answered(_state(bench.engine, case_id)) if step.outputs]
    assert outputs
    assert all(isinstance(one, OpenedWhenRead) and one._opened is not None for one in outputs)
    _state(bench.engine, case_id)
    assert all(isinstance(one, OpenedWhenRead) and one._opened is None for one in outputs)


def test_few_cases_are_remembered(bench: Bench) -> None:
    for _ in range(17):
        _long(bench)
    assert len(steps_over(bench.engine.vault).known()) == 16


def _long(bench: Bench) -> tuple[UUID, UUID]:
    """Open a case that looks back on 120 steps, and load it once."""
    case_id, item = open_one(bench)
    (item,) = complete(bench, item).next_item_ids
    lengthen(bench, case_id, events=600)
    _state(bench.engine, case_id)
    return case_id, item


def _answered(state: CaseState) -> list[Step]:
    """List the steps that somebody has answered: the others were written by the database alone."""
    return [step for step in state.steps.values() if step.added is None]


def _state(engine: Engine, case_id: UUID) -> CaseState:
    with engine.transaction() as tx:
        return tx.of(CaseStore).lock(case_id)


def _whole(bench: Bench, case_id: UUID) -> CaseState:
    engine = build_engine(bench.settings, bench.running.urls)
    try:
        return _state(engine, case_id)
    finally:
        engine.dispose()
