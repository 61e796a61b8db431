"""Training: a space for each person, which nobody else enters, which is made anew at a button, and sends nothing."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from time import sleep
from uuid import UUID, uuid4

import httpx
import pytest
from starlette.testclient import TestClient

from engine.assembly import Engine
from engine.cases.views.lists import cases
from engine.cli.training import space_app
from engine.db.embedded.databases import OWNER, connected
from engine.db.embedded.embedded import EmbeddedServer, start_embedded, stop_embedded
from engine.db.migrate import mark_as_demo
from engine.errors import ServiceError, SettingsError
from engine.jobs.store import JobStore
from engine.machine import SystemClock
from engine.messages.mail import DemoMailbox
from engine.people.viewer import as_viewer
from engine.rehearsal.training import (
    Tickets,
    TrainingDoor,
    practise_at,
    training_settings,
)
from engine.rehearsal.training_spaces import TRAINEE, TrainingSpaces
from engine.settings import Settings
from engine.site import create_app
from tests.kit.portal import ORIGIN, Portal, hidden, report_case, shipped_database

pytestmark = pytest.mark.long
HUB = "http://hub.example"
ROLES = ("caseworker", "counsellor", "intake_officer")


class Training:
    """Training on the server of the tests, and the hub that sends people there."""

    def __init__(self, spaces: TrainingSpaces) -> None:
        key = uuid4().bytes
        self.spaces, self.tickets, self.hub = spaces, Tickets(key, SystemClock().now), Tickets(key, SystemClock().now)
        self.app = TrainingDoor(spaces, self.tickets, address=ORIGIN, hub=HUB)

    def anybody(self) -> TestClient:
        return TestClient(self.app, base_url=ORIGIN)

    def come(self, who: UUID, roles: tuple[str, ...] = ROLES) -> TestClient:
        client = self.anybody()
        entered = client.post("/training/enter", data={"ticket": self.hub.issue(who, roles)}, follow_redirects=False)
        assert entered.status_code == 303
        return client

    def space_of(self, client: TestClient) -> str:
        return str(self.tickets.space_of(client.cookies["icmc_training"]))


@pytest.fixture(scope="module")
def training(postgres: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Training]:
    own = training_settings(Settings(data_folder=tmp_path_factory.mktemp("hub")))
    with shipped_database(postgres, own.data_folder) as template:
        mark_as_demo(postgres.url(template.name, OWNER))
        spaces = TrainingSpaces(own, postgres, space_app, template=template.name)
        yield Training(spaces)
        for name in tuple(spaces._open):
            spaces._throw_away(name)


@pytest.fixture(scope="module")
def mary(training: Training) -> TestClient:
    return training.come(uuid4())


@pytest.fixture(scope="module")
def tomba(training: Training) -> TestClient:
    return training.come(uuid4(), ("supervisor", "system_administrator"))


def _engine_of(training: Training, client: TestClient) -> Engine:
    training.spaces.app_of(training.space_of(client))
    return training.spaces._open[training.space_of(client)].engine


def test_a_ticket_leads_into_a_space_with_cases_and_the_roles_of_the_hub(training: Training, mary: TestClient) -> None:
    page = mary.get("/worklist")
    assert page.status_code == 200
    assert "Training: nobody here is real" in page.text
    engine = _engine_of(training, mary)
    me = engine.ask_all(as_viewer, TRAINEE)
    assert set(me.roles) == set(ROLES)
    assert len(engine.ask(cases, me, limit=20)) >= 3


def test_a_page_that_is_only_loaded_takes_no_ticket_and_a_ticket_is_taken_once(training: Training) -> None:
    ticket = training.hub.issue(uuid4(), ())
    client = training.anybody()
    for _ in range(2):
        asked = client.get("/training/enter", params={"ticket": ticket})
        assert asked.status_code == 200
        assert ticket in asked.text
    assert training.tickets.take(ticket) is not None
    refused = client.post("/training/enter", data={"ticket": ticket})
    assert refused.status_code == 403
    assert f"{HUB}/account#practise" in refused.text
    assert not client.cookies
    assert client.get("/exit", follow_redirects=False).headers["location"].startswith("https://")


@pytest.mark.parametrize("path", ["/", "/sign-in", "/worklist", "/cases", "/tell", "/api/v1/openapi.json"])
def test_whoever_has_no_pass_is_let_into_no_space(training: Training, mary: TestClient, path: str) -> None:
    client = training.anybody()
    session = {"icmc_training_session": mary.cookies["icmc_training_session"]}
    for cookies in ({}, session, session | {"icmc_training": f"{mary.cookies['icmc_training']}0"}):
        client.cookies = cookies  # type: ignore[assignment]
        shown = client.get(path)
        assert shown.status_code == 403
        assert "your own page only" in shown.text
        assert client.post("/training/again", headers={"origin": ORIGIN}).status_code == 403


def test_nobody_sees_into_the_space_of_somebody_else(training: Training, mary: TestClient, tomba: TestClient) -> None:
    assert training.space_of(mary) != training.space_of(tomba)
    own = report_case(mary)
    assert mary.get(own.page).status_code == 200
    assert tomba.get(own.page).status_code == 404
    assert own.number not in tomba.get("/cases").text
    crossed = training.anybody()
    crossed.cookies.set("icmc_training", tomba.cookies["icmc_training"])
    crossed.cookies.set("icmc_training_session", mary.cookies["icmc_training_session"])
    assert crossed.get("/account", follow_redirects=False).headers["location"].startswith("/sign-in")


def test_start_again_makes_the_own_space_anew_and_no_other(
    training: Training, mary: TestClient, tomba: TestClient
) -> None:
    mine = report_case(mary)
    assert mary.get(mine.page).status_code == 200
    others = tomba.get("/cases").text
    assert "Start again" in mary.get("/demo").text
    assert mary.post("/training/again", headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert mary.get(mine.page).status_code == 200, "another site made nobody start again"
    assert "You begin again" in mary.post("/training/again").text
    assert mary.get(mine.page).status_code == 404
    assert mary.get("/worklist").status_code == 200
    assert set(_engine_of(training, mary).ask_all(as_viewer, TRAINEE).roles) == set(ROLES)
    assert re.findall(r"C-\w{4}-\w{4}", tomba.get("/cases").text) == re.findall(r"C-\w{4}-\w{4}", others)


def test_what_follows_by_itself_is_done_in_training_and_nothing_leaves(training: Training, mary: TestClient) -> None:
    engine = _engine_of(training, mary)
    report_case(mary)
    training.spaces.work_in(training.space_of(mary))
    with engine.transaction() as tx:
        assert not tx.of(JobStore).any_due(now=engine.clock.now())
    assert "Time has passed." in mary.post("/demo/time", data={"span": "PT10M"}).text
    assert mary.get("/demo").text.count('class="icmc-mail"') > 0, "what would have been sent is shown"
    assert {type(channel) for channel in engine.channels.values()} == {DemoMailbox}


def test_one_who_presses_a_hundred_times_takes_no_thread_from_the_others(
    training: Training, mary: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.rehearsal.training_spaces._PATIENCE", 0.01)
    with training.spaces._turn(training.space_of(mary)):
        assert mary.post("/training/again").status_code == 503
        training.spaces.work_in(training.space_of(mary))
        training.spaces._close(training.space_of(mary))
        busy = mary.get("/")
        assert busy.status_code == 503
        assert "default-src 'none'" in busy.headers["content-security-policy"]
        assert "Wait a moment, then try again." in busy.text
        assert "your own page only" not in busy.text
    assert mary.get("/").status_code == 200


def test_a_space_is_as_it_was_after_it_was_closed_and_is_thrown_away_when_nobody_comes(
    training: Training, mary: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = training.come(uuid4())
    name, own = training.space_of(client), report_case(client)
    monkeypatch.setattr("engine.rehearsal.training_spaces._MOST_OPEN", 1)
    for other in tuple(training.spaces._open):
        training.spaces._close(other)
    assert mary.get("/").status_code == 200
    with training.spaces._turn(training.space_of(mary)):
        assert client.get(own.page).status_code == 200
        assert training.space_of(mary) in training.spaces._open, "what goes on in a space is not cut off"
    training.spaces._close(name)
    assert client.get(own.page).status_code == 200
    assert set(training.spaces._open) == {name}, "the others gave way"
    training.spaces.forget_unused()
    assert client.get(own.page).status_code == 200
    roles = training.spaces._roles(name)
    long_ago = roles.stat().st_mtime - 31 * 24 * 3600
    os.utime(roles, (long_ago, long_ago))
    strange = training.spaces._roles("what somebody put there")
    strange.parent.mkdir()
    strange.touch()
    os.utime(strange, (long_ago, long_ago))
    monkeypatch.setattr("engine.rehearsal.training_spaces._LOOK_EVERY", 0.01)
    monkeypatch.setattr("engine.rehearsal.training_spaces._FORGET_EVERY", 2)
    monkeypatch.setattr("engine.rehearsal.training_spaces._CLOSED_AFTER", -1)
    monkeypatch.setattr(training.spaces, "_is_over", Event())
    assert mary.get("/").status_code == 200
    with training.spaces._turn(training.space_of(mary)):
        worker = Thread(target=training.spaces.keep_working)
        worker.start()
        _soon(lambda: not roles.exists())
    _soon(lambda: not training.spaces._open)
    training.spaces.stop()
    worker.join()
    assert strange.exists()
    assert client.get(own.page).status_code == 403
    assert mary.get("/").status_code == 200


def _soon(is_so: Callable[[], bool]) -> None:
    for _ in range(200):
        if is_so():
            return
        sleep(0.05)
    pytest.fail("it did not come to that")


@pytest.mark.parametrize("name", ["icmc", "postgres", "../icmc", "", "0" * 31, "0" * 33, f"{'0' * 31}\n"])
def test_no_other_database_is_ever_made_or_thrown_away(training: Training, name: str) -> None:
    for act in (training.spaces._throw_away, training.spaces._make):
        with pytest.raises(SettingsError, match="not the name of a training space"):
            act(name)


def test_the_hub_offers_training_while_it_is_open_and_neither_reaches_the_others_database(
    portal: Portal, postgres: EmbeddedServer
) -> None:
    with tempfile.TemporaryDirectory(prefix="icmc-training-") as folder:
        Path(folder).chmod(0o711)
        _offered_while_open(portal, postgres, Settings(data_folder=Path(folder), durable=False))


def _offered_while_open(portal: Portal, postgres: EmbeddedServer, settings: Settings) -> None:
    own, offer = training_settings(settings), practise_at(settings)
    hub = TestClient(create_app(portal.engine, practise=offer), base_url=ORIGIN)
    hub.cookies = portal.as_role("caseworker").cookies
    assert "/account/practise" not in hub.get("/account").text
    assert hub.get("/account/practise").status_code == 404
    before = portal.rows('SELECT count(*) FROM "case"'), portal.rows("SELECT count(*) FROM actor")
    with _started(settings) as told:
        assert "/account/practise" in hub.get("/account").text
        address = hub.get("/account/practise", follow_redirects=False).headers["location"]
        assert address.partition("/training/enter?ticket=")[0] in told
        assert offer(portal.people["caseworker"].model_copy(update={"must_enrol": True})) is None
        there = settings.model_copy(update={"training_url": "https://training.example"})
        assert str(practise_at(there)(portal.people["caseworker"])).startswith(f"{there.training_url}/training/enter?")
        _enter(address)
        for refused in (_icmc(settings, "start"), _icmc(settings, "reset")):
            assert refused.returncode == 1
            assert "is open in another process" in refused.stderr
        _nobody_crosses(own.data_folder / "postgresql", postgres)
    assert "/account/practise" not in hub.get("/account").text
    assert _icmc(settings, "reset").returncode == 0
    assert not own.data_folder.exists()
    assert (portal.rows('SELECT count(*) FROM "case"'), portal.rows("SELECT count(*) FROM actor")) == before


def _environment(settings: Settings) -> dict[str, str]:
    return os.environ | {"ICMC_DATA_FOLDER": str(settings.data_folder), "ICMC_DURABLE": "false"}


def _icmc(settings: Settings, command: str) -> subprocess.CompletedProcess[str]:
    words = [str(Path(sys.executable).with_name("icmc")), "training", command]
    return subprocess.run(words, env=_environment(settings), capture_output=True, text=True, check=False, timeout=120)


@contextmanager
def _started(settings: Settings) -> Iterator[str]:
    """Run `icmc training start` until it says where it is open, and stop it as Ctrl-C does."""
    words = [str(Path(sys.executable).with_name("icmc")), "training", "start"]
    with subprocess.Popen(words, env=_environment(settings), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)


def _enter(address: str) -> None:
    """Go the way of a browser, over the network."""
    with httpx.Client(timeout=60, transport=httpx.HTTPTransport(retries=6)) as browser:
        ticket = hidden(browser.get(address).text, "ticket")
        entered = browser.post(address.partition("?")[0], data={"ticket": ticket})
        assert entered.status_code == 303
        home = browser.get(str(httpx.URL(address).join("/worklist")))
        assert home.status_code == 200
        assert "nobody here is real" in home.text


def _nobody_crosses(folder: Path, hub: EmbeddedServer) -> None:
    """Try the passwords of one server on the other, each as its administrator and as the system."""
    training = start_embedded(folder, durable=False)
    try:
        for theirs, ours in ((training, hub), (hub, training)):
            for role in ("icmc_super", "icmc_system"):
                stolen = replace(ours, passwords=theirs.passwords).url("postgres", role)
                with pytest.raises(ServiceError, match="password authentication failed"), connected(stolen):
                    pass
    finally:
        stop_embedded(training)
