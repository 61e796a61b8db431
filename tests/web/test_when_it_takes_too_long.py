"""Who waits for a record or a connection is told in time, keeps what they typed, and sends it again with one effect."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from uuid import UUID, uuid4

import anyio
import psycopg
import pytest
from starlette.exceptions import HTTPException
from starlette.types import Message

from engine.db.embedded.embedded import EmbeddedServer
from engine.db.locks import TimeLimits
from engine.errors import BusyError
from engine.web import uploads
from tests.kit.portal import REPORT, Portal, hidden, made_portal, report_case

pytestmark = pytest.mark.long

SHORT = TimeLimits(connection=1, lock=1, statement=3)
TYPED = "She is afraid of the man at the gate."
_FIELD = re.compile(r'<textarea name="([^"]+)" hidden[^>]*>\n(.*?)</textarea>', re.DOTALL)


@pytest.fixture(scope="module")
def portal(postgres: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with made_portal(postgres, tmp_path_factory.mktemp("portal"), limits=SHORT) as made:
        yield made


def _address(portal: Portal) -> str:
    return portal.urls.admin.replace("postgresql+psycopg://", "postgresql://")


@contextmanager
def _held(portal: Portal, statement: str, **values: object) -> Iterator[None]:
    """Hold rows in a transaction of somebody else."""
    with psycopg.connect(_address(portal)) as connection:
        connection.execute(statement, values)
        yield
        connection.rollback()


def _again(page: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in _FIELD.findall(page)}


def _events(portal: Portal, case_id: str, type_: str) -> int:
    with psycopg.connect(_address(portal)) as connection:
        query = "SELECT count(*) FROM event WHERE case_id = %s AND type = %s"
        row = connection.execute(query, (case_id, type_)).fetchone()
    return int(row[0])


def test_a_form_that_waits_for_a_held_case_comes_back_with_all_that_was_typed_and_is_sent_again_once(
    portal: Portal,
) -> None:
    client = portal.as_role("intake_officer")
    reported = report_case(client)
    case_id = reported.page.rpartition("/")[2]
    page = client.get(reported.item).text
    sent = {
        "action": "cannot", "outcome": "not_needed", "reason": TYPED, "command_id": hidden(page, "command_id"),
        "revision": hidden(page, "revision"),
    }  # fmt: skip
    completed = _events(portal, case_id, "StepEnded")
    with _held(portal, 'SELECT 1 FROM "case" WHERE id = %(case)s FOR UPDATE', case=case_id):
        waited = client.post(reported.item, data=sent)
    assert waited.status_code == 503
    assert waited.headers["retry-after"] == "10"
    assert "someone else&#39;s change" in waited.text
    assert "What you typed is here." in waited.text
    assert "it has its effect only once" in waited.text
    assert TYPED in waited.text
    assert f'action="{reported.item}"' in waited.text
    again = _again(waited.text)
    assert again == sent
    first, second = client.post(reported.item, data=again), client.post(reported.item, data=again)
    assert (first.status_code, second.status_code) == (200, 200)
    assert _events(portal, case_id, "StepEnded") == completed + 1


def test_a_report_sent_again_after_a_wait_is_one_case(portal: Portal) -> None:
    client = portal.as_role("intake_officer")
    sent = REPORT | {"a-narrative": f"{TYPED} {uuid4()}", "command_id": str(uuid4())}
    with _held(portal, "LOCK TABLE run IN ACCESS EXCLUSIVE MODE"):
        waited = client.post("/report", data=sent)
    assert waited.status_code == 503
    again = _again(waited.text)
    saved = [client.post("/report", data=again).text.partition("Case number")[2] for _ in range(2)]
    numbers = {found[1] for text in saved if (found := re.search(r"<strong>([^<]+)</strong>", text))}
    assert len(numbers) == 1


def test_a_page_that_waits_says_what_to_do_and_where_to_try_again(portal: Portal) -> None:
    client = portal.as_role("intake_officer")
    with _held(portal, "LOCK TABLE work_item IN ACCESS EXCLUSIVE MODE"):
        waited = client.get("/worklist?only=mine")
    assert waited.status_code == 503
    assert 'href="/worklist?only=mine"' in waited.text
    assert "Wait a moment, then try again." in waited.text
    assert client.get("/worklist").status_code == 200


def test_a_statement_that_takes_too_long_ends_in_our_words(portal: Portal) -> None:
    with portal.engine.transaction() as tx, pytest.raises(BusyError, match="the answer of the database"):
        tx._connection.exec_driver_sql("SELECT pg_sleep(30)")  # type: ignore[attr-defined]


def test_passwords_are_never_written_into_such_a_page(portal: Portal) -> None:
    with _held(portal, "LOCK TABLE actor IN ACCESS EXCLUSIVE MODE"):
        waited = portal.anybody().post("/sign-in", data={"email": "a@example.org", "password": "a mill by the river"})
    assert waited.status_code == 503
    assert "a mill by the river" not in waited.text
    assert "Go back in your browser" in waited.text


def test_who_finds_no_free_connection_is_told_in_time(postgres: EmbeddedServer, tmp_path: object) -> None:
    with made_portal(postgres, tmp_path, limits=SHORT, pool_size=1) as small:  # type: ignore[arg-type]
        client = small.as_role("intake_officer")
        with small.engine.transaction(), _all_taken(small):
            waited = client.post("/report", data=REPORT | {"a-narrative": TYPED, "command_id": str(uuid4())})
        assert waited.status_code == 503
        assert "a connection to the database" in waited.text
        assert _again(waited.text)["a-narrative"] == TYPED
        assert "Case number" in client.post("/report", data=_again(waited.text)).text


@contextmanager
def _all_taken(portal: Portal) -> Iterator[None]:
    taken = []
    try:
        while len(taken) < 100:
            one = portal.engine.transaction()
            one.__enter__()
            taken.append(one)
    except BusyError:
        yield
    else:
        pytest.fail("the pool has no end")
    finally:
        for one in taken:
            one.__exit__(None, None, None)


def test_a_body_that_stops_arriving_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "PART_SECONDS", 0.05)
    parts: list[Message] = [{"type": "http.request", "body": b"a", "more_body": True}]

    async def slow() -> Message:
        if parts:
            return parts.pop()
        await anyio.sleep_forever()
        raise AssertionError

    async def read() -> None:
        receive = uploads._in_time(slow)
        assert (await receive())["body"] == b"a"
        with pytest.raises(HTTPException) as ended:
            await receive()
        assert ended.value.status_code == 408

    anyio.run(read)


def test_what_comes_after_a_body_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "PART_SECONDS", 0.05)
    parts: list[Message] = [{"type": "http.disconnect"}, {"type": "http.request", "body": b"", "more_body": False}]

    async def told_late() -> Message:
        await anyio.sleep(0 if len(parts) > 1 else 0.2)
        return parts.pop()

    async def read() -> list[str]:
        receive = uploads._in_time(told_late)
        return [(await receive())["type"], (await receive())["type"]]

    assert anyio.run(read) == ["http.request", "http.disconnect"]


def test_the_id_of_a_case_in_such_a_page_is_the_one_that_was_asked_for(portal: Portal) -> None:
    client, wanted = portal.as_role("intake_officer"), uuid4()
    with _held(portal, 'LOCK TABLE "case" IN ACCESS EXCLUSIVE MODE'):
        waited = client.get(f"/cases/{wanted}")
    assert waited.status_code == 503
    assert UUID(waited.text.split('href="/cases/')[1][:36]) == wanted
