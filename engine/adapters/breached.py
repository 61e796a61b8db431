"""Passwords that are tried first: a sorted file of hashes, searched without the network.

`common_passwords.bin` beside this module holds the first six bytes of the SHA-256 of each password of two public lists,
in small letters and in order: the 30,000 most common passwords and the words of the package `zxcvbn` (MIT licence), and
the 20,000 that came with the framework Django (BSD licence). Entries that no password could be, since they are too
short, are left out. `packed` makes such a file of any other list.
"""

import hashlib
import mmap
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Final, overload

from engine.domain.passwords import normalised
from engine.errors import SettingsError

WIDTH: Final = 6
SHIPPED: Final = Path(__file__).with_name("common_passwords.bin")


class CommonPasswords:
    """Says whether a password is in a file that `packed` made."""

    def __init__(self, file: Path = SHIPPED) -> None:
        """Open a file; raises `SettingsError` when it is not one."""
        size = file.stat().st_size if file.is_file() else 0
        if size == 0 or size % WIDTH:
            raise SettingsError(problem=f"{file.name} is no list of passwords.", remedy="Install ICMC again.")
        with file.open("rb") as opened:
            self._known = _Hashes(mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ))

    def __contains__(self, password: object) -> bool:
        """Say whether a password is common."""
        return isinstance(password, str) and self.has(password)

    def has(self, password: str) -> bool:
        """Say whether a password is common, whatever the size of its letters."""
        wanted = _hashed(password)
        place = bisect_left(self._known, wanted)
        return place < len(self._known) and self._known[place] == wanted


def packed(passwords: Iterable[str]) -> bytes:
    """Give the content of a file for a list of passwords."""
    return b"".join(sorted({_hashed(password) for password in passwords}))


@cache
def shipped() -> CommonPasswords:
    """Open the list that comes with this release, once."""
    return CommonPasswords()


class _Hashes(Sequence[bytes]):
    """The hashes of a file, by their place."""

    def __init__(self, content: mmap.mmap) -> None:
        self._content = content

    def __len__(self) -> int:
        return len(self._content) // WIDTH

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | Sequence[bytes]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        return self._content[index * WIDTH : (index + 1) * WIDTH]


def _hashed(password: str) -> bytes:
    return hashlib.sha256(normalised(password).casefold().encode()).digest()[:WIDTH]
