"""The first look at a file's bytes, before anything is parsed, and what a parser's complaint means."""

import re
import unicodedata
from collections.abc import Iterator

from yaml.error import Mark, MarkedYAMLError

from engine.language.findings import Finding

_MEANINGS = (
    ("mapping values are not allowed", "a colon does not fit here: put the text in quotes, or check the indentation"),
    ("could not find expected ':'", "this line needs a colon after its key, or quotes around its text"),
    ("expected ',' or '}'", "a comma or the closing } is missing"),
    ("expected ',' or ']'", "a comma or the closing ] is missing"),
    ("did not find expected node content", "a value is missing here, or needs quotes around it"),
    ("did not find expected", "this line is not indented like the lines it belongs to"),
    ("found unexpected end of stream", "a quote that was opened is never closed"),
    ("found unexpected document indicator", "a quote that was opened is never closed"),
    ("block sequence entries are not allowed", "a dash does not fit here: begin a list on a line of its own"),
    ("that cannot start any token", "this character cannot begin a value: put the text in quotes"),
    ("unknown escape character", "this escape does not exist: use single quotes to write a \\ as it is"),
    ("undefined alias", "an alias (*) stands here: write the value out"),
    ("duplicate anchor", "an anchor (&) stands here: write values out where they are used"),
    ("undefined tag handle", "a tag (!) stands here: take it out"),
)


def syntax_problem(error: MarkedYAMLError, text: str) -> tuple[int, int, str]:
    """Return line and column (from 1) of a parser's complaint, and a sentence that says what it means.

    A parser notices late: what a line lacks is told of that line, not of the one after it.
    """
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    said = f"{error.problem or ''} {error.context or ''}"
    lines = text.splitlines()
    found = _list_of_names(error.context_mark, lines) if "expected '-'" in said else _line_before(said, lines, line)
    if found is not None:
        return found
    if "expected ',' or" in said and error.context_mark and error.context_mark.line + 1 < line:
        line, column = error.context_mark.line + 1, error.context_mark.column + 1
    for complaint, meaning in _MEANINGS:
        if complaint in said:
            return line, column, f"The YAML cannot be read: {meaning}."
    words = " ".join((error.problem or "it breaks off here").split())[:120]
    return line, column, f"The YAML cannot be read: {words}."


_NAMED = re.compile(r"(steps|choices|facts|gates|cancels|starts|parts|conditions|parameters):\s*")


def _list_of_names(mark: Mark | None, lines: list[str]) -> tuple[int, int, str] | None:
    """Return what is wrong with a list that begins where each entry has a name, as steps have."""
    if mark is None or mark.line < 1 or not _NAMED.fullmatch(lines[mark.line - 1]):
        return None
    name = re.match(r"[\s-]*([\w-]*)", lines[mark.line])
    problem = f'each has its name here: take the hyphen out before it, like "{(name and name[1]) or "name"}:"'
    return mark.line + 1, mark.column + 1, f"The YAML cannot be read: {problem}."


def _line_before(said: str, lines: list[str], line: int) -> tuple[int, int, str] | None:
    """Return what the line before lacks: its colon, a space after it, or spaces in front of it."""
    number = next((number for number in range(min(line, len(lines) + 1) - 1, 0, -1) if lines[number - 1].strip()), 0)
    if not number or not any(one in said for one in ("mapping values are not allowed", "could not find expected ':'")):
        return None
    before, here = lines[number - 1], lines[line - 1] if line <= len(lines) else ""
    indent, words = len(before) - len(before.lstrip()), before.strip()
    where = number, indent + 1
    if re.fullmatch(r"[\w-]+", words):
        return (*where, f'The YAML cannot be read: this line needs a colon after its key: "{words}:".')
    if found := re.fullmatch(r"([\w-]+):(\S.*)", words):
        return (*where, f'The YAML cannot be read: a space is missing after the colon: "{found[1]}: {found[2][:40]}".')
    if re.match(r"[\w-]+: \S", words) and len(here) - len(here.lstrip()) > indent:
        problem = (
            "this line is not as far to the right as the next one: indent both alike, a step's keys by four spaces"
        )
        return (*where, f"The YAML cannot be read: {problem}.")
    return None


