"""Questions asked of the database together: what is there to be asked at the same time becomes one statement."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from itertools import islice
from typing import Any, Final, Generic, NamedTuple, ParamSpec, TypeVar, cast
from weakref import WeakKeyDictionary

from greenlet import getcurrent, greenlet
from psycopg.pq import Format
from sqlalchemy import (
    CompoundSelect,
    Connection,
    Dialect,
    Engine,
    Executable,
    Result,
    Select,
    event,
    func,
    literal_column,
    select,
)
from sqlalchemy.engine import IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.util import LRUCache

P = ParamSpec("P")
T = TypeVar("T")
Question = Select[Any] | CompoundSelect[Any]
_Asked = tuple[Question, Mapping[str, Any] | None]
"""A question, and the values of what it names."""
_IN_TYPES: Final = "icmc_in_types"
"""The option of a statement whose rows lie in lists, and come with the types of their columns."""
_MOST_KEPT: Final = 2_000
_KNOWN: Final[LRUCache[Any, tuple[SQLCompiler, SimpleResultMetaData]]] = LRUCache(_MOST_KEPT)
"""Questions in words, by the key under which SQLAlchemy keeps a statement, and what their columns are called."""
_OWN: Final[WeakKeyDictionary[Question, tuple[SQLCompiler, SimpleResultMetaData]]] = WeakKeyDictionary()
"""The same by the question itself, for one that is built once: a key is long, and so is the way to what it leads to.

