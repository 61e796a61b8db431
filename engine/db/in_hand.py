"""The connection that a thread has in hand: what it asks meanwhile is asked over it, never over a second one.

Who holds a connection and waits for another one waits for somebody who does the same, as soon as many do it at once.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import URL, Connection, Engine


@dataclass(eq=False)
class Taken:
    """A connection that a thread has taken, and the keys that its transaction has made and not committed.

    `is_still` says that all is seen as it was when the transaction began, and that it only reads.
    """

    connection: Connection
    is_still: bool = False
    made: dict[tuple[UUID, int], Any] = field(default_factory=dict)


class _Hand(threading.local):
    def __init__(self) -> None:
        self.taken: list[Taken] = []


_HAND: Final = _Hand()


@contextmanager
def taken_from(sql: Engine, *, is_still: bool = False) -> Iterator[Taken]:
    """Take a connection, and have it in hand until it is given back; what was not committed is rolled back."""
    hand = _HAND.taken
    with sql.connect() as connection:
        taken = Taken(connection, is_still)
        hand.append(taken)
        try:
            yield taken
        finally:
            hand.remove(taken)


def in_hand(sql: Engine) -> Taken | None:
    """Give what this thread has taken last from the database of an engine, whatever the role; None for nothing."""
    hand = _HAND.taken
    if not hand:
        return None
    place = _place(sql.url)
    return next((taken for taken in reversed(hand) if _place(taken.connection.engine.url) == place), None)


@contextmanager
def asked_over(sql: Engine) -> Iterator[Connection]:
    """Give the connection in hand, for a question; else take one, over which what it leads to is asked as well."""
    taken = in_hand(sql)
    if taken is not None:
        yield taken.connection
        return
    with taken_from(sql) as new:
        yield new.connection
        new.connection.commit()


@contextmanager
def changed_over(sql: Engine) -> Iterator[Connection]:
    """Give the connection in hand, for a change that is kept if its transaction is; else one that commits it."""
    taken = in_hand(sql)
    if taken is not None:
        yield taken.connection
        return
    with sql.begin() as connection:
        yield connection


def _place(url: URL) -> tuple[object, ...]:
    return url.host, url.port, url.database, url.query.get("host")
