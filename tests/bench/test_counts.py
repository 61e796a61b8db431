"""What a person's step costs is counted, not timed: statements, trips to the database, calls of Python."""

import cProfile
import pstats
import re
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text

from engine.cases.actions.open import open_case
from engine.course.actions.steer import add_step
from engine.deadlines.actions import firing
from engine.deadlines.actions.firing import IN_ONE_COMMIT, lock_for_firing
from engine.definitions.actions.publish import lint_source
from engine.language.yaml_files import read_yaml
from engine.messages.actions.delivering import deliver_due
from engine.messages.actions.notifying import STORM, held_back_for
from engine.messages.records import DeliveryScope, NewMessage
from engine.messages.store import KnownMessages, MessageStore
from engine.overview.views.case_rows import case_rows
from engine.work.views.worklist import work_lines
from tests.bench.crowd import fill, lengthen
from tests.bench.deadlines import StandingClock, at, fire_all, make_ready
from tests.bench.deliveries import write_messages
from tests.bench.workload import REPORT, WORKFLOW, Bench, Scratch, claim, complete, open_one, plain_address
from tests.kit.shipped import CASES

_WARM = 3
"""Cases before anything is counted: definitions are compiled, keys opened, statements prepared."""
_MEASURED = 8
_MESSAGES = 20
_OTHERS = 4_000
_LINES = 25
_PLANNED_AFTER = 8
"""So often something is asked before the driver and PostgreSQL have settled on how it is planned, and then some."""
_ROWS_LOOKED_AT = "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables"
_LINE = re.compile(r"^\S+ \S+\t([FB])\t(\d+)\t(\w+)((?:\t[^\n]*)?(?:\n(?!\d{4}-)[^\n]*)*)", re.MULTILINE)
_NAME = re.compile(r'\s*"" "([^"]+)"')
_PREPARED = re.compile(r'\s*"([^"]+)" "')


@pytest.fixture(scope="module")
def bench(quick_bench: Scratch) -> Iterator[Bench]:
    with quick_bench() as made:
        for _ in range(_WARM):
            _, item = open_one(made)
            _completed(made, item, 2)
        yield made


def test_completing_an_item_is_two_trips_that_lock_load_and_write(bench: Bench) -> None:
    _, item = open_one(bench)
    item = _completed(bench, item, 1)
    with _wire(bench) as sent:
        complete(bench, item)
    # BEGIN travels with the lock and the loading, COMMIT with what writes; who waits for jobs is woken after it, since
    # commits that notify reach the disk one by one. Nobody is woken for a deadline that is due in days.
    assert [_kind(statement) for statement in sent] == ["BEGIN", "lock", "load", "write", "COMMIT", "wake"]
    assert sent.trips == 2


def test_the_key_of_a_case_and_whether_keys_were_destroyed_come_with_it(bench: Bench) -> None:
    case_id, item = open_one(bench)
    item, vault = _completed(bench, item, 1), bench.engine.vault
    del vault._newest[case_id], vault._open[case_id, 1]  # as in a process that has not seen the case
    with _wire(bench) as sent:
        vault._looked_at = float("-inf")  # so long ago that it must be asked again
        complete(bench, item)
    assert sent.trips == 2, list(sent)
    assert case_id in vault._newest


def test_claiming_an_item_is_two_trips_that_lock_load_and_write(bench: Bench) -> None:
    claim(bench, open_one(bench)[1])
    _, item = open_one(bench)
    with _wire(bench) as sent:
        claim(bench, item)
    assert [_kind(statement) for statement in sent] == ["BEGIN", "lock", "load", "write", "COMMIT"]
    assert sent.trips == 2


def test_opening_a_case_is_three_trips(bench: Bench) -> None:
    with _wire(bench) as sent:
        open_case(
            bench.engine, answers=REPORT, unit_id=bench.unit_id, viewer=bench.viewer, command_id=uuid4(),
            workflow=WORKFLOW,
        )  # fmt: skip
    # What must be known travels with BEGIN and the turn of the command, the keys of case and person by themselves.
    assert sent.trips == 3, list(sent)


def test_adding_a_step_is_two_trips(bench: Bench) -> None:
    case_id, _ = open_one(bench)
    with _wire(bench) as sent:
        add_step(bench.engine, case_id, viewer=bench.viewer, command_id=uuid4(), uses="core.decide")
    assert sent.trips == 2, list(sent)