Only what is plain is here: its text is made of a copy of it, so that it can go once nobody asks it any more.
"""
_NAME: Final = re.compile(r"(?<!%)%\((\w+)\)s")
"""A value in a text; a `%` that means itself stands twice, and is never written before one."""


class Soon(Generic[T]):
    """An answer that is there once it is called for; what was to be asked beside it is asked together with it."""

    def __init__(self, question: Callable[[], T], ask: Callable[[], None]) -> None:
        """Wait for `ask`, which asks this question and those beside it."""
        self._question = question
        self._ask = ask
        self._told: list[T] = []
        self._error: Exception | None = None

    def __call__(self) -> T:
        """Return the answer; raises what the question raises."""
        if not self._told and self._error is None:
            self._ask()
        if self._error is not None:
            raise self._error
        return self._told[0]

    def run(self) -> None:
        """Ask now, and keep the answer, or why there is none."""
        try:
            self._told.append(self._question())
        except Exception as error:  # noqa: BLE001 - raised where the answer is called for
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """Keep why there is no answer, unless there is one."""
        if not self._told:
            self._error = error


class AskedTogether:
    """A connection for questions: those of functions that run side by side go out in one statement."""

    def __init__(self, connection: Connection) -> None:
        """Ask within the transaction of `connection`."""
        self.connection = connection
        self._waiting: dict[greenlet | None, list[Soon[Any]]] = {None: []}
        """What waits to be asked, by which of the functions that run side by side; None for where they began."""

    def execute(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Result[Any]:
        """Do as the connection does; a question of a function that runs beside others is asked together with theirs."""
        if not isinstance(statement, Question) or self._here() is None:
            return self.connection.execute(statement, values)
        return self._sets([(statement, values)])[0]

    def soon(self, question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Soon[T]:
        """Return what a function will say: it runs side by side with the others, once the first answer is needed.

        Each runs until it asks something; then all that they ask is asked in one statement, and they go on.
        """
        waiting = self._waiting[self._here()]
        one = Soon(partial(question, *args, **kwargs), partial(self._run, waiting))
        waiting.append(one)
        return one

    def _run(self, waiting: list[Soon[Any]]) -> None:
        some, waiting[:] = list(waiting), []
        if len(some) == 1:
            some[0].run()
            return
        spokes = [greenlet(one.run) for one in some]
        self._waiting |= {spoke: [] for spoke in spokes}
        try:
            self._side_by_side(spokes)
        except Exception as error:  # noqa: BLE001 - raised where the answers are called for
            for one in some:
                one.fail(error)
        finally:
            for spoke in spokes:
                del self._waiting[spoke]
                if not spoke.dead:
                    spoke.throw()

    def _side_by_side(self, spokes: Sequence[greenlet]) -> None:
        given: dict[greenlet, tuple[Any, ...]] = dict.fromkeys(spokes, ())
        while wanted := {spoke: asked for spoke, answers in given.items() if (asked := spoke.switch(*answers))}:
            found = iter(self._sets([asked for some in wanted.values() for asked in some]))
            given = {spoke: (list(islice(found, len(some))),) for spoke, some in wanted.items()}

    def _sets(self, asked: Sequence[_Asked]) -> Sequence[Result[Any]]:
        """Ask several questions in one statement, together with those of what runs beside this function."""
        here = self._here()
        if here is not None:
            return cast("Sequence[Result[Any]]", here.parent.switch(asked))
        (question, values), *others = asked
        return _sets(self.connection, asked) if others else [self.connection.execute(question, values)]

    def _here(self) -> greenlet | None:
        here = getcurrent()
        return here if here in self._waiting else None


def answer_in_types(engine: Engine) -> None:
    """Let answers to several questions in one statement come with the types of their columns."""
    event.listen(engine, "before_cursor_execute", _in_types)


def _in_types(*about: Any) -> None:  # noqa: ANN401 - as SQLAlchemy calls it
    cursor, context = about[1], about[4]
    if context is not None and context.execution_options.get(_IN_TYPES):
        cursor.format = Format.BINARY


def _sets(connection: Connection, asked: Sequence[_Asked]) -> list[Result[Any]]:
    keys = [(id(question), id(values)) for question, values in asked]
    worded = {key: _worded(*one, connection.dialect) for key, one in dict(zip(keys, asked, strict=True)).items()}
    text, names = _one_statement(tuple(one.text for one in worded.values()))
    given = (one.values for one in worded.values())
    values = {there: some[here] for of, some in zip(names, given, strict=True) for here, there in of.items()}
    answer = connection.exec_driver_sql(text, values, execution_options={_IN_TYPES: True}).one()
    found = dict(zip(worded, answer, strict=True))
    return [IteratorResult(worded[key].columns, iter(found[key])) for key in keys]


class _Worded(NamedTuple):
    """A question as the database is asked it: a text, the values of its names, and what its columns are called."""

    text: str
    values: Mapping[str, Any]
    columns: SimpleResultMetaData


def _worded(question: Question, values: Mapping[str, Any] | None, dialect: Dialect) -> _Worded:
    """Put a question into words, as SQLAlchemy does; these are kept, and made of the question alone.

    The key by which SQLAlchemy keeps what it has put into words took a fifth of Python's time of a page while the whole
    page was one statement: it was made anew each time. Here it is made once for a question that is kept.
    """
    key = question._generate_cache_key()  # noqa: SLF001 - as whoever keeps statements has to
    known = _OWN.get(question) or (None if key is None else _KNOWN.get(key.key))
    if known is None:
        compiled = _rows(question)._compiler(dialect, cache_key=key, column_keys=[])  # noqa: SLF001 - with its key
        known = compiled, SimpleResultMetaData(question.selected_columns.keys())
        if key is not None:
            _KNOWN[key.key] = known
    if _is_plain(question):
        _OWN[question] = known
    compiled, columns = known
    given = compiled.construct_params(
        None if values is None else dict(values),
        extracted_parameters=None if key is None else key.bindparams,
        escape_names=False,
        _collected_params=None if key is None else key.params,
    )
    text, processors = compiled.string, cast("Mapping[str, Callable[[Any], Any]]", compiled._bind_processors)  # noqa: SLF001
    if compiled.post_compile_params or compiled.literal_execute_params:
        expanded = compiled._process_parameters_for_postcompile(given)  # noqa: SLF001 - `IN` with as many as there are
        text, processors = expanded.statement, {**processors, **cast("Mapping[str, Any]", expanded.processors)}
    given.update({name: change(given[name]) for name, change in processors.items() if name in given})
    return _Worded(text, given, columns)


@lru_cache(_MOST_KEPT // 8)
def _one_statement(texts: tuple[str, ...]) -> tuple[str, Sequence[Mapping[str, str]]]:
    """Put questions together, and say for each how its names are called there."""
    names: list[dict[str, str]] = []
    parts = []
    for number, text in enumerate(texts):
        pieces = _NAME.split(text)  # what is asked literally, and every second one a name
        named = {name: f"{name}_of_{number}" for name in pieces[1::2]}
        pieces[1::2] = [f"%({named[name]})s" for name in pieces[1::2]]
        parts.append(f"array(({''.join(pieces)})) AS set_{number}")
        names.append(named)
    return f"SELECT {', '.join(parts)}", names


def _rows(statement: Question) -> Question:
    """Put each row of a question into one column."""
    if isinstance(statement, Select) and _is_plain(statement):
        return statement.with_only_columns(func.row(*statement.selected_columns))
    return select(literal_column("asked")).select_from(statement.subquery("asked"))


def _is_plain(statement: Question) -> bool:
    return isinstance(statement, Select) and not statement._distinct  # noqa: SLF001 - there is no other way to ask
