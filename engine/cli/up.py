"""`icmc up`, `portal`, `worker`, `migrate`: the whole system on this machine, or its parts."""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from engine.app import build_engine, databases, hold_to_known_hosts, ship
from engine.assembly import Engine
from engine.errors import IcmcError
from engine.keys.actions.keys import keys_are_proved
from engine.log_lines import log_in_lines
from engine.orchestration.server import PrefectServer
from engine.orchestration.settings import PrefectAddress, WorkerChild, start_worker
from engine.people.actions.invitations import first_link
from engine.rehearsal.demo import has_story, let_time_pass, play_rest, seed_demo
from engine.rehearsal.running import rehearsal_of
from engine.rehearsal.training import practise_at
from engine.settings import Settings
from engine.site import create_app, serve
from engine.web.terminal import in_words, read_settings
from engine.web.turns import CONNECTIONS
from engine.web.visit import DemoControls

log = logging.getLogger(__name__)
_PORTS_TO_TRY = 50
_LOOK_EVERY = 2.0
_PAGE_WAITS = 6.0

Demo = Annotated[bool, typer.Option("--demo", help="Invented people and cases, a clock that can be moved, no mail.")]
Port = Annotated[int | None, typer.Option(help="The port of the portal; the next free one if it is taken.")]


@in_words
def up(demo: Demo = False, port: Port = None) -> None:  # noqa: FBT002 - a command-line flag
    """Run everything on this machine: database, Prefect, a worker, the portal."""
    log_in_lines()
    settings = _settings(demo=demo, port=port)
    hold_to_known_hosts(settings)
    began = time.monotonic()
    typer.echo("Starting the database ...")
    with databases(settings, make_demo=demo) as running:
        engine = build_engine(settings, running.urls, pool_size=CONNECTIONS)
        ship(engine)
        _note_port(settings)
        if engine.demo:
            typer.echo("Bringing the demo to life ...")
            seed_demo(engine)
        background = _Background(settings, running.urls.prefect_asyncpg)
        background.start()
        app = create_app(
            engine,
            demo=controls(engine) if engine.demo else None,
            prefect_ui_url=background.ui_url,
            rehearsal=rehearsal_of(engine.catalogue, engine.library),
            practise=practise_at(settings),
        )
        typer.echo(f"ICMC is at {settings.address} (after {time.monotonic() - began:.0f} s). Stop it with Ctrl-C.")
        typer.echo("Not for real cases yet: see the README.")
        if not engine.demo and not keys_are_proved(engine):
            typer.echo(
                "Carry the keys away now, or a lost disk loses all: icmc keys export FILE, icmc keys prove FILE."
            )
        _show_first_link(engine)
        try:
            serve(app, settings.portal_host, settings.portal_port, proxies=settings.trusted_proxies)
        finally:
            typer.echo("Stopping ...")
            background.stop()
            engine.dispose()


@in_words
def portal(port: Port = None) -> None:
    """Run the portal only; database and worker can be elsewhere."""
    log_in_lines()
    settings = _settings(demo=read_settings().demo, port=port)
    hold_to_known_hosts(settings)
    with databases(settings) as running:
        engine = build_engine(settings, running.urls, pool_size=CONNECTIONS)
        ship(engine)
        _note_port(settings)
        typer.echo(f"The portal is at {settings.address}.")
        _show_first_link(engine)
        serve(
            create_app(
                engine,
                demo=controls(engine) if engine.demo else None,
                rehearsal=rehearsal_of(engine.catalogue, engine.library),
                practise=practise_at(settings),
            ),
            settings.portal_host,
            settings.portal_port,
            proxies=settings.trusted_proxies,
        )


@in_words
def migrate() -> None:
    """Bring the database to the shape that this release needs."""
    with databases(read_settings()):
        typer.echo("The database has the shape of this release.")


