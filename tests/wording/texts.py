"""Every text that people see, what plain words are, and which words are codes."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
_JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_UNSEEN = re.compile(r"<!--.*?-->|<(style|script)\b.*?</\1>", re.DOTALL)
_TAG = re.compile(r"<[a-zA-Z/!](?:[^<>\"']|\"[^\"]*\"|'[^']*')*>", re.DOTALL)
_BLOCK = re.compile(r"</?(a|abbr|b|code|em|i|kbd|small|span|strong|time|u)\b", re.IGNORECASE)
_SEEN_ATTRIBUTE = re.compile(r"\b(?:aria-label|alt|placeholder|title)=\"([^\"]*)\"")
_LITERAL = re.compile(r"\"([^\"\n]*)\"|'([^'\n]*)'")
_WORDS = re.compile(r"[A-Za-z][a-z]+[^\w\s]* +\S|^[A-Z][a-z]+[.?!:]?$")
_YAML_TEXTS = frozenset({"title", "description", "help", "label", "reason", "ask", "question", "note", "text", "name"})


@dataclass(frozen=True, slots=True)
class Seen:
    """One text, and where it is written."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        """Return the text after its place."""
        return f"{self.file}:{self.line}: {self.text}"


def every_text() -> Iterator[Seen]:
    """Return every text that people see in English."""
    for folder in ("portal", "documents"):
        for path in sorted((ROOT / "templates" / folder).rglob("*.html")):
            yield from of_template(path)
    for path in sorted((ROOT / "templates" / "messages" / "en").glob("*.txt")):
        yield from of_message(path)
    for path in sorted((ROOT / "workflows").rglob("*.yaml")):
        if not {"stories", "law"} & set(path.relative_to(ROOT).parts):
            yield from of_definition(path)
    for folder in ("pillars", "engine"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield from of_code(path)


def of_template(path: Path) -> Iterator[Seen]:
    """Return the text between the tags of a page, what its attributes say, and the words inside its expressions."""
    source = _UNSEEN.sub(_blank, path.read_text())
    name = str(path.relative_to(ROOT))
    for found in _JINJA.finditer(source):
        if not found[0].startswith("{#"):
            for literal in _LITERAL.finditer(found[0]):
                text = literal[1] or literal[2] or ""
                if _WORDS.search(text):
                    yield Seen(name, _line(source, found.start() + literal.start()), text)
    plain = _JINJA.sub(lambda it: _blank(it, "…"), source)
    for found in _TAG.finditer(plain):
        for attribute in _SEEN_ATTRIBUTE.finditer(found[0]):
            yield Seen(name, _line(source, found.start() + attribute.start()), _one_line(attribute[1]))
    plain = _TAG.sub(lambda it: _blank(it) if _BLOCK.match(it[0]) else _blank(it, "\0"), plain)
    for found in re.finditer(r"[^\0]+", plain):
        text = _one_line(found[0])
        if re.search(r"[A-Za-z]{2}", text):
            at = found.start() + len(found[0]) - len(found[0].lstrip())
            yield Seen(name, _line(source, at), text)


def of_message(path: Path) -> Iterator[Seen]:
    """Return the lines of a message."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if text := _one_line(_JINJA.sub("…", line)):
            yield Seen(str(path.relative_to(ROOT)), number, text)


def of_definition(path: Path) -> Iterator[Seen]:
    """Return titles, help and questions of a file of definitions."""
    yield from _of_node(yaml.compose(path.read_text(), Loader=yaml.SafeLoader), str(path.relative_to(ROOT)))


def of_code(path: Path) -> Iterator[Seen]:
    """Return the strings of a module that hold words, without its docstrings."""
    tree = ast.parse(path.read_text())
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    joined = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if id(node) in silent or id(node) in joined:
            continue
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(one.value) if isinstance(one, ast.Constant) else "…" for one in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if _WORDS.search(text):
            yield Seen(str(path.relative_to(ROOT)), node.lineno, _one_line(text))


def _of_node(node: yaml.Node | None, name: str) -> Iterator[Seen]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(value, yaml.ScalarNode):
                if key.value in _YAML_TEXTS:
                    yield Seen(name, value.start_mark.line + 1, _one_line(value.value))
            else:
                yield from _of_node(value, name)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _of_node(value, name)


