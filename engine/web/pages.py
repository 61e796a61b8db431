"""Turn templates into pages."""

import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from engine.language.names import in_plain_words, role_words
from engine.machine.files import data_folder
from engine.people.records import language_words, region_words
from engine.web import times
from engine.web import words as calls
from engine.web import words as ledger
from engine.web import words as sharing
from engine.web import words as statuses

_HERE: Final = Path(__file__).resolve().parent
STATIC: Final = _HERE / "static"
_DIRECTION_SIGNS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_SHOWN: Final = {sign: f"[U+{ord(sign):04X}]" for sign in _DIRECTION_SIGNS}


@cache
def environment() -> Environment:
    """Return the environment of all pages: escaping is always on, and a misspelt name is an error."""
    loader = FileSystemLoader(data_folder("templates") / "portal")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.finalize = _without_direction_signs
    made.filters.update(_FILTERS)
    made.globals["static"] = static_url
    return made


def _without_direction_signs(value: object) -> object:
    """Show signs that turn the direction of what follows as signs: a name cannot make a page read otherwise."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return value if _DIRECTION_SIGNS.isdisjoint(value) else "".join(_SHOWN.get(sign, sign) for sign in value)


def render(template: str, context: Mapping[str, object]) -> str:
    """Return a page as HTML."""
    return environment().get_template(template).render(**context)


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


_FILTERS: Final[Mapping[str, Callable[..., object]]] = {
    "local": times.local,
    "short": times.short,
    "countdown": times.countdown,
    "span": times.span,
    "moment": times.moment,
    "due_words": times.due_words,
    "month_words": times.month_words,
    "zone_words": times.zone_words,
    "for_input": times.for_input,
    "call_words": calls.call_words,
    "callees": calls.callees,
    "call_outcomes": calls.call_outcomes,
    "channel_words": ledger.channel_words,
    "delivery_words": ledger.delivery_words,
    "point_words": ledger.point_words,
    "role_words": role_words,
    "language_words": language_words,
    "region_words": region_words,
    "plain": in_plain_words,
    "step_status": statuses.status_of_step,
    "job_status": statuses.status_of_job,
    "drawing": drawing,
    "sharing_words": sharing.words,
    "path_of": path_of,
}
