"""Files of cases, and data keys."""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID


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
