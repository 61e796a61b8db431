"""Attack: requests that no browser sends, addresses that nobody vouches for, and names that turn a page around."""

from collections.abc import Callable

import pytest
from fastapi import FastAPI, Request
from starlette.testclient import TestClient

from engine.site import server_config
from engine.web.pages import environment
from engine.web.security import network_of
from tests.kit.portal import Portal

_THERE = ("10.0.0.9", 5000)
_LIES = {"X-Forwarded-For": "9.9.9.9", "X-Forwarded-Proto": "https"}


@pytest.mark.parametrize("name", ["Origin", "Sec-Fetch-Site"])
@pytest.mark.parametrize(
    "value", [b"http://\xff\xfe", "http://\u0431".encode(), b"http://[", b"null", b"https://evil.example"]
)
def test_a_strange_origin_is_refused_and_fails_nothing(portal: Portal, name: str, value: bytes) -> None:
    client = portal.anybody()
    answer = client.post("/sign-in", data={"email": "a@example.org"}, headers={name: value})  # type: ignore[dict-item]
    assert answer.status_code == 403


def test_a_strange_host_is_refused_and_fails_nothing(portal: Portal) -> None:
    for value in (b"\xff", "\u0431".encode(), b"[", b"evil.example"):
        answer = portal.anybody().get("/sign-in", headers={"Host": value})  # type: ignore[dict-item]
        assert answer.status_code in {400, 403}, value


@pytest.fixture
def seen() -> Callable[..., str]:
    """Return what the portal believes of a request: where it comes from, and over what."""
    app = FastAPI()

    @app.get("/")
    def who(request: Request) -> str:
        return f"{request.url.scheme} {network_of(request)}"

    def ask(*proxies: str) -> str:
        config = server_config(app, "127.0.0.1", 1, proxies=proxies)
        config.load()
        return str(TestClient(config.loaded_app, client=_THERE).get("/", headers=_LIES).json())

    return ask


def test_a_forwarded_address_is_believed_of_a_declared_proxy_only(seen: Callable[..., str]) -> None:
    assert seen() == "http 10.0.0.9"
    assert seen("10.0.0.8", "127.0.0.1") == "http 10.0.0.9"
    assert seen("10.0.0.9") == "https 9.9.9.9"
    assert seen("10.0.0.0/24") == "https 9.9.9.9"


def test_a_connection_outlives_a_minute_of_reading() -> None:
    """What closes after five seconds closes at times just when somebody sends what they typed."""
    assert server_config(FastAPI(), "127.0.0.1", 1).timeout_keep_alive > 60


def test_signs_that_turn_the_direction_of_a_name_are_shown_as_signs() -> None:
    page = environment().from_string("<b>{{ name }}</b>").render(name="Mary \u202eevil\u202c <i>")
    assert page == "<b>Mary [U+202E]evil[U+202C] &lt;i&gt;</b>"
    own = "\u0645\u0631\u06cc\u0645\u200f"
    assert environment().from_string("{{ name }}").render(name=own) == own, "letters of their own are not touched"
