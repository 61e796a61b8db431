"""Questions that run side by side go out in one statement, and are answered as if each had been asked alone."""

import gc
import weakref
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import (
    ARRAY,
    JSON,
    Integer,
    LargeBinary,
    Select,
    Text,
    Uuid,
    bindparam,
    cast,
    column,
    event,
    func,
    literal,
    literal_column,
    null,
    select,
    text,
    union_all,
)
from sqlalchemy.dialects.postgresql import JSONB

from engine.db.asking import AskedTogether, answer_in_types
from engine.db.locks import PAGES, limited_engine
from tests.conftest import FreshDatabase, rows_of, writer_of

AT = datetime(2026, 3, 7, 13, 10, 5, 123456, tzinfo=UTC)
VALUES = {
    "id": literal(UUID(int=7), Uuid()), "at": literal(AT), "day": literal(date(2026, 3, 7)), "number": literal(3),
    "share": literal(Decimal("1.25")), "words": literal("a, \"b\" (c)\n'd'"), "nothing": null(),
    "is_so": literal(value=True), "raw": literal(b"\x00\xff", LargeBinary()),
    "ids": cast([UUID(int=7), UUID(int=8)], ARRAY(Uuid())), "names": cast([], ARRAY(Text())),
    "said": cast(literal({"a": [1, None]}, JSON()), JSONB()),
}  # fmt: skip


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def asking(database: FreshDatabase, said: list[str]) -> Iterator[AskedTogether]:
    sql = writer_of(database.urls)
    answer_in_types(sql)
    event.listen(sql, "before_cursor_execute", lambda *about: said.append(about[2]))
    with sql.connect() as connection:
        yield AskedTogether(connection)
    sql.dispose()


def test_what_is_asked_side_by_side_is_one_statement_and_comes_with_its_types(
    asking: AskedTogether, said: list[str]
) -> None:
    query = select(*(value.label(name) for name, value in VALUES.items()))
    alone = asking.execute(query).mappings().all()
    many = union_all(*(select(literal(number).label("number")) for number in (3, 1, 2))).order_by(text("number"))
    said.clear()
    one, other = asking.soon(asking.execute, query), asking.soon(asking.execute, many)
    assert one().mappings().all() == alone
    assert other().scalars().all() == [1, 2, 3]
    assert len(said) == 1


def test_values_of_one_question_are_not_taken_for_those_of_another_or_of_before(asking: AskedTogether) -> None:
    number, named = column("number", Integer), select((bindparam("number", type_=Integer) + 1).label("number"))
    numbers = union_all(*(select(literal(one).label("number")) for one in range(6))).subquery()
    half: Select[Any] = select(literal_column("'50%'::text").label("number"))
    like = half.where(literal("100 %").like("% \\%"), literal(1) == 1)

    def all_of(some: Sequence[int]) -> Select[Any]:
        return select(number).select_from(numbers).where(number.in_(some)).order_by(number)

    for some, others, first in (([1, 2], [3, 4, 5], 7), ([5], [], 8), ([0, 1, 2], [2], 9)):
        asked = [
            asking.soon(asking.execute, all_of(some)), asking.soon(asking.execute, all_of(others)),
            asking.soon(asking.execute, named, {"number": first}),
            asking.soon(asking.execute, named, {"number": -first}),
            asking.soon(asking.execute, like),
        ]  # fmt: skip
        assert [list(one().scalars()) for one in asked] == [some, others, [first + 1], [1 - first], ["50%"]]
    assert asking.execute(named, {"number": 2}).scalar_one() == 3


def test_a_question_goes_once_nobody_asks_it_any_more(asking: AskedTogether) -> None:
    number = column("number", Integer)
    many = union_all(*(select(literal(one).label("number")) for one in range(3)))

    def ask() -> list[weakref.ref[Any]]:
        some = [
            select(number).select_from(many.subquery()).where(number > 0),
            select(number).select_from(many.subquery()).distinct(), union_all(many, many),
        ]  # fmt: skip
        asked = [asking.soon(asking.execute, one) for one in some]
        assert [len(list(one())) for one in asked] == [2, 3, 6]
        return [weakref.ref(one) for one in some]

    ask()
    left = ask()
    gc.collect()
    assert [one() for one in left] == [None, None, None]


def test_as_many_statements_go_out_as_the_longest_of_them_asks_one_after_another(
    asking: AskedTogether, said: list[str]
) -> None:
    def chain(length: int) -> int:
        found = 0
        for _ in range(length):
            found += asking.execute(select(literal(1))).scalar_one()
        return found

    def pair() -> int:
        first, second = asking.soon(chain, 2), asking.soon(chain, 3)
        return first() + second()

    short, nested = asking.soon(chain, 1), asking.soon(pair)
    assert (short(), nested()) == (1, 5)
    assert len(said) == 3


def test_an_error_is_raised_where_its_answer_is_called_for_and_holds_nothing_else_up(asking: AskedTogether) -> None:
    def fails() -> int:
        asking.execute(select(literal(1)))
        raise LookupError

    wrong, right = asking.soon(fails), asking.soon(lambda: asking.execute(select(literal(2))).scalar_one())
    assert right() == 2
    with pytest.raises(LookupError):
        wrong()


def test_an_error_of_the_database_is_that_of_all_that_was_asked_with_it(asking: AskedTogether) -> None:
    wrong = select(func.no_such_function())
    one, other = asking.soon(asking.execute, wrong), asking.soon(asking.execute, select(literal(1)))
    for answer in (one, other):
        with pytest.raises(Exception, match="no_such_function"):
            answer()


def test_a_connection_that_the_server_has_closed_is_made_anew_without_asking_whether_it_lives(
    database: FreshDatabase,
) -> None:
    sql = limited_engine(database.urls.app, PAGES, pool_size=1)
    with sql.connect() as connection:
        first = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    rows_of(database.urls.app, "SELECT pg_terminate_backend(:pid, 5000)", pid=first)
    with sql.connect() as connection:
        assert connection.execute(text("SELECT pg_backend_pid()")).scalar_one() != first
    sql.dispose()


def test_what_was_compiled_for_one_engine_serves_those_made_later(database: FreshDatabase) -> None:
    question, compiled = select(literal("asked by both").label("words")), []
    for url in (database.urls.app, database.urls.reader):
        sql = limited_engine(url, PAGES, pool_size=1)
        with sql.connect() as connection:
            answer = connection.execute(question)
            compiled.append(answer.context.compiled)
            assert answer.scalar_one() == "asked by both"
        sql.dispose()
    assert compiled[0] is compiled[1]