def test_a_text_is_checked_with_few_questions_and_what_it_extends_is_not_read_again(bench: Bench) -> None:
    text = (CASES / "child-labour.yaml").read_text(encoding="utf-8")
    lint_source(bench.engine, text)
    read = read_yaml.cache_info().misses
    with _wire(bench) as sent:
        assert lint_source(bench.engine, f"{text}# typed\n") == ()
    assert len(sent) <= 6, list(sent)  # and not one for each of the workflows that it may extend
    assert read_yaml.cache_info().misses == read + 1, "the text itself"


@pytest.mark.parametrize("name", ["child-labour", "missing-child", "compensation"])
def test_a_text_is_checked_with_at_most_so_many_calls(bench: Bench, name: str) -> None:
    text, profile = (CASES / f"{name}.yaml").read_text(encoding="utf-8"), cProfile.Profile()
    lint_source(bench.engine, text)
    profile.enable()
    assert lint_source(bench.engine, f"{text}# typed\n") == ()
    profile.disable()
    # The longest with what it extends takes 189,000, a tenth of a second: an editor asks while somebody types.
    assert pstats.Stats(profile).total_calls <= 240_000  # type: ignore[attr-defined]


def test_completing_an_item_takes_at_most_so_many_calls(bench: Bench) -> None:
    _, item = open_one(bench)
    item, profile = _completed(bench, item, 1), cProfile.Profile()
    profile.enable()
    _completed(bench, item, _MEASURED)
    profile.disable()
    assert pstats.Stats(profile).total_calls / _MEASURED <= 2_000  # type: ignore[attr-defined]


def test_firing_a_deadline_takes_few_calls_and_its_trips_are_shared(bench: Bench) -> None:
    # Less than a batch: a whole one is fired in a thread of its own, whose calls are not counted.
    due_at, profile = make_ready(bench, copies=IN_ONE_COMMIT - 2), cProfile.Profile()
    with _wire(bench) as sent:
        profile.enable()
        fired = fire_all(at(bench, StandingClock(due_at)))
        profile.disable()
    assert fired >= IN_ONE_COMMIT - 1
    assert pstats.Stats(profile).total_calls / fired <= 2_250  # type: ignore[attr-defined]
    assert sent.trips / fired <= 1


def test_batches_that_are_fired_at_once_count_together_what_somebody_is_sent(bench: Bench) -> None:
    known, who, now = KnownMessages(), bench.viewer.actor_id, bench.engine.clock.now() + timedelta(days=99)
    about: dict[str, Any] = {"recipient_id": who, "channel": "email", "kind": "overdue", "critical": False}
    with bench.engine.transaction() as one, bench.engine.transaction() as other:
        for tx in (one, other):
            lock_for_firing(tx, (), known)
        for number in range(10):
            assert held_back_for(one, **about, now=now) == ""
            message = NewMessage(key=str(number), case_id=None, subject="", body="", link="", **about)
            one.of(MessageStore).add(message, unit_id=None, at=now)
        assert held_back_for(other, **about, now=now) == STORM


@pytest.mark.long
def test_a_backlog_is_fired_once_by_batches_at_once_that_take_turns_at_deciding(
    quick_bench: Scratch, monkeypatch: pytest.MonkeyPatch
) -> None:
    deciding, together = set[int](), list[int]()
    decide = firing._decide

    def watched(*args: Any) -> Any:
        deciding.add(threading.get_ident())
        together.append(len(deciding))
        try:
            return decide(*args)
        finally:
            deciding.remove(threading.get_ident())

    monkeypatch.setattr(firing, "_decide", watched)
    with quick_bench() as bench:
        due_at = make_ready(bench, copies=499)
        assert fire_all(at(bench, StandingClock(due_at))) == 500
        with psycopg.connect(plain_address(bench.running.urls.owner)) as connection:
            fired = connection.execute("SELECT count(*), count(DISTINCT deadline_id) FROM escalation").fetchone()
            sent = connection.execute("SELECT count(*) FROM delivery WHERE channel = 'email' AND status = 'waiting'")
            assert fired == (500, 500)
            assert (sent.fetchone() or (0,))[0] <= 10
    assert len(together) >= 500 / IN_ONE_COMMIT
    assert set(together) == {1}


def test_a_delivery_that_was_taken_is_recorded_in_one_trip(bench: Bench) -> None:
    write_messages(bench, _MESSAGES + 1, [open_one(bench)[0]])
    deliver_due(bench.engine, bench.mailbox, DeliveryScope("email"), most=1)
    with _wire(bench) as sent:
        passed = deliver_due(bench.engine, bench.mailbox, DeliveryScope("email"), most=_MESSAGES)
    assert passed.taken == _MESSAGES
    records = [place for place, statement in enumerate(sent) if "SET status = 'delivered'" in statement]
    assert len(records) == _MESSAGES
    assert all(sent[place + 1] == "COMMIT" for place in records)
    assert sent.trips <= _MESSAGES + 9, list(sent)  # what remains is the first one, and the others, being claimed


