"""Files and papers of cases, and why one is refused."""

from enum import StrEnum
from typing import NamedTuple

from engine.errors import IcmcError


class PaperPart(StrEnum):
    """What words are on a paper: a whole paragraph or item of a list, a piece of one, or what names something."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    ITEM = "item"
    PIECE = "piece"
    LABEL = "label"
    SIGNATURE = "signature"


class PaperWords(NamedTuple):
    """Words of a paper as the release has them, with `{name}` where a value stands, and the values they may name."""

    release: str
    part: PaperPart
    names: tuple[str, ...]
    may_name: tuple[str, ...]


class FileSums(NamedTuple):
    """How many files a case has, and how many bytes it and its unit hold, copies included."""

    files: int
    in_case: int
    in_unit: int


class PrintingError(IcmcError):
    """Raised when a paper cannot be made into a PDF on this machine; the page itself can still be printed."""

    code = "printing"
    sentence = "{problem} {remedy}"


class ReplacedError(IcmcError):
    """Raised when somebody would release a paper of which there is a newer version."""

    code = "replaced"
    sentence = "There is a newer version of this document: release that one."


class FileRefusedError(IcmcError):
    """Raised when a file is not taken; says why, and nothing of its content."""

    code = "file-refused"
    sentence = "{why}"


class FileHeldBackError(IcmcError):
    """Raised when a file is kept and not given out; says why."""

    code = "file-held-back"
    sentence = "This file cannot be opened. {why}"
