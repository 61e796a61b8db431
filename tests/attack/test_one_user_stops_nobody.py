"""One user at full speed: sixty reports and four hundred codes at once lose no report, and keep nobody else waiting."""

import asyncio
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from threading import Event, Thread
from uuid import UUID, uuid4

import httpx
import pyotp
import pytest
from anyio.to_thread import current_default_thread_limiter
from sqlalchemy import Pool, event
from starlette.requests import Request

from engine.cases.actions import open as reporting
from engine.db.store import Within
from engine.db.transaction import taken_from
from engine.errors import KeyMissingError
from engine.keys.data_keys import SqlWrappedKeys
from engine.keys.store import KeyStore
from engine.keys.vault import Vault
from engine.people.actions.second_factor import confirm, proposal, propose
from engine.people.store import DirectoryStore
from engine.rehearsal.world import people_of
from engine.sign_in.actions.sessions import become, sign_in, viewer_of
from engine.web import turns
from engine.web.failures import busy_page
from engine.web.turns import MOST_WAITING, OF_ONE, InTurn, KnownSessions, RequestLane
from tests.conftest import writer_of
from tests.faults.crowd import portal_of
from tests.kit.crawl import crawl, routes_of
from tests.kit.installation import Installation, installed
from tests.kit.portal import REPORT, Portal, report_case

pytestmark = pytest.mark.long

PASSWORD = "three quiet boats at noon"
_NUMBER = re.compile(r"Case number<br><strong>([^<]+)</strong>")
_PATIENCE = 240.0
_IN_THE_LOOP = 1_000
_PAGE_SECONDS, _HEALTH_SECONDS = 2.0, 1.0


@dataclass
class _Flood:
    """What was answered, and how long those waited who did nothing but look."""

    statuses: list[int] = field(default_factory=list)
    saved: list[str] = field(default_factory=list)
    given_back: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    health: list[float] = field(default_factory=list)


@pytest.mark.parametrize(("reports", "codes", "is_timed"), [
    (20, 60, False),
    pytest.param(60, 400, True, marks=pytest.mark.faults),
], ids=["a-few", "sixty-and-four-hundred"])  # fmt: skip
def test_many_reports_and_codes_at_once_lose_nothing_and_hold_nobody_up(
    reports: int, codes: int, *, is_timed: bool
) -> None:
    with installed(with_prefect=False) as site:
        unit, people = people_of(site.engine, jurisdiction="IN-AS", label="Flood")
        reporter, other = (become(site.engine, people[role].actor_id) for role in ("intake_officer", "supervisor"))
        pending = _waits_for_a_code(site, people["caseworker"].actor_id)
        with portal_of(site, site.folder) as address:
            flood = asyncio.run(_flooded(address, reporter, other, pending, unit, reports=reports, codes=codes))
        assert flood.wrong == []
        assert not [status for status in flood.statuses if status in {500, 502, 504}]
        assert len(flood.saved) == reports, "each report was saved, and its number told"
        numbers = [row["number"] for row in site.rows('SELECT number FROM "case"')]
        assert sorted(numbers) == sorted(flood.saved)
        assert flood.pages
        assert flood.health
        if is_timed:
            assert max(flood.pages) <= _PAGE_SECONDS
            assert max(flood.health) <= _HEALTH_SECONDS


async def _flooded(
    address: str, reporter: str, other: str, pending: str, unit: UUID, *, reports: int, codes: int
) -> _Flood:
    flood, over = _Flood(), Event()

    def client(token: str) -> httpx.AsyncClient:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        return httpx.AsyncClient(
            base_url=address, cookies={"icmc_session": token}, timeout=_PATIENCE, follow_redirects=True, limits=limits
        )

    async with client(reporter) as one, client(pending) as guesser, client(other) as looker:
        assert (await looker.get("/worklist")).status_code == 200
        assert (await one.get("/report")).status_code == 200
        watching = [
            Thread(target=_watch, args=(address, path, token, waits, flood, over), daemon=True)
            for path, token, waits in (("/worklist", other, flood.pages), ("/health", "", flood.health))
        ]
        for thread in watching:
            thread.start()
        flooding: list[Awaitable[None]] = [_report(one, unit, flood) for _ in range(reports)]
        flooding += [_guess(guesser, flood) for _ in range(codes)]
        await asyncio.gather(*flooding)
        over.set()
        for thread in watching:
            thread.join(_PATIENCE)
    return flood


async def _report(client: httpx.AsyncClient, unit: UUID, flood: _Flood) -> None:
    told = f"A girl of about twelve works in a house. {uuid4()}"
    sent = REPORT | {"a-narrative": told, "command_id": str(uuid4()), "unit_id": str(unit)}
    answer = await client.post("/report", data=sent)
    flood.statuses.append(answer.status_code)
    number = _NUMBER.search(answer.text)
    if number is not None:
        flood.saved.append(unescape(number[1]))
    elif told not in unescape(answer.text):
        flood.wrong.append(f"a report is lost: {answer.status_code}")


async def _guess(client: httpx.AsyncClient, flood: _Flood) -> None:
    answer = await client.post("/sign-in/code", data={"code": f"{secrets.randbelow(10**6):06}"})
    flood.statuses.append(answer.status_code)


