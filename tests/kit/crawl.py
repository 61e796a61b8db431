"""Walk the pages of a portal as a person would: follow each sort of link, and gather the forms that are offered."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Mount
from starlette.testclient import TestClient

MOST_OF_A_SORT = 2
_NOT_SAID = {"script", "style", "textarea", "pre", "code", "title"}
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_OTHER = re.compile(r"(?<=/)(C-[0-9A-F-]+|[\w-]{30,}|(?<=/paper-forms/)[a-z_.]+)(?=/|$)")


_NAMED = re.compile(r"(/workflows/|/law/|/calendars/|/definitions/[a-z-]+/)(?!new(?:/|$))[^/]+")


@dataclass(frozen=True)
class OfferedForm:
    """A form of a page, filled in as its controls allow."""

    page: str
    action: str
    fields: Mapping[str, list[str]]

    @property
    def sort(self) -> str:
        """The address without its ids."""
        return sort_of(self.action)


@dataclass
class Crawled:
    """The pages that were opened, and the forms that they offer."""

    pages: dict[str, str] = field(default_factory=dict)
    forms: list[OfferedForm] = field(default_factory=list)


def sort_of(path: str) -> str:
    """Return an address without its ids and names of definitions, so that addresses of one sort are alike."""
    return _NAMED.sub(r"\1*", _OTHER.sub("*", _ID.sub("*", urlsplit(path).path)))


def crawl(client: TestClient, *start: str, most_of_a_sort: int = MOST_OF_A_SORT) -> Crawled:
    """Open what can be reached from some pages by links; of addresses that differ in ids only, a few."""
    found, waiting, seen, asked = Crawled(), [*(start or ("/",))], dict[str, int](), set[str]()
    while waiting:
        path = waiting.pop(0)
        if path in asked or seen.get(sort_of(path), 0) >= most_of_a_sort:
            continue
        asked.add(path)
        answer = client.get(path)
        if answer.status_code != 200:
            continue
        seen[sort_of(path)] = seen.get(sort_of(path), 0) + 1
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        found.pages[path] = answer.text
        parser = _Page(path)
        parser.feed(answer.text)
        found.forms += parser.forms
        waiting += _to_follow(parser.links)
    return found


def _to_follow(links: list[str]) -> Iterator[str]:
    """Print nothing, and let no simulation go on after its first case: of both, what stands on pages is looked at."""
    for link in links:
        if not link.endswith("/pdf"):
            yield f"{link}&stop=1" if "/comparison?" in link else link


def links_of(path: str, page: str) -> list[str]:
    """List where a page leads, within the portal."""
    parser = _Page(path)
    parser.feed(page)
    return [link for link in parser.links if link]


def shown_text(page: str) -> str:
    """Return the words that people see of a page, or hear: without what is typed, and what is there to be copied."""
    parser = _Shown()
    parser.feed(page)
    return " ".join(parser.words)


def routes_of(app: FastAPI) -> Iterator[APIRoute]:
    """Return every route of the application, also those that were included from a family of pages."""
    yield from _walk(list(app.routes))


def _walk(given: list[object]) -> Iterator[APIRoute]:
    for route in given:
        if isinstance(route, APIRoute):
            yield route
        elif not isinstance(route, Mount):
            yield from _walk(getattr(getattr(route, "original_router", route), "routes", []))


class _Shown(HTMLParser):
    """Gathers what a page says."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._inside = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside += tag in _NOT_SAID
        self.words += [value for name, value in attrs if value and name in {"title", "placeholder", "aria-label"}]

    def handle_endtag(self, tag: str) -> None:
        self._inside -= tag in _NOT_SAID

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.words.append(data)


class _Page(HTMLParser):
    """Read links and forms, and give each control a value that its page allows."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[OfferedForm] = []
        self._path, self._fields, self._action = path, dict[str, list[str]](), ""
        self._select, self._area = "", ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and given.get("href", "").startswith("/"):
            self.links.append(given["href"].partition("#")[0])
        elif tag == "form":
            posted = given.get("method", "get").lower() == "post"
            self._fields, self._action = {}, (given.get("action") or self._path) if posted else ""
        elif tag == "select":
            self._select = given.get("name", "")
        elif tag == "option" and self._select and (given.get("value") or self._select not in self._fields):
            if not self._fields.get(self._select, [""])[0]:
                self._fields[self._select] = [given.get("value", "")]
        elif tag == "textarea":
            self._fields.setdefault(given.get("name", ""), ["Some words."])
        elif tag in {"input", "button"} and given.get("name"):
            self._control(given, is_button=tag == "button")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "form" and self._action:
            self.forms.append(OfferedForm(self._path, self._action, dict(self._fields)))
            self._action = ""

    def _control(self, given: Mapping[str, str], *, is_button: bool) -> None:
        name, value = given["name"], given.get("value", "")
        kind = "button" if is_button else given.get("type", "text")
        if kind == "checkbox":
            self._fields.setdefault(name, []).append(value)
            return
        typed = {"date": "2026-03-20", "datetime-local": "2026-03-20T10:00", "number": "1", "email": "x@example.org"}
        self._fields.setdefault(name, [value or typed.get(kind, "Some words")])
