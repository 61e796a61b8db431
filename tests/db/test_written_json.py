"""Rows travel to the database as the JSON that pydantic would write of them.

No row holds a time of day by itself, of which orjson writes fractions wrongly; the last test holds to that.
"""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from engine.core.records import Record
from engine.db.tables import TABLES
from engine.db.writing import _json, written


class _Status(StrEnum):
    OPEN = "open"


class _Pair(NamedTuple):
    name: str
    at: datetime


class _Inner(Record):
    id: UUID
    due: date | None


_SINCE, _UNTIL = datetime(1900, 1, 1), datetime(2999, 12, 31)  # noqa: DTZ001 - zones are given beside
_INSTANTS = st.datetimes(
    _SINCE, _UNTIL, timezones=st.sampled_from((UTC, ZoneInfo("Asia/Kolkata"), ZoneInfo("Asia/Kathmandu")))
).filter(lambda at: at.utcoffset() is not None and at.utcoffset().total_seconds() % 60 == 0)  # type: ignore[union-attr]
_TEXTS = st.text(st.characters(exclude_categories=("Cs",)))
_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False), _TEXTS,
    st.uuids(), _INSTANTS, st.dates(), st.timedeltas(timedelta(days=-40_000), timedelta(days=40_000)),
    st.decimals(allow_nan=False, allow_infinity=False, places=3), st.just(_Status.OPEN), st.binary().map(written),
    st.builds(_Pair, _TEXTS, _INSTANTS), st.builds(_Inner, id=st.uuids(), due=st.none() | st.dates()),
)  # fmt: skip
_NESTED = st.recursive(
    _VALUES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4), max_leaves=6
)
_ROWS = st.lists(st.dictionaries(_TEXTS, _NESTED, max_size=6), max_size=4)


@given(_ROWS)
def test_rows_are_written_as_pydantic_writes_them(rows: list[Mapping[str, Any]]) -> None:
    assert _json(rows) == to_json(rows)


@pytest.mark.parametrize(("value", "there"), [
    (datetime(2026, 3, 7, 18, 40, tzinfo=UTC), "2026-03-07T18:40:00Z"),
    (datetime(2026, 3, 7, 18, 40, 1, 5, tzinfo=ZoneInfo("Asia/Kolkata")), "2026-03-07T18:40:01.000005+05:30"),
    (date(2026, 3, 7), "2026-03-07"),
    (timedelta(days=1, hours=2), "P1DT2H"),
    (Decimal("12.50"), "12.50"),
    (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
    (2**70, 2**70),
    (0.1 + 0.2, 0.30000000000000004),
    ('मामला \u2028 "\\ \x00', 'मामला \u2028 "\\ \x00'),
    (written(b"\x00\xff"), "\\x00ff"),
    (_Status.OPEN, "open"),
    (frozenset({"one"}), ["one"]),
    ((1, "two"), [1, "two"]),
])  # fmt: skip
def test_a_value_reads_back_as_the_database_takes_it(value: object, there: object) -> None:
    assert json.loads(_json([{"value": value}])) == [{"value": there}]


def test_no_row_holds_a_time_of_day() -> None:
    columns = [column for table in TABLES.values() for column in table.columns]
    assert len(columns) > 100
    assert [str(column) for column in columns if column.type.python_type is time] == []
