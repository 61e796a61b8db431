"""What a message template may hold, and how messages are rendered, in a sandbox."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from logging import getLogger
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from jinja2 import BaseLoader, Environment, FileSystemLoader, StrictUndefined, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from engine.errors import SettingsError
from engine.language.findings import Finding, Severity, in_order
from engine.language.library import definitions_of
from engine.language.yaml_files import YamlDocument
from engine.messages.text_rules import TextProblem, identifying

COUNTS: Final = frozenset({"count", "overdue", "due_today", "mine", "to_acknowledge", "code"})
"""Variables that hold a number and nothing else."""

ALLOWED: Final = frozenset({"case_number", "step_title", "due_time", "link", "level", "unit"}) | COUNTS
"""The variables that a message may name: none of them can hold what identifies a person."""

INVENTED: Final = {
    "case_number": "K7M2-9QXD", "step_title": "Safety plan", "due_time": "08 Mar 2026, 22:40 (Asia/Kolkata)",
    "link": "https://icmc.example/items/6a1f0c3e-5b7d-4e21-9c40-2f8d7e615a03", "level": "2", "unit": "Unit One",
    "count": "12", "overdue": "3", "due_today": "2", "mine": "7", "to_acknowledge": "1", "code": "04711815",
}  # fmt: skip
"""A value for each of them, to look at a message with."""

_MUST_STAY: Final = frozenset({"link", "code"})
"""What a text keeps that has it: without it nobody could open what it is about, or sign in."""

log = getLogger(__name__)
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


NO_TEXTS: Final[Mapping[str, str]] = MappingProxyType({})


class Rendered(NamedTuple):
    """A message in words: plain text, and HTML; that is empty where nothing shows it."""

    subject: str
    body: str
    html: str


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


def lint_texts(documents: Iterable[YamlDocument], renderer: "TemplateRenderer") -> tuple[Finding, ...]:
    """Find what is wrong with definitions of messages, each at its line; what identifies someone is refused."""
    findings = []
    for document in documents:
        first = document.position(("text",))[0]
        for name, one in definitions_of([document]).messages.items():
            found = renderer.problems(name, one.text) if one.text or not renderer.shipped(name) else ()
            findings += [_finding(document.file, first, name, problem) for problem in found]
    return in_order(findings)


def _finding(file: str, first: int, name: str, problem: TextProblem) -> Finding:
    code, severity = ("message-template", Severity.ERROR)
    if problem.is_doubt:
        code, severity = ("message-doubt", Severity.WARNING)
    return Finding(file, first + problem.line, 3, code, f"The message {name} {problem.says}.", severity)


def message_problems(source: str) -> tuple[TextProblem, ...]:
    """Say what is wrong with a template; empty when nothing is.

    Jinja2 is cut down to printing and comparing: attributes, calls, filters, loops, includes, macros and assignments
    could reach beyond the variables, or build them.
    """
    try:
        tree = _read(source)
    except TemplateSyntaxError as error:
        return (TextProblem(error.lineno, "cannot be read as a template"),)
    problems = [*_beyond(tree)]
    if not source.startswith(_SUBJECT):
        problems.append(TextProblem(1, "has no subject: it must begin with 'Subject: '"))
    return tuple(problems)


def layout_problems(source: str) -> tuple[TextProblem, ...]:
    """Say what is wrong with the HTML around every message: nothing of it may be fetched, run or sent on opening."""
    if _REMOTE.search(source) or _ADDRESS.search(source):
        return (
            TextProblem(1, "has something that is fetched, run or sent when opened, or a link that is not its own"),
        )
    return ()


def _read(source: str) -> nodes.Template:
    return Environment(autoescape=True).parse(source)


def _always_says(source: str, name: str) -> bool:
    """Whether a text prints a variable whatever the values of the others are."""
    printed = (one for part in _read(source).body if isinstance(part, nodes.Output) for one in part.nodes)
    return any(isinstance(one, nodes.Name) and one.name == name for one in printed)


def _beyond(tree: nodes.Template) -> Iterator[TextProblem]:
    for name in tree.find_all(nodes.Name):
        if name.name not in ALLOWED:
            yield TextProblem(name.lineno, f"uses {name.name}, which a message cannot")
    for node in _all(tree):
        if not isinstance(node, _HARMLESS):
            yield TextProblem(node.lineno, f"uses {type(node).__name__.lower()}, which a message cannot")


def _all(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _all(child)


_ENGLISH = "en"
_LAYOUT = "layout.html"


class TemplateRenderer:
    """Turns a template and its variables into text; the templates are those of a folder."""

    def __init__(self, folder: Path) -> None:
        """Read messages below `folder`; raises `SettingsError` for one that could hold what it may not."""
        self._folder = folder / "messages"
        self._text = sandbox(FileSystemLoader(self._folder), escape=False)
        self._html = sandbox(FileSystemLoader(self._folder), escape=True)
        self._made_of = lru_cache(maxsize=512)(self._text.from_string)
        self._checked = lru_cache(maxsize=512)(self._check)
        self._has = lru_cache(maxsize=512)(self._has_file)
        self._usable = lru_cache(maxsize=512)(self._is_usable)
        for file in sorted(self._folder.glob("*/*.txt")):
            self._checked(file.relative_to(self._folder).as_posix())
        self._checked(_LAYOUT)

    def message(
        self,
        kind: str,
        languages: Sequence[str],
        variables: Mapping[str, str],
        *,
        published: Mapping[str, str] = NO_TEXTS,
        as_html: bool = True,
    ) -> Rendered:
        """Return a message in the first of the languages in which it may leave; raises `SettingsError`.

        A published text (`due_soon.hi`) takes the place of the release's, unless it cannot be used. Variables
        outside the allow-list are refused, and a kind that there is not. The HTML has the words of the text,
        where a paragraph that ends with the link becomes a button; without `as_html` it is empty.
        """
        clean = _clean(variables)
        for language in dict.fromkeys((self.language(kind, languages, published=published), _ENGLISH)):
            if self._is_published(name := f"{kind}.{language}", published):
                try:
                    return self._in_words(language, self._of_text(published[name], clean, kind), clean, as_html=as_html)
                except (TemplateError, TypeError):
                    log.warning("message_text_unusable", extra={"template": name})
        if not self._has(kind, _ENGLISH):
            raise SettingsError(
                problem=f"There is no message {kind}.", remedy=f"Add {kind}.txt to the templates of {_ENGLISH}."
            )
        self._checked(file := f"{_ENGLISH}/{kind}.txt")
        return self._in_words(_ENGLISH, _rendered(self._text, file, clean), clean, as_html=as_html)

    def language(self, kind: str, languages: Sequence[str], *, published: Mapping[str, str] = NO_TEXTS) -> str:
        """Return the first of the languages in which a message may leave, else English.

        A text of the release in another language is a draft that no native speaker has looked at: it never leaves.
        """
        may_leave = (one for one in languages if one == _ENGLISH or self._is_published(f"{kind}.{one}", published))
        return next(may_leave, _ENGLISH)

    def shown(self, name: str, text: str) -> Rendered | None:
        """Return a text (of `due_soon.hi`) with invented values; None where it cannot be read."""
        try:
            return self._in_words(name.partition(".")[2], self._of_text(text, INVENTED, ""), INVENTED, as_html=False)
        except (TemplateError, TypeError):
            return None

    def shipped(self, name: str) -> str:
        """Return the text that came with the release (of `due_soon.hi`); empty where there is none."""
        kind, _, language = name.partition(".")
        return self._checked(f"{language}/{kind}.txt") if self._has(kind, language) else ""

    def kinds(self) -> tuple[str, ...]:
        """List the kinds of message that there are, in order."""
        return tuple(sorted(file.stem for file in (self._folder / _ENGLISH).glob("*.txt")))

    def names(self, kind: str) -> frozenset[str]:
        """Return the variables that a text of a kind may name: those of its English text, which are always given."""
        return frozenset(one.name for one in _read(self.shipped(f"{kind}.{_ENGLISH}")).find_all(nodes.Name))

    def problems(self, name: str, text: str) -> tuple[TextProblem, ...]:
        """Say what is wrong with a text that is to take the place of that of a release; doubts are among it.

        It keeps the link or the code of its kind.
        """
        kind = name.partition(".")[0]
        if not self._has(kind, _ENGLISH):
            return (TextProblem(1, f"is of no kind that there is: there is no message {kind}"),)
        found = [*message_problems(text), *identifying(text)]
        return (*found, *self._of_kind(kind, text)) if all(one.is_doubt for one in found) else tuple(found)

    def _of_kind(self, kind: str, text: str) -> Iterator[TextProblem]:
        given = self.names(kind)
        for one in _read(text).find_all(nodes.Name):
            if one.name not in given:
                yield TextProblem(one.lineno, f"uses {one.name}, which this one does not have")
        for name in sorted(given & _MUST_STAY):
            if not _always_says(text, name):
                yield TextProblem(1, f"does not always say {{{{ {name} }}}}: whoever gets it could do nothing about it")
        for values in (INVENTED, dict.fromkeys(ALLOWED, "")):
            try:
                subject = self._of_text(text, values, kind).partition("\n")[0].removeprefix(_SUBJECT).strip()
            except (TemplateError, TypeError):
                yield TextProblem(1, "cannot be written: it can compare texts with texts only")
            else:
                if not subject:
                    yield TextProblem(1, "has nothing after 'Subject: '")

    def _is_published(self, name: str, published: Mapping[str, str]) -> bool:
        return name in published and self._usable(name, published[name])

    def _is_usable(self, name: str, text: str) -> bool:
        return all(one.is_doubt for one in self.problems(name, text))

    def _of_text(self, text: str, variables: Mapping[str, str], kind: str) -> str:
        """Render a text that is no file; what a message of its kind was not given is empty."""
        known = dict.fromkeys(self.names(kind), "") if kind else {}
        return self._made_of(text).render({**known, **variables})

    def _in_words(self, language: str, rendered: str, variables: Mapping[str, str], *, as_html: bool) -> Rendered:
        first, _, body = rendered.partition("\n")
        subject, link = first.removeprefix(_SUBJECT).strip(), variables.get("link", "")
        html = self._as_html(language, subject, body, link) if as_html else ""
        return Rendered(subject, body.strip() + "\n", html)

    def _as_html(self, language: str, subject: str, body: str, link: str) -> str:
        paragraphs = _paragraphs(body, link)
        shown = {"language": language, "subject": subject, "paragraphs": paragraphs, "link": link}
        return _rendered(self._html, _LAYOUT, shown)

    def _has_file(self, kind: str, language: str) -> bool:
        return language.isalnum() and kind.isidentifier() and (self._folder / language / f"{kind}.txt").is_file()

    def _check(self, name: str) -> str:
        source = (self._folder / name).read_text(encoding="utf-8")
        problems = layout_problems(source) if name == _LAYOUT else message_problems(source)
        if problems:
            raise SettingsError(
                problem=f"The message {name} {problems[0].says} (line {problems[0].line}).",
                remedy=f"Use only: {', '.join(sorted(ALLOWED))}.",
            )
        return source


def sandbox(loader: BaseLoader, *, escape: bool) -> ImmutableSandboxedEnvironment:
    """Return an environment that reads each template once: what was checked at the start is what is sent."""
    return ImmutableSandboxedEnvironment(
        loader=loader, undefined=StrictUndefined, autoescape=escape, trim_blocks=True,
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