LARGEST_BYTES = 1_000_000
MOST_LINES = 20_000
LONGEST_LINE = 10_000
MOST_FINDINGS = 50

_JOINERS = "\u200c\u200d"  # Bengali, Nepali and other scripts need them inside words
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BYTE_ORDER_MARKS = {
    b"\xef\xbb\xbf": "a byte order mark",
    b"\xff\xfe": "the mark of UTF-16",
    b"\xfe\xff": "the mark of UTF-16",
}


def decode(raw: str | bytes, file: str) -> tuple[str | None, list[Finding]]:
    """Return the text of a file, or None with the findings that say why nobody should parse it."""
    if len(raw) > LARGEST_BYTES:
        problem = f"The file has more than {LARGEST_BYTES:,} bytes, which no definition needs: split it."
        return None, [Finding(file, 1, 1, "too-large", problem)]
    text = raw if isinstance(raw, str) else _utf8(raw, file)
    if isinstance(text, Finding):
        return None, [text]
    findings = _too_long(text, file) or _characters(text, file)
    return (None if findings else text), findings


def name_of(character: str) -> str:
    """Return code point and name of a character, for example `U+0430 CYRILLIC SMALL LETTER A`."""
    fallback = "CONTROL CHARACTER" if unicodedata.category(character) == "Cc" else "UNNAMED CHARACTER"
    return f"U+{ord(character):04X} {unicodedata.name(character, fallback)}"


def foreign_letter(text: str) -> str | None:
    """Name the first character that is not plain ASCII, as keys and ids must be; None when there is none."""
    return next((name_of(character) for character in text if not " " <= character <= "~"), None)


def hidden_character(text: str) -> str | None:
    """Name the first character that cannot be seen, line breaks apart; None when there is none."""
    return next((name_of(character) for character in text if character != "\n" and _is_hidden(character)), None)


def _is_hidden(character: str) -> bool:
    return character not in _JOINERS and unicodedata.category(character) in _HIDDEN


def _utf8(raw: bytes, file: str) -> str | Finding:
    for mark, name in _BYTE_ORDER_MARKS.items():
        if raw.startswith(mark):
            return Finding(file, 1, 1, "not-utf8", f"The file begins with {name}: save it as UTF-8 without a mark.")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        return Finding(file, line, column, "not-utf8", "This byte is not UTF-8: save the file as UTF-8.")


def _too_long(text: str, file: str) -> list[Finding]:
    lines = text.split("\n")
    if len(lines) > MOST_LINES:
        return [
            Finding(file, MOST_LINES + 1, 1, "too-large", f"The file has more than {MOST_LINES:,} lines: split it.")
        ]
    return [
        Finding(file, number, LONGEST_LINE + 1, "too-large", f"This line has more than {LONGEST_LINE:,} characters.")
        for number, line in enumerate(lines, start=1)
        if len(line) > LONGEST_LINE
    ][:1]


def _characters(text: str, file: str) -> list[Finding]:
    if text.isascii() and text.isprintable():
        return []
    findings: list[Finding] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.isascii() or not line.isprintable():
            findings += _in_line(line.removesuffix("\r"), number, file)
        if len(findings) >= MOST_FINDINGS:
            break
    return findings[:MOST_FINDINGS]


def _in_line(line: str, number: int, file: str) -> Iterator[Finding]:
    for column, character in enumerate(line, start=1):
        if character == "\t":
            yield Finding(file, number, column, "tab", "A tab stands here: indent and align with spaces.")
            return
        if _is_hidden(character):
            problem = f"{name_of(character)} cannot be seen here: take it out."
            yield Finding(file, number, column, "hidden-character", problem)
