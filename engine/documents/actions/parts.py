"""A file that is kept in parts, read like any other: only one part of it is open at a time."""

import io
from collections.abc import Callable
from typing import Any


class PartedFile(io.RawIOBase):
    """Reads a file of `size` bytes; `part` opens a part by its number, all of `length` bytes but the last."""

    def __init__(self, part: Callable[[int], bytes], *, size: int, length: int) -> None:
        """Begin at the start, with nothing open."""
        super().__init__()
        self._part, self._size, self._length = part, size, length
        self._at = 0
        self._number, self._open = -1, b""

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that any place in it can be gone to."""
        return True

    def notify(self) -> int:
        """Return the place that is read next, in bytes from the start."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place; raises ValueError for one before the start."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("a place before the start")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - whatever bytes can be written to
        """Read some bytes, at most to the end of a part; returns how many."""
        view = memoryview(buffer).cast("B")
        if self._at >= self._size or not len(view):
            return 0
        number, inside = divmod(self._at, self._length)
        if number != self._number:
            self._open, self._number = self._part(number), number
        some = self._open[inside : inside + len(view)]
        view[: len(some)] = some
        self._at += len(some)
        return len(some)