@dataclass
class _Background:
    """Prefect's server and a worker as child processes, started beside the portal and started again if they end.

    Where the settings name a server elsewhere, none is started here.
    """

    settings: Settings
    database_url: str = field(repr=False)

    def __post_init__(self) -> None:
        self._elsewhere = PrefectAddress.elsewhere(self.settings)
        self._server = PrefectServer(
            home=self.settings.data_folder / "prefect", database_url=self.database_url,
            with_ui=self.settings.prefect_ui, port=self.settings.prefect_port,
        )  # fmt: skip
        self._worker: WorkerChild | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep_running, name="icmc-background", daemon=True)

    @property
    def ui_url(self) -> str | None:
        """Where admins find Prefect's own pages."""
        return self._address.origin if self.settings.prefect_ui else None

    @property
    def _address(self) -> PrefectAddress:
        return self._elsewhere or self._server.address

    def start(self) -> None:
        """Start both, without waiting for them: people can work meanwhile."""
        self._thread.start()

    def stop(self) -> None:
        """Stop both."""
        self._stop.set()
        self._thread.join(timeout=120)
        if self._worker is not None:
            self._worker.stop()
        self._server.stop()

    def _keep_running(self) -> None:
        first = self._address
        self._worker = start_worker(first)
        if self._elsewhere is None:
            self._start_server()
        if self._address != first:
            self._worker.stop()
            self._worker = start_worker(self._address)
        while not self._stop.wait(_LOOK_EVERY):
            self._server.restart_if_ended()
            if self._worker.has_ended:
                self._worker = start_worker(self._address)

    def _start_server(self) -> None:
        try:
            self._server.start()
        except IcmcError as error:
            log.error("prefect_did_not_start", extra={"code": error.code})  # noqa: TRY400 - no traceback in the log
            typer.echo(str(error), err=True)


def _show_first_link(engine: Engine) -> None:
    """Print the link of the first administrator where nobody is yet; an earlier one counts no more."""
    token = first_link(engine)
    if token is not None:
        typer.echo(
            "No one is here yet. The person who opens this becomes the first administrator, once, within 24 hours:"
        )
        typer.echo(f"{engine.portal_url}/first/{token}")


def _settings(*, demo: bool | None, port: int | None) -> Settings:
    """Read the settings, choose a free port, and tell child processes of both."""
    settings = read_settings()
    folder = settings.data_folder / "demo" if demo and "ICMC_DATA_FOLDER" not in os.environ else settings.data_folder
    chosen = free_port(settings.portal_host, port or settings.portal_port)
    os.environ |= {
        "ICMC_DATA_FOLDER": str(Path(folder).absolute()),
        "ICMC_PORTAL_PORT": str(chosen),
    }
    if demo is not None:
        os.environ["ICMC_DEMO"] = str(demo).lower()
    return read_settings()


def _note_port(settings: Settings) -> None:
    """Let commands beside the portal print links to it, whichever port was free."""
    settings.data_folder.mkdir(parents=True, exist_ok=True)
    settings.port_file.write_text(str(settings.portal_port), encoding="utf-8")


def free_port(host: str, first: int) -> int:
    """Return the first port from one on that nobody listens on."""
    for port in range(first, first + _PORTS_TO_TRY):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    return first


def controls(engine: Engine, *, is_training: bool = False) -> DemoControls:
    """Let time pass and stories go on beside the page: one wish after another, and the page waits a little for it."""
    beside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="icmc-demo")

    def wish(what: Callable[[], object]) -> bool:
        """Return whether it is done already; what is not goes on."""
        try:
            beside.submit(what).result(timeout=_PAGE_WAITS)
        except TimeoutError:
            return False
        return True

    return DemoControls(
        let_time_pass=lambda by: wish(lambda: let_time_pass(engine, by, is_alone=is_training)),
        play_rest=lambda case_id: wish(lambda: play_rest(engine, case_id, is_alone=is_training)),
        has_story=lambda case_id: has_story(engine, case_id),
        is_training=is_training,
    )
