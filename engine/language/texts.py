"""The text of a kind of message in a language, or the words of a paper, which take the place of the release's."""

import json
from collections.abc import Mapping
from textwrap import indent
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from engine.language.names import in_running_words

LONGEST: Final = 2000
"""How many characters a text has at most: it is sent by SMS too."""


class MessageText(BaseModel):
    """What people are sent of one kind, such as `due_soon`, in one language; without a text it is that of the release.

    `proofread` says that somebody whose own language it is has looked at it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    message: str = Field(pattern=r"^[a-z][a-z_]{0,59}\.[a-z]{2,3}$")
    version: int = Field(default=1, ge=1)
    text: str = Field(default="", max_length=LONGEST)
    proofread: bool = False

    @property
    def name(self) -> str:
        """Kind and language, as in `due_soon.hi`."""
        return self.message

    @property
    def kind(self) -> str:
        """What it tells of."""
        return self.message.partition(".")[0]

    @property
    def language(self) -> str:
        """The code of its language."""
        return self.message.partition(".")[2]

    @property
    def title(self) -> str:
        """What people call it."""
        return f"{in_running_words(self.kind).capitalize()} ({self.language})"

    def as_source(self) -> str:
        """Return it as a definition file, with the text as people read it."""
        lines = [f"message: {self.message}", f"version: {self.version}"]
        lines += ["proofread: true"] if self.proofread else []
        return "\n".join([*lines, *(["text: |", indent(self.text.rstrip(), "  ")] if self.text else [])]) + "\n"


class ReplacedWords(BaseModel):
    """Words of the release, and the text that is printed in their place: nothing where it is empty."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    release: str = Field(min_length=1, max_length=LONGEST)
    text: str = Field(default="", max_length=LONGEST)


class PaperText(BaseModel):
    """The words that a paper, such as `safety-plan`, has in place of those of the release; the others stay as they are.

    A value is named in braces: `on {review_on}`. An empty line, or a new one, begins another paragraph.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    document: str = Field(pattern=r"^[a-z][a-z0-9-]{0,59}$")
    version: int = Field(default=1, ge=1)
    texts: tuple[ReplacedWords, ...] = Field(default=(), max_length=300)

    @property
    def name(self) -> str:
        """The name of the paper."""
        return self.document

    @property
    def title(self) -> str:
        """What people call it."""
        return in_running_words(self.document).capitalize()

    def as_source(self) -> str:
        """Return it as a definition file, with its words as people read them."""
        lines = [f"document: {self.document}", f"version: {self.version}", *(["texts:"] if self.texts else [])]
        for one in self.texts:
            text = f"|-\n{indent(one.text, '      ')}" if one.text else '""'
            lines += [f"  - release: {json.dumps(one.release, ensure_ascii=False)}", f"    text: {text}"]
        return "\n".join(lines) + "\n"


def replaced(flattened: Mapping[str, Any]) -> dict[str, str]:
    """Return what a stored definition of a paper puts in place of the words of the release."""
    return {one["release"]: one.get("text", "") for one in flattened.get("texts", ())}
