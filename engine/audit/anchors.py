"""The second place of checkpoints: files to which lines are only added, one a day, on another disk or host."""

import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from engine.core.checkpoints import Written, read_line, to_line
from engine.errors import SettingsError


class OutsideLine(NamedTuple):
    """A line of a file, and what it says; nothing when it cannot be read."""

    place: str
    written: Written | None


class AnchorFiles:
    """A folder of files that are named by the day (UTC) on which their lines were written."""

    def __init__(self, folder: Path) -> None:
        """Keep the files in `folder`, which is made when it is first needed."""
        self.folder = folder

    def last(self) -> Written | None:
        """Return the last checkpoint that can be read here."""
        for path in sorted(self.folder.glob("*.jsonl"), reverse=True):
            for line in reversed(_lines(path)):
                written = read_line(line)
                if written is not None:
                    return written
        return None

    def append(self, written: Sequence[Written], *, day: datetime) -> None:
        """Add lines to the file of a day and wait until they are on the disk; raises `SettingsError`."""
        path = self.folder / f"{day:%Y-%m-%d}.jsonl"
        text = "".join(to_line(one) + "\n" for one in written)
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(descriptor, (_torn(descriptor) + text).encode())
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            _keep_folder(self.folder)
        except OSError as error:
            raise SettingsError(
                problem=f"The checkpoint cannot be written to {self.folder} ({error.strerror}).",
                remedy="Give ICMC_CHECKPOINTS a folder that can be written to.",
            ) from error

    def lines(self) -> Iterator[OutsideLine]:
        """Return every line of every file in order; raises `SettingsError` for a folder that is not there."""
        if not self.folder.is_dir():
            raise SettingsError(problem=f"There is no folder {self.folder}.", remedy="Name the folder of checkpoints.")
        for path in sorted(self.folder.glob("*.jsonl")):
            with path.open(encoding="utf-8", errors="replace") as file:
                for number, line in enumerate(file, start=1):
                    if line.strip():
                        yield OutsideLine(f"{path.name}, line {number}", read_line(line))


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines()


def _torn(descriptor: int) -> str:
    """Return a line's end for a file whose last line was torn off."""
    size = os.lseek(descriptor, 0, os.SEEK_END)
    return "\n" if size and os.pread(descriptor, 1, size - 1) != b"\n" else ""


def _keep_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
