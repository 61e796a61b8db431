"""The spaces of training: a demo for each person, in a database of its own that is copied from an empty one."""

import logging
import re
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event, Lock
from time import monotonic
from typing import Final, NamedTuple
from uuid import uuid5

from starlette.types import ASGIApp

from engine.app import build_engine, ship
from engine.assembly import Engine
from engine.db.embedded.databases import create_database, drop_database
from engine.db.embedded.embedded import EmbeddedServer
from engine.db.embedded.roles import CASES_DATABASE, urls_on
from engine.db.migrate import migrate
from engine.deadlines.actions.firing import fire_deadlines
from engine.errors import BusyError, SettingsError
from engine.jobs.actions.serve import abandon_batch, open_batches
from engine.log_lines import why
from engine.machine import SystemClock
from engine.people.store import DirectoryStore
from engine.rehearsal.demo import ADMIN, seed_demo, unit_of
from engine.rehearsal.world import do_chores, settle_jobs
from engine.settings import Settings
from engine.sign_in.actions.sessions import become

log = logging.getLogger(__name__)
TRAINEE: Final = uuid5(ADMIN, "trainee")
_PLACE: Final = "IN-AS"
_NAME: Final = re.compile(r"[0-9a-f]{32}")
_CONNECTIONS: Final = 3
_MOST_OPEN: Final = 12
"""So many spaces are in memory, and connected, at once: of those where nothing goes on, the longest unvisited goes."""
_PATIENCE: Final = 20.0
"""Seconds for which somebody waits for what goes on in their space."""
_LOOK_EVERY: Final = 2.0
_CHORES_EVERY: Final = 15
"""After how many looks the schedules of a system have their turn."""
_FORGET_EVERY: Final = 40_000
"""After how many looks, about a day, the spaces are thrown away in which nobody has been."""
_CLOSED_AFTER: Final = 1800.0
"""Seconds without a visit after which nothing of a space is kept in memory."""
_KEPT_FOR: Final = timedelta(days=30)


class _OpenSpace(NamedTuple):
    """A space with what serves it."""

    engine: Engine
    app: ASGIApp


