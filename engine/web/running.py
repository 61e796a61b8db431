"""The engine that a command opens over the database of this installation, and who gives the command."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from engine.app import RunningDatabases, build_engine, databases, ship
from engine.assembly import Engine
from engine.core.policy import Viewer
from engine.db.locks import BACKGROUND
from engine.errors import NotFoundError
from engine.people.store import DirectoryStore
from engine.people.viewer import as_viewer
from engine.settings import Settings
from engine.web.terminal import SYSTEM, read_settings

As = Annotated[str | None, typer.Option("--as", help="E-mail address of who acts; this machine unless given.")]


@contextmanager
def running_engine(settings: Settings | None = None) -> Iterator[tuple[Engine, RunningDatabases]]:
    """Return an engine over this installation's database, started or joined as needed."""
    chosen = settings or read_settings()
    with databases(chosen) as running:
        engine = build_engine(chosen, running.urls, pool_size=15, limits=BACKGROUND)
        try:
            ship(engine)
            yield engine, running
        finally:
            engine.dispose()


def viewer_by_email(engine: Engine, email: str | None) -> Viewer:
    """Return the person who acts; the machine itself when none is named.

    Whoever gives commands on this machine keeps it: there is nothing more to prove.
    """
    if email is None:
        return SYSTEM
    with engine.transaction() as tx:
        known = tx.of(DirectoryStore).credentials(email)
    if known is None:
        raise NotFoundError(kind="person")
    viewer = engine.ask_all(as_viewer, known.actor_id)
    return viewer.model_copy(update={"stepped_up_at": engine.wall_clock.now(), "by_factor": True})
