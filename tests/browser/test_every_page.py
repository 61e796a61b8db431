"""Every page that the portal has, with one of everything in it, in every language, looked at in a real browser.

A checker of accessibility finds nothing serious, nothing scrolls sideways on a telephone, no page is long on a desk,
and none asks anything of another place or does what its own policy forbids.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest
from axe_playwright_python.async_playwright import DEFAULT_OPTIONS, Axe
from playwright.async_api import Page, async_playwright
from starlette.testclient import TestClient

from engine.db.embedded.embedded import EmbeddedServer
from engine.numbers.records import CHOSEN_TABLES, SavedPeriod
from engine.web.languages import ENGLISH, LANGUAGE_COOKIE, page_languages
from engine.web.turns import CONNECTIONS
from tests.browser.conftest import ARGUMENTS, chromium
from tests.browser.hands import BUT_COLOURS, SHAPE, TOO_WIDE, looked_at, serious
from tests.browser.test_number_pages import FIGURES
from tests.kit.crawl import links_of, sort_of
from tests.kit.servers import served
from tests.oracle.asking import MADE_UP, path_of
from tests.oracle.people import MATTERS, OUTSIDE, OWNER, PARTNER
from tests.oracle.routes import OPEN, RULES
from tests.oracle.world import OracleWorld, client_of, made_world

pytestmark = [pytest.mark.browser, pytest.mark.long]

OTHERS: Final = [code for code, one in page_languages().items() if one.is_whole and code != ENGLISH]
NO_PAGES: Final = frozenset({
    "GET /api/board", "GET /audit.csv", "GET /documents/{document_id}/pdf", "GET /drafts/{kind}/words", "GET /exit",
    "GET /health", "GET /health/deadlines", "GET /hubs/own", "GET /items/{item_id}/appointment.ics",
    "GET /numbers.csv", "GET /numbers/monthly/{monthly_id}/table.csv", "GET /numbers/pillars.csv",
    "GET /numbers/saved/{saved_id}/table.csv", "GET /paper-forms/{key}/pdf",
})  # fmt: skip
"""What is read by programs, saved as a file, or leads away; and whatever is below `/api/v1`."""
ELSEWHERE: Final = frozenset({"GET /account/practise", "GET /first/{token}", "GET /sign-in/code"})
"""Leads to a training space; is there while nobody is; comes between a password and a second factor."""
AS_IT_IS_PRINTED: Final = frozenset({
    "GET /definitions/document/{name}/preview", "GET /documents/{document_id}", "GET /workflows/{name}/diagram",
})  # fmt: skip
"""Sheets of paper and a picture: as long and as wide as what is on them."""
NAMED: Final[Mapping[str, str]] = {
    "GET /definitions/calendar/{name}/draft": "/definitions/calendar/IN/draft",
    "GET /definitions/{kind}/{name}": "/definitions/ladder/critical",
    "GET /definitions/{kind}/{name}/edit": "/definitions/ladder/critical/edit",
    "GET /definitions/ladder/{name}/draft": "/definitions/ladder/critical/draft",
    "GET /numbers/monthly/{monthly_id}": f"/numbers/monthly/{MADE_UP}",
}
"""Pages of what the world has by no name, or has none of."""
LISTED: Final[Mapping[str, str]] = {
    "GET /hubs/requests/{mirror_id}": "/hubs/requests",
    "GET /numbers/saved/{saved_id}": "/numbers/saved",
    "GET /waiting/{request_id}": "/waiting",
}
"""Pages of what is found by its list."""
NOT_TRANSLATED: Final = AS_IT_IS_PRINTED | {"GET /paper-forms/{key}"}
LONGEST: Final = 3_000
LARGE: Final = 1280
_AT_ONCE: Final = 3
_ADDED: Final = 7
"""How many steps a draft adds, so that it has much to say of what it changes."""
_COVERED: Final = """() => {
  const exit = document.querySelector('.icmc-exit'), found = [];
  for (const down of exit ? [0, 1e6] : []) {
    scrollTo(0, down);
    const at = exit.getBoundingClientRect();
    const under = document.querySelector('.icmc-header').getBoundingClientRect().bottom;
    for (const one of document.querySelectorAll('.icmc-demo-banner p > *, .icmc-header :is(a, button), main *')) {
      const box = one.getBoundingClientRect(), top = one.closest('main') ? Math.max(box.top, under) : box.top;
      if (box.width && box.right > at.left && box.left < at.right && box.bottom > top && box.bottom > at.top
          && top < at.bottom) found.push(one.textContent.trim().slice(0, 40));
    }
  }
  scrollTo(0, 0);
  return found.slice(0, 5);
}"""
"""Names what lies beneath the way out, at the beginning of a page and at its end."""
STRANGER: Final = "a stranger"


@dataclass(frozen=True)
class Shown:
    """A page of an address, and who sees it."""

    address: str
    path: str
    who: str


PageOf = Callable[[str], Awaitable[tuple[Page, list[str]]]]


@pytest.fixture(scope="module")
def world(postgres: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OracleWorld]:
    """Return the world of the oracle, in which there is one of everything that an address names."""
    matters = tuple(one for one in MATTERS if one.name in {"own", "of the partner"})
    folder = tmp_path_factory.mktemp("pages")
    with made_world(postgres, folder, matters=matters, pool_size=CONNECTIONS) as made:
        unit = made.staff[OWNER].unit_id
        made.clients["admin"].post(f"/units/{unit}/public", data={"takes": "yes"})
        made.rows.all("UPDATE mirror SET came_in = true, case_id = NULL, kind = 'offer' WHERE unit_id = %(unit)s",
                      unit=made.staff[PARTNER].unit_id)  # fmt: skip
        yield made


@pytest.fixture(scope="module")
def clients(world: OracleWorld) -> Mapping[str, TestClient]:
    """Return those who look: people with all roles of three units, an administrator, and somebody without account."""
    people = {
        f"{which} of {unit}": client_of(world.app, getattr(world.staff[unit], which))
        for unit in (OWNER, PARTNER, OUTSIDE) for which in ("first", "second")
    }  # fmt: skip
    _more(world, people[f"first of {OWNER}"])
    return people | {"admin": world.clients["admin"]}


def _more(world: OracleWorld, client: TestClient) -> None:
    """Add what the world has none of: a proposed ladder, a draft that adds to what runs, saved numbers of a month."""
    for number in range(_ADDED):
        added = {"action": "add", "uses": "core.note", "add_title": f"Call the school, {number}"}
        assert client.post("/workflows/child-labour/draft", data=added, follow_redirects=False).status_code == 303
    world.rows.all(
        "INSERT INTO number_sheet (id, period, published_at, figures, medians) VALUES (gen_random_uuid(), '2025-Q4',"
        " now(), %(figures)s, '{}')",
        figures=json.dumps(FIGURES),
    )
    wanted = {"tables": list(CHOSEN_TABLES), "period": SavedPeriod.LAST_YEAR.value, "monthly": "yes"}
    saved = client.post("/numbers/saved", data={"name": "The month"} | wanted | _command(), follow_redirects=False)
    assert saved.status_code == 303
    world.rows.all(
        "INSERT INTO monthly_numbers (id, saved_id, owner_id, month, made_at, quarters, figures) SELECT %(id)s, id,"
        """ owner_id, '2026-03', now(), '{2025-Q4}', '{"survivors": [140, false]}' FROM saved_numbers""",
        id=MADE_UP,
    )
    source = Path("workflows/ladders/critical.yaml").read_text(encoding="utf-8")
    changed = {"source": source.replace("PT30M", "PT20M").replace("version: 1", "version: 2"), "action": "publish"}
    client.post("/definitions/ladder/critical/edit", data=changed | _command())


def _command() -> dict[str, str]:
    return {"command_id": str(uuid4())}


@pytest.fixture(scope="module")
def pages(world: OracleWorld, clients: Mapping[str, TestClient]) -> Mapping[str, Shown]:
    """Return a page of each address that gives one, as somebody who sees it."""
    wanted = {one for one in RULES if one.startswith("GET ") and "/api/v1/" not in one} - NO_PAGES - ELSEWHERE
    return {address: _shown(world, clients, address) for address in RULES if address in wanted}


def _shown(world: OracleWorld, clients: Mapping[str, TestClient], address: str) -> Shown:
    """Return the page of an address, of those who see it as who sees most."""
    if RULES[address] is OPEN:
        return Shown(address, path_of(world, address, world.objects["own"]), STRANGER)
    seen = []
    for who, client in clients.items():
        path = _path(world, client, address)
        answer = client.get(path, follow_redirects=False)
        if answer.status_code == 200 and "text/html" in answer.headers["content-type"]:
            seen.append((len(answer.text), Shown(address, path, who)))
            if "{" in address:
                break
    assert seen, f"{address} is shown to nobody"
    return max(seen, key=lambda one: one[0])[1]


def _path(world: OracleWorld, client: TestClient, address: str) -> str:
    if address in LISTED:
        sort = re.sub(r"\{\w+\}", "*", address.partition(" ")[2])
        links = links_of(LISTED[address], client.get(LISTED[address]).text)
        return next((link for link in links if sort_of(link) == sort), "/nowhere")
    return NAMED.get(address) or path_of(world, address, world.objects["own"])


def test_every_page_is_pleasant_in_english(
    world: OracleWorld, clients: Mapping[str, TestClient], pages: Mapping[str, Shown]
) -> None:
    found = asyncio.run(_faults(world, clients, list(pages.values()), ENGLISH, sizes=(LARGE, 800, 360)))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("turn", range(len(OTHERS)), ids=OTHERS)
def test_every_page_is_pleasant_in_one_other_language(
    world: OracleWorld, clients: Mapping[str, TestClient], pages: Mapping[str, Shown], turn: int
) -> None:
    share = list(pages.values())[turn :: len(OTHERS)]
    found = asyncio.run(_faults(world, clients, share, OTHERS[turn], sizes=(360,)))
    assert not found, "\n".join(found)


@pytest.mark.faults
@pytest.mark.parametrize("code", OTHERS)
def test_every_page_is_pleasant_in_each_other_language(
    world: OracleWorld, clients: Mapping[str, TestClient], pages: Mapping[str, Shown], code: str
) -> None:
    found = asyncio.run(_faults(world, clients, list(pages.values()), code, sizes=(360,)))
    assert not found, "\n".join(found)


async def _faults(
    world: OracleWorld, clients: Mapping[str, TestClient], pages: Sequence[Shown], code: str, *, sizes: Sequence[int]
) -> list[str]:
    """Look at pages in a language, some at once; return what is wrong with them, by address."""
    with served(world.app) as port:
        async with _looking(f"http://127.0.0.1:{port}", clients, code) as page_of:
            turns = asyncio.Semaphore(_AT_ONCE)

            async def look(shown: Shown) -> list[str]:
                async with turns:
                    page, said = await page_of(shown.who)
                    found = [*await _look(page, shown, code, sizes), *said]
                    await page.close()
                return [f"{shown.address}: {fault}" for fault in found]

            return [fault for found in await asyncio.gather(*map(look, pages)) for fault in found]


@asynccontextmanager
async def _looking(address: str, clients: Mapping[str, TestClient], code: str) -> AsyncIterator[PageOf]:
    """Start a browser; give what opens a page in it as somebody, and what is complained about while it is open."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        opened = {who: await browser.new_context(base_url=address, locale=code) for who in (*clients, STRANGER)}
        for who, client in clients.items():
            kept = {**client.cookies, LANGUAGE_COOKIE: code}
            await opened[who].add_cookies([{"name": k, "value": v, "url": address} for k, v in kept.items()])

        async def page_of(who: str) -> tuple[Page, list[str]]:
            page, said = await opened[who].new_page(), []
            page.on("console", lambda line: said.append(line.text) if "Content Security Policy" in line.text else None)
            page.on("pageerror", lambda error: said.append(str(error)))
            page.on(
                "request",
                lambda asked: said.append(asked.url) if not asked.url.startswith((address, "data:")) else None,
            )
            return page, said

        yield page_of
        await browser.close()