class TrainingSpaces:
    """The spaces of a training server: each is made of the same empty demo, and nothing leads from one to another."""

    def __init__(
        self,
        own: Settings,
        server: EmbeddedServer,
        app_of: Callable[[Engine], ASGIApp],
        *,
        template: str = CASES_DATABASE,
    ) -> None:
        """Begin over a server with the template of all spaces."""
        self._own, self._server, self._app_of, self._template = own, server, app_of, template
        self._open: dict[str, _OpenSpace] = {}
        self._visited: dict[str, float] = {}
        self._locks: dict[str, Lock] = {}
        self._lock, self._is_over = Lock(), Event()

    def app_of(self, name: str) -> ASGIApp | None:
        """Return what serves a space, opened if need be; None where it was thrown away."""
        with self._lock:
            self._visited[name] = monotonic()
            known = self._open.get(name)
        if known is not None:
            return known.app
        with self._turn(name):
            return self._opened(name).app if self._roles(name).exists() else None

    def enter(self, name: str, roles: Collection[str]) -> str:
        """Return a session for the person of a space, who has these roles there; it is made when they first come."""
        with self._turn(name):
            if not self._roles(name).exists():
                self._make(name)
            self._roles(name).write_text("\n".join(roles), encoding="utf-8")
            return self._admit(name)

    def start_again(self, name: str) -> str:
        """Throw a space away and make it anew, with the same roles; returns a session there."""
        with self._turn(name):
            roles = self._roles(name).read_text(encoding="utf-8")
            self._throw_away(name)
            self._make(name)
            self._roles(name).write_text(roles, encoding="utf-8")
            return self._admit(name)

    def forget_unused(self) -> None:
        """Throw the spaces away that nobody has entered for a month, but for one where somebody is just now."""
        for roles in tuple(self._folder("").glob("*/roles")):
            self._unless_busy(roles.parent.name, self._forget)

    def keep_working(self) -> None:
        """Do what is due in each open space, until the end; close those where nobody has been for long."""
        looks = 0
        while not self._is_over.wait(_LOOK_EVERY):
            looks += 1
            for name in tuple(self._open):
                if self._visited.get(name, 0.0) < monotonic() - _CLOSED_AFTER:
                    self._unless_busy(name, self._close)
                else:
                    self.work_in(name, with_chores=looks % _CHORES_EVERY == 0)
            if looks % _FORGET_EVERY == 0:
                self.forget_unused()
        for name in tuple(self._open):
            self._unless_busy(name, self._close)

    def work_in(self, name: str, *, with_chores: bool = True) -> None:
        """Do what is due in a space, unless somebody is making it anew."""

        def work(name: str) -> None:
            if (known := self._open.get(name)) is not None:
                fire_deadlines(known.engine)
                if with_chores:
                    do_chores(known.engine)
                settle_jobs(known.engine, is_patient=True)

        self._unless_busy(name, work)

    def stop(self) -> None:
        """Let the work end."""
        self._is_over.set()

    @contextmanager
    def _turn(self, name: str) -> Iterator[None]:
        """Do one thing at a time in a space; raises `BusyError` for who has waited long."""
        lock = self._lock_of(name)
        if not lock.acquire(timeout=_PATIENCE):
            raise BusyError(waited_for="your training space")
        try:
            yield
        finally:
            lock.release()

    def _unless_busy(self, name: str, act: Callable[[str], None]) -> None:
        """Do something in a space, unless something goes on there; what fails is logged, and stops no other."""
        lock = self._lock_of(name)
        if not lock.acquire(timeout=0):
            return
        try:
            act(name)
        except Exception as error:  # noqa: BLE001 - the border of a thread
            log.error("training_work_failed", extra=why(error))  # noqa: TRY400 - no traceback in the log
        finally:
            lock.release()

    def _lock_of(self, name: str) -> Lock:
        with self._lock:
            return self._locks.setdefault(name, Lock())

    def _make(self, name: str) -> None:
        self._throw_away(name)  # what a killed process had begun
        self._folder(name).mkdir(parents=True)
        create_database(self._server.url("postgres"), _database(name), template=self._template)
        seed_demo(self._opened(name).engine)

    def _forget(self, name: str) -> None:
        if self._roles(name).stat().st_mtime < (SystemClock().now() - _KEPT_FOR).timestamp():
            self._throw_away(name)

    def _throw_away(self, name: str) -> None:
        self._close(name)
        drop_database(self._server.url("postgres"), _database(name))
        shutil.rmtree(self._folder(name), ignore_errors=True)

    def _opened(self, name: str) -> _OpenSpace:
        if name not in self._open:
            for other in sorted(self._open, key=lambda one: self._visited.get(one, 0.0)):
                if len(self._open) >= _MOST_OPEN:
                    self._unless_busy(other, self._close)
            urls = urls_on(self._server, _database(name))
            migrate(urls.owner)
            own = self._own.model_copy(update={"checkpoints": self._folder(name) / "checkpoints"})
            engine = build_engine(own, urls, pool_size=_CONNECTIONS)
            try:
                ship(engine)
                for batch in open_batches(engine, older_than=timedelta()):
                    abandon_batch(engine, batch_id=batch.id)
            except BaseException:
                engine.dispose()
                raise
            self._visited[name] = monotonic()
            self._open[name] = _OpenSpace(engine, self._app_of(engine))
        return self._open[name]

    def _close(self, name: str) -> None:
        known = self._open.pop(name, None)
        if known is not None:
            known.engine.dispose()

    def _admit(self, name: str) -> str:
        """Give the trainee the roles that are kept, and no other, and begin a session for them."""
        engine, roles = self._opened(name).engine, self._roles(name).read_text(encoding="utf-8").split()
        with engine.transaction() as tx:
            people = tx.of(DirectoryStore)
            people.add_actor(TRAINEE, name="You", email="you@demo.example", demo=True)
            for unit, role in people.memberships(TRAINEE):
                people.take_role(TRAINEE, unit_id=unit, role=role)
            for role in roles:
                people.add_role(TRAINEE, unit_id=unit_of(_PLACE), role=role)
            tx.commit()
        return become(engine, TRAINEE)

    def _folder(self, name: str) -> Path:
        return self._own.data_folder / "spaces" / name

    def _roles(self, name: str) -> Path:
        """Return the file of the roles of a space: it is there when the space is whole."""
        return self._folder(name) / "roles"


def _database(name: str) -> str:
    """Return the database of a space; raises `SettingsError` for what cannot be one."""
    if not _NAME.fullmatch(name):
        raise SettingsError(problem="This is not the name of a training space.", remedy="")
    return f"space_{name}"
