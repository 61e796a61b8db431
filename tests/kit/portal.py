"""A portal over a real engine, with one person of every role in one unit, and a clock that tests move."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from anyio.from_thread import start_blocking_portal
from fastapi import FastAPI
from starlette.testclient import TestClient

from engine.app import build_engine, ship
from engine.approvals.views import waiting
from engine.assembly import Engine
from engine.core.policy import Viewer
from engine.db.embedded.databases import OWNER, create_database
from engine.db.embedded.embedded import EmbeddedServer
from engine.db.embedded.folder import one_at_a_time
from engine.db.embedded.roles import DatabaseUrls, urls_on
from engine.db.locks import PAGES, TimeLimits
from engine.db.migrate import mark_as_demo
from engine.deadlines.actions.firing import fire_deadlines
from engine.messages.mail import DemoMailbox
from engine.plugin.registry import load_registry
from engine.plugin.steps import StepKind
from engine.rehearsal.running import rehearsal_of
from engine.rehearsal.world import MovedClock, RecordingChannel, SeededEntropy, World, people_of
from engine.settings import Settings
from engine.site import create_app
from engine.web.visit import DemoControls
from tests.conftest import FreshDatabase, fresh_database, rows_of
from tests.kit.acting import Acting

BEGIN = datetime(2026, 3, 7, 13, 10, tzinfo=UTC)
YEAR = datetime(2026, 1, 1, tzinfo=UTC)
ORIGIN = "http://127.0.0.1"


@dataclass(frozen=True)
class Portal(Acting):
    """What tests of pages are given."""

    engine: Engine
    clock: MovedClock
    people: dict[str, Viewer]
    unit: UUID
    played: list[UUID]
    client_of: Callable[[str], TestClient]
    app: FastAPI
    urls: DatabaseUrls = field(repr=False)

    def as_role(self, role: str) -> TestClient:
        return self.client_of(role)

    def anybody(self) -> TestClient:
        return self.client_of("")

    def rows(self, query: str, **values: Any) -> list[Any]:
        """Read or change rows as the superuser, each by the names of its columns."""
        return [row._mapping for row in rows_of(self.urls.admin, query, **values)]

    def let_time_pass(self, span: timedelta) -> None:
        self.clock.move_to(self.clock.now() + span)
        fire_deadlines(self.engine)


@contextmanager
def made_portal(
    postgres: EmbeddedServer, folder: Path, *, limits: TimeLimits = PAGES, pool_size: int = 1
) -> Iterator[Portal]:
    """Make a portal with one connection to its database: whatever asks for a second one waits for itself and fails."""
    with shipped_database(postgres, folder) as database:
        mark_as_demo(postgres.url(database.name, OWNER))
        yield from _portal_over(database.urls, folder, limits=limits, pool_size=pool_size)


@contextmanager
def shipped_database(postgres: EmbeddedServer, folder: Path, *, at: datetime = BEGIN) -> Iterator[FreshDatabase]:
    """Copy a database in which the release's definitions were published at an instant, and its keys into `folder`."""
    template, keys = f"icmc_shipped_{at:%Y%m%d}", postgres.data_folder / f"shipped-{at:%Y%m%d}"
    with one_at_a_time(postgres.data_folder / "shipped.lock"):
        if not keys.exists():
            _ship_once(postgres, template, keys, at)
    shutil.copytree(keys, folder, dirs_exist_ok=True)
    with fresh_database(postgres, template=template) as made:
        yield made


def _ship_once(postgres: EmbeddedServer, name: str, folder: Path, at: datetime) -> None:
    unfinished = folder.with_suffix(".part")
    create_database(postgres.url("postgres"), name, template="icmc_template")
    engine = build_engine(Settings(data_folder=unfinished), urls_on(postgres, name), clock=MovedClock(at))
    try:
        ship(engine)
    finally:
        engine.dispose()
    unfinished.rename(folder)