def _blank(found: re.Match[str], mark: str = " ") -> str:
    """Return what is as long and has the same lines, so that places stay what they are."""
    return mark + re.sub(r"[^\n]", " ", found[0][1:])


def _line(source: str, at: int) -> int:
    return source.count("\n", 0, at) + 1


def _one_line(text: str) -> str:
    return re.sub(r" (?=[:.,;?!)](?:\s|$))", "", " ".join(text.split()))


_PERMISSIONS = (
    r"(you|nobody|no one|everyone) may( not)?|complainant may apply",
    r"only (counsellors|the people named[^.]*) may read",
    r"(adult|child) may( not)? (leave|be held|be kept)|(they|person) may (agree|see|withdraw|stop|no longer)",
    r"(who|what|else|whoever|everyone who|anything that) may( not| no longer)?",
    r"(what|who|when|until when|how long) may (it be published|we|they|the (person|unit|letter)|your unit)\b",
    r"(what|nothing|it|agreed) may( not)? be (shared|sent|used|published)|nothing in it may be shared",
    r"may (leave( the network)?|see (it|this case)|reach the press|not be (held|kept)|we write|the letter leave)",
    r"(may|and may) (stop|agree|be heard|see|ask|do)\b",
    r"May Day|the program may do|may see a case|(?<=[Nn]o )other unit may|(?<=[Oo]thers )may not",
)
"""The sentences in which somebody is allowed something, or not."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is not written, what is written instead, and where the words are right all the same."""

    pattern: str
    instead: str
    but: str = ""
    not_in: tuple[str, ...] = ()

    def breaks(self, seen: Seen) -> Iterator[str]:
        """Name what breaks this rule in a text."""
        if seen.file.startswith(self.not_in):
            return
        text = re.sub(self.but, "", seen.text, flags=re.IGNORECASE) if self.but else seen.text
        if found := re.search(self.pattern, text, flags=re.IGNORECASE):
            yield f"{seen.file}:{seen.line}: “{found[0]}”: {self.instead} In: {seen.text[:160]}"


