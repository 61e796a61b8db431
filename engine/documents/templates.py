"""Templates of papers, rendered in a sandbox: the release's words, or those published in their place, woven in."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from html import unescape
from itertools import count
from logging import getLogger
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from jinja2 import FileSystemLoader, Template, TemplateError, TemplateNotFound, nodes, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from engine.documents.records import PaperPart, PaperWords
from engine.language.findings import Finding, Severity, in_order
from engine.language.library import definitions_of
from engine.language.yaml_files import YamlDocument
from engine.messages.templates import sandbox
from engine.messages.text_rules import TextProblem, identifying
from engine.plugin.answers import FILTERS

SAID, LABEL, HAS = "icmc_said", "icmc_label", "icmc_has"
"""The functions that a woven template calls; they are given its name and the words of the release."""

NAMED: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
EVERYWHERE: Final = ("case_number", "unit")
"""The values that every paper prints in its head, so that any of its words may name them."""

_SAID: Final = "say"
_LABELS: Final[Mapping[str, PaperPart]] = {"row": PaperPart.LABEL, "signatures": PaperPart.SIGNATURE}
_VALUES: Final = frozenset({"text", "words", "when"})
_TAG: Final = re.compile(r"(<[^>]*>)")
_WHOLE: Final[Mapping[str, PaperPart]] = {"p": PaperPart.PARAGRAPH, "li": PaperPart.ITEM}
_HEADINGS: Final = frozenset({"h1", "h2", "h3", "th"})
_TITLE: Final = "title"

log = getLogger(__name__)
_PUBLISHED: Final = "icmc_published"
_MAY_GO: Final = frozenset({PaperPart.PARAGRAPH, PaperPart.ITEM, PaperPart.PIECE})
_MANY_LINES: Final = frozenset({PaperPart.PARAGRAPH, PaperPart.ITEM})
_SAY: Final = "_say.html"


NO_PAPERS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType({})


class WovenPaper:
    """A template of a paper: its tree, in which each words can be replaced, and the words in their order.

    `answers` are the values that it prints whatever was answered, by name: the macro that says one, and its key.
    """

    def __init__(self, name: str, tree: nodes.Template) -> None:
        """Weave the tree of a template."""
        self.tree = tree
        self.answers: dict[str, str] = {}
        self._name = name
        self._found: dict[str, tuple[PaperPart, tuple[str, ...]]] = {}
        self._part: PaperPart | None = None
        self._gather(tree, always=True)
        self._body(tree)

    @property
    def words(self) -> tuple[PaperWords, ...]:
        """All its words, in the order in which they stand in it; the same words stand there once."""
        given = (*EVERYWHERE, *sorted(self.answers))
        return tuple(
            PaperWords(release, part, own, tuple(dict.fromkeys((*own, *given))))
            for release, (part, own) in self._found.items()
        )

    def _gather(self, node: nodes.Node, *, always: bool) -> None:
        """Find the answers that are printed under no condition."""
        for child in node.iter_child_nodes():
            if always and _is_say(child, _VALUES):
                whose, key = (*child.args, None, None)[:2]  # type: ignore[attr-defined]
                if isinstance(whose, nodes.Name) and whose.name == "answers" and isinstance(key, nodes.Const):
                    self.answers[key.value] = child.node.attr  # type: ignore[attr-defined]
            self._gather(child, always=always and not isinstance(child, nodes.If | nodes.For | nodes.CondExpr))

    def _body(self, node: nodes.Node) -> None:
        for field in ("body", "else_", "elif_"):
            body = getattr(node, field, None)
            if isinstance(body, list):
                setattr(node, field, [new for old in body for new in self._statement(old)])

    def _statement(self, node: nodes.Node) -> Iterator[nodes.Node]:
        if isinstance(node, nodes.Output):
            yield from self._output(node)
            return
        if isinstance(node, nodes.Block):
            self._part = PaperPart.HEADING if node.name == _TITLE else None
        self._body(node)
        yield node

    def _output(self, output: nodes.Output) -> Iterator[nodes.Node]:
        """Split what is printed at tags and tables; words between them are asked for before they are printed."""
        tokens, at, tag = [*_tokens(output)], 0, ""
        while at < len(tokens):
            begin = at + _is_barrier(tokens[at])
            end = next((n for n in range(begin, len(tokens)) if _is_barrier(tokens[n])), len(tokens))
            run, opens, closes = tokens[begin:end], _tag(tokens[at]), _tag(tokens[end]) if end < len(tokens) else ""
            name = opens.strip("<>").partition(" ")[0]
            if name in _WHOLE and closes == f"</{name}>" and _has_letters(run):
                yield self._run(run, _WHOLE[name], tokens[at : end + 1])
                at = end + 1
            elif begin > at:
                self._labels(tokens[at])
                yield _printed([tokens[at]])
                at, tag = begin, name
            else:
                part = PaperPart.HEADING if tag in _HEADINGS else PaperPart.PIECE
                yield self._run(run, part) if _has_letters(run) else _printed(run)
                at = end

    def _run(self, run: Sequence[nodes.Node], part: PaperPart, whole: Sequence[nodes.Node] = ()) -> nodes.If:
        """Ask whether other words are published for a run of text and values, which else is printed as it is.

        With a `whole` element around it, its tags are printed around each paragraph that takes its place.
        """
        names: dict[str, nodes.Expr] = {}
        release = " ".join(unescape("".join(_as_text(one, names) for one in run)).split())
        self._found.setdefault(release, (self._part or part, tuple(names)))
        first, last = (one.data if isinstance(one, nodes.TemplateData) else "" for one in (run[0], run[-1]))
        lead, tail = first[: len(first) - len(first.lstrip())], last[len(last.rstrip()) :]
        values = nodes.Dict([nodes.Pair(nodes.Const(name), value) for name, value in names.items()])
        tags = nodes.List([nodes.Const(_tag(one)) for one in (whole[0], whole[-1])] if whole else [])
        said = _call(SAID, self._name, release, values, tags)
        printed = nodes.Output([nodes.TemplateData(lead), said, nodes.TemplateData(tail)])
        asked = nodes.If(_call(HAS, self._name, release), [printed], [], [_printed(whole or run)])
        asked.set_lineno(run[0].lineno)
        return asked

    def _labels(self, node: nodes.Node) -> None:
        """Let the names of lines and of signatures be replaced: where a macro is given them."""
        if not _is_say(node, _LABELS):
            return
        part, args = _LABELS[node.node.attr], node.args  # type: ignore[attr-defined]
        for index in range(1 if part is PaperPart.LABEL else len(args)):
            args[index] = self._label(args[index], part)

    def _label(self, node: nodes.Expr, part: PaperPart) -> nodes.Expr:
        if isinstance(node, nodes.CondExpr):
            node.expr1 = self._label(node.expr1, part)
            node.expr2 = self._label(node.expr2, part) if node.expr2 else None
        elif isinstance(node, nodes.Const) and isinstance(node.value, str) and node.value:
            self._found.setdefault(node.value, (part, ()))
            return _call(LABEL, self._name, node.value)
        return node


def filled(text: str, values: Mapping[str, object], tags: Sequence[str]) -> Markup:
    """Return published words with their values, all as text; each line between the tags that the template has there."""
    before, after = (Markup(one) for one in tags or ("", ""))  # noqa: S704 - tags of the template itself
    lines = (line.strip() for line in text.split("\n") if line.strip())
    return Markup("\n").join(before + _line(line, values) + after for line in lines)


def _line(line: str, values: Mapping[str, object]) -> Markup:
    found = NAMED.split(line)
    return Markup("").join(escape(values[one] if number % 2 else one) for number, one in enumerate(found))


def _tokens(output: nodes.Output) -> Iterator[nodes.Node]:
    for node in output.nodes:
        if isinstance(node, nodes.TemplateData):
            for part in _TAG.split(node.data):
                if part:
                    yield nodes.TemplateData(part).set_lineno(node.lineno)
        else:
            yield node


def _is_barrier(node: nodes.Node) -> bool:
    return bool(_tag(node)) or _is_say(node, ("people", *_LABELS))


def _tag(node: nodes.Node | None) -> str:
    return node.data if isinstance(node, nodes.TemplateData) and _TAG.fullmatch(node.data) else ""


def _has_letters(run: Sequence[nodes.Node]) -> bool:
    return any(isinstance(one, nodes.TemplateData) and re.search(r"[^\W\d_]", one.data) for one in run)


def _is_say(node: nodes.Node, names: Any) -> bool:  # noqa: ANN401 - whatever holds names
    """Whether a node calls one of the macros by which papers say answers."""
    of = node.node if isinstance(node, nodes.Call) else None
    return (
        isinstance(of, nodes.Getattr) and isinstance(of.node, nodes.Name) and of.node.name == _SAID and of.attr in names
    )


def _as_text(node: nodes.Node, names: dict[str, nodes.Expr]) -> str:
    """Return a piece of the template as people read it, with `{name}` for a value, which is then among the names."""
    if isinstance(node, nodes.TemplateData):
        return str(node.data)
    assert isinstance(node, nodes.Expr)  # noqa: S101 - nothing else is printed
    base = next(_words_of(node), "value")
    name = next(one for n in count(1) if names.get(one := base if n == 1 else f"{base}_{n}", node) == node)
    names[name] = node
    return f"{{{name}}}"


def _words_of(node: nodes.Node) -> Iterator[str]:
    """Go through what a value can be called by: the key of an answer before the name of a variable."""
    yield from (one.value for one in _all(node, nodes.Const) if isinstance(one.value, str) and one.value.isidentifier())
    yield from (one.name for one in _all(node, nodes.Name))


def _all(node: nodes.Node, kind: type[Any]) -> Iterator[Any]:
    if isinstance(node, kind):
        yield node
    yield from node.find_all(kind)


def _printed(run: Sequence[nodes.Node]) -> nodes.Output:
    output = nodes.Output([*run])
    output.set_lineno(run[0].lineno)
    return output


def _call(function: str, *arguments: object) -> nodes.Call:
    given = [one if isinstance(one, nodes.Expr) else nodes.Const(one) for one in arguments]
    return nodes.Call(nodes.Name(function, "load"), given, [], None, None)


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
