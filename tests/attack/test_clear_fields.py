"""Attack: read a stolen copy of the database; no answer is in it, and each readable column is there for a reason."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import ARRAY, Boolean, Column, Uuid

from engine.core.keys import KEPT_CLEAR, clear_reason
from engine.db.encrypted_columns import ENCRYPTED
from engine.db.tables import METADATA
from engine.db.tables.fields import Encrypted
from engine.errors import InvalidAnswersError
from engine.plugin.fields import specs_of
from engine.plugin.kinds import FieldKind
from engine.plugin.steps import StepKind, StepType
from engine.rehearsal.world import World, scratch_world
from tests.contracts.test_pillars import WHERE_SOMEBODY_WILL_BE
from tests.kit.cases import Work
from tests.kit.pillars import NEEDED, example, form_of, problems

pytestmark = pytest.mark.long

WORD, DAY, INSTANT, NUMBER, SUM = "Qzplanted", "2031-11-23", "2031-11-23T03:17:00+00:00", 731913, "73191.25"
PLANTED: Mapping[FieldKind, Any] = {
    FieldKind.INT: NUMBER, FieldKind.MONEY: SUM, FieldKind.DATE: DAY, FieldKind.DATETIME: INSTANT,
    **dict.fromkeys(
        (FieldKind.TEXT, FieldKind.LONGTEXT, FieldKind.GEO, FieldKind.ORG, FieldKind.PERSON, FieldKind.SIGN), WORD
    ),
}  # fmt: skip
LEAST_PLANTED = 250
FOUND = re.compile(f"{WORD}|{DAY}[T ]|{DAY}$|{NUMBER}|{SUM}")
COUNTED_FROM = re.compile(r"^(deadline|step|event\.body\.(deadline|step)|consent|audit_event\.body\.row)\b|^partner\.")
"""Where a time limit, or the end of a consent or an agreement, stands: it is counted from an answer, and listed."""
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}")


@dataclass
class Copy:
    """A copy of a database in which a case was worked: each readable value by its place."""

    values: dict[str, list[str]]
    unsealed: set[str]
    planted: int
    step_types: set[str]


@pytest.fixture(scope="module")
def copy() -> Iterator[Copy]:
    """Answer every kind of step with planted values; let jobs run, deadlines pass and messages go; copy it all."""
    with scratch_world() as world:
        work, planted, done = Work(world), 0, set()
        for step_type in world.engine.registry.step_types.values():
            if step_type.kind is StepKind.ASKED:
                for full in (True, False):  # some answers exclude others: then those that are needed
                    with suppress(InvalidAnswersError):
                        planted, done = planted + _do(work, step_type, full=full), done | {step_type.key}
                        break
        world.pass_until(world.now() + timedelta(days=20))
        values, unsealed = _read(world)
        yield Copy(values, unsealed, planted, done)


def test_the_copy_is_of_a_case_that_was_worked(copy: Copy) -> None:
    assert copy.planted > LEAST_PLANTED
    assert set(WHERE_SOMEBODY_WILL_BE) - copy.step_types <= {"repatriation.handover", "prevention.intercept"}
    worked = {"job.kind", "delivery.status", "escalation.level", "interval.start", "document.title", "consent.kind"}
    assert worked <= set(copy.values)
    assert set(copy.values["job.status"]) == {"done"}
    assert {"StepEnded", "FactRecorded", "DeadlineBreached", "IntervalRecorded"} <= set(copy.values["event.type"])


def test_no_answer_is_readable_but_what_a_time_limit_is_counted_from(copy: Copy) -> None:
    hits = {place for place, some in copy.values.items() if any(FOUND.search(value) for value in some)}
    assert not {place for place in hits if not COUNTED_FROM.search(place)}
    words = {place for place, some in copy.values.items() if any(WORD in one or str(NUMBER) in one for one in some)}
    assert words <= {"partner.capacity_free"}


def test_every_column_is_sealed_or_listed_and_nothing_is_listed_that_is_not_there() -> None:
    columns = [column for table in METADATA.sorted_tables for column in table.c if _says_anything(column)]
    inside = tuple(re.split(r"[.\[]", place, maxsplit=2)[:2] for place in KEPT_CLEAR)
    listed = {(table, column) for table, column in inside}
    assert not [str(one) for one in columns if {(one.table.name, one.name), (one.table.name, "*")}.isdisjoint(listed)]
    known = {(table.name, column.name) for table in METADATA.sorted_tables for column in table.c}
    assert not {one for one in listed if one[1] != "*" and one not in known}


def test_a_new_column_and_a_new_part_of_an_event_are_not_listed() -> None:
    for place in (
        "case.age",
        "step.added.age",
        "event.body.age",
        "event.body.step.outputs.age",
        "job.age",
        "draft.notes",
    ):
        assert not clear_reason(place), place
    assert clear_reason("event.body.step.key") == clear_reason("step.key") == KEPT_CLEAR["step.key"]


def test_every_readable_place_is_listed_with_its_reason(copy: Copy) -> None:
    assert not sorted(place for place in copy.values if not clear_reason(place))


def test_what_is_said_to_be_sealed_is(copy: Copy) -> None:
    assert not copy.unsealed


def test_no_message_tells_when_somebody_is_at_court_travels_or_is_visited(copy: Copy) -> None:
    told = [*copy.values["message.body"], *copy.values["message.html"], *copy.values["message.subject"]]
    assert told
    assert not [words for words in told if "Nov 2031" in words]


def _says_anything(column: Column[Any]) -> bool:
    inner = column.type.item_type if isinstance(column.type, ARRAY) else column.type
    return not isinstance(inner, (Encrypted, Uuid, Boolean))


def _do(work: Work, step_type: StepType, *, full: bool) -> int:
    """Answer a step with as many planted values as its form takes; returns how many."""
    answers, taken = _planted(step_type, full=full)
    work.do(step_type.key, **answers)
    return taken


def _planted(step_type: StepType, *, full: bool) -> tuple[dict[str, Any], int]:
    form = form_of(step_type)
    answers = example(form, full=full) | NEEDED.get(step_type.key, {})
    wanted = {
        spec.name: f"{WORD} {spec.name}"[:40] if PLANTED[spec.kind] == WORD else PLANTED[spec.kind]
        for spec in specs_of(form)
        if spec.kind in PLANTED and spec.name in answers and not spec.event_time and not spec.name.endswith("tz")
    }
    if not problems(form, answers | wanted):
        return answers | wanted, len(wanted)
    taken = 0
    for name, value in wanted.items():
        if not problems(form, answers | {name: value}):
            answers, taken = answers | {name: value}, taken + 1
    return answers, taken


def _read(world: World) -> tuple[dict[str, list[str]], set[str]]:
    """Read every value of every table: what is readable by its place, and the sealed columns that are not sealed."""
    encrypted = {(one.table, one.column) for one in ENCRYPTED}
    values: dict[str, list[str]] = {}
    unsealed = set()
    with psycopg.connect(world.address.replace("+psycopg", "")) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            cursor = connection.execute(f'SELECT * FROM "{table}"')
            columns = [one.name for one in cursor.description or ()]
            for row in cursor:
                for column, value in zip(columns, row, strict=True):
                    if (table, column) not in encrypted:
                        for place, leaf in _leaves(f"{table}.{column}", value):
                            values.setdefault(place, []).append(leaf)
                    elif value is not None and not value.startswith(b"v2|"):
                        unsealed.add(f"{table}.{column}")
    return values, unsealed


def _leaves(place: str, value: object) -> Iterator[tuple[str, str]]:
    """Return the values in a cell that say anything, each with its place: no ids, and no yes or no."""
    match value:
        case dict():
            for name, inner in value.items():
                yield from _leaves(f"{place}.{'*' if ':' in name else name}", inner)
        case list():
            for inner in value:
                yield from _leaves(f"{place}[]", inner)
        case None | bool() | UUID():
            pass
        case bytes():
            yield place, value.decode("latin-1")
        case _:
            if not _ID.fullmatch(str(value)):
                yield place, str(value)
