"""What holds for every address of the portal, taken from the application itself."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from uuid import UUID, uuid4

import pytest
from fastapi.routing import APIRoute
from starlette.routing import Match, Mount
from starlette.testclient import TestClient

from engine.cases.housekeeping import HousekeepingStore
from engine.site import create_app
from engine.web.security import HEADERS, LARGEST_BODY
from tests.kit.portal import REPORT, Portal
from tests.kit.servers import served

pytestmark = pytest.mark.long

PUBLIC = {
    "/health", "/health/deadlines", "/sign-in", "/become", "/sign-out", "/forgot", "/p/nothing", "/progress",
    "/progress/add", "/tell", "/exit",
}  # fmt: skip
REFUSED = {
    "/hubs/inbox": 403,
    "/api/board": 401,
    "/api/v1/reports": 401,
    f"/api/v1/reports/{UUID(int=7)}": 401,
    "/api/v1/openapi.json": 401,
    "/api/v1/cases": 401,
    f"/api/v1/cases/{UUID(int=7)}": 401,
    f"/api/v1/cases/{UUID(int=7)}/history": 401,
    "/api/v1/work-items": 401,
    f"/api/v1/gateways/{UUID(int=7)}": 401,
    "/first/nothing": 410,
    "/invitation/nothing": 410,
    "/p/nothing/accept": 403,
    "/p/nothing/decline": 403,
}
"""Pages for those who have a key or a link instead of a session, and what they answer to others."""
_ID = str(UUID(int=7))


def routes(portal: Portal) -> Iterator[tuple[str, str]]:
    found = 0
    for route in walk(portal.app.routes):
        found += 1
        path = re.sub(r"\{(\w+)\}", lambda name: _ID if name.group(1).endswith("_id") else "nothing", route.path)
        for method in sorted(route.methods - {"HEAD"}):
            yield method, path
    assert found > 30


def test_no_address_is_hidden_by_one_that_comes_before(portal: Portal) -> None:
    known = list(walk(portal.app.routes))
    hidden = []
    for route in known:
        path = re.sub(r"\{\w+\}", "anything", route.path)
        for method in route.methods:
            scope = {"type": "http", "path": path, "method": method, "root_path": "", "headers": []}
            first = next(one for one in known if one.matches(scope)[0] is Match.FULL)
            if first is not route:
                hidden.append((method, route.path, first.path))
    assert not hidden


def walk(given: list[object]) -> Iterator[APIRoute]:
    for route in given:
        if isinstance(route, APIRoute):
            yield route
        elif not isinstance(route, Mount):
            included = getattr(route, "original_router", route)
            yield from walk(getattr(included, "routes", []))


def test_every_answer_carries_the_headers_that_protect_it(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    for method, path in [*routes(portal), ("GET", "/no-such-page"), ("DELETE", "/"), ("GET", "/documents/x")]:
        answer = client.request(method, path, follow_redirects=False)
        for name, value in HEADERS.items():
            assert answer.headers.get(name) == value, (method, path, name)
        assert "server" not in answer.headers


def test_no_page_but_signing_in_and_health_answers_a_stranger(portal: Portal) -> None:
    for method, path in routes(portal):
        if path in REFUSED:
            assert portal.anybody().request(method, path).status_code == REFUSED[path], (method, path)
        elif path not in PUBLIC:
            answer = portal.anybody().request(method, path, follow_redirects=False)
            assert answer.status_code == 303, (method, path)
            assert answer.headers["location"].startswith("/sign-in"), (method, path)


def test_nothing_is_done_for_a_form_that_another_site_sends(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    posts = [path for method, path in routes(portal) if method == "POST"]
    assert len(posts) > 15
    for path in posts:
        for headers in (
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
            {"origin": "https://elsewhere.example"},
            {"origin": "null"},
        ):
            assert client.post(path, headers=headers).status_code == 403, (path, headers)
    assert client.get("/worklist").status_code == 200, "the session still holds"


def test_an_id_that_is_nobodys_looks_like_one_that_does_not_exist(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    for method, path in routes(portal):
        if method == "GET" and _ID in path and path not in REFUSED:
            assert client.get(path).status_code == 404, path


def test_what_is_not_an_id_is_a_page_that_is_not_there(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    for path in (
        "/cases/abc",
        "/items/1",
        "/nowhere",
        "/cases/../admin",
        "/static/../app.py",
        "/docs",
        "/openapi.json",
    ):
        assert client.get(path).status_code == 404, path


def test_an_address_is_decoded_once_and_never_twice(portal: Portal) -> None:
    with _served(portal) as status_of:
        assert status_of("/%73ign-in") == 200
        for path in ("/%2573ign-in", "/static%252f..%252fsign-in", "/static/%252e%252e/%252e%252e/app.py"):
            assert status_of(path) == 404, path


def test_an_answer_that_is_longer_than_its_question_allows_is_refused_beside_it(portal: Portal) -> None:
    told = REPORT | {"a-narrative": "x" * 20_001, "command_id": str(uuid4())}
    refused = portal.as_role("intake_officer").post("/report", data=told)
    assert refused.status_code == 422
    assert "error" in refused.text


def test_a_character_that_no_database_keeps_breaks_nothing(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    assert client.get("/cases", params={"number": "C-\x00"}).status_code == 200
    assert client.get("/workflows/a%00b").status_code == 404
    assert client.get("/definitions/law/a%00b").status_code == 404
    assert client.post("/sign-in", data={"email": "a\x00@b", "password": "\x00"}).status_code == 403
    told = REPORT | {"a-narrative": "before\x00after", "command_id": str(uuid4())}
    assert client.post("/report", data=told).status_code == 200
    assert client.post("/workflows/new", data={"source": "a\x00: 1", "action": "check"}).status_code == 200


def test_a_page_that_says_no_keeps_the_navigation(portal: Portal) -> None:
    client = portal.as_role("case_manager")
    assert 'href="/worklist"' in client.get("/nowhere").text
    assert 'href="/worklist"' not in portal.anybody().get("/nowhere").text


def test_a_wrong_method_is_told_as_such(portal: Portal) -> None:
    answer = portal.as_role("case_manager").post("/cases")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]


def test_a_form_that_is_too_long_is_refused(portal: Portal) -> None:
    client = portal.as_role("intake_officer")
    answer = client.post("/report", content=b"a-narrative=" + b"x" * LARGEST_BODY, headers=_FORM)
    assert answer.status_code == 413


def test_a_portal_is_not_served_under_a_foreign_name(portal: Portal) -> None:
    answer = portal.anybody().get("/sign-in", headers={"host": "rebound.example"})
    assert answer.status_code == 400


def test_the_session_is_hidden_from_scripts_and_other_sites(portal: Portal) -> None:
    who = str(portal.people["lawyer"].actor_id)
    answer = portal.anybody().post("/become", data={"actor_id": who}, follow_redirects=False)
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie, "plain http on this machine"


def test_over_a_network_the_session_needs_a_protected_connection(portal: Portal) -> None:
    client = TestClient(portal.app, base_url="https://127.0.0.1")
    who = str(portal.people["lawyer"].actor_id)
    answer = client.post("/become", data={"actor_id": who}, follow_redirects=False)
    assert "secure" in answer.headers["set-cookie"].lower()


def test_signing_out_ends_the_session_on_the_server(portal: Portal) -> None:
    client = portal.as_role("lawyer")
    kept = client.cookies["icmc_session"]
    client.post("/sign-out")
    stolen = portal.anybody()
    stolen.cookies.set("icmc_session", kept)
    assert stolen.get("/worklist", follow_redirects=False).status_code == 303


def test_a_wrong_password_says_nothing_about_who_exists(portal: Portal) -> None:
    answers = {
        re.sub(r'value="[^"]*"', "", portal.anybody().post("/sign-in", data={"email": email, "password": "x"}).text)
        for email in ("lawyer.in-as.demo@example.org", "nobody@example.org")
    }
    assert len(answers) == 1


@pytest.mark.parametrize("target", ["//elsewhere.example", "https://elsewhere.example", "/\\elsewhere.example"])
def test_signing_in_never_leads_to_another_site(portal: Portal, target: str) -> None:
    page = portal.anybody().get("/sign-in", params={"next": target})
    assert 'name="next" value="/"' in page.text


def test_a_failure_is_a_page_with_an_id_and_the_log_has_no_content(
    portal: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(portal.engine)

    @app.get("/fails")
    def fails(secret: str) -> None:
        raise ValueError(secret)

    answer = TestClient(app, base_url="http://127.0.0.1").get("/fails", params={"secret": "Invented Name"})
    assert answer.status_code == 500
    assert "Traceback" not in answer.text
    assert "Invented Name" not in answer.text
    failed = [record for record in caplog.records if record.message == "request_failed"]
    assert len(failed) == 1
    assert failed[0].__dict__["failure"] in answer.text
    assert "Invented Name" not in str(failed[0].__dict__)


def test_outside_the_demo_nobody_can_become_somebody(portal: Portal) -> None:
    app = create_app(portal.engine)
    assert app.state.portal.demo is None
    client = TestClient(app, base_url="http://127.0.0.1")
    client.post("/become", data={"actor_id": str(portal.people["lawyer"].actor_id)})
    assert client.get("/demo").status_code == 404


def test_the_monitor_sees_red_while_nobody_looks_at_the_deadlines(portal: Portal) -> None:
    client = portal.anybody()
    assert client.get("/health").status_code == 200
    was_noted = portal.of(HousekeepingStore).service_age("deadlines") is not None
    assert client.get("/health/deadlines").status_code == (200 if was_noted else 503)
    with portal.engine.transaction() as tx:
        tx.of(HousekeepingStore).note_service("deadlines", "prefect")
        tx.commit()
    assert client.get("/health/deadlines").status_code == 200


def test_words_that_look_like_markup_stay_words(portal: Portal) -> None:
    client = portal.as_role("intake_officer")
    nasty = '"><script>alert(1)</script>'
    answer = client.post("/report", data={"a-narrative": nasty, "command_id": str(uuid4())})
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text


_FORM = {"content-type": "application/x-www-form-urlencoded"}


@contextmanager
def _served(portal: Portal) -> Iterator[Callable[[str], int]]:
    """Serve the portal, and return who asks for an address as it is written, and for its status."""
    with served(portal.app) as port:

        def status_of(path: str) -> int:
            connection = HTTPConnection("127.0.0.1", port, timeout=20)
            connection.request("GET", path)
            return connection.getresponse().status

        yield status_of
