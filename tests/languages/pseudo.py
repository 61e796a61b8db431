"""A language that nobody speaks: each message of ours in strange letters, so that what is not translated stands out."""

import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser

from engine.web.languages import PageLanguage
from engine.web.translation import _INSIDE_A_SENTENCE
from tests.languages.catalogues import messages

CODE = "qps"
_LETTERS = str.maketrans("aeiouncsgAEIOUNCSG", "áéíóúñçşğÁÉÍÓÚÑÇŞĞ")
_MARK = re.compile(r"(\{\w+\}|</?\d+>|&\w+;)")
_READ_OUT = frozenset({"alt", "aria-label", "placeholder", "title"})
_WORD = re.compile(r"[A-Za-z]{3,}")


def strange(message: str) -> str:
    """Return a message in the language; its marks stay, and it gets longer as other languages do."""
    parts = _MARK.split(message)
    said = "".join(part if _MARK.fullmatch(part) else part.translate(_LETTERS) for part in parts)
    start, end = len(said) - len(said.lstrip()), len(said.rstrip())
    return f"{said[:start]}⟦{said[start:end]}⟧{said[end:]}"


def pseudo_language() -> PageLanguage:
    """Return the language with every message of ours."""
    return PageLanguage(CODE, "Pséúdó", is_proofread=False, words={words: strange(words) for words in messages()})


class _Texts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.end_message(tag)
        self.silent += tag in {"script", "style", "textarea", "code"}
        self.found += [words for name, words in attrs if name in _READ_OUT and words]

    def handle_endtag(self, tag: str) -> None:
        self.end_message(tag)
        self.silent -= tag in {"script", "style", "textarea", "code"}

    def end_message(self, tag: str) -> None:
        if tag not in _INSIDE_A_SENTENCE:
            self.found.append("")

    def handle_data(self, data: str) -> None:
        if not self.silent and data.strip():
            self.found.append(" ".join(data.split()))


def untranslated(page: str, *, but: Iterable[str] = ()) -> Iterator[str]:
    """Return the texts of a page in which something stands outside every message, `but` for names and the like."""
    reader = _Texts()
    reader.feed(page)
    depth = 0
    for text in reader.found:
        outside, depth = "", depth if text else 0
        for sign in text:
            depth += (sign == "⟦") - (sign == "⟧")
            outside += sign if not depth else ""
        for name in sorted(but, key=len, reverse=True):
            outside = outside.replace(name, "")
        if _WORD.search(outside.replace("⟧", "")):
            yield text
