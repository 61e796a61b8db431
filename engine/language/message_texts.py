"""The text of one kind of message in one language, which takes the place of that of the release."""

from textwrap import indent
from typing import Final

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
