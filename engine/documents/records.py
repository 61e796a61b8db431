"""Files of cases, and data keys."""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from engine.errors import IcmcError


class FileSums(NamedTuple):
    """How many files a case has, and how many bytes it and its unit hold, copies included."""

    files: int
    in_case: int
    in_unit: int


class KeyCounts(NamedTuple):
    """How many data keys there are: by whose they are, and by the key of the key file that wraps them itself."""

    organisations: int
    cases: int
    persons: int
    others: int
    by_file: Mapping[str, int]


class Rewrapped(NamedTuple):
    """How many keys were wrapped anew, and after which owner to go on; None when the last was reached."""

    done: int
    last: UUID | None


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
