"""How papers are rendered, in a sandbox, with the words of the release or those published in their place."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from logging import getLogger
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from jinja2 import FileSystemLoader, Template, TemplateError, TemplateNotFound, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from engine.documents.words import EVERYWHERE, HAS, LABEL, NAMED, SAID, WovenPaper, filled
from engine.language.findings import Finding, Severity, in_order
from engine.language.library import definitions_of
from engine.language.yaml_files import YamlDocument
from engine.messages.templates import sandbox
from engine.messages.text_rules import identifying
from engine.plugin.answers import FILTERS
from engine.ports import NO_PAPERS, PaperPart, PaperWords, TextProblem

log = getLogger(__name__)
_PUBLISHED: Final = "icmc_published"
_MAY_GO: Final = frozenset({PaperPart.PARAGRAPH, PaperPart.ITEM, PaperPart.PIECE})
_MANY_LINES: Final = frozenset({PaperPart.PARAGRAPH, PaperPart.ITEM})
_SAY: Final = "_say.html"


class PaperRenderer:
    """Makes papers of templates, and knows their words."""

    def __init__(self, *folders: Path) -> None:
        """Read templates from folders; what an earlier one has, a later one cannot replace."""
        self._loader = _Weaving(folders)
        self._templates = sandbox(self._loader, escape=True)
        self._templates.filters.update(FILTERS)
        self._templates.globals.update({HAS: self._has, LABEL: self._label, SAID: self._said})
        self._checked = lru_cache(maxsize=2048)(self._problems_of)

    def document(
        self, name: str, variables: Mapping[str, object], *, published: Mapping[str, Mapping[str, str]] = NO_PAPERS
    ) -> str:
        """Return a paper as HTML, every value escaped; published words that cannot be used are passed over."""
        zone = str(variables.get("zone", "UTC"))
        shown = {key: _local(value, zone) if key == "made_at" else value for key, value in variables.items()}
        template = self._templates.get_template(f"{name}.html")
        if published:
            try:
                return template.render(shown | {_PUBLISHED: published})
            except (TemplateError, TypeError):
                log.warning("paper_words_unusable", extra={"template": name})
        return template.render(shown)

    def names(self) -> tuple[str, ...]:
        """List the papers that have words of their own, in order."""
        found = (file.removesuffix(".html") for file in self._templates.list_templates(extensions=["html"]))
        return tuple(sorted(one for one in found if one[:1] != "_" and self.words(one)))

    def words(self, name: str) -> tuple[PaperWords, ...]:
        """Return the words of a paper in their order; none of one that there is not."""
        woven = self._woven(name)
        return woven.words if woven else ()

    def problems(self, name: str, release: str, text: str) -> tuple[TextProblem, ...]:
        """Say what is wrong with a text that is to stand in place of words of the release; doubts are among it."""
        return self._checked(name, release, text)

    def _problems_of(self, name: str, release: str, text: str) -> tuple[TextProblem, ...]:
        words = next((one for one in self.words(name) if one.release == release), None)
        if words is None:
            return (TextProblem(1, "stands in place of words that this paper does not have (any more)"),)
        return tuple(_wrong(words, text))

    def _woven(self, name: str) -> WovenPaper | None:
        try:
            self._templates.get_template(f"{name}.html")
        except TemplateNotFound:
            return None
        return self._loader.woven.get(f"{name}.html")

    def _text(self, context: Context, name: str, release: str) -> str | None:
        """Return the usable text that is published for words of a template."""
        text: str | None = context.get(_PUBLISHED, {}).get(name, {}).get(release)
        is_usable = text is not None and all(one.is_doubt for one in self.problems(name, release, text))
        return text if is_usable else None

    @pass_context
    def _has(self, context: Context, name: str, release: str) -> bool:
        return self._text(context, name, release) is not None

    @pass_context
    def _label(self, context: Context, name: str, release: str) -> str:
        return self._text(context, name, release) or release

    @pass_context
    def _said(self, context: Context, name: str, release: str, own: Mapping[str, object], tags: list[str]) -> Markup:
        text = self._text(context, name, release) or ""
        say: Any = self._templates.get_template(_SAY).module
        woven, answers, values = self._woven(name), context.get("answers", {}), dict(own)
        for one in {*NAMED.findall(text)} - {*own}:
            if one in EVERYWHERE:
                values[one] = context[one]
            elif woven is not None:
                with_zone = (context.get("zone", "UTC"),) if woven.answers[one] == "when" else ()
                values[one] = getattr(say, woven.answers[one])(answers, one, *with_zone)
        return filled(text, values, tags)


class _Weaving(FileSystemLoader):
    """Loads a template of a paper so that its words can be replaced; what papers share stays as it is."""

    def __init__(self, folders: Sequence[Path]) -> None:
        super().__init__(folders)
        self.woven: dict[str, WovenPaper] = {}

    def load(self, environment: Any, name: str, globals: Any = None) -> Template:  # noqa: A002, ANN401 - its words
        if name.startswith("_"):
            return super().load(environment, name, globals)
        source, file, _ = self.get_source(environment, name)
        woven = WovenPaper(name.removesuffix(".html"), environment.parse(source, name, file))
        woven.tree.set_environment(environment)
        code = environment.compile(woven.tree, name, file)
        template: Template = environment.template_class.from_code(environment, code, globals or {})
        self.woven[name] = woven
        return template


def lint_papers(documents: Iterable[YamlDocument], papers: PaperRenderer) -> tuple[Finding, ...]:
    """Find what is wrong with definitions of papers, each at its line."""
    findings = []
    for document in documents:
        for name, one in definitions_of([document]).documents.items():
            for index, words in enumerate(one.texts):
                line = document.position(("texts", index, "text"))[0]
                findings += [
                    _finding(document.file, line, f"“{_short(words.release)}”", problem)
                    for problem in papers.problems(name, words.release, words.text)
                ]
    return in_order(findings)


def _finding(file: str, line: int, what: str, problem: TextProblem) -> Finding:
    code, severity = ("paper-words", Severity.ERROR)
    if problem.is_doubt:
        code, severity = ("paper-doubt", Severity.WARNING)
    return Finding(file, line, 3, code, f"What takes the place of {what} {problem.says}.", severity)


def _short(words: str) -> str:
    return words if len(words) <= _SHORT else f"{words[:_SHORT].rsplit(' ', 1)[0]} …"


_SHORT: Final = 60


def _wrong(words: PaperWords, text: str) -> Iterator[TextProblem]:
    if not text and words.part not in _MAY_GO:
        yield TextProblem(1, "is empty, and this is a heading, a line or a signature: write something")
    if "\n" in text and words.part not in _MANY_LINES:
        yield TextProblem(1, "has several lines, and there is room for one")
    for name in NAMED.findall(text):
        if name not in words.may_name:
            yield TextProblem(1, f"names {{{name}}}, a value that is not there")
    if _BRACE.search(NAMED.sub("", text)):
        yield TextProblem(1, "has a brace that belongs to no value: a value is written {like_this}")
    for name in words.names:
        if f"{{{name}}}" not in text:
            yield TextProblem(1, f"no longer prints {{{name}}}", is_doubt=True)
    known = {one.says for one in identifying(words.release)}
    for one in identifying(NAMED.sub("·", text)):
        if one.says not in known:
            yield TextProblem(one.line, one.says.partition(". Take it out")[0] + _LOOK, is_doubt=True)


_BRACE: Final = re.compile(r"[{}]")
_LOOK: Final = ": it is printed in every case. Take it out if it is a person's"


def _local(value: object, zone: str) -> object:
    return f"{value.astimezone(ZoneInfo(zone)):%d %b %Y, %H:%M} ({zone})" if isinstance(value, datetime) else value