async def _look(page: Page, shown: Shown, code: str, sizes: Sequence[int]) -> list[str]:
    """Open a page, look at it on each size of screen, and return what is wrong with it."""
    found = []
    answer = await page.goto(shown.path)
    if answer is None or answer.status != 200:
        return [f"it does not open for {shown.who}"]
    if shown.address not in NOT_TRANSLATED and await page.locator("html").get_attribute("lang") != code:
        found.append("it is in another language")
    for width in sizes:
        await page.set_viewport_size({"width": width, "height": 800})
        wide, high = await page.evaluate(
            "() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
        )
        if shown.address in AS_IT_IS_PRINTED:
            continue
        covered = await page.evaluate(_COVERED)
        if covered:
            found.append(f"quick exit lies over {covered} at {width}")
        if width < LARGE and wide > width:
            found.append(f"it scrolls sideways, {wide}: {await page.evaluate(TOO_WIDE)}")
        if width == LARGE and high > LONGEST:
            found.append(f"it is {high} pixels high")
    if "sandbox" in answer.headers.get("content-security-policy", ""):
        return found  # no script runs on a paper, that of the checker neither
    rules = DEFAULT_OPTIONS if code == ENGLISH else BUT_COLOURS  # colours are alike in all languages
    if looked_at(await page.evaluate(SHAPE), colours=rules is DEFAULT_OPTIONS):
        return found
    return found + [str(one) for one in serious((await Axe().run(page, options=rules)).response)]
