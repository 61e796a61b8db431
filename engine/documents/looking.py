"""Looks at files before they are kept: what they are, whether a scanner objects, and what may be shared of them."""

import shlex
import subprocess
import threading
from typing import BinaryIO, Final

from engine.core.files import PART, Scan
from engine.documents.apart import opened_apart
from engine.ports import Looked

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
