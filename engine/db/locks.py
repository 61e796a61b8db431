"""How long a question to the database may wait, and the numbers of the locks that processes take."""

from collections.abc import Callable
from dataclasses import dataclass
from select import POLLIN, poll
from typing import Any, Final

import orjson
import psycopg
from sqlalchemy import Engine, ExceptionContext, PoolProxiedConnection, QueuePool, create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.util import LRUCache

from engine.errors import BusyError

SET_UP_ROLES: Final = 4_711_120_001
FIRE_DEADLINES: Final = 4_711_120_002
MIGRATE: Final = 4_711_120_003
CHANGE_ROLES_OF_PEOPLE: Final = 4_711_120_004
SIGN_CHECKPOINT: Final = 4_711_120_007
NUMBER_COPY: Final = 4_711_120_008
BACK_UP: Final = 4_711_120_009
TURN_PERIOD: Final = 4_711_120_010

_CONNECT_SECONDS: Final = 10
_IDLE_MINUTES: Final = 15
"""Who holds rows of the database and does nothing for so long loses them: others wait for them."""
_WAITED_FOR: Final = (
    (psycopg.errors.LockNotAvailable, "someone else's change"),
    (psycopg.errors.DeadlockDetected, "someone else's change"),
    (psycopg.errors.SerializationFailure, "someone else's change"),
    (psycopg.errors.QueryCanceled, "the answer of the database"),
    (psycopg.OperationalError, "the database"),
)


class _Compiled(LRUCache[Any, Any]):
    """Statements as they were compiled, for all engines of a process: their dialects are set up alike."""

    def get(self, key: Any, default: Any = None) -> Any:  # noqa: ANN401 - SQLAlchemy's own
        return super().get(key[1:], default)

    def __setitem__(self, key: Any, value: Any) -> None:  # noqa: ANN401 - SQLAlchemy's own
        super().__setitem__(key[1:], value)


_COMPILED: Final = _Compiled(capacity=2_000)


@dataclass(frozen=True)
class TimeLimits:
    """Seconds: for a free connection, for a row or lock that somebody else holds, for one statement."""

    connection: int = 10
    lock: int = 10
    statement: int = 60


PAGES: Final = TimeLimits()
"""For who waits at a page: soon told, so that they can try again."""
BACKGROUND: Final = TimeLimits(connection=30, lock=30, statement=600)
"""For jobs and commands, which nobody looks at while they wait."""


def limited_engine(url: str, limits: TimeLimits, *, pool_size: int) -> Engine:
    """Make an engine in which every wait ends: by an answer, or by `BusyError`, after which it can be tried again.

    The connection that was given back last is taken first: what is asked most is prepared on few of them.
    """
    engine = create_engine(
        url, poolclass=_Pool, pool_size=pool_size, max_overflow=0, pool_timeout=limits.connection,
        pool_use_lifo=True, hide_parameters=True, json_deserializer=orjson.loads,
        execution_options={"compiled_cache": _COMPILED},
        connect_args={"connect_timeout": _CONNECT_SECONDS, "keepalives_idle": 30, "tcp_user_timeout": 30_000},
    )  # fmt: skip
    event.listen(engine, "connect", _limiting(limits))
    event.listen(engine, "checkout", _refuse_closed)
    event.listen(engine, "handle_error", _in_words)
    return engine


class _Pool(QueuePool):
    """A pool that says in our words that no connection came free in time."""

    def connect(self) -> PoolProxiedConnection:
        try:
            return super().connect()
        except PoolTimeoutError as error:
            raise BusyError(waited_for="a connection to the database") from error


def _refuse_closed(raw: Any, _record: object, _proxy: object) -> None:  # noqa: ANN401 - the driver's own
    """Let the pool connect anew where there is something to read from a connection: the server has closed it, mostly.

    That is seen without a trip to the database, which a ping would be for each transaction.
    """
    socket = poll()
    socket.register(raw.fileno(), POLLIN)
    if socket.poll(0):
        raise DisconnectionError


def _limiting(limits: TimeLimits) -> Callable[[Any, object], None]:
    statement = (
        f"SET SESSION lock_timeout = '{limits.lock}s'; SET SESSION statement_timeout = '{limits.statement}s';"
        f" SET SESSION idle_in_transaction_session_timeout = '{_IDLE_MINUTES}min'"
    )

    def limit(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's own
        with connection.cursor() as cursor:
            cursor.execute(statement)
        connection.commit()

    return limit


def busy(error: BaseException | None) -> BusyError | None:
    """Return an error of the driver in words, where it says that something waited too long; None for any other."""
    words = next((words for kind, words in _WAITED_FOR if isinstance(error, kind)), None)
    return None if words is None else BusyError(waited_for=words)


def _in_words(context: ExceptionContext) -> BusyError | None:
    return busy(context.original_exception)
