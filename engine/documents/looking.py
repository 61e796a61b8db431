"""Looks at files before they are kept, in a child process with little memory and time, and no secret."""

import json
import os
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, NamedTuple

from engine.core.files import PART, Scan
from engine.documents.records import FileRefusedError
from engine.errors import BusyError

MOST_MEMORY: Final = 640 << 20
"""Bytes of address space: two paintings of fifty million pixels, and the libraries."""
MOST_CPU_SECONDS: Final = 30
MOST_SECONDS: Final = 60.0
_LONGEST_ENDING: Final = 10
_TOO_MUCH: Final = "This file asks for more memory or time than opening a file can take, so it was not taken."
_ONE: Final = threading.Lock()


class Looked(NamedTuple):
    """What a file is, and the copy of it without metadata, in parts; None where none can be made."""

    media_type: str
    copy: Iterator[bytes] | None


def opened_apart(content: BinaryIO, name: str) -> Looked:
    """Say what a file is, and make the copy of it that is shared, which is to be read to its end or closed.

    Raise `FileRefusedError` for what is not taken, and `BusyError` while other files are being opened for long.
    """
    if not _ONE.acquire(timeout=MOST_SECONDS):
        raise BusyError(waited_for="the files that others are sending")
    child = None
    try:
        child = _Child(name)
        child.feed(content)
        return child.looked()
    except BaseException:
        _end(child)
        raise


class _Child:
    """The process in which one file is opened, until all that it says is read or it has taken too long."""

    def __init__(self, name: str) -> None:
        ending = name.rpartition(".")[2].lower()[:_LONGEST_ENDING] if "." in name else ""
        limits = (str(MOST_MEMORY), str(MOST_CPU_SECONDS))
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", "-m", "engine.documents.types", ending, *limits],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )  # fmt: skip
        self._ending = threading.Timer(MOST_SECONDS, self._process.kill)
        self._ending.start()

    def feed(self, content: BinaryIO) -> None:
        """Give it the file; it may have ended before it has taken all."""
        given = self._process.stdin
        content.seek(0)
        try:
            while given is not None and (part := content.read(PART)):
                given.write(part)
            if given is not None:
                given.close()
        except BrokenPipeError:
            pass

    def looked(self) -> Looked:
        """Return what it says; one that ends without a word was stopped by its limits."""
        said = self._line()
        if "type" not in said:
            raise FileRefusedError(why=said.get("refused", _TOO_MUCH))
        size = self._line().get("size")
        if size is None:
            _end(self)
            return Looked(said["type"], None)
        parts = self._parts(size)
        next(parts)  # begun, so that its end comes even if nobody reads on
        return Looked(said["type"], parts)

    def _line(self) -> dict[str, Any]:
        told = self._process.stdout.readline() if self._process.stdout else b""
        return dict(json.loads(told)) if told.endswith(b"\n") else {}

    def _parts(self, size: int) -> Iterator[bytes]:
        try:
            yield b""
            while size:
                part = self._process.stdout.read(min(PART, size)) if self._process.stdout else b""
                if not part:
                    raise FileRefusedError(why=_TOO_MUCH)
                size -= len(part)
                yield part
        finally:
            _end(self)

    def end(self) -> None:
        """End it, whatever it does."""
        self._ending.cancel()
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait(MOST_SECONDS)


def _end(child: _Child | None) -> None:
    """End the child, and let the next file be opened."""
    try:
        if child is not None:
            child.end()
    finally:
        _ONE.release()


_LONGEST: Final = 120
"""Seconds."""


class LocalFiles:
    """Looks at files on this machine; `scanner` is a command that reads a file from its standard input.

    It ends with 0 for a clean file and with 1 for an infected one, as `clamdscan --no-summary -` does. Anything else,
    and no command, leaves the file "not scanned".
    """

    def __init__(self, scanner: str = "") -> None:
        """Keep the command; it is run without a shell."""
        self._scanner = shlex.split(scanner)

    def opened(self, content: BinaryIO, name: str) -> Looked:
        """Say what a file is and make the copy that is shared, in a process apart; raises `FileRefusedError`."""
        return opened_apart(content, name)

    def scan(self, content: BinaryIO) -> Scan:
        """Ask the scanner."""
        if not self._scanner:
            return Scan.NOT_SCANNED
        content.seek(0)
        try:
            return self._asked(content)
        except (OSError, subprocess.SubprocessError):
            return Scan.NOT_SCANNED

    def _asked(self, content: BinaryIO) -> Scan:
        nothing = subprocess.DEVNULL
        with subprocess.Popen(self._scanner, stdin=subprocess.PIPE, stdout=nothing, stderr=nothing) as process:  # noqa: S603
            ending = threading.Timer(_LONGEST, process.kill)  # a scanner may also stop to read: then feeding it waits
            ending.start()
            try:
                _feed(process, content)
                status = process.wait(_LONGEST)
            finally:
                ending.cancel()
                process.kill()
        return {0: Scan.CLEAN, 1: Scan.INFECTED}.get(status, Scan.NOT_SCANNED)


def _feed(process: "subprocess.Popen[bytes]", content: BinaryIO) -> None:
    """Write a file to a process, which may have heard enough before the end."""
    if process.stdin is None:
        return
    try:
        while part := content.read(PART):
            process.stdin.write(part)
        process.stdin.close()
    except BrokenPipeError:
        pass
