"""Share one server between processes by file locks, which the system releases however a process ends."""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Final

from engine.errors import ServiceError

LONGEST_SECONDS: Final = 900.0
_LOOK_SECONDS: Final = 0.05


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Hold the only lock on `path`; wait for whoever holds it, for a quarter of an hour at most.

    Raises ServiceError after that.
    """
    with _open(path) as file:
        _wait_for(file, path)
        yield


def _wait_for(file: FileIO, path: Path) -> None:
    ends_at = time.monotonic() + LONGEST_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= ends_at:
                raise ServiceError(
                    service="PostgreSQL",
                    problem=f"another process has been starting or stopping it for {LONGEST_SECONDS / 60:.0f} minutes.",
                    remedy=f"End that process of ICMC, and try again. It holds {path}.",
                ) from error
            threading.Event().wait(_LOOK_SECONDS)
        else:
            return


@dataclass(frozen=True)
class Share:
    """One user's share of a thing that several processes use."""

    file: FileIO = field(repr=False)

    @classmethod
    def take(cls, path: Path) -> "Share":
        """Become one of the users. The caller holds the lock that `leave` needs too."""
        file = _open(path)
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # nobody else asks for it without the caller's lock
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
