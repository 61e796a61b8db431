"""Turn templates into pages."""

import hashlib
import os
import stat
import sys
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final, ParamSpec
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from engine.jobs.records import failure_words
from engine.language.names import in_plain_words, role_words, type_in_plain_words
from engine.machine import data_folder
from engine.people.records import language_words, region_words
from engine.web import times, translation
from engine.web import words as calls
from engine.web import words as ledger
from engine.web import words as sharing
from engine.web import words as statuses
from engine.web.languages import ENGLISH, PageLanguage, here, language_called, page_languages, retell, say, spoken
from engine.web.translation import Translation

P = ParamSpec("P")
_HERE: Final = Path(__file__).resolve().parent
STATIC: Final = _HERE / "static"
_OURS: Final = 0o700
_DIRECTION_SIGNS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_SHOWN: Final = {sign: f"[U+{ord(sign):04X}]" for sign in _DIRECTION_SIGNS}


@cache
def environment(code: str = ENGLISH) -> Environment:
    """Return the environment of all pages of a language: escaping is always on, and a misspelt name is an error."""
    language = language_called(code)
    loader = FileSystemLoader(data_folder("templates") / "portal")
    made = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, cache_size=-1,
        bytecode_cache=_compiled(Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"), language),
        extensions=[Translation] if language.words else [],
    )  # fmt: skip
    made.finalize = _without_direction_signs
    made.filters.update(_FILTERS)
    made.globals |= {"static": static_url, "page_language": language, "page_languages": page_languages(), "here": here}
    made.extend(translate=language.words.get)
    return made


def _compiled(caches: Path, language: PageLanguage) -> FileSystemBytecodeCache | None:
    """Return where compiled templates are kept between starts; None where nobody else can be kept from writing there.

    What lies there is run: the folder must be ours alone. Another release of ours, of Jinja or of Python has another,
    and so have other words.
    """
    parts = (version("icmc"), version("jinja2"), sys.version, language.code, *sorted(language.words.items()))
    ours = (Path(file).read_bytes() for file in (__file__, translation.__file__))
    made_by = b"".join((repr(parts).encode(), *ours))
    folder = caches / f"icmc-pages-{hashlib.sha256(made_by).hexdigest()[:16]}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) == _OURS
    return FileSystemBytecodeCache(str(folder)) if is_ours else None


def _without_direction_signs(value: object) -> object:
    """Show signs that turn the direction of what follows as signs: a name cannot make a page read otherwise."""
    if type(value) is not str and (isinstance(value, Markup) or not isinstance(value, str)):
        return value
    return value if _DIRECTION_SIGNS.isdisjoint(value) else "".join(_SHOWN.get(sign, sign) for sign in value)


def render(template: str, context: Mapping[str, object]) -> str:
    """Return a page as HTML."""
    return environment(spoken().code).get_template(template).render(**context)


@cache
def static_url(name: str) -> str:
    """Return the address of a file of ours; it changes with the file, so that browsers never keep an old one."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?{digest}"


def drawing(svg: str) -> Markup:
    """Put a diagram that our own renderer made into a page: from its root element on, without declarations."""
    start = svg.find("<svg")
    return Markup(svg[start:] if start >= 0 else "")  # noqa: S704 - drawn by our own renderer, labels escaped there


def path_of(link: str) -> str:
    """Return the path of a link into this portal; empty when it has none."""
    path = urlsplit(link).path
    return path if path.startswith("/") and not path.startswith("//") and path != "/" else ""


def _said(words: Callable[P, str]) -> Callable[P, str]:
    """Return what gives the same words in the language of the present request."""
    return lambda *args, **kwargs: say(words(*args, **kwargs))


def _retold(words: Callable[P, str]) -> Callable[P, str]:
    """Return what gives the same words, put together with values, in the language of the present request."""
    return lambda *args, **kwargs: retell(words(*args, **kwargs))


_FILTERS: Final[Mapping[str, Callable[..., object]]] = {
    "t": say,
    "retold": retell,
    "local": times.local,
    "short": times.short,
    "countdown": times.countdown,
    "span": times.span,
    "moment": times.moment,
    "due_words": times.due_words,
    "month_words": times.month_words,
    "day_words": times.day_words,
    "zone_words": times.zone_words,
    "for_input": times.for_input,
    "local_time": times.local_time,
    "call_words": _said(calls.call_words),
    "callees": calls.callees,
    "call_outcomes": calls.call_outcomes,
    "channel_words": _said(ledger.channel_words),
    "delivery_words": _retold(ledger.delivery_words),
    "point_words": _retold(ledger.point_words),
    "role_words": _said(role_words),
    "language_words": _said(language_words),
    "region_words": _said(region_words),
    "plain": _said(in_plain_words),
    "step_status": statuses.status_of_step,
    "job_status": statuses.status_of_job,
    "failure_words": _said(failure_words),
    "type_plain": _said(type_in_plain_words),
    "drawing": drawing,
    "sharing_words": _said(sharing.words),
    "path_of": path_of,
}