_ON_PAPER = ("templates/documents/",)
_SEALS_OF_WAX = (
    "pillars/policing/", "pillars/prosecution/", "templates/documents/custody-chain", "templates/documents/bsa63",
)  # fmt: skip
_TO_OTHERS = (
    "pillars/", "templates/documents/", "templates/portal/_figures.html", "templates/portal/numbers.html",
    "engine/numbers/", "engine/imports/", "engine/language/lint/other_files.py", "engine/plugin/testing.py",
)  # fmt: skip
"""Where survivors are counted, or spoken of to the police, courts, the press and donors."""
_OF_THE_LAW = (
    "pillars/rescue/values.py", "pillars/restitution/forms.py", "templates/documents/", "templates/portal/person.html",
    "workflows/cases/", "engine/builtin.py", "engine/cli/simulating.py", "engine/definitions/pages/rule_form.py",
    "engine/core/persons.py", "engine/numbers/views/", "engine/overview/views/copies.py",
)  # fmt: skip
"""Where a role in a case, or what the law calls somebody, is meant."""
RULES = (
    Rule(r"\bmay\b", "“may” is permission: write “can”, “could” or “might”.", but="|".join(_PERMISSIONS)),
    Rule(r"\b(some|any|every)body\b", "write “someone”, “anyone”, “everyone”."),
    Rule(r"\bsurvivors?\b", "who works on a case reads “the person”.", not_in=_TO_OTHERS),
    Rule(r"\bvictims?\b", "“victim” is a role and a word of the law: write “the person”.", not_in=_OF_THE_LAW),
    Rule(r"\bglass\b", "write “emergency access”."),
    Rule(r"\bstubs?\b", "write “the merged case”."),
    Rule(r"\b(un)?seal(ed|s|ing)?\b", "write “encrypted” (data) or “restricted” (a case).", not_in=_SEALS_OF_WAX),
    Rule(r"\bgates?\b", "write “on hold: something is needed first”.", but=r"\{gate\}"),
    Rule(r"\bbesides?\b", "write “together with”, “alongside” or “apart from”."),
    Rule(r"\b(is|are|was|were|be|been|being|not|who|one) told\b|\b(tells?|told) of\b",
         "a message “notifies”, a colleague is “informed”, a concern is “reported”.", but=r"who told (us|you)"),
    Rule(r"\b(take|takes|taken|took|taking) (it |this |that )?back\b", "a consent or a request is “withdrawn”."),
    Rule(r"\bst(and|ands|ood) still\b|\blet (it|this) go on\b", "a deadline is “paused” and “resumed”."),
    Rule(r"\b(call|calls|called|calling) ((it|this|the step|the handover) )?off\b", "a step is “cancelled”."),
    Rule(r"\bcalled back\b|\bcall (it|this) back\b", "what was shared is “recalled”."),
    Rule(r"\b(write|writes|wrote|written) (it |this |them )?down\b", "write “record” (on paper: “write down”).",
         but=r"print them or write them down|may we write this down", not_in=_ON_PAPER),
    Rule(r"\bwaits\b", "write “is waiting”."),
    Rule(r"\bwhom\b", "write “who”.", but=r"(to|from|by) whom"),
    Rule(r"\b(on|until|by|from|since|for) which day\b|\bin which language\b", "write “what date”, “what language”."),
    Rule(r"\bnoted\b", "write “recorded”."),
    Rule(r"\banew\b", "write “again”."),
    Rule(r"\b(people|persons?|someone|anyone|no one|nobody) of (the|this|that) case\b", "a person is “in the case”."),
    Rule(r"\bcounts? (once|no more)\b|\bdoes not count any ?more\b", "a link or a key “works once”, “is valid”."),
    Rule(r"\b(has|have|had) run out\b|\bran out\b", "a consent or a licence “expires”."),
    Rule(r"\blies in the (past|future)\b", "it “is in the past”, “in the future”."),
    Rule(r"\b(take|takes|took|taken) (it|this|that) (on|up)\b", "work is “accepted”."),
    Rule(r"\bacts? no longer\b", "an account is “deactivated”."),
    Rule(r"\bblocked by|\banother body\b", "write “waiting on another agency”, “another agency”."),
    Rule(r"\bwhose delay\b", "write “who is responsible for the delay”."),
    Rule(r"\bwants it (lifted|opened)\b|\bhold(s)? (it|this) back\b|\bheld back\b", "a case is “on hold”."),
)  # fmt: skip


_PILLARS = (
    "core|partnership|policing|press|prevention|prosecution|protection|rehabilitation|reintegration|repatriation"
    "|reporting|rescue|restitution"
)
_CODES = (
    r"\b[A-Za-z0-9]+(?:_[A-Za-z0-9]+)+\b",  # no_order_yet, BNS64_71
    rf"\b(?:{_PILLARS})\.[a-z_]+",  # policing.fir
    r"\b(?:IN|BD|NP|MM|INT)-[A-Z0-9][A-Z0-9-]+\b",  # IN-AS, IN-JJ-PROD-24H
    r"\bP(?=T?\d)(?:\d+(?:[YMWD]|WD))*(?:T(?:\d+[HMS])+)?\b",  # P7D, PT1H30M
    r"\b\d{4}-\d\d-\d\dT\d\d:\d\d",  # an instant as it is stored
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b",  # an id
    r"^(?:True|False|None)$|[\[{][\"']",  # a value as Python writes it
)
_CODE = re.compile("|".join(f"(?:{one})" for one in _CODES))
_UNSEEN_CODES = re.compile(r"<(style|script|title)\b.*?</\1>", re.DOTALL)
_TAG_CODES = re.compile(r"<[^>]*>")


def codes_in(text: str) -> set[str]:
    """Find the codes in a text, or in what a page of HTML shows."""
    return {found[0] for line in _shown(text) for found in _CODE.finditer(line)}


def _shown(text: str) -> list[str]:
    parts = _TAG_CODES.sub("\n", _UNSEEN_CODES.sub("", text)).replace("&#39;", "'").replace("&#34;", '"').split("\n")
    return [part.strip() for part in parts if part.strip()]
