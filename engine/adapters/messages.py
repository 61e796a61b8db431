"""Renders messages and documents from Jinja2 templates, in a sandbox."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine.errors import SettingsError
from engine.plugin.paper import FILTERS

ALLOWED = frozenset({"case_number", "step_title", "due_time", "link", "level", "unit"})
"""The variables that a message may name: none of them can hold what identifies a person."""

_SUBJECT = "Subject: "


class TemplateRenderer:
    """Implements `Renderer` over the templates folder."""

    def __init__(self, folder: Path) -> None:
        """Read templates from `folder`; raises `SettingsError` for a message that names a variable it may not."""
        self._folder = folder
        self._messages = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(folder / "messages"), undefined=StrictUndefined, autoescape=False, trim_blocks=True
        )
        self._documents = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(folder / "documents"), undefined=StrictUndefined, autoescape=True
        )
        self._documents.filters.update(FILTERS)
        self._source = lru_cache(maxsize=256)(self._checked)
        for file in sorted((folder / "messages").rglob("*.txt")):
            self._source(str(file.relative_to(folder / "messages")))

    def message(self, kind: str, language: str, variables: Mapping[str, str]) -> tuple[str, str]:
        """Give subject and body; a language that has no such message falls back to English."""
        names = [f"{language}/{kind}.txt", "en/" + kind + ".txt"]
        name = next((name for name in names if (self._folder / "messages" / name).is_file()), names[-1])
        self._source(name)
        clean = {key: " ".join(str(value).split()) for key, value in variables.items() if key in ALLOWED}
        text = self._messages.get_template(name).render(clean)
        first, _, body = text.partition("\n")
        return first.removeprefix(_SUBJECT).strip(), body.strip() + "\n"

    def document(self, name: str, variables: Mapping[str, object]) -> str:
        """Give a document as HTML, every value escaped."""
        zone = str(variables.get("zone", "UTC"))
        shown = {key: _local(value, zone) if key == "made_at" else value for key, value in variables.items()}
        return self._documents.get_template(f"{name}.html").render(shown)

    def _checked(self, name: str) -> str:
        return check_message(
            (self._folder / "messages" / name).read_text(encoding="utf-8"), name=name, on=self._messages
        )


def check_message(source: str, *, name: str, on: Environment) -> str:
    """Give a message's source back, or refuse it: it names a variable outside the list, or has no subject line."""
    unknown = sorted(meta.find_undeclared_variables(on.parse(source)) - ALLOWED)
    if unknown:
        raise SettingsError(
            problem=f"The message {name} uses {', '.join(unknown)}, which a message may not.",
            remedy=f"Use only: {', '.join(sorted(ALLOWED))}.",
        )
    if not source.startswith(_SUBJECT):
        raise SettingsError(problem=f"The message {name} has no subject.", remedy="Begin it with 'Subject: '.")
    return source


def _local(value: object, zone: str) -> object:
    return f"{value.astimezone(ZoneInfo(zone)):%d %b %Y, %H:%M} ({zone})" if isinstance(value, datetime) else value
