"""Share one server between processes by file locks, which the system releases however a process ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Hold the only lock on `path`; wait for whoever holds it."""
    with _open(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@dataclass(frozen=True)
class Share:
    """One user's share of a thing that several processes use."""

    file: FileIO = field(repr=False)

    @classmethod
    def take(cls, path: Path) -> "Share":
        """Become one of the users. The caller holds the lock that `leave` needs too."""
        file = _open(path)
        fcntl.flock(file, fcntl.LOCK_SH)
        return cls(file)

    def leave(self) -> bool:
        """Stop being a user; say whether this was the last one. Leaving twice is leaving once.

        Between processes this is a decision only while the caller holds the lock under which others take their share.
        """
        if self.file.closed:
            return False
        with self.file:
            try:
                fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True


def _open(path: Path) -> FileIO:
    return FileIO(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600), "r+")