def _watch(address: str, path: str, token: str, waits: list[float], flood: _Flood, over: Event) -> None:
    """Look at a page again and again, apart from what floods, and note how long each look took."""
    cookies, limits = {"icmc_session": token}, httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(base_url=address, cookies=cookies, timeout=_PATIENCE, limits=limits) as client:
        while not over.wait(0.2):
            began = time.monotonic()
            answer = client.get(path)
            waits.append(time.monotonic() - began)
            if answer.status_code != httpx.codes.OK:
                flood.wrong.append(f"{path} {answer.status_code}")


def _waits_for_a_code(site: Installation, actor_id: UUID) -> str:
    """Give somebody a second factor, and begin to sign in as them; returns the token that waits for a code."""
    engine = site.engine
    with engine.transaction() as tx:
        tx.of(DirectoryStore).set_password(actor_id, engine.passwords.hash(PASSWORD))
        person = tx.of(DirectoryStore).actor(actor_id)
        tx.commit()
    token = sign_in(engine, email=person.email, password=PASSWORD).token
    viewer = viewer_of(engine, token)
    assert viewer is not None
    propose(engine, viewer=viewer)
    proposed = proposal(engine, viewer=viewer)
    confirm(engine, viewer=viewer, token=token, code=pyotp.TOTP(proposed.secret).at(engine.wall_clock.now()))
    begun = sign_in(engine, email=person.email, password=PASSWORD)
    assert begun.needs_code
    return begun.token


@contextmanager
def _counted() -> Iterator[list[int]]:
    """Count the connections that are taken at the same time; give each number that there was.

    One that is taken in the thread which serves everybody counts as a thousand.
    """
    taken, numbers = 0, [0]

    def out(*_: object) -> None:
        nonlocal taken
        taken += 1
        numbers.append(taken if asyncio._get_running_loop() is None else _IN_THE_LOOP)

    def back(*_: object) -> None:
        nonlocal taken
        taken -= 1

    event.listen(Pool, "checkout", out)
    event.listen(Pool, "checkin", back)
    try:
        yield numbers
    finally:
        event.remove(Pool, "checkout", out)
        event.remove(Pool, "checkin", back)


def test_a_request_takes_one_connection_on_every_page_and_for_every_act(portal: Portal) -> None:
    """The portal of these tests has one connection alone: whatever took a second would also wait for itself."""
    client = portal.as_role("intake_officer")
    reported = report_case(client)
    with _counted() as numbers:
        pages = 0
        for role in ("supervisor", "system_administrator"):
            pages += len(crawl(portal.as_role(role), "/", reported.page, reported.item, most_of_a_sort=1).pages)
        case_id = reported.page.rpartition("/")[2]
        for path, method in _addresses(portal, case_id):
            answer = client.request(method, path, follow_redirects=False)
            assert answer.status_code not in {500, 503}, (method, path)
    assert pages > 30
    assert max(numbers) == 1


def _addresses(portal: Portal, case_id: str) -> Iterator[tuple[str, str]]:
    for route in routes_of(portal.app):
        path = route.path.replace("{case_id}", case_id)
        path = re.sub(r"\{(\w+_id)\}", str(UUID(int=7)), path)
        for method in sorted((route.methods or set()) - {"HEAD"}):
            if "/health" not in path and path != "/sign-out":
                yield re.sub(r"\{\w+\}", "nothing", path), method


def test_a_key_is_kept_or_lost_with_what_was_sealed_by_it(portal: Portal) -> None:
    engine, owner, row = portal.engine, uuid4(), uuid4()
    where = {"table": "case", "row": row, "column": "title"}
    with engine.transaction():
        lost = engine.vault.encrypt("a name", key_of=owner, unit_id=portal.unit, **where)
        assert engine.vault.decrypt(lost, **where) == "a name"
    with engine.transaction() as tx:
        kept = engine.vault.encrypt("a name", key_of=owner, unit_id=portal.unit, **where)
        tx.commit()
    assert engine.vault.decrypt(kept, **where) == "a name", "no key from before is used that was never kept"