def test_a_step_costs_no_more_statements_late_in_a_case_than_early(bench: Bench) -> None:
    _, item = open_one(bench)
    item = _completed(bench, item, 1)
    with _wire(bench) as early:
        item = _completed(bench, item, 1)
    item = _completed(bench, item, 6)
    with _wire(bench) as late:
        _completed(bench, item, 1)
    assert [_kind(statement) for statement in late] == [_kind(statement) for statement in early]


def test_a_long_case_is_completed_with_what_a_short_one_takes(bench: Bench) -> None:
    case_id, item = open_one(bench)
    item, calls, sent = _completed(bench, item, 1), list[float](), list[_Sent]()
    for more in (100, 4_900):
        lengthen(bench, case_id, events=more)
        item, profile = _completed(bench, item, 1), cProfile.Profile()
        with _wire(bench) as wired:
            profile.enable()
            item = _completed(bench, item, 1)
            profile.disable()
        calls.append(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]
        sent.append(wired)
    assert [_kind(statement) for statement in sent[0]] == [_kind(statement) for statement in sent[1]]
    assert calls[1] <= 1.1 * calls[0]
    assert sent[1].answered <= 1.1 * sent[0].answered + 500  # bytes


def test_a_worklist_and_a_case_are_read_without_looking_at_what_else_there_is(quick_bench: Scratch) -> None:
    with quick_bench() as made:
        case_id, _ = open_one(made)
        fill(made, cases=_OTHERS)
        for _ in range(_PLANNED_AFTER):
            assert _looked_at(made, work_lines, limit=_LINES) < _OTHERS / 4
            assert _looked_at(made, case_rows, case_id) < _OTHERS / 4


def _looked_at(bench: Bench, view: Callable[..., object], *args: object, **kwargs: object) -> int:
    """Count the rows that PostgreSQL looks at while a view is asked."""
    with bench.engine.reading(bench.viewer) as reading:
        connection, rows = reading.connection.connection, text(_ROWS_LOOKED_AT)
        before = connection.execute(rows).scalar_one()  # of earlier transactions, too, until they are reported
        view(reading, bench.viewer, *args, **kwargs)
        return int(connection.execute(rows).scalar_one() - before)


def _completed(bench: Bench, item: UUID, times: int) -> UUID:
    for _ in range(times):
        (item,) = complete(bench, item).next_item_ids
    return item


class _Sent(list[str]):
    """The statements that were sent, and in how many trips."""

    trips = 0
    answered = 0
    """How many bytes came back."""


@contextmanager
def _wire(bench: Bench) -> Iterator[_Sent]:
    """Give what is sent to PostgreSQL within, as the driver's own library traces it."""
    sent, known = _Sent(), {}
    with bench.engine.transaction() as tx:
        tx.writes.ask()  # after a roll-back it is asked what is prepared
        bench.engine.vault.look_again()  # once a second it is asked whether keys were destroyed
        raw: Any = tx._connection.connection.driver_connection
        known = dict(raw.execute("SELECT name, statement FROM pg_prepared_statements").fetchall())
        tx.commit()
    with tempfile.TemporaryFile("w+") as trace:
        raw.pgconn.trace(trace.fileno())
        try:
            yield sent
        finally:
            raw.pgconn.untrace()
        trace.seek(0)
        for who, length, kind, text in _LINE.findall(trace.read()):
            sent.answered += int(length) * (who == "B")
            sent.trips += who == "F" and kind in {"Sync", "Query"}
            if who == "F" and kind == "Parse" and (named := _PREPARED.match(text)):
                known[named[1]] = text  # it is sent with its values below
            elif who == "F" and kind in {"Parse", "Query"}:
                sent.append(text)
            if who == "F" and kind == "Bind" and (name := _NAME.match(text)):
                sent.append(known.get(name[1], text))


def _kind(statement: str) -> str:
    words = {
        "pg_notify": "wake",
        "FOR UPDATE": "lock",
        "WITH ": "write",
        "json_build_object": "load",
        "BEGIN": "BEGIN",
        "COMMIT": "COMMIT",
    }
    return next((kind for word, kind in words.items() if word in statement), statement)
