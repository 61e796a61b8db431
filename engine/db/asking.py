"""Questions asked of the database together: what is there to be asked at the same time becomes one statement."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from typing import Any, Final, Generic, ParamSpec, TypeVar, cast

from greenlet import getcurrent, greenlet
from psycopg.pq import Format
from sqlalchemy import (
    CompoundSelect,
    Connection,
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

P = ParamSpec("P")
T = TypeVar("T")
Question = Select[Any] | CompoundSelect[Any]
_IN_TYPES: Final = "icmc_in_types"
"""The option of a statement whose rows lie in lists, and come with the types of their columns."""


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

    def execute(self, statement: Executable, *args: Any, **more: Any) -> Result[Any]:  # noqa: ANN401 - as it does
        """Do as the connection does; a question of a function that runs beside others is asked together with theirs."""
        if args or more or not isinstance(statement, Question) or self._here() is None:
            return self.connection.execute(statement, *args, **more)
        return self._sets([statement])[0]

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
            found = iter(self._sets([statement for some in wanted.values() for statement in some]))
            given = {spoke: (list(islice(found, len(some))),) for spoke, some in wanted.items()}

    def _sets(self, statements: Sequence[Question]) -> Sequence[Result[Any]]:
        """Ask several questions in one statement, together with those of what runs beside this function."""
        here = self._here()
        if here is not None:
            return cast("Sequence[Result[Any]]", here.parent.switch(statements))
        first, *others = statements
        return _sets(self.connection, statements) if others else [self.connection.execute(first)]

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


def _sets(connection: Connection, statements: Sequence[Question]) -> list[Result[Any]]:
    different = {id(one): one for one in statements}
    rows = [
        func.array(_rows(one).scalar_subquery()).label(f"set_{number}") for number, one in enumerate(different.values())
    ]
    found = dict(
        zip(different, connection.execute(select(*rows), execution_options={_IN_TYPES: True}).one(), strict=True)
    )
    return [
        IteratorResult(SimpleResultMetaData(one.selected_columns.keys()), iter(found[id(one)])) for one in statements
    ]


def _rows(statement: Question) -> Question:
    """Put each row of a question into one column."""
    if isinstance(statement, Select) and not statement._distinct:  # noqa: SLF001 - there is no other way to ask
        return statement.with_only_columns(func.row(*statement.selected_columns))
    return select(literal_column("asked")).select_from(statement.subquery("asked"))
