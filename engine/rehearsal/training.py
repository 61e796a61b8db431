"""Training: opened beside a hub, on a server and with keys that are not the hub's, and thrown away."""

import fcntl
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Final

from starlette.types import ASGIApp

from engine.app import build_engine, databases, ship
from engine.assembly import Engine
from engine.core.policy import Viewer
from engine.db.embedded.embedded import start_embedded, stop_embedded
from engine.db.embedded.folder import write_private
from engine.errors import SettingsError
from engine.machine import SystemClock
from engine.rehearsal.tickets import Tickets
from engine.rehearsal.training_spaces import TrainingSpaces
from engine.settings import Settings

_MARK: Final = "this-is-training"
_KEY, _LOCK, _PORT = "tickets.key", "running.lock", "training.port"
_TRIES: Final = 10


def training_settings(settings: Settings) -> Settings:
    """Return the settings of training beside those of a hub: none of its databases, keys, mail or neighbours.

    What is not named here is as it is without any setting, whatever the environment says.
    """
    folder = settings.data_folder / "training"
    address = settings.training_url or f"http://{settings.portal_host}:{settings.training_port}"
    return Settings.model_construct(
        data_folder=folder, key_file=folder / "keys" / "icmc-keys.json", demo=True, durable=settings.durable,
        portal_host=settings.portal_host, portal_port=settings.training_port, portal_url=address,
        trusted_proxies=settings.trusted_proxies, pillars=settings.pillars,
    )  # fmt: skip


def practise_at(settings: Settings) -> Callable[[Viewer], str | None]:
    """Return what gives people of a hub the address of their training space, with a ticket; None while none is open.

    Where that is, the settings of the hub say: of what training wrote, a number is read and nothing else.
    """
    folder = training_settings(settings).data_folder

    def address_for(viewer: Viewer) -> str | None:
        try:
            if viewer.must_enrol or not _is_open(folder):
                return None
            port = int((folder / _PORT).read_text(encoding="utf-8"))
            address = training_settings(settings.model_copy(update={"training_port": port})).portal_url
            return f"{address}/training/enter?ticket={tickets_of(folder).issue(viewer.actor_id, viewer.roles)}"
        except (OSError, ValueError):  # it has not begun yet, or is another user's
            return None

    return address_for


def tickets_of(folder: Path) -> Tickets:
    """Return what makes and takes the tickets of a training folder."""
    return Tickets(bytes.fromhex((folder / _KEY).read_text(encoding="ascii")), SystemClock().now)


@contextmanager
def training_open(own: Settings, app_of: Callable[[Engine], ASGIApp]) -> Iterator[TrainingSpaces]:
    """Open training, made where there is none yet, and work in it until the end; `own` are its settings.

    Raise `SettingsError` where another process has it open.
    """
    folder = own.data_folder
    _begin(folder)
    with _alone(folder), databases(own, make_demo=True) as running:
        if running.server is None:
            raise SettingsError(problem="Training has a server of its own.", remedy="")
        engine = build_engine(own, running.urls)
        try:
            ship(engine)
        finally:
            engine.dispose()  # nobody may be in a database that is copied
        spaces = TrainingSpaces(own, running.server, app_of)
        spaces.forget_unused()
        write_private(folder / _PORT, str(own.portal_port))
        worker = Thread(target=spaces.keep_working, name="icmc-training", daemon=True)
        worker.start()
        try:
            yield spaces
        finally:
            spaces.stop()
            worker.join(timeout=60)


def reset_training(own: Settings) -> None:
    """Throw training away, with every space, its server and its keys; the next start makes all of it anew.

    Raise `SettingsError` where it is open, and for a folder that training did not make: nothing is touched there.
    """
    folder = own.data_folder
    if folder.is_symlink() or folder.name != "training" or not (folder / _MARK).is_file():
        raise SettingsError(
            problem=f"{folder} is not the folder of a training space.", remedy="`icmc training start` makes one."
        )
    with _alone(folder):
        stop_embedded(start_embedded(folder / "postgresql", durable=own.durable))  # one whose owner was killed runs on
        shutil.rmtree(folder)


def _begin(folder: Path) -> None:
    """Make the folder with its mark and the key of its tickets; raises `SettingsError` where anything else lies."""
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).is_file():
        raise SettingsError(problem=f"{folder} is not the folder of a training space.", remedy="Move it away first.")
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    write_private(folder / _MARK, "Everything here is invented.\n")
    if not (folder / _KEY).exists():
        write_private(folder / _KEY, secrets.token_hex(32))


def _is_open(folder: Path) -> bool:
    """Return whether a process has training open; raises `OSError` where it never was."""
    with (folder / _LOCK).open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Be the only process that has training open; raises `SettingsError` while another is."""
    with (folder / _LOCK).open("ab") as lock:
        for _ in range(_TRIES):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:  # a hub may be looking for a moment whether somebody is here
                Event().wait(1 / _TRIES)
            else:
                (folder / _PORT).unlink(missing_ok=True)
                yield
                return
    raise SettingsError(problem=f"{folder} is open in another process.", remedy="Stop that one first.")
