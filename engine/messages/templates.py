"""What a message template may hold, and how messages and papers are rendered, in a sandbox."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine.errors import SettingsError
from engine.language.findings import Finding, in_order
from engine.plugin.answers import FILTERS
from engine.ports import Rendered

COUNTS: Final = frozenset({"count", "overdue", "due_today", "mine", "to_acknowledge", "code"})
"""Variables that hold a number and nothing else."""

ALLOWED: Final = frozenset({"case_number", "step_title", "due_time", "link", "level", "unit"}) | COUNTS
"""The variables that a message may name: none of them can hold what identifies a person."""

_SUBJECT: Final = "Subject: "
_HARMLESS: Final = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.If, nodes.Compare, nodes.Operand,
    nodes.Not, nodes.And, nodes.Or,
)  # fmt: skip
_REMOTE: Final = re.compile(
    r"<\s*(?:img|script|link|iframe|object|embed|form|base|meta(?!\s+charset)|svg|video|audio|source)\b"
    r"|\b(?:src|srcset|background|action|on\w+)\s*=|url\s*\(|@import|//\w",
    re.IGNORECASE,
)
_ADDRESS: Final = re.compile(r"\bhref\s*=\s*(?![\"']\{\{\s*link\s*\}\}[\"'])", re.IGNORECASE)


class TemplateProblem(NamedTuple):
    """What is wrong with a template, as the end of a sentence that begins with its name; lines count from 1."""

    line: int
    says: str


def lint_messages(files: Sequence[Path]) -> tuple[Finding, ...]:
    """Find what is wrong with message templates: a code, a place and a sentence for each problem."""
    findings = []
    for file in files:
        try:
            problems = message_problems(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            findings.append(Finding(str(file), 1, 1, "cannot-open", "This file cannot be read."))
            continue
        remedy = f"Use only: {', '.join(sorted(ALLOWED))}."
        findings += [
            Finding(str(file), problem.line, 1, "message-template", f"This message {problem.says}. {remedy}")
            for problem in problems
        ]
    return in_order(findings)


def message_problems(source: str) -> tuple[TemplateProblem, ...]:
    """Say what is wrong with a template; empty when nothing is.

    Jinja2 is cut down to printing and comparing: attributes, calls, filters, loops, includes, macros and assignments
    could reach beyond the variables, or build them.
    """
    try:
        tree = Environment(autoescape=True).parse(source)
    except TemplateSyntaxError as error:
        return (TemplateProblem(error.lineno, "cannot be read as a template"),)
    problems = [*_beyond(tree)]
    if not source.startswith(_SUBJECT):
        problems.append(TemplateProblem(1, "has no subject: it must begin with 'Subject: '"))
    return tuple(problems)


def layout_problems(source: str) -> tuple[TemplateProblem, ...]:
    """Say what is wrong with the HTML around every message: nothing of it may be fetched, run or sent on opening."""
    if _REMOTE.search(source) or _ADDRESS.search(source):
        return (
            TemplateProblem(1, "has something that is fetched, run or sent when opened, or a link that is not its own"),
        )
    return ()


def _beyond(tree: nodes.Template) -> Iterator[TemplateProblem]:
    for name in tree.find_all(nodes.Name):
        if name.name not in ALLOWED:
            yield TemplateProblem(name.lineno, f"uses {name.name}, which a message cannot")
    for node in _all(tree):
        if not isinstance(node, _HARMLESS):
            yield TemplateProblem(node.lineno, f"uses {type(node).__name__.lower()}, which a message cannot")


def _all(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _all(child)


_SUBJECT_LINE = "Subject: "
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
        self._language = lru_cache(maxsize=512)(self._language_of)
        for file in sorted(self._folder.glob("*/*.txt")):
            self._checked(file.relative_to(self._folder).as_posix())
        self._checked(_LAYOUT)

    def message(
        self, kind: str, languages: Sequence[str], variables: Mapping[str, str], *, as_html: bool = True
    ) -> Rendered:
        """Return a message in the first of the languages that has it, else in English; raises `SettingsError`.

        The HTML has the words of the text: a paragraph that ends with the link becomes a button.
        """
        language = self._language(kind, tuple(languages))
        name = f"{language}/{kind}.txt"
        self._checked(name)
        clean = _clean(variables)
        first, _, body = _rendered(self._text, name, clean).partition("\n")
        subject, link = first.removeprefix(_SUBJECT_LINE).strip(), clean.get("link", "")
        html = self._as_html(language, subject, body, link) if as_html else ""
        return Rendered(subject, body.strip() + "\n", html)

    def document(self, name: str, variables: Mapping[str, object]) -> str:
        """Return a document as HTML, every value escaped."""
        zone = str(variables.get("zone", "UTC"))
        shown = {key: _local(value, zone) if key == "made_at" else value for key, value in variables.items()}
        return self._documents.get_template(f"{name}.html").render(shown)

    def _as_html(self, language: str, subject: str, body: str, link: str) -> str:
        paragraphs = _paragraphs(body, link)
        shown = {"language": language, "subject": subject, "paragraphs": paragraphs, "link": link}
        return _rendered(self._html, _LAYOUT, shown)

    def _language_of(self, kind: str, languages: tuple[str, ...]) -> str:
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
    """Return an environment that reads each template once: what was checked at the start is what is sent."""
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(folders), undefined=StrictUndefined, autoescape=escape, trim_blocks=True,
        auto_reload=False, cache_size=-1,  # a limited cache looks through itself at each use
    )  # fmt: skip


def _rendered(environment: Environment, name: str, variables: dict[str, Any]) -> str:
    """Render a template with these variables alone: nothing of the environment is copied beside them."""
    template = environment.get_template(name)
    return environment.concat(template.root_render_func(template.new_context(variables, shared=True)))


def _clean(variables: Mapping[str, str]) -> dict[str, str]:
    """Keep the variables of the list, each in one line; a count that is not a number is left out."""
    lines = {name: " ".join(str(value).split()) for name, value in variables.items() if name in ALLOWED}
    return {name: line for name, line in lines.items() if name not in COUNTS or not line or line.isdecimal()}


def _paragraphs(body: str, link: str) -> list[tuple[str, bool]]:
    """Return each paragraph and whether it is the label of the button that leads to the link."""
    found = []
    for paragraph in body.strip().split("\n\n"):
        is_button = bool(link) and paragraph.rstrip().endswith(link)
        label = paragraph.rstrip().removesuffix(link).strip().rstrip(":")
        found.append((label if is_button else paragraph, is_button))
    return found


def _local(value: object, zone: str) -> object:
    return f"{value.astimezone(ZoneInfo(zone)):%d %b %Y, %H:%M} ({zone})" if isinstance(value, datetime) else value
