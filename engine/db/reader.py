"""Whoever asks a view is given a transaction of its own that only reads, and only the rows that they may see."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Engine

from engine.core.policy import board_units
from engine.core.viewer import Viewer
from engine.db.embedded.databases import APP, READER
from engine.db.entering import enter_for
from engine.db.in_hand import in_hand, taken_from
from engine.db.reading import Known, Reading
from engine.db.rights import rights_beyond
from engine.db.walls import gaps_in_the_wall
from engine.ports import Clock, Vault

P = ParamSpec("P")
T = TypeVar("T")


class Reader:
    """Asks views. What a viewer may not see does not exist for them, whatever they ask."""

    def __init__(
        self, engine: Engine, reader: Engine, *, secret: bytes, known: Known, vault: Vault, clock: Clock
    ) -> None:
        """Read for the system from `engine`, and for a viewer from `reader`, whose role no session can let out.

        `secret` proves for which viewer.
        """
        self._engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._reader = reader.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._secret = secret
        self._known = known
        self._vault = vault
        self._clock = clock

    def ask(
        self, view: Callable[Concatenate[Reading, Viewer, P], T], viewer: Viewer, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Return what a view shows to a viewer: the database itself gives only the rows that they may see."""
        with self._reading(viewer) as reading:
            return view(reading, viewer, *args, **kwargs)

    def ask_board(
        self, view: Callable[Concatenate[Reading, Viewer, P], T], viewer: Viewer, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do the same for what only counts cases: those of all units for a viewer who keeps the system running."""
        with self._reading(None if board_units(viewer) is None else viewer) as reading:
            return view(reading, viewer, *args, **kwargs)

    def ask_all(self, view: Callable[Concatenate[Reading, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what a view shows to the system itself, which sees all rows."""
        with self._reading() as reading:
            return view(reading, *args, **kwargs)

    @contextmanager
    def _reading(self, viewer: Viewer | None = None) -> Iterator[Reading]:
        """Begin a transaction that only reads; what was read, the time and the definitions outlive it.

        What the system asks while it changes something is read over the connection in hand, as it is then.
        """
        now = self._clock.now()
        in_use = in_hand(self._engine) if viewer is None or viewer.is_system else None
        if in_use is not None:
            yield Reading(in_use.connection, now, self._known, self._vault)
            return
        bound = None if viewer is None or viewer.is_system else viewer
        with taken_from(self._reader if bound else self._engine, is_still=True) as taken:
            if bound is not None:
                enter_for(taken.connection, bound, now, self._secret)
            yield Reading(taken.connection, now, self._known, self._vault)

    def gaps_in_the_wall(self) -> tuple[str, ...]:
        """Name the tables that row-level security does not guard as it should; none where all is well."""
        with self._reading() as reading:
            return gaps_in_the_wall(reading.connection)

    def rights_beyond(self) -> tuple[str, ...]:
        """Name what the roles that write and read can in the database beyond what they should."""
        found: list[str] = []
        for sql, role in ((self._engine, APP), (self._reader, READER)):
            with sql.connect() as connection:
                found += rights_beyond(connection, role)
        return tuple(found)