def test_a_key_that_was_destroyed_is_remembered_from_no_earlier_look(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.keys.vault.LOOK_AGAIN", 0.0)
    engine, owner, row = portal.engine, uuid4(), uuid4()
    where = {"table": "case", "row": row, "column": "title"}

    def opened() -> object:
        return engine.vault.decrypt(kept, **where)

    with engine.transaction() as tx:
        kept = engine.vault.encrypt("a name", key_of=owner, unit_id=portal.unit, **where)
        tx.commit()
    wide = writer_of(portal.urls)
    vault = Vault(engine.vault._ring, SqlWrappedKeys(wide, engine.clock))  # type: ignore[attr-defined]
    still = wide.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with ThreadPoolExecutor(1) as elsewhere, taken_from(still, is_still=True) as reading:
        reading.connection.exec_driver_sql("SELECT count(*) FROM data_key")
        with taken_from(wide) as taken:
            KeyStore(Within(taken.connection, vault)).destroy(owner, engine.clock.now())
            vault.blind("any", "look")
            assert elsewhere.submit(vault.decrypt, kept, **where).result(20) == "a name", "it is there until the commit"
            taken.connection.commit()
        with pytest.raises(KeyMissingError):
            elsewhere.submit(vault.decrypt, kept, **where).result(20)
        assert vault.decrypt(kept, **where) == "a name", "who began to read before it reads on"
        with pytest.raises(KeyMissingError):
            elsewhere.submit(vault.decrypt, kept, **where).result(20)
    wide.dispose()
    with pytest.raises(KeyMissingError):
        opened()


def test_who_reports_without_end_is_told_whom_to_ring_and_keeps_what_they_typed(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.cases.pages.MOST_REPORTS_IN_AN_HOUR", 3)
    client = portal.as_role("caseworker")
    for _ in range(3):
        report_case(client)
    sent = REPORT | {"a-narrative": "She cannot leave the house.", "command_id": str(uuid4())}
    refused = client.post("/report", data=sent)
    assert refused.status_code == 429
    assert "You have sent many reports" in refused.text
    assert "She cannot leave the house." in refused.text
    assert "call the police" in refused.text
    assert "112 in India" in refused.text
    assert report_case(portal.as_role("intake_officer")).number, "everybody else reports as before"
    monkeypatch.setattr("engine.cases.pages.MOST_REPORTS_IN_AN_HOUR", reporting.MOST_REPORTS_IN_AN_HOUR)
    assert "Case number" in client.post("/report", data=sent).text, "it is sent again from that page"


def test_there_are_no_more_threads_than_connections() -> None:
    async def threads() -> float:
        turns._lanes()
        return current_default_thread_limiter().total_tokens

    assert asyncio.run(threads()) == turns.THREADS
    for_health, for_a_file = 1, 1
    assert turns.THREADS + for_health + for_a_file <= turns.CONNECTIONS


def test_the_next_place_goes_to_the_next_person_and_not_to_the_next_request() -> None:
    came: list[str] = []

    async def work(lane: RequestLane, whose: str) -> None:
        await lane.take(whose)
        came.append(whose)
        await asyncio.sleep(0)
        lane.give_back(whose)

    async def all_at_once() -> None:
        lane = RequestLane(2, of_one=1)
        await asyncio.gather(*(work(lane, "flood") for _ in range(50)), work(lane, "asha"), work(lane, "binod"))

    asyncio.run(all_at_once())
    assert len(came) == 52
    assert {"asha", "binod"} <= set(came[:5])


def test_who_sends_more_than_may_wait_is_told_so_with_what_they_typed(portal: Portal) -> None:
    client = portal.as_role("intake_officer")
    token = client.cookies["icmc_session"]
    sessions = portal.app.state.portal.sessions
    sessions.add(token)
    going, release = [], asyncio.Event()

    async def held(_scope: object, _receive: object, send: Callable[..., Awaitable[None]]) -> None:
        going.append(1)
        await release.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def ask(app: InTurn) -> tuple[int, bytes]:
        sent: list[dict[str, object]] = []
        body = b"a-narrative=She+cannot+leave.&command_id=1"
        scope = {
            "type": "http", "method": "POST", "path": "/report", "query_string": b"", "app": portal.app,
            "scheme": "http", "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1),
            "headers": [
                (b"host", b"127.0.0.1"), (b"cookie", f"icmc_session={token}".encode()),
                (b"content-type", b"application/x-www-form-urlencoded"),
            ],
        }  # fmt: skip

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        await app(scope, receive, send)  # type: ignore[arg-type]
        return int(str(sent[0]["status"])), b"".join(bytes(m.get("body", b"")) for m in sent)  # type: ignore[arg-type]

    async def flood() -> tuple[tuple[int, bytes], list[tuple[int, bytes]]]:
        app = InTurn(held, sessions=sessions, busy=busy_page)  # type: ignore[arg-type]
        asked = [asyncio.create_task(ask(app)) for _ in range(OF_ONE + MOST_WAITING)]
        for _ in range(1_000):
            await asyncio.sleep(0)
        refused = await ask(app)
        release.set()
        return refused, await asyncio.gather(*asked)

    refused, answered = asyncio.run(flood())
    assert len(going) == OF_ONE + MOST_WAITING
    assert {status for status, _ in answered} == {200}
    assert refused[0] == 429
    assert b"She cannot leave." in refused[1]
    assert b"call the police" in refused[1]


def test_an_invented_session_is_no_person_of_its_own() -> None:
    sessions = KnownSessions()
    sessions.add("known")

    def asked(token: str) -> Request:
        headers = [(b"host", b"127.0.0.1"), (b"cookie", f"icmc_session={token}".encode())]
        return Request({
            "type": "http", "method": "GET", "path": "/", "query_string": b"", "scheme": "http", "headers": headers,
            "server": ("127.0.0.1", 80), "client": ("192.0.2.7", 1),
        })  # fmt: skip

    assert sessions.whose(asked("invented")) == sessions.whose(asked("another")) == "at 192.0.2.7"
    assert sessions.whose(asked("known")) not in {"at 192.0.2.7", "known"}
