"""Renders messages and documents from Jinja2 templates, in a sandbox."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine.adapters.message_rules import ALLOWED, COUNTS, layout_problems, message_problems
from engine.errors import SettingsError
from engine.plugin.paper import FILTERS
from engine.ports import Rendered

_SUBJECT = "Subject: "
_ENGLISH = "en"
_LAYOUT = "layout.html"


class TemplateRenderer:
    """Implements `Renderer` over the templates folder."""

    def __init__(self, folder: Path, documents: Iterable[Path] = ()) -> None:
        """Read templates from `folder`; raises `SettingsError` for a message that could hold what it may not.

        `documents` are folders of outside pillars with papers of their own; they cannot replace what `folder` has.
        """
        self._folder = folder / "messages"
        self._text = _environment(self._folder, escape=False)
        self._html = _environment(self._folder, escape=True)
        self._documents = _environment(folder / "documents", *documents, escape=True)
        self._documents.filters.update(FILTERS)
        self._checked = lru_cache(maxsize=512)(self._check)
        for file in sorted(self._folder.glob("*/*.txt")):
            self._checked(file.relative_to(self._folder).as_posix())
        self._checked(_LAYOUT)

    def message(self, kind: str, languages: Sequence[str], variables: Mapping[str, str]) -> Rendered:
        """Give a message in the first of the languages that has it, else in English; raises `SettingsError`.

        The HTML has the words of the text: a paragraph that ends with the link becomes a button.
        """
        language = self._language(kind, languages)
        name = f"{language}/{kind}.txt"
        self._checked(name)
        clean = _clean(variables)
        first, _, body = self._text.get_template(name).render(clean).partition("\n")
        subject, link = first.removeprefix(_SUBJECT).strip(), clean.get("link", "")
        html = self._html.get_template(_LAYOUT).render(
            language=language, subject=subject, paragraphs=_paragraphs(body, link), link=link
        )
        return Rendered(subject, body.strip() + "\n", html)

    def document(self, name: str, variables: Mapping[str, object]) -> str:
        """Give a document as HTML, every value escaped."""
        zone = str(variables.get("zone", "UTC"))
        shown = {key: _local(value, zone) if key == "made_at" else value for key, value in variables.items()}
        return self._documents.get_template(f"{name}.html").render(shown)

    def _language(self, kind: str, languages: Sequence[str]) -> str:
        for language in (*languages, _ENGLISH):
            if language.isalnum() and kind.isidentifier() and (self._folder / language / f"{kind}.txt").is_file():
                return language
        raise SettingsError(
            problem=f"There is no message {kind}.", remedy=f"Add {kind}.txt to the templates of {_ENGLISH}."
        )

    def _check(self, name: str) -> str:
        source = (self._folder / name).read_text(encoding="utf-8")
        problems = layout_problems(source) if name == _LAYOUT else message_problems(source)
        if problems:
            raise SettingsError(
                problem=f"The message {name} {problems[0].says} (line {problems[0].line}).",
                remedy=f"Use only: {', '.join(sorted(ALLOWED))}.",
            )
        return source


def _environment(*folders: Path, escape: bool) -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(folders), undefined=StrictUndefined, autoescape=escape, trim_blocks=True
    )


def _clean(variables: Mapping[str, str]) -> dict[str, str]:
    """Keep the variables of the list, each in one line; a count that is not a number is left out."""
    lines = {name: " ".join(str(value).split()) for name, value in variables.items() if name in ALLOWED}
    return {name: line for name, line in lines.items() if name not in COUNTS or not line or line.isdecimal()}


def _paragraphs(body: str, link: str) -> list[tuple[str, bool]]:
    """Give each paragraph and whether it is the label of the button that leads to the link."""
    found = []
    for paragraph in body.strip().split("\n\n"):
        is_button = bool(link) and paragraph.rstrip().endswith(link)
        label = paragraph.rstrip().removesuffix(link).strip().rstrip(":")
        found.append((label if is_button else paragraph, is_button))
    return found


def _local(value: object, zone: str) -> object:
    return f"{value.astimezone(ZoneInfo(zone)):%d %b %Y, %H:%M} ({zone})" if isinstance(value, datetime) else value