@contextmanager
def story_world(postgres: EmbeddedServer, folder: Path) -> Iterator[World]:
    """Make the world of `scratch_world` on the server of the tests."""
    clock, channel = MovedClock(YEAR), RecordingChannel()
    with shipped_database(postgres, folder, at=YEAR) as database:
        engine = build_engine(
            Settings(data_folder=folder, durable=False), database.urls, clock=clock, entropy=SeededEntropy("replay"),
            channels={"email": channel},
        )  # fmt: skip
        try:
            yield World(engine, clock, channel, database.urls.owner)
        finally:
            engine.dispose()


def _portal_over(urls: DatabaseUrls, folder: Path, *, limits: TimeLimits, pool_size: int) -> Iterator[Portal]:
    clock, played = MovedClock(BEGIN), []
    engine = build_engine(
        Settings(data_folder=folder, demo=True), urls, clock=clock, channels={"email": DemoMailbox()}, limits=limits,
        pool_size=pool_size,
    )  # fmt: skip
    try:
        unit, people = people_of(engine, jurisdiction="IN-AS", label="Demo")

        def let_time_pass(span: timedelta) -> None:
            clock.move_to(clock.now() + span)
            fire_deadlines(engine)

        app = create_app(
            engine,
            demo=DemoControls(let_time_pass, played.append),
            prefect_ui_url="http://127.0.0.1:4200",
            rehearsal=rehearsal_of(engine.catalogue, engine.library),
        )

        def client_of(role: str) -> TestClient:
            client = TestClient(app, base_url=ORIGIN, raise_server_exceptions=False)
            client.portal = loop
            if role:
                answer = client.post("/become", data={"actor_id": str(people[role].actor_id)}, follow_redirects=False)
                assert answer.status_code == 303
            return client

        with start_blocking_portal() as loop:  # one for all requests, as a server has: a new one for each takes longer
            yield Portal(engine, clock, people, unit, played, client_of, app, urls)
    finally:
        engine.dispose()


REPORT = {
    "a-narrative": "A girl of about twelve works in a house.",
    "a-concern": "forced_labour",
    "a-is_child_suspected": "yes",
    "a-immediate_danger": "no",
    "a-safe_to_call": "yes",
    "a-consent_to_record": "yes",
}


def agree(portal: Portal, *, by: str = "nodal_officer") -> None:
    """Agree on its page to every changed definition that waits."""
    client = portal.as_role(by)
    for line in portal.engine.ask(waiting, portal.people[by]):
        if line.kind == "definition":
            done = client.post(f"/waiting/{line.id}", data={"answer": "yes"})
            assert "Your answer was recorded" in done.text


@dataclass(frozen=True)
class Reported:
    """The addresses of a case that was just reported."""

    number: str
    page: str
    item: str


def report_case(client: TestClient) -> Reported:
    """Report a case through the pages."""
    saved = client.post("/report", data=REPORT | {"command_id": str(uuid4())})
    number = re.search(r"Case number<br><strong>([^<]+)</strong>", saved.text)
    item = re.search(r'href="(/items/[0-9a-f-]+)"', saved.text)
    page = re.search(r'href="(/cases/[0-9a-f-]+)"', saved.text)
    return Reported(number.group(1), page.group(1), item.group(1))


def busy_case(portal: Portal) -> Reported:
    """Report a case, and add every fourth step that can be asked for."""
    case, manager = report_case(portal.as_role("intake_officer")), portal.as_role("case_manager")
    asked = sorted(key for key, one in load_registry().step_types.items() if one.kind is StepKind.ASKED)
    for uses in asked[::4]:
        step = {"uses": uses, "title": "", "limit": "PT24H", "command_id": str(uuid4())}
        assert manager.post(f"{case.page}/add-step", data=step, follow_redirects=False).status_code == 303
    return case


def hidden(page: str, name: str) -> str:
    """Return the value of a hidden field of a page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found.group(1)
