"""The languages of pages: which there are, which one a request is answered in, and the words of each.

English is what templates and code say themselves. The others are gettext catalogues, one file a language, and say in
their header by what name their speakers know them, whether one of them has read them, and whether they have words only.
"""

import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Final, NamedTuple

import polib
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.errors import IcmcError
from engine.machine import data_folder
from engine.web.security import DEVICE_LASTS, is_plain_loopback
from engine.web.translation import fits

ENGLISH: Final = "en"
LANGUAGE_COOKIE: Final = "icmc_language"
"""What this device shows pages in: the choice of whoever signed in last, or one made on it. Public pages need none."""
PUBLIC: Final = ("/tell", "/progress", "/sign-in", "/forgot", "/first/", "/invitation/", "/p/", "/a/")
"""Pages for whoever comes: they follow the browser, and what stands in the address."""
_NO_PAGES: Final = ("/api/", "/static/")
"""What programs and browsers fetch: no cookie counts there, and none is set."""
_MOST_ASKED: Final = 10
_HEADER: Final = re.compile(r'^"X-(\w+): (.*?)\\n"$', re.MULTILINE)
_NUMBER: Final = re.compile(r"\d+")
_DATE: Final = re.compile(r"(?:(?:([A-Z][a-z]+) )?(\d{1,2}) )?([A-Z][a-z]+) (\d{4})(?:, (\d\d:\d\d))?")
_LONGEST_HEAD: Final = 2_000
_MARK: Final = re.compile(r"\\\{(\w+)\\\}")
_NEXT_SENTENCE: Final = re.compile(r"(?<=[.!?]) (?=[A-Z0-9])")
_VALUE: Final = r"(?P<\1>(?:(?![.!?] [A-Z0-9]).)+?)"
"""Stands for a value inside a sentence: it does not go on into the next one."""
_SENTENCE_ENDS: Final = (".", "!", "?")
_BEGINS: Final = re.compile(r"(?:[^{A-Za-z]*[A-Za-z]){4}[^{]*\{")
"""How a message begins that has letters enough to be known by, though it is no sentence: `the end of “{title}”`."""


@dataclass(frozen=True, slots=True, eq=False)
class PageLanguage:
    """A language in which pages are shown; `is_proofread` says whether a native speaker has looked at all of it.

    One that is not whole has words only: its pages are English ones, with the words that are met most in the language.
    """

    code: str
    name: str
    is_proofread: bool
    words: Mapping[str, str] = field(repr=False, default_factory=dict)
    is_whole: bool = True

    @property
    def of_text(self) -> str:
        """Return the code of the language in which the sentences of a page are."""
        return self.code if self.is_whole else ENGLISH


@dataclass(frozen=True, slots=True)
class _Spoken:
    """What a request is answered in; `is_named` says that its address names it."""

    language: PageLanguage
    is_named: bool = False


_ENGLISH: Final = PageLanguage(ENGLISH, "English", is_proofread=True)
_SPOKEN: Final[ContextVar[_Spoken | None]] = ContextVar("spoken", default=None)


@cache
def page_languages() -> Mapping[str, PageLanguage]:
    """Return the languages of pages by their codes, English first. Words are read when they are first needed."""
    found = {path.stem: head_of(path) for path in sorted(data_folder("templates").glob("languages/*.po"))}
    return {ENGLISH: _ENGLISH} | found


@cache
def language_called(code: str) -> PageLanguage:
    """Return a language with its words. What is marked as doubtful, or has other names or tags, is left in English."""
    head = page_languages()[code]
    if code == ENGLISH or head.words:
        return head
    lines = polib.pofile(str(_file_of(code))).translated_entries()
    return replace(head, words={line.msgid: line.msgstr for line in lines if fits(line.msgid, line.msgstr)})


def _file_of(code: str) -> Path:
    return data_folder("templates") / "languages" / f"{code}.po"


def head_of(path: Path) -> PageLanguage:
    """Return the language of a catalogue without its words: there are many, and pages are often in English."""
    with path.open(encoding="utf-8") as file:
        said = dict(_HEADER.findall(file.read(_LONGEST_HEAD)))
    return PageLanguage(path.stem, said["Name"], said["Proofread"] == "yes", is_whole=said.get("Extent") != "words")


def spoken() -> PageLanguage:
    """Return the language in which the present request is answered."""
    now = _SPOKEN.get(None)
    return now.language if now else _ENGLISH


def say(message: object, /, **values: object) -> str:
    """Return a message of ours in the language of the present request, with its values put in.

    `Person 2` is said as `Person {number}` is.
    """
    text = _said(spoken().words, str(message))
    return text.format(**values) if values else text


