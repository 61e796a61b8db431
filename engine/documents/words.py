"""The words of a paper's template, found one by one, and woven so that published ones can take their place."""

import re
from collections.abc import Iterator, Mapping, Sequence
from html import unescape
from itertools import count
from typing import Any, Final

from jinja2 import nodes
from markupsafe import Markup, escape

from engine.ports import PaperPart, PaperWords

SAID, LABEL, HAS = "icmc_said", "icmc_label", "icmc_has"
"""The functions that a woven template calls; they are given its name and the words of the release."""

NAMED: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
EVERYWHERE: Final = ("case_number", "unit")
"""The values that every paper prints in its head, so that any of its words may name them."""

_SAY: Final = "say"
_LABELS: Final[Mapping[str, PaperPart]] = {"row": PaperPart.LABEL, "signatures": PaperPart.SIGNATURE}
_VALUES: Final = frozenset({"text", "words", "when"})
_TAG: Final = re.compile(r"(<[^>]*>)")
_WHOLE: Final[Mapping[str, PaperPart]] = {"p": PaperPart.PARAGRAPH, "li": PaperPart.ITEM}
_HEADINGS: Final = frozenset({"h1", "h2", "h3", "th"})
_TITLE: Final = "title"


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
        isinstance(of, nodes.Getattr) and isinstance(of.node, nodes.Name) and of.node.name == _SAY and of.attr in names
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
