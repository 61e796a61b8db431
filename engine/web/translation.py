"""Put the text of a template into another language while it is compiled: nothing in a template has to be marked.

A message is a stretch of text between tags that begin something new, with the values that stand in it by their names
and the tags inside a sentence by numbers: `Case <1>{case_number}</1>, {person_label}`. What a catalogue lacks stays
English.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from jinja2 import Environment
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

Translate = Callable[[str], str | None]
"""Return the words for a message; None where there are none."""

_INSIDE_A_SENTENCE: Final = frozenset({"a", "strong", "em", "b", "i", "span", "time", "code", "abbr"})
_NOT_WORDS: Final = frozenset({"script", "style", "textarea", "pre", "code", "svg"})
_TAG_NAME: Final = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)")
_ATTRIBUTE: Final = re.compile(r'((?:aria-label|alt|title|placeholder)=")([^"{}]*[A-Za-z]{2}[^"{}]*)(")')
_LIKE_WORDS: Final = re.compile(r"[A-Z].*[a-z]|[A-Za-z0-9,;:] |^ [a-z(]|^[;,:.] ")
_LIKE_CODE: Final = re.compile(r"icmc-|govuk-|^/|[{}=<>_#]|^ ?[a-z-]+$|^%|^open$|^checked$")
_MARK: Final = re.compile(r"(\{\w+\}|</?\d+>)")
_WORD: Final = re.compile(r" ?[a-z]{2,}")
_NOTHING: Final = Token(0, "", "")
_COMPARED: Final = frozenset({"eq", "ne"})
_LOOKED_UP: Final = _COMPARED | {"colon"}
_ENDS_A_NAME: Final = frozenset({"pipe", "lparen", "string"})
_JOINS: Final = frozenset({"if", "else", "or", "and"})
_SPACE: Final = re.compile(r"\s+")


@dataclass(slots=True)
class _Part:
    """Something of a template: `kind` is one of text, value, tag, block; `tokens` is all that it is made of."""

    kind: str
    tokens: list[Token]
    name: str = ""

    @property
    def source(self) -> str:
        return "".join(token.value for token in self.tokens if token.type == "data")

    @property
    def is_end(self) -> bool:
        return self.source.startswith("</")


class Translation(Extension):
    """Compile templates in the language of `Environment.translate`."""

    def filter_stream(self, stream: TokenStream) -> Iterable[Token]:
        """Return the tokens of a template with its words in the other language."""
        return _translated(stream, self.environment.translate)  # type: ignore[attr-defined]


def messages_of(source: str, environment: Environment) -> list[str]:
    """Return every message of a template, in the order in which they stand there."""
    found: list[str] = []
    stream = environment._tokenize(source, None)  # noqa: SLF001 - the way by which extensions get their tokens
    for _ in _translated(stream, found.append):
        pass
    return list(dict.fromkeys(found))


def fits(message: str, words: str) -> bool:
    """Whether a translation has the same names and numbers as its message, and brings no tags of its own."""
    told, said = _MARK.split(message), _MARK.split(words)
    return sorted(told[1::2]) == sorted(said[1::2]) and not re.search("[<>]", "".join(said[::2]))


def _translated(stream: Iterable[Token], translate: Translate) -> Iterator[Token]:
    run: list[_Part] = []
    silent = ""
    for part in _parts(stream):
        _say_strings(part, translate)
        if silent:
            silent = "" if part.kind == "tag" and part.is_end and part.name == silent else silent
            yield from part.tokens
            continue
        if part.kind in {"text", "value"} or (part.kind == "tag" and part.name in _INSIDE_A_SENTENCE - _NOT_WORDS):
            run.append(part)
            continue
        yield from _say(run, translate)
        run = []
        silent = part.name if part.kind == "tag" and part.name in _NOT_WORDS and not part.is_end else ""
        yield from part.tokens
    yield from _say(run, translate)


def _parts(stream: Iterable[Token]) -> Iterator[_Part]:
    """Cut a template into text, values, tags with all that stands inside them, and blocks."""
    tag: list[Token] = []
    quote = ""
    for kind, tokens in _groups(stream):
        if kind != "data":
            if tag:
                tag += tokens
            else:
                yield _Part(kind, tokens)
            continue
        [token] = tokens
        rest = token.value
        while rest:
            if not tag:
                text, rest = rest[: _at(rest, "<")], rest[_at(rest, "<") :]
                if text:
                    yield _Part("text", [Token(token.lineno, "data", text)])
                if not rest:
                    break
                quote = ""
            end, quote = _end_of_tag(rest, quote)
            tag.append(Token(token.lineno, "data", rest[:end]))
            rest = rest[end:]
            if tag[-1].value.endswith(">") and not quote:
                yield _tag(tag)
                tag = []
    if tag:
        yield _tag(tag)


def _at(text: str, sign: str) -> int:
    found = text.find(sign)
    return len(text) if found < 0 else found


def _end_of_tag(text: str, quote: str) -> tuple[int, str]:
    """Return where a tag ends in a text, at its end if it goes on, and the quotation mark that is open there."""
    for place, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        elif sign == ">":
            return place + 1, ""
    return len(text), quote


def _tag(tokens: list[Token]) -> _Part:
    found = _TAG_NAME.match(tokens[0].value)
    return _Part("tag", tokens, found.group(1).lower() if found else "!")


def _groups(stream: Iterable[Token]) -> Iterator[tuple[str, list[Token]]]:
    """Return data by itself, and each value and block from its first token to its last."""
    kept: list[Token] = []
    for token in stream:
        kept.append(token)
        if token.type == "data":
            yield "data", kept
        elif token.type == "variable_end":
            yield "value", kept
        elif token.type == "block_end":
            yield "block", kept
        else:
            continue
        kept = []


def _say_strings(part: _Part, translate: Translate) -> None:
    """Translate the words in quotation marks of a value or a block, and the attributes that are read out."""
    for place, token in enumerate(part.tokens):
        if token.type == "string" and _is_said(part, place):
            part.tokens[place] = Token(token.lineno, "string", translate(token.value) or token.value)
        elif token.type == "data" and part.kind == "tag":
            said = _ATTRIBUTE.sub(lambda it: it[1] + _quoted(translate(it[2]) or it[2]) + it[3], token.value)
            part.tokens[place] = Token(token.lineno, "data", said)


def _quoted(words: str) -> str:
    return words.replace('"', "&quot;")


def _is_said(part: _Part, place: int) -> bool:
    """Whether a string is shown, and no name: a sentence, what is given to `t`, or a word that a value chooses."""
    text, around = part.tokens[place].value, [*part.tokens, _NOTHING, _NOTHING]
    before, after = around[place - 1], around[place + 1]
    if after.type == "pipe" and around[place + 2].value == "t":
        return True
    if before.type in _COMPARED or after.type in _LOOKED_UP or "in" in {before.value, after.value}:
        return False
    if part.kind == "value" and (before.value == "else" or after.value == "if") and not _depth(part, place):
        return bool(_WORD.fullmatch(text)) or is_words(text)
    return is_words(text)


def _depth(part: _Part, place: int) -> int:
    """Return in how many brackets something stands."""
    kinds = [token.type for token in part.tokens[:place]]
    return kinds.count("lparen") + kinds.count("lbracket") - kinds.count("rparen") - kinds.count("rbracket")


def is_words(text: str) -> bool:
    """Whether a text is said to people, and is no name, address or class."""
    return bool(_LIKE_WORDS.search(text)) and not _LIKE_CODE.search(text) and _has_words(text)


def _say(run: Sequence[_Part], translate: Translate) -> Iterator[Token]:
    """Return the tokens of a stretch of text, each sentence of it in the other language."""
    for parts in _sentences(run):
        before, said, after = _trimmed(parts)
        message, pieces = _message(said) if len(said) > 1 or not said or said[0].kind != "tag" else ("", {})
        words = translate(message) if _has_words(message) else None
        for part in before:
            yield from part.tokens
        if words is None or not fits(message, words):
            for part in said:
                yield from part.tokens
        else:
            line = said[0].tokens[0].lineno
            for piece in _MARK.split(words):
                yield from pieces.get(piece) or [Token(line, "data", piece)]
        for part in after:
            yield from part.tokens


def _sentences(run: Sequence[_Part]) -> Iterator[list[_Part]]:
    """Cut a stretch into what is said by itself: at tags that begin or end outside it, and between links in a row."""
    for parts in _whole(run):
        pieces = list(_in_a_row(parts))
        says = [piece for piece in pieces if not all(map(_says_nothing, piece))]
        yield from pieces if len(says) > 1 and all(piece[0].kind == "tag" for piece in says) else [parts]


def _in_a_row(parts: Sequence[_Part]) -> Iterator[list[_Part]]:
    """Return each element of a stretch with all that stands in it, and each text and value between them."""
    depth = 0
    piece: list[_Part] = []
    for part in parts:
        piece.append(part)
        if part.kind == "tag":
            depth += -1 if part.is_end else 1
        if depth <= 0:
            yield piece
            piece, depth = [], 0
    if piece:
        yield piece


def _whole(run: Sequence[_Part]) -> Iterator[list[_Part]]:
    """Cut a stretch at tags that begin or end outside it: what is left has both ends of each of its tags."""
    open_tags: list[int] = []
    matched: set[int] = set()
    for place, part in enumerate(run):
        if part.kind != "tag":
            continue
        if not part.is_end:
            open_tags.append(place)
        elif open_tags and run[open_tags[-1]].name == part.name:
            matched |= {open_tags.pop(), place}
        else:
            open_tags = []
    whole: list[_Part] = []
    for place, part in enumerate(run):
        if part.kind == "tag" and place not in matched:
            yield from (one for one in (whole, [part]) if one)
            whole = []
        else:
            whole.append(part)
    if whole:
        yield whole


def _trimmed(parts: Sequence[_Part]) -> tuple[list[_Part], list[_Part], list[_Part]]:
    """Part a stretch from the blanks, breaks and tags around it, which are the same in every language."""
    said = [piece for part in parts for piece in _without_blanks(part)]
    before: list[_Part] = []
    after: list[_Part] = []
    while said:
        if _says_nothing(said[0]):
            before.append(said.pop(0))
        elif _says_nothing(said[-1]):
            after.insert(0, said.pop())
        elif _is_wrapped(said):
            before.append(said.pop(0))
            after.insert(0, said.pop())
        else:
            break
    return before, said, after


def _without_blanks(part: _Part) -> list[_Part]:
    """Return the blank beginning of a text, the text, and its blank end."""
    if part.kind != "text":
        return [part]
    [token] = part.tokens
    text = token.value.strip()
    start = token.value.find(text)
    pieces = token.value[:start], text, token.value[start + len(text) :]
    return [_Part("text", [Token(token.lineno, "data", piece)]) for piece in pieces if piece]


def _says_nothing(part: _Part) -> bool:
    return part.kind == "text" and not part.source.strip()


def _is_wrapped(parts: Sequence[_Part]) -> bool:
    """Whether the first tag of a stretch ends with its last one."""
    depth = 0
    for place, part in enumerate(parts):
        if part.kind == "tag":
            depth += -1 if part.is_end else 1
        if depth == 0:
            return parts[0].kind == "tag" and place == len(parts) - 1
    return False


def _message(parts: Sequence[_Part]) -> tuple[str, dict[str, list[Token]]]:
    """Return the message of a stretch, and what stands for each of its marks."""
    text: list[str] = []
    pieces: dict[str, list[Token]] = {}
    open_tags: list[int] = []
    number = 0
    for part in parts:
        if part.kind == "text":
            text.append(_SPACE.sub(" ", part.source))
            continue
        if part.kind == "value":
            mark = _named(part, pieces)
        elif part.is_end:
            mark = f"</{open_tags.pop()}>"
        else:
            number += 1
            open_tags.append(number)
            mark = f"<{number}>"
        pieces[mark] = part.tokens
        text.append(mark)
    return "".join(text), pieces


def _named(part: _Part, taken: Iterable[str]) -> str:
    """Return a mark for a value: the last part of its name, with a number where another one is called so."""
    until = (place for place, token in enumerate(part.tokens) if token.type in _ENDS_A_NAME or token.value in _JOINS)
    names = [token.value for token in part.tokens[: next(until, None)] if token.type == "name"]
    name = names[-1] if names else "words"
    same = sum(mark == f"{{{name}}}" or mark.startswith(f"{{{name}_") for mark in taken)
    return f"{{{name}_{same + 1}}}" if same else f"{{{name}}}"


def _has_words(message: str) -> bool:
    return '="' not in message and bool(re.search(r"[A-Za-z]{2}", _MARK.sub(" ", message).replace("ICMC", "")))