def retell(text: str) -> str:
    """Return what was put together elsewhere, such as why an answer does not fit, in the language of the request.

    It is known by its message, whose values it has: `2 characters fit.` by `{most} characters fit.` Values that are
    words or dates of ours are said too; of several sentences each is looked for by itself.
    """
    words = spoken().words
    if not words or not text or text in words:
        return _said(words, text)
    if (date := _DATE.fullmatch(text)) and date[3] in words:
        return _said_date(*date.groups())
    is_sentence = text.endswith(_SENTENCE_ENDS)
    for known in _put_together(spoken()):
        may_be = known.is_sentence == is_sentence and text.startswith(known.begins)
        if may_be and (found := _finding(known.message).fullmatch(text)):
            told = {name: retell(value) for name, value in found.groupdict().items()}
            return words[known.message].format(**told)
    first, *others = _NEXT_SENTENCE.split(text)
    return " ".join(retell(one) for one in (first, *others)) if others else _said(words, text)


def error_words(error: IcmcError) -> str:
    """Return what an error says in the language of the request, its facts too."""
    return say(error.sentence, **{name: retell(str(fact)) for name, fact in error.facts.items()})


def _said_date(weekday: str | None, day: str | None, month: str, year: str, time: str | None) -> str:
    names = {"weekday": weekday and say(weekday), "day": day, "month": say(month), "year": year}
    given = {name: value for name, value in names.items() if value}
    date = say(" ".join(f"{{{name}}}" for name in given), **given)
    return say("{day}, {time}", day=date, time=time) if time else date


class _Known(NamedTuple):
    """A message with values: how it begins, and whether it is a sentence."""

    message: str
    begins: str
    is_sentence: bool


@cache
def _finding(message: str) -> re.Pattern[str]:
    return re.compile(_MARK.sub(_VALUE, re.escape(message)), re.DOTALL)


@lru_cache(maxsize=32)
def _put_together(language: PageLanguage) -> tuple[_Known, ...]:
    """Return the messages of a language that can be known by their words, though values stand in them; longest first.

    These are sentences, and what begins with a word of its own.
    """
    valued = sorted((one for one in language.words if "{" in one and "<" not in one), key=len, reverse=True)
    return tuple(
        _Known(one, one.partition("{")[0], one.endswith(_SENTENCE_ENDS))
        for one in valued
        if one.endswith(_SENTENCE_ENDS) or _BEGINS.match(one)
    )


def speaker() -> Callable[[str], str]:
    """Return what says messages in the language of the present request, for views: they do not know the request."""
    return partial(_said, spoken().words)


def _said(words: Mapping[str, str], text: str) -> str:
    number = _NUMBER.search(text) if words and text not in words else None
    if number is None:
        return words.get(text, text)
    for name in ("number", "value"):
        pattern = f"{text[: number.start()]}{{{name}}}{text[number.end() :]}"
        if pattern in words:
            return words[pattern].format(**{name: number[0]})
    return text


def here(path: str) -> str:
    """Return the address of another public page in the language that the present address names."""
    now = _SPOKEN.get(None)
    return f"{path}?lang={now.language.code}" if now and now.is_named else path


class SpeakLanguage:
    """Middleware: answer in the language that the address names, that the device keeps, or of the browser."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Choose the language of a request, and pass it on; outside the public pages the device keeps what is named."""
        if scope["type"] != "http" or scope["path"].startswith(_NO_PAGES):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        now = _chosen(request)
        _SPOKEN.set(now)

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start" and now.is_named and not _is_public(request):
                keep_on_device(request, MutableHeaders(scope=message), now.language.code)
            await send(message)

        await self._app(scope, receive, keep)


def _is_public(request: Request) -> bool:
    return request.url.path.startswith(PUBLIC)


def keep_on_device(request: Request, headers: MutableHeaders, code: str) -> None:
    """Let a device keep a language: it is what pages are shown in from its next request on."""
    kept = Response()
    kept.set_cookie(
        LANGUAGE_COOKIE, code, max_age=DEVICE_LASTS, httponly=True, samesite="lax",
        secure=not is_plain_loopback(request), path="/",
    )  # fmt: skip
    headers.append("set-cookie", kept.headers["set-cookie"])


def _chosen(request: Request) -> _Spoken:
    known = page_languages()
    named = request.query_params.get("lang", "")
    if named in known:
        return _Spoken(language_called(named), is_named=True)
    kept = request.cookies.get(LANGUAGE_COOKIE, "")
    if kept in known:
        return _Spoken(language_called(kept))
    asked = _asked_for(request.headers.get("accept-language", "")) if _is_public(request) else ()
    return _Spoken(language_called(next((code for code in asked if code in known and known[code].is_whole), ENGLISH)))


def _asked_for(header: str) -> tuple[str, ...]:
    """Return the languages that a browser asks for, the most wanted first."""
    asked = []
    for place, line in enumerate(header.split(",")[:_MOST_ASKED]):
        code, _, weight = line.strip().partition(";q=")
        try:
            asked.append((-float(weight or 1), place, code.partition("-")[0].lower()))
        except ValueError:
            continue
    return tuple(code for _, _, code in sorted(asked))
